//! Offline cuts both ways and loses nothing: the v1 records wait, the v3 events can be fetched, and the
//! device comes back on its port (R-V1-07, R-V3-16).

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::time::Duration;

use tokio::net::TcpStream;
use vestibule_core::calls::control::{Command, Flap, Network};

use crate::bench_device::{Bench, Wanted, request};
use crate::platform::{Answer, Platform};

/// A device that pushes to one platform and reports to another.
struct Scene {
    device: Bench,
    pushes: Platform,
    reports: Platform,
}

impl Scene {
    fn start() -> Self {
        let (pushes, reports) = (Platform::start(), Platform::start());
        let device = Wanted::quiet().push_to(pushes.url()).report_to(reports.url()).start();
        Self { device, pushes, reports }
    }

    fn pushed(&self) -> Vec<String> {
        self.pushes.requests().iter().map(|request| request.uuid()).collect()
    }

    fn reported(&self) -> Vec<u64> {
        self.reports.requests().iter().map(|request| request.seqnum()).collect()
    }
}

async fn refuses(device: &Bench) {
    let connected = TcpStream::connect(device.address).await;
    let refused = connected.map(drop).map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::ConnectionRefused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v1_replays_all_and_v3_replays_none() {
    let scene = Scene::start();
    let device = &scene.device;
    let before = device.emit(10);
    device.until_pushed(10).await;
    device.until("all were reported", |status| status.counters.reported == 10).await;
    device.offline().await;
    let missed = device.emit(500);
    assert_eq!(device.status().backlog, 500, "events go on");
    device.online().await;
    device.until_pushed(510).await;
    let after = device.emit(10);
    device.until_pushed(520).await;
    device.until("the new ones were reported", |status| status.counters.reported == 20).await;

    let emitted = || before.iter().chain(&missed).chain(&after);
    let uuids: Vec<String> = emitted().filter_map(|each| each.uuid.clone()).collect();
    assert!(scene.pushed() == uuids, "v1: all of them, in order, once");
    let live = before.iter().chain(&after).filter_map(|each| each.seqnum);
    let live: Vec<u64> = live.map(|seqnum| seqnum.get()).collect();
    assert_eq!(scene.reported(), live, "v3: none of what happened meanwhile");

    let token = device.log_in().await;
    let fetch = format!(
        r#"{{"action":"event-fetch","body":{{"seqnum":{},"limit":{}}}}}"#,
        live[9] + 1,
        live[10] - live[9] - 1
    );
    let answer = device.event_call(&token, &fetch).await;
    let events = answer["body"]["events"].as_array().expect("events");
    let fetched: Vec<_> = events.iter().map(|event| event["seqnum"].as_u64()).collect();
    let gap: Vec<_> = missed.iter().map(|each| each.seqnum.map(|seqnum| seqnum.get())).collect();
    assert_eq!(fetched, gap, "the gap can be fetched by its numbers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offline_refuses_and_resets() {
    let scene = Scene::start();
    let device = &scene.device;
    let mut idle = device.connect().await;
    idle.send(&request("GET", "/v1/event/subscribe", "", "")).await;
    assert_eq!(idle.answer().await.expect("an answer").status, 200);
    let mut silent = device.connect().await;
    let mut halfway = device.connect().await;
    halfway.send(b"POST /api/v3.x/event HTTP/1.1\r\nContent-Length: 100\r\n\r\n{").await;
    for _ in 0..3 {
        device.offline().await;
        refuses(device).await;
        device.online().await;
        let reading = device.ask("GET", "/v1/event/subscribe", "", "").await;
        assert_eq!(reading.status, 200, "on the same port");
    }
    for (what, client) in [("idle", &mut idle), ("silent", &mut silent), ("halfway", &mut halfway)]
    {
        let end = client.end().await.map_err(|error| error.kind());
        assert_eq!(end, Err(ErrorKind::ConnectionReset), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_starts_offline_refuses_from_the_start() {
    let platform = Platform::start();
    let mut wanted = Wanted::quiet().push_to(platform.url());
    wanted.0.offline = true;
    let device = wanted.start();
    refuses(&device).await;
    device.emit(5);
    assert_eq!((device.status().backlog, platform.connections()), (5, 0));
    device.online().await;
    assert_eq!(device.ask("GET", "/v1/event/subscribe", "", "").await.status, 200);
    device.until_pushed(5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_while_offline() {
    let scene = Scene::start();
    let device = &scene.device;
    scene.pushes.answer(Answer::Hold);
    device.emit(3);
    scene.pushes.until_requests(1).await;
    device.offline().await;
    scene.pushes.until_idle().await;
    scene.reports.until_idle().await;
    let (requests, connections) = (scene.pushes.requests().len(), scene.pushes.connections());
    scene.pushes.answer(Answer::Ok);
    device.emit(3);
    let status = device.status();
    assert_eq!(
        (status.backlog, status.counters.pushed),
        (6, 0),
        "what was in flight does not count"
    );
    assert_eq!(scene.pushes.requests().len(), requests);
    assert_eq!(scene.pushes.connections(), connections);
    device.online().await;
    device.until_pushed(6).await;
    let uuids = scene.pushed();
    assert_eq!(uuids.len(), 7, "only the one in flight comes again");
    assert_eq!(uuids[0], uuids[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flapping_delivers_everything_in_the_end() {
    let scene = Scene::start();
    let device = &scene.device;
    let (up, down) = (Duration::from_millis(20), Duration::from_millis(20));
    device.network(Network::Flap(Flap { up, down, times: 5 }));
    assert!(!device.status().online, "it begins with an outage");
    let mut emitted = Vec::new();
    for _ in 0..20 {
        let pushed = device.status().counters.pushed;
        emitted.extend(device.emit_uuids(50));
        device.until("some got through", |status| status.counters.pushed > pushed).await;
    }
    device.until_pushed(1000).await;
    assert_eq!(first_of_each(&scene.pushed()), emitted);
    device.until("it stays online", |status| status.online).await;
    device.handle.settled().await;
    assert_eq!(device.ask("GET", "/v1/event/subscribe", "", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_and_off_under_load_loses_nothing() {
    let scene = Scene::start();
    let device = &scene.device;
    let mut emitted = Vec::new();
    let rounds = 30;
    for round in 0..rounds {
        let pushed = device.status().counters.pushed;
        emitted.extend(device.emit_uuids(40));
        device.until("some got through", |status| status.counters.pushed > pushed).await;
        if round % 2 == 0 {
            device.network(Network::Offline);
            device.network(Network::Online);
        } else {
            device.offline().await;
            device.online().await;
        }
    }
    let status = device.until_pushed(emitted.len()).await;
    assert_eq!(status.counters.pushed, emitted.len() as u64, "each is counted once");
    let pushed = scene.pushed();
    assert!(first_of_each(&pushed) == emitted, "each, in order");
    let again = pushed.len() - emitted.len();
    assert!(again <= rounds, "{again} came again in {rounds} cuts");
}

/// The order in which records first came. One that was in flight at a cut comes again, and the platform may
/// read what is left of the old connection after the new one.
fn first_of_each(uuids: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    uuids.iter().filter(|uuid| seen.insert(uuid.as_str())).cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_resets_connections_and_clears_tokens() {
    let scene = Scene::start();
    let device = &scene.device;
    let token = device.log_in().await;
    let info = r#"{"action":"event-info"}"#;
    assert_eq!(device.event_call(&token, info).await["retcode"], 0);
    let mut client = device.connect().await;
    client.send(&request("GET", "/v1/event/subscribe", "", "")).await;
    assert_eq!(client.answer().await.expect("an answer").status, 200);

    scene.pushes.answer(Answer::Hold);
    device.emit(3);
    scene.pushes.until_requests(1).await;
    device.command(Command::Restart);
    device.handle.settled().await;
    let end = client.end().await.map_err(|error| error.kind());
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
    assert_eq!(device.event_call(&token, info).await["retcode"], 105, "R-V3-29");

    scene.pushes.answer(Answer::Ok);
    device.until_pushed(3).await;
    let uuids = scene.pushed();
    assert_eq!(uuids.len(), 4, "the backlog stays; what was in flight comes again");
    assert_eq!(uuids[0], uuids[1]);
}
