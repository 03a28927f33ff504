//! A flood from its start to its end.
//!
//! Everything is checked before it begins: descriptors, certificates, the host's name, and that somebody
//! answers a connection. From then on nothing the platform does ends it early but silence: once the last
//! record was due and for a while none was acknowledged, what is left stays unsent or in flight.

use std::future::pending;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use vestibule_core::clock::{Mono, UnixMillis};
use vestibule_core::dest::EventDest;
use vestibule_core::flood::{Api, Pace, Records, Schedule, Shape, Shard, Site};
use vestibule_core::picture::ImageBytes;

use super::device::{Common, Device};
use super::figures::{Figures, Second, Totals};
use super::gate::Gate;
use super::latencies::Latencies;
use super::line::{Bodies, ConnectError, Way};
use super::pacer::Pacer;
use crate::clock::{Clock, within};
use crate::descriptors::{self, TooFew};
use crate::lanes::Lanes;
use crate::uplink::{Tls, TlsError};

/// How long what is in flight may still be answered after an interruption: whoever pressed Ctrl-C waits.
const GRACE: Duration = Duration::from_secs(2);

/// What a flood is made of.
#[derive(Debug)]
pub struct Settings {
    /// Where to.
    pub to: EventDest,
    /// Roots to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// In which form records are sent.
    pub api: Api,
    /// How large the images are that records carry; none for none.
    pub images: Option<ImageBytes>,
    /// The root of all that is random.
    pub seed: u64,
    /// When each record is due.
    pub schedule: Schedule,
    /// After so long, counted from the start, no record begins any more; none: when there are no more.
    pub duration: Option<Duration>,
    /// Which devices this process takes.
    pub shard: Shard,
    /// When it starts, if not at once.
    pub start_at: Option<UnixMillis>,
    /// How long, once the last record was due, it waits for a platform that acknowledges none.
    pub drain: Duration,
}

/// Why a flood does not begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Not as many files may be open as there are devices.
    #[error(transparent)]
    Descriptors(#[from] TooFew),
    /// The file of roots is none.
    #[error(transparent)]
    Ca(#[from] TlsError),
    /// Its time is over.
    #[error("the start lies {} s in the past", .by.as_secs_f64())]
    Late {
        /// By how much.
        by: Duration,
    },
    /// Nobody is there.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// There can be no thread more.
    #[error("a thread cannot be started")]
    Thread(#[source] std::io::Error),
}

/// A flood that can begin.
pub struct Flood {
    settings: Settings,
    way: Arc<Way>,
    /// How many threads may send.
    lanes: usize,
    clock: Clock,
    figures: Arc<Figures>,
    asked: watch::Sender<Asked>,
    start: Arc<OnceLock<Mono>>,
}

/// What was asked of a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Nothing,
    Stop,
    GiveUp,
}

/// Looks at a flood that goes on, and ends it.
#[derive(Clone, Debug)]
pub struct Handle {
    figures: Arc<Figures>,
    asked: watch::Sender<Asked>,
    schedule: Arc<Schedule>,
    shard: Shard,
    clock: Clock,
    start: Arc<OnceLock<Mono>>,
}

impl Handle {
    /// The counts of this moment.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.figures.totals()
    }

    /// The counts and latencies of this moment, and how many records were due; in a closed loop, as many
    /// as were sent.
    pub(super) fn so_far(&self) -> (Totals, Latencies, u64) {
        let (totals, latencies) = self.figures.so_far();
        let elapsed = self.start.get().map(|start| self.clock.mono().since(*start));
        let due = self.schedule.due_before(self.shard, elapsed.unwrap_or_default());
        let due = due.unwrap_or(totals.sent);
        (totals, latencies, due)
    }

    /// No record begins any more; what is in flight has two seconds to be answered.
    pub fn stop(&self) {
        self.ask(Asked::Stop);
    }

    /// Ends it at once.
    pub fn give_up(&self) {
        self.ask(Asked::GiveUp);
    }

    fn ask(&self, what: Asked) {
        self.asked.send_modify(|asked| *asked = (*asked).max(what));
    }
}

/// How a flood ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every record that was planned had its attempt.
    Complete,
    /// It was stopped.
    Interrupted,
    /// The platform took no more, or the time for the rest was over.
    CutOff,
}

/// A flood that is over.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// When it began, by this machine's clock.
    pub started: UnixMillis,
    /// How long it took.
    pub took: Duration,
    /// What became of the records.
    pub totals: Totals,
    /// From when a record was due to its acknowledgement.
    pub latencies: Latencies,
    /// Second by second, from the start.
    pub seconds: Vec<Second>,
}

impl Flood {
    /// Checks everything that can be checked before the start.
    ///
    /// # Errors
    /// The first thing that cannot be.
    pub async fn prepare(settings: Settings, clock: Clock) -> Result<Self, StartError> {
        if let Some(start_at) = settings.start_at {
            let past = clock.wall().millis() - start_at.millis();
            if past > 0 {
                return Err(StartError::Late { by: Duration::from_millis(past.unsigned_abs()) });
            }
        }
        let devices = settings.shard.devices(settings.schedule.devices()).count();
        let lanes = descriptors::provide_for_flood(devices as u64)?;
        // Read also where it is not needed: a file that is no good is better known now.
        let tls = Tls::new(settings.ca.as_deref())?;
        let tls = settings.to.is_https().then_some(tls);
        let bodies = if settings.images.is_some() { Bodies::Large } else { Bodies::Small };
        let way = Way::new(&settings.to, tls, bodies).await?;
        way.try_out().await?;
        let (asked, _) = watch::channel(Asked::Nothing);
        let figures = Arc::new(Figures::default());
        let start = Arc::default();
        Ok(Self { settings, way: Arc::new(way), lanes, clock, figures, asked, start })
    }

