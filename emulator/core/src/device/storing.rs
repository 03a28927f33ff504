//! What of a device is stored, and when a change of it counts.
//!
//! A device of which nothing is stored changes at once. One that is stored *stages* each change: it is
//! numbered and waits; [`Device::take_batch`] hands out what waits, whoever stores it says how that went, and
//! only then it is applied, in order, and can be seen from outside. What cannot be stored never was:
//! numbering goes back, and whoever waits is told. What the platform acknowledged is applied at once, for it
//! has happened, and stored with the next batch.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Device;
use super::effects::{Effect, Effects, Link};
use super::network::Network;
use super::sessions::Sessions;
use super::settings::Settings;
use super::stored::{Batch, Given, Life, Position, Room, State, Stored};
use super::tokens::Tokens;
use crate::calls::v1::Subscription;
use crate::clock::{Clock, Mono, Now, UnixMillis};
use crate::delivery::push::Push;
use crate::event::{AlarmSerial, Entry, Fact, Index, Photo, Seqnum};
use crate::journal::{Appended, Caching, Journal, Place, Waiting};
use crate::wire::View;
use crate::world::{BadPosition, Changes, Roster, World};

/// What waits to be stored.
#[derive(Debug, Default)]
pub(super) struct Staging {
    mode: Mode,
    steps: VecDeque<Step>,
    /// How many of the steps are being stored.
    taken: usize,
    /// Told and not yet confirmed; told again if that fails.
    told: Vec<(Place, Waiting)>,
    /// Whether one of the steps puts another device in this one's place.
    leaving: Leaving,
    /// How many steps there ever were.
    ticket: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Memory,
    Stored,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Leaving {
    #[default]
    No,
    Soon,
}

/// One staged change.
#[derive(Debug)]
enum Step {
    /// The journal's next staged entry, which happened then, and how the device behaved.
    Entry(Mono, Arc<View>),
    /// Something rare.
    Rare(Rare),
    /// The world moved without an entry.
    World,
}

/// What changes seldom and is stored before it is so.
#[derive(Debug)]
pub(super) enum Rare {
    /// A new subscription; none where a fault takes it away.
    Subscription(Option<Subscription>),
    /// A new password's digest.
    Password(String, String),
    /// New settings, checked.
    Settings(Vec<(&'static str, String)>),
    /// The people as they are with changes, and these.
    People(Arc<Roster>, Changes),
    /// A power cycle.
    Restart,
    /// Another device in its place.
    Replace(Box<Device>, Replacing),
}

/// Why a device is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replacing {
    FactoryReset,
    Rewind,
}

impl Device {
    /// The device goes on as it is stored. Its clock shows `now.wall`, or the latest stored time where that
    /// is later.
    ///
    /// # Errors
    /// When its world cannot stand where it is said to.
    pub fn restored(
        config: Arc<super::Config>,
        stored: Stored,
        now: Now,
    ) -> Result<Self, BadPosition> {
        let Stored { state, position, journal, people } = stored;
        let wall = now.wall.max(position.latest);
        let view = config.view(state.factory_resets);
        // An address that was taken over before does not undo what was changed since.
        let is_news = |given: &Option<String>, before| given.is_some() && *given != before;
        let mut given = Given::by(&config);
        let mut settings = Settings::factory(&config.setup);
        settings.restore(state.settings);
        if is_news(&given.report_to, state.given.report_to.clone()) {
            settings.report_from_the_start(config.report_to.as_ref());
        } else {
            given.report_to = state.given.report_to;
        }
        let setup = Arc::clone(settings.setup());
        let roster = if people.is_empty() && state.cleared_at == 0 {
            Arc::clone(&config.roster)
        } else {
            Arc::new(config.roster.changed(people, state.cleared_at))
        };
        let seed = view.seed.named("world");
        let world = World::new(seed, setup, roster, config.traffic, wall);
        let world = match position.world.as_slice() {
            [] => world.with_next_alarm(next_alarm(&journal)),
            position => world.restored(seed, position, wall)?,
        };
        let now = Now { wall, ..now };
        let clock = Clock::new(now, config.speed);
        let mut device = Self::made(config, view, clock, journal, world);
        device.latest = position.latest;
        device.factory_resets = state.factory_resets;
        device.sessions = Sessions::of_start(state.starts);
        device.tokens = Tokens::of_start(state.starts);
        device.starts = state.starts;
        for (user, digest) in state.passwords {
            Arc::make_mut(&mut device.accounts).insert(user, digest);
        }
        if !is_news(&given.push_to, state.given.push_to.clone()) {
            device.subscription = state.subscription;
            given.push_to = state.given.push_to;
        }
        device.settings = settings;
        device.given = given;
        device.renew_view();
        Ok(device)
    }

