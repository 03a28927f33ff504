//! The devices' ports, of whichever kind: one each, or one of all.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use vestibule_core::device::Link;

use crate::api::{Behind, ListenError, Listener, SharedListener};
use crate::config::{Addressing, DevicePlan, Plan};
use crate::emulator::StartError;
use crate::lanes::Lanes;

/// Ports that are open, and not served yet.
#[derive(Debug)]
pub(crate) enum Doors {
    /// One of each device, in their order.
    Each(Vec<Listener>),
    /// One of all.
    Shared(SharedListener),
}

impl Doors {
    /// Opens them; those of devices that start offline refuse, where each has its own.
    pub(crate) fn open(plan: &Plan) -> Result<Self, StartError> {
        match plan.addressing {
            Addressing::Port => {
                let listeners: Result<_, ListenError> = plan.devices.iter().map(open_one).collect();
                Ok(Self::Each(listeners?))
            }
            Addressing::Loopback => {
                let first = plan.devices.first().map(|plan| plan.listen);
                let first = first.expect("a plan has one device at least");
                let IpAddr::V4(ip) = first.ip() else {
                    unreachable!("the configuration has only IPv4 addresses here");
                };
                Ok(Self::Shared(SharedListener::bind(ip, first.port())?))
            }
        }
    }

    /// Where each device is found, in their order.
    pub(crate) fn addresses(&self, plan: &Plan) -> Vec<SocketAddr> {
        match self {
            Self::Each(listeners) => listeners.iter().map(Listener::address).collect(),
            Self::Shared(listener) => {
                let port = listener.port();
                let ips = plan.devices.iter().map(|plan| plan.listen.ip());
                ips.map(|ip| SocketAddr::new(ip, port)).collect()
            }
        }
    }

    /// Serves the devices behind them, which are in the same order, until `stop` is set.
    pub(crate) fn serve(
        self,
        devices: Vec<Behind>,
        lanes: &Arc<Lanes>,
        stop: &watch::Sender<bool>,
        servers: &mut JoinSet<()>,
    ) {
        match self {
            Self::Each(listeners) => {
                for (listener, behind) in listeners.into_iter().zip(devices) {
                    let what = format!("device APIs of {}", behind.handle.identity().sn);
                    let served = listener.serve(behind, Arc::clone(lanes), stop.subscribe());
                    servers.spawn(log_failure(what, served));
                }
            }
            Self::Shared(listener) => {
                let served = listener.serve(devices, Arc::clone(lanes), stop.subscribe());
                servers.spawn(log_failure("device APIs".to_owned(), served));
            }
        }
    }
}

fn open_one(DevicePlan { listen, device }: &DevicePlan) -> Result<Listener, ListenError> {
    let listener = Listener::bind(*listen)?;
    if device.link == Link::Down {
        listener.refuse()?;
    }
    Ok(listener)
}

/// Serves, and logs why that ended where it should not have.
pub(crate) async fn log_failure(what: String, server: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = server.await {
        tracing::error!(%error, "the {what} failed");
    }
}
