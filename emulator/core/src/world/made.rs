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
const PEOPLE_MAX: usize = 4096;

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
        let kept = usize::try_from(all).map_or(PEOPLE_MAX, |all| all.min(PEOPLE_MAX));
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
