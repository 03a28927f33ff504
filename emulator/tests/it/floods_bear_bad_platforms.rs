//! A platform that slows, stalls, resets or dies does not end a flood: it goes on, nothing is sent or counted
//! twice, and the report tells it.

use std::collections::BTreeSet;
use std::time::Duration;

use vestibule_core::dest::EventDest;
use vestibule_core::flood::{Api, Length, Pace, Schedule, Shape, Shard};
use vestibule_emulator::clock::{Clock, within};
use vestibule_emulator::flood::report::{Document, Subject};
use vestibule_emulator::flood::{Ending, Finished, Flood, Kind, Settings, StartError};

use crate::bench_device::PATIENCE;
use crate::platform::{Answer, Certificate, Platform, TlsVersions};

/// So many records by so many devices, in that shape, at 500 a second.
fn settings(platform: &Platform, shape: Shape, records: u64, devices: u32) -> Settings {
    let (pace, length) = (Pace::Open { rate: 500.0 }, Length::Records(records));
    let every = Duration::from_millis(100);
    Settings {
        to: EventDest::parse(&platform.url()).expect("an address"),
        ca: None,
        api: Api::V1,
        images: None,
        seed: 7,
        schedule: Schedule::new(shape, pace, length, devices, every).expect("a flood"),
        duration: None,
        shard: Shard::WHOLE,
        start_at: None,
        drain: PATIENCE,
    }
}

async fn prepared(settings: Settings) -> Flood {
    Flood::prepare(settings, Clock::default()).await.expect("the platform is there")
}

/// Runs it to its end, which must come.
async fn ended(flood: Flood) -> Finished {
    let ended = within(PATIENCE * 2, flood.run()).await;
    ended.expect("it ends").expect("it begins")
}

/// Looks again until it is so.
async fn until(is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    within(PATIENCE, looking).await.expect("it comes to that");
}