    /// From now on it is stored: what to begin with. [`Device::begun`] is told when that is done.
    pub fn begin(&mut self, life: Life) -> Batch {
        self.starts += 1;
        self.sessions = Sessions::of_start(self.starts);
        self.tokens = Tokens::of_start(self.starts);
        self.staging.mode = Mode::Stored;
        self.whole(life)
    }

    /// All there is to store.
    fn whole(&mut self, life: Life) -> Batch {
        let entries = if life == Life::Begins { self.journal.kept() } else { Vec::new() };
        Batch {
            life,
            entries,
            waiting: self.journal.take_waiting(),
            dead: self.journal.take_dead(),
            people: Changes::default(),
            state: Some(self.state()),
            position: Some(self.position()),
        }
    }

    /// What it begins with is stored, the entries from `first` on.
    pub fn begun(&mut self, first: Option<Place>) {
        if let Some(first) = first {
            self.journal.kept_at(first);
        }
    }

    /// Whether something waits to be stored.
    #[must_use]
    pub fn has_unstored(&self) -> bool {
        self.staging.mode == Mode::Stored
            && (self.staging.steps.len() > self.staging.taken || self.journal.has_waiting())
    }

    /// How many changes were ever staged: a caller's are stored once [`Device::stored_ticket`] has reached
    /// what this was after the call.
    #[must_use]
    pub const fn staged_ticket(&self) -> u64 {
        self.staging.ticket
    }

    /// How many changes are stored or given up.
    #[must_use]
    pub fn stored_ticket(&self) -> u64 {
        self.staging.ticket - self.staging.steps.len() as u64
    }

    /// How many entries wait to be stored.
    #[must_use]
    pub fn unstored(&self) -> usize {
        self.journal.staged().len()
    }

    /// Hands out what waits; none if nothing does. One batch at a time: its end is told by
    /// [`Device::handle_stored`] or [`Device::handle_not_stored`].
    pub fn take_batch(&mut self) -> Option<Batch> {
        if !self.has_unstored() || self.staging.taken > 0 || !self.staging.told.is_empty() {
            return None;
        }
        if let Some(Step::Rare(Rare::Replace(fresh, _))) = self.staging.steps.front_mut() {
            self.staging.taken = 1;
            // What is void with it need not be told.
            let batch = fresh.whole(Life::Begins);
            return Some(Batch { dead: self.journal.take_dead(), ..batch });
        }
        let is_replacing = |step: &Step| matches!(step, Step::Rare(Rare::Replace(..)));
        let steps = &self.staging.steps;
        let taken = steps.iter().position(is_replacing).unwrap_or(steps.len());
        let mut state = None;
        let mut people = Changes::default();
        for step in steps.iter().take(taken) {
            if let Step::Rare(rare) = step {
                rare.change(state.get_or_insert_with(|| self.state()));
                if let Rare::People(_, changes) = rare {
                    people.edits.extend(changes.edits.iter().cloned());
                    people.forgotten.extend(&changes.forgotten);
                }
            }
        }
        self.staging.taken = taken;
        self.staging.told = self.journal.take_waiting();
        let dead = self.journal.take_dead();
        // What is dead may be swept, so it is stored that the window begins beyond it.
        let moved = taken > 0 || !dead.is_empty();
        Some(Batch {
            life: Life::GoesOn,
            entries: self.journal.staged().cloned().collect(),
            waiting: self.staging.told.clone(),
            dead,
            people,
            state,
            position: moved.then(|| self.position()),
        })
    }

    /// The batch is stored, its entries from `first` on: what was staged is so.
    pub fn handle_stored(&mut self, first: Option<Place>, mono: Mono, effects: &mut Effects) {
        let mut places = (0..).map_while(|by| first.map(|first| first.after(by)));
        self.staging.told.clear();
        for _ in 0..std::mem::take(&mut self.staging.taken) {
            match self.staging.steps.pop_front() {
                Some(Step::Entry(happened, view)) => {
                    let place = places.next().expect("entries were stored somewhere");
                    let is_told = effects.watch || !self.faults.is_empty();
                    let told = self.journal.staged().next().filter(|_| is_told);
                    let told = told.map(|staged| staged.entry.clone());
                    let appended = self.journal.commit(place).expect("a step has its entry");
                    self.appended(&view, &appended, told, happened, effects);
                }
                Some(Step::Rare(Rare::Replace(mut fresh, replacing))) => {
                    fresh.begun(first);
                    fresh.journal.bury(self.journal.take_dead());
                    fresh.journal.bury(self.journal.places().collect());
                    self.replace(*fresh, replacing, mono, effects);
                }
                Some(Step::Rare(rare)) => self.apply(rare, mono, effects),
                Some(Step::World) | None => {}
            }
        }
        self.deliver(mono, effects);
    }

