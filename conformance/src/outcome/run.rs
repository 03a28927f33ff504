//! A run: what was planned, what came of each case, the sum, and the verdict.
//!
//! Promises that each planned case is counted once, and that a run in which anything is missing, or
//! nothing was judged, is not green.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::case::{CaseHead, CaseResult};
use super::judgement::Outcome;
use super::redact::Redacted;

/// What is judged. Nothing here may be secret: it is shown as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Target {
    /// Where the device is, without credentials.
    pub url: Redacted,
    /// What is known of it, by name: `model`, `walos-version`, `api_ver`, `stimulus`.
    pub facts: BTreeMap<String, Redacted>,
    /// What a reader has to know, such as that retries were shortened.
    pub notes: Vec<String>,
}

/// A run before its first case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RunStart {
    /// What is judged.
    pub target: Target,
    /// The cases that are planned, in their order, the skipped ones too.
    pub planned: Vec<CaseHead>,
    /// When it began.
    pub started: SystemTime,
    /// The command line that repeats it, without selection and without passwords; a case alone is
    /// this with ` --only ID`.
    pub command: Redacted,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// It goes on; a report with this was left behind by a process that was killed.
    Running,
    /// It came to its end.
    Complete,
    /// It was stopped.
    Interrupted,
}

/// An entry of the known-failures list that is not true any more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stale {
    /// The entry, `id` or `id#check`.
    pub entry: String,
    /// What is wrong with it: it passed, it was not planned, it has expired.
    pub why: String,
}

/// How many cases had which outcome.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// All that should have an outcome.
    pub planned: usize,
    /// Passed, the flaky ones too.
    pub passed: usize,
    /// Failed and not known.
    pub failed: usize,
    /// Failed as the list says.
    pub known: usize,
    /// Ran and judged nothing, as they should.
    pub observed: usize,
    /// Left out.
    pub skipped: usize,
    /// The suite's own fault.
    pub error: usize,
    /// Of those that passed or observed: how many failed at the first attempt.
    pub flaky: usize,
}

/// What the run says of the device, for the exit code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Exit 0.
    Green,
    /// Exit 1: a case failed that is not known to, or the list of known failures is not true.
    FallsShort,
    /// Exit 4: an error, a case without an outcome, or nothing that judges ran.
    NotExamined,
}

/// A run as far as it has come.
#[derive(Clone, Debug)]
pub struct Run {
    start: RunStart,
    cases: Vec<CaseResult>,
    stale: Vec<Stale>,
    progress: Progress,
    took: Duration,
}

/// Why a result cannot be added.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RunError {
    /// It is not of this run.
    #[error("case {0} was not planned")]
    NotPlanned(String),
    /// It has one already.
    #[error("case {0} already has an outcome")]
    Twice(String),
}

impl Run {
    /// A run without results.
    #[must_use]
    pub fn new(start: RunStart) -> Self {
        let progress = Progress::Running;
        Self { start, cases: Vec::new(), stale: Vec::new(), progress, took: Duration::ZERO }
    }

    /// Adds the result of a planned case.
    ///
    /// # Errors
    ///
    /// When the case was not planned, or has a result already; nothing is added.
    pub fn add(&mut self, case: CaseResult) -> Result<&CaseResult, RunError> {
        let id = &case.head.id;
        if !self.start.planned.iter().any(|planned| planned.id == *id) {
            return Err(RunError::NotPlanned(id.clone()));
        }
        if self.cases.iter().any(|other| other.head.id == *id) {
            return Err(RunError::Twice(id.clone()));
        }
        self.took = self.took.max(case.at + case.took);
        self.cases.push(case);
        Ok(&self.cases[self.cases.len() - 1])
    }

    /// Ends the run, `took` after its start; `stale` are the entries of the known-failures list
    /// that did not turn out true.
    pub fn end(&mut self, progress: Progress, took: Duration, stale: Vec<Stale>) {
        self.progress = progress;
        self.took = self.took.max(took);
        self.stale = stale;
    }

    /// What was known before the first case.
    #[must_use]
    pub fn start(&self) -> &RunStart {
        &self.start
    }

    /// The results, in the order in which the cases ended.
    #[must_use]
    pub fn cases(&self) -> &[CaseResult] {
        &self.cases
    }

    /// Entries of the known-failures list that are not true.
    #[must_use]
    pub fn stale(&self) -> &[Stale] {
        &self.stale
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// How long it took; until it has ended, up to the end of the last case.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// The planned cases that have no outcome.
    pub fn missing(&self) -> impl Iterator<Item = &CaseHead> {
        let ended: BTreeSet<&str> = self.cases.iter().map(|case| case.head.id.as_str()).collect();
        self.start.planned.iter().filter(move |head| !ended.contains(head.id.as_str()))
    }

    /// What was seen, by name. Where cases saw different things under one name, all of them, each
    /// once, joined by a comma.
    #[must_use]
    pub fn observations(&self) -> BTreeMap<&str, Redacted> {
        let mut seen: BTreeMap<&str, BTreeSet<&Redacted>> = BTreeMap::new();
        for (name, value) in self.cases.iter().flat_map(|case| &case.observations) {
            seen.entry(name).or_default().insert(value);
        }
        seen.into_iter().map(|(name, values)| (name, Redacted::joined(values))).collect()
    }

    /// How many cases had which outcome.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary { planned: self.start.planned.len(), ..Summary::default() };
        for case in &self.cases {
            *match case.outcome {
                Outcome::Passed => &mut summary.passed,
                Outcome::Failed { .. } => &mut summary.failed,
                Outcome::Known { .. } => &mut summary.known,
                Outcome::Observed => &mut summary.observed,
                Outcome::Skipped(_) => &mut summary.skipped,
                Outcome::Error(_) => &mut summary.error,
            } += 1;
            summary.flaky += usize::from(case.is_flaky());
        }
        summary
    }

    /// What the run says of the device so far. A device that failed has failed, also in a run that
    /// is incomplete.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let summary = self.summary();
        let judged = summary.passed + summary.failed + summary.known;
        if summary.failed > 0 || !self.stale.is_empty() {
            Verdict::FallsShort
        } else if summary.error > 0 || !summary.adds_up() || judged == 0 {
            Verdict::NotExamined
        } else {
            Verdict::Green
        }
    }
}

impl Summary {
    /// Whether each planned case has an outcome.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let ended = self.passed + self.failed + self.known;
        self.planned == ended + self.observed + self.skipped + self.error
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
