//! The device: a pure state machine.
//!
//! Each `handle_*` takes one input and the time, changes the state, and adds to [`Effects`] what the shell
//! is to do, in order. [`Device::next_deadline`] says when [`Device::handle_timer`] is due; an idle device
//! has none and costs nothing. Reads copy what they need, so that the shell can let go of the device
//! before it writes bytes.

mod actions;
mod backfill;
mod config;
mod control;
mod delivering;
mod download;
mod effects;
mod faulty;
mod line;
mod log;
mod network;
mod people;
mod records;
mod sessions;
mod settings;
mod stored;
mod storing;
mod tokens;
mod v1;
mod v3;

use std::sync::Arc;

pub use self::config::{Accounts, Config};
pub use self::effects::{Effect, Effects, Link};
use self::faulty::Remembered;
use self::line::Reporting;
use self::network::Network;
use self::sessions::Sessions;
use self::settings::Settings;
pub use self::stored::{Batch, Given, Life, Position, Room, State, Stored};
use self::storing::{Rare, Replacing, Staging};
use self::tokens::Tokens;
use crate::behaviour::Overflow;
use crate::behaviour::violations::Images;
use crate::calls::control::{Counters, Status};
use crate::calls::v1::Subscription;
use crate::clock::{Clock, Mono, Now, UnixMillis};
use crate::delivery::line::Line;
use crate::delivery::push::Push;
use crate::delivery::report::Report;
use crate::event::{Entry, Fact, Index, Photo, Seqnum};
use crate::faults::{Faults, Site};
use crate::journal::{Appended, Caching, Journal};
use crate::wire::View;
use crate::world::World;

/// At most this many due events are handled at one wake-up, before other inputs get their turn: at
/// under 2 µs each, a caller waits a few milliseconds at most.
const EVENTS_PER_WAKE_UP_MAX: usize = 1000;

/// One device at a door.
#[derive(Debug)]
pub struct Device {
    config: Arc<Config>,
    view: Arc<View>,
    clock: Clock,
    journal: Journal,
    world: World,
    accounts: Arc<Accounts>,
    sessions: Sessions,
    /// Those of v1.
    tokens: Tokens,
    settings: Settings,
    subscription: Option<Subscription>,
    network: Network,
    push: Push,
    report: Report,
    line: Line,
    staging: Staging,
    room: Room,
    pushed: u64,
    dropped: u64,
    refused: u64,
    reported: u64,
    started: Mono,
    /// The latest time an entry shows since the clock was last set back, stamps ahead of the clock apart.
    latest: UnixMillis,
    factory_resets: u64,
    starts: u64,
    /// What was taken over from the configuration.
    given: Given,
    attempts: u64,
    faults: Faults,
    remembered: Remembered,
}

impl Device {
    /// A device as it comes up for the first time, its clock showing `now.wall`.
    #[must_use]
    pub fn new(config: Arc<Config>, now: Now) -> Self {
        let view = config.view(0);
        let (journal, world) = backfill::begin(&config, view.seed, now.wall);
        let clock = Clock::new(now, config.speed);
        Self::made(config, view, clock, journal, world)
    }

    /// A device as configured, with that past.
    fn made(config: Arc<Config>, view: View, clock: Clock, journal: Journal, world: World) -> Self {
        let destination = config.push_to.clone();
        let mut settings = Settings::factory(&config.setup);
        settings.report_from_the_start(config.report_to.as_ref());
        let faults = Faults::new(&config.faults, config.seed, clock.anchor().mono);
        let mut device = Self {
            view: Arc::new(View { faults: faults.armed(), ..view }),
            started: clock.anchor().mono,
            latest: clock.anchor().wall,
            clock,
            journal,
            world,
            accounts: Arc::clone(&config.accounts),
            sessions: Sessions::default(),
            tokens: Tokens::default(),
            settings,
            subscription: destination
                .map(|destination| Subscription { destination, enabled: true }),
            network: Network::new(config.link),
            push: Push::default(),
            report: Report::default(),
            line: Line::default(),
            staging: Staging::default(),
            room: Room::Free,
            pushed: 0,
            dropped: 0,
            refused: 0,
            reported: 0,
            factory_resets: 0,
            starts: 0,
            given: Given::by(&config),
            attempts: 0,
            faults,
            remembered: Remembered::default(),
            config,
        };
        device.begin_to_remember(device.clock.anchor().mono);
        device
    }

