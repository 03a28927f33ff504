//! The journal against a model of plain vectors: two windows over one store, neither touching the other;
//! and what is staged, stored and read back.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use vestibule_core::clock::UnixMillis;
use vestibule_core::event::{
    Access, AlarmSerial, Entry, Fact, Index, Mask, Method, Photo, Presented, RecordId, Seqnum,
    Subject, Switch, Verdict,
};
use vestibule_core::journal::{Caching, Capacity, Damage, Journal, Place, Recovery, Waiting};

/// One step.
#[derive(Clone, Debug)]
enum Step {
    Append(usize, Caching),
    /// Of the record in that place of the backlog, if it has one.
    Acknowledge(usize),
    /// Of any record at all.
    AcknowledgeAny(RecordId),
}

fn access() -> Access {
    Access {
        subject: Subject::Nobody,
        method: Method::Card,
        verdict: Verdict::Accepted,
        presented: Presented::Own,
        face: None,
        therm: None,
        mask: Mask::Off,
        photo: Photo::None,
    }
}

/// A fact of each form: an event alone, an event and a record, a record alone, two records.
fn fact(form: usize) -> Fact {
    match form {
        0 => Fact::Door(Switch::On),
        1 => Fact::Access(access()),
        2 => Fact::Access(Access { method: Method::NumberAndPin, ..access() }),
        _ => Fact::PinAttack(access(), AlarmSerial(1)),
    }
}

#[derive(Default)]
struct Model {
    capacity: usize,
    appended: Vec<Entry>,
    events: Vec<u64>,
    backlog: Vec<RecordId>,
    evicted: u64,
}

impl Model {
    /// Appends, and says what the backlog lost.
    fn append(&mut self, fact: Fact, at: UnixMillis, caching: Caching) -> Vec<RecordId> {
        let index = Index::new(self.appended.len() as u64 + 1);
        let numbered = self.appended.iter().filter_map(|entry| entry.seqnum).next_back();
        let next = numbered.map_or(Seqnum::FIRST, Seqnum::next);
        let seqnum = fact.kind().map(|_| next);
        if let Some(seqnum) = seqnum {
            self.events.push(seqnum.get());
            if self.events.len() > self.capacity {
                self.events.remove(0);
                self.evicted += 1;
            }
        }
        let mut lost = Vec::new();
        for part in 0..fact.records().len() {
            let part = u8::try_from(part).expect("two at most");
            let record = RecordId { index, part };
            match (caching, self.backlog.len() == self.capacity) {
                (Caching::Off, _) => {}
                (Caching::DropNewest, true) => lost.push(record),
                (Caching::DropOldest, true) => {
                    lost.push(self.backlog.remove(0));
                    self.backlog.push(record);
                }
                (_, false) => self.backlog.push(record),
            }
        }
        self.appended.push(Entry { index, seqnum, at, fact });
        lost
    }

    /// What either window keeps, by index.
    fn kept(&self) -> Vec<&Entry> {
        let in_events = |entry: &&Entry| {
            let seqnum = entry.seqnum.map(Seqnum::get);
            seqnum.is_some_and(|seqnum| self.events.contains(&seqnum))
        };
        let in_backlog =
            |entry: &&Entry| self.backlog.iter().any(|record| record.index == entry.index);
        let kept = |entry: &&Entry| in_events(entry) || in_backlog(entry);
        self.appended.iter().filter(kept).collect()
    }

