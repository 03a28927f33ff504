//! A run: devices, their servers and drivers, and the control API, from start to stop.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use vestibule_core::clock::Now;
use vestibule_core::device::{Device, Link};

use crate::api::{ListenError, Listener};
use crate::clock::{Clock, Elapsed, within};
use crate::config::Plan;
use crate::control::{self, feed::Feed};
use crate::fleet::{Fleet, Handle, drive};
use crate::keep;
use crate::storage::{Meta, Store, StoreError, Writer};
use crate::uplink::{DeliveryLog, Tls, TlsError, Uplink};

/// How long what is in flight has to end at a stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// Why a run did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port cannot be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The further roots cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
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
    listener: Listener,
    control: control::Server,
    store: Option<Store>,
}

impl Bound {
    /// Opens the ports.
    ///
    /// # Errors
    /// When a port is taken or the further roots cannot be used; then nothing is open.
    pub fn new(plan: Plan, clock: Clock) -> Result<Self, StartError> {
        let tls = Arc::new(Tls::new(plan.push_ca.as_deref())?);
        let listener = Listener::bind(plan.listen)?;
        if plan.device.link == Link::Down {
            listener.refuse()?;
        }
        let control = control::Server::bind(plan.control)?;
        Ok(Self { plan, clock, tls, listener, control, store: None })
    }

    /// The same, with its device kept in that store: one that is there goes on, another begins.
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
        let Self { plan, clock, tls, listener, control, store } = self;
        let url = |address: SocketAddr| format!("http://{address}");
        let ready = Ready {
            sn: plan.device.identity.sn.clone(),
            device_id: plan.device.identity.device_id.clone(),
            url: url(listener.address()),
            control: url(control.address()),
            seed: plan.seed,
        };
        let now = Now { mono: clock.mono(), wall: plan.clock.unwrap_or_else(|| clock.wall()) };
        let feed = Arc::new(Feed::default());
        let (handle, writer) = match store {
            None => {
                let device = Device::new(Arc::new(plan.device), now);
                (Arc::new(Handle::new(device, clock, Arc::clone(&feed))), None)
            }
            Some(store) => {
                let Plan { seed, roster, device, .. } = plan;
                let meta = Meta {
                    seed,
                    employees: roster.employees,
                    visitors: roster.visitors,
                    blocklisted: roster.blocklisted,
                };
                let kept = keep::open(store, meta, Arc::new(device), now)?;
                let (handle, writer) = kept.shared(clock, Arc::clone(&feed))?;
                (handle, Some(writer))
            }
        };
        let log = Arc::new(DeliveryLog::default());
        let devices = BTreeMap::from([(ready.sn.clone(), Arc::clone(&handle))]);
        let fleet =
            Arc::new(Fleet { devices, log: Arc::clone(&log), feed, clock, start: plan.clock });
        let stop = watch::Sender::new(false);
        let mut drivers = JoinSet::new();
        let uplink = Uplink::new(tls, log, clock);
        drivers.spawn(drive(Arc::clone(&handle), uplink, stop.subscribe()));
        let mut servers = JoinSet::new();
        servers.spawn(log_failure("device APIs", listener.serve(handle, stop.subscribe())));
        let control_token = plan.control_token;
        let control = control.serve(Arc::clone(&fleet), control_token.clone(), stop.subscribe());
        servers.spawn(log_failure("control API", control));
        Ok(Emulator { ready: vec![ready], control_token, fleet, stop, servers, drivers, writer })
    }
}

impl Emulator {
    /// Opens the ports and starts everything; ready when it returns.
    ///
    /// # Errors
    /// When a port is taken or the further roots cannot be used; then nothing runs.
    pub fn start(plan: Plan, clock: Clock) -> Result<Self, StartError> {
        Bound::new(plan, clock)?.start()
    }

    /// What is told of each device.
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

async fn log_failure(what: &'static str, server: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = server.await {
        tracing::error!(%error, "the {what} failed");
    }
}
