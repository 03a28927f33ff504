//! Reports go in order, one at a time, once, and only while online (R-V3-16, R-V3-17, R-V3-31).

use std::collections::BTreeSet;

use crate::bench_device::{Bench, Wanted};
use crate::platform::{Answer, Platform};

fn start() -> (Platform, Bench) {
    let platform = Platform::start();
    let device = Wanted::quiet().report_to(platform.url()).start();
    (platform, device)
}

fn seqnums(platform: &Platform) -> Vec<u64> {
    platform.requests().iter().map(|request| request.seqnum()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_order_with_a_reqid_of_their_own() {
    let (platform, device) = start();
    let emitted = device.emit_seqnums(1000);
    device.until("all were reported", |status| status.counters.reported == 1000).await;
    assert!(seqnums(&platform) == emitted);
    assert_eq!(platform.connections(), 1, "one in flight, on one connection");
    let reqid = |request: &crate::platform::Request| {
        let json = request.json();
        assert_eq!(json["action"], "event-report");
        json["header"]["reqid"].as_str().expect("a string").to_owned()
    };
    let reqids: BTreeSet<String> = platform.requests().iter().map(reqid).collect();
    assert_eq!(reqids.len(), 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_answer_will_do() {
    let (platform, device) = start();
    let answers = [Answer::Code(500), Answer::Http(500), Answer::Empty, Answer::Redirect];
    platform.script(&answers, Answer::Ok);
    let emitted = device.emit_seqnums(5);
    device.until("all were reported", |status| status.counters.reported == 5).await;
    assert_eq!(seqnums(&platform), emitted, "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_is_not_tried_again() {
    for answer in [Answer::ResetBefore, Answer::ResetInHead, Answer::ResetInBody, Answer::Garbage] {
        let (platform, device) = start();
        platform.script(&[Answer::Ok, answer, answer], Answer::Ok);
        let emitted = device.emit_seqnums(20);
        device.until("the others were reported", |status| status.counters.reported == 18).await;
        assert_eq!(seqnums(&platform), emitted, "{answer:?}: each once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_in_flight_until_its_time_is_up() {
    let platform = Platform::start();
    let wanted = Wanted::quiet().report_to(platform.url()).quirk("v3.report-timeout", "700ms");
    let device = wanted.start();
    platform.script(&[Answer::Hang], Answer::Ok);
    let began = device.clock.mono();
    let emitted = device.emit_seqnums(3);
    platform.until_requests(1).await;
    platform.until_requests(2).await;
    let waited = device.clock.mono().since(began);
    assert!(waited.as_millis() >= 700, "R-V3-17: {waited:?}");
    device.until("the others were reported", |status| status.counters.reported == 2).await;
    assert_eq!(seqnums(&platform), emitted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_offline_empties_the_queue() {
    let (platform, device) = start();
    platform.answer(Answer::Hold);
    let emitted = device.emit_seqnums(10);
    platform.until_requests(1).await;
    device.offline().await;
    device.emit(10);
    platform.answer(Answer::Ok);
    device.online().await;
    let late = device.emit_seqnums(1);
    device.until("the new one was reported", |status| status.counters.reported == 1).await;
    assert_eq!(seqnums(&platform), [emitted[0], late[0]]);
    assert_eq!(device.status().counters.reports_dropped, 9, "what was queued is counted");
}