    fn compare(&self, journal: &Journal) {
        let bounds = journal.bounds().map(|(min, max)| (min.get(), max.get()));
        assert_eq!(bounds, self.events.first().copied().zip(self.events.last().copied()));
        let (len, evicted) = (journal.len(), journal.evicted());
        assert_eq!((len, evicted), (self.events.len(), self.evicted));
        assert_eq!(journal.is_empty(), self.events.is_empty());
        assert_eq!(journal.next_index().get(), self.appended.len() as u64 + 1);
        let kept = self.kept();
        assert_eq!(journal.stored(), kept.len(), "nothing is kept that no window holds");
        for from in 0..=self.appended.len() as u64 + 1 {
            let expected: Vec<&Entry> =
                kept.iter().copied().filter(|it| it.index.get() >= from).collect();
            assert_eq!(journal.entries(Index::new(from), usize::MAX), expected);
            let one = journal.entries(Index::new(from), 1);
            assert_eq!(one, expected[..expected.len().min(1)]);
        }
        for place in 0..=self.events.len() {
            let page: Vec<u64> = journal
                .events(place, 2)
                .map(|entry| entry.seqnum.expect("an event is numbered").get())
                .collect();
            let expected: Vec<u64> = self.events.iter().copied().skip(place).take(2).collect();
            assert_eq!(page, expected);
        }
        self.compare_lookups(journal);
    }

    fn compare_lookups(&self, journal: &Journal) {
        for entry in &self.appended {
            if let Some(seqnum) = entry.seqnum {
                let kept = self.events.contains(&seqnum.get());
                assert_eq!(journal.event(seqnum), kept.then_some(entry));
            }
            for part in 0..2 {
                let index = entry.index;
                let record = RecordId { index, part };
                let waits = self.backlog.contains(&record);
                assert_eq!(journal.record_entry(record), waits.then_some(entry));
            }
        }
        assert_eq!(journal.backlog_len(), self.backlog.len());
        let listed: Vec<RecordId> = (0..=self.backlog.len())
            .filter_map(|place| Some(journal.unacknowledged(place)?.0))
            .collect();
        assert_eq!(listed, self.backlog);
    }
}

fn step() -> impl Strategy<Value = Step> {
    let caching = prop_oneof![
        1 => Just(Caching::Off),
        2 => Just(Caching::DropOldest),
        2 => Just(Caching::DropNewest),
    ];
    let any = (0..30_u64, 0..3_u8).prop_map(|(index, part)| {
        let index = Index::new(index);
        Step::AcknowledgeAny(RecordId { index, part })
    });
    prop_oneof![
        5 => (0..4_usize, caching).prop_map(|(form, caching)| Step::Append(form, caching)),
        2 => (0..4_usize).prop_map(Step::Acknowledge),
        1 => any,
    ]
}

proptest! {
    /// R-V1-09, R-V1-17, R-V3-15, R-V3-27.
    #[test]
    fn a_journal_does_as_its_model(
        capacity in 1..5_u32,
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut journal = Journal::new(Capacity::new(capacity).expect("from 1"));
        let mut model = Model { capacity: capacity as usize, ..Model::default() };
        for (at, step) in (0..).zip(steps) {
            match step {
                Step::Append(form, caching) => {
                    let at = UnixMillis::new(at);
                    let appended = journal.append(at, fact(form), caching);
                    let lost = model.append(fact(form), at, caching);
                    prop_assert_eq!(appended.lost, lost);
                    let last = model.appended.last().expect("just appended");
                    prop_assert_eq!(appended.index, last.index);
                    prop_assert_eq!(appended.seqnum, last.seqnum);
                }
                Step::Acknowledge(place) => {
                    let record = model.backlog.get(place).copied();
                    if let Some(record) = record {
                        prop_assert!(journal.acknowledge(record));
                        prop_assert!(!journal.acknowledge(record), "once");
                        model.backlog.remove(place);
                    }
                }
                Step::AcknowledgeAny(record) => {
                    let waits = model.backlog.contains(&record);
                    prop_assert_eq!(journal.acknowledge(record), waits);
                    model.backlog.retain(|other| *other != record);
                }
            }
            model.compare(&journal);
        }
    }
}

/// What storage holds of a journal: every entry it was ever told of, less what it may take away.
#[derive(Default)]
struct Disk {
    rows: BTreeMap<u64, (Entry, Waiting)>,
    dead: BTreeSet<u64>,
    /// The next numbers and the oldest event, as they were when storage was told last.
    position: Option<(Index, Seqnum, Seqnum)>,
}

