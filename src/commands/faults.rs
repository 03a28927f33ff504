//! `vestibule faults`: the table of faults, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;
use vestibule_core::faults::{Fault, SCOPES, all};

use crate::cli::faults::FaultsArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;

#[derive(Serialize)]
struct Listing {
    faults: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    family: &'static str,
    breaks: &'static str,
    params: Vec<ParamRow>,
    meaning: &'static str,
    /// The exchanges that its scope counts.
    strikes: Vec<&'static str>,
}

#[derive(Serialize)]
struct ParamRow {
    name: &'static str,
    takes: String,
    default: &'static str,
    meaning: &'static str,
}

/// Prints the table.
pub(crate) fn run(args: &FaultsArgs, output: &Output) -> Result<Exit, Failure> {
    let listing = Listing { faults: all().map(row).collect() };
    if args.json {
        output.json(&listing)?;
    } else {
        output.line(&text(&listing))?;
    }
    Ok(Exit::Done)
}

fn row(fault: &Fault) -> Row {
    let params = fault.params.iter().map(|param| ParamRow {
        name: param.name,
        takes: param.takes.describe(),
        default: param.default,
        meaning: param.meaning,
    });
    Row {
        name: fault.name,
        family: fault.family.name(),
        breaks: fault.breaks,
        params: params.collect(),
        meaning: fault.meaning,
        strikes: fault.sites.iter().map(|site| site.name()).collect(),
    }
}

fn text(listing: &Listing) -> String {
    let mut text = String::from("Faults, for `vestibule ctl faults set NAME,PARAMETER=VALUE`:\n");
    for fault in &listing.faults {
        let Row { name, family, breaks, meaning, .. } = fault;
        // Writing to a String cannot fail.
        let breaks = if breaks.is_empty() { String::new() } else { format!(", breaks {breaks}") };
        let _ = write!(text, "\n  {name}  ({family}{breaks})\n      {meaning}\n");
        for ParamRow { name, takes, default, meaning } in &fault.params {
            let _ = writeln!(text, "      {name}={default}: {meaning}; {takes}");
        }
        let _ = writeln!(text, "      at {}", fault.strikes.join(", "));
    }
    let _ = write!(text, "\nEach takes a scope: {SCOPES}.");
    text
}