    /// Nothing of the batch is stored: what is staged is given up, also what was staged since. Nobody has
    /// seen any of it.
    pub fn handle_not_stored(&mut self) {
        let told = std::mem::take(&mut self.staging.told);
        self.journal.tell_again(told);
        self.staging.steps.clear();
        self.staging.taken = 0;
        self.staging.leaving = Leaving::No;
        self.refused += self.journal.roll_back() as u64;
    }

    /// While there is no room, nothing that happens is kept: the fault of a full device.
    pub const fn set_room(&mut self, room: Room) {
        self.room = room;
    }

    /// The people as they will be once all that waits is stored.
    pub(super) fn staged_roster(&self) -> &Arc<Roster> {
        let staged = self.staging.steps.iter().rev().find_map(|step| match step {
            Step::Rare(Rare::People(roster, _)) => Some(roster),
            _ => None,
        });
        staged.unwrap_or_else(|| self.world.roster())
    }

    /// Whether it has room.
    pub(super) fn has_room(&self) -> bool {
        self.room == Room::Free && !self.faults.certain().failures.device.full
    }

    /// Whether another device is about to take its place: until then nothing happens at its door.
    pub(super) fn is_leaving(&self) -> bool {
        self.staging.leaving == Leaving::Soon
    }

    /// What happened is numbered, and shown at once where nothing is stored.
    pub(super) fn enter(
        &mut self,
        view: Arc<View>,
        at: UnixMillis,
        fact: Fact,
        mono: Mono,
        effects: &mut Effects,
    ) -> (Index, Option<Seqnum>, UnixMillis) {
        let caching = self.spoilt_caching(self.caching(), &view, &fact);
        if self.staging.mode == Mode::Stored {
            let entry = self.journal.stage(at, fact, caching);
            let numbers = (entry.index, entry.seqnum, at);
            self.stage(Step::Entry(mono, view));
            return numbers;
        }
        // What has no v3 form and is not cached is nowhere to be read afterwards.
        let is_told = effects.watch || !self.faults.is_empty();
        let told = is_told.then(|| fact.clone());
        let appended = self.journal.append(at, fact, caching);
        let Appended { index, seqnum, .. } = appended;
        let told = told.map(|fact| Entry { index, seqnum, at, fact });
        self.appended(&view, &appended, told, mono, effects);
        (index, seqnum, at)
    }

    /// The one place where something rare changes: at once, or when it is stored.
    pub(super) fn change(&mut self, rare: Rare, mono: Mono, effects: &mut Effects) {
        match self.staging.mode {
            Mode::Memory => self.apply(rare, mono, effects),
            Mode::Stored => {
                if matches!(rare, Rare::Replace(..)) {
                    self.staging.leaving = Leaving::Soon;
                }
                self.stage(Step::Rare(rare));
            }
        }
    }

    /// The world moved: that is stored even if nothing happened yet.
    pub(super) fn world_moved(&mut self) {
        if self.staging.mode == Mode::Stored {
            self.stage(Step::World);
        }
    }

    fn stage(&mut self, step: Step) {
        self.staging.steps.push_back(step);
        self.staging.ticket += 1;
    }

    fn apply(&mut self, rare: Rare, mono: Mono, effects: &mut Effects) {
        match rare {
            Rare::Subscription(subscription) => {
                self.subscription = subscription;
                self.push.wake();
            }
            Rare::Password(user, digest) => {
                Arc::make_mut(&mut self.accounts).insert(user, digest);
            }
            Rare::Settings(settings) => {
                let was = self.settings.photo();
                self.settings.store(settings, self.view.behaviour.v3.log_mode_applies);
                self.follow_settings(was, mono, effects);
            }
            Rare::People(roster, _) => {
                self.world.set_roster(roster, self.clock.at(mono).wall);
                self.renew_view();
                self.world_moved();
            }
            Rare::Restart => {
                effects.add(Effect::Cut);
                self.forget_deliveries();
                self.line.cut();
                self.push.wake();
                self.sessions.clear();
                self.tokens = self.tokens.ended();
                let was = self.settings.photo();
                self.settings.take_effect();
                self.follow_settings(was, mono, effects);
                self.remembered.restarted_after = self.newest();
                self.started = mono;
            }
            Rare::Replace(fresh, replacing) => self.replace(*fresh, replacing, mono, effects),
        }
    }

    /// The door is as the settings in effect have it.
    fn follow_settings(&mut self, was: Photo, mono: Mono, effects: &mut Effects) {
        if self.settings.photo() != was {
            effects.add(Effect::Photos(self.settings.photo()));
        }
        if self.world.setup() != self.settings.setup() {
            let setup = Arc::clone(self.settings.setup());
            self.world.set_setup(setup, self.clock.at(mono).wall);
            self.world_moved();
        }
    }

