//! A device's own log: one store of entries, two windows over it.
//!
//! The *journal window* is the newest `capacity` v3 events; the *backlog* is the v1 records that are not
//! acknowledged, at most `capacity`. An entry is kept while it is in either; leaving one never touches
//! the other. (One walk-in is several events and one record: a single ring would lose records long
//! before the promised 50,000.) Every entry has an index; only those with a v3 form take a sequence
//! number.
//!
//! Everything is in memory. A record is acknowledged in one place, [`Journal::acknowledge`], and each
//! window evicts in one place. Reading a page costs the same everywhere: sequence numbers have no gaps
//! (R-V3-15), so a number's place is a subtraction.

mod backlog;

use std::collections::VecDeque;

use slab::Slab;

pub use self::backlog::Caching;
use self::backlog::{Backlog, Unacknowledged};
use crate::clock::UnixMillis;
use crate::event::{Entry, Fact, Index, RecordId, Seqnum};

/// How many events, and how many records, are kept (v1 document: 最大离线缓存50000条记录).
pub const CAPACITY: Capacity = Capacity(50_000);

/// The size of each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity(u32);

impl Capacity {
    /// The largest journal: at 100 bytes an entry this is 1 GB.
    pub const MAX: u32 = 10_000_000;

    /// A capacity from 1 to [`Capacity::MAX`].
    #[must_use]
    pub fn new(entries: u32) -> Option<Self> {
        (1..=Self::MAX).contains(&entries).then_some(Self(entries))
    }

