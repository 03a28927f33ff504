//! What a beat of the agenda comes to when its time is there: the door's leaf moves, an alarm is raised or ends.

use std::time::Duration;

use super::World;
use crate::clock::UnixMillis;
use crate::event::{Access, Alarm, AlarmSerial, Cause, Fact, Phase, Subject, Switch};
use crate::world::agenda::{Beat, Clearing, Place};
use crate::world::door::{Opening, OpeningNumber, OrderNumber, Unlocked};
use crate::world::order::Hold;

impl World {
    /// What the beat comes to; none if it is void by now.
    pub(super) fn perform(&mut self, place: Place, beat: Beat) -> Option<Fact> {
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

    pub(super) fn pin_attack(&mut self, access: Access, at: UnixMillis) -> (Fact, AlarmSerial) {
        let alarm = self.alarms.raise(Cause::PinAttack, access.subject, at);
        (Fact::PinAttack(access, alarm.trace.serial), alarm.trace.serial)
    }

    /// Raises an alarm, and the door goes along where the alarm is about it.
    pub(super) fn raise(&mut self, cause: Cause, subject: Subject, at: UnixMillis) -> Alarm {
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
    pub(super) fn settle(&mut self, cause: Cause, phase: Phase) -> Option<Alarm> {
        let serial = self.alarms.oldest(cause)?;
        let alarm = self.alarms.clear(cause, serial, phase)?;
        if phase == Phase::Cleared && matches!(cause, Cause::ForcedOpen | Cause::HeldOpen) {
            self.door.close();
        }
        Some(alarm)
    }

    /// The sensor says so; what was planned for the earlier opening is void.
    pub(super) fn sense(&mut self, switch: Switch) -> Fact {
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
