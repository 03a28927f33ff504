//! What follows from what: each scene puts its beats on the agenda, with the table's delays.

use std::time::Duration;

use super::agenda::{Agenda, Beat, Clearing};
use super::casting;
use super::dice::Dice;
use super::door::OrderNumber;
use super::odds;
use super::order::Order;
use crate::clock::UnixMillis;
use crate::event::{Access, Cause, Fact, Method, Opener, Reason, Subject, Switch, Verdict};

/// Puts scenes on an agenda.
pub(super) struct Director<'a> {
    pub(super) agenda: &'a mut Agenda,
    pub(super) dice: &'a mut Dice,
    /// How long the door may stand open.
    pub(super) door_held_after: Duration,
    /// When the next one arrives: whoever is at the reader is dealt with by then, so that a
    /// temperature is always followed by its own access.
    pub(super) next_arrival: UnixMillis,
}

impl Director<'_> {
    /// A temperature, if one is taken; the access; the door, if it is a grant.
    pub(super) fn walk_in(&mut self, access: Access, at: UnixMillis) {
        let granted = access.verdict == Verdict::Accepted;
        let subject = access.subject;
        let at = self.temperature_of(&access, at);
        self.agenda.put(at, Beat::Plain(Fact::Access(access)));
        if granted {
            self.grant(subject, at);
        }
    }

    /// Wrong PINs until the device has had enough; the alarm is cleared some time later.
    pub(super) fn guessing(&mut self, access: &Access, at: UnixMillis) {
        let mut at = self.temperature_of(access, at);
        let next_try = |reason, dice: &mut Dice| Access {
            verdict: Verdict::Refused(reason),
            face: casting::face(access.method, access.subject, dice),
            ..access.clone()
        };
        for _ in 0..odds::WRONG_PINS_BEFORE_ATTACK {
            let wrong = next_try(Reason::WrongPin, self.dice);
            self.agenda.put(at, Beat::Plain(Fact::Access(wrong)));
            at = at + self.dice.millis(odds::BETWEEN_PINS);
        }
        let access = next_try(Reason::TooManyPins, self.dice);
        let clear_after = self.dice.millis(odds::RAISED_TO_CLEARED);
        self.agenda.put(at, Beat::PinAttack { access, clear_after });
    }

    /// The exit button is pressed and released, and the door opens.
    pub(super) fn exit(&mut self, at: UnixMillis) {
        self.agenda.put(at, Beat::Plain(Fact::Button(Switch::On)));
        let released = at + self.dice.millis(odds::PRESS_TO_RELEASE);
        self.agenda.put(released, Beat::Plain(Fact::Button(Switch::Off)));
        self.grant(Subject::Nobody, at);
    }

    /// Somebody opens the door over the network.
    pub(super) fn remote(&mut self, subject: Subject, at: UnixMillis) {
        self.agenda.put(at, Beat::Plain(Fact::Remote(Opener::Known(subject), Switch::On)));
        self.grant(subject, at);
    }

    /// Somebody orders the door over the network, who comes soon after it was unlocked; it is locked at
    /// once.
    pub(super) fn order(&mut self, by: Opener, order: Order, number: OrderNumber, at: UnixMillis) {
        let subject = by.subject();
        let state = match order {
            Order::Open(_) => Switch::On,
            Order::Close => Switch::Off,
        };
        self.agenda.put(at, Beat::Plain(Fact::Remote(by, state)));
        match order {
            Order::Open(hold) => {
                let open = at + self.dice.millis(odds::GRANT_TO_OPEN);
                self.agenda.put(open, Beat::Unlock { subject, hold, number });
            }
            Order::Close => self.agenda.put(at, Beat::Lock),
        }
    }

    /// The door opens and closes.
    pub(super) fn door(&mut self, subject: Subject, at: UnixMillis) {
        let close_after = if self.dice.chance(odds::HELD_OPEN) {
            self.door_held_after + self.dice.millis(odds::HELD_TO_CLOSE)
        } else {
            self.dice.millis(odds::OPEN_TO_CLOSE)
        };
        self.agenda.put(at, Beat::Open { subject, close_after });
    }

    /// The door opens, is held until it alarms, and closes.
    pub(super) fn held_door(&mut self, subject: Subject, at: UnixMillis) {
        let close_after = self.door_held_after + self.dice.millis(odds::HELD_TO_CLOSE);
        self.agenda.put(at, Beat::Open { subject, close_after });
    }

    /// The door is forced and closes.
    pub(super) fn forced_door(&mut self, at: UnixMillis) {
        let close_after = self.dice.millis(odds::FORCED_TO_CLOSE);
        self.agenda.put(at, Beat::Force { close_after });
    }

    /// An alarm that is cleared, perhaps not at the first try.
    pub(super) fn alarm(&mut self, cause: Cause, subject: Subject, at: UnixMillis) {
        let failures = if self.dice.chance(odds::CLEARING_FAILS) {
            self.dice.within(odds::FAILED_CLEARINGS)
        } else {
            0
        };
        let clearing = Clearing { after: self.dice.millis(odds::RAISED_TO_CLEARED), failures };
        self.agenda.put(at, Beat::Raise { cause, subject, clearing });
    }

    fn grant(&mut self, subject: Subject, at: UnixMillis) {
        let open = at + self.dice.millis(odds::GRANT_TO_OPEN);
        self.door(subject, open);
    }

    /// The temperature of the access, if it has one; when the access itself follows.
    fn temperature_of(&mut self, access: &Access, at: UnixMillis) -> UnixMillis {
        let Some(therm) = access.therm else {
            return at;
        };
        let subject = sensed(access.method, access.subject);
        self.agenda.put(at, Beat::Plain(Fact::Temperature(subject, therm)));
        let access_at = at + self.dice.millis(odds::THERM_TO_ACCESS);
        access_at.min(self.next_arrival.max(at))
    }
}

/// Whom the sensor knows: only whose face was looked at meanwhile.
const fn sensed(method: Method, subject: Subject) -> Subject {
    match method.kind() {
        Some(crate::event::Kind::Face) => subject,
        _ => Subject::Nobody,
    }
}
