//! What was said on the wire: a request of ours, or a push or report of the device, with its answer.
//!
//! Promises that a case keeps a bounded number of exchanges and a bounded part of each body,
//! whatever a device sends, and says how much it left out.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use super::redact::{Redacted, Redactor};

/// Who spoke first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Direction {
    /// The suite asked the device.
    Call,
    /// The device pushed or reported to a receiver of the suite.
    Arrival,
}

/// An exchange as it was recorded. It may hold secrets, so it cannot be printed.
#[derive(Clone)]
pub struct ExchangeDraft {
    /// Who spoke first.
    pub direction: Direction,
    /// What the case calls it: the result's or the receiver's name; may be empty.
    pub name: String,
    /// When it began, since the start of the run.
    pub at: Duration,
    /// From the first byte of the request to the last of the answer.
    pub took: Duration,
    /// What was asked.
    pub request: RequestDraft,
    /// What was answered, if anything was.
    pub answer: Option<AnswerDraft>,
    /// How the suite answered an arrival, in words: `ok`, `hang`. The bytes of it are not kept.
    pub answered: Option<String>,
    /// Why there is no answer, or not a whole one: `no answer within 10 s`.
    pub failure: Option<String>,
}

/// A request as it was recorded.
#[derive(Clone, Default)]
pub struct RequestDraft {
    /// The method.
    pub method: String,
    /// The whole URL, as `http://127.0.0.1:8000/api/v3.x/event`.
    pub url: String,
    /// The headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer as it was recorded.
#[derive(Clone, Default)]
pub struct AnswerDraft {
    /// The HTTP status.
    pub status: u16,
    /// The headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An exchange that can be shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exchange {
    /// Who spoke first.
    pub direction: Direction,
    /// What the case calls it; may be empty.
    pub name: String,
    /// When it began, since the start of the run.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// The request's method.
    pub method: Redacted,
    /// The request's URL.
    pub url: Redacted,
    /// The request's headers and body.
    pub request: Message,
    /// The answer.
    pub response: Option<Response>,
    /// How the suite answered an arrival, in words.
    pub answered: Option<Redacted>,
    /// Why there is no answer, or not a whole one.
    pub failure: Option<Redacted>,
}

/// Headers and a body that can be shown.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Message {
    /// The headers, in their order.
    pub headers: Vec<(Redacted, Redacted)>,
    /// The body as text, at most `BODY_BYTES_MAX` of it.
    pub body: Redacted,
    /// How many bytes the body had.
    pub body_bytes: usize,
}

/// An answer that can be shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Its headers and body.
    pub message: Message,
}

/// The exchanges of one case, in their order, as they are recorded.
#[derive(Clone, Default)]
pub struct Exchanges {
    first: Vec<ExchangeDraft>,
    last: VecDeque<ExchangeDraft>,
    left_out: u64,
}

/// How much of a body is shown, in bytes after redaction: a page of ten events whole. More would
/// make a report of two hundred cases too heavy for a browser.
pub const BODY_BYTES_MAX: usize = 8 << 10;

/// A longer body is shown by its length and hash alone: looking for secrets in it takes memory, and a
/// page of a thousand events has a tenth of this.
const BODY_SEARCHED_MAX: usize = 4 << 20;

/// Exchanges kept from the beginning of a case, and as many from its end: most cases have fewer in
/// all; one that reads a log of 50,000 has thousands that look the same.
const KEPT_AT_EACH_END: usize = 32;

impl Exchanges {
    /// Adds what was said last.
    pub fn push(&mut self, exchange: ExchangeDraft) {
        if self.first.len() < KEPT_AT_EACH_END {
            self.first.push(exchange);
            return;
        }
        self.last.push_back(exchange);
        if self.last.len() > KEPT_AT_EACH_END {
            self.last.pop_front();
            self.left_out += 1;
        }
    }

    /// How many are not kept, between the first and the last ones.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ExchangeDraft> {
        self.first.iter().chain(&self.last)
    }
}

impl FromIterator<ExchangeDraft> for Exchanges {
    fn from_iter<I: IntoIterator<Item = ExchangeDraft>>(exchanges: I) -> Self {
        let mut kept = Self::default();
        exchanges.into_iter().for_each(|exchange| kept.push(exchange));
        kept
    }
}

impl ExchangeDraft {
    pub(super) fn learn(&self, redactor: &mut Redactor) {
        redactor.learn(&searched(&self.request.body));
        redactor.learn_headers(&self.request.headers);
        if let Some(answer) = &self.answer {
            redactor.learn(&searched(&answer.body));
            redactor.learn_headers(&answer.headers);
        }
    }

    pub(super) fn redact(&self, redactor: &Redactor) -> Exchange {
        Exchange {
            direction: self.direction,
            name: self.name.clone(),
            at: self.at,
            took: self.took,
            method: redactor.text(&self.request.method),
            url: redactor.text(&self.request.url),
            request: message(redactor, &self.request.headers, &self.request.body),
            response: self.answer.as_ref().map(|answer| Response {
                status: answer.status,
                message: message(redactor, &answer.headers, &answer.body),
            }),
            answered: self.answered.as_deref().map(|answered| redactor.text(answered)),
            failure: self.failure.as_deref().map(|failure| redactor.text(failure)),
        }
    }
}

fn message(redactor: &Redactor, headers: &[(String, String)], body: &[u8]) -> Message {
    let header = |(name, value): &(String, String)| redactor.header(name, value);
    let shown = if body.len() > BODY_SEARCHED_MAX {
        Redactor::whole(body)
    } else {
        redactor.text(&String::from_utf8_lossy(body)).cut(BODY_BYTES_MAX)
    };
    Message { headers: headers.iter().map(header).collect(), body: shown, body_bytes: body.len() }
}

/// The part of a body in which values are learned. Bytes that are no UTF-8 are shown as such, not
/// left out.
fn searched(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&body[..body.len().min(BODY_SEARCHED_MAX)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(number: u64) -> ExchangeDraft {
        ExchangeDraft {
            direction: Direction::Call,
            name: String::new(),
            at: Duration::from_millis(number),
            took: Duration::ZERO,
            request: RequestDraft::default(),
            answer: None,
            answered: None,
            failure: None,
        }
    }

    #[test]
    fn the_first_and_the_last_are_kept_and_the_rest_counted() {
        for (count, left_out) in [(0, 0), (1, 0), (64, 0), (65, 1), (1000, 936)] {
            let exchanges: Exchanges = (0..count).map(numbered).collect();
            let kept: Vec<u128> = exchanges.iter().map(|one| one.at.as_millis()).collect();
            assert_eq!(exchanges.left_out(), left_out, "{count}");
            assert_eq!(kept.len() as u64 + left_out, count, "{count}");
            assert!(kept.is_sorted(), "{count}");
            assert_eq!(kept.first().copied(), (count > 0).then_some(0));
            assert_eq!(kept.last().copied(), count.checked_sub(1).map(u128::from));
        }
    }
}
