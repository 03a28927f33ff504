//! What a run is at, for whoever watches: the running count on a terminal, elsewhere a line of the
//! log now and then.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use vestibule_conformance::clock;

use crate::output::Output;

/// The cases that have begun and not ended, and how many have.
pub(super) struct Underway<'a> {
    output: &'a Output,
    planned: usize,
    ended: Cell<usize>,
    now: RefCell<BTreeSet<String>>,
}

/// What takes longer should say what it is at.
const SAID_AFTER: Duration = Duration::from_secs(2);

/// A line for each case would bury the others in a log.
const SAID_EVERY: Duration = Duration::from_secs(10);

impl<'a> Underway<'a> {
    /// A run of so many cases.
    pub(super) fn new(output: &'a Output, planned: usize) -> Self {
        Self { output, planned, ended: Cell::default(), now: RefCell::default() }
    }

    /// A case begins.
    pub(super) fn begins(&self, id: &str) {
        self.now.borrow_mut().insert(id.to_owned());
        self.output.progress(|| self.words());
    }

    /// A case has ended.
    pub(super) fn ends(&self, id: &str) {
        self.now.borrow_mut().remove(id);
        self.ended.set(self.ended.get() + 1);
        self.output.progress(|| self.words());
    }

    /// Says it again and again where nobody sees the running count.
    pub(super) async fn said(&self) -> Infallible {
        let mut next = SAID_AFTER;
        loop {
            clock::wait(Some(next)).await;
            if !self.output.shows_progress() {
                tracing::info!("{}", self.words());
            }
            next = SAID_EVERY;
        }
    }

    fn words(&self) -> String {
        let now: Vec<String> = self.now.borrow().iter().cloned().collect();
        let now = if now.is_empty() { "none".to_owned() } else { now.join(", ") };
        format!("{} of {} cases have ended; under way: {now}", self.ended.get(), self.planned)
    }
}
