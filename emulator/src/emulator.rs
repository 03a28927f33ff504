//! A run: devices, their servers and drivers, and the control API, from start to stop.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use vestibule_core::clock::Now;
use vestibule_core::device::{self, Device};

use crate::api::{Behind, CertificateError, InterfaceError, ListenError, ServerTls, SharedError};
use crate::clock::{Clock, Elapsed, within};
use crate::config::{Plan, TlsPlan};
use crate::control::{self, feed::Feed};
use crate::descriptors::{self, Allowance, TooFew};
use crate::discovery::{Discovery, DiscoveryError, Findable};
use crate::doors::{Doors, log_failure};
use crate::fleet::{Fleet, Handle, drive};
use crate::keep;
use crate::lanes::Lanes;
use crate::storage::{Meta, Store, StoreError, Writer};
use crate::uplink::{DeliveryLog, Outside, Tls, TlsError, Turns, Uplink};

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
    /// A port cannot be kept from other machines.
    #[error(transparent)]
    Interface(#[from] InterfaceError),
    /// The further roots cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The devices cannot be found.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// A device has no certificate to show.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// What is stored cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no thread for the store, or for who connects.
    #[error("a thread cannot be started")]
    Thread(#[source] std::io::Error),
}

impl From<SharedError> for StartError {
    fn from(error: SharedError) -> Self {
        match error {
            SharedError::Listen(error) => Self::Listen(error),
            SharedError::Interface(error) => Self::Interface(error),
        }
    }
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
    scanned_at: Option<SocketAddr>,
    control_token: Option<String>,
    fleet: Arc<Fleet>,
    turns: Arc<Turns>,
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
    /// Those of the devices.
    doors: Doors,
    /// How many connections and threads there may be.
    allowance: Allowance,
    control: control::Server,
    discovery: Discovery,
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
        address: SocketAddr,
        data: Option<&Path>,
    ) -> Result<ServerTls, CertificateError> {
        match self {
            Self::Given(tls) => Ok(tls.clone()),
            Self::Own => ServerTls::own(&handle.identity().sn, address.ip(), data),
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
        let allowance = descriptors::provide(&plan)?;
        let secure = plan.tls.as_ref().map(Secure::new).transpose()?;
        let tls = Arc::new(Tls::new(plan.push_ca.as_deref())?);
        // Those that were named go first: the system could pick one of them for the others.
        let (doors, control) = if plan.control.port() == 0 {
            let doors = Doors::open(&plan)?;
            (doors, control::Server::bind(plan.control)?)
        } else {
            let control = control::Server::bind(plan.control)?;
            (Doors::open(&plan)?, control)
        };
        let discovery = Discovery::open(plan.discover)?;
        Ok(Self { plan, clock, tls, secure, doors, allowance, control, discovery, store: None })
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
        let Self { plan, clock, tls, secure, doors, allowance, control, discovery, store } = self;
        let addresses = doors.addresses(&plan);
        let data = store.as_ref().map(|store| store.dir().to_owned());
        let Plan { seed, roster, control_token, clock: start, devices, .. } = plan;
        let now = Now { mono: clock.mono(), wall: start.unwrap_or_else(|| clock.wall()) };
        let lanes = Lanes::begin("caller", allowance.lanes).map_err(StartError::Thread)?;
        let (lanes, feed) = (Arc::new(lanes), Arc::new(Feed::default()));
        let (log, turns) =
            (Arc::new(DeliveryLog::default()), Arc::new(Turns::new(allowance.turns)));
        let outside = Outside { tls, log: Arc::clone(&log), turns: Arc::clone(&turns), clock };
        let outside = Arc::new(outside);
        let configs = devices.into_iter().map(|plan| Arc::new(plan.device)).collect();
        let meta = Meta {
            seed,
            employees: roster.employees,
            visitors: roster.visitors,
            blocklisted: roster.blocklisted,
        };
        let (handles, writer) = match store {
            None => (in_memory(configs, now, clock, &feed), None),
            Some(store) => {
                let (handles, writer) =
                    keep::open(store, meta, configs, now)?.shared(clock, &feed)?;
                (handles, Some(writer))
            }
        };
        let shown = handles.iter().zip(&addresses).map(|(handle, address)| {
            secure.as_ref().map(|secure| secure.of(handle, *address, data.as_deref())).transpose()
        });
        let shown: Vec<Option<ServerTls>> = shown.collect::<Result<_, _>>()?;
        let stop = watch::Sender::new(false);
        let (mut servers, mut drivers) = (JoinSet::new(), JoinSet::new());
        let (mut devices, mut findable) = (BTreeMap::new(), Vec::with_capacity(addresses.len()));
        let mut ready = Vec::with_capacity(addresses.len());
        let scheme = if secure.is_some() { "https" } else { "http" };
        for (handle, address) in handles.iter().zip(addresses) {
            let identity = handle.identity();
            let sn = identity.sn.clone();
            ready.push(Ready {
                sn: sn.clone(),
                device_id: identity.device_id.clone(),
                url: url(scheme, address),
                control: url("http", control.address()),
                seed,
            });
            findable.push(Findable { handle: Arc::clone(handle), address });
            let uplink = Uplink::new(Arc::clone(&outside));
            drivers.spawn(drive(Arc::clone(handle), uplink, stop.subscribe()));
            devices.insert(sn, Arc::clone(handle));
        }
        let behind = handles.into_iter().zip(shown).map(|(handle, tls)| Behind { handle, tls });
        doors.serve(behind.collect(), &lanes, &stop, &mut servers);
        let fleet = Arc::new(Fleet { devices, log, feed, clock, start });
        let control = control.serve(Arc::clone(&fleet), control_token.clone(), stop.subscribe());
        servers.spawn(log_failure("control API".to_owned(), control));
        let scanned_at = discovery.scanned_at();
        discovery.serve(&findable.into(), &mut servers, &stop);
        Ok(Emulator {
            ready,
            scanned_at,
            control_token,
            fleet,
            turns,
            stop,
            servers,
            drivers,
            writer,
        })
    }
}

fn in_memory(
    configs: Vec<Arc<device::Config>>,
    now: Now,
    clock: Clock,
    feed: &Arc<Feed>,
) -> Vec<Arc<Handle>> {
    let device = |config| Handle::new(Device::new(config, now), clock, Arc::clone(feed));
    configs.into_iter().map(|config| Arc::new(device(config))).collect()
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

    /// Where scans by UDP are answered, if they are.
    #[must_use]
    pub const fn scanned_at(&self) -> Option<SocketAddr> {
        self.scanned_at
    }

    /// What the control API asks for.
    #[must_use]
    pub fn control_token(&self) -> Option<&str> {
        self.control_token.as_deref()
    }

    /// Stops accepting, lets what is in flight end, for 5 s at most.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.turns.close();
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
