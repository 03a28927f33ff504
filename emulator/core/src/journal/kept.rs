//! One entry of the store: what holds it, and where storage has it.

use crate::event::Entry;

/// Where storage keeps an entry: a number of its own choosing, from 1, growing in the order in which it
/// was told of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u64);

impl Place {
    /// The place of an entry that is in memory alone.
    pub const NONE: Self = Self(0);

    /// The most a place may be: the eight bits above are needed beside it.
    pub const MAX: u64 = u64::MAX >> 8;

    /// A place from 1 to [`Place::MAX`].
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (1..=Self::MAX).contains(&number).then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place of what follows `by` later.
    #[must_use]
    pub const fn after(self, by: u64) -> Self {
        Self(self.0 + by)
    }
}

/// Which of an entry's records wait for an acknowledgement, a bit each, the first part the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting(u8);

impl Waiting {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Every combination of the two records an entry may have.
    pub const ALL: [Self; 4] = [Self(0), Self(1), Self(2), Self(3)];

    /// With that part waiting, too.
    #[must_use]
    pub const fn with(self, part: u8) -> Self {
        Self(self.0 | 1 << part)
    }

    /// Whether that part waits.
    #[must_use]
    pub const fn has(self, part: u8) -> bool {
        self.0 >> part & 1 == 1
    }

    /// How many parts wait.
    #[must_use]
    pub const fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The place in [`Waiting::ALL`].
    #[must_use]
    pub const fn number(self) -> usize {
        self.0 as usize
    }
}

/// An entry and what holds it, with its place in the same eight bytes.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) entry: Entry,
    place_and_holds: u64,
}

/// What may hold an entry.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hold {
    /// The journal window.
    Event,
    /// The backlog, for that part.
    Record(u8),
    /// Being placed: nothing of it is freed on the way.
    Placing,
}

impl Hold {
    const fn bit(self) -> u64 {
        match self {
            Self::Record(part) => 1 << part,
            Self::Event => 1 << 6,
            Self::Placing => 1 << 7,
        }
    }
}

impl Kept {
    /// An entry that is being placed. All of its records are held at once: a small backlog may lose the
    /// first for the second.
    pub(super) const fn new(entry: Entry, place: Place, waiting: Waiting) -> Self {
        Self { entry, place_and_holds: place.0 << 8 | Hold::Placing.bit() | waiting.0 as u64 }
    }

    pub(super) const fn hold(&mut self, hold: Hold) {
        self.place_and_holds |= hold.bit();
    }

    /// True if nothing holds it any more.
    pub(super) const fn release(&mut self, hold: Hold) -> bool {
        self.place_and_holds &= !hold.bit();
        self.place_and_holds & 0xff == 0
    }

    pub(super) const fn place(&self) -> Place {
        Place(self.place_and_holds >> 8)
    }

    /// Storage has it there.
    pub(super) const fn put_at(&mut self, place: Place) {
        self.place_and_holds = place.0 << 8 | self.place_and_holds & 0xff;
    }

    pub(super) fn waiting(&self) -> Waiting {
        Waiting::ALL[usize::from(self.place_and_holds.to_le_bytes()[0] & 3)]
    }
}
