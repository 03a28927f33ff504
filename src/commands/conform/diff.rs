//! `vestibule conform diff`: what two reports tell apart.

use std::path::Path;

use serde_json::json;
use vestibule_conformance::diff::{Difference, Report, diff};
use vestibule_conformance::report::schema;

use crate::cli::conform::DiffArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;

const HINT: &str = "give reports of `vestibule conform device --report json=FILE`";

/// Compares two reports.
pub(crate) fn run(args: &DiffArgs, output: &Output) -> Result<Exit, Failure> {
    if args.schema {
        output.line(&format!("{:#}", schema()))?;
        return Ok(Exit::Done);
    }
    let [before, after] = args.reports.as_slice() else {
        return Err(Failure::new(Exit::Usage, "comparing", "two reports are needed").hint(HINT));
    };
    let (before, after) = (read(before)?, read(after)?);
    if before.cases.is_empty() || after.cases.is_empty() {
        let why = "one of the reports has no case";
        return Err(Failure::new(Exit::NothingExamined, "comparing", why).hint(HINT));
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
    let text = std::fs::read(path)
        .map_err(|error| Failure::new(Exit::Usage, tried(), error).hint(HINT))?;
    serde_json::from_slice(&text)
        .map_err(|error| Failure::new(Exit::Usage, tried(), error).hint(HINT))
}
