//! A device's port: accepts while the cable is plugged in, refuses while it is not.
//!
//! Offline, the socket keeps its port and refuses: `shutdown` takes it out of listening, `listen` brings it
//! back. Open connections are reset when the device is cut.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use vestibule_core::device::Link;

use super::Behind;
use super::callers::Callers;
use super::connection::Connection;
use super::limits;
use super::tls::ServerTls;
use crate::clock::pause;
use crate::fleet::Handle;
use crate::lanes::Lanes;

/// A port that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct ListenError {
    /// The address that was asked for.
    pub address: SocketAddr,
    /// Why not.
    pub source: io::Error,
}

/// A port that is open, and not served yet.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    address: SocketAddr,
}

impl Listener {
    /// Opens a port; 0 picks a free one.
    ///
    /// # Errors
    /// When the address is taken or not this machine's.
    pub fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let fail = |source| ListenError { address, source };
        // A port picked by the system is given up by `shutdown`; one bound by its number is kept. The first
        // socket holds the number until the second has it.
        let picked = bound(address, |_| Ok(())).map_err(fail)?;
        let address = listened_at(&picked).map_err(fail)?;
        let socket = bound(address, |_| Ok(())).map_err(fail)?;
        socket.listen(limits::ACCEPT_BACKLOG).map_err(fail)?;
        Ok(Self { socket, address })
    }

    /// The address, with the port that was picked.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The socket, for another kind of server.
    #[must_use]
    pub fn into_std(self) -> std::net::TcpListener {
        self.socket.into()
    }

    /// Takes the port out of listening: for a device that starts offline, before anybody is told of it.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn refuse(&self) -> Result<(), ListenError> {
        refuse(&self.socket).map_err(|source| ListenError { address: self.address, source })
    }

    /// Serves a device, within TLS or plainly, until `stop` is set, then lets what is in flight end.
    ///
    /// # Errors
    /// When the socket fails for good.
    pub(crate) async fn serve(
        self,
        Behind { handle, tls }: Behind,
        lanes: Arc<Lanes>,
        stop: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let mut callers = Callers::new(lanes);
        let served = self.accept_while_up(&handle, tls.as_ref(), stop, &mut callers).await;
        handle.cable.port_is(None);
        callers.gone().await;
        served
    }

    async fn accept_while_up(
        self,
        handle: &Arc<Handle>,
        tls: Option<&ServerTls>,
        mut stop: watch::Receiver<bool>,
        callers: &mut Callers,
    ) -> io::Result<()> {
        let permits = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
        let cable = handle.cable.watch();
        let mut socket = self.socket;
        let stopping = stop.clone();
        loop {
            if cable.state().link == Link::Down {
                refuse(&socket)?;
                handle.cable.port_is(Some(Link::Down));
                tokio::select! {
                    () = cable.link(Link::Up) => {}
                    _ = stop.wait_for(|stop| *stop) => return Ok(()),
                }
            }
            socket.listen(limits::ACCEPT_BACKLOG)?;
            let listener = TcpListener::from_std(socket.into())?;
            handle.cable.port_is(Some(Link::Up));
            let accept = accept(&listener, (handle, tls), &permits, callers, &stopping);
            let stopped = tokio::select! {
                () = accept => false,
                () = cable.link(Link::Down) => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            socket = listener.into_std()?.into();
            if stopped {
                return Ok(());
            }
        }
    }
}

/// A socket that is bound to an address, and before that as `prepare` has it.
pub(super) fn bound(
    address: SocketAddr,
    prepare: impl FnOnce(&Socket) -> io::Result<()>,
) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // As servers do: a restart must not wait for the last run's connections to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    prepare(&socket)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// The address of a bound socket, with the port that was picked.
pub(super) fn listened_at(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::Unsupported.into())
}

/// Takes the socket out of listening; its port stays its own. Not twice: shutting down a socket that does
/// not listen marks it, and every connection that it accepts later is born at its end.
fn refuse(socket: &Socket) -> io::Result<()> {
    if socket.is_listener()? {
        socket.shutdown(std::net::Shutdown::Both)?;
    }
    Ok(())
}

/// Accepts connections for ever.
async fn accept(
    listener: &TcpListener,
    (handle, tls): (&Arc<Handle>, Option<&ServerTls>),
    permits: &Arc<Semaphore>,
    callers: &mut Callers,
    stop: &watch::Receiver<bool>,
) {
    loop {
        let permit = Arc::clone(permits).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = Connection::new(handle, tls, stop, permit);
                callers.serve(stream, connection);
            }
            Err(error) => {
                // Gone before it was accepted, or no descriptor is free: those do not come back at once.
                tracing::warn!(%error, "a connection could not be accepted");
                pause(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}
