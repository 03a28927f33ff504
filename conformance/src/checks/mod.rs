//! Named checks: what takes more than one exchange to judge.
//!
//! Pure functions over recorded streams, with parameters. Promises to say which events or records are
//! wrong and how, and never to hold because there was nothing to look at: a check that finds nothing
//! of its kind fails.

mod log;
mod messages;
mod overflow;
mod stamp;
mod story;

#[cfg(test)]
mod sample;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::matcher::Mismatch;
use crate::stream::{BodiesError, Stream};

/// What a check is given besides its streams.
pub type Params = BTreeMap<String, Value>;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What is wrong; nothing where the check holds.
    pub mismatches: Vec<Mismatch>,
    /// What was seen, by name.
    pub observations: Vec<(String, String)>,
}

/// Why a check cannot be done: the case's mistake or the suite's, never the device's.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// No such check.
    #[error("there is no check {name}; there are {}", names())]
    Unknown {
        /// The name that was given.
        name: String,
    },
    /// It looks at another number of streams.
    #[error("{name} is over {wanted} streams at least, not {given}")]
    Streams {
        /// The check.
        name: &'static str,
        /// How many it looks at.
        wanted: usize,
        /// How many were given.
        given: usize,
    },
    /// A parameter is missing or of the wrong kind.
    #[error("{param} is {takes}")]
    Param {
        /// Which.
        param: &'static str,
        /// What it takes.
        takes: &'static str,
    },
    /// A message cannot be read back.
    #[error(transparent)]
    Bodies(#[from] BodiesError),
}

type Run = fn(&[&Stream], &Params) -> Result<Found, CheckError>;

struct Row {
    name: &'static str,
    streams: usize,
    run: Run,
}

const fn row(name: &'static str, streams: usize, run: Run) -> Row {
    Row { name, streams, run }
}

/// Every check: its name, over how many streams at least, and what it does.
const CHECKS: [Row; 11] = [
    row("adjoining", 2, overflow::adjoining),
    row("ascending", 1, log::ascending),
    row("device-names", 2, messages::device_names),
    row("one-unit", 1, log::one_unit),
    row("pages-tile", 2, log::pages_tile),
    row("report-equals-fetch", 2, messages::report_equals_fetch),
    row("retries-equal", 1, messages::retries_equal),
    row("same-story", 2, story::same_story),
    row("unique-ids", 1, messages::unique_ids),
    row("unique-numbers", 1, log::unique_numbers),
    row("v1-order", 1, messages::v1_order),
];

/// The names of all checks.
#[must_use]
pub fn names() -> String {
    CHECKS.map(|row| row.name).join(", ")
}

/// Does the check of that name.
///
/// # Errors
/// When there is no such check, or it cannot be done over these streams with these parameters.
pub fn run(name: &str, streams: &[&Stream], params: &Params) -> Result<Found, CheckError> {
    let row = CHECKS.iter().find(|row| row.name == name);
    let row = row.ok_or_else(|| CheckError::Unknown { name: name.to_owned() })?;
    if streams.len() < row.streams {
        let (name, wanted, given) = (row.name, row.streams, streams.len());
        return Err(CheckError::Streams { name, wanted, given });
    }
    (row.run)(streams, params)
}

impl Found {
    fn wrong(
        &mut self,
        path: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) {
        let (path, expected, seen) = (path.into(), expected.into(), seen.into());
        self.mismatches.push(Mismatch { path, expected, seen });
    }

    fn observe(&mut self, name: &str, seen: impl Into<String>) {
        self.observations.push((name.to_owned(), seen.into()));
    }

    /// Nothing to look at is no proof.
    fn nothing(expected: &str) -> Self {
        let mut found = Self::default();
        found.wrong("", expected, "none");
        found
    }
}
