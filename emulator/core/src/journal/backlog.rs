//! The places of the records that are not acknowledged, oldest first.
//!
//! It knows places, not entries: the journal's store holds those, and says the entry's index for a place.

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

/// One record's place: eight bytes, since a full backlog has 50,000 of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unacknowledged {
    pub(super) key: u32,
    pub(super) part: u8,
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

    pub(super) fn find(
        &self,
        id: RecordId,
        index_of: impl Fn(u32) -> Index,
    ) -> Option<Unacknowledged> {
        self.get(self.place(id, index_of)?)
    }

    /// Takes a record out wherever it is; near the front, where acknowledged ones are, this moves
    /// only the few before it.
    pub(super) fn remove(
        &mut self,
        id: RecordId,
        index_of: impl Fn(u32) -> Index,
    ) -> Option<Unacknowledged> {
        self.records.remove(self.place(id, index_of)?)
    }

    fn place(&self, id: RecordId, index_of: impl Fn(u32) -> Index) -> Option<usize> {
        let id_of = |record: &Unacknowledged| (index_of(record.key), record.part);
        let wanted = (id.index, id.part);
        // What is delivered in order is the first.
        if self.records.front().is_some_and(|first| id_of(first) == wanted) {
            return Some(0);
        }
        self.records.binary_search_by_key(&wanted, id_of).ok()
    }

    /// The records of entries from `index` on.
    pub(super) fn from(
        &self,
        index: Index,
        index_of: impl Fn(u32) -> Index,
    ) -> impl Iterator<Item = Unacknowledged> {
        let first = self.records.partition_point(|record| index_of(record.key) < index);
        self.records.range(first..).copied()
    }
}
