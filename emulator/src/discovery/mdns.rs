//! Announcements by mDNS: a service for every device that is on the network, told again and again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mdns_sd::{DaemonEvent, Error, Receiver, ServiceDaemon, ServiceInfo};
use tokio::sync::watch;
use vestibule_core::device::Link;
use vestibule_core::wire::discovery::{SERVICE, txt};

use super::{DiscoveryError, Findable};
use crate::clock::pause;

/// Between two announcements of a device (the vendor's manual).
const ANNOUNCE_EVERY: Duration = Duration::from_secs(3);

/// How long the library gets to send what it was given, when it can take no more.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// Who announces; a thread of its own.
pub(super) struct Announcer {
    daemon: ServiceDaemon,
    /// What went wrong at the sockets.
    events: Receiver<DaemonEvent>,
}

impl fmt::Debug for Announcer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Announcer").finish_non_exhaustive()
    }
}

impl Announcer {
    /// Starts one. Whether the system lets it use multicast shows when it does, and is logged.
    pub(super) fn start(port: u16) -> Result<Self, DiscoveryError> {
        let daemon = ServiceDaemon::new_with_port(port).map_err(DiscoveryError::Mdns)?;
        let events = daemon.monitor().map_err(DiscoveryError::Mdns)?;
        tracing::info!("devices are announced by mDNS on port {port}");
        Ok(Self { daemon, events })
    }

    /// Announces until `stop` is set, then says goodbye.
    pub(super) async fn serve(self, devices: Arc<[Findable]>, mut stop: watch::Receiver<bool>) {
        let announcing = async {
            // Their names, as far as they are announced.
            let mut known = vec![None; devices.len()];
            loop {
                for (device, known) in devices.iter().zip(&mut known) {
                    self.tell(device, known).await;
                }
                self.log_failures();
                pause(ANNOUNCE_EVERY).await;
            }
        };
        tokio::select! {
            // Also when nobody is left who could set it.
            _ = stop.wait_for(|stop| *stop) => {}
            () = announcing => {}
        }
        if let Err(error) = self.daemon.shutdown() {
            tracing::debug!(%error, "mDNS does not say goodbye");
        }
    }

    /// Announces a device, or takes it back.
    async fn tell(&self, device: &Findable, known: &mut Option<String>) {
        match (device.link(), known.take()) {
            (Link::Down, None) => {}
            (Link::Down, Some(name)) => {
                self.when_free(|| self.daemon.unregister(&name).map(drop)).await;
            }
            (Link::Up, _) => match service(device) {
                Ok(service) => {
                    *known = Some(service.get_fullname().to_owned());
                    self.when_free(|| self.daemon.register(service.clone())).await;
                }
                Err(error) => tracing::warn!(%error, "a device cannot be announced"),
            },
        }
    }

    /// Gives the library something to do, and waits while it can take no more.
    async fn when_free(&self, give: impl Fn() -> Result<(), Error>) {
        loop {
            match give() {
                Err(Error::Again) => pause(BUSY_PAUSE).await,
                Err(error) => return tracing::warn!(%error, "mDNS does not go on"),
                Ok(()) => return,
            }
        }
    }

    fn log_failures(&self) {
        while let Ok(event) = self.events.try_recv() {
            if let DaemonEvent::Error(error) = event {
                tracing::warn!(%error, "mDNS failed; does the system allow multicast?");
            }
        }
    }
}

/// What is announced of a device.
fn service(device: &Findable) -> Result<ServiceInfo, Error> {
    let identity = device.handle.identity();
    let host = format!("{}.local.", identity.sn);
    let (ip, port) = (device.address.ip(), device.address.port());
    let entries = txt(identity);
    let mut service = if ip.is_unspecified() {
        ServiceInfo::new(SERVICE, &identity.sn, &host, "", port, &entries[..])?.enable_addr_auto()
    } else {
        ServiceInfo::new(SERVICE, &identity.sn, &host, ip, port, &entries[..])?
    };
    // A serial number is one device's: nobody has to be asked for it first.
    service.set_requires_probe(false);
    Ok(service)
}
