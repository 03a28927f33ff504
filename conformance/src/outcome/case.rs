//! How the material of one case becomes its result.
//!
//! Promises that a case which judged nothing has not passed, that a fault of the suite is never the
//! device's, and that a case is known only when the list names every check that failed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::exchange::{Exchange, Exchanges};
use super::judgement::{Check, CheckDraft, Level, Mismatch, Outcome, Skip};
use super::redact::{Redacted, Redactor};

/// A case as its file describes it: nothing of it comes from a device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CaseHead {
    /// The id, such as `v3.event-fetch.seqnum-wins`.
    pub id: String,
    /// Grows when the verdict on some device can change.
    pub rev: u32,
    /// What holds, in one line.
    pub title: String,
    /// The rulings and clauses it rests on.
    pub source: Vec<String>,
    /// How far it judges.
    pub level: Level,
    /// The case file, relative to the directory of cases.
    pub file: String,
}

/// What the runner has in its hands when a case ended. It may hold secrets: it cannot be printed.
#[derive(Clone)]
pub struct CaseDraft {
    /// The case.
    pub head: CaseHead,
    /// When it began, since the start of the run.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub ending: Ending,
    /// The checks that were made.
    pub checks: Vec<CheckDraft>,
    /// Members that nothing was expected of, by their paths.
    pub drift: Vec<String>,
    /// What was seen, by the name it is told under.
    pub observations: Vec<(String, String)>,
    /// What was said on the wire.
    pub exchanges: Exchanges,
    /// The entries of the known-failures list that are about this case.
    pub known: Vec<Known>,
}

/// How a case ended.
#[derive(Clone)]
pub enum Ending {
    /// It ran; its checks say the rest.
    Ran,
    /// Another case's failure kept it from starting.
    Blocked(String),
    /// It was left out.
    Skipped(Skip),
    /// The suite could not do its part.
    Error(String),
}

/// An entry of the known-failures list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Known {
    /// The check; none for the whole case.
    pub check: Option<String>,
    /// The list's reason.
    pub reason: String,
}

/// A case and what came of it, ready to be shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CaseResult {
    /// The case.
    pub head: CaseHead,
    /// What came of it.
    pub outcome: Outcome,
    /// When it began, since the start of the run.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// The checks that were made.
    pub checks: Vec<Check>,
    /// The checks that failed at the first attempt, of a case that then held (flaky).
    pub flaky: Vec<Check>,
    /// Members that nothing was expected of.
    pub drift: Vec<Redacted>,
    /// What was seen, by name.
    pub observations: BTreeMap<String, Redacted>,
    /// What was said on the wire: the first and the last of it.
    pub exchanges: Vec<Exchange>,
    /// How many exchanges between the first and the last ones are left out.
    pub exchanges_left_out: u64,
}

/// What a case is told that came to its end without a check.
const JUDGED_NOTHING: &str = "the case came to its end without judging anything";

impl CaseResult {
    /// What came of `draft`. The redactor learns the secrets of this case's exchanges first.
    #[must_use]
    pub fn new(draft: &CaseDraft, redactor: &mut Redactor) -> Self {
        draft.exchanges.iter().for_each(|exchange| exchange.learn(redactor));
        let redactor = &*redactor;
        let checks: Vec<Check> = draft.checks.iter().map(|one| check(one, redactor)).collect();
        let observed = |(name, seen): &(String, String)| (name.clone(), redactor.text(seen));
        Self {
            head: draft.head.clone(),
            outcome: outcome(draft, &checks, redactor),
            at: draft.at,
            took: draft.took,
            checks,
            flaky: Vec::new(),
            drift: draft.drift.iter().map(|path| redactor.text(path)).collect(),
            observations: draft.observations.iter().map(observed).collect(),
            exchanges: draft.exchanges.iter().map(|one| one.redact(redactor)).collect(),
            exchanges_left_out: draft.exchanges.left_out(),
        }
    }

