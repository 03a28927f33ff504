//! The journal against a model of plain vectors: two windows over one store, neither touching the other.

use proptest::prelude::*;
use vestibule_core::clock::UnixMillis;
use vestibule_core::event::{
    Access, AlarmSerial, Entry, Fact, Index, Mask, Method, Presented, RecordId, Seqnum, Subject,
    Switch, Verdict,
};
use vestibule_core::journal::{Caching, Capacity, Journal};

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

#[test]
fn a_capacity_is_from_1_to_its_limit() {
    assert_eq!(Capacity::new(0), None);
    assert_eq!(Capacity::new(Capacity::MAX + 1), None);
    assert_eq!(Capacity::new(Capacity::MAX).map(Capacity::get), Some(10_000_000));
    assert_eq!(vestibule_core::journal::CAPACITY.get(), 50_000);
}
