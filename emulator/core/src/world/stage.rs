//! The world of one door: arrivals and agenda in one order, the door's leaf and the open alarms.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::agenda::{Agenda, Beat, Clearing, Place};
use super::alarms::Alarms;
use super::arrivals::{Arrivals, Intensity};
use super::casting::{self, Part};
use super::chosen::Chosen;
use super::dice::Dice;
use super::door::{Door, Opening, OpeningNumber, OrderNumber, Unlocked};
use super::enrolment::UserId;
use super::odds::{Outcome, Scene};
use super::order::{Hold, Order};
use super::position::{BadPosition, Reader, Writer};
use super::prepare::{Act, Prepared};
use super::program::Program;
use super::refusal::Refusal;
use super::roster::Roster;
use super::rules::Who;
use super::scenes::Director;
use super::setup::{Happening, Setup};
use super::standing::{Category, Moment};
use super::traffic::Traffic;
use super::wish::Wish;

use crate::clock::UnixMillis;
use crate::event::{
    Access, Alarm, AlarmSerial, Cause, Fact, Method, Opener, PersonRef, Phase, Photo, Reason,
    Subject, Switch, Trace, Verdict,
};
use crate::seed::Seed;

/// The world of one door.
#[derive(Clone, Debug)]
pub struct World {
    setup: Arc<Setup>,
    roster: Arc<Roster>,
    program: Program,
    intensity: Intensity,
    arrivals: Arrivals,
    agenda: Agenda,
    alarms: Alarms,
    door: Door,
    /// Draws of the door's own scenes.
    scene_dice: Dice,
    /// Draws of what is asked for, apart so that asking never changes what happens by itself.
    wish_dice: Dice,
    /// The latest stamp handed out since the clock was set: nothing goes on the agenda before it.
    latest: UnixMillis,
    skipped: u64,
}

impl World {
    /// A door that comes to life at `from`: closed, without alarms.
    #[must_use]
    pub fn new(
        seed: Seed,
        setup: Arc<Setup>,
        roster: Arc<Roster>,
        traffic: Traffic,
        from: UnixMillis,
    ) -> Self {
        let program = Program::new(&setup, &roster);
        let intensity = Intensity {
            traffic,
            time_zone: setup.time_zone.clone(),
            events_per_arrival: program.events_per_arrival,
        };
        Self {
            arrivals: Arrivals::new(seed.named("arrivals"), &intensity, from),
            setup,
            roster,
            program,
            intensity,
            agenda: Agenda::default(),
            alarms: Alarms::new(AlarmSerial(1)),
            door: Door::default(),
            scene_dice: Dice::new(seed.named("scenes")),
            wish_dice: Dice::new(seed.named("wishes")),
            latest: from,
            skipped: 0,
        }
    }

    /// Where it stands, for [`World::restored`].
    #[must_use]
    pub fn position(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.stamp(self.latest);
        writer.number(self.skipped);
        writer.number(self.scene_dice.draws());
        writer.number(self.wish_dice.draws());
        self.arrivals.write(&mut writer);
        self.door.write(&mut writer);
        self.alarms.write(&mut writer);
        self.agenda.write(&mut writer);
        writer.into_bytes()
    }

    /// This world, fresh from its seed, goes on where another of the same seed and roster stood.
    ///
    /// If the power was away when something was due, nobody came meanwhile, and the scenes that had begun
    /// go on from `now`. Otherwise everything follows as if nothing had been.
    ///
    /// # Errors
    /// When the bytes are no position.
    pub fn restored(
        mut self,
        seed: Seed,
        position: &[u8],
        now: UnixMillis,
    ) -> Result<Self, BadPosition> {
        let mut reader = Reader::new(position)?;
        self.latest = reader.stamp()?;
        self.skipped = reader.number()?;
        self.scene_dice = Dice::after(seed.named("scenes"), reader.number()?);
        self.wish_dice = Dice::after(seed.named("wishes"), reader.number()?);
        self.arrivals = Arrivals::read(seed.named("arrivals"), &mut reader)?;
        self.door = Door::read(&mut reader)?;
        self.alarms = Alarms::read(&mut reader)?;
        self.agenda = Agenda::read(&mut reader)?;
        reader.end()?;
        let missed = self.next_due().is_some_and(|due| due < now);
        if missed {
            let away = u64::try_from(now.millis() - self.latest.millis()).unwrap_or(0);
            self.agenda.put_off(Duration::from_millis(away));
        }
        if missed || !self.arrivals.are_of(&self.intensity) {
            self.arrivals.restart(&self.intensity, now.max(self.latest));
        }
        Ok(self)
    }

