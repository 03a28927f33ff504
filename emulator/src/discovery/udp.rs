//! Scans by UDP: whoever asks is answered by every device that is on the network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use vestibule_core::device::Link;
use vestibule_core::wire::discovery::{Heard, found, heard};

use super::{DiscoveryError, Findable};
use crate::clock::pause;

/// The longest scan. One has 17 bytes; what is longer is none.
const SCAN_BYTES_MAX: usize = 1024;

/// The pause after a failure to read: without it a socket that fails for good would take a whole core.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// A socket on which scans are heard.
#[derive(Debug)]
pub(super) struct Scans {
    socket: std::net::UdpSocket,
    address: SocketAddr,
}

impl Scans {
    /// Opens one. Its port is shared: each process of a machine hears a broadcast, and answers.
    pub(super) fn bind(address: SocketAddr) -> Result<Self, DiscoveryError> {
        let failed = |source| DiscoveryError::Udp { address, source };
        let bound = || {
            let socket =
                Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
            socket.set_reuse_address(true)?;
            socket.set_nonblocking(true)?;
            socket.bind(&address.into())?;
            Ok(std::net::UdpSocket::from(socket))
        };
        let socket: std::net::UdpSocket = bound().map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        tracing::info!("scans by UDP are answered on {address}");
        Ok(Self { socket, address })
    }

    /// Where it is, with the port that was picked.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers scans until `stop` is set.
    pub(super) async fn serve(self, devices: Arc<[Findable]>, mut stop: watch::Receiver<bool>) {
        let socket = match UdpSocket::from_std(self.socket) {
            Ok(socket) => socket,
            Err(error) => return tracing::error!(%error, "scans are not answered"),
        };
        // One more shows what is too long.
        let mut bytes = [0; SCAN_BYTES_MAX + 1];
        loop {
            let received = tokio::select! {
                // Also when nobody is left who could set it.
                _ = stop.wait_for(|stop| *stop) => return,
                received = socket.recv_from(&mut bytes) => received,
            };
            match received {
                Ok((length, from)) if is_scan(&bytes[..length]) => {
                    answer(&socket, &devices, from).await;
                }
                Ok((length, from)) => tracing::debug!(length, %from, "this is no scan"),
                Err(error) => {
                    tracing::debug!(%error, "a scan could not be read");
                    pause(FAILURE_PAUSE).await;
                }
            }
        }
    }
}

fn is_scan(bytes: &[u8]) -> bool {
    bytes.len() <= SCAN_BYTES_MAX && heard(bytes) == Heard::Scan
}

/// One after the other: who scans a large fleet gets its answers as fast as they leave.
async fn answer(socket: &UdpSocket, devices: &[Findable], to: SocketAddr) {
    for device in devices.iter().filter(|device| device.link() == Link::Up) {
        if let Err(error) = socket.send_to(&found(device.handle.identity()), to).await {
            return tracing::debug!(%error, %to, "a scan is not answered");
        }
    }
}
