//! What can happen at a door, in neither API's words.
//!
//! An [`Entry`] is one thing that happened, as the journal keeps it: small, without strings. What each
//! API shows of it follows from tables A to E of the rulings: [`Fact::kind`] and [`Fact::records`] say
//! which forms an entry has (table B), [`Verdict`] and [`Reason`] carry table C; `wire` turns them into
//! bytes. Names, cards and codes of people are not stored: a [`PersonRef`] finds them in the roster.

mod access;
mod alarm;
pub mod flat;
mod verdict;

use std::num::NonZeroU64;

pub use self::access::{
    Access, EXIT_BUTTON_ENTRY_MODE, FaceQuality, Fraction, HealthCodes, Mask, Method, Mode,
    Presented, Therm,
};
pub use self::alarm::{Alarm, AlarmSerial, Cause, Phase, Trace};
pub use self::verdict::{Reason, Verdict};
use crate::clock::UnixMillis;

/// An event's number in the v3 API: from 1, growing by exactly 1 (R-V3-15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seqnum(NonZeroU64);

impl Seqnum {
    /// The number of a device's first event.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// From a number; none of 0.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The number that follows. A device that made a million events a second would need half a
    /// million years to run out.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// An entry's place among all entries of a device, from 1; restarts only with a factory reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Index(u64);

impl Default for Index {
    fn default() -> Self {
        Self::FIRST
    }
}

impl Index {
    /// The first entry of a device.
    pub const FIRST: Self = Self(1);

    /// From a number a caller gave.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The index that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One thing that happened at a door.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place among all entries.
    pub index: Index,
    /// Its number in the v3 API, if it has a v3 form (R-V3-27).
    pub seqnum: Option<Seqnum>,
    /// When it was due, by the device's clock.
    pub at: UnixMillis,
    /// What happened.
    pub fact: Fact,
}

/// Which of an entry's v1 records: it has at most two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId {
    /// The entry.
    pub index: Index,
    /// The place in [`Fact::records`].
    pub part: u8,
}

/// What happened (table B).
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Somebody presented something at the reader, and was let in or not.
    Access(Access),
    /// The fifth wrong PIN running: a refusal and the password-attack alarm in one.
    PinAttack(Access, AlarmSerial),
    /// A temperature was taken, before the access of the same walk-in.
    Temperature(Subject, Therm),
    /// The door opened or closed after a grant.
    Door(Switch),
    /// An alarm was raised, its clearing failed, or it was cleared.
    Alarm(Alarm),
    /// The exit button was pressed or released.
    Button(Switch),
    /// The door was opened, or the opening ended, over the network.
    Remote(Opener, Switch),
    /// The device came back from a restart or factory reset that was asked for (R-V3-29).
    Reset,
}

/// The kinds of v3 event; also what `emit` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A face, known or not.
    Face,
    /// A card.
    Card,
    /// A QR code or health code.
    Qrcode,
    /// A visitor's code.
    Visitor,
    /// A temperature.
    Therm,
    /// The door sensor.
    Door,
    /// Remote opening.
    Remote,
    /// The exit button.
    Push,
    /// Fire.
    Fire,
    /// Tamper ("disassembly").
    Disa,
    /// After a restart.
    Reset,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Face,
        Self::Card,
        Self::Qrcode,
        Self::Visitor,
        Self::Therm,
        Self::Door,
        Self::Remote,
        Self::Push,
        Self::Fire,
        Self::Disa,
        Self::Reset,
    ];

    /// The kind with the v3 document's name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The v3 document's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Card => "card",
            Self::Qrcode => "qrcode",
            Self::Visitor => "visitor",
            Self::Therm => "therm",
            Self::Door => "door",
            Self::Remote => "remote",
            Self::Push => "push",
            Self::Fire => "fire",
            Self::Disa => "disa",
            Self::Reset => "reset",
        }
    }
}

/// The types of v1 record, by the number the document gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// `type` 0.
    Recognition,
    /// `type` 1.
    Alarm,
}

