//! At which of its exchanges an armed fault strikes.

use std::time::Duration;

use serde_json::Value;

use super::fault::{parse_span, span_text};
use crate::clock::Mono;
use crate::seed::Seed;

/// At which of its exchanges a fault strikes. Counts and time begin when it is armed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Scope {
    /// At each, until it is cleared.
    #[default]
    UntilCleared,
    /// At each with this probability, from 0 to 1.
    Probability(f64),
    /// At the first so many.
    First(u64),
    /// At every so manieth.
    Every(u64),
    /// At each, for so long in real time.
    For(Duration),
}

/// What a scope can be, for people.
pub const SCOPES: &str = "{\"probability\": 0.2}, {\"first\": 3}, {\"every\": 5}, \
                                 {\"for\": \"10s\"}, or {} until it is cleared";

impl Scope {
    /// A scope by its name and value; none if there is no such scope.
    pub(super) fn read(name: &str, value: &Value) -> Option<Self> {
        let text = value.as_str();
        let whole = || value.as_u64().or_else(|| text?.parse().ok()).filter(|count| *count > 0);
        match name {
            "probability" => {
                let share = value.as_f64().or_else(|| text?.parse().ok())?;
                (0.0..=1.0).contains(&share).then_some(Self::Probability(share))
            }
            "first" => whole().map(Self::First),
            "every" => whole().map(Self::Every),
            "for" => parse_span(text?).filter(|span| !span.is_zero()).map(Self::For),
            _ => None,
        }
    }

    /// Its name and value, as they are written; none for the one that has neither.
    #[must_use]
    pub fn shown(self) -> Option<(&'static str, Value)> {
        match self {
            Self::UntilCleared => None,
            Self::Probability(share) => Some(("probability", share.into())),
            Self::First(count) => Some(("first", count.into())),
            Self::Every(count) => Some(("every", count.into())),
            Self::For(span) => Some(("for", span_text(span).into())),
        }
    }

    /// Whether it covers the `number`th exchange, from 1.
    pub(super) fn covers(self, number: u64, since: Mono, now: Mono, dice: Seed) -> bool {
        match self {
            Self::UntilCleared => true,
            Self::Probability(share) => dice.numbered(number).fraction() < share,
            Self::First(count) => number <= count,
            Self::Every(count) => number.is_multiple_of(count),
            Self::For(span) => now < since + span,
        }
    }

    /// When time ends it.
    pub(super) fn end(self, since: Mono) -> Option<Mono> {
        match self {
            Self::For(span) => Some(since + span),
            _ => None,
        }
    }
}
