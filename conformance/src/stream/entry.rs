//! One message or event in a compact form: what makes it that one, what it says in numbers, when it
//! came, and what became of its answer.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::bodies::Place;
use super::facts::Facts;
use crate::receiver::message;

/// One message or event.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What makes it this one and no other.
    pub identity: Identity,
    /// What it says.
    pub facts: Facts,
    /// Stands for its fields without `rgb_image`: equal fields have equal digests (R-V1-10).
    pub fields_digest: u64,
    /// Stands for its bytes, as they came.
    pub bytes_digest: u32,
    /// When it came, since the run began.
    pub(super) at_ms: u32,
    /// How it came.
    pub origin: Origin,
    pub(super) place: Place,
}

/// What makes a message or event of one device this one and no other.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Identity {
    /// It has nothing that would.
    Unknown,
    /// A v3 event.
    Seqnum(u64),
    /// A v1 record whose `uuid` is one, as it is usually written.
    Uuid([u8; 16]),
    /// A v1 record whose `uuid` is another text.
    Text(Arc<str>),
    /// An alarm: `trace_id`, `status` and `event_time`.
    Alarm(Arc<(String, i64, u64)>),
}

/// Which kind of message it is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Shape {
    /// A v1 push.
    Push,
    /// A v3 report.
    Report,
    /// An event fetched from the log (v3).
    Event,
    /// None of these.
    #[default]
    Other,
}

/// How an entry came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// By itself, to a listener.
    Arrived(Arrival),
    /// In a page that was asked for: its number, from 0.
    Fetched(u32),
}

/// A message to a listener.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Arrival {
    /// The number of its connection, from 0.
    pub connection: u32,
    /// When its answer was done with, since the run began, in milliseconds; 0 before that.
    pub(super) done_ms: u32,
    /// Which answer it was given: an index of `Stream::answers`.
    pub(super) answer: u16,
    /// What became of the answer.
    pub fate: Fate,
    /// It came before.
    pub again: bool,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It is not given yet.
    Pending,
    /// It was written whole while the device was there.
    Written,
    /// It was written, and then the connection broke: whether the device read it is unknown.
    Doubtful,
    /// The device went away before all of it was written.
    Cut,
    /// None was given, or not all of it, as planned.
    Withheld,
}

impl Entry {
    /// When it came, since the run began.
    #[must_use]
    pub fn at(&self) -> Duration {
        Duration::from_millis(u64::from(self.at_ms))
    }

    /// What happened to it at a listener.
    #[must_use]
    pub fn arrival(&self) -> Option<&Arrival> {
        match &self.origin {
            Origin::Arrived(arrival) => Some(arrival),
            Origin::Fetched(_) => None,
        }
    }
}

impl Arrival {
    /// When its answer was written, given up on or withheld, since the run began.
    #[must_use]
    pub fn done(&self) -> Option<Duration> {
        let done = self.fate != Fate::Pending;
        done.then(|| Duration::from_millis(u64::from(self.done_ms)))
    }
}

impl Identity {
    pub(crate) fn of(identity: &message::Identity) -> Self {
        match identity {
            message::Identity::Seqnum(seqnum) => Self::Seqnum(*seqnum),
            message::Identity::Record { uuid } => Self::record(uuid),
            message::Identity::Alarm { trace_id, status, event_time } => {
                Self::Alarm(Arc::new((trace_id.clone(), *status, *event_time)))
            }
        }
    }

    /// The identity of a record with this `uuid`.
    #[must_use]
    pub fn record(uuid: &str) -> Self {
        match Uuid::parse_str(uuid) {
            // Only what is written back in the same way is the same text.
            Ok(parsed) if parsed.hyphenated().to_string() == uuid => {
                Self::Uuid(parsed.into_bytes())
            }
            _ => Self::Text(uuid.into()),
        }
    }

    /// 64 bits that stand for it: among a million, two are equal by chance once in 10^7 runs.
    pub(crate) fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Unknown => 0_u8.hash(&mut hasher),
            Self::Seqnum(seqnum) => (1_u8, seqnum).hash(&mut hasher),
            Self::Uuid(uuid) => (2_u8, uuid).hash(&mut hasher),
            Self::Text(text) => (3_u8, text).hash(&mut hasher),
            Self::Alarm(alarm) => (4_u8, alarm).hash(&mut hasher),
        }
        hasher.finish()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("a message without identity"),
            Self::Seqnum(seqnum) => write!(f, "seqnum {seqnum}"),
            Self::Uuid(uuid) => write!(f, "uuid {}", Uuid::from_bytes(*uuid).hyphenated()),
            Self::Text(uuid) => write!(f, "uuid {uuid}"),
            Self::Alarm(alarm) => {
                let (trace_id, status, event_time) = alarm.as_ref();
                write!(f, "trace_id {trace_id}, status {status}, event_time {event_time}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_reads_as_the_device_wrote_it() {
        for uuid in
            ["4d3987c1-a3b3-470b-9fb7-e114772c069c", "4D3987C1-A3B3-470B-9FB7-E114772C069C", "7"]
        {
            assert_eq!(Identity::record(uuid).to_string(), format!("uuid {uuid}"));
        }
        assert_ne!(
            Identity::record("4d3987c1-a3b3-470b-9fb7-e114772c069c").hash(),
            Identity::Unknown.hash()
        );
    }

    #[test]
    fn an_entry_is_small() {
        // Fifty thousand of them, from two APIs, must not double what the suite needs at rest.
        assert!(size_of::<Entry>() <= 128, "{}", size_of::<Entry>());
    }
}
