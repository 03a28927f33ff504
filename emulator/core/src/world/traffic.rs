//! How busy a door is: the mean rate and its shape over the week.

use std::fmt;
use std::str::FromStr;

/// How many events a door has of its own accord.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traffic {
    /// Its shape over the week.
    pub profile: Profile,
    /// v3 events a minute, 0 to [`EVENTS_PER_MINUTE_MAX`]; 0 means none of its own, anything else
    /// outside counts as the nearer end. For `office`, the mean of a working day.
    pub events_per_minute: f64,
}

/// The most events a minute. A million is 17 a millisecond: beyond it neighbours could no longer be
/// told apart by their stamps, and what waits for doors to close would outgrow the agenda.
pub const EVENTS_PER_MINUTE_MAX: f64 = 1_000_000.0;

impl Default for Traffic {
    fn default() -> Self {
        Self { profile: Profile::Office, events_per_minute: 6.0 }
    }
}

impl Traffic {
    /// Traffic at a rate that was checked.
    ///
    /// # Errors
    ///
    /// A rate that is negative, above [`EVENTS_PER_MINUTE_MAX`] or not a number.
    pub fn new(profile: Profile, events_per_minute: f64) -> Result<Self, TrafficError> {
        if (0.0..=EVENTS_PER_MINUTE_MAX).contains(&events_per_minute) {
            Ok(Self { profile, events_per_minute })
        } else {
            Err(TrafficError::Rate { events_per_minute })
        }
    }

    /// The mean rate at the `quarter` of an hour, 0 to 95, of such a day, in events a minute.
    pub(super) fn rate(&self, day: Day, quarter: usize) -> f64 {
        let mean = self.events_per_minute;
        let mean = if mean.is_nan() { 0.0 } else { mean.clamp(0.0, EVENTS_PER_MINUTE_MAX) };
        match self.profile {
            Profile::Steady => mean,
            Profile::Office => mean * weight(day, quarter) / mean_weight(),
            Profile::Quiet => mean * QUIET_SHARE * weight(day, quarter) / mean_weight(),
        }
    }
}

/// The shape of a door's week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Rushes in the morning, at noon and in the evening; quiet nights and weekends.
    Office,
    /// The same at every hour.
    Steady,
    /// An office's side door: the same shape, a tenth of the events.
    Quiet,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 3] = [Self::Office, Self::Steady, Self::Quiet];

    /// The name on the command line and in the control API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Steady => "steady",
            Self::Quiet => "quiet",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = TrafficError;

    fn from_str(text: &str) -> Result<Self, TrafficError> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.name().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| TrafficError::Profile { given: text.to_owned() })
    }
}

/// Why some traffic is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrafficError {
    /// No such profile.
    #[error("there is no traffic profile {given:?}; the profiles are office, steady and quiet")]
    Profile {
        /// What was given.
        given: String,
    },
    /// A rate outside the range.
    #[error("{events_per_minute} events per minute is outside 0 to {EVENTS_PER_MINUTE_MAX}")]
    Rate {
        /// What was given.
        events_per_minute: f64,
    },
}

/// What kind of day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    /// Monday to Friday.
    Working,
    /// Saturday and Sunday.
    Weekend,
}

/// Quarters of an hour in a day.
pub(super) const QUARTERS: usize = 96;

/// A quiet door's part of an office's events.
const QUIET_SHARE: f64 = 0.1;

/// A working day: from that quarter on, that weight. Only their proportions matter.
const WORKING_DAY: [(usize, u32); 14] = [
    (0, 2),    // night: guards and cleaners
    (24, 10),  // 06:00 the first ones
    (30, 50),  // 07:30
    (34, 180), // 08:30 the morning rush
    (37, 90),  // 09:15
    (40, 40),  // 10:00
    (46, 130), // 11:30 lunch
    (50, 100), // 12:30
    (54, 40),  // 13:30
    (68, 90),  // 17:00
    (71, 160), // 17:45 the evening rush
    (75, 50),  // 18:45
    (80, 20),  // 20:00 overtime
    (88, 6),   // 22:00
];

/// A day of the weekend, on the same scale.
const WEEKEND_DAY: [(usize, u32); 4] = [(0, 2), (32, 8), (40, 12), (72, 4)];

fn weight(day: Day, quarter: usize) -> f64 {
    let curve: &[(usize, u32)] = match day {
        Day::Working => &WORKING_DAY,
        Day::Weekend => &WEEKEND_DAY,
    };
    let from = curve.partition_point(|(from, _)| *from <= quarter);
    f64::from(curve[from.saturating_sub(1)].1)
}

/// The mean weight of a working day, which stands for `events_per_minute`.
fn mean_weight() -> f64 {
    let total: f64 = (0..QUARTERS).map(|quarter| weight(Day::Working, quarter)).sum();
    #[expect(clippy::cast_precision_loss, reason = "96 is exact")]
    let quarters = QUARTERS as f64;
    total / quarters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_working_day_has_the_asked_mean() {
        let traffic = Traffic::default();
        let total: f64 = (0..QUARTERS).map(|quarter| traffic.rate(Day::Working, quarter)).sum();
        assert!((total / 96.0 - 6.0).abs() < 1e-9, "{total}");
    }

    #[test]
    fn profiles_read_back_and_others_are_refused() {
        for profile in Profile::ALL {
            assert_eq!(profile.name().parse(), Ok(profile));
        }
        let error = "mall".parse::<Profile>().expect_err("no such profile");
        assert!(error.to_string().contains("office, steady and quiet"), "{error}");
    }

    #[test]
    fn rates_outside_the_range_are_refused() {
        for rate in [-1.0, f64::NAN, f64::INFINITY, 1e7] {
            assert!(Traffic::new(Profile::Steady, rate).is_err(), "{rate}");
        }
        assert!(Traffic::new(Profile::Steady, 0.0).is_ok());
    }
}
