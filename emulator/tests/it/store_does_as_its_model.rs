//! The store against a model of ten lines: random changes, and a kill between any two commits. What was
//! committed is there, what was not never was.

use proptest::prelude::*;
use vestibule_core::calls::control::Command;
use vestibule_core::calls::v1;
use vestibule_core::delivery::{Answer, Delivery, Outcome};
use vestibule_core::dest::EventDest;
use vestibule_core::device::{Device, Effect, Effects};
use vestibule_core::event::{Index, RecordId};
use vestibule_core::world::EventName;

use crate::support::kept::Kept;

/// One step.
#[derive(Clone, Copy, Debug)]
enum Step {
    Emit(EventName, u32),
    Subscribe(bool),
    /// The platform acknowledges the oldest records.
    Acknowledge(usize),
    FactoryReset,
    Rewind,
    Commit,
    /// What was not committed cannot be.
    Fail,
    Kill,
}

/// What is committed: entries with their v3 number and whether their record waits, and the subscription.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    entries: Vec<(Option<u64>, bool)>,
    enabled: Option<bool>,
}

impl Model {
    fn emit(&mut self, event: EventName, count: u32, cached: bool) {
        for _ in 0..count {
            let numbers = self.entries.iter().filter_map(|(seqnum, _)| *seqnum).max().unwrap_or(0);
            let seqnum = (event != EventName::Pin).then_some(numbers + 1);
            self.entries.push((seqnum, cached && event != EventName::Door));
        }
    }

    /// Forgets what a full backlog loses.
    fn overflow(&mut self, capacity: usize) {
        let waiting = self.entries.iter().filter(|(_, waits)| *waits).count();
        let waits = self.entries.iter_mut().filter(|(_, waits)| *waits);
        waits.take(waiting.saturating_sub(capacity)).for_each(|(_, waits)| *waits = false);
    }

    fn backlog(&self) -> Vec<u64> {
        let waits = (1..).zip(&self.entries).filter(|(_, (_, waits))| *waits);
        waits.map(|(index, _)| index).collect()
    }

    fn events(&self, capacity: usize) -> Vec<u64> {
        let all: Vec<u64> = self.entries.iter().filter_map(|(seqnum, _)| *seqnum).collect();
        all[all.len().saturating_sub(capacity)..].to_vec()
    }
}

fn step() -> impl Strategy<Value = Step> {
    let events = [EventName::Face, EventName::Door, EventName::Pin];
    prop_oneof![
        6 => (proptest::sample::select(events.to_vec()), 1..4_u32)
            .prop_map(|(event, count)| Step::Emit(event, count)),
        1 => any::<bool>().prop_map(Step::Subscribe),
        4 => (1..4_usize).prop_map(Step::Acknowledge),
        1 => prop_oneof![3 => Just(Step::FactoryReset), 1 => Just(Step::Rewind)],
        5 => Just(Step::Commit),
        1 => Just(Step::Fail),
        3 => Just(Step::Kill),
    ]
}

fn subscribe(kept: &mut Kept, enabled: bool) {
    let destination = EventDest::parse("http://10.0.0.9/Record").expect("an address");
    let call = v1::Call::Subscribe { destination, enabled: Some(enabled) };
    kept.input(|device, mono, effects| {
        let view = device.view();
        let (access, credential) = (v1::Access::Open, v1::Credential::None);
        let request = v1::Request { access, credential, call: Ok(call) };
        device.handle_v1(&view, request, mono, effects)
    })
    .expect("a subscription that can be taken");
}

