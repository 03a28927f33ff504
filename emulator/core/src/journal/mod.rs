//! A device's own log: one store of entries, two windows over it.
//!
//! The *journal window* is the newest `capacity` v3 events; the *backlog* is the v1 records that are not
//! acknowledged, at most `capacity`. An entry is kept while it is in either; leaving one never touches
//! the other. (One walk-in is several events and one record: a single ring would lose records long
//! before the promised 50,000.) Every entry has an index; only those with a v3 form take a sequence
//! number.
//!
//! Where entries are stored, they come in two steps. [`Journal::stage`] numbers one, and nothing shows it;
//! [`Journal::commit`] moves the oldest staged one into the windows, once it is stored; and
//! [`Journal::roll_back`] drops those that could not be, so that numbering has no gap. Where they are not
//! stored, [`Journal::append`] does both. A record is acknowledged in one place, [`Journal::acknowledge`],
//! and each window evicts in one place. Reading a page costs the same everywhere: sequence numbers have no
//! gaps (R-V3-15), so a number's place is a subtraction.

mod backlog;
mod kept;
mod recovery;

use std::collections::VecDeque;

use slab::Slab;

pub use self::backlog::Caching;
use self::backlog::{Backlog, Unacknowledged};
use self::kept::{Hold, Kept};
pub use self::kept::{Place, Waiting};
pub use self::recovery::{Damage, Recovery};
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

/// The store and its windows.
#[derive(Debug)]
pub struct Journal {
    capacity: Capacity,
    store: Slab<Kept>,
    /// Keys of the kept v3 events, oldest first; their sequence numbers adjoin.
    events: VecDeque<u32>,
    oldest_seqnum: Seqnum,
    backlog: Backlog,
    staged: VecDeque<Staged>,
    /// Numbers for what is staged next.
    next_index: Index,
    next_seqnum: Seqnum,
    evicted: u64,
    told: Told,
}

/// An entry that is numbered, and not shown before it is stored.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The entry.
    pub entry: Entry,
    /// Which of its records will wait.
    pub waiting: Waiting,
    /// Records that the full backlog has no room for.
    refused: Waiting,
}

/// Whether an entry comes into the journal window; its records are a matter of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    Journal,
    Neither,
}

impl Window {
    const fn of(staged: &Staged) -> Self {
        if staged.entry.seqnum.is_some() { Self::Journal } else { Self::Neither }
    }
}

