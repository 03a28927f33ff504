//! What was made of a configuration's people once and is used again: by all doors of a site, which share them.
//!
//! All of it follows from the people themselves, so two rosters are the same with it or without.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::program::Program;
use super::roster::Person;
use super::setup::{Screening, Setup};
use crate::event::{HealthCodes, Mode};

/// The most people who are kept: all of most sites. One takes some 300 bytes, so they take a megabyte at most.
const KEPT_MAX: usize = 4096;

/// What was made.
#[derive(Default)]
pub(super) struct Made {
    people: OnceLock<Box<[OnceLock<Arc<Person>>]>>,
    /// The odds at a door that is set up as the first one was.
    program: OnceLock<(Asked, Arc<Program>)>,
}

/// What the odds hang from, besides the people.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Asked(Mode, HealthCodes, Screening);

impl Asked {
    const fn of(setup: &Setup) -> Self {
        Self(setup.mode, setup.health_codes, setup.screening)
    }
}

impl Made {
    /// The person of that number, of `all` people.
    pub(super) fn person(
        &self,
        number: u32,
        all: u32,
        make: impl FnOnce() -> Person,
    ) -> Arc<Person> {
        let kept = usize::try_from(all).map_or(KEPT_MAX, |all| all.min(KEPT_MAX));
        let people = self.people.get_or_init(|| (0..kept).map(|_| OnceLock::new()).collect());
        let place = usize::try_from(number).ok().and_then(|number| people.get(number));
        match place {
            Some(place) => Arc::clone(place.get_or_init(|| Arc::new(make()))),
            None => Arc::new(make()),
        }
    }

    /// The odds at a door that is so set up.
    pub(super) fn program(&self, setup: &Setup, make: impl Fn() -> Program) -> Arc<Program> {
        let (asked, program) = self.program.get_or_init(|| (Asked::of(setup), Arc::new(make())));
        if *asked == Asked::of(setup) { Arc::clone(program) } else { Arc::new(make()) }
    }
}

impl PartialEq for Made {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Made {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Made").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PersonRef;
    use crate::seed::Seed;
    use crate::world::edits::Changes;
    use crate::world::roster::{Roster, RosterSizes};

    fn person(number: u32) -> PersonRef {
        PersonRef { number, revision: 0 }
    }

    #[test]
    fn somebody_is_made_once_and_the_same_who_is_not_kept() {
        let kept = u32::try_from(KEPT_MAX).expect("some thousands");
        let sizes = RosterSizes { employees: kept + 10, visitors: 0, blocklisted: 0 };
        let (roster, another) =
            (Roster::new(Seed::root(7), sizes), Roster::new(Seed::root(7), sizes));
        let first = roster.person(person(kept - 1));
        assert!(Arc::ptr_eq(&first, &roster.person(person(kept - 1))));
        assert_eq!(first, another.person(person(kept - 1)));
        let beyond = roster.person(person(kept));
        assert!(!Arc::ptr_eq(&beyond, &roster.person(person(kept))));
        assert_eq!(beyond, another.person(person(kept)));
        assert_ne!(first.name.as_str(), "");
        assert_ne!(first.uid, beyond.uid);
    }

    #[test]
    fn doors_share_the_odds_only_where_they_are_the_same() {
        let mut roster = Roster::new(Seed::root(7), RosterSizes::default());
        let usual = Setup::default();
        let cold = Setup { screening: Screening::Off, ..Setup::default() };
        let odds = Program::of(&usual, &roster);
        assert!(Arc::ptr_eq(&odds, &Program::of(&usual, &roster)));
        let without = Program::of(&cold, &roster);
        assert!(!Arc::ptr_eq(&odds, &without));
        // A walk-in has one event less.
        assert!(without.events_per_arrival < odds.events_per_arrival);
        let visitors = RosterSizes { employees: 1, visitors: 0, blocklisted: 0 };
        let other = Program::of(&usual, &Roster::new(Seed::root(7), visitors));
        assert!(odds.events_per_arrival.to_bits() != other.events_per_arrival.to_bits());
        roster.clear(&mut Changes::default());
        let nobody = Program::of(&usual, &roster);
        assert!(odds.events_per_arrival.to_bits() != nobody.events_per_arrival.to_bits());
    }
}
