//! Same seed, clock and inputs: the same bytes. Another seed, or a factory reset: other identifiers.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use vestibule_core::calls::control::{Command, Network};
use vestibule_core::calls::v3::{Call, Pass};
use vestibule_core::clock::{Now, Speed};
use vestibule_core::delivery::{Delivery, NoAnswer, Outcome};
use vestibule_core::device::{Device, Effect};
use vestibule_core::event::Entry;
use vestibule_core::journal::Capacity;
use vestibule_core::world::{Profile, Traffic};

use crate::support::{
    RECORDS, REPORTS, Rig, START, accepted, config, dest, mono, parsed, sent, wish,
};

const HOUR: u64 = 3_600_000;

/// A device of that seed with an office's day.
fn busy(seed: u64) -> Rig {
    Rig::made(|given| {
        *given = config(seed);
        given.traffic = Traffic { profile: Profile::Office, events_per_minute: 3.0 };
        given.push_to = Some(dest(RECORDS));
        given.report_to = Some(dest(REPORTS).into());
    })
}

/// Answers what is in flight, every seventh badly, and notes what was sent and when.
fn answer(rig: &mut Rig, sent_so_far: &mut Vec<(Duration, Vec<u8>)>) {
    while !rig.attempts.is_empty() {
        for attempt in rig.take_attempts() {
            sent_so_far.push((rig.mono.since_start(), sent(&attempt)));
            let fails = sent_so_far.len().is_multiple_of(7);
            let outcome = if fails { Outcome::NoAnswer(NoAnswer::Broken) } else { accepted() };
            rig.settle(&attempt, &outcome);
        }
    }
}

/// A day with an outage and some wishes; everything that was sent, and the journal's bytes.
fn day(seed: u64) -> Vec<(Duration, Vec<u8>)> {
    let mut rig = busy(seed);
    let mut log = Vec::new();
    for hour in 0..14_u64 {
        let until = mono(5_000 + (hour + 1) * HOUR);
        while let Some(due) = rig.device.next_deadline().filter(|due| *due <= until) {
            rig.mono = due;
            rig.input(Device::handle_timer);
            answer(&mut rig, &mut log);
        }
        rig.mono = until;
        match hour {
            3 => rig.network(Network::Offline),
            4 => rig.network(Network::Online),
            5 => drop(rig.emit(wish("face count=3"))),
            6 => drop(rig.control(Command::Restart)),
            _ => {}
        }
        answer(&mut rig, &mut log);
    }
    for entry in rig.entries() {
        log.push((Duration::ZERO, rig.event(entry.index).to_string().into_bytes()));
    }
    log
}

fn uuids(log: &[(Duration, Vec<u8>)]) -> BTreeSet<String> {
    log.iter()
        .filter_map(|(_, bytes)| Some(parsed(bytes)["data"]["uuid"].as_str()?.to_owned()))
        .collect()
}

#[test]
fn the_same_seed_is_the_same_day_to_the_byte() {
    let (one, other) = (day(7), day(7));
    assert!(one.len() > 2_000, "a day has {} messages", one.len());
    assert!(one == other);
}

#[test]
fn another_seed_is_another_day() {
    let (one, other) = (uuids(&day(7)), uuids(&day(8)));
    assert!(one.len() > 300 && other.len() > 300);
    assert!(one.is_disjoint(&other));
}

/// Some hours of a device's own entries.
fn hours(change: impl FnOnce(&mut vestibule_core::device::Config), late: bool) -> Vec<Entry> {
    let mut speed = 1.0;
    let mut rig = Rig::made(|given| {
        given.traffic = Traffic::default();
        change(given);
        speed = given.speed.times();
    });
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "some hours"
    )]
    let millis = ((4 * HOUR) as f64 / speed) as u64;
    if late {
        rig.mono = mono(5_000 + millis);
        for _ in 0..20 {
            rig.input(Device::handle_timer);
        }
    } else {
        rig.wait(millis);
    }
    rig.entries()
}

#[test]
fn neither_speed_nor_late_wake_ups_change_the_day() {
    let usual = hours(|_| {}, false);
    assert!(usual.len() > 500, "{}", usual.len());
    assert_eq!(hours(|_| {}, true), usual, "stamps are when things were due");
    for times in [60.0, 10_000.0] {
        let fast = hours(|config| config.speed = Speed::new(times).expect("in range"), false);
        assert_eq!(fast, usual, "at {times}");
    }
}