    /// The next alarm gets this serial: for a device whose earlier alarms are already on record.
    #[must_use]
    pub fn with_next_alarm(mut self, next: AlarmSerial) -> Self {
        self.alarms = Alarms::new(next);
        self
    }

    /// The serial of the next alarm.
    #[must_use]
    pub const fn next_alarm(&self) -> AlarmSerial {
        self.alarms.next()
    }

    /// When something is due next, or should be looked at again; never, if nothing will happen.
    #[must_use]
    pub fn next_due(&self) -> Option<UnixMillis> {
        let arrival = self.arrivals.next_due();
        self.agenda.next_due().map_or(arrival, |beat| Some(arrival.map_or(beat, |at| at.min(beat))))
    }

    /// The next thing that is due at or before `now`, stamped with the time it was due; none, if
    /// nothing is. Stamps go back only with the clock ([`World::set_clock`]).
    pub fn advance(&mut self, now: UnixMillis) -> Option<Happening> {
        loop {
            let due = self.next_due().filter(|due| *due <= now)?;
            // A beat goes before an arrival of the same moment: it belongs to an earlier scene.
            if self.agenda.next_due() == Some(due) {
                let (place, beat) = self.agenda.take().expect("a beat is due");
                if let Some(fact) = self.perform(place, beat) {
                    self.latest = self.latest.max(place.at);
                    return Some(Happening { at: place.at, fact });
                }
            } else if let Some(at) = self.arrivals.take(&self.intensity) {
                self.arrive(at);
            }
        }
    }

    /// From `now` on the door is that busy. Scenes that run are finished.
    pub fn set_traffic(&mut self, traffic: Traffic, now: UnixMillis) {
        self.intensity.traffic = traffic;
        self.arrivals.restart(&self.intensity, now.max(self.latest));
    }

    /// The device's clock is set from `from`, before which nothing is due any more, to `to`. The scenes that
    /// run go on as they would have, and who comes next comes by the new time: nobody came in between.
    pub fn set_clock(&mut self, from: UnixMillis, to: UnixMillis) {
        self.agenda.carry(from, to);
        self.latest = to;
        self.arrivals.restart(&self.intensity, to);
    }

    /// How busy the door is.
    #[must_use]
    pub const fn traffic(&self) -> Traffic {
        self.intensity.traffic
    }

    /// From `now` on the device is so set up. Scenes that run are finished as they began.
    pub fn set_setup(&mut self, setup: Arc<Setup>, now: UnixMillis) {
        self.program = Program::new(&setup, &self.roster);
        self.intensity.time_zone = setup.time_zone.clone();
        self.intensity.events_per_arrival = self.program.events_per_arrival;
        self.setup = setup;
        self.set_traffic(self.intensity.traffic, now);
    }

    /// How the device is set up.
    #[must_use]
    pub const fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    /// From `now` on those are enrolled. Scenes that run are finished as they began.
    pub fn set_roster(&mut self, roster: Arc<Roster>, now: UnixMillis) {
        self.roster = roster;
        let program = Program::new(&self.setup, &self.roster);
        let is_as_busy =
            program.events_per_arrival.to_bits() == self.intensity.events_per_arrival.to_bits();
        self.program = program;
        if !is_as_busy {
            self.intensity.events_per_arrival = self.program.events_per_arrival;
            self.set_traffic(self.intensity.traffic, now);
        }
    }

