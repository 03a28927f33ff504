//! What is going to happen: beats in the order they are due.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::door::{OpeningNumber, OrderNumber};
use super::order::Hold;
use super::position::{BadPosition, Reader, Writer};
use crate::clock::UnixMillis;
use crate::event::{Access, AlarmSerial, Cause, Fact, PersonRef, Phase, Subject, Switch};

/// One step of a scene.
#[derive(Clone, Debug)]
pub(super) enum Beat {
    /// Something that needs no look at the door or the alarms.
    Plain(Fact),
    /// The fifth wrong PIN running.
    PinAttack { access: Access, clear_after: Duration },
    /// The door opens after a grant; a door that stands open closes first.
    Open { subject: Subject, close_after: Duration },
    /// The door is forced; a door that stands open closes first.
    Force { close_after: Duration },
    /// That opening ends.
    Close(OpeningNumber),
    /// That opening has lasted too long.
    Held(OpeningNumber),
    /// An alarm.
    Raise { cause: Cause, subject: Subject, clearing: Clearing },
    /// A try to clear that alarm.
    Clear { cause: Cause, serial: AlarmSerial, clearing: Clearing },
    /// The door is unlocked as ordered, unless another order came since; one that stands open stays so.
    Unlock { subject: Subject, hold: Hold, number: OrderNumber },
    /// The door closes as ordered, if it stands open.
    Lock,
    /// What a wish asked of the oldest alarm of the cause.
    Settle(Cause, Phase),
    /// What a wish asked of the door.
    Sensor(Switch),
}

/// How an alarm ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clearing {
    /// From its raising, or the try before, to the next try.
    pub(super) after: Duration,
    /// Tries that will fail.
    pub(super) failures: u32,
}

/// A beat's place: when it is due, then in the order it was put down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) at: UnixMillis,
    order: u64,
}

/// The beats that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    beats: BTreeMap<Place, Beat>,
    next: u64,
}

/// The most beats that wait before new scenes are left out; those that run are finished. It holds
/// the scenes of the largest wish ([`super::COUNT_MAX`]) and, at the highest rate, a minute of closing doors; more
/// would be memory without end when somebody asks for scenes faster than they play.
pub(super) const WAITING_MAX: usize = 1 << 20;

/// The most beats that a scene puts down at once: a guessed PIN's temperature, tries and attack.
pub(super) const BEATS_MAX: usize = 8;

impl Agenda {
    /// Writes what waits.
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.number(self.next);
        writer.number(self.beats.len() as u64);
        for (place, beat) in &self.beats {
            writer.stamp(place.at);
            writer.number(place.order);
            beat.write(writer);
        }
    }

    /// What was written to wait.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, BadPosition> {
        let mut agenda = Self { beats: BTreeMap::new(), next: reader.number()? };
        for _ in 0..reader.number()? {
            let place = Place { at: reader.stamp()?, order: reader.number()? };
            agenda.beats.insert(place, Beat::read(reader)?);
        }
        Ok(agenda)
    }

    /// Puts everything off by so much.
    pub(super) fn put_off(&mut self, by: Duration) {
        let beats = std::mem::take(&mut self.beats);
        let later = |(place, beat): (Place, Beat)| (Place { at: place.at + by, ..place }, beat);
        self.beats = beats.into_iter().map(later).collect();
    }

    /// Carries everything over from a clock that shows `from` to one that shows `to`.
    pub(super) fn carry(&mut self, from: UnixMillis, to: UnixMillis) {
        let by = to.millis() - from.millis();
        let beats = std::mem::take(&mut self.beats);
        let carried = |(place, beat): (Place, Beat)| {
            (Place { at: UnixMillis::new(place.at.millis().saturating_add(by)), ..place }, beat)
        };
        self.beats = beats.into_iter().map(carried).collect();
    }

    /// When the next beat is due.
    pub(super) fn next_due(&self) -> Option<UnixMillis> {
        self.beats.first_key_value().map(|(place, _)| place.at)
    }

    /// Puts a beat down.
    pub(super) fn put(&mut self, at: UnixMillis, beat: Beat) {
        let place = Place { at, order: self.next };
        self.next += 1;
        self.beats.insert(place, beat);
    }

    /// Puts a beat back where it was.
    pub(super) fn put_back(&mut self, place: Place, beat: Beat) {
        self.beats.insert(place, beat);
    }

    /// Takes the next beat.
    pub(super) fn take(&mut self) -> Option<(Place, Beat)> {
        self.beats.pop_first()
    }

    /// Adds everybody of whom something that waits speaks.
    pub(super) fn mention(&self, people: &mut BTreeSet<PersonRef>) {
        for beat in self.beats.values() {
            match beat {
                Beat::Plain(fact) => people.extend(fact.people()),
                Beat::PinAttack { access, .. } => people.extend(access.people()),
                Beat::Open { subject, .. }
                | Beat::Raise { subject, .. }
                | Beat::Unlock { subject, .. } => people.extend(subject.person()),
                Beat::Force { .. }
                | Beat::Close(_)
                | Beat::Held(_)
                | Beat::Clear { .. }
                | Beat::Lock
                | Beat::Settle(..)
                | Beat::Sensor(_) => {}
            }
        }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.beats.len()
    }

    /// Whether that many more scenes may begin.
    pub(super) fn has_room(&self, scenes: u32) -> bool {
        let beats = usize::try_from(scenes).unwrap_or(usize::MAX).saturating_mul(BEATS_MAX);
        self.beats.len().saturating_add(beats) <= WAITING_MAX
    }
}
