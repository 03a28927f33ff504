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
    last: Option<Index>,
    /// The event of the window that must come next.
    due: Seqnum,
    lost: u64,
}

impl Recovery {
    /// A journal whose next entry has those numbers, and which lacks no event from `oldest` on.
    #[must_use]
    pub fn new(capacity: Capacity, next: (Index, Seqnum), oldest: Seqnum) -> Self {
        let fits = next.1.get().saturating_sub(capacity.get() as u64);
        let due = Seqnum::new(fits).map_or(oldest, |fits| fits.max(oldest));
        let mut journal = Journal::new(capacity);
        journal.oldest_seqnum = due;
        Self { journal, next, last: None, due, lost: 0 }
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
        let oldest = self.journal.oldest_seqnum;
        let window = match entry.seqnum {
            Some(seqnum) if seqnum == self.due => Window::Journal,
            Some(seqnum) if seqnum >= oldest => return Err(Damage::Missing { seqnum: self.due }),
            Some(_) | None => Window::Neither,
        };
        if window == Window::Journal {
            self.due = self.due.next();
        }
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
        if due != next.1 {
            return Err(Damage::Missing { seqnum: due });
        }
        (journal.next_index, journal.next_seqnum) = next;
        Ok((journal, lost))
    }
}
