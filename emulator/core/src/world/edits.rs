//! What a platform changed about the people of a device: a layer over the roster of the configuration.
//!
//! Each change has a revision of its own, counted over the device, so a person's number and revision mean one
//! state of that person for good. States that entries may still speak of are kept until a sweep finds that
//! none does. Leaves out who is there without changes: `seeded`; and who changes what: `roster`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::enrolment::{CardNumber, Enrolment, UserId};
use super::standing::Category;
use crate::event::PersonRef;

/// The most people who differ from those of the configuration, at some 500 bytes each. Devices of this kind
/// hold ten to fifty thousand.
pub const EDITS_MAX: usize = 20_000;

/// The most people who are remembered as strangers once they were enrolled and removed.
const DEPARTED_MAX: usize = 1000;

/// The most revisions: as many as a stored entry can name.
const REVISIONS_MAX: u32 = i32::MAX.unsigned_abs();

/// Earlier states that are kept before it is asked which are needed.
const SWEEP_FROM: usize = 64;

/// One change, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Whom it is about, in the state that this change makes.
    pub person: PersonRef,
    /// What it does.
    pub what: Edited,
}

/// What a change does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// From now on the person is enrolled so.
    Enrolled(Arc<Enrolment>),
    /// From now on the person is a stranger.
    Removed(UserId),
}

/// What a request changed, to be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New rows, in order.
    pub edits: Vec<Edit>,
    /// Rows that nothing needs any more.
    pub forgotten: Vec<PersonRef>,
}

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEdit {
    /// There is no room for more.
    #[error("the device holds {EDITS_MAX} people besides those of its configuration")]
    Full,
    /// A card has one owner.
    #[error("the card is somebody else's")]
    CardTaken,
    /// Nobody is enrolled so.
    #[error("nobody is enrolled under that id")]
    NobodySo,
}

/// The changes that are in force, and what is looked up in them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Edits {
    /// The revision at which everybody was removed; 0 if that never was.
    pub(super) cleared_at: u32,
    now: BTreeMap<u32, (u32, Edited)>,
    before: BTreeMap<PersonRef, Arc<Enrolment>>,
    uids: BTreeMap<UserId, u32>,
    cards: BTreeMap<CardNumber, u32>,
    crowds: [Crowd; 2],
    /// People whom the configuration does not know, and who were removed.
    departed: BTreeSet<u32>,
    revisions: u32,
    sweep_at: usize,
}

/// People of one category, by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Crowd {
    pub(super) numbers: Vec<u32>,
    /// How many of them have a card.
    pub(super) with_card: usize,
}

impl Edits {
    /// None yet, and everybody was removed at that revision, if it is not 0.
    pub(super) fn after(cleared_at: u32) -> Self {
        Self { cleared_at, revisions: cleared_at, ..Self::default() }
    }

    /// Whether everybody is as the configuration has them.
    pub(super) fn is_empty(&self) -> bool {
        self.cleared_at == 0 && self.now.is_empty()
    }

    /// What was changed about that number.
    pub(super) fn of(&self, number: u32) -> Option<&(u32, Edited)> {
        self.now.get(&number)
    }

    /// Who is enrolled under that number by a change.
    pub(super) fn enrolled(&self, number: u32) -> Option<(PersonRef, &Arc<Enrolment>)> {
        match self.now.get(&number)? {
            (revision, Edited::Enrolled(one)) => {
                Some((PersonRef { number, revision: *revision }, one))
            }
            (_, Edited::Removed(_)) => None,
        }
    }

    /// The state that is meant, of now or before.
    pub(super) fn state(&self, person: PersonRef) -> Option<&Arc<Enrolment>> {
        let now = self.enrolled(person.number).filter(|(now, _)| *now == person);
        now.map(|(_, one)| one).or_else(|| self.before.get(&person))
    }

    /// The number that belongs to that id, whether somebody is enrolled under it or was.
    pub(super) fn number(&self, userid: &UserId) -> Option<u32> {
        self.uids.get(userid).copied()
    }

    /// The owner of that card.
    pub(super) fn owner(&self, card: CardNumber) -> Option<u32> {
        self.cards.get(&card).copied()
    }

