//! Let in or not, and why (table C).

use super::Method;

/// Let in or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Let in.
    Accepted,
    /// Not let in.
    Refused(Reason),
}

impl Verdict {
    /// The v3 `state` of a face or card (table C).
    #[must_use]
    pub const fn state(self) -> u8 {
        match self {
            Self::Accepted | Self::Refused(Reason::Fever) => 4,
            Self::Refused(reason) => match reason {
                Reason::NotYetValid | Reason::Disabled | Reason::VisitorEarly => 1,
                Reason::Expired | Reason::VisitorLate => 2,
                Reason::NoPermission
                | Reason::OutsideHours
                | Reason::Blocklisted
                | Reason::Mismatch
                | Reason::WrongPin
                | Reason::TooManyPins => 3,
                Reason::Stranger
                | Reason::NotLive
                | Reason::UnknownCard
                | Reason::InvalidCode
                | Reason::InvalidIdCard
                | Reason::Fever => 0,
            },
        }
    }

    /// The v1 `abnormal_type` (table C); a mismatch is named by what was compared.
    #[must_use]
    pub const fn abnormal_type(self, method: Method) -> u32 {
        let Self::Refused(reason) = self else {
            return 0;
        };
        match reason {
            Reason::Blocklisted | Reason::Stranger | Reason::NotLive => 0,
            Reason::NotYetValid
            | Reason::Disabled
            | Reason::Expired
            | Reason::NoPermission
            | Reason::OutsideHours => 20002,
            Reason::VisitorEarly | Reason::VisitorLate => 20001,
            Reason::Fever => 40001,
            Reason::UnknownCard => 30002,
            Reason::InvalidCode => 30003,
            Reason::InvalidIdCard => 30001,
            Reason::WrongPin => 70001,
            Reason::TooManyPins => 70002,
            Reason::Mismatch => match method {
                Method::IdCard | Method::FaceAndIdCard => 10001,
                Method::Code | Method::VisitorCode | Method::HealthCode => 10003,
                _ => 10002,
            },
        }
    }
}

/// Why somebody was not let in (table C).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// An employee whose permission begins later.
    NotYetValid,
    /// An employee whose permission is switched off.
    Disabled,
    /// An employee whose permission has ended.
    Expired,
    /// A visitor before the agreed window.
    VisitorEarly,
    /// A visitor after the agreed window.
    VisitorLate,
    /// Somebody with no permission at this door.
    NoPermission,
    /// Somebody outside the hours they may pass.
    OutsideHours,
    /// Somebody on the blocklist.
    Blocklisted,
    /// A face that is not enrolled.
    Stranger,
    /// A picture or mask instead of a face.
    NotLive,
    /// Too hot.
    Fever,
    /// A card that is not enrolled.
    UnknownCard,
    /// A code that is not enrolled.
    InvalidCode,
    /// An ID card that cannot be read or is not enrolled.
    InvalidIdCard,
    /// Two things presented belong to two people.
    Mismatch,
    /// A wrong PIN.
    WrongPin,
    /// The fifth wrong PIN running.
    TooManyPins,
}