    /// The result of a case that failed as `first` and was run once more alone. What counts is the
    /// second attempt; when it held, the case is flaky and shows what failed before.
    #[must_use]
    pub fn after_retry(first: Self, second: Self) -> Self {
        if !first.is_red() || second.is_red() {
            return second;
        }
        let flaky = first.checks.into_iter().filter(Check::failed).collect();
        Self { at: first.at, flaky, ..second }
    }

    /// The checks that failed.
    pub fn failed_checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.failed())
    }

    /// Whether it passed only at the second attempt.
    #[must_use]
    pub fn is_flaky(&self) -> bool {
        !self.flaky.is_empty()
    }

    /// Whether it failed, known or not.
    #[must_use]
    pub fn is_red(&self) -> bool {
        matches!(self.outcome, Outcome::Failed { .. } | Outcome::Known { .. })
    }

    /// Why the outcome is what it is, in one line; nothing for a case that passed or only observed.
    #[must_use]
    pub fn reason(&self) -> Option<Redacted> {
        match &self.outcome {
            Outcome::Passed | Outcome::Observed => None,
            Outcome::Failed { blocked_by: Some(other) } => {
                Some(Redacted::own(format!("{other} failed, so this could not start")))
            }
            Outcome::Failed { blocked_by: None } => self.first_mismatch(),
            Outcome::Known { reason } | Outcome::Error(reason) => Some(reason.clone()),
            Outcome::Skipped(skip) => Some(Redacted::own(skip.reason().to_owned())),
        }
    }

    fn first_mismatch(&self) -> Option<Redacted> {
        let check = self.failed_checks().next()?;
        let mismatch = check.mismatches.first()?;
        Some(Redacted::own(format!("{}: {}", check.title, mismatch.line())))
    }
}

impl Mismatch {
    /// It in one line.
    #[must_use]
    pub fn line(&self) -> Redacted {
        let place = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        Redacted::own(format!("{place}expected {}, seen {}", self.expected, self.seen))
    }
}

fn check(draft: &CheckDraft, redactor: &Redactor) -> Check {
    let mismatch = |one: &super::MismatchDraft| Mismatch {
        path: redactor.text(&one.path),
        expected: redactor.text_at(&one.path, &one.expected),
        seen: redactor.text_at(&one.path, &one.seen),
    };
    Check {
        id: draft.id.clone(),
        title: draft.title.clone(),
        level: draft.level,
        place: draft.place,
        mismatches: draft.mismatches.iter().map(mismatch).collect(),
    }
}

fn outcome(draft: &CaseDraft, checks: &[Check], redactor: &Redactor) -> Outcome {
    let failed: Vec<&Check> = checks.iter().filter(|check| check.failed()).collect();
    let whole = draft.known.iter().find(|known| known.check.is_none());
    let known = |known: &Known| Outcome::Known { reason: redactor.text(&known.reason) };
    match &draft.ending {
        Ending::Skipped(skip) => Outcome::Skipped(skip.clone()),
        Ending::Error(why) => Outcome::Error(redactor.text(why)),
        Ending::Blocked(other) => match whole {
            Some(whole) => known(whole),
            None => Outcome::Failed { blocked_by: Some(other.clone()) },
        },
        Ending::Ran if !failed.is_empty() => {
            let of = |check: &&Check| {
                let named = |known: &&Known| known.check.as_deref() == Some(check.id.as_str());
                draft.known.iter().find(named).or(whole)
            };
            match failed.iter().map(of).collect::<Option<Vec<&Known>>>() {
                Some(entries) => known(entries[0]),
                None => Outcome::Failed { blocked_by: None },
            }
        }
        Ending::Ran if draft.head.level == Level::Observe => Outcome::Observed,
        Ending::Ran if checks.iter().all(|check| check.level == Level::Observe) => {
            Outcome::Error(Redacted::own(JUDGED_NOTHING.to_owned()))
        }
        Ending::Ran => Outcome::Passed,
    }
}

#[cfg(test)]
#[path = "case_tests.rs"]
mod tests;
