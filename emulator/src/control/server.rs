//! The control API's port: its limits, and how it stops.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::app::App;
use super::router::router;
use crate::api::{ListenError, Listener, limits};
use crate::clock::pause;
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

    /// Serves the control API until `stop` is set, then lets what is in flight end; what waits ends at once.
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
        let router = router(Arc::new(App { fleet, token, stop: stop.clone() }));
        let mut connections = JoinSet::new();
        let stopping = stop.clone();
        tokio::select! {
            () = accept(&listener, &router, &mut connections, &stopping) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
        Ok(())
    }
}

/// Accepts connections for ever.
async fn accept(
    listener: &TcpListener,
    router: &Router,
    connections: &mut JoinSet<()>,
    stop: &watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, router.clone(), stop.clone(), permit));
            }
            Err(error) => {
                // Gone before it was accepted, or no descriptor is free: those do not come back at once.
                tracing::warn!(%error, "a control connection could not be accepted");
                pause(limits::ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one connection to its end.
async fn serve(
    stream: TcpStream,
    router: Router,
    mut stop: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
) {
    // An answer is one small write.
    drop(stream.set_nodelay(true));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::READ_TIME_MAX)
        .max_buf_size(limits::HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let ended = tokio::select! {
        result = &mut connection => Some(result),
        _ = stop.wait_for(|stop| *stop) => None,
    };
    let result = match ended {
        Some(result) => result,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a control connection ended");
    }
}