/// Every record came at most once; how many came.
fn distinct(platform: &Platform) -> u64 {
    let requests = platform.requests();
    let bodies: BTreeSet<&[u8]> = requests.iter().map(|request| &*request.body).collect();
    assert_eq!(bodies.len(), requests.len(), "no record is sent twice");
    requests.len() as u64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_to_fail_has_its_name() {
    for (answer, kind) in [
        (Answer::Http(503), Kind::Http(503)),
        (Answer::Redirect, Kind::Http(307)),
        (Answer::Code(500), Kind::Code(500)),
        (Answer::Empty, Kind::NoCode),
        (Answer::Garbage, Kind::NotHttp),
        (Answer::ResetBefore, Kind::Reset),
        (Answer::ResetInBody, Kind::Reset),
    ] {
        let platform = Platform::start();
        platform.answer(answer);
        let finished = ended(prepared(settings(&platform, Shape::Steady, 12, 3)).await).await;
        assert_eq!(finished.totals.errors, [(kind, 12)].into(), "{answer:?}");
        assert_eq!((finished.totals.sent, finished.totals.failed), (12, 12), "{answer:?}");
        assert_eq!((finished.ending, distinct(&platform)), (Ending::Complete, 12), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_kept_connection_lost_is_not_sent_again() {
    let platform = Platform::start();
    platform.script(&[Answer::Ok; 3], Answer::ResetBefore);
    let finished = ended(prepared(settings(&platform, Shape::Storm, 12, 1)).await).await;
    assert_eq!(finished.totals.errors, [(Kind::Reset, 9)].into());
    assert_eq!((finished.totals.acknowledged, distinct(&platform)), (3, 12));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_closes_after_each_answer_costs_no_record() {
    let platform = Platform::start();
    platform.answer(Answer::OkAndClose);
    let finished = ended(prepared(settings(&platform, Shape::Storm, 40, 4)).await).await;
    assert_eq!((finished.totals.acknowledged, finished.totals.failed), (40, 0));
    assert_eq!(distinct(&platform), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_kept_while_they_are_used() {
    let platform = Platform::start();
    let finished = ended(prepared(settings(&platform, Shape::Storm, 400, 8)).await).await;
    assert_eq!(finished.totals.acknowledged, 400);
    // One more: whether anybody was there was tried first.
    assert_eq!(platform.connections(), 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_stalled_platform_is_counted_from_when_it_was_due() {
    let platform = Platform::start();
    platform.answer(Answer::Hold);
    let flood = prepared(settings(&platform, Shape::Storm, 60, 6)).await;
    let flooding = tokio::spawn(ended(flood));
    platform.until_requests(6).await;
    let (clock, begun) = (Clock::default(), Clock::default().mono());
    until(|| clock.mono().since(begun) > Duration::from_millis(200)).await;
    platform.answer(Answer::Ok);
    let finished = flooding.await.expect("it ends");
    assert_eq!((finished.totals.acknowledged, distinct(&platform)), (60, 60));
    let told = finished.latencies.percentiles().expect("there are some");
    // Ten records a device waited for the one in front, which alone was in flight.
    assert!(told.p50 >= 200.0, "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_dies_and_comes_back_is_told_second_by_second() {
    let platform = Platform::start();
    let settings = settings(&platform, Shape::Steady, 600, 5);
    let subject = Subject::new(&settings);
    let flood = prepared(settings).await;
    let handle = flood.handle();
    let flooding = tokio::spawn(ended(flood));
    platform.until_requests(40).await;
    platform.shut().await;
    until(|| handle.totals().errors.contains_key(&Kind::Refused)).await;
    platform.listen();
    let finished = flooding.await.expect("it ends");
    let totals = &finished.totals;
    assert_eq!((finished.ending, totals.sent, totals.in_flight()), (Ending::Complete, 600, 0));
    assert_eq!(totals.acknowledged + totals.failed, 600);
    let known = [Kind::Refused, Kind::Reset, Kind::Closed];
    assert!(totals.errors.keys().all(|kind| known.contains(kind)), "{:?}", totals.errors);
    assert!((totals.acknowledged..=600).contains(&distinct(&platform)));

    let document = Document::new(&subject, &finished);
    let sum = |count: fn(&vestibule_emulator::flood::report::Row) -> u64| -> u64 {
        document.seconds.iter().map(count).sum()
    };
    assert_eq!((sum(|row| row.due), sum(|row| row.sent)), (600, 600));
    assert_eq!(sum(|row| row.acknowledged), totals.acknowledged);
    assert_eq!(sum(|row| row.errors.values().sum()), totals.failed);
    let last = document.seconds.last().expect("there are rows");
    assert_eq!((last.in_flight, last.backlog, document.unsent), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_stays_away_is_given_up_and_what_is_left_is_told() {
    let platform = Platform::start();
    let mut settings = settings(&platform, Shape::Storm, 100_000, 3);
    settings.drain = Duration::from_millis(300);
    let subject = Subject::new(&settings);
    let flood = prepared(settings).await;
    let flooding = tokio::spawn(ended(flood));
    platform.until_requests(20).await;
    platform.shut().await;
    let finished = flooding.await.expect("it ends");
    let document = Document::new(&subject, &finished);
    assert_eq!(finished.ending, Ending::CutOff);
    assert_eq!(document.sent, document.acknowledged + document.failed + document.in_flight);
    assert_eq!(document.sent + document.unsent, 100_000);
    assert!(document.failed > 0 && document.unsent > 0, "{document:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_flood_waits_for_what_is_in_flight() {
    let platform = Platform::start();
    platform.answer(Answer::Hold);
    let flood = prepared(settings(&platform, Shape::Storm, 60, 6)).await;
    let handle = flood.handle();
    let flooding = tokio::spawn(ended(flood));
    platform.until_requests(6).await;
    handle.stop();
    platform.answer(Answer::Ok);
    let finished = flooding.await.expect("it ends");
    assert_eq!(finished.ending, Ending::Interrupted);
    let totals = &finished.totals;
    assert_eq!(totals.sent, totals.acknowledged + totals.failed + totals.in_flight());
    assert!(totals.sent >= 6 && totals.sent < 60, "{totals:?}");
    assert_eq!(distinct(&platform), totals.sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_does_not_wait_at_all() {
    let platform = Platform::start();
    platform.answer(Answer::Hang);
    let flood = prepared(settings(&platform, Shape::Storm, 60, 6)).await;
    let handle = flood.handle();
    let flooding = tokio::spawn(ended(flood));
    platform.until_requests(6).await;
    handle.stop();
    handle.give_up();
    let finished = flooding.await.expect("it ends");
    assert_eq!((finished.totals.sent, finished.totals.in_flight()), (6, 6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_the_certificate_is_verified() {
    let certificate = Certificate::new();
    let platform = Platform::start_tls(&certificate, TlsVersions::Both);
    let strangers = Flood::prepare(settings(&platform, Shape::Storm, 40, 4), Clock::default());
    assert!(matches!(strangers.await, Err(StartError::Connect(_))));
    let mut settings = settings(&platform, Shape::Storm, 40, 4);
    settings.ca = Some(certificate.path().to_owned());
    let finished = ended(prepared(settings).await).await;
    assert_eq!((finished.totals.acknowledged, distinct(&platform)), (40, 40));
}
