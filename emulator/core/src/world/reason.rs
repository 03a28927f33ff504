//! The names of table C's reasons.

use crate::event::{Reason, Verdict};

/// A name of table C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonName {
    /// One verdict.
    Verdict(Verdict),
    /// A visitor before or after the window: `state` says which, before if left out.
    OutsideWindow,
}

const fn refused(reason: Reason) -> ReasonName {
    ReasonName::Verdict(Verdict::Refused(reason))
}

/// Table C's names; of several with one meaning the first is the one we use.
pub(super) const REASONS: [(&str, ReasonName); 32] = [
    ("accepted", ReasonName::Verdict(Verdict::Accepted)),
    ("granted", ReasonName::Verdict(Verdict::Accepted)),
    ("ok", ReasonName::Verdict(Verdict::Accepted)),
    ("not-yet-valid", refused(Reason::NotYetValid)),
    ("disabled", refused(Reason::Disabled)),
    ("expired", refused(Reason::Expired)),
    ("outside-window", ReasonName::OutsideWindow),
    ("visitor-outside-window", ReasonName::OutsideWindow),
    ("visitor-outside-the-window", ReasonName::OutsideWindow),
    ("visitor-early", refused(Reason::VisitorEarly)),
    ("before-window", refused(Reason::VisitorEarly)),
    ("visitor-late", refused(Reason::VisitorLate)),
    ("after-window", refused(Reason::VisitorLate)),
    ("no-permission", refused(Reason::NoPermission)),
    ("outside-hours", refused(Reason::OutsideHours)),
    ("blocklisted", refused(Reason::Blocklisted)),
    ("blocklist", refused(Reason::Blocklisted)),
    ("stranger", refused(Reason::Stranger)),
    ("not-live", refused(Reason::NotLive)),
    ("fever", refused(Reason::Fever)),
    ("unknown-card", refused(Reason::UnknownCard)),
    ("invalid-card", refused(Reason::UnknownCard)),
    ("invalid-code", refused(Reason::InvalidCode)),
    ("invalid-qrcode", refused(Reason::InvalidCode)),
    ("unknown-code", refused(Reason::InvalidCode)),
    ("invalid-id-card", refused(Reason::InvalidIdCard)),
    ("invalid-idcard", refused(Reason::InvalidIdCard)),
    ("mismatch", refused(Reason::Mismatch)),
    ("wrong-pin", refused(Reason::WrongPin)),
    ("too-many-pins", refused(Reason::TooManyPins)),
    ("too-many", refused(Reason::TooManyPins)),
    ("too-many-wrong-pins", refused(Reason::TooManyPins)),
];

impl ReasonName {
    /// The name we use.
    #[must_use]
    pub fn name(self) -> &'static str {
        REASONS
            .into_iter()
            .find(|(_, reason)| *reason == self)
            .map(|(name, _)| name)
            .expect("every reason has a row")
    }

    /// Every name, aliases left out.
    pub(super) fn names() -> String {
        let mut names: Vec<_> = REASONS.into_iter().map(|(_, reason)| reason.name()).collect();
        names.dedup();
        names.join(", ")
    }
}
