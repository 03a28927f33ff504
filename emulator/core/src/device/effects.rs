//! What the shell is to do, in order.

use std::sync::Arc;

use crate::delivery::Attempt;
use crate::delivery::line::{Dial, LineId};
use crate::event::{Entry, Photo};
use crate::wire::View;

/// One thing to do.
#[derive(Debug)]
pub enum Effect {
    /// Start this delivery, and say how it ended.
    Attempt(Attempt),
    /// Open this connection for reports and keep it; say when it is open and when it has ended.
    Dial(Dial),
    /// Let this message leave on the connection for reports.
    Say(LineId, Vec<u8>),
    /// End the connection for reports; nothing more is heard of it.
    HangUp,
    /// Cut what is open, both ways: deliveries in flight are over, and no outcome of theirs counts.
    Cut,
    /// Plug the network in or out; out also cuts.
    Link(Link),
    /// Say that pictures are taken from now on, or no more (R-V3-26).
    Photos(Photo),
    /// Tell whoever watches what happened, as it was to be shown then.
    Happened(Entry, Arc<View>),
}

/// The network's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Plugged in.
    Up,
    /// Unplugged.
    Down,
}

/// The outbox of one input.
#[derive(Debug, Default)]
pub struct Effects {
    /// Whether anybody watches: only then are entries copied for them.
    pub watch: bool,
    outbox: Vec<Effect>,
}

impl Effects {
    /// An empty outbox.
    #[must_use]
    pub const fn new(watch: bool) -> Self {
        Self { watch, outbox: Vec::new() }
    }

    pub(super) fn add(&mut self, effect: Effect) {
        self.outbox.push(effect);
    }

    /// What is to be done, in order.
    #[must_use]
    pub fn into_vec(self) -> Vec<Effect> {
        self.outbox
    }
}
