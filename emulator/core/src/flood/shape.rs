//! The shapes of a flood: how its records lie in time.

use std::fmt;
use std::str::FromStr;

/// How the records of a flood lie in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One after the other, equally far apart, the devices in turn.
    Steady,
    /// A morning: few at first, most in the middle, few at the end.
    Rush,
    /// All devices at once, every so often.
    Burst,
    /// All devices were cut off, and come back at once with all they have.
    Storm,
}

/// A word that is no shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no shape {given:?}; the shapes are steady, rush, burst and storm")]
pub struct UnknownShape {
    /// The word.
    pub given: String,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 4] = [Self::Steady, Self::Rush, Self::Burst, Self::Storm];

    /// The name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Rush => "rush",
            Self::Burst => "burst",
            Self::Storm => "storm",
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Shape {
    type Err = UnknownShape;

    fn from_str(text: &str) -> Result<Self, UnknownShape> {
        let named = Self::ALL.into_iter().find(|shape| shape.name() == text);
        named.ok_or_else(|| UnknownShape { given: text.to_owned() })
    }
}

/// How wide the bell of a rush is, in parts of its length: so that at its height there are two and a half
/// times as many as on average, which is what turnstiles count between half past eight and nine.
const BELL_WIDTH: f64 = 0.1;

/// Where in a rush, from 0 to 1, the record stands that has this part of all others before it.
///
/// The bell is that of the logistic distribution, cut off at both ends: unlike the normal one it can be
/// inverted, so that any record's time is known without those before it.
pub(super) fn bell(before: f64) -> f64 {
    let end = 1.0 / (1.0 + libm::exp(0.5 / BELL_WIDTH));
    let part = end + before.clamp(0.0, 1.0) * (1.0 - 2.0 * end);
    0.5 + BELL_WIDTH * libm::log(part / (1.0 - part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_read_back_and_others_are_refused() {
        for shape in Shape::ALL {
            assert_eq!(shape.name().parse(), Ok(shape));
        }
        let error = "tide".parse::<Shape>().expect_err("no such shape");
        assert!(error.to_string().contains("steady, rush, burst and storm"), "{error}");
    }

    #[test]
    fn the_bell_begins_and_ends_with_the_rush_and_is_highest_in_the_middle() {
        assert!(bell(0.0).abs() < 1e-12 && (bell(1.0) - 1.0).abs() < 1e-12);
        assert!((bell(0.5) - 0.5).abs() < 1e-12);
        let middle = bell(0.51) - bell(0.49);
        let height = 0.02 / middle;
        assert!((2.4..2.6).contains(&height), "{height}");
        assert!(bell(0.02) - bell(0.0) > 4.0 * middle, "few come at the beginning");
    }
}
