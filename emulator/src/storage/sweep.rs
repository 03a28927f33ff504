//! Which dead entries are taken away, and when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use vestibule_core::journal::Place;

/// Dead entries that a commit takes away at most, unless it adds more than half as many: about two pages'
/// worth, so that sweeping never makes a commit long.
pub const SWEPT_PER_COMMIT: usize = 128;

/// The dead entries, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    dead: BinaryHeap<Reverse<Place>>,
    /// All entries there are, dead ones too.
    rows: usize,
    sweeping: Sweeping,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sweeping {
    #[default]
    Not,
    /// Until none is left: then whole pages are free.
    On,
}

impl Sweep {
    pub(super) fn add_rows(&mut self, rows: usize) {
        self.rows += rows;
    }

    pub(super) fn bury(&mut self, places: impl IntoIterator<Item = Place>) {
        self.dead.extend(places.into_iter().map(Reverse));
    }

    /// What a commit that adds so many entries takes away: gone from here, to be deleted, or to be
    /// [`Sweep::put_back`].
    pub(super) fn take(&mut self, added: usize) -> Vec<Place> {
        let live = self.rows.saturating_sub(self.dead.len());
        if self.dead.is_empty() {
            self.sweeping = Sweeping::Not;
        } else if self.dead.len() * 2 >= live {
            self.sweeping = Sweeping::On;
        }
        let count = match self.sweeping {
            Sweeping::On => SWEPT_PER_COMMIT.max(added * 2),
            Sweeping::Not => 0,
        };
        let taken = std::iter::from_fn(|| self.dead.pop()).take(count);
        let taken: Vec<Place> = taken.map(|Reverse(place)| place).collect();
        self.rows -= taken.len();
        taken
    }

    pub(super) fn put_back(&mut self, taken: Vec<Place>) {
        self.rows += taken.len();
        self.bury(taken);
    }
}