impl Disk {
    /// Stores what is staged and what the journal tells; the first place.
    fn store(&mut self, journal: &mut Journal) -> Place {
        let first = self.rows.last_key_value().map_or(1, |(place, _)| place + 1);
        for (place, staged) in (first..).zip(journal.staged()) {
            self.rows.insert(place, (staged.entry.clone(), staged.waiting));
        }
        self.listen(journal);
        Place::new(first).expect("from 1")
    }

    fn listen(&mut self, journal: &mut Journal) {
        for (place, waiting) in journal.take_waiting() {
            self.rows.get_mut(&place.get()).expect("a place that was given").1 = waiting;
        }
        self.dead.extend(journal.take_dead().into_iter().map(Place::get));
        let (index, seqnum) = journal.next_staged();
        self.position = Some((index, seqnum, journal.oldest_seqnum()));
    }

    /// The journal as it comes up again, some of the dead rows swept away, the oldest first.
    fn recover(&self, capacity: u32, swept: usize) -> Result<(Journal, u64), Damage> {
        let capacity = Capacity::new(capacity).expect("from 1");
        let first = (Index::FIRST, Seqnum::FIRST, Seqnum::FIRST);
        let (index, seqnum, oldest) = self.position.unwrap_or(first);
        let mut recovery = Recovery::new(capacity, (index, seqnum), oldest);
        let swept: Vec<u64> = self.dead.iter().copied().take(swept).collect();
        for (place, (entry, waiting)) in &self.rows {
            if !swept.contains(place) {
                let place = Place::new(*place).expect("from 1");
                recovery.take(entry.clone(), place, *waiting)?;
            }
        }
        recovery.finish()
    }
}

/// One step of a journal that is stored.
#[derive(Clone, Debug)]
enum StoredStep {
    Stage(usize, Caching),
    Store,
    RollBack,
    Acknowledge(usize),
    /// The power goes; so many dead rows had been swept.
    PowerCut(usize),
}

fn stored_step() -> impl Strategy<Value = StoredStep> {
    let caching = prop_oneof![
        1 => Just(Caching::Off),
        2 => Just(Caching::DropOldest),
        2 => Just(Caching::DropNewest),
    ];
    prop_oneof![
        8 => (0..4_usize, caching).prop_map(|(form, caching)| StoredStep::Stage(form, caching)),
        4 => Just(StoredStep::Store),
        1 => Just(StoredStep::RollBack),
        3 => (0..4_usize).prop_map(StoredStep::Acknowledge),
        2 => (0..9_usize).prop_map(StoredStep::PowerCut),
    ]
}

proptest! {
    /// What is staged shows only when it is stored, what could not be stored leaves no gap, and a power cut
    /// at any moment gives back exactly what was stored (R-V3-15).
    #[test]
    fn a_stored_journal_does_as_its_model(
        capacity in 1..5_u32,
        steps in proptest::collection::vec(stored_step(), 1..60),
    ) {
        let new = || Journal::new(Capacity::new(capacity).expect("from 1"));
        let (mut journal, mut disk) = (new(), Disk::default());
        let mut model = Model { capacity: capacity as usize, ..Model::default() };
        let mut staged: Vec<(usize, UnixMillis, Caching)> = Vec::new();
        for (at, step) in (0..).zip(steps) {
            match step {
                StoredStep::Stage(form, caching) => {
                    // The model decides on records when they are stored, the journal when they happen.
                    if staged.iter().any(|(_, _, other)| *other != caching) {
                        continue;
                    }
                    let at = UnixMillis::new(at);
                    journal.stage(at, fact(form), caching);
                    staged.push((form, at, caching));
                }
                StoredStep::Store => {
                    let first = disk.store(&mut journal);
                    for (by, (form, at, caching)) in (0..).zip(staged.drain(..)) {
                        let appended = journal.commit(first.after(by)).expect("staged");
                        prop_assert_eq!(appended.lost, model.append(fact(form), at, caching));
                    }
                    prop_assert_eq!(journal.commit(first), None);
                }
                StoredStep::RollBack => {
                    prop_assert_eq!(journal.roll_back(), staged.drain(..).count());
                }
                StoredStep::Acknowledge(place) => {
                    if !staged.is_empty() {
                        continue;
                    }
                    if let Some(record) = model.backlog.get(place).copied() {
                        prop_assert!(journal.acknowledge(record));
                        model.backlog.remove(place);
                    }
                    disk.listen(&mut journal);
                }
                StoredStep::PowerCut(swept) => {
                    journal.roll_back();
                    disk.listen(&mut journal);
                    let (recovered, _) = disk.recover(capacity, swept).expect("whole");
                    journal = recovered;
                    model.evicted = 0;
                    staged.clear();
                }
            }
            model.compare(&journal);
        }
    }
}

