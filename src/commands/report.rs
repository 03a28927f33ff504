//! `vestibule report merge`: one report of those of a flood's shards.

use std::path::Path;

use vestibule_emulator::flood::report::{Document, MergeError, merge};

use super::flood::{Told, Usual, judge};
use crate::cli::report::{MergeArgs, ReportArgs, ReportCommand};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Does what is asked for with reports.
pub(crate) fn run(args: &ReportArgs, output: &Output) -> Result<Exit, Failure> {
    match &args.command {
        ReportCommand::Merge(args) => merged(args, output),
    }
}

fn merged(args: &MergeArgs, output: &Output) -> Result<Exit, Failure> {
    let documents: Vec<_> = args.files.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    let document = merge(&documents).map_err(refused)?;
    let told = Told::new(&args.reports, Usual::Json)?;
    for warning in &document.warnings {
        tracing::warn!("{warning}");
    }
    told.tell(&document, output)?;
    let exit = judge(&document)?;
    let (here, all) = (document.shards.taken.len(), document.shards.of);
    if here as u64 == u64::from(all) {
        return Ok(exit);
    }
    let why = format!("{here} of {all} shards are here");
    Err(Failure::new(Exit::NothingExamined, "merging", why).hint("add the reports of the others"))
}

fn read(path: &Path) -> Result<(String, Document), Failure> {
    let name = path.display().to_string();
    let hint = "give reports of `vestibule flood --report json=FILE`";
    let failure = |error: Box<dyn std::error::Error + Send + Sync>| {
        Failure::new(Exit::Usage, format!("reading {name}"), error).hint(hint)
    };
    let text = std::fs::read(path).map_err(|error| failure(error.into()))?;
    let document = serde_json::from_slice(&text).map_err(|error| failure(error.into()))?;
    Ok((name, document))
}

fn refused(error: MergeError) -> Failure {
    let hint = match &error {
        MergeError::Twice { .. } => "give the report of each shard once",
        MergeError::OtherFlood { .. } => {
            "merge shards that were run with the same seed, shape, pace, length and devices"
        }
        _ => "give reports of `vestibule flood --report json=FILE`",
    };
    Failure::new(Exit::Usage, "merging", error).hint(hint)
}
