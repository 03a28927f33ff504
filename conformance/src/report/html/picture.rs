//! The outcomes at a glance: a bar of their shares, and a square for each case.

use maud::{Markup, html};

use crate::outcome::{Run, Summary};

/// The squares in a row of the map: as many as are as wide as the bar.
const COLUMNS: usize = 50;

/// A square and the gap after it, in the units of the drawing.
const SQUARE: usize = 16;
const STEP: usize = 20;

/// The outcomes and how many cases have them, the worst first.
pub(super) fn counts(summary: &Summary) -> [(&'static str, usize); 6] {
    [
        ("failed", summary.failed),
        ("error", summary.error),
        ("known", summary.known),
        ("passed", summary.passed),
        ("observed", summary.observed),
        ("skipped", summary.skipped),
    ]
}

/// A bar with a piece for each outcome, as long as its share of the planned cases.
pub(super) fn bar(summary: &Summary) -> Markup {
    let mut pieces = Vec::new();
    let mut at = 0;
    for (word, count) in counts(summary) {
        pieces.push((word, at, count));
        at += count;
    }
    let width = summary.planned.max(1);
    html! {
        svg.bar viewBox={ "0 0 " (width) " 1" } preserveAspectRatio="none" role="img"
            aria-label="shares of the outcomes" {
            rect.missing x="0" y="0" width=(width) height="1" {}
            @for (word, at, count) in pieces {
                @if count > 0 {
                    rect.(word) x=(at) y="0" width=(count) height="1" { title { (count) " " (word) } }
                }
            }
        }
        ul.legend {
            @for (word, count) in counts(summary) {
                @if count > 0 { li { span.dot.(word) {} b { (count) } " " (word) } }
            }
            @if !summary.adds_up() { li { span.dot.no-outcome {} "the rest has no outcome" } }
        }
    }
}

/// A square for each case, in the order of their ids, which leads to it.
pub(super) fn map(run: &Run) -> Markup {
    let mut cases: Vec<_> = run.cases().iter().collect();
    cases.sort_by_key(|case| &case.head.id);
    let rows = cases.len().div_ceil(COLUMNS);
    let (width, height) = (COLUMNS * STEP, rows * STEP);
    html! {
        @if rows > 0 {
            svg.map viewBox={ "0 0 " (width) " " (height) } role="img" aria-label="the cases" {
                @for (at, case) in cases.iter().enumerate() {
                    @let (x, y) = (at % COLUMNS * STEP, at / COLUMNS * STEP);
                    a href={ "#" (case.head.id) } {
                        rect.(case.outcome.word()) x=(x) y=(y) width=(SQUARE) height=(SQUARE) rx="3" {
                            title { (case.head.id) ": " (case.outcome.word()) }
                        }
                    }
                }
            }
        }
    }
}
