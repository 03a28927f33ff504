//! Moments as devices write them: in seconds or in milliseconds, told apart by their size.

/// From here on a number counts milliseconds: as seconds it would be the year 5138.
const MILLIS_MIN: u64 = 100_000_000_000;

/// The unit of a stamp.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unit {
    Seconds,
    Millis,
}

impl Unit {
    pub(super) const fn of(stamp: u64) -> Self {
        if stamp >= MILLIS_MIN { Self::Millis } else { Self::Seconds }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Millis => "ms",
        }
    }
}

/// A stamp in milliseconds.
pub(super) const fn millis(stamp: u64) -> u64 {
    match Unit::of(stamp) {
        Unit::Seconds => stamp.saturating_mul(1000),
        Unit::Millis => stamp,
    }
}

/// Whether two stamps are one instant, cut down to the coarser unit (table D).
pub(super) fn same_instant(one: u64, other: u64) -> bool {
    match (Unit::of(one), Unit::of(other)) {
        (Unit::Millis, Unit::Millis) => one == other,
        _ => millis(one) / 1000 == millis(other) / 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_in_two_units() {
        for (one, other, same) in [
            (1_587_985_190, 1_587_985_190, true),
            (1_587_985_190, 1_587_985_190_999, true),
            (1_587_985_190, 1_587_985_191_000, false),
            (1_587_985_190_001, 1_587_985_190_002, false),
        ] {
            assert_eq!(same_instant(one, other), same, "{one} {other}");
        }
    }
}
