//! The page: what was judged, what came of it, the cases, what was observed, the clauses.

use std::collections::BTreeMap;
use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{case, picture};
use crate::case::clauses::Clauses;
use crate::outcome::{CaseHead, CaseResult, Progress, Run, Summary, Verdict};
use crate::report::clauses::{Coverage, Covered, DOCUMENTS, Judged, coverage};
use crate::report::text::{counted, seconds};

const STYLE: &str = include_str!("style.css");

/// Nothing but the page's own style: no script, no image, no request, no form.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'";

/// Writes the page.
pub(in crate::report) fn write(
    run: &Run,
    clauses: &Clauses,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(page(run, clauses).into_string().as_bytes())
}

fn page(run: &Run, clauses: &Clauses) -> Markup {
    let title = format!("Conformance of {}", run.start().target.url);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(run))
                main {
                    (cases(run))
                    (observations(run))
                    (table_of(&coverage(run, clauses)))
                }
                footer { "vestibule " (env!("CARGO_PKG_VERSION")) }
            }
        }
    }
}

fn header(run: &Run) -> Markup {
    let start = run.start();
    let summary = run.summary();
    let (class, verdict) = verdict(run);
    html! {
        header {
            p.verdict.(class) { (verdict) }
            h1 { (start.target.url) }
            dl.facts {
                @for (name, fact) in &start.target.facts { div { dt { (name) } dd { (fact) } } }
                div { dt { "started" } dd { (humantime::format_rfc3339_seconds(start.started)) } }
                div { dt { "took" } dd { (seconds(run.took())) } }
            }
            p.command { code { (start.command) } }
            @for note in &start.target.notes { p.note { (note) } }
            (picture::bar(&summary))
            (picture::map(run))
            (broken(run))
        }
    }
}

fn verdict(run: &Run) -> (&'static str, &'static str) {
    match (run.progress(), run.verdict()) {
        (Progress::Running, _) => ("odd", "not at its end"),
        (Progress::Interrupted, _) => ("odd", "interrupted"),
        (_, Verdict::Green) => ("good", "holds"),
        (_, Verdict::FallsShort) => ("bad", "falls short"),
        (_, Verdict::NotExamined) => ("bad", "not examined"),
    }
}

/// What makes a run red besides its cases.
fn broken(run: &Run) -> Markup {
    let missing: Vec<&CaseHead> = run.missing().collect();
    html! {
        @if !run.stale().is_empty() {
            section.broken {
                h2 { "Not true in the list of known failures" }
                ul { @for one in run.stale() { li { code { (one.entry) } ": " (one.why) } } }
            }
        }
        @if !missing.is_empty() {
            section.broken {
                h2 { (counted(missing.len(), "case")) " without an outcome" }
                ul { @for head in missing { li { code { (head.id) } " " (head.title) } } }
            }
        }
    }
}

fn cases(run: &Run) -> Markup {
    let mut areas: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
    for case in run.cases() {
        let id = case.head.id.as_str();
        let area = id.rsplit_once('.').map_or(id, |(area, _)| area);
        areas.entry(area).or_default().push(case);
    }
    html! {
        section {
            h2 #cases { "Cases" }
            (filters(&run.summary()))
            @for (area, cases) in areas {
                div.area {
                    h3 { (area) }
                    @for case in cases { (case::card(run, case)) }
                }
            }
        }
    }
}

/// One of them is chosen; the style sheet hides the cases that are not of its kind.
fn filters(summary: &Summary) -> Markup {
    let all = summary.planned;
    let kinds = picture::counts(summary);
    html! {
        fieldset.filters {
            legend { "show" }
            label { input type="radio" name="show" value="all" checked; "all " b { (all) } }
            @for (word, count) in kinds {
                @if count > 0 {
                    label.(word) { input type="radio" name="show" value=(word); (word) " " b { (count) } }
                }
            }
            @if summary.flaky > 0 {
                label.flaky { input type="radio" name="show" value="flaky"; "flaky " b { (summary.flaky) } }
            }
        }
    }
}

fn observations(run: &Run) -> Markup {
    let seen = run.observations();
    html! {
        @if !seen.is_empty() {
            section {
                h2 #observed { "Observed" }
                p { "Behaviour that may differ from device to device." }
                table {
                    @for (name, value) in seen { tr { th { code { (name) } } td { code { (value) } } } }
                }
            }
        }
    }
}

fn table_of(coverage: &Coverage<'_>) -> Markup {
    html! {
        section {
            h2 #clauses { "Clauses" }
            @for (document, title) in DOCUMENTS {
                h3 { (title) }
                table.clauses {
                    thead { tr { th { "clause" } th { "says" } th { "cases" } } }
                    tbody { @for covered in coverage.of(document) { (clause(covered)) } }
                }
            }
            @if !coverage.rulings().is_empty() {
                h3 { "Rulings" }
                table.clauses {
                    tbody {
                        @for ruled in coverage.rulings() {
                            tr { th { (ruled.id) } td { (links(&ruled.cases)) } }
                        }
                    }
                }
            }
        }
    }
}

fn clause(covered: &Covered<'_>) -> Markup {
    html! {
        tr {
            th { code { (covered.id) } }
            td { (words(&covered.clause.says)) }
            td {
                @match (&covered.clause.none, covered.cases.is_empty()) {
                    (Some(why), true) => span.none { "none: " (words(why)) },
                    (None, true) => span.none { "none in this run" },
                    _ => (links(&covered.cases)),
                }
            }
        }
    }
}

fn links(cases: &[Judged<'_>]) -> Markup {
    html! {
        ul.links {
            @for judged in cases {
                li {
                    @let id = &judged.head.id;
                    span.dot.(judged.word().replace(' ', "-")) title=(judged.word()) {}
                    @if judged.result.is_some() { a href={ "#" (id) } { (id) } } @else { (id) }
                }
            }
        }
    }
}

/// Our own words, in which a name stands between backticks.
fn words(text: &str) -> Markup {
    html! {
        @for (at, piece) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}
