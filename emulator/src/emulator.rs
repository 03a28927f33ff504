//! A run: devices, their servers and drivers, and the control API, from start to stop.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use vestibule_core::clock::Now;
use vestibule_core::device::{Device, Link};

use crate::api::{CertificateError, ListenError, Listener, ServerTls};
use crate::clock::{Clock, Elapsed, within};
use crate::config::{DevicePlan, Plan, TlsPlan};
use crate::control::{self, feed::Feed};
use crate::descriptors::{self, TooFew};
use crate::fleet::{Fleet, Handle, drive};
use crate::keep;
use crate::storage::{Meta, Store, StoreError, Writer};
use crate::uplink::{DeliveryLog, Tls, TlsError, Uplink};

/// How long what is in flight has to end at a stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// Why a run did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The process may not open as many files as the run needs.
    #[error(transparent)]
    Descriptors(#[from] TooFew),
    /// A port cannot be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The further roots cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A device has no certificate to show.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// What is stored cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no thread for the store.
    #[error("the store's thread cannot be started")]
    Thread(#[source] std::io::Error),
}

/// What is told of a device when it is ready.
#[derive(Clone, Debug)]
pub struct Ready {
    /// v1 serial number.
    pub sn: String,
    /// v3 device id.
    pub device_id: String,
    /// Where both device APIs are.
    pub url: String,
    /// Where the control API is.
    pub control: String,
    /// The root of every random choice.
    pub seed: u64,
}

/// Devices that are running.
#[derive(Debug)]
pub struct Emulator {
    ready: Vec<Ready>,
    control_token: Option<String>,
    fleet: Arc<Fleet>,
    stop: watch::Sender<bool>,
    servers: JoinSet<()>,
    drivers: JoinSet<()>,
    writer: Option<Writer>,
}

/// Ports that are open; the devices behind them are not made yet, and whoever connects waits.
#[derive(Debug)]
pub struct Bound {
    plan: Plan,
    clock: Clock,
    tls: Arc<Tls>,
    /// What the devices show, if they speak TLS.
    secure: Option<Secure>,
    /// Those of the devices, in their order.
    listeners: Vec<Listener>,
    control: control::Server,
    store: Option<Store>,
}

/// Whose certificate a device shows.
#[derive(Debug)]
enum Secure {
    /// All show this one.
    Given(ServerTls),
    /// Each its own.
    Own,
}

impl Secure {
    fn new(plan: &TlsPlan) -> Result<Self, CertificateError> {
        match plan {
            TlsPlan::Own => Ok(Self::Own),
            TlsPlan::Files { certificate, key } => {
                ServerTls::from_files(certificate, key).map(Self::Given)
            }
        }
    }

    fn of(
        &self,
        handle: &Handle,
        listener: &Listener,
        data: Option<&Path>,
    ) -> Result<ServerTls, CertificateError> {
        match self {
            Self::Given(tls) => Ok(tls.clone()),
            Self::Own => ServerTls::own(&handle.identity().sn, listener.address().ip(), data),
        }
    }
}

impl Bound {
    /// Opens the ports. Where the process's soft limit of open files is too low for them, it is raised.
    ///
    /// # Errors
    /// When more files are needed than may be opened, a port is taken, or the further roots or the given
    /// certificate cannot be used; then nothing is open.
    pub fn new(plan: Plan, clock: Clock) -> Result<Self, StartError> {
        descriptors::provide(&plan)?;
        let secure = plan.tls.as_ref().map(Secure::new).transpose()?;
        let tls = Arc::new(Tls::new(plan.push_ca.as_deref())?);
        // Those that were named go first: the system could pick one of them for the others.
        let (listeners, control) = if plan.control.port() == 0 {
            let listeners = listeners(&plan)?;
            (listeners, control::Server::bind(plan.control)?)
        } else {
            let control = control::Server::bind(plan.control)?;
            (listeners(&plan)?, control)
        };
        Ok(Self { plan, clock, tls, secure, listeners, control, store: None })
    }

    /// The same, with its devices kept in that store: those that are there go on, others begin.
    #[must_use]
    pub fn kept_in(self, store: Store) -> Self {
        Self { store: Some(store), ..self }
    }

    /// Makes the devices, with their past, and starts everything; ready when it returns. A long past
    /// takes its time: on a thread of its own, other things go on.
    ///
    /// # Errors
    /// When the store is damaged, contradicts the plan, or cannot be written; never without a store.
    pub fn start(self) -> Result<Emulator, StartError> {
        let Self { plan, clock, tls, secure, listeners, control, store } = self;
        let data = store.as_ref().map(|store| store.dir().to_owned());
        let Plan { seed, roster, control_token, clock: start, devices, .. } = plan;
        let now = Now { mono: clock.mono(), wall: start.unwrap_or_else(|| clock.wall()) };
        let (feed, log) = (Arc::new(Feed::default()), Arc::new(DeliveryLog::default()));
        let configs = devices.into_iter().map(|plan| Arc::new(plan.device));
        let (handles, writer) = match store {
            None => {
                let made = configs.map(|config| {
                    Arc::new(Handle::new(Device::new(config, now), clock, Arc::clone(&feed)))
                });
                (made.collect(), None)
            }
            Some(store) => {
                let meta = Meta {
                    seed,
                    employees: roster.employees,
                    visitors: roster.visitors,
                    blocklisted: roster.blocklisted,
                };
                let kept = keep::open(store, meta, configs.collect(), now)?;
                let (handles, writer) = kept.shared(clock, &feed)?;
                (handles, Some(writer))
            }
        };
        let shown = handles.iter().zip(&listeners).map(|(handle, listener)| {
            secure.as_ref().map(|secure| secure.of(handle, listener, data.as_deref())).transpose()
        });
        let shown: Vec<Option<ServerTls>> = shown.collect::<Result<_, _>>()?;
        let stop = watch::Sender::new(false);
        let (mut servers, mut drivers) = (JoinSet::new(), JoinSet::new());
        let mut devices = BTreeMap::new();
        let mut ready = Vec::with_capacity(listeners.len());
        for ((handle, listener), shown) in handles.into_iter().zip(listeners).zip(shown) {
            let identity = handle.identity();
            let sn = identity.sn.clone();
            ready.push(Ready {
                sn: sn.clone(),
                device_id: identity.device_id.clone(),
                url: url(if shown.is_some() { "https" } else { "http" }, listener.address()),
                control: url("http", control.address()),
                seed,
            });
            let uplink = Uplink::new(Arc::clone(&tls), Arc::clone(&log), clock);
            drivers.spawn(drive(Arc::clone(&handle), uplink, stop.subscribe()));
            let served = listener.serve(Arc::clone(&handle), shown, stop.subscribe());
            servers.spawn(log_failure(format!("device APIs of {sn}"), served));
            devices.insert(sn, handle);
        }
        let fleet = Arc::new(Fleet { devices, log, feed, clock, start });
        let control = control.serve(Arc::clone(&fleet), control_token.clone(), stop.subscribe());
        servers.spawn(log_failure("control API".to_owned(), control));
        Ok(Emulator { ready, control_token, fleet, stop, servers, drivers, writer })
    }
}

/// Opens the devices' ports; those of devices that start offline refuse.
fn listeners(plan: &Plan) -> Result<Vec<Listener>, ListenError> {
    let open = |DevicePlan { listen, device }: &DevicePlan| {
        let listener = Listener::bind(*listen)?;
        if device.link == Link::Down {
            listener.refuse()?;
        }
        Ok(listener)
    };
    plan.devices.iter().map(open).collect()
}

fn url(scheme: &str, address: SocketAddr) -> String {
    format!("{scheme}://{address}")
}

impl Emulator {
    /// Opens the ports and starts everything; ready when it returns.
    ///
    /// # Errors
    /// When more files are needed than may be opened, a port is taken, or the further roots cannot be
    /// used; then nothing runs.
    pub fn start(plan: Plan, clock: Clock) -> Result<Self, StartError> {
        Bound::new(plan, clock)?.start()
    }

    /// What is told of each device, in their order.
    #[must_use]
    pub fn ready(&self) -> &[Ready] {
        &self.ready
    }

    /// The devices themselves, for who drives them within this process.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// What the control API asks for.
    #[must_use]
    pub fn control_token(&self) -> Option<&str> {
        self.control_token.as_deref()
    }

    /// Stops accepting, lets what is in flight end, for 5 s at most.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let ended = async {
            while self.servers.join_next().await.is_some() {}
            while self.drivers.join_next().await.is_some() {}
        };
        if within(STOP_TIME_MAX, ended).await == Err(Elapsed) {
            tracing::warn!("some connections did not end within 5 s and were closed");
        }
        self.servers.shutdown().await;
        self.drivers.shutdown().await;
        if let Some(writer) = self.writer.take() {
            writer.stop().await;
        }
    }
}

async fn log_failure(what: String, server: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = server.await {
        tracing::error!(%error, "the {what} failed");
    }
}
