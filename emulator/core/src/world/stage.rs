//! The world of one door: arrivals and agenda in one order, the door's leaf and the open alarms.

mod asked;
mod beats;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::agenda::Agenda;
use super::alarms::Alarms;
use super::arrivals::{Arrivals, Intensity};
use super::casting::{self, Part};
use super::dice::Dice;
use super::door::Door;
use super::odds::{Outcome, Scene};
use super::position::{BadPosition, Reader, Writer};
use super::program::Program;
use super::roster::Roster;
use super::rules::Who;
use super::scenes::Director;
use super::setup::{Happening, Setup};
use super::standing::{Category, Moment};
use super::traffic::Traffic;

use crate::clock::UnixMillis;
use crate::event::{Access, AlarmSerial, Cause, Method, PersonRef, Reason, Subject, Verdict};
use crate::seed::Seed;

/// The world of one door.
#[derive(Clone, Debug)]
pub struct World {
    setup: Arc<Setup>,
    roster: Arc<Roster>,
    program: Arc<Program>,
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
        let program = Program::of(&setup, &roster);
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
        self.program = Program::of(&setup, &self.roster);
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
        let program = Program::of(&self.setup, &self.roster);
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
}