    /// Adds everybody of whom scenes that run, the door, or open alarms still speak.
    pub fn mention(&self, people: &mut BTreeSet<PersonRef>) {
        self.agenda.mention(people);
        self.alarms.mention(people);
        self.door.mention(people);
    }

    /// Who is enrolled.
    #[must_use]
    pub const fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// Scenes left out because too many were waiting.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Checks a wish as a whole and changes nothing.
    ///
    /// # Errors
    ///
    /// What tables B, C and E lack, what contradicts itself, and clearing what is not raised.
    pub fn prepare(&self, wish: &Wish) -> Result<Prepared, Refusal> {
        super::prepare::prepare(wish, &self.setup, &self.roster, &self.alarms)
    }

    /// Checks that so many scenes can be [`World::play`]ed.
    ///
    /// # Errors
    ///
    /// Too many earlier ones still wait.
    pub fn room_for(&self, scenes: u32) -> Result<(), Refusal> {
        if self.agenda.has_room(scenes) {
            Ok(())
        } else {
            Err(Refusal::Busy { waiting: self.agenda.waiting(), asked: scenes })
        }
    }

    /// One event of the wish, at that time, and nothing that would follow. Its `count` is the
    /// caller's to repeat.
    pub fn emit(&mut self, prepared: &Prepared, at: UnixMillis) -> Fact {
        match &prepared.act {
            Act::Access(plan) => {
                let moment = Moment::new(&self.setup.time_zone, at);
                let part = plan.part(moment, &self.roster, &mut self.wish_dice);
                let access = casting::access(part, &self.setup, &self.roster, &mut self.wish_dice);
                if access.verdict == Verdict::Refused(Reason::TooManyPins) {
                    self.pin_attack(access, at).0
                } else {
                    Fact::Access(access)
                }
            }
            Act::Temperature(who, therm) => {
                let subject = self.subject(*who, at);
                let dice = &mut self.wish_dice;
                let therm = therm.unwrap_or_else(|| casting::temperature(Verdict::Accepted, dice));
                Fact::Temperature(subject, therm)
            }
            Act::Door(switch) => self.sense(*switch),
            Act::Remote(who, switch) => {
                Fact::Remote(Opener::Known(self.subject(*who, at)), *switch)
            }
            Act::Button(switch) => Fact::Button(*switch),
            Act::Raise(cause, who) => {
                let subject = self.subject(*who, at);
                Fact::Alarm(self.raise(*cause, subject, at))
            }
            Act::Settle(cause, phase) => {
                Fact::Alarm(self.settle(*cause, *phase).unwrap_or(Alarm {
                    // Whoever emits more often than was prepared gets an alarm that nobody knows.
                    cause: *cause,
                    phase: *phase,
                    trace: Trace { serial: self.alarms.next(), raised_at: at },
                    subject: Subject::Nobody,
                    photo: Photo::None,
                }))
            }
        }
    }