#[test]
fn rewind_begins_the_same_day_again() {
    let mut rig = busy(7);
    rig.faces(5);
    let first = rig.take_attempts();
    let before: Vec<Vec<Value>> =
        rig.entries().iter().map(|entry| rig.records(entry.index)).collect();
    rig.network(Network::Offline);
    rig.wait(HOUR);
    rig.effects.clear();
    let now = Now { mono: rig.mono, wall: START };
    rig.input(|device, mono, effects| {
        device.rewind(Device::new(device.config(), now), mono, effects);
    });
    assert!(matches!(rig.effects[..], [Effect::Cut, Effect::Link(_)]), "{:?}", rig.effects);
    assert!(rig.entries().is_empty());
    assert!(rig.attempts.is_empty());
    rig.faces(5);
    let again: Vec<Vec<Value>> =
        rig.entries().iter().map(|entry| rig.records(entry.index)).collect();
    assert_eq!(again, before, "uuids too");
    for attempt in rig.take_attempts() {
        assert!(first.iter().all(|old| old.id != attempt.id), "no outcome is mistaken");
    }
    for old in first {
        rig.settle(&old, &accepted());
    }
    assert_eq!(rig.device.status(rig.mono).counters.pushed, 0);
}

/// R-V3-02: a rewound device does not know the tokens of before, nor gives them out again.
#[test]
fn no_token_survives_a_rewind() {
    let mut rig = busy(7);
    let before = rig.token();
    let now = Now { mono: rig.mono, wall: START };
    rig.input(|device, mono, effects| {
        device.rewind(Device::new(device.config(), now), mono, effects);
    });
    rig.forget_token();
    let after = rig.token();
    assert_ne!(before, after);
    let info = Ok(Call::EventInfo);
    let view = rig.device.view();
    let answer =
        rig.input(|device, mono, fx| device.handle_v3(&view, info, Pass::Token(&before), mono, fx));
    assert!(answer.is_err(), "{answer:?}");
}

/// With no traffic of its own, nothing that the past began goes on: no door closes, no alarm is cleared.
#[test]
fn a_past_without_traffic_is_over() {
    for seed in 0..12 {
        let mut rig = Rig::made(|config| {
            *config = crate::support::config(seed);
            config.backfill = 500;
            config.traffic = Traffic { events_per_minute: 0.0, ..config.traffic };
        });
        let past = rig.entries().len();
        rig.wait(HOUR);
        assert_eq!(rig.entries().len(), past, "seed {seed}");
        assert_eq!(rig.device.next_deadline(), None, "seed {seed}");
    }
}

/// Every identifier that a device gives out, over its next few events.
fn identifiers(rig: &mut Rig) -> Vec<String> {
    let mut found = vec![rig.token()];
    rig.subscribe();
    let mut emitted = rig.faces(3);
    emitted.extend(rig.emit(wish("pin reason=too-many-pins count=2")));
    emitted.extend(rig.emit(wish("fire")));
    for each in emitted {
        found.extend(each.uuid);
        found.extend(each.trace_id);
    }
    found.extend(
        rig.emit(wish("face person=stranger"))
            .iter()
            .map(|each| rig.event(each.index)["uid"].to_string()),
    );
    for attempt in rig.take_attempts() {
        if let Delivery::Report(reqid) = attempt.delivery {
            found.push(reqid.0);
        }
    }
    found
}

#[test]
fn r_v3_29_after_a_factory_reset_no_identifier_comes_again() {
    let mut rig = busy(7);
    let mut all = Vec::new();
    for _ in 0..4 {
        all.extend(identifiers(&mut rig));
        rig.control(Command::FactoryReset).expect("always");
    }
    let count = all.len();
    assert!(count > 40, "{count}");
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), count);
}

#[test]
fn backfill_is_that_many_events_of_the_past() {
    for (wanted, capacity, events_per_minute) in
        [(0, 100, 6.0), (1, 100, 6.0), (300, 100, 6.0), (300, 300, 0.0), (777, 5_000, 0.5)]
    {
        let mut rig = Rig::made(|config| {
            config.backfill = wanted;
            config.capacity = Capacity::new(capacity).expect("from 1");
            config.traffic.events_per_minute = events_per_minute;
            config.push_to = Some(dest(RECORDS));
            config.report_to = Some(dest(REPORTS).into());
        });
        let status = rig.device.status(rig.mono);
        let kept = wanted.min(capacity.into());
        let bounds = status.bounds.map(|(min, max)| (min.get(), max.get()));
        assert_eq!(bounds, (wanted > 0).then_some((wanted - kept + 1, wanted)));
        assert_eq!((status.backlog, status.counters.pushed), (0, 0));
        rig.input(Device::handle_timer);
        assert!(rig.take_attempts().is_empty(), "neither pushed nor reported");
        let entries = rig.entries();
        assert!(entries.is_sorted_by_key(|entry| entry.at), "ascending");
        assert!(entries.iter().all(|entry| entry.at < START), "all in the past");
        let next = rig.emit(wish("face")).remove(0);
        assert_eq!(next.seqnum.map(vestibule_core::event::Seqnum::get), Some(wanted + 1));
    }
}
