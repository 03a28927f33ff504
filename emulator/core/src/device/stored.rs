//! A device as it is stored: the types that pass between it and whoever stores it.

use std::collections::BTreeMap;

use crate::calls::v1::Subscription;
use crate::clock::UnixMillis;
use crate::dest::ReportTo;
use crate::event::{Index, Seqnum};
use crate::journal::{Journal, Place, Staged, Waiting};
use crate::world::{Changes, Edit};

/// What seldom changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// How often it was reset to factory: part of the root of its identifiers.
    pub factory_resets: u64,
    /// How often it came up: no token is given out twice.
    pub starts: u64,
    /// Where records go.
    pub subscription: Option<Subscription>,
    /// Digests that differ from the configured ones, by user.
    pub passwords: BTreeMap<String, String>,
    /// Settings that differ from the factory's.
    pub settings: BTreeMap<String, String>,
    /// The revision of the roster at which everybody was removed; 0 if that never was.
    pub cleared_at: u32,
    /// The configured push and report addresses that were last taken over: only another one is news.
    pub given: Given,
}

/// Addresses that the configuration gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Where records go from the start.
    pub push_to: Option<String>,
    /// Where reports go from the start.
    pub report_to: Option<String>,
}

/// Where a device stands between two entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The next entry's index.
    pub next_index: Index,
    /// The next event's number.
    pub next_seqnum: Seqnum,
    /// The oldest event that is kept, or the next one's number while none is: from here on none is missing.
    pub oldest_seqnum: Seqnum,
    /// The latest time that any entry shows since the clock was last set back, not counting stamps that were
    /// asked for ahead of the clock.
    pub latest: UnixMillis,
    /// Where its world stands; empty where that is lost, and the world begins anew.
    pub world: Vec<u8>,
}

/// A device as it is stored.
#[derive(Debug)]
pub struct Stored {
    /// What seldom changes.
    pub state: State,
    /// Where it stands.
    pub position: Position,
    /// Its entries.
    pub journal: Journal,
    /// What was changed about its people, in whatever order.
    pub people: Vec<Edit>,
}

/// What is to be stored of a device, all of it or nothing.
#[derive(Debug, Default)]
pub struct Batch {
    /// Whether everything stored of the device before is void.
    pub life: Life,
    /// New entries, in order.
    pub entries: Vec<Staged>,
    /// Entries whose records wait no longer: all that still do. The last word on a place counts.
    pub waiting: Vec<(Place, Waiting)>,
    /// Entries that are in no window any more. They may be taken away whenever that is cheap.
    pub dead: Vec<Place>,
    /// What changed about the people.
    pub people: Changes,
    /// What seldom changes, if it did.
    pub state: Option<State>,
    /// Where the device stands after this, if it moved.
    pub position: Option<Position>,
}

/// Whether a device goes on or begins anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Life {
    /// It goes on.
    #[default]
    GoesOn,
    /// Everything before is void: the first start, a rewind, a factory reset.
    Begins,
}

/// Whether there is room for entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// There is.
    #[default]
    Free,
    /// There is none: what happens is counted and lost.
    Full,
}

impl Given {
    /// What a configuration gives.
    pub(super) fn by(config: &super::Config) -> Self {
        let push_to = config.push_to.as_ref().map(|dest| dest.as_str().to_owned());
        let report_to = config.report_to.as_ref().map(ReportTo::whole);
        Self { push_to, report_to }
    }
}
