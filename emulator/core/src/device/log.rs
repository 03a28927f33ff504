//! The log as the v3.x API shows it: the journal, unless a fault bends it.

use std::collections::BTreeMap;

use super::faulty::Remembered;
use crate::behaviour::violations::Log as Bends;
use crate::event::{Entry, Index, Seqnum};
use crate::journal::Journal;

/// The events of a device, oldest first, with the numbers they are shown with.
pub(super) enum Log<'a> {
    /// As they are.
    True(&'a Journal),
    /// Otherwise.
    Bent(Vec<(u64, &'a Entry)>),
}

impl<'a> Log<'a> {
    /// The log of that journal.
    pub(super) fn new(journal: &'a Journal, bends: &Bends, remembered: &'a Remembered) -> Self {
        if *bends == Bends::default() {
            return Self::True(journal);
        }
        let mut all: BTreeMap<Index, &Entry> =
            journal.events(0, journal.len()).map(|entry| (entry.index, entry)).collect();
        let first = all.keys().next().copied();
        if bends.pins {
            let pins = remembered.pins.iter().map(|entry| (entry.index, entry));
            all.extend(pins.filter(|(index, _)| first.is_none_or(|first| first < *index)));
        }
        let shown = |entry: &'a Entry| number(bends, remembered, entry).map(|shown| (shown, entry));
        Self::Bent(all.into_values().filter_map(shown).collect())
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::True(journal) => journal.len() as u64,
            Self::Bent(events) => events.len() as u64,
        }
    }

    /// The numbers of the oldest and the newest.
    pub(super) fn bounds(&self) -> Option<(u64, u64)> {
        match self {
            Self::True(journal) => journal.bounds().map(|(min, max)| (min.get(), max.get())),
            Self::Bent(events) => Some((events.first()?.0, events.last()?.0)),
        }
    }

    /// The place of the first event whose number is not below `seqnum`.
    pub(super) fn place(&self, seqnum: u64) -> u64 {
        match self {
            // Numbers have no gaps (R-V3-15).
            Self::True(_) => {
                let oldest = self.bounds().map_or(Seqnum::FIRST.get(), |(oldest, _)| oldest);
                seqnum.saturating_sub(oldest)
            }
            Self::Bent(events) => {
                let newest = events.last().map_or(0, |(newest, _)| *newest);
                let place = events.partition_point(|(number, _)| *number < seqnum) as u64;
                place + seqnum.saturating_sub(newest + 1)
            }
        }
    }

    /// At most `limit` events from `place` on.
    pub(super) fn page(&self, place: u64, limit: u64) -> Vec<Entry> {
        // Both are under the journal's length or the ceiling.
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        match self {
            Self::True(journal) => journal.events(place, limit).cloned().collect(),
            Self::Bent(events) => {
                let page = events.iter().skip(place).take(limit);
                page.map(|(number, entry)| renumbered((*entry).clone(), *number)).collect()
            }
        }
    }
}

/// An entry with the number it is shown with.
pub(super) fn renumbered(entry: Entry, number: u64) -> Entry {
    Entry { seqnum: Seqnum::new(number), ..entry }
}

/// The number that an entry is shown with; none if it is not in the log.
pub(super) fn number(bends: &Bends, remembered: &Remembered, entry: &Entry) -> Option<u64> {
    if let Some(kind) = entry.fact.kind()
        && (bends.lost.contains(&kind) || bends.hidden.contains(&kind))
    {
        return None;
    }
    let is_gone = bends.gap_lost && remembered.was_offline(entry.index);
    number_of(bends, remembered, entry).filter(|_| !is_gone)
}

/// The number that an entry is shown with, where it is shown.
pub(super) fn number_of(bends: &Bends, remembered: &Remembered, entry: &Entry) -> Option<u64> {
    let before = |index: Index| remembered.pins.partition_point(|pin| pin.index < index);
    let pins = if bends.pins { before(entry.index) as u64 } else { 0 };
    let mut number = match entry.seqnum {
        Some(seqnum) => seqnum.get() + pins,
        // Among the numbers as if it had always had one.
        None => remembered.numbers_before(entry.index)? + pins + 1,
    };
    if bends.gap > 0 && entry.index >= remembered.first_index {
        number += bends.gap;
    }
    if bends.restarts {
        number = number.checked_sub(remembered.restarted_after).filter(|number| *number > 0)?;
    }
    Some(number)
}