    fn replace(&mut self, fresh: Self, why: Replacing, mono: Mono, effects: &mut Effects) {
        effects.add(Effect::Cut);
        let mut staging = std::mem::take(&mut self.staging);
        staging.leaving = Leaving::No;
        let was: Link = self.network.link();
        let photo = self.settings.photo();
        let attempts = self.attempts;
        let (sessions, tokens) = (self.sessions.ended(), self.tokens.ended());
        let starts = self.starts;
        match why {
            Replacing::Rewind => {
                *self = Self { attempts, sessions, tokens, starts, staging, ..fresh };
            }
            Replacing::FactoryReset => {
                let network = std::mem::replace(&mut self.network, Network::new(was));
                let mut report = std::mem::take(&mut self.report);
                report.reset();
                let (clock, room) = (self.clock, self.room);
                let started = mono;
                // Faults belong to the world around the device: they stay.
                let faults = std::mem::take(&mut self.faults);
                let kept = Self { attempts, sessions, tokens, starts, staging, network, ..fresh };
                *self = Self { report, clock, room, started, faults, ..kept };
                self.begin_to_remember(mono);
                self.renew_view();
                if effects.watch {
                    let entries = self.journal.entries(Index::FIRST, 1);
                    let entries: Vec<Entry> = entries.into_iter().cloned().collect();
                    for entry in entries {
                        effects.add(Effect::Happened(entry, Arc::clone(&self.view)));
                    }
                }
            }
        }
        if self.settings.photo() != photo {
            effects.add(Effect::Photos(self.settings.photo()));
        }
        if self.network.link() != was {
            effects.add(Effect::Link(self.network.link()));
        }
    }

    /// The device after a factory reset, its first entry made.
    pub(super) fn reset_to_factory(&self, now: Now) -> Box<Self> {
        let config = Arc::clone(&self.config);
        let factory_resets = self.factory_resets + 1;
        let view = config.view(factory_resets);
        let (setup, roster) = (Arc::clone(&config.setup), Arc::clone(&config.roster));
        let traffic = self.world.traffic();
        let world = World::new(view.seed.named("world"), setup, roster, traffic, now.wall);
        let mut journal = Journal::new(config.capacity);
        if self.has_room() {
            journal.append(now.wall, Fact::Reset, Caching::Off);
        }
        let mut device = Self::made(config, view, self.clock, journal, world);
        device.latest = self.latest.max(now.wall);
        device.factory_resets = factory_resets;
        device.starts = self.starts;
        device.subscription = None;
        device.settings = Settings::factory(&device.config.setup);
        device.push = Push::default();
        Box::new(device)
    }

    fn state(&self) -> State {
        let configured = &self.config.accounts;
        let differs = |user: &String, digest: &String| configured.get(user) != Some(digest);
        let accounts = self.accounts.iter().filter(|(user, digest)| differs(user, digest));
        State {
            factory_resets: self.factory_resets,
            starts: self.starts,
            subscription: self.subscription.clone(),
            passwords: accounts.map(|(user, digest)| (user.clone(), digest.clone())).collect(),
            settings: self.settings.stored(),
            cleared_at: self.world.roster().cleared_at(),
            given: self.given.clone(),
        }
    }

    fn position(&self) -> Position {
        let (next_index, next_seqnum) = self.journal.next_staged();
        let world = self.world.position();
        let oldest_seqnum = self.journal.oldest_seqnum();
        Position { next_index, next_seqnum, oldest_seqnum, latest: self.latest, world }
    }
}

/// The serial after those of the alarms on record.
fn next_alarm(journal: &Journal) -> AlarmSerial {
    let serials = journal.kept().into_iter().filter_map(|kept| match kept.entry.fact {
        Fact::Alarm(alarm) => Some(alarm.trace.serial.0),
        Fact::PinAttack(_, serial) => Some(serial.0),
        _ => None,
    });
    AlarmSerial(serials.max().unwrap_or(0).saturating_add(1))
}

impl Rare {
    /// What it will have changed.
    fn change(&self, state: &mut State) {
        match self {
            Self::Subscription(subscription) => state.subscription.clone_from(subscription),
            Self::Password(user, digest) => {
                state.passwords.insert(user.clone(), digest.clone());
            }
            Self::Settings(settings) => {
                let settings =
                    settings.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
                state.settings.extend(settings);
            }
            Self::People(roster, _) => state.cleared_at = roster.cleared_at(),
            Self::Restart | Self::Replace(..) => {}
        }
    }
}