/// What storage has not been told of stored entries.
#[derive(Debug, Default)]
struct Told {
    /// Whose records wait no longer; the last word on a place counts.
    waiting: Vec<(Place, Waiting)>,
    /// Which are in no window any more.
    dead: Vec<Place>,
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
            staged: VecDeque::new(),
            next_index: Index::FIRST,
            next_seqnum: Seqnum::FIRST,
            evicted: 0,
            told: Told::default(),
        }
    }

    /// Adds what happened, where nothing is stored. Its records go to the backlog as `caching` says.
    pub fn append(&mut self, at: UnixMillis, fact: Fact, caching: Caching) -> Appended {
        let staged = self.number(at, fact, caching);
        let window = Window::of(&staged);
        self.place(staged, Place::NONE, window)
    }

    /// Numbers what happened; it shows once it is committed.
    pub fn stage(&mut self, at: UnixMillis, fact: Fact, caching: Caching) -> &Entry {
        let staged = self.number(at, fact, caching);
        self.staged.push_back(staged);
        &self.staged.back().expect("just staged").entry
    }

    /// What is staged, oldest first.
    pub fn staged(&self) -> impl ExactSizeIterator<Item = &Staged> {
        self.staged.iter()
    }

    /// The oldest staged entry is stored, at `place`: it comes into the windows; none if nothing is staged.
    pub fn commit(&mut self, place: Place) -> Option<Appended> {
        let staged = self.staged.pop_front()?;
        let window = Window::of(&staged);
        Some(self.place(staged, place, window))
    }

    /// What is staged cannot be stored: it is forgotten, and numbering goes on where it was. Says how many
    /// that were.
    pub fn roll_back(&mut self) -> usize {
        self.next_index = self.next_index();
        if let Some(seqnum) = self.staged.iter().find_map(|staged| staged.entry.seqnum) {
            self.next_seqnum = seqnum;
        }
        let dropped = self.staged.len();
        self.staged.clear();
        dropped
    }

    fn number(&mut self, at: UnixMillis, fact: Fact, caching: Caching) -> Staged {
        let index = self.next_index;
        self.next_index = index.next();
        let seqnum = fact.kind().map(|_| self.next_seqnum);
        if let Some(seqnum) = seqnum {
            self.next_seqnum = seqnum.next();
        }
        let records = fact.records().len();
        let (waiting, refused) = self.cached(records, caching);
        Staged { entry: Entry { index, seqnum, at, fact }, waiting, refused }
    }

    /// Which of so many records will wait, and for which there is no room.
    fn cached(&self, records: usize, caching: Caching) -> (Waiting, Waiting) {
        let parts = 0..u8::try_from(records).expect("an entry has two records at most");
        let all = |parts: std::ops::Range<u8>| parts.fold(Waiting::NONE, Waiting::with);
        match caching {
            Caching::Off => (Waiting::NONE, Waiting::NONE),
            Caching::DropOldest => (all(parts), Waiting::NONE),
            Caching::DropNewest => {
                let staged = self.staged.iter().map(|staged| staged.waiting.count());
                let taken = self.backlog.len() + staged.sum::<usize>();
                let room = self.capacity.get().saturating_sub(taken).min(records);
                let room = u8::try_from(room).expect("at most two");
                (all(0..room), all(room..parts.end))
            }
        }
    }

    /// The one way into the windows.
    fn place(&mut self, staged: Staged, place: Place, window: Window) -> Appended {
        let Staged { entry, waiting, refused } = staged;
        let (index, seqnum) = (entry.index, entry.seqnum);
        let key = self.store.insert(Kept::new(entry, place, waiting));
        let key = u32::try_from(key).expect("two windows of at most 10,000,000 entries");
        if window == Window::Journal {
            self.push_event(key);
        }
        let mut lost = Vec::new();
        for part in 0..2 {
            if waiting.has(part) {
                lost.extend(self.push_record(key, part));
            } else if refused.has(part) {
                lost.push(RecordId { index, part });
            }
        }
        self.release(key, Hold::Placing);
        Appended { index, seqnum, lost }
    }

    fn push_event(&mut self, key: u32) {
        if self.events.len() == self.capacity.get() {
            let oldest = self.events.pop_front().expect("a capacity is at least 1");
            self.oldest_seqnum = self.oldest_seqnum.next();
            self.evicted += 1;
            self.release(oldest, Hold::Event);
        }
        self.events.push_back(key);
        self.store[key as usize].hold(Hold::Event);
    }

    /// Adds a record, which its entry knows to wait, to the backlog; the one that it lost for it.
    fn push_record(&mut self, key: u32, part: u8) -> Option<RecordId> {
        let full = self.backlog.len() == self.capacity.get();
        let lost = full.then(|| {
            let oldest = self.backlog.pop_front().expect("a capacity is at least 1");
            let index = self.index_of(oldest.key);
            self.settle(oldest);
            RecordId { index, part: oldest.part }
        });
        self.backlog.push_back(Unacknowledged { key, part });
        lost
    }

    /// Takes an acknowledged record out of the backlog; false if it is not there.
    pub fn acknowledge(&mut self, id: RecordId) -> bool {
        let Self { backlog, store, .. } = self;
        let Some(record) = backlog.remove(id, |key| store[key as usize].entry.index) else {
            return false;
        };
        self.settle(record);
        true
    }

    /// A record has left the backlog: storage is told, for else it would be back after a power cut.
    fn settle(&mut self, record: Unacknowledged) {
        let dead = self.store[record.key as usize].release(Hold::Record(record.part));
        let kept = &self.store[record.key as usize];
        if kept.place() != Place::NONE {
            self.told.waiting.push((kept.place(), kept.waiting()));
        }
        if dead {
            self.forget(record.key);
        }
    }

    fn release(&mut self, key: u32, hold: Hold) {
        if self.store[key as usize].release(hold) {
            self.forget(key);
        }
    }

    fn forget(&mut self, key: u32) {
        let place = self.store.remove(key as usize).place();
        if place != Place::NONE {
            self.told.dead.push(place);
        }
    }

    /// Whose records wait no longer, in the order in which they came to; then nobody is told again.
    pub fn take_waiting(&mut self) -> Vec<(Place, Waiting)> {
        std::mem::take(&mut self.told.waiting)
    }

    /// Whether storage has something to be told of the backlog.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.told.waiting.is_empty()
    }

    /// Which stored entries are in no window any more; then nobody is told again.
    pub fn take_dead(&mut self) -> Vec<Place> {
        std::mem::take(&mut self.told.dead)
    }

    /// Storage could not be told: it is told again, before anything newer.
    pub fn tell_again(&mut self, mut waiting: Vec<(Place, Waiting)>) {
        waiting.append(&mut self.told.waiting);
        self.told.waiting = waiting;
    }

    /// These stored entries, of another journal, are in no window any more.
    pub fn bury(&mut self, mut dead: Vec<Place>) {
        self.told.dead.append(&mut dead);
    }

    /// Where storage has each entry that is kept, for when all of them go at once.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.store.iter().map(|(_, kept)| kept.place()).filter(|place| *place != Place::NONE)
    }

    /// Every entry that is kept, by index, with its records that wait: what storage needs to know of a
    /// journal that was made in memory.
    pub fn kept(&self) -> Vec<Staged> {
        let mut kept: Vec<Staged> = self
            .store
            .iter()
            .map(|(_, kept)| Staged {
                entry: kept.entry.clone(),
                waiting: kept.waiting(),
                refused: Waiting::NONE,
            })
            .collect();
        kept.sort_unstable_by_key(|staged| staged.entry.index);
        kept
    }

    /// What [`Journal::kept`] gave is stored, the first at `first` and the others after it.
    pub fn kept_at(&mut self, first: Place) {
        let mut keys: Vec<(Index, usize)> =
            self.store.iter().map(|(key, kept)| (kept.entry.index, key)).collect();
        keys.sort_unstable();
        for (by, (_, key)) in (0..).zip(keys) {
            self.store[key].put_at(first.after(by));
        }
    }

    fn index_of(&self, key: u32) -> Index {
        self.store[key as usize].entry.index
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
        let index_of = |key: u32| self.index_of(key);
        let first = self.events.partition_point(|key| index_of(*key) < from);
        let mut events = self.events.range(first..).map(|key| (index_of(*key), *key)).peekable();
        let records = self.backlog.from(from, index_of);
        let mut records = records.map(|each| (index_of(each.key), each.key)).peekable();
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
        let entry = &self.store[record.key as usize].entry;
        Some((RecordId { index: entry.index, part: record.part }, entry))
    }

    /// The entry of an unacknowledged record.
    #[must_use]
    pub fn record_entry(&self, id: RecordId) -> Option<&Entry> {
        let record = self.backlog.find(id, |key| self.index_of(key))?;
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

    /// The index that the next entry to show will have.
    #[must_use]
    pub fn next_index(&self) -> Index {
        self.staged.front().map_or(self.next_index, |staged| staged.entry.index)
    }

    /// The oldest event's number, or the next one's while none is kept.
    #[must_use]
    pub const fn oldest_seqnum(&self) -> Seqnum {
        self.oldest_seqnum
    }

    /// The numbers that what is staged next will have.
    #[must_use]
    pub const fn next_staged(&self) -> (Index, Seqnum) {
        (self.next_index, self.next_seqnum)
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