/// Lets the platform acknowledge so many records.
fn acknowledge(kept: &mut Kept, count: usize) -> Vec<RecordId> {
    let accepted = Outcome::Answered(Answer { status: 200, body: br#"{"code":200}"#.to_vec() });
    // Going offline and online starts what is in flight anew, so that the test sees the attempt.
    let mut effects = Effects::default();
    let mut records = Vec::new();
    for network in [
        vestibule_core::calls::control::Network::Offline,
        vestibule_core::calls::control::Network::Online,
    ] {
        let command = Command::Network(network);
        kept.input(|device, mono, _| device.handle_control(command, mono, &mut effects))
            .expect("a network");
    }
    for _ in 0..count {
        let attempt = effects.into_vec().into_iter().find_map(|effect| match effect {
            Effect::Attempt(attempt) => Some(attempt),
            _ => None,
        });
        effects = Effects::default();
        let Some(attempt) = attempt else { break };
        if let Delivery::Push(record) = attempt.delivery {
            records.push(record);
        }
        kept.input(|device, mono, _| {
            device.handle_outcome(attempt.id, &accepted, mono, &mut effects);
        });
    }
    records
}

/// What the device shows: its events, its backlog, its subscription.
fn seen(kept: &mut Kept) -> (Vec<u64>, usize, Option<bool>) {
    let entries = kept.device.entries(Index::FIRST, usize::MAX);
    let (status, _) = kept.input(|device, mono, _| (device.status(mono), ()));
    let oldest = status.bounds.map_or(u64::MAX, |(oldest, _)| oldest.get());
    let seqnums = entries.iter().filter_map(|entry| entry.seqnum.map(|seqnum| seqnum.get()));
    let events = seqnums.filter(|seqnum| *seqnum >= oldest).collect();
    (events, status.backlog, status.subscription.map(|subscription| subscription.enabled))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_was_committed_is_there(
        capacity in 1..6_u32,
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let size = capacity as usize;
        let mut kept = Kept::new(capacity);
        let (mut model, mut staged) = (Model::default(), Vec::new());
        for step in steps {
            match step {
                Step::Emit(event, count) => {
                    kept.emit(event, count);
                    staged.push(step);
                }
                Step::Subscribe(enabled) => {
                    // One rare change at a time: the shell sees to that.
                    kept.commit().expect("there is room");
                    apply(&mut model, &mut staged, size);
                    subscribe(&mut kept, enabled);
                    staged.push(step);
                }
                Step::FactoryReset | Step::Rewind => {
                    kept.commit().expect("there is room");
                    apply(&mut model, &mut staged, size);
                    replace(&mut kept, step);
                    kept.commit().expect("there is room");
                    staged.push(step);
                    apply(&mut model, &mut staged, size);
                }
                Step::Acknowledge(count) => {
                    kept.commit().expect("there is room");
                    apply(&mut model, &mut staged, size);
                    let expected: Vec<u64> = model.backlog().into_iter().take(count).collect();
                    let acknowledged = acknowledge(&mut kept, count);
                    if model.enabled == Some(true) {
                        let indices: Vec<u64> = acknowledged.iter().map(|record| record.index.get()).collect();
                        prop_assert_eq!(&indices, &expected);
                    }
                    // It is kept with the next commit; a kill before that may push it again.
                    kept.commit().expect("there is room");
                    for record in acknowledged {
                        let place = usize::try_from(record.index.get()).expect("few") - 1;
                        model.entries[place].1 = false;
                    }
                }
                Step::Commit => {
                    kept.commit().expect("there is room");
                    apply(&mut model, &mut staged, size);
                }
                Step::Fail => {
                    kept.fail();
                    staged.clear();
                }
                Step::Kill => {
                    kept.kill();
                    staged.clear();
                }
            }
            let wanted = (model.events(size), model.backlog().len(), model.enabled);
            prop_assert_eq!(seen(&mut kept), wanted, "after {:?}", step);
        }
    }
}

/// What was staged is so.
fn apply(model: &mut Model, staged: &mut Vec<Step>, capacity: usize) {
    let before = model.enabled;
    for step in staged.drain(..) {
        match step {
            Step::Emit(event, count) => {
                // Whether its record is kept was decided when it happened.
                model.emit(event, count, before == Some(true));
                model.overflow(capacity);
            }
            Step::Subscribe(enabled) => model.enabled = Some(enabled),
            Step::FactoryReset => {
                *model = Model { entries: vec![(Some(1), false)], enabled: None };
            }
            Step::Rewind => *model = Model::default(),
            Step::Acknowledge(_) | Step::Commit | Step::Fail | Step::Kill => {}
        }
    }
}

fn replace(kept: &mut Kept, step: Step) {
    let config = kept.device.config();
    kept.input(|device, mono, effects| {
        if matches!(step, Step::Rewind) {
            let fresh = Device::new(config, device.now(mono));
            device.rewind(fresh, mono, effects);
        } else {
            device.handle_control(Command::FactoryReset, mono, effects).expect("a reset");
        }
    });
}