/// The power goes after an entry is stored, before storage is told what the backlog lost for it.
#[test]
fn what_the_backlog_lost_stays_lost() {
    let capacity = Capacity::new(2).expect("from 1");
    let (mut journal, mut disk) = (Journal::new(capacity), Disk::default());
    for at in 0..3 {
        journal.stage(UnixMillis::new(at), fact(2), Caching::DropOldest);
        let first = disk.store(&mut journal);
        journal.commit(first).expect("staged");
    }
    let (untold, lost) = disk.recover(2, 0).expect("whole");
    assert_eq!((untold.backlog_len(), lost), (2, 1));
    let newest = RecordId { index: Index::new(3), part: 0 };
    assert!(journal.acknowledge(newest));
    disk.listen(&mut journal);
    let (told, lost) = disk.recover(2, 0).expect("whole");
    let left = told.unacknowledged(0).map(|(record, _)| record.index.get());
    assert_eq!((told.backlog_len(), left, lost), (1, Some(2), 0));
}

#[test]
fn a_journal_with_a_hole_is_not_put_together() {
    let (mut journal, mut disk) =
        (Journal::new(Capacity::new(3).expect("from 1")), Disk::default());
    for at in 0..5 {
        journal.stage(UnixMillis::new(at), fact(0), Caching::Off);
    }
    disk.store(&mut journal);
    let seqnum = |number: u64| Seqnum::new(number).expect("from 1");
    let position = |index, oldest| Some((Index::new(index), seqnum(6), seqnum(oldest)));
    let without = |place: u64, oldest: u64| {
        let rows = disk.rows.iter().filter(|(other, _)| **other != place);
        let rows = rows.map(|(place, row)| (*place, row.clone())).collect();
        let disk = Disk { rows, position: position(6, oldest), ..Disk::default() };
        disk.recover(3, 0).map(|(journal, _)| journal.len())
    };
    assert_eq!(without(1, 1), Ok(3), "older than the window");
    for missing in 3..=5 {
        assert_eq!(without(missing, 1), Err(Damage::Missing { seqnum: seqnum(missing) }));
    }
    assert_eq!(without(3, 4), Ok(2), "known to be gone");
    assert_eq!(without(5, 6), Ok(0), "known to be gone, and its number is not used again");
    let beyond = Disk { position: position(5, 1), rows: disk.rows.clone(), ..Disk::default() };
    let refused = beyond.recover(3, 0).map(|_| ());
    assert_eq!(refused, Err(Damage::Order { index: Index::new(5) }));
}

#[test]
fn a_capacity_is_from_1_to_its_limit() {
    assert_eq!(Capacity::new(0), None);
    assert_eq!(Capacity::new(Capacity::MAX + 1), None);
    assert_eq!(Capacity::new(Capacity::MAX).map(Capacity::get), Some(10_000_000));
    assert_eq!(vestibule_core::journal::CAPACITY.get(), 50_000);
}
