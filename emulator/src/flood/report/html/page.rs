//! The page: what was sent, what became of it, and four pictures of how.

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::{Chart, Line, Scale, Together};
use crate::flood::report::document::{Document, LatencyMs, Progress, Row};
use crate::flood::report::human::{setting, verdict};

const STYLE: &str = include_str!("style.css");

/// Nothing but the page's own style: no script, no image, no request, no form.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'";

/// The kinds of failure that have a line of their own; further ones share the last.
const COLOURS: [&str; 6] = ["c1", "c2", "c3", "c4", "c5", "c6"];

/// The document as a page.
#[must_use]
pub fn html(document: &Document) -> String {
    page(document).into_string()
}

fn page(document: &Document) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Flood of " (document.target) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(document))
                main {
                    (rate(&document.seconds).draw())
                    (latency(&document.seconds).draw())
                    (backlog(&document.seconds).draw())
                    @if document.failed > 0 { (errors(document).draw()) }
                    (tables(document))
                }
                footer { "vestibule " (env!("CARGO_PKG_VERSION")) }
            }
        }
    }
}

fn header(document: &Document) -> Markup {
    let class = match document.progress {
        Progress::Interrupted => "odd",
        _ if document.is_green() => "good",
        _ => "bad",
    };
    let facts = [
        ("sent", document.sent.to_string()),
        ("acknowledged", document.acknowledged.to_string()),
        ("failed", document.failed.to_string()),
        ("in flight", document.in_flight.to_string()),
        ("unsent", document.unsent.to_string()),
        ("rate", format!("{:.1} a second", document.rate)),
        ("took", format!("{:.1} s", document.elapsed_s)),
        ("started", document.started.clone()),
    ];
    html! {
        header {
            p.verdict.(class) { (verdict(document)) }
            h1 { (document.target) }
            p { (setting(document)) }
            dl.facts { @for (name, fact) in facts { div { dt { (name) } dd { (fact) } } } }
            @for warning in &document.warnings { p.warning { (warning) } }
        }
    }
}

fn rate(rows: &[Row]) -> Chart<'static> {
    Chart {
        title: "Rate",
        note: "records a second",
        together: Together::Mean,
        scale: Scale::Linear,
        lines: vec![
            line("due", "due", rows, |row| Some(float(row.due))),
            line("sent", "sent", rows, |row| Some(float(row.sent))),
            line("acknowledged", "good", rows, |row| Some(float(row.acknowledged))),
        ],
    }
}

fn latency(rows: &[Row]) -> Chart<'static> {
    Chart {
        title: "Latency",
        note: "milliseconds from the moment a record was due to its acknowledgement, by the second of that",
        together: Together::Max,
        scale: Scale::Logarithmic,
        lines: vec![
            line("50 %", "c1", rows, |row| row.latency_ms.p50),
            line("90 %", "c2", rows, |row| row.latency_ms.p90),
            line("99 %", "c3", rows, |row| row.latency_ms.p99),
            line("all", "c4", rows, |row| row.latency_ms.max),
        ],
    }
}

fn backlog(rows: &[Row]) -> Chart<'static> {
    Chart {
        title: "Backlog",
        note: "records that were due and not begun, and records under way, at the end of each second",
        together: Together::Max,
        scale: Scale::Linear,
        lines: vec![
            line("backlog", "c1", rows, |row| Some(float(row.backlog))),
            line("in flight", "c2", rows, |row| Some(float(row.in_flight))),
        ],
    }
}

fn errors(document: &Document) -> Chart<'static> {
    // The most frequent first.
    let mut kinds: Vec<(&String, &u64)> = document.errors.iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let own = if kinds.len() > COLOURS.len() { COLOURS.len() - 1 } else { kinds.len() };
    let rows = &document.seconds;
    let each = kinds[..own].iter().zip(COLOURS).map(|((kind, _), class)| {
        line(kind, class, rows, failed_by(BTreeSet::from([kind.as_str()])))
    });
    let mut lines: Vec<Line> = each.collect();
    if own < kinds.len() {
        let rest = kinds[own..].iter().map(|(kind, _)| kind.as_str()).collect();
        lines.push(line("others", COLOURS[own], rows, failed_by(rest)));
    }
    Chart {
        title: "Errors",
        note: "records that failed, a second",
        together: Together::Mean,
        scale: Scale::Linear,
        lines,
    }
}

/// How many records failed in one of these ways.
fn failed_by(kinds: BTreeSet<&str>) -> impl Fn(&Row) -> Option<f64> {
    move |row| {
        let errors = row.errors.iter().filter(|(kind, _)| kinds.contains(kind.as_str()));
        Some(float(errors.map(|(_, count)| count).sum()))
    }
}

fn tables(document: &Document) -> Markup {
    let LatencyMs { p50, p90, p99, p99_9, max } = document.latency_ms;
    let figures = [("50 %", p50), ("90 %", p90), ("99 %", p99), ("99.9 %", p99_9), ("all", max)];
    html! {
        section.tables {
            div {
                h2 { "Latency" }
                table {
                    @for (part, millis) in figures {
                        tr { th { (part) } td { @if let Some(millis) = millis { (format!("{millis:.2} ms")) } @else { "none" } } }
                    }
                }
            }
            @if !document.errors.is_empty() {
                div {
                    h2 { "Errors" }
                    table { @for (kind, count) in &document.errors { tr { th { (kind) } td { (count) } } } }
                }
            }
        }
    }
}

fn line(
    name: &str,
    class: &'static str,
    rows: &[Row],
    value: impl Fn(&Row) -> Option<f64>,
) -> Line {
    Line { name: name.to_owned(), class, values: rows.iter().map(value).collect() }
}

#[expect(clippy::cast_precision_loss, reason = "a picture is not exact")]
const fn float(count: u64) -> f64 {
    count as f64
}
