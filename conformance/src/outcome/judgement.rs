//! The outcomes a case can have, and the checks they follow from.

use super::redact::Redacted;

/// How far a case or a check judges, by the rulings.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// A device that does otherwise fails.
    Must,
    /// Each reading named passes and is told; anything else fails.
    Either,
    /// Never fails: what is seen is told by name.
    Observe,
}

/// What came of a case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Every check held, and there was at least one.
    Passed,
    /// A check failed, or could not be reached for the device's fault.
    Failed {
        /// The case whose failure kept this one from starting.
        blocked_by: Option<String>,
    },
    /// It failed as the list of known failures says.
    Known {
        /// The list's reason.
        reason: Redacted,
    },
    /// It ran and judges nothing: what it saw is among the observations.
    Observed,
    /// It did not run, for one of the three reasons allowed.
    Skipped(Skip),
    /// It did not run to its end for a fault of the suite or of the machine it runs on.
    Error(Redacted),
}

/// Why a case may be left out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Skip {
    /// The device declares that it does not have what the case needs.
    Absent(String),
    /// The user excluded it, or did not allow what it does.
    Excluded(String),
    /// The chosen stimulus cannot provoke what it needs.
    Unprovokable(String),
}

/// A place in a case file, counted from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// A check as the runner made it.
#[derive(Clone)]
pub struct CheckDraft {
    /// Its id within the case, for `id#check`.
    pub id: String,
    /// What it asks for, in the fixture's words.
    pub title: String,
    /// How far it judges.
    pub level: Level,
    /// Where it stands in the case file.
    pub place: Option<Place>,
    /// Where it does not hold; none: it holds.
    pub mismatches: Vec<MismatchDraft>,
}

/// A place where what was seen is not what was expected, as the runner made it.
#[derive(Clone)]
pub struct MismatchDraft {
    /// Where in the message, such as `body.events[0].uid`; empty for the whole. Its names say
    /// whether the two texts are secret.
    pub path: String,
    /// What was expected there.
    pub expected: String,
    /// What was there.
    pub seen: String,
}

/// A check and what came of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Check {
    /// Its id within the case.
    pub id: String,
    /// What it asks for.
    pub title: String,
    /// How far it judges.
    pub level: Level,
    /// Where it stands in the case file.
    pub place: Option<Place>,
    /// Where it does not hold; none: it holds.
    pub mismatches: Vec<Mismatch>,
}

/// A place where what was seen is not what was expected.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mismatch {
    /// Where in the message; empty for the whole.
    pub path: Redacted,
    /// What was expected there.
    pub expected: Redacted,
    /// What was there.
    pub seen: Redacted,
}

impl Check {
    /// Whether it judges and does not hold.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.level != Level::Observe && !self.mismatches.is_empty()
    }
}

impl Outcome {
    /// The word for it in every report.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed { .. } => "failed",
            Self::Known { .. } => "known",
            Self::Observed => "observed",
            Self::Skipped(_) => "skipped",
            Self::Error(_) => "error",
        }
    }
}

impl Skip {
    /// Which of the three kinds.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Absent(_) => "absent",
            Self::Excluded(_) => "excluded",
            Self::Unprovokable(_) => "unprovokable",
        }
    }

    /// The reason, as it is shown.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Absent(reason) | Self::Excluded(reason) | Self::Unprovokable(reason) => reason,
        }
    }
}

impl Level {
    /// The word for it in every report.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Either => "either",
            Self::Observe => "observe",
        }
    }
}