    /// One scene of the wish, all that would follow included, goes on the agenda from that time on
    /// (not before what was already handed out). With no room ([`World::room_for`]) it is left out.
    pub fn play(&mut self, prepared: &Prepared, at: UnixMillis) {
        if !self.agenda.has_room(1) {
            self.skipped += 1;
            return;
        }
        let at = at.max(self.latest);
        let mut director = Director {
            agenda: &mut self.agenda,
            dice: &mut self.wish_dice,
            door_held_after: self.setup.door_held_after,
            next_arrival: UnixMillis::MAX,
        };
        let moment = Moment::new(&self.setup.time_zone, at);
        match &prepared.act {
            Act::Access(plan) => {
                let part = plan.part(moment, &self.roster, director.dice);
                let attack = part.verdict == Verdict::Refused(Reason::TooManyPins);
                let access = casting::access(part, &self.setup, &self.roster, director.dice);
                if attack {
                    director.guessing(&access, at);
                } else {
                    director.walk_in(access, at);
                }
            }
            Act::Door(Switch::On) => director.door(Subject::Nobody, at),
            Act::Door(Switch::Off) => director.agenda.put(at, Beat::Sensor(Switch::Off)),
            Act::Button(Switch::On) => director.exit(at),
            Act::Remote(who, Switch::On) => {
                let subject = who.subject(moment, &self.roster, director.dice);
                director.remote(subject, at);
            }
            Act::Raise(Cause::ForcedOpen, _) => director.forced_door(at),
            Act::Raise(Cause::HeldOpen, who) => {
                let subject = who.subject(moment, &self.roster, director.dice);
                director.held_door(subject, at);
            }
            Act::Raise(cause, who) => {
                let subject = who.subject(moment, &self.roster, director.dice);
                director.alarm(*cause, subject, at);
            }
            Act::Settle(cause, phase) => {
                director.agenda.put(at, Beat::Settle(*cause, *phase));
            }
            Act::Temperature(..) | Act::Button(Switch::Off) | Act::Remote(_, Switch::Off) => {
                let fact = self.emit(prepared, at);
                self.agenda.put(at, Beat::Plain(fact));
            }
        }
    }

    /// A platform's order goes on the agenda from that time on (not before what was already handed out).
    /// Whoever gives it asks [`World::room_for`] one scene first.
    pub fn order(&mut self, by: Opener, order: Order, at: UnixMillis) {
        let at = at.max(self.latest);
        let number = self.door.order();
        let mut director = Director {
            agenda: &mut self.agenda,
            dice: &mut self.wish_dice,
            door_held_after: self.setup.door_held_after,
            next_arrival: UnixMillis::MAX,
        };
        director.order(by, order, number, at);
    }

    /// The person enrolled under that name, if anybody is.
    #[must_use]
    pub fn enrolled(&self, userid: &str) -> Option<Subject> {
        self.roster.by_uid(&UserId::new(userid)?).map(Subject::Person)
    }

    fn subject(&mut self, who: Chosen, at: UnixMillis) -> Subject {
        let moment = Moment::new(&self.setup.time_zone, at);
        who.subject(moment, &self.roster, &mut self.wish_dice)
    }

    /// Somebody comes, or something befalls the door.
    fn arrive(&mut self, at: UnixMillis) {
        if !self.agenda.has_room(1) {
            self.skipped += 1;
            return;
        }
        let moment = Moment::new(&self.setup.time_zone, at);
        let scene = self.program.scenes.draw(&mut self.scene_dice);
        match scene.expect("a walk-in is always possible") {
            Scene::WalkIn => {
                let access = self.walk_in(moment);
                self.director().walk_in(access, at);
            }
            Scene::PinGuessing => {
                let access = self.guess(moment);
                self.director().guessing(&access, at);
            }
            Scene::RemoteOpening => {
                let subject = self.employee(Method::Face, moment);
                self.director().remote(subject, at);
            }
            Scene::ExitButton => self.director().exit(at),
            Scene::ForcedDoor => self.director().forced_door(at),
            Scene::Tamper => self.director().alarm(Cause::Tamper, Subject::Nobody, at),
            Scene::Fire => self.director().alarm(Cause::Fire, Subject::Nobody, at),
        }
    }

