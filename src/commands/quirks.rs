//! `vestibule quirks`: the table of quirks and presets, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use vestibule_core::quirks::{PRESETS, QUIRKS};

use crate::cli::quirks::QuirksArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;

#[derive(Serialize)]
struct Listing {
    quirks: Vec<QuirkRow>,
    presets: Vec<PresetRow>,
}

#[derive(Serialize)]
struct QuirkRow {
    name: &'static str,
    ruling: &'static str,
    values: &'static str,
    default: String,
    meaning: &'static str,
}

#[derive(Serialize)]
struct PresetRow {
    name: &'static str,
    meaning: &'static str,
    sets: BTreeMap<&'static str, &'static str>,
}

/// Prints the table.
pub(crate) fn run(args: &QuirksArgs, output: &Output) -> Result<Exit, Failure> {
    let listing = listing();
    if args.json {
        output.json(&listing)?;
    } else {
        output.line(&text(&listing))?;
    }
    Ok(Exit::Done)
}

fn listing() -> Listing {
    let quirks = QUIRKS.iter().map(|quirk| QuirkRow {
        name: quirk.name,
        ruling: quirk.ruling,
        values: quirk.values,
        default: quirk.default_value(),
        meaning: quirk.meaning,
    });
    let presets = PRESETS.iter().map(|preset| PresetRow {
        name: preset.name,
        meaning: preset.meaning,
        sets: preset.sets.iter().copied().collect(),
    });
    Listing { quirks: quirks.collect(), presets: presets.collect() }
}

fn text(listing: &Listing) -> String {
    let mut text = String::from("Quirks, for --quirk NAME=VALUE:\n");
    for quirk in &listing.quirks {
        let QuirkRow { name, ruling, values, default, meaning } = quirk;
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {name}  ({ruling}, default {default})\n      {meaning}\n");
        let _ = writeln!(text, "      takes {values}");
    }
    text.push_str("\nPresets, for --quirk preset=NAME:\n");
    for preset in &listing.presets {
        let _ = write!(text, "\n  {}\n      {}\n", preset.name, preset.meaning);
        for (name, value) in &preset.sets {
            let _ = writeln!(text, "      {name}={value}");
        }
    }
    text.truncate(text.trim_end().len());
    text
}
