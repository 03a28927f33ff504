//! Values that several subcommands take, and what is said of one that is none.
//!
//! Each refusal says what is expected, with an example.

use std::num::NonZeroU64;
use std::time::Duration;

/// A span of time such as `10s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "expected a duration, a number with a unit, like 10s, 5m or 2h".to_owned())
}

/// How many, none included, or a number in a row.
pub(crate) fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "expected a whole number, 0 or more, like 20".to_owned())
}

/// How many, at least one.
pub(crate) fn positive(text: &str) -> Result<NonZeroU64, String> {
    text.parse().map_err(|_| "expected a whole number, 1 or more, like 100".to_owned())
}
