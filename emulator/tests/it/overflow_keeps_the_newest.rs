//! A full backlog loses one record for each new one, and a full journal its oldest event, independently
//! and counted (R-V1-09).

use std::collections::BTreeSet;
use std::time::Duration;

use vestibule_core::calls::control::{Command, Status, TrafficChange};
use vestibule_core::clock::Speed;
use vestibule_core::event::{Index, RecordId};
use vestibule_core::wire::v1::encode_push;

use crate::bench_device::{Bench, Wanted};
use crate::platform::{Answer, Platform};

const CAPACITY: usize = 100;

fn wanted(platform: &Platform) -> Wanted {
    let mut wanted = Wanted::quiet().push_to(platform.url());
    wanted.0.capacity = Some(CAPACITY as u32);
    wanted
}

fn uuids(platform: &Platform) -> Vec<String> {
    platform.requests().iter().map(|request| request.uuid()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_go_by_default() {
    let platform = Platform::start_down();
    let device = wanted(&platform).start();
    let emitted = device.emit_uuids(250);
    let status = device.status();
    assert_eq!((status.backlog, status.counters.dropped), (CAPACITY, 150));
    assert_eq!((status.events, status.counters.evicted), (CAPACITY, 150));
    platform.listen();
    device.until_pushed(CAPACITY).await;
    assert_eq!(uuids(&platform), emitted[150..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_go_where_a_quirk_says_so() {
    let platform = Platform::start_down();
    let device = wanted(&platform).quirk("v1.overflow", "drop-newest").start();
    let emitted = device.emit_uuids(250);
    let status = device.status();
    assert_eq!((status.backlog, status.counters.dropped), (CAPACITY, 150));
    assert_eq!((status.events, status.counters.evicted), (CAPACITY, 150), "the journal is another");
    platform.listen();
    device.until_pushed(CAPACITY).await;
    assert_eq!(uuids(&platform), emitted[..CAPACITY]);
}

/// One is in flight, and given up by the full backlog before its answer comes.
async fn one_given_up() -> (Bench, Platform, Vec<String>) {
    let platform = Platform::start();
    platform.answer(Answer::Hold);
    let device = wanted(&platform).start();
    let mut emitted = device.emit_uuids(1);
    platform.until_requests(1).await;
    emitted.extend(device.emit_uuids(CAPACITY as u32));
    let status = device.status();
    assert_eq!((status.backlog, status.counters.dropped), (CAPACITY, 0), "not known yet");
    (device, platform, emitted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_given_up_in_flight_and_acknowledged_late_is_pushed() {
    let (device, platform, emitted) = one_given_up().await;
    platform.answer(Answer::Ok);
    let status = device.until_pushed(CAPACITY + 1).await;
    assert_eq!((status.counters.pushed, status.counters.dropped), (1 + CAPACITY as u64, 0));
    assert_eq!(uuids(&platform), emitted, "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_given_up_in_flight_and_cut_is_dropped() {
    let (device, platform, emitted) = one_given_up().await;
    device.offline().await;
    assert_eq!(device.status().counters.dropped, 1);
    platform.answer(Answer::Ok);
    device.online().await;
    let status = device.until_pushed(CAPACITY).await;
    assert_eq!((status.counters.pushed, status.counters.dropped), (CAPACITY as u64, 1));
    assert_eq!(uuids(&platform), emitted, "it had arrived: the platform has it, unacknowledged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_given_up_in_flight_and_refused_is_dropped() {
    let (device, platform, emitted) = one_given_up().await;
    platform.script(&[], Answer::Code(500));
    device.until("it is known", |status| status.counters.dropped == 1).await;
    platform.answer(Answer::Ok);
    device.until_pushed(CAPACITY).await;
    let mut uuids = uuids(&platform);
    uuids.dedup();
    assert_eq!(uuids, emitted, "and not tried again");
}

/// The `v1` bodies of every entry that is kept, in order.
fn kept_records(device: &Bench) -> Vec<Vec<u8>> {
    let view = device.handle.view();
    let entries = device.handle.read(|device, _| device.entries(Index::FIRST, usize::MAX));
    let records = entries.iter().flat_map(|entry| {
        let count = entry.fact.records().len() as u8;
        let record = |part| RecordId { index: entry.index, part };
        (0..count).filter_map(|part| encode_push(&view, entry, record(part), 1)).collect::<Vec<_>>()
    });
    records.collect()
}

/// Nobody comes any more, and the scenes that have begun go on so slowly that none of them ends.
async fn hold_still(device: &Bench) {
    let (events_per_minute, speed) = (Some(0.0), Speed::new(Speed::MIN));
    let change = TrafficChange { events_per_minute, speed, ..TrafficChange::default() };
    device.command(Command::SetTraffic(change));
    let next =
        || device.handle.read(|device, mono| device.next_deadline().map(|at| at.since(mono)));
    device
        .until("nothing is due", |_| next().is_none_or(|wait| wait > Duration::from_secs(1)))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_at_the_office_overflows_both_windows_on_their_own() {
    let platform = Platform::start();
    let mut wanted = wanted(&platform);
    wanted.0.offline = true;
    wanted.0.clock = Some("2026-03-02T00:00:00Z".into());
    wanted.0.traffic.profile = Some("office".to_owned());
    wanted.0.traffic.rate_per_minute = Some(20.0);
    wanted.0.traffic.speed = Some(100_000.0);
    let device = wanted.start();
    let much = |status: &Status| status.counters.evicted > 5000 && status.counters.dropped > 1000;
    device.until("a day has gone by", much).await;
    hold_still(&device).await;
    device.emit(1);
    let status = device.status();
    let (oldest, newest) = status.bounds.expect("events");
    assert_eq!(newest.get() - oldest.get() + 1, CAPACITY as u64, "the newest events, adjoining");
    assert_eq!(status.counters.evicted, oldest.get() - 1, "each loss is counted");
    assert_eq!(status.backlog, CAPACITY);
    assert!(status.counters.dropped < status.counters.evicted / 2, "most events have no record");

    let records = kept_records(&device);
    let newest = &records[records.len() - CAPACITY..];
    device.online().await;
    device.until_pushed(CAPACITY).await;
    let pushed: Vec<Vec<u8>> = platform.requests().into_iter().map(|each| each.body).collect();
    assert!(pushed == newest, "exactly the newest records, in order");
    assert_eq!(pushed.iter().collect::<BTreeSet<_>>().len(), CAPACITY, "each once");
}
