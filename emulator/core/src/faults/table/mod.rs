//! The table of faults: each file a part of it, each row a fault. Nothing else knows a fault's name.

mod across;
mod api;
mod device;
mod network;
mod push;
mod report;
mod v1;
mod v1_manual;
mod v3;

use std::time::Duration;

use serde_json::Value;

use super::fault::{Args, Family, Fault, Param, Site, Takes};
use crate::behaviour::{Behaviour, Change, Edit, Part, When};
use crate::event::Kind;

const TABLES: [&[Fault]; 9] = [
    v3::FAULTS,
    v1::FAULTS,
    v1_manual::FAULTS,
    across::FAULTS,
    api::FAULTS,
    push::FAULTS,
    report::FAULTS,
    device::FAULTS,
    network::FAULTS,
];

/// Every fault, in the order of the table.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    TABLES.into_iter().flatten()
}

/// Rows: name, what it breaks, where it strikes, parameters, meaning, and how it sets its knobs.
macro_rules! rows {
    ($family:expr; $($name:literal, $breaks:literal, $sites:expr, [$($param:expr),*],
        $meaning:literal => $set:expr;)+) => {
        pub(super) const FAULTS: &[Fault] = &[$(Fault {
            name: $name,
            family: $family,
            breaks: $breaks,
            meaning: $meaning,
            params: &[$($param),*],
            sites: $sites,
            set: $set,
        }),+];
    };
}

use rows;

const EVENTS: &[Site] = &[Site::Fetch, Site::Report];
const PUSHES: &[Site] = &[Site::Recognition, Site::Alarm];

/// The v3 kinds.
const KINDS: &[&str] = &[
    "face", "card", "qrcode", "visitor", "therm", "door", "remote", "push", "fire", "disa", "reset",
];

const fn kind(default: &'static str) -> Param {
    let meaning = "the v3 kind of event";
    Param { name: "kind", takes: Takes::Word(KINDS), default, meaning }
}

const fn field(fields: &'static [&'static str], default: &'static str) -> Param {
    let meaning = "the field";
    Param { name: "field", takes: Takes::Word(fields), default, meaning }
}

const TIMES: Param = Param {
    name: "times",
    takes: Takes::Whole(1, 100),
    default: "1",
    meaning: "how many times more",
};

const DELAY: Param = Param {
    name: "by",
    takes: Takes::Span(Duration::from_millis(1), Duration::from_secs(3600)),
    default: "5s",
    meaning: "for how long",
};

const CONTENT_TYPE: Param = Param {
    name: "type",
    takes: Takes::Word(&["text/plain", "text/html", "application/xml", "application/octet-stream"]),
    default: "text/plain",
    meaning: "the type",
};

/// The kind that a fault's parameter names.
fn kind_of(args: &Args) -> Kind {
    Kind::from_name(args.word("kind")).expect("the parameter takes kinds alone")
}

/// Adds a change to messages.
fn edit(on: &mut Behaviour, part: Part, when: When, path: &str, change: Change) {
    on.violations.edits.push(Edit { part, when, path: path.to_owned(), change });
}

/// The same, always.
fn always(on: &mut Behaviour, part: Part, path: &str, change: Change) {
    edit(on, part, When::Always, path, change);
}

fn set(value: impl Into<Value>) -> Change {
    Change::Set(value.into())
}

/// Seconds of the faults that are an hour off, and of those that are a minute off.
const HOUR_SECONDS: i64 = 3600;
const MINUTE_SECONDS: i64 = 60;
