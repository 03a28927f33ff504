//! The places of the records that are not acknowledged, oldest first.
//!
//! It knows places, not entries: the journal's store holds those.

use std::collections::VecDeque;

use crate::event::{Index, RecordId};

/// What happens to the records of a new entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// They are not kept (R-V1-04).
    Off,
    /// They are kept; a full backlog loses its oldest (R-V1-09).
    DropOldest,
    /// They are kept while there is room (R-V1-09).
    DropNewest,
}

/// One record's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unacknowledged {
    pub(super) id: RecordId,
    pub(super) key: u32,
}

/// Records in the order in which they are pushed, which is that of their ids.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    records: VecDeque<Unacknowledged>,
}

impl Backlog {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn get(&self, place: usize) -> Option<Unacknowledged> {
        self.records.get(place).copied()
    }

    pub(super) fn push_back(&mut self, record: Unacknowledged) {
        self.records.push_back(record);
    }

    pub(super) fn pop_front(&mut self) -> Option<Unacknowledged> {
        self.records.pop_front()
    }

    pub(super) fn find(&self, id: RecordId) -> Option<Unacknowledged> {
        self.get(self.place(id)?)
    }

    /// Takes a record out wherever it is; near the front, where acknowledged ones are, this moves
    /// only the few before it.
    pub(super) fn remove(&mut self, id: RecordId) -> Option<Unacknowledged> {
        self.records.remove(self.place(id)?)
    }

    fn place(&self, id: RecordId) -> Option<usize> {
        self.records.binary_search_by_key(&id, |record| record.id).ok()
    }

    /// The records of entries from `index` on.
    pub(super) fn from(&self, index: Index) -> impl Iterator<Item = Unacknowledged> {
        let first = self.records.partition_point(|record| record.id.index < index);
        self.records.range(first..).copied()
    }
}