    /// Everybody enrolled by a change from that number on.
    pub(super) fn from(&self, number: u32) -> impl Iterator<Item = PersonRef> + '_ {
        self.now.range(number..).filter_map(|(number, _)| Some(self.enrolled(*number)?.0))
    }

    /// The numbers below that one whose people were removed.
    pub(super) fn removed_below(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        let below = self.now.range(..number);
        below.filter(|(_, (_, what))| matches!(what, Edited::Removed(_))).map(|(at, _)| *at)
    }

    /// Everybody of that category.
    pub(super) fn crowd(&self, category: Category) -> Option<&Crowd> {
        crowd_place(category).map(|place| &self.crowds[place])
    }

    /// A number that nobody ever had, from `first` on; none if they are used up.
    pub(super) fn fresh_number(&self, first: u32) -> Option<u32> {
        let last = self.now.last_key_value().map(|(number, _)| *number);
        let before = self.before.last_key_value().map(|(person, _)| person.number);
        let last = last.max(before).filter(|last| *last >= first);
        last.map_or(Some(first), |last| last.checked_add(1)).filter(|number| *number < u32::MAX)
    }

    /// Whether one more number can differ.
    pub(super) fn has_room_for(&self, number: u32) -> bool {
        let is_counted = self.now.contains_key(&number) && !self.departed.contains(&number);
        (is_counted || self.now.len() - self.departed.len() < EDITS_MAX)
            && self.revisions < REVISIONS_MAX
    }

    /// The next revision.
    pub(super) fn revise(&mut self) -> u32 {
        self.revisions += 1;
        self.revisions
    }

    /// Puts a change into force: a new one, or one that was stored. `founders` are those of the configuration.
    pub(super) fn put(&mut self, edit: Edit, founders: u32, changes: &mut Changes) {
        let Edit { person, what } = edit;
        self.revisions = self.revisions.max(person.revision);
        if person.revision <= self.cleared_at {
            if let Edited::Enrolled(one) = what {
                self.before.insert(person, one);
            }
            return;
        }
        self.retract(person.number, changes);
        match &what {
            Edited::Enrolled(one) => {
                self.uids.insert(one.userid.clone(), person.number);
                self.join(person.number, one);
            }
            Edited::Removed(userid) => {
                self.uids.insert(userid.clone(), person.number);
                if person.number >= founders {
                    self.departed.insert(person.number);
                }
            }
        }
        self.now.insert(person.number, (person.revision, what));
        if self.departed.len() > DEPARTED_MAX
            && let Some(number) = self.departed.first().copied()
        {
            self.retract(number, changes);
            self.now.remove(&number);
        }
    }

    fn join(&mut self, number: u32, one: &Arc<Enrolment>) {
        for card in &one.cards {
            self.cards.insert(card.number, number);
        }
        if let Some(place) = crowd_place(one.category()) {
            let crowd = &mut self.crowds[place];
            if let Err(at) = crowd.numbers.binary_search(&number) {
                crowd.numbers.insert(at, number);
                crowd.with_card += usize::from(one.card().is_some());
            }
        }
    }

    /// Takes a number's state out of force, and keeps it for the entries that speak of it.
    fn retract(&mut self, number: u32, changes: &mut Changes) {
        self.departed.remove(&number);
        let Some((revision, what)) = self.now.get(&number).cloned() else {
            return;
        };
        let person = PersonRef { number, revision };
        match what {
            Edited::Removed(userid) => {
                self.uids.remove(&userid);
                changes.forgotten.push(person);
            }
            Edited::Enrolled(one) => {
                self.uids.remove(&one.userid);
                for card in &one.cards {
                    self.cards.remove(&card.number);
                }
                if let Some(place) = crowd_place(one.category()) {
                    let crowd = &mut self.crowds[place];
                    if let Ok(at) = crowd.numbers.binary_search(&number) {
                        crowd.numbers.remove(at);
                        crowd.with_card -= usize::from(one.card().is_some());
                    }
                }
                self.before.insert(person, one);
            }
        }
    }

    /// Everybody is removed; those of the configuration, too.
    pub(super) fn clear(&mut self, changes: &mut Changes) {
        self.cleared_at = self.revise();
        for (number, (revision, what)) in std::mem::take(&mut self.now) {
            let person = PersonRef { number, revision };
            match what {
                Edited::Enrolled(one) => drop(self.before.insert(person, one)),
                Edited::Removed(_) => changes.forgotten.push(person),
            }
        }
        let before = std::mem::take(&mut self.before);
        *self = Self { before, sweep_at: self.sweep_at, ..Self::after(self.cleared_at) };
    }

    /// Whether so many earlier states are kept that it is worth to ask which are needed.
    pub(super) fn wants_sweep(&self) -> bool {
        self.before.len() >= self.sweep_at.max(SWEEP_FROM)
    }

    /// Drops the earlier states that are not needed.
    pub(super) fn sweep(&mut self, needed: &BTreeSet<PersonRef>, changes: &mut Changes) {
        self.before.retain(|person, _| {
            let is_needed = needed.contains(person);
            if !is_needed {
                changes.forgotten.push(*person);
            }
            is_needed
        });
        // Twice as many before the next one, so that a sweep costs each change a constant.
        self.sweep_at = self.before.len() * 2;
    }
}

/// Where the people of a category are; nobody is enrolled as a visitor.
const fn crowd_place(category: Category) -> Option<usize> {
    match category {
        Category::Employee => Some(0),
        Category::Blocklisted => Some(1),
        Category::Visitor => None,
    }
}
