//! The alarms that are open, each with its trace (R-V1-14).

use std::collections::{BTreeMap, BTreeSet};

use super::position::{BadPosition, Reader, Writer};
use crate::clock::UnixMillis;
use crate::event::{Alarm, AlarmSerial, Cause, PersonRef, Phase, Photo, Subject, Trace};

/// The most alarms open at once, over all causes; beyond it the oldest is forgotten, so that it can
/// no longer be cleared. Only wishes open alarms without closing them, at most this many at a time,
/// and without a bound a script that raises one a second would grow a device for ever.
const OPEN_MAX: usize = 100_000;

/// Open alarms by cause and age.
#[derive(Clone, Debug)]
pub(super) struct Alarms {
    open: BTreeMap<(Cause, AlarmSerial), (UnixMillis, Subject)>,
    next: AlarmSerial,
}

impl Alarms {
    /// None open; the first one raised gets the serial `next`.
    pub(super) const fn new(next: AlarmSerial) -> Self {
        Self { open: BTreeMap::new(), next }
    }

    /// Writes them.
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.number(self.next.0.into());
        writer.number(self.open.len() as u64);
        for ((cause, serial), (raised_at, subject)) in &self.open {
            writer.cause(*cause);
            writer.number(serial.0.into());
            writer.stamp(*raised_at);
            writer.subject(*subject);
        }
    }

    /// Those that were written.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, BadPosition> {
        let mut alarms = Self::new(AlarmSerial(reader.narrow()?));
        for _ in 0..reader.number()? {
            let key = (reader.cause()?, AlarmSerial(reader.narrow()?));
            alarms.open.insert(key, (reader.stamp()?, reader.subject()?));
        }
        Ok(alarms)
    }

    /// Adds everybody whom an open one concerns.
    pub(super) fn mention(&self, people: &mut BTreeSet<PersonRef>) {
        people.extend(self.open.values().filter_map(|(_, subject)| subject.person()));
    }

    /// The serial of the next one raised.
    pub(super) const fn next(&self) -> AlarmSerial {
        self.next
    }

    /// Opens an alarm of its own, whatever else is open.
    pub(super) fn raise(&mut self, cause: Cause, subject: Subject, at: UnixMillis) -> Alarm {
        if self.open.len() >= OPEN_MAX {
            self.forget_oldest();
        }
        let serial = self.next;
        self.next = AlarmSerial(serial.0.wrapping_add(1).max(1));
        self.open.insert((cause, serial), (at, subject));
        Alarm {
            cause,
            phase: Phase::Raised,
            trace: Trace { serial, raised_at: at },
            subject,
            photo: Photo::None,
        }
    }

    /// How many of the cause are open.
    pub(super) fn count(&self, cause: Cause) -> usize {
        self.of(cause).count()
    }

    /// The oldest open one of the cause.
    pub(super) fn oldest(&self, cause: Cause) -> Option<AlarmSerial> {
        self.of(cause).next()
    }

    /// Tells of a try to clear the alarm that failed or worked; none if it is not open.
    pub(super) fn clear(
        &mut self,
        cause: Cause,
        serial: AlarmSerial,
        phase: Phase,
    ) -> Option<Alarm> {
        let (raised_at, subject) = match phase {
            Phase::Cleared => self.open.remove(&(cause, serial))?,
            Phase::Raised | Phase::ClearingFailed => *self.open.get(&(cause, serial))?,
        };
        Some(Alarm {
            cause,
            phase,
            trace: Trace { serial, raised_at },
            subject,
            photo: Photo::None,
        })
    }

    fn of(&self, cause: Cause) -> impl Iterator<Item = AlarmSerial> {
        self.open
            .range((cause, AlarmSerial(0))..=(cause, AlarmSerial(u32::MAX)))
            .map(|((_, serial), _)| *serial)
    }

    fn forget_oldest(&mut self) {
        let oldest =
            Cause::ALL.into_iter().filter_map(|cause| Some((self.oldest(cause)?, cause))).min();
        if let Some((serial, cause)) = oldest {
            self.open.remove(&(cause, serial));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_beyond_the_bound() {
        let mut alarms = Alarms::new(AlarmSerial(1));
        alarms.raise(Cause::Fire, Subject::Nobody, UnixMillis::default());
        for _ in 0..OPEN_MAX {
            alarms.raise(Cause::Tamper, Subject::Nobody, UnixMillis::default());
        }
        assert_eq!(alarms.count(Cause::Fire), 0);
        assert_eq!(alarms.count(Cause::Tamper), OPEN_MAX);
        assert_eq!(alarms.clear(Cause::Fire, AlarmSerial(1), Phase::Cleared), None);
    }

    #[test]
    fn raising_and_clearing_carry_one_trace() {
        let mut alarms = Alarms::new(AlarmSerial(1));
        let raised = alarms.raise(Cause::Fire, Subject::Nobody, UnixMillis::new(5));
        let serial = raised.trace.serial;
        let failed = alarms.clear(Cause::Fire, serial, Phase::ClearingFailed).expect("open");
        let cleared = alarms.clear(Cause::Fire, serial, Phase::Cleared).expect("still open");
        assert_eq!([failed.trace, cleared.trace], [raised.trace; 2]);
        assert_eq!(alarms.oldest(Cause::Fire), None);
    }
}
