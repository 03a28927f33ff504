//! One case: closed, a line; open, its checks and what was said.

use maud::{Markup, html};

use crate::outcome::{
    CaseResult, Check, Direction, Exchange, Level, Message, Mismatch, Outcome, Run,
};
use crate::report::human::again;
use crate::report::text::{clause, milliseconds, seconds};

/// The case; open by itself when it failed by itself.
pub(super) fn card(run: &Run, case: &CaseResult) -> Markup {
    let word = case.outcome.word();
    let open = matches!(case.outcome, Outcome::Failed { blocked_by: None } | Outcome::Error(_));
    let flaky = case.is_flaky().then_some("flaky");
    html! {
        details.case.(word).(flaky.unwrap_or("steady")) id=(case.head.id) open[open] {
            summary {
                span.badge.(word) { (word) }
                @if let Some(flaky) = flaky { span.badge.flaky { (flaky) } }
                code.id { (case.head.id) }
                span.title { (case.head.title) }
                span.took { (seconds(case.took)) }
            }
            div.inside {
                p.clause { (clause(&case.head.source, case.head.level)) " · " code { (case.head.file) } }
                @if let Some(reason) = case.reason() { p.reason { (reason) } }
                (checks("Checks", &case.checks))
                @if case.is_flaky() { (checks("What failed at the first attempt", &case.flaky)) }
                (seen(case))
                (exchanges(case))
                p.command { code { (again(run, &case.head.id)) } }
            }
        }
    }
}

fn checks(title: &str, checks: &[Check]) -> Markup {
    html! {
        @if !checks.is_empty() {
            h4 { (title) }
            ul.checks { @for one in checks { (check(one)) } }
        }
    }
}

fn check(check: &Check) -> Markup {
    let class = match (check.mismatches.is_empty(), check.level) {
        (true, _) => "held",
        (false, Level::Observe) => "noted",
        (false, _) => "broke",
    };
    html! {
        li.(class) {
            (check.title) " "
            span.faint {
                code { (check.id) }
                @if let Some(place) = check.place { " line " (place.line) }
            }
            @for Mismatch { path, expected, seen } in &check.mismatches {
                dl.mismatch {
                    @if !path.is_empty() { div { dt { "at" } dd { code { (path) } } } }
                    div { dt { "expected" } dd { code { (expected) } } }
                    div { dt { "seen" } dd { code { (seen) } } }
                }
            }
        }
    }
}

/// What was observed, and what nothing was expected of.
fn seen(case: &CaseResult) -> Markup {
    html! {
        @if !case.observations.is_empty() {
            h4 { "Observed" }
            table {
                @for (name, value) in &case.observations {
                    tr { th { code { (name) } } td { code { (value) } } }
                }
            }
        }
        @if !case.drift.is_empty() {
            h4 { "Beyond what is expected" }
            p { @for path in &case.drift { code { (path) } " " } }
        }
    }
}

fn exchanges(case: &CaseResult) -> Markup {
    html! {
        @if !case.exchanges.is_empty() {
            h4 {
                "What was said"
                @if case.exchanges_left_out > 0 {
                    span.faint { " (" (case.exchanges_left_out) " in the middle left out)" }
                }
            }
            @for one in &case.exchanges { (exchange(one)) }
        }
    }
}

fn exchange(exchange: &Exchange) -> Markup {
    let (arrow, who) = match exchange.direction {
        Direction::Call => ("→", "the suite asks"),
        Direction::Arrival => ("←", "the device tells"),
    };
    html! {
        details.exchange {
            summary {
                span.arrow title=(who) { (arrow) } " "
                code { (exchange.method) " " (exchange.url) } " "
                @if !exchange.name.is_empty() { span.name { (exchange.name) } " " }
                @match (&exchange.response, &exchange.answered) {
                    (Some(response), _) => span.status { (response.status) },
                    (None, Some(answered)) => span.status { "answered: " (answered) },
                    (None, None) => span.status.none { "no answer" },
                }
                span.took { (seconds(exchange.at)) " + " (milliseconds(exchange.took)) " ms" }
            }
            (message("request", &exchange.request))
            @if let Some(response) = &exchange.response { (message("answer", &response.message)) }
            @if let Some(failure) = &exchange.failure { p.reason { (failure) } }
        }
    }
}

fn message(title: &str, message: &Message) -> Markup {
    html! {
        div.message {
            h5 { (title) span.faint { " " (message.body_bytes) " bytes" } }
            @if !message.headers.is_empty() {
                pre.headers { @for (name, value) in &message.headers { (name) ": " (value) "\n" } }
            }
            @if !message.body.is_empty() { pre.body { (message.body) } }
        }
    }
}