impl Fact {
    /// The kind of v3 event this is, if it has a v3 form (table B, R-V3-27).
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Access(access) => access.method.kind(),
            Self::PinAttack(..) => None,
            Self::Temperature(..) => Some(Kind::Therm),
            Self::Door(_) => Some(Kind::Door),
            Self::Alarm(alarm) => alarm.kind(),
            Self::Button(_) => Some(Kind::Push),
            Self::Remote(..) => Some(Kind::Remote),
            Self::Reset => Some(Kind::Reset),
        }
    }

    /// Whether there is a picture of it.
    #[must_use]
    pub const fn photo(&self) -> Photo {
        match self {
            Self::Access(access) | Self::PinAttack(access, _) => access.photo,
            Self::Alarm(alarm) => alarm.photo,
            Self::Temperature(..)
            | Self::Door(_)
            | Self::Button(_)
            | Self::Remote(..)
            | Self::Reset => Photo::None,
        }
    }

    /// The same, of a device that takes pictures or not: of whoever asks to be let in, and when an alarm is
    /// raised.
    #[must_use]
    pub const fn with_photo(mut self, photo: Photo) -> Self {
        match &mut self {
            Self::Access(access) | Self::PinAttack(access, _) => access.photo = photo,
            Self::Alarm(alarm) if matches!(alarm.phase, Phase::Raised) => alarm.photo = photo,
            _ => {}
        }
        self
    }

    /// Whom it is about.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match self {
            Self::Access(access) | Self::PinAttack(access, _) => access.subject,
            Self::Temperature(subject, _) => *subject,
            Self::Alarm(alarm) => alarm.subject,
            Self::Remote(opener, _) => opener.subject(),
            Self::Door(_) | Self::Button(_) | Self::Reset => Subject::Nobody,
        }
    }

    /// Everybody enrolled of whom it speaks.
    pub fn people(&self) -> impl Iterator<Item = PersonRef> {
        let held = match self {
            Self::Access(access) | Self::PinAttack(access, _) => access.presented.owner(),
            _ => None,
        };
        self.subject().person().into_iter().chain(held)
    }

    /// The v1 records this has, in the order they are pushed (table B).
    #[must_use]
    pub const fn records(&self) -> &'static [RecordType] {
        match self {
            Self::Access(_) | Self::Button(Switch::On) => &[RecordType::Recognition],
            Self::PinAttack(..) => &[RecordType::Recognition, RecordType::Alarm],
            Self::Alarm(_) => &[RecordType::Alarm],
            Self::Temperature(..)
            | Self::Door(_)
            | Self::Button(Switch::Off)
            | Self::Remote(..)
            | Self::Reset => &[],
        }
    }
}

/// Whether a picture of it was taken: that is settled when it happens (R-V3-26).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Photo {
    /// None was.
    #[default]
    None,
    /// One was; it is made again when it is asked for.
    Taken,
}

/// On and off: opened and closed, pressed and released, raised and cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// `state` 0.
    Off,
    /// `state` 1.
    On,
}

/// Whom an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Nobody that the device could tell.
    Nobody,
    /// Somebody enrolled.
    Person(PersonRef),
    /// A face that is not enrolled, one number per stranger (R-V3-21).
    Stranger([u8; 6]),
}

/// Who opens a door over the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opener {
    /// Somebody the device knows, or nobody in particular.
    Known(Subject),
    /// Somebody whom the platform names and the device does not know; never empty.
    Named(Box<str>),
}

impl Subject {
    /// Who it is, if it is somebody enrolled.
    #[must_use]
    pub const fn person(self) -> Option<PersonRef> {
        match self {
            Self::Person(person) => Some(person),
            Self::Nobody | Self::Stranger(_) => None,
        }
    }
}

impl Opener {
    /// Whom the device knows of it.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match self {
            Self::Known(subject) => *subject,
            Self::Named(_) => Subject::Nobody,
        }
    }
}

/// A person of the roster, as enrolled at the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonRef {
    /// The place in the roster, from 0.
    pub number: u32,
    /// Which state of the person: 0 as in the configuration, else the change of the roster that made it.
    pub revision: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The budget: 50,000 entries and their places in both windows in under 100 bytes each.
    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<Entry>() <= 80, "an entry takes {} bytes", size_of::<Entry>());
    }
}
