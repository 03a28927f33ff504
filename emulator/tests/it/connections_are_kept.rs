//! One connection carries many deliveries, and what happens to it between them costs nothing: no failed
//! attempt, no wait, no report twice.

use std::time::Duration;

use vestibule_core::calls::control::Network;
use vestibule_emulator::uplink::Logged;

use crate::bench_device::{Bench, Wanted};
use crate::platform::{Answer, Platform};

/// A wait that a test would notice: nothing here may have to sit it out.
const NEVER: &str = "1h";

fn impatient(platform: &Platform) -> Wanted {
    let wanted = Wanted::quiet().push_to(platform.url());
    wanted.quirk("v1.retry-first", NEVER).quirk("v1.retry-max", NEVER)
}

fn failures(device: &Bench) -> Vec<Logged> {
    let good = |logged: &Logged| matches!(logged.outcome, "acknowledged" | "answered");
    device.attempts().into_iter().filter(|logged| !good(logged)).collect()
}

fn assert_none_failed(device: &Bench) {
    let failures = failures(device);
    assert!(failures.is_empty(), "{failures:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_pushes_take_one_connection() {
    let platform = Platform::start();
    let device = impatient(&platform).start();
    for _ in 0..20 {
        let pushed = device.status().counters.pushed;
        device.emit(50);
        device.until("more was pushed", |status| status.counters.pushed > pushed).await;
    }
    device.until_pushed(1000).await;
    assert_eq!(platform.connections(), 1);
    assert_none_failed(&device);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_the_platform_closes_is_replaced_within_the_attempt() {
    for answer in [Answer::OkAndClose, Answer::OkThenSilentClose] {
        let platform = Platform::start();
        platform.answer(answer);
        let device = impatient(&platform).start();
        device.emit(300);
        device.until_pushed(300).await;
        assert_none_failed(&device);
        assert_eq!(platform.requests().len(), 300, "{answer:?}: none is sent twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_closed_while_idle_is_replaced_within_the_attempt() {
    let platform = Platform::start();
    let device = impatient(&platform).start();
    for round in 1..=20 {
        device.emit(1);
        device.until_pushed(round).await;
        platform.shut().await;
        platform.listen();
    }
    assert_eq!(platform.requests().len(), 20);
    assert_none_failed(&device);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_survive_answers_that_close_the_connection() {
    let platform = Platform::start();
    platform.answer(Answer::OkAndClose);
    let device = Wanted::quiet().report_to(platform.url()).start();
    let emitted = device.emit_seqnums(300);
    device.until("all were reported", |status| status.counters.reported == 300).await;
    let reported: Vec<_> = platform.requests().iter().map(|request| request.seqnum()).collect();
    assert_eq!(reported, emitted, "each once, in order");
    assert_none_failed(&device);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_is_let_go_after_two_seconds() {
    let platform = Platform::start();
    let device = impatient(&platform).start();
    device.emit(1);
    device.until_pushed(1).await;
    let used = device.clock.mono();
    platform.until_idle().await;
    let idle = device.clock.mono().since(used);
    assert!(idle > Duration::from_millis(1500), "{idle:?}");
    device.emit(1);
    device.until_pushed(2).await;
    assert_eq!(platform.connections(), 2);
    assert_none_failed(&device);
}

/// The first attempt fails; without what follows, the next would be an hour away.
async fn backing_off(platform: &Platform) -> Bench {
    platform.script(&[Answer::Code(500)], Answer::Ok);
    let device = impatient(platform).start();
    device.emit(1);
    device.until_attempts(1, |logged| logged.outcome == "refused").await;
    device
}

async fn subscribe(device: &Bench, url: &str, enabled: bool) {
    let body = format!(r#"{{"event_dest":"{url}","enabled":{enabled}}}"#);
    let reading = device.ask("POST", "/v1/event/subscribe", "", &body).await;
    assert_eq!(reading.status, 200, "{reading:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_subscription_ends_the_wait() {
    let (old, new) = (Platform::start(), Platform::start());
    let device = backing_off(&old).await;
    subscribe(&device, &new.url(), true).await;
    device.until_pushed(1).await;
    assert_eq!((old.requests().len(), new.requests().len()), (1, 1), "R-V1-15");
    assert_eq!(old.requests()[0].body, new.requests()[0].body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enabling_ends_the_wait() {
    let platform = Platform::start();
    let device = backing_off(&platform).await;
    subscribe(&device, &platform.url(), false).await;
    device.emit(1);
    assert_eq!(device.status().backlog, 1, "R-V1-04: nothing new is cached while disabled");
    subscribe(&device, &platform.url(), true).await;
    device.until_pushed(1).await;
    assert_eq!(platform.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_online_ends_the_wait() {
    let platform = Platform::start();
    let device = backing_off(&platform).await;
    device.offline().await;
    device.network(Network::Online);
    device.until_pushed(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rate_of_replay_is_kept() {
    let platform = Platform::start();
    let device = impatient(&platform).quirk("v1.replay-rate", "100").start();
    let began = device.clock.mono();
    device.emit(51);
    device.until_pushed(51).await;
    let took = device.clock.mono().since(began);
    assert!(took >= Duration::from_millis(500), "50 waits of 10 ms: {took:?}");
    assert_none_failed(&device);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_of_four_has_four_in_flight() {
    let platform = Platform::start();
    platform.answer(Answer::Hold);
    let device = impatient(&platform).quirk("v1.window", "4").start();
    device.emit(100);
    platform.until_requests(4).await;
    assert_eq!(device.status().backlog, 100);
    platform.answer(Answer::Ok);
    device.until_pushed(100).await;
    assert_eq!(platform.requests().len(), 100);
    assert!(platform.connections() <= 4, "{}", platform.connections());
    assert_none_failed(&device);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_not_followed() {
    let platform = Platform::start();
    platform.script(&[Answer::Redirect], Answer::Ok);
    let device = Wanted::quiet().push_to(platform.url()).start();
    device.emit(1);
    device.until_pushed(1).await;
    let paths: Vec<_> = platform.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/Record", "/Record"], "R-V1-18");
    assert_eq!(failures(&device).len(), 1, "and it acknowledges nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_most_64_kib_of_an_answer_are_read() {
    let platform = Platform::start();
    let too_large = 65 * 1024;
    platform.script(&[Answer::Padded(too_large), Answer::Endless], Answer::Padded(60_000));
    let device = Wanted::quiet().push_to(platform.url()).start();
    device.emit(1);
    device.until_pushed(1).await;
    let outcomes: Vec<_> = device.attempts().into_iter().map(|logged| logged.outcome).collect();
    assert_eq!(outcomes, ["refused", "refused", "acknowledged"]);
    assert_eq!(platform.connections(), 3, "what was not read to its end is not used again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_answer_is_no_acknowledgement() {
    let platform = Platform::start();
    platform.script(&[Answer::Empty, Answer::Http(204)], Answer::Ok);
    let device = Wanted::quiet().push_to(platform.url()).start();
    device.emit(1);
    device.until_pushed(1).await;
    assert_eq!(platform.requests().len(), 3);
    assert_eq!(platform.connections(), 1, "an answer without a body ends no connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_the_push_in_flight_end() {
    let platform = Platform::start();
    platform.answer(Answer::Hold);
    let device = impatient(&platform).start();
    device.emit(2);
    platform.until_requests(1).await;
    let handle = device.handle;
    let stop = tokio::spawn(device.emulator.stop());
    // The port is closed first; the answer comes after that.
    while tokio::net::TcpStream::connect(device.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    platform.answer(Answer::Ok);
    stop.await.expect("the stop ends");
    let status = handle.read(|device, mono| device.status(mono));
    assert_eq!((status.counters.pushed, status.backlog), (1, 1), "and no other begins");
    assert_eq!(platform.requests().len(), 1);
}
