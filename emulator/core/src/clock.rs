//! The two times a device lives by, and how one follows from the other.
//!
//! [`Mono`] is real: sockets, retries, timeouts, token life. [`UnixMillis`] is the device's own clock:
//! stamps, arrivals, validity. [`Clock`] scales the second by a [`Speed`] from an anchor that every
//! change moves, so that a device's time jumps only where it is set. Nothing here reads a clock: the
//! shell passes [`Mono`] in.

use std::ops::{Add, Sub};
use std::time::Duration;

/// Real time since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mono(Duration);

impl Mono {
    /// The instant that lies `since_start` after the start of the process.
    #[must_use]
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// How long after the start of the process this is.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The real time that has passed since `earlier`; zero if that is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Mono {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// A device's time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixMillis(i64);

impl UnixMillis {
    /// The latest time a device can show, 9999-12-30: what lies beyond has no calendar date.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// From milliseconds since 1970; held within 1970 to 9999.
    #[must_use]
    pub const fn new(millis: i64) -> Self {
        if millis < 0 {
            Self(0)
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, cut down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0 / 1000
    }
}

impl Add<Duration> for UnixMillis {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::new(self.0.saturating_add(millis))
    }
}

impl Sub<Duration> for UnixMillis {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::new(self.0.saturating_sub(millis))
    }
}

/// Both times of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Real time.
    pub mono: Mono,
    /// The device's time.
    pub wall: UnixMillis,
}

/// How many times as fast as real time a device's clock runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(f64);

impl Speed {
    /// Real time.
    pub const REAL: Self = Self(1.0);
    /// A day in under a tenth of a second; faster than this no machine makes the events.
    pub const MAX: f64 = 1_000_000.0;
    /// A second in a quarter of an hour; slower, rounding to milliseconds stops the clock.
    pub const MIN: f64 = 0.001;

    /// A speed within [`Speed::MIN`] and [`Speed::MAX`]; anything else, NaN too, is none.
    #[must_use]
    pub fn new(times: f64) -> Option<Self> {
        (Self::MIN..=Self::MAX).contains(&times).then_some(Self(times))
    }

    /// The factor.
    #[must_use]
    pub const fn times(self) -> f64 {
        self.0
    }
}

/// A device's clock: its time as a function of real time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    anchor: Now,
    speed: Speed,
}

impl Clock {
    /// A clock that shows `anchor.wall` at `anchor.mono`.
    #[must_use]
    pub const fn new(anchor: Now, speed: Speed) -> Self {
        Self { anchor, speed }
    }

    /// From where it counts.
    #[must_use]
    pub const fn anchor(&self) -> Now {
        self.anchor
    }

    /// Both times at real time `mono`.
    #[must_use]
    pub fn at(&self, mono: Mono) -> Now {
        let elapsed = mono.since(self.anchor.mono);
        Now { mono, wall: self.anchor.wall + scaled(elapsed, self.speed.0) }
    }

    /// The earliest real time at which this clock shows `wall` or later, to within a millisecond.
    #[must_use]
    pub fn when(&self, wall: UnixMillis) -> Mono {
        let ahead = wall.0.saturating_sub(self.anchor.wall.0);
        let ahead = Duration::from_millis(u64::try_from(ahead).unwrap_or(0));
        self.anchor.mono + scaled(ahead, 1.0 / self.speed.0) + ROUNDING
    }

    /// Runs at `speed` from real time `mono` on; the time shown at `mono` stays.
    pub fn set_speed(&mut self, speed: Speed, mono: Mono) {
        self.anchor = self.at(mono);
        self.speed = speed;
    }

    /// Shows `wall` at real time `mono`; it runs on as fast as before.
    pub const fn set(&mut self, wall: UnixMillis, mono: Mono) {
        self.anchor = Now { mono, wall };
    }

    /// How fast it runs.
    #[must_use]
    pub const fn speed(&self) -> Speed {
        self.speed
    }
}

/// Added to a computed wake-up: a float division may land a few nanoseconds early, and a wake-up
/// before its time would find nothing due and spin until the clock's next millisecond.
const ROUNDING: Duration = Duration::from_micros(1);

fn scaled(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn start() -> Now {
        Now { mono: Mono::new(Duration::from_secs(5)), wall: UnixMillis::new(1_000_000) }
    }

    #[test]
    fn a_change_of_speed_does_not_jump() {
        let mut clock = Clock::new(start(), Speed::REAL);
        let change = Mono::new(Duration::from_secs(15));
        let before = clock.at(change);
        clock.set_speed(Speed::new(100.0).expect("in range"), change);
        assert_eq!(clock.at(change), before);
        let later = clock.at(change + Duration::from_secs(1));
        assert_eq!(later.wall.millis() - before.wall.millis(), 100_000);
    }

    #[test]
    fn speeds_outside_the_range_are_refused() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(Speed::new(bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_wake_up_is_never_early(speed in 0.001_f64..1e6, ahead in 0_i64..10_000_000_000) {
            let clock = Clock::new(start(), Speed::new(speed).expect("in range"));
            let wall = UnixMillis::new(start().wall.millis() + ahead);
            prop_assert!(clock.at(clock.when(wall)).wall >= wall);
        }
    }
}
