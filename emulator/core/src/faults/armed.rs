//! The faults that are armed at a device, and at which exchange each strikes.

use std::sync::Arc;

use super::arming::{Arming, FaultSet};
use super::fault::{Args, Fault, Site};
use super::scope::Scope;
use crate::behaviour::Behaviour;
use crate::clock::Mono;
use crate::seed::Seed;
use crate::wire::{FaultsArmed, View};

/// The faults of one device.
#[derive(Debug)]
pub struct Faults {
    armed: Vec<Armed>,
    since: Mono,
    /// What those that are not over could do, whether or not they strike.
    possible: Arc<Behaviour>,
    /// What those do that strike at each of their exchanges.
    certain: Arc<Behaviour>,
}

impl Default for Faults {
    /// None.
    fn default() -> Self {
        let (possible, certain) = (Behaviour::documented(), Behaviour::documented());
        Self { armed: Vec::new(), since: Mono::default(), possible, certain }
    }
}

#[derive(Debug)]
struct Armed {
    arming: Arming,
    dice: Seed,
    met: u64,
    struck: u64,
    is_over: bool,
}

/// An armed fault at one moment.
#[derive(Clone)]
pub struct ArmedStatus {
    /// The fault.
    pub fault: &'static Fault,
    /// Its parameters.
    pub args: Args,
    /// Its scope.
    pub scope: Scope,
    /// How many of its exchanges there were since it was armed.
    pub met: u64,
    /// At how many of them it struck.
    pub struck: u64,
}

impl std::fmt::Debug for ArmedStatus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}/{}", self.fault.name, self.struck, self.met)
    }
}

impl Faults {
    /// Arms a set at `now`: counts begin at nothing.
    #[must_use]
    pub fn new(set: &FaultSet, seed: Seed, now: Mono) -> Self {
        let seed = seed.named("faults");
        let arm = |(place, arming): (u64, &Arming)| Armed {
            arming: arming.clone(),
            // The place, too: one fault may be armed twice, with different parameters.
            dice: seed.named(arming.fault.name).numbered(place),
            met: 0,
            struck: 0,
            is_over: false,
        };
        let armed = (0..).zip(&set.0).map(arm).collect();
        let mut faults = Self { armed, since: now, ..Self::default() };
        faults.note_possible();
        faults
    }

    /// Whether none is armed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.armed.is_empty()
    }

    /// Whether any is armed, as views have it.
    #[must_use]
    pub const fn armed(&self) -> FaultsArmed {
        if self.is_empty() { FaultsArmed::No } else { FaultsArmed::Yes }
    }

    /// The view of an exchange that begins now: `standing`, with the knobs of the faults that strike.
    pub fn view(&mut self, standing: &Arc<View>, site: Site, now: Mono) -> Arc<View> {
        let mut own: Option<View> = None;
        let since = self.since;
        for armed in &mut self.armed {
            let Arming { fault, args, scope, sites } = &armed.arming;
            if armed.is_over || !sites.contains(&site) {
                continue;
            }
            armed.met += 1;
            if scope.covers(armed.met, since, now, armed.dice) {
                armed.struck += 1;
                let own = own.get_or_insert_with(|| View::clone(standing));
                (fault.set)(Arc::make_mut(&mut own.behaviour), args);
            }
        }
        own.map_or_else(|| Arc::clone(standing), Arc::new)
    }

    /// What the faults could do at an exchange that has not begun, if they strike.
    #[must_use]
    pub fn possible(&self) -> &Behaviour {
        &self.possible
    }

    /// What the faults do at every exchange of theirs.
    #[must_use]
    pub fn certain(&self) -> &Behaviour {
        &self.certain
    }

    /// When the next of them ends by time.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        let lasting = self.armed.iter().filter(|armed| !armed.is_over);
        lasting.filter_map(|armed| armed.arming.scope.end(self.since)).min()
    }

    /// Ends those whose time is over; whether any was.
    pub fn expire(&mut self, now: Mono) -> bool {
        let mut ended = false;
        for armed in self.armed.iter_mut().filter(|armed| !armed.is_over) {
            armed.is_over = armed.arming.scope.end(self.since).is_some_and(|end| now >= end);
            ended |= armed.is_over;
        }
        if ended {
            self.note_possible();
        }
        ended
    }

    /// Each of them, in the order in which they were armed.
    #[must_use]
    pub fn status(&self) -> Vec<ArmedStatus> {
        let show = |armed: &Armed| ArmedStatus {
            fault: armed.arming.fault,
            args: armed.arming.args.clone(),
            scope: armed.arming.scope,
            met: armed.met,
            struck: armed.struck,
        };
        self.armed.iter().map(show).collect()
    }

    fn note_possible(&mut self) {
        let (mut possible, mut certain) = (Behaviour::documented(), Behaviour::documented());
        for Armed { arming, .. } in self.armed.iter().filter(|armed| !armed.is_over) {
            (arming.fault.set)(Arc::make_mut(&mut possible), &arming.args);
            if matches!(arming.scope, Scope::UntilCleared | Scope::For(_)) {
                (arming.fault.set)(Arc::make_mut(&mut certain), &arming.args);
            }
        }
        (self.possible, self.certain) = (possible, certain);
    }
}