    /// Looks at it, and ends it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle {
            figures: Arc::clone(&self.figures),
            asked: self.asked.clone(),
            schedule: Arc::new(self.settings.schedule.clone()),
            shard: self.settings.shard,
            clock: self.clock,
            start: Arc::clone(&self.start),
        }
    }

    /// Sends everything.
    ///
    /// # Errors
    /// When there can be no thread more.
    pub async fn run(self) -> Result<Finished, StartError> {
        let now = self.clock.now();
        let ahead = self.settings.start_at.map_or(0, |at| at.millis() - now.wall.millis());
        let ahead = Duration::from_millis(u64::try_from(ahead).unwrap_or(0));
        let (start, started) = (now.mono + ahead, now.wall + ahead);
        // Fails never: a flood is run once.
        let _ = self.start.set(start);
        let ending = tokio::select! {
            () = self.clock.sleep_until(Some(start)) => self.send_all(start).await?,
            () = self.asked_for(Asked::Stop) => Ending::Interrupted,
        };
        let took = self.clock.mono().since(start);
        let (totals, latencies, seconds) = self.figures.finish(took);
        Ok(Finished { ending, started, took, totals, latencies, seconds })
    }

    async fn send_all(&self, start: Mono) -> Result<Ending, StartError> {
        let (shard, devices) = (self.settings.shard, self.settings.schedule.devices());
        let gates: Arc<[Gate]> = shard.devices(devices).map(|_| Gate::default()).collect();
        let schedule = Arc::new(self.settings.schedule.clone());
        // A platform on this machine needs a core about as much as the devices do.
        let lanes = self.lanes - usize::from(self.way.ends_here());
        let lanes = Lanes::begin("sender", lanes.min(gates.len()));
        let lanes = lanes.map_err(StartError::Thread)?;
        let mut sending = self.begin_devices(&schedule, &gates, &lanes, start);
        let pacer = Pacer { schedule, shard, gates: Arc::clone(&gates), clock: self.clock, start };
        let pacing = match self.settings.schedule.pace() {
            Pace::Open { .. } => Some(pacer.begin().map_err(StartError::Thread)?),
            Pace::Closed => {
                gates.iter().for_each(Gate::release_all);
                None
            }
        };
        let ending = tokio::select! {
            () = all_of(&mut sending) => Ending::Complete,
            () = self.asked_for(Asked::Stop) => Ending::Interrupted,
            ending = self.end_of_time(start, &gates) => ending,
        };
        if ending == Ending::Interrupted {
            gates.iter().for_each(Gate::end);
            tokio::select! {
                _ = within(GRACE, all_of(&mut sending)) => {}
                () = self.asked_for(Asked::GiveUp) => {}
            }
        }
        drop(pacing);
        sending.shutdown().await;
        // Only now: who is stopped is stopped on its thread.
        drop(lanes);
        Ok(ending)
    }

    fn begin_devices(
        &self,
        schedule: &Arc<Schedule>,
        gates: &Arc<[Gate]>,
        lanes: &Lanes,
        start: Mono,
    ) -> JoinSet<()> {
        let Settings { to, api, images, seed, shard, .. } = &self.settings;
        let common = Arc::new(Common {
            path: to.target(),
            to: to.clone(),
            api: *api,
            schedule: Arc::clone(schedule),
            figures: Arc::clone(&self.figures),
            way: Arc::clone(&self.way),
            clock: self.clock,
            start,
        });
        let mut site = Site::new(*seed, *api);
        if let Some(bytes) = images {
            site = site.with_images(*bytes);
        }
        let mut sending = JoinSet::new();
        for (place, number) in shard.devices(schedule.devices()).enumerate() {
            let device = Device::new(Arc::clone(&common), number, Records::new(&site, number));
            sending.spawn_on(device.run(Arc::clone(gates), place), lanes.of(place));
        }
        sending
    }

    /// Waits until what is left is given up.
    async fn end_of_time(&self, start: Mono, gates: &[Gate]) -> Ending {
        let Settings { schedule, duration, drain, .. } = &self.settings;
        if let (Pace::Closed, Some(duration)) = (schedule.pace(), duration) {
            self.clock.sleep_until(Some(start + *duration)).await;
            gates.iter().for_each(Gate::end);
            // What is in flight has its own limits, well below this one.
            self.clock.sleep_until(Some(start + *duration + *drain)).await;
            return Ending::CutOff;
        }
        let last_due = schedule.last_due().unwrap_or_default();
        if duration.is_some() && schedule.shape() != Shape::Storm {
            self.clock.sleep_until(Some(start + last_due + *drain)).await;
            return Ending::CutOff;
        }
        loop {
            let acknowledged = self.figures.last_acknowledged().unwrap_or_default();
            let until = start + acknowledged.max(last_due) + *drain;
            if self.clock.mono() >= until {
                return Ending::CutOff;
            }
            self.clock.sleep_until(Some(until)).await;
        }
    }

    async fn asked_for(&self, what: Asked) {
        let mut asked = self.asked.subscribe();
        if asked.wait_for(|asked| *asked >= what).await.is_err() {
            pending::<()>().await;
        }
    }
}

/// Waits until every device has come to its end.
async fn all_of(sending: &mut JoinSet<()>) {
    while let Some(ended) = sending.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a device of the flood broke down; its records are missing");
        }
    }
}
