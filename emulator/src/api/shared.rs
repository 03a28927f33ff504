//! The one port of all devices whose addresses differ: 127.0.0.1 and those that follow (Linux).
//!
//! One socket takes the connections to every address of the interface lo, and of no other. The address that a
//! connection was made to names the device. Where no device is, or one that is unplugged, the connection is
//! reset as soon as it is accepted.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use socket2::Socket;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use vestibule_core::device::Link;

use super::callers::Callers;
use super::connection::Connection;
use super::limits;
use super::listener::{ListenError, bound, listened_at};
use super::tls::ServerTls;
use crate::clock::pause;
use crate::fleet::{Handle, OpenedBy};
use crate::lanes::Lanes;
use crate::transport::reset;

/// The interface that a machine has for itself.
const LOOPBACK_INTERFACE: &str = "lo";

/// A socket could not be kept to the loopback interface.
#[derive(Debug, thiserror::Error)]
#[error("the devices' port cannot be bound to the interface {LOOPBACK_INTERFACE} alone")]
pub struct InterfaceError(#[source] io::Error);

/// Why the devices' port is not open.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    /// The port cannot be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// It cannot be kept from others.
    #[error(transparent)]
    Interface(#[from] InterfaceError),
}

/// The port, open and not served yet.
#[derive(Debug)]
pub struct SharedListener {
    socket: Socket,
    /// The first device's address.
    first: Ipv4Addr,
    port: u16,
}

/// A device behind the port.
pub(crate) struct Behind {
    pub(crate) handle: Arc<Handle>,
    /// What it shows, if it speaks TLS.
    pub(crate) tls: Option<ServerTls>,
}

impl SharedListener {
    /// Opens the port for devices from `first` on; 0 picks a free one.
    ///
    /// # Errors
    /// When the port is taken, or the socket cannot be bound to the loopback interface: open to other
    /// machines it would show them devices that were meant for this one.
    pub fn bind(first: Ipv4Addr, port: u16) -> Result<Self, SharedError> {
        let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let fail = |source| ListenError { address, source };
        let socket = bound(address, bind_to_loopback).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => SharedError::Listen(fail(error)),
            _ => SharedError::Interface(InterfaceError(error)),
        })?;
        let port = listened_at(&socket).map_err(fail)?.port();
        socket.listen(limits::ACCEPT_BACKLOG).map_err(fail)?;
        Ok(Self { socket, first, port })
    }

    /// The port, if 0 was asked for the one that was picked.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Serves the devices, in the order of their addresses, until `stop` is set, then lets what is in flight
    /// end.
    ///
    /// # Errors
    /// When the socket fails for good.
    pub(crate) async fn serve(
        self,
        devices: Vec<Behind>,
        lanes: Arc<Lanes>,
        mut stop: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let listener = TcpListener::from_std(self.socket.into())?;
        let street = Street { first: self.first, devices };
        let mut callers = Callers::new(lanes);
        let stopping = stop.clone();
        tokio::select! {
            () = street.accept(&listener, &mut callers, &stopping) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        drop(listener);
        callers.gone().await;
        Ok(())
    }
}

/// The devices behind a port, by their addresses.
struct Street {
    first: Ipv4Addr,
    devices: Vec<Behind>,
}

impl Street {
    /// Accepts connections for ever.
    async fn accept(
        &self,
        listener: &TcpListener,
        callers: &mut Callers,
        stop: &watch::Receiver<bool>,
    ) {
        // One for each device, and for few devices as many as one has.
        let permits = limits::CONNECTIONS_MAX.max(self.devices.len());
        let permits = Arc::new(Semaphore::new(permits));
        loop {
            let permit = Arc::clone(&permits).acquire_owned().await;
            let permit = permit.expect("the semaphore is never closed");
            match listener.accept().await {
                Ok((stream, _)) => match self.answering(&stream) {
                    Some(Behind { handle, tls }) => {
                        let connection = Connection::new(handle, tls.as_ref(), stop, permit);
                        callers.serve(stream, connection);
                    }
                    None => reset(&stream),
                },
                Err(error) => {
                    // Gone before it was accepted, or no descriptor is free: those do not come back at once.
                    tracing::warn!(%error, "a connection could not be accepted");
                    pause(limits::ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// The device that a connection was made to, if it is there, on the network, and has not too many.
    fn answering(&self, stream: &TcpStream) -> Option<&Behind> {
        let IpAddr::V4(called) = stream.local_addr().ok()?.ip() else {
            return None;
        };
        let place = u32::from(called).checked_sub(u32::from(self.first))?;
        let behind = self.devices.get(usize::try_from(place).ok()?)?;
        let is_up = behind.handle.cable.state().link == Link::Up;
        let has_room =
            behind.handle.connections().count(OpenedBy::Caller) < limits::CONNECTIONS_MAX;
        (is_up && has_room).then_some(behind)
    }
}

/// Binds to the loopback interface alone. (Since Linux 5.7 that needs no right.)
#[cfg(target_os = "linux")]
fn bind_to_loopback(socket: &Socket) -> io::Result<()> {
    socket.bind_device(Some(LOOPBACK_INTERFACE.as_bytes()))
}

/// Elsewhere the configuration does not get this far.
#[cfg(not(target_os = "linux"))]
fn bind_to_loopback(_: &Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