    /// The number of entries.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// An entry and how many places hold it.
#[derive(Debug)]
struct Kept {
    entry: Entry,
    holds: u8,
}

/// The store and its windows.
#[derive(Debug)]
pub struct Journal {
    capacity: Capacity,
    store: Slab<Kept>,
    /// Keys of the kept v3 events, oldest first; their sequence numbers adjoin.
    events: VecDeque<u32>,
    oldest_seqnum: Seqnum,
    backlog: Backlog,
    next_index: Index,
    next_seqnum: Seqnum,
    evicted: u64,
}

/// What an append did.
#[derive(Debug, PartialEq, Eq)]
pub struct Appended {
    /// The new entry's index.
    pub index: Index,
    /// Its sequence number, if it has a v3 form.
    pub seqnum: Option<Seqnum>,
    /// The records that the full backlog lost for it, or of it (R-V1-09).
    pub lost: Vec<RecordId>,
}

impl Journal {
    /// An empty journal.
    #[must_use]
    pub fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            store: Slab::new(),
            events: VecDeque::new(),
            oldest_seqnum: Seqnum::FIRST,
            backlog: Backlog::default(),
            next_index: Index::FIRST,
            next_seqnum: Seqnum::FIRST,
            evicted: 0,
        }
    }

    /// Adds what happened. Its records go to the backlog as `caching` says.
    pub fn append(&mut self, at: UnixMillis, fact: Fact, caching: Caching) -> Appended {
        let index = self.next_index;
        self.next_index = index.next();
        let seqnum = fact.kind().map(|_| self.next_seqnum);
        if let Some(seqnum) = seqnum {
            self.next_seqnum = seqnum.next();
        }
        let records = u8::try_from(fact.records().len()).expect("an entry has two records at most");
        let entry = Entry { index, seqnum, at, fact };
        // Held once while it is being placed, so that nothing of it is freed on the way.
        let key = self.store.insert(Kept { entry, holds: 1 });
        let key = u32::try_from(key).expect("two windows of at most 10,000,000 entries");
        if seqnum.is_some() {
            self.push_event(key);
        }
        let lost = self.push_records(key, index, records, caching);
        self.release(key);
        Appended { index, seqnum, lost }
    }

    fn push_event(&mut self, key: u32) {
        if self.events.len() == self.capacity.get() {
            let oldest = self.events.pop_front().expect("a capacity is at least 1");
            self.oldest_seqnum = self.oldest_seqnum.next();
            self.evicted += 1;
            self.release(oldest);
        }
        self.events.push_back(key);
        self.hold(key);
    }

    fn push_records(
        &mut self,
        key: u32,
        index: Index,
        records: u8,
        caching: Caching,
    ) -> Vec<RecordId> {
        let mut lost = Vec::new();
        for part in 0..records {
            let record = Unacknowledged { key, id: RecordId { index, part } };
            if caching == Caching::Off {
                continue;
            }
            if self.backlog.len() == self.capacity.get() {
                if caching == Caching::DropNewest {
                    lost.push(record.id);
                    continue;
                }
                let oldest = self.backlog.pop_front().expect("a capacity is at least 1");
                lost.push(oldest.id);
                self.release(oldest.key);
            }
            self.backlog.push_back(record);
            self.hold(key);
        }
        lost
    }

    /// Takes an acknowledged record out of the backlog; false if it is not there.
    pub fn acknowledge(&mut self, id: RecordId) -> bool {
        let Some(record) = self.backlog.remove(id) else {
            return false;
        };
        self.release(record.key);
        true
    }

    fn hold(&mut self, key: u32) {
        self.store[key as usize].holds += 1;
    }

    fn release(&mut self, key: u32) {
        let kept = &mut self.store[key as usize];
        kept.holds -= 1;
        if kept.holds == 0 {
            self.store.remove(key as usize);
        }
    }

    /// The sequence numbers of the oldest and the newest event kept; none while there is none.
    #[must_use]
    pub fn bounds(&self) -> Option<(Seqnum, Seqnum)> {
        let oldest = self.event_at(0)?.seqnum?;
        let newest = self.event_at(self.events.len() - 1)?.seqnum?;
        Some((oldest, newest))
    }

    /// How many v3 events are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether no v3 event is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The event at `place`, 0 being the oldest kept.
    #[must_use]
    pub fn event_at(&self, place: usize) -> Option<&Entry> {
        let key = *self.events.get(place)?;
        Some(&self.store[key as usize].entry)
    }

    /// The event with that number, if it is kept.
    #[must_use]
    pub fn event(&self, seqnum: Seqnum) -> Option<&Entry> {
        let place = seqnum.get().checked_sub(self.oldest_seqnum.get())?;
        self.event_at(usize::try_from(place).ok()?)
    }

    /// At most `limit` events from `place` on, 0 being the oldest kept.
    pub fn events(&self, place: usize, limit: usize) -> impl Iterator<Item = &Entry> {
        let start = place.min(self.events.len());
        let end = start.saturating_add(limit).min(self.events.len());
        self.events.range(start..end).map(|key| &self.store[*key as usize].entry)
    }

    /// At most `limit` entries from `from` on that are kept in either window, by index.
    #[must_use]
    pub fn entries(&self, from: Index, limit: usize) -> Vec<&Entry> {
        let index_of = |key: u32| self.store[key as usize].entry.index;
        let first = self.events.partition_point(|key| index_of(*key) < from);
        let mut events = self.events.range(first..).map(|key| (index_of(*key), *key)).peekable();
        let mut records = self.backlog.from(from).map(|each| (each.id.index, each.key)).peekable();
        let mut found: Vec<&Entry> = Vec::new();
        while found.len() < limit {
            let next = match (events.peek(), records.peek()) {
                (Some(event), Some(record)) if record.0 < event.0 => records.next(),
                (None, _) => records.next(),
                (Some(_), _) => events.next(),
            };
            let Some((index, key)) = next else { break };
            if found.last().is_none_or(|last| last.index < index) {
                found.push(&self.store[key as usize].entry);
            }
        }
        found
    }

    /// The unacknowledged record at `place`, 0 being the oldest.
    #[must_use]
    pub fn unacknowledged(&self, place: usize) -> Option<(RecordId, &Entry)> {
        let record = self.backlog.get(place)?;
        Some((record.id, &self.store[record.key as usize].entry))
    }

    /// The entry of an unacknowledged record.
    #[must_use]
    pub fn record_entry(&self, id: RecordId) -> Option<&Entry> {
        let record = self.backlog.find(id)?;
        Some(&self.store[record.key as usize].entry)
    }

    /// How many records are not acknowledged.
    #[must_use]
    pub fn backlog_len(&self) -> usize {
        self.backlog.len()
    }

    /// How many v3 events have left the journal for newer ones.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The index that the next entry will have.
    #[must_use]
    pub const fn next_index(&self) -> Index {
        self.next_index
    }

    /// The size of each window.
    #[must_use]
    pub const fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// How many entries are stored, in whichever window.
    #[must_use]
    pub fn stored(&self) -> usize {
        self.store.len()
    }
}
