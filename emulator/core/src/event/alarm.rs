//! Alarms and their life (R-V1-14).

use super::{Kind, Photo, Subject};
use crate::clock::UnixMillis;

/// One moment in an alarm's life (R-V1-14).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alarm {
    /// What the alarm is about.
    pub cause: Cause,
    /// Where in its life.
    pub phase: Phase,
    /// Which alarm it is.
    pub trace: Trace,
    /// Whom it concerns.
    pub subject: Subject,
    /// Whether a picture was taken.
    pub photo: Photo,
}

impl Alarm {
    /// The kind of v3 event this moment makes (table B).
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        match (self.cause, self.phase) {
            (_, Phase::ClearingFailed)
            | (Cause::PinAttack, _)
            | (Cause::HeldOpen, Phase::Raised) => None,
            (Cause::Tamper, _) => Some(Kind::Disa),
            (Cause::Fire, _) => Some(Kind::Fire),
            (Cause::ForcedOpen | Cause::HeldOpen, _) => Some(Kind::Door),
        }
    }
}

/// What an alarm is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// `code` 10001.
    Tamper,
    /// `code` 10002.
    ForcedOpen,
    /// `code` 10003.
    HeldOpen,
    /// `code` 10004.
    PinAttack,
    /// `code` 20003.
    Fire,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 5] =
        [Self::Tamper, Self::ForcedOpen, Self::HeldOpen, Self::PinAttack, Self::Fire];

    /// The v1 document's alarm `code`.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Tamper => 10001,
            Self::ForcedOpen => 10002,
            Self::HeldOpen => 10003,
            Self::PinAttack => 10004,
            Self::Fire => 20003,
        }
    }

    /// The cause with that `code`.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }
}

/// Where in its life an alarm is, by the v1 document's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// `status` 1.
    Raised,
    /// `status` 2: clearing was tried while the cause lasts.
    ClearingFailed,
    /// `status` 3.
    Cleared,
}

impl Phase {
    /// The v1 document's `status`.
    #[must_use]
    pub const fn status(self) -> u8 {
        match self {
            Self::Raised => 1,
            Self::ClearingFailed => 2,
            Self::Cleared => 3,
        }
    }
}

/// Which alarm: what its `trace_id` is made of, the same from raising to clearing (R-V1-14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Which of the device's alarms.
    pub serial: AlarmSerial,
    /// When it was raised.
    pub raised_at: UnixMillis,
}

/// A device's alarms, counted from 1 since its last factory reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlarmSerial(pub u32);
