//! How devices are found: each off unless it is asked for (R-V3-39, R-V1-33).
//!
//! `udp` answers scans, `mdns` announces. A device whose network is unplugged does neither. What the messages
//! say is the core's business.

mod mdns;
mod udp;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use vestibule_core::device::Link;

use crate::fleet::Handle;
use mdns::Announcer;
use udp::Scans;

/// Where scans come when nothing else is said: whoever looks for devices asks a whole network there (the
/// vendor's manual).
pub const UDP_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 6543);

/// Where everybody speaks mDNS (RFC 6762).
pub const MDNS_PORT: u16 = mdns_sd::MDNS_PORT;

/// In which ways devices can be found; none by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// Where scans are answered, if they are.
    pub udp: Option<SocketAddr>,
    /// The port on which devices are announced, if they are.
    pub mdns_port: Option<u16>,
}

/// Why devices cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// Scans cannot be heard.
    #[error("cannot hear scans on {address}")]
    Udp {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Nothing can be announced.
    #[error("cannot announce by mDNS")]
    Mdns(#[source] mdns_sd::Error),
}

/// What is open for it.
#[derive(Debug)]
pub(crate) struct Discovery {
    scans: Option<Scans>,
    announcer: Option<Announcer>,
}

/// A device that can be found, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Findable {
    pub(crate) handle: Arc<Handle>,
    pub(crate) address: SocketAddr,
}

impl Findable {
    fn link(&self) -> Link {
        self.handle.cable.state().link
    }
}

impl Discovery {
    /// Opens what is asked for.
    ///
    /// # Errors
    /// When a port is taken by somebody who does not share it, or there is no thread.
    pub(crate) fn open(ways: Ways) -> Result<Self, DiscoveryError> {
        Ok(Self {
            scans: ways.udp.map(Scans::bind).transpose()?,
            announcer: ways.mdns_port.map(Announcer::start).transpose()?,
        })
    }

    /// Where scans are answered, if they are.
    pub(crate) fn scanned_at(&self) -> Option<SocketAddr> {
        self.scans.as_ref().map(Scans::address)
    }

    /// Lets the devices be found until `stop` is set.
    pub(crate) fn serve(
        self,
        devices: &Arc<[Findable]>,
        servers: &mut JoinSet<()>,
        stop: &watch::Sender<bool>,
    ) {
        if let Some(scans) = self.scans {
            servers.spawn(scans.serve(Arc::clone(devices), stop.subscribe()));
        }
        if let Some(announcer) = self.announcer {
            servers.spawn(announcer.serve(Arc::clone(devices), stop.subscribe()));
        }
    }
}
