//! A set of numbers kept as runs: small as long as the numbers are mostly adjoining.
//!
//! Promises exact membership and exact holes, until a caller makes it forget a run with
//! `forget_run`, which turns two holes and the run between them into one hole.

use std::collections::BTreeMap;

/// A set of numbers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Intervals {
    /// First to last, both in the set; no two runs touch.
    runs: BTreeMap<u64, u64>,
}

impl Intervals {
    /// Adds `number`; false when it was there.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        let below = self.runs.range(..=number).next_back().map(|(&from, &to)| (from, to));
        if below.is_some_and(|(_, to)| number <= to) {
            return false;
        }
        let from = match below {
            Some((from, to)) if to.checked_add(1) == Some(number) => from,
            _ => number,
        };
        // A run that began at `number` would have been `below`.
        let above = number.checked_add(1).and_then(|next| self.runs.remove(&next));
        self.runs.insert(from, above.unwrap_or(number));
        true
    }

    /// The greatest number.
    pub(crate) fn last(&self) -> Option<u64> {
        self.runs.values().next_back().copied()
    }

    /// What is not in the set between its least and greatest number, ascending, as first and last.
    pub(crate) fn holes(&self) -> impl Iterator<Item = (u64, u64)> {
        let ends = self.runs.values().map(|to| to.saturating_add(1));
        let starts = self.runs.keys().skip(1).map(|from| from.saturating_sub(1));
        ends.zip(starts)
    }

    /// How many runs are kept.
    pub(crate) fn run_count(&self) -> usize {
        self.runs.len()
    }

    /// Forgets the lowest run that lies between two holes; false when there is none.
    pub(crate) fn forget_run(&mut self) -> bool {
        if self.runs.len() < 3 {
            return false;
        }
        let between = self.runs.keys().nth(1).copied();
        between.is_some_and(|from| self.runs.remove(&from).is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn holes_of(set: &BTreeSet<u64>) -> Vec<(u64, u64)> {
        let pairs = set.iter().zip(set.iter().skip(1));
        pairs.filter(|(a, b)| **b > **a + 1).map(|(a, b)| (a + 1, b - 1)).collect()
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_set(numbers in prop::collection::vec(0_u64..40, 0..60)) {
            let mut intervals = Intervals::default();
            let mut set = BTreeSet::new();
            for number in numbers {
                prop_assert_eq!(intervals.insert(number), set.insert(number));
                prop_assert_eq!(intervals.last(), set.last().copied());
                prop_assert_eq!(intervals.holes().collect::<Vec<_>>(), holes_of(&set));
            }
        }
    }

    #[test]
    fn the_ends_of_the_range_are_numbers_like_others() {
        let mut intervals = Intervals::default();
        for number in [u64::MAX, 0, u64::MAX - 1, u64::MAX] {
            intervals.insert(number);
        }
        assert_eq!(intervals.last(), Some(u64::MAX));
        assert_eq!(intervals.holes().collect::<Vec<_>>(), [(1, u64::MAX - 2)]);
    }

    #[test]
    fn a_forgotten_run_becomes_part_of_a_hole() {
        let mut intervals = Intervals::default();
        for number in [1, 3, 5] {
            intervals.insert(number);
        }
        assert!(intervals.forget_run());
        assert_eq!(intervals.holes().collect::<Vec<_>>(), [(2, 4)]);
        assert!(!intervals.forget_run());
    }
}
