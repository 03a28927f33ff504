//! A journal as storage has it: put together from its entries, which must fit.

use super::{Appended, Capacity, Journal, Place, Staged, Waiting, Window};
use crate::event::{Entry, Index, Seqnum};

/// Stored entries that make no journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// An index that is not above the one before, or not below the next.
    #[error("entry {} is out of order", index.get())]
    Order {
        /// Which.
        index: Index,
    },
    /// An event within the journal window is not there.
    #[error("event {} is missing", seqnum.get())]
    Missing {
        /// Which.
        seqnum: Seqnum,
    },
}

/// A journal that is being put together.
#[derive(Debug)]
pub struct Recovery {
    journal: Journal,
    next: (Index, Seqnum),
    /// Events below are in no window.
    oldest: u64,
    last: Option<Index>,
    /// The number of the event that must come next, once one of the window came.
    due: Option<Seqnum>,
    lost: u64,
}

impl Recovery {
    /// A journal whose next entry has those numbers.
    #[must_use]
    pub fn new(capacity: Capacity, next: (Index, Seqnum)) -> Self {
        let oldest = next.1.get().saturating_sub(capacity.get() as u64);
        let journal = Journal::new(capacity);
        Self { journal, next, oldest, last: None, due: None, lost: 0 }
    }

    /// Takes the next entry, by index, with its place and its records that wait.
    ///
    /// # Errors
    /// When it does not fit to those before.
    pub fn take(&mut self, entry: Entry, place: Place, waiting: Waiting) -> Result<(), Damage> {
        let index = entry.index;
        if self.last.is_some_and(|last| index <= last) || index >= self.next.0 {
            return Err(Damage::Order { index });
        }
        self.last = Some(index);
        let in_window = entry.seqnum.filter(|seqnum| seqnum.get() >= self.oldest);
        if let Some(seqnum) = in_window {
            if let Some(missing) = self.due.filter(|due| *due != seqnum) {
                return Err(Damage::Missing { seqnum: missing });
            }
            if self.due.is_none() {
                self.journal.oldest_seqnum = seqnum;
            }
            self.due = Some(seqnum.next());
        }
        let window = in_window.map_or(Window::Neither, |_| Window::Journal);
        let staged = Staged { entry, waiting, refused: Waiting::NONE };
        let Appended { lost, .. } = self.journal.place(staged, place, window);
        self.lost += lost.len() as u64;
        Ok(())
    }

    /// The journal, and how many records the backlog had lost when the power went; nobody had been told.
    ///
    /// # Errors
    /// When the newest events are missing.
    pub fn finish(self) -> Result<(Journal, u64), Damage> {
        let Self { mut journal, next, due, lost, .. } = self;
        let due = due.unwrap_or(Seqnum::FIRST);
        if due != next.1 {
            return Err(Damage::Missing { seqnum: due });
        }
        (journal.next_index, journal.next_seqnum) = next;
        journal.evicted = 0;
        Ok((journal, lost))
    }
}