    /// What it was made of.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config)
    }

    /// Becomes `fresh`, a new device of the same configuration: as at its start, with the same seed. Made
    /// beforehand, since a long past takes its time.
    pub fn rewind(&mut self, mut fresh: Self, mono: Mono, effects: &mut Effects) {
        fresh.starts = self.starts;
        self.change(Rare::Replace(Box::new(fresh), Replacing::Rewind), mono, effects);
        self.deliver(mono, effects);
    }

    /// Does what is due: the world's next events, the network's flapping, deliveries.
    pub fn handle_timer(&mut self, mono: Mono, effects: &mut Effects) {
        let now = self.clock.at(mono);
        self.expire_faults(mono, effects);
        self.step_restarts(mono, effects);
        self.step_network(now, effects);
        self.catch_up(now, effects);
        self.deliver(mono, effects);
    }

    /// When [`Device::handle_timer`] is due; none while nothing is.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Mono> {
        let due = self.world.next_due().filter(|_| !self.is_leaving());
        let world = due.map(|due| self.clock.when(due));
        let deadlines = [
            world,
            self.network.deadline(),
            self.push_deadline(),
            self.line_deadline(),
            self.fault_deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Lets the world's due events happen; at most a wake-up's share of them.
    fn catch_up(&mut self, now: Now, effects: &mut Effects) {
        if self.is_leaving() {
            return;
        }
        for _ in 0..EVENTS_PER_WAKE_UP_MAX {
            let Some(happening) = self.world.advance(now.wall) else {
                break;
            };
            self.happen(happening.at, happening.fact, now, effects);
        }
    }

    /// The one place where something that happened is numbered; none while there is no room for it.
    fn happen(
        &mut self,
        at: UnixMillis,
        fact: Fact,
        now: Now,
        effects: &mut Effects,
    ) -> Option<(Index, Option<Seqnum>, UnixMillis)> {
        let view = self.exchange(Site::Append, now.mono);
        let fact = fact.with_photo(self.photo(&view));
        if !self.has_room() || view.behaviour.failures.device.full {
            self.refused += 1;
            return None;
        }
        // A stamp asked for ahead of the clock does not drag the clock along.
        self.latest = self.latest.max(at.min(now.wall));
        let stamp = view.shown_time(Now { wall: at, ..now });
        Some(self.enter(view, stamp, fact, now.mono, effects))
    }

    /// R-V3-26: whether a picture is taken of what happens now.
    fn photo(&self, view: &View) -> Photo {
        match view.behaviour.violations.v3.images {
            Images::AsSet => self.settings.photo(),
            Images::Never => Photo::None,
            Images::Always => Photo::Taken,
        }
    }

    /// The one place where an entry that has come into the journal enters the queues.
    fn appended(
        &mut self,
        view: &View,
        appended: &Appended,
        told: Option<Entry>,
        happened: Mono,
        effects: &mut Effects,
    ) {
        for lost in &appended.lost {
            if self.push.give_up(*lost) {
                self.dropped += 1;
            }
        }
        if let Some(seqnum) = appended.seqnum {
            match self.reporting(happened) {
                Reporting::Off => {}
                Reporting::Lost => {
                    self.report.drop_one();
                    self.note_missed(seqnum);
                }
                Reporting::Waits | Reporting::To(_) => self.report.add(seqnum, happened),
            }
        }
        if !self.faults.is_empty() {
            self.after_append(view, appended, told.as_ref());
        }
        if let Some(entry) = told.filter(|_| effects.watch) {
            effects.add(Effect::Happened(entry, Arc::clone(&self.view)));
        }
    }

    /// R-V1-04, R-V1-09.
    fn caching(&self) -> Caching {
        let knobs = &self.view.behaviour.v1;
        match &self.subscription {
            Some(subscription)
                if subscription.enabled
                    || knobs.cache_while_disabled
                    || self.faults.possible().violations.v1.push.while_disabled =>
            {
                match knobs.overflow {
                    Overflow::DropOldest => Caching::DropOldest,
                    Overflow::DropNewest => Caching::DropNewest,
                }
            }
            _ => Caching::Off,
        }
    }

    /// What its entries are shown with.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view)
    }

    /// Its clock at `mono`.
    #[must_use]
    pub fn now(&self, mono: Mono) -> Now {
        self.clock.at(mono)
    }

    /// At most `limit` kept entries from `from` on, by index.
    #[must_use]
    pub fn entries(&self, from: Index, limit: usize) -> Vec<Entry> {
        self.journal.entries(from, limit).into_iter().cloned().collect()
    }

    /// The device at this moment.
    #[must_use]
    pub fn status(&self, mono: Mono) -> Status {
        Status {
            online: self.network.link() == Link::Up,
            bounds: self.journal.bounds(),
            events: self.journal.len(),
            capacity: self.journal.capacity().get(),
            next_index: self.journal.next_index(),
            backlog: self.journal.backlog_len(),
            counters: Counters {
                pushed: self.pushed,
                dropped: self.dropped,
                refused: self.refused,
                evicted: self.journal.evicted(),
                reported: self.reported,
                reports_dropped: self.report.dropped(),
            },
            subscription: self.subscription.clone(),
            report_to: self.settings.report_to().map(|to| to.as_str().to_owned()),
            report_line: self.line_standing(mono),
            photo: self.settings.photo(),
            traffic: self.world.traffic(),
            speed: self.clock.speed(),
            now: self.clock.at(mono),
        }
    }
}
