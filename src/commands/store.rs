//! `vestibule store`: looks at a store, and saves what is whole of a damaged one.

use serde::Serialize;
use vestibule_emulator::storage::{Found, check, salvage};

use super::run::store_failure;
use crate::cli::store::{StoreAction, StoreArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// What a look found.
#[derive(Serialize)]
struct FoundLine<'a> {
    devices: u64,
    entries: u64,
    /// How many problems there are; the first are named.
    problems: u64,
    named: &'a [String],
}

/// What was saved.
#[derive(Serialize)]
struct SavedLine<'a> {
    #[serde(flatten)]
    found: FoundLine<'a>,
    saved: u64,
    left_out: u64,
}

impl<'a> From<&'a Found> for FoundLine<'a> {
    fn from(found: &'a Found) -> Self {
        let Found { devices, entries, problems, problem_count } = found;
        Self { devices: *devices, entries: *entries, problems: *problem_count, named: problems }
    }
}

/// Checks or salvages.
pub(crate) fn run(args: StoreArgs, output: &Output) -> Result<Exit, Failure> {
    match args.action {
        StoreAction::Check { dir } => {
            let found = check(&dir).map_err(store_failure)?;
            output.json(&FoundLine::from(&found))?;
            Ok(if found.problem_count == 0 { Exit::Done } else { Exit::FallsShort })
        }
        StoreAction::Salvage { dir, to } => {
            let salvaged = salvage(&dir, &to).map_err(store_failure)?;
            output.json(&SavedLine {
                found: FoundLine::from(&salvaged.found),
                saved: salvaged.saved,
                left_out: salvaged.left_out,
            })?;
            Ok(Exit::Done)
        }
    }
}
