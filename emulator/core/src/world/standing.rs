//! What somebody is enrolled as, what they may do, and what that means at such an hour.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::clock::UnixMillis;
use crate::event::{Reason, Verdict};

/// What somebody is enrolled as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// v1 user `type` 1.
    Employee,
    /// v1 user `type` 2.
    Visitor,
    /// v1 user `type` 5.
    Blocklisted,
}

impl Category {
    /// The v1 user's `type`, and the `recognitionType` of the person.
    #[must_use]
    pub const fn user_type(self) -> u8 {
        match self {
            Self::Employee => 1,
            Self::Visitor => 2,
            Self::Blocklisted => 5,
        }
    }
}

/// What an enrolled person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// May pass by day (08:00 to 20:00) only.
    DayShift,
    /// May pass.
    Good,
    /// May pass by night only.
    NightShift,
    /// Permission switched off.
    Disabled,
    /// Permission ended.
    Expired,
    /// Permission begins later.
    NotYetValid,
    /// No permission at this door.
    NoPermission,
    /// A visitor on the agreed day.
    Guest,
    /// On the blocklist.
    Blocklisted,
}

impl Standing {
    /// What it means at the door at such a time.
    pub(super) const fn verdict(self, hours: Hours) -> Verdict {
        match (self, hours) {
            (Self::DayShift, Hours::Night) | (Self::NightShift, Hours::Day) => {
                Verdict::Refused(Reason::OutsideHours)
            }
            (Self::Good | Self::Guest | Self::DayShift | Self::NightShift, _) => Verdict::Accepted,
            (Self::Disabled, _) => Verdict::Refused(Reason::Disabled),
            (Self::Expired, _) => Verdict::Refused(Reason::Expired),
            (Self::NotYetValid, _) => Verdict::Refused(Reason::NotYetValid),
            (Self::NoPermission, _) => Verdict::Refused(Reason::NoPermission),
            (Self::Blocklisted, _) => Verdict::Refused(Reason::Blocklisted),
        }
    }
}

/// Which shift may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hours {
    /// 08:00 to 20:00 local time.
    Day,
    /// The rest.
    Night,
}

impl Hours {
    /// The shift at that time.
    fn at(time_zone: &TimeZone, at: UnixMillis) -> Self {
        if (8..20).contains(&time_zone.to_datetime(timestamp(at)).hour()) {
            Self::Day
        } else {
            Self::Night
        }
    }
}

/// A moment, and which shift it falls into.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) at: UnixMillis,
    pub(super) hours: Hours,
}

impl Moment {
    /// That moment at a door in that zone.
    pub(super) fn new(time_zone: &TimeZone, at: UnixMillis) -> Self {
        Self { at, hours: Hours::at(time_zone, at) }
    }
}

/// The moment as the time library has it.
pub(super) fn timestamp(at: UnixMillis) -> Timestamp {
    Timestamp::from_millisecond(at.millis()).expect("1970 to 9999 is within a timestamp's range")
}