    fn director(&mut self) -> Director<'_> {
        Director {
            agenda: &mut self.agenda,
            dice: &mut self.scene_dice,
            door_held_after: self.setup.door_held_after,
            next_arrival: self.arrivals.next_due().unwrap_or(UnixMillis::MAX),
        }
    }

    fn walk_in(&mut self, moment: Moment) -> Access {
        let dice = &mut self.scene_dice;
        let (method, Outcome { who, verdict, .. }) = self
            .program
            .walk_ins
            .draw(dice)
            .expect("each mode has a method, and each method somebody unknown");
        let subject = casting::subject((who, method), verdict, moment, &self.roster, dice)
            .expect("outcomes of categories with nobody in them were left out");
        let verdict = casting::settled(verdict, subject, moment, &self.roster);
        let part = Part { subject, method, verdict, presented: None, therm: None };
        casting::access(part, &self.setup, &self.roster, dice)
    }

    fn guess(&mut self, moment: Moment) -> Access {
        let method = self.program.pin_methods.draw(&mut self.scene_dice);
        let method = method.expect("this scene needs a method with a PIN");
        let subject = self.employee(method, moment);
        let verdict = Verdict::Refused(Reason::TooManyPins);
        let part = Part { subject, method, verdict, presented: None, therm: None };
        casting::access(part, &self.setup, &self.roster, &mut self.scene_dice)
    }

    /// Some employee who may pass; nobody, if there are none.
    fn employee(&mut self, method: Method, moment: Moment) -> Subject {
        let who = Who::Enrolled(Category::Employee);
        let dice = &mut self.scene_dice;
        casting::subject((who, method), Verdict::Accepted, moment, &self.roster, dice)
            .unwrap_or(Subject::Nobody)
    }

    /// What the beat comes to; none if it is void by now.
    fn perform(&mut self, place: Place, beat: Beat) -> Option<Fact> {
        let at = place.at;
        match beat {
            Beat::Plain(fact) => Some(fact),
            Beat::PinAttack { access, clear_after } => {
                let (fact, serial) = self.pin_attack(access, at);
                let clearing = Clearing { after: clear_after, failures: 0 };
                self.clear_later(Cause::PinAttack, serial, clearing, at);
                Some(fact)
            }
            // A leaf that is held open moves for nobody (R-V3-34).
            Beat::Open { .. } | Beat::Force { .. } if self.door.is_held() => None,
            Beat::Open { .. } | Beat::Force { .. } if self.door.opening().is_some() => {
                self.agenda.put_back(place, beat);
                self.door.close().map(|opening| self.closed(opening))
            }
            Beat::Open { subject, close_after } => Some(self.open(subject, close_after, at)),
            Beat::Force { close_after } => Some(self.force(close_after, at)),
            Beat::Close(number) => {
                self.standing(number)?;
                self.door.close().map(|opening| self.closed(opening))
            }
            Beat::Held(number) => {
                // An alarm about a leaf that has not moved since is alarm enough.
                let opening = self.standing(number).filter(|opening| opening.alarm.is_none())?;
                Some(Fact::Alarm(self.raise(Cause::HeldOpen, opening.subject, at)))
            }
            Beat::Unlock { subject, hold, number } => self.unlock(subject, hold, number, at),
            Beat::Lock => self.door.close().map(|opening| self.closed(opening)),
            Beat::Raise { cause, subject, clearing } => {
                let alarm = self.raise(cause, subject, at);
                self.clear_later(cause, alarm.trace.serial, clearing, at);
                Some(Fact::Alarm(alarm))
            }
            Beat::Clear { cause, serial, clearing } => self.clear(cause, serial, clearing, at),
            Beat::Settle(cause, phase) => self.settle(cause, phase).map(Fact::Alarm),
            Beat::Sensor(switch) => Some(self.sense(switch)),
        }
    }

    fn open(&mut self, subject: Subject, close_after: Duration, at: UnixMillis) -> Fact {
        let number = self.door.open(subject);
        self.close_later(number, close_after, at);
        Fact::Door(Switch::On)
    }

    /// The door closes after a while, and is held too long before, if it is that long.
    fn close_later(&mut self, number: OpeningNumber, close_after: Duration, at: UnixMillis) {
        if close_after > self.setup.door_held_after {
            self.agenda.put(at + self.setup.door_held_after, Beat::Held(number));
        }
        self.agenda.put(at + close_after, Beat::Close(number));
    }

    fn unlock(
        &mut self,
        subject: Subject,
        hold: Hold,
        order: OrderNumber,
        at: UnixMillis,
    ) -> Option<Fact> {
        if !self.door.is_in_force(order) {
            return None;
        }
        let unlocked = self.door.unlock(subject, hold);
        let (Unlocked::Opened(number) | Unlocked::Stood(number)) = unlocked;
        if let Hold::For(close_after) = hold {
            self.close_later(number, close_after, at);
        }
        matches!(unlocked, Unlocked::Opened(_)).then_some(Fact::Door(Switch::On))
    }

    fn force(&mut self, close_after: Duration, at: UnixMillis) -> Fact {
        let alarm = self.raise(Cause::ForcedOpen, Subject::Nobody, at);
        if let Some(opening) = self.door.opening() {
            self.agenda.put(at + close_after, Beat::Close(opening.number));
        }
        Fact::Alarm(alarm)
    }

    /// Clears an alarm, or fails to and tries again later.
    fn clear(
        &mut self,
        cause: Cause,
        serial: AlarmSerial,
        mut clearing: Clearing,
        at: UnixMillis,
    ) -> Option<Fact> {
        if clearing.failures == 0 {
            return self.alarms.clear(cause, serial, Phase::Cleared).map(Fact::Alarm);
        }
        let alarm = self.alarms.clear(cause, serial, Phase::ClearingFailed)?;
        clearing.failures -= 1;
        self.clear_later(cause, serial, clearing, at);
        Some(Fact::Alarm(alarm))
    }

    fn clear_later(
        &mut self,
        cause: Cause,
        serial: AlarmSerial,
        clearing: Clearing,
        at: UnixMillis,
    ) {
        self.agenda.put(at + clearing.after, Beat::Clear { cause, serial, clearing });
    }

    /// The opening of that number, if the door still stands in it.
    fn standing(&self, number: OpeningNumber) -> Option<Opening> {
        self.door.opening().filter(|opening| opening.number == number)
    }

    /// What the closing of that opening is: the end of its alarm, if it has an open one.
    fn closed(&mut self, opening: Opening) -> Fact {
        opening
            .alarm
            .and_then(|(cause, serial)| self.alarms.clear(cause, serial, Phase::Cleared))
            .map_or(Fact::Door(Switch::Off), Fact::Alarm)
    }

    fn pin_attack(&mut self, access: Access, at: UnixMillis) -> (Fact, AlarmSerial) {
        let alarm = self.alarms.raise(Cause::PinAttack, access.subject, at);
        (Fact::PinAttack(access, alarm.trace.serial), alarm.trace.serial)
    }

    /// Raises an alarm, and the door goes along where the alarm is about it.
    fn raise(&mut self, cause: Cause, subject: Subject, at: UnixMillis) -> Alarm {
        let alarm = self.alarms.raise(cause, subject, at);
        if cause == Cause::ForcedOpen {
            self.door.open(subject);
        }
        if matches!(cause, Cause::ForcedOpen | Cause::HeldOpen) {
            self.door.alarm(cause, alarm.trace.serial);
        }
        alarm
    }

    /// Clears the oldest open alarm of the cause, or fails to; the door closes with its own alarms.
    fn settle(&mut self, cause: Cause, phase: Phase) -> Option<Alarm> {
        let serial = self.alarms.oldest(cause)?;
        let alarm = self.alarms.clear(cause, serial, phase)?;
        if phase == Phase::Cleared && matches!(cause, Cause::ForcedOpen | Cause::HeldOpen) {
            self.door.close();
        }
        Some(alarm)
    }

    /// The sensor says so; what was planned for the earlier opening is void.
    fn sense(&mut self, switch: Switch) -> Fact {
        match switch {
            Switch::On => {
                self.door.open(Subject::Nobody);
            }
            Switch::Off => {
                self.door.close();
            }
        }
        Fact::Door(switch)
    }
}
