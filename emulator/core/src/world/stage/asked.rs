//! What is asked of a world: a wish for an event or a scene, and a platform's order to the door.

use super::World;
use crate::clock::UnixMillis;
use crate::event::{Alarm, Cause, Fact, Opener, Photo, Reason, Subject, Switch, Trace, Verdict};
use crate::world::agenda::Beat;
use crate::world::casting;
use crate::world::chosen::Chosen;
use crate::world::enrolment::UserId;
use crate::world::order::Order;
use crate::world::prepare::{self, Act, Prepared};
use crate::world::refusal::Refusal;
use crate::world::scenes::Director;
use crate::world::standing::Moment;
use crate::world::wish::Wish;

impl World {
    /// Checks a wish as a whole and changes nothing.
    ///
    /// # Errors
    ///
    /// What tables B, C and E lack, what contradicts itself, and clearing what is not raised.
    pub fn prepare(&self, wish: &Wish) -> Result<Prepared, Refusal> {
        prepare::prepare(wish, &self.setup, &self.roster, &self.alarms)
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
}
