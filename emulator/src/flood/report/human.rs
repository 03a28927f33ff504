//! For people: a flood in a few lines.

use std::fmt::Write;

use super::document::{Document, Pace, Progress};

/// The document in a few lines.
#[must_use]
pub fn human(document: &Document) -> String {
    let mut text = String::new();
    let mut line = |name: &str, told: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<13}{told}");
    };
    line("flood of", document.target.clone());
    line("", setting(document));
    for warning in &document.warnings {
        line("beware", warning.clone());
    }
    line("sent", document.sent.to_string());
    line("acknowledged", acknowledged(document));
    line("failed", failed(document));
    line("in flight", document.in_flight.to_string());
    line("unsent", document.unsent.to_string());
    line("latency", latency(document));
    line("", verdict(document).to_owned());
    text
}

/// What was sent, in a line.
pub(super) fn setting(document: &Document) -> String {
    let setting = &document.setting;
    let of = &document.shards;
    let (api, devices, shape) = (&setting.api, setting.devices, &setting.shape);
    let mut told = format!("{api} by {devices} devices, {shape}");
    told += &match setting.pace {
        Pace::Open { rate } => format!(", {rate} records a second"),
        Pace::Closed => ", as fast as it takes them".to_owned(),
    };
    if of.taken.len() as u64 != u64::from(of.of) || of.of > 1 {
        let taken: Vec<String> = of.taken.iter().map(u32::to_string).collect();
        told += &format!(", shards {} of {}", taken.join(" "), of.of);
    }
    format!("{told}, seed {}", setting.seed)
}

fn acknowledged(document: &Document) -> String {
    let (count, rate, seconds) = (document.acknowledged, document.rate, document.elapsed_s);
    format!("{count}, {rate:.1} a second in {seconds:.1} s")
}

fn failed(document: &Document) -> String {
    let kinds = document.errors.iter().map(|(kind, count)| format!("{kind} {count}"));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    if kinds.is_empty() { "0".to_owned() } else { format!("{} ({kinds})", document.failed) }
}

fn latency(document: &Document) -> String {
    let told = &document.latency_ms;
    let figures = [
        ("50 %", told.p50),
        ("90 %", told.p90),
        ("99 %", told.p99),
        ("99.9 %", told.p99_9),
        ("all", told.max),
    ];
    let within = figures.into_iter().filter_map(|(part, millis)| Some((part, millis?)));
    let within = within.map(|(part, millis)| format!("{part} {millis:.1} ms")).collect::<Vec<_>>();
    if within.is_empty() { "none".to_owned() } else { within.join(", ") }
}

/// What came of it, in a few words.
pub(super) const fn verdict(document: &Document) -> &'static str {
    match document.progress {
        Progress::Interrupted => "interrupted",
        _ if document.sent == 0 => "nothing was sent",
        Progress::CutOff => "cut off: the platform did not take everything in time",
        Progress::Complete if document.is_green() => "every record was acknowledged",
        Progress::Complete => "not every record was acknowledged",
    }
}
