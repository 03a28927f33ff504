//! The end of what was said in a case, as lines: how a failure is read without another tool.

use super::text::{cut, milliseconds, printable};
use crate::outcome::{CaseResult, Direction, Exchange};

/// Exchanges shown: the one that a check failed at is nearly always among the last.
const EXCHANGES_MAX: usize = 3;

/// Characters shown of a body. A whole event fits; whoever needs more has the other reports.
const BODY_CHARS_MAX: usize = 600;

/// The last exchanges of a case, one line each for what was asked, what was answered and the bodies.
pub(super) fn lines(case: &CaseResult) -> Vec<String> {
    let skipped = case.exchanges.len().saturating_sub(EXCHANGES_MAX);
    let earlier = case.exchanges_left_out + skipped as u64;
    let mut lines = Vec::new();
    if earlier > 0 {
        lines.push(format!("({earlier} earlier)"));
    }
    for exchange in &case.exchanges[skipped..] {
        add(exchange, &mut lines);
    }
    lines
}

fn add(exchange: &Exchange, lines: &mut Vec<String>) {
    let who = match exchange.direction {
        Direction::Call => "suite",
        Direction::Arrival => "device",
    };
    let at = exchange.at.as_secs_f64();
    let (method, url) = (printable(&exchange.method), printable(&exchange.url));
    lines.push(format!("{who} at {at:.3}s: {method} {url}"));
    add_body("> ", &exchange.request.body, lines);
    if let Some(response) = &exchange.response {
        lines.push(format!("answer {} in {} ms", response.status, milliseconds(exchange.took)));
        add_body("< ", &response.message.body, lines);
    }
    if let Some(answered) = &exchange.answered {
        let took = milliseconds(exchange.took);
        lines.push(format!("answered in {took} ms: {}", printable(answered)));
    }
    if let Some(failure) = &exchange.failure {
        lines.push(format!("! {}", printable(failure)));
    }
}

/// Each line has a mark before it, so that none can be taken for a command of a pipeline.
fn add_body(mark: &str, body: &str, lines: &mut Vec<String>) {
    if !body.is_empty() {
        lines.push(format!("{mark}{}", printable(&cut(body, BODY_CHARS_MAX))));
    }
}
