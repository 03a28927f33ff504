//! `vestibule conform diff`: what two reports tell apart.

use std::path::Path;

use serde_json::json;
use vestibule_conformance::diff::{Difference, Report, diff};

use crate::cli::conform::DiffArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Compares two reports.
pub(crate) fn run(args: &DiffArgs, output: &Output) -> Result<Exit, Failure> {
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    if before.cases.is_empty() || after.cases.is_empty() {
        let why = "one of the reports has no case";
        return Err(Failure::new(Exit::NothingExamined, "comparing", why)
            .hint("give reports of `vestibule conform device --report json=FILE`"));
    }
    let differences = diff(&before, &after);
    for one in &differences {
        if args.json {
            output.json(&json!({
                "kind": one.kind.word(), "name": one.name, "before": one.before, "after": one.after
            }))?;
        } else {
            output.line(&line(one))?;
        }
    }
    Ok(if differences.is_empty() { Exit::Done } else { Exit::FallsShort })
}

fn line(one: &Difference) -> String {
    let told = |side: &Option<String>| side.clone().unwrap_or_else(|| "not there".to_owned());
    format!("{} {}: {} -> {}", one.kind.word(), one.name, told(&one.before), told(&one.after))
}

fn read(path: &Path) -> Result<Report, Failure> {
    let tried = || format!("reading {}", path.display());
    let hint = "give a report of `vestibule conform device --report json=FILE`";
    let text = std::fs::read(path)
        .map_err(|error| Failure::new(Exit::Usage, tried(), error).hint(hint))?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::new(Exit::Usage, tried(), error).hint(hint))
}
