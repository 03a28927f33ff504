//! The faults that no ruling forbids: of the APIs, of deliveries, of the device, of the network.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vestibule_emulator::clock::{Clock, within};

use super::lab::{Lab, SUBSCRIBE, face};
use super::rows;
use crate::platform::Request as Arrived;
use crate::support::bounded;

/// Longer than a hanging device is waited for: what hangs in fact takes a minute.
const A_WHILE: Duration = Duration::from_millis(500);

/// A request on a connection of its own, and all that comes back; an error if it is reset.
async fn raw(lab: &Lab) -> io::Result<Vec<u8>> {
    let address = lab.running.url.strip_prefix("http://").expect("a plain URL");
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {SUBSCRIBE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    bounded("an answer or its end", stream.read_to_end(&mut answer)).await?;
    Ok(answer)
}

/// What a busy machine lets take long once, it does not let take long each time.
const TRIES: usize = 5;

/// Whether something takes at least so long, each time.
async fn is_slow(at_least: Duration, act: impl AsyncFn()) -> bool {
    for _ in 0..TRIES {
        let clock = Clock::default();
        act().await;
        if clock.mono().since_start() < at_least {
            return false;
        }
    }
    true
}

/// Whether a request has no answer for a while, each time.
async fn hangs(lab: &Lab) -> bool {
    for _ in 0..TRIES {
        if within(A_WHILE, raw(lab)).await.is_ok() {
            return false;
        }
    }
    true
}

/// Whether answers take at least so long.
async fn answers_slowly(lab: &Lab, at_least: Duration) -> bool {
    is_slow(at_least, async || drop(raw(lab).await.expect("an answer"))).await
}

/// Whether an answer breaks off, or never begins.
async fn breaks(lab: &Lab) -> bool {
    raw(lab).await.is_ok_and(|answer| !answer.ends_with(b"}")) || raw(lab).await.is_err()
}

/// What arrives of two records that waited.
async fn two_records(lab: &Lab) -> Vec<String> {
    let arrived = lab.pushed(async || {
        lab.network("offline").await;
        lab.emit(&json!({"event": "face", "count": 2})).await;
        lab.network("online").await;
    });
    arrived.await.iter().map(Arrived::uuid).collect()
}

/// The same of `uuid`s as they were emitted.
async fn is_reordered(lab: &Lab) -> bool {
    let arrived = two_records(lab).await;
    let entries = lab.running.entries().await;
    let last = entries.last().expect("it is kept");
    last["v1"][0]["data"]["uuid"] == arrived[0]
}

/// A push's request.
async fn push(lab: &Lab) -> Arrived {
    lab.pushed(async || drop(lab.emit(&face()).await)).await.remove(0)
}

/// A report's request.
async fn report(lab: &Lab) -> Arrived {
    lab.until_reported().await;
    let before = lab.reports.requests().len();
    lab.emit(&face()).await;
    lab.until_reported().await;
    lab.reports.requests().remove(before)
}

fn is_json(request: &Arrived) -> bool {
    serde_json::from_slice::<Value>(&request.body).is_ok()
}

/// Whether the report of an event arrives again.
async fn is_reported_again(lab: &Lab) -> bool {
    let made = lab.emit(&face()).await;
    let is_armed = lab.is_armed().await;
    lab.until_reported().await;
    let count = || count_reports(lab, &made["seqnum"]);
    lab.until("it arrives again, if it does", async || !is_armed || count() > 1).await;
    count() > 1
}

fn count_reports(lab: &Lab, seqnum: &Value) -> usize {
    let is_it = |request: &&Arrived| request.json()["body"]["seqnum"] == *seqnum;
    lab.reports.requests().iter().filter(is_it).count()
}

/// By how many seconds the stamp of a new event is ahead of the device's clock.
async fn ahead(lab: &Lab) -> i64 {
    let clock = lab.running.status().await["clock"].as_str().expect("a time").to_owned();
    let now = clock.parse::<jiff::Timestamp>().expect("a time").as_millisecond();
    let event = lab.event(&face()).await;
    (event["timestamp"].as_i64().expect("a number") - now) / 1000
}

/// Whether a push that happens now fails so.
async fn push_fails(lab: &Lab, outcome: &str) -> bool {
    let path = format!("/devices/{}/deliveries?limit=1000", crate::support::SN);
    let outcomes = async || {
        let answer = lab.running.get(&path).await.json();
        let deliveries = answer["deliveries"].as_array().expect("a list").clone();
        let pushes = deliveries.into_iter().filter(|attempt| attempt["delivery"] == "push");
        pushes.map(|attempt| attempt["outcome"].clone()).collect::<Vec<_>>()
    };
    let before = outcomes().await.len();
    lab.emit(&face()).await;
    lab.until("an attempt ended", async || outcomes().await.len() > before).await;
    outcomes().await[before] == outcome
}

fn quick(config: &mut vestibule_emulator::config::Config) {
    super::lab::quirk(config, "v1.push-timeout", "1s");
}

rows! {
    "api.http-status" with {"status": 500}, lab => {
        lab.event_call(&json!({"action": "event-info"})).await.status == 500
    };
    "api.retcode" with {"retcode": 42}, lab => lab.info().await["retcode"] == 42;
    "api.hang", lab => hangs(lab).await;
    "api.slow-body" with {"bytes": 1, "pause": "20ms"}, lab => {
        answers_slowly(lab, Duration::from_millis(500)).await
    };
    "api.truncated", lab => breaks(lab).await;
    "api.tokens-expired", lab => {
        let token = lab.log_in().await;
        lab.retcode_with(Some(&token)).await == 105
    };
    "push.ack-lost", lab => {
        lab.until_pushed().await;
        let before = lab.pushes.requests().len();
        let made = lab.emit(&face()).await;
        let arrivals = || {
            let requests = lab.pushes.requests().split_off(before);
            requests.iter().filter(|request| request.uuid() == made["uuid"]).count()
        };
        let pushed = async || lab.running.status().await["backlog"] == 0;
        lab.until("it arrives, and again if it does", async || {
            pushed().await || arrivals() > 1
        })
        .await;
        arrivals() > 1
    };
    "push.duplicate" with {"times": 2}, lab => {
        lab.pushed(async || drop(lab.emit(&face()).await)).await.len() == 3
    };
    "push.reordered", lab => is_reordered(lab).await;
    "push.delayed" with {"by": "300ms"}, lab => {
        is_slow(Duration::from_millis(300), async || drop(push(lab).await)).await
    };
    "push.truncated", lab => !is_json(&push(lab).await);
    "push.content-type" with {"type": "text/html"}, lab => {
        push(lab).await.headers["content-type"] == "text/html"
    };
    "push.corrupted", lab => !is_json(&push(lab).await);
    "push.oversized-image" with {"bytes": 1_000_000}, lab => push(lab).await.body.len() > 1_000_000;
    "push.optional-missing", lab => push(lab).await.json()["data"].get("rgb_image").is_none();
    "report.ack-lost", lab => is_reported_again(lab).await;
    "report.duplicate", lab => {
        let made = lab.emit(&face()).await;
        lab.until_reported().await;
        count_reports(lab, &made["seqnum"]) == 2
    };
    "report.reordered", lab => {
        lab.until_reported().await;
        let before = lab.reports.requests().len();
        lab.emit(&json!({"event": "face", "count": 3})).await;
        lab.until_reported().await;
        let requests = lab.reports.requests().split_off(before);
        !requests.iter().map(Arrived::seqnum).is_sorted()
    };
    "report.delayed" with {"by": "300ms"}, lab => {
        is_slow(Duration::from_millis(300), async || drop(report(lab).await)).await
    };
    "report.truncated", lab => !is_json(&report(lab).await);
    "report.content-type" with {"type": "text/html"}, lab => {
        report(lab).await.headers["content-type"] == "text/html"
    };
    "report.corrupted", lab => !is_json(&report(lab).await);
    "report.optional-missing", lab => report(lab).await.json()["body"].get("ip-addr").is_none();
    "device.clock-skew" with {"by": "-2h"}, lab => (-7200..-7100).contains(&ahead(lab).await);
    "device.clock-1970", lab => lab.event(&face()).await["timestamp"].as_i64() < Some(1_000_000_000);
    "device.time-zone", lab => (28_800..28_900).contains(&ahead(lab).await);
    "device.numbering-gap" with {"numbers": 5}, lab => {
        let made = lab.emit(&face()).await["seqnum"].as_u64().expect("a number");
        lab.info().await["body"]["max"] == made + 5
    };
    "device.restart-loop" with {"interval": "100ms"}, lab => {
        let token = lab.log_in().await;
        let struck = lab.struck().await;
        let is_armed = lab.is_armed().await;
        lab.until("a restart, if there are any", async || {
            !is_armed || lab.struck().await > struck
        })
        .await;
        lab.log_in().await;
        lab.retcode_with(Some(&token)).await == 105
    };
    "device.storage-full", lab => {
        let path = format!("/devices/{}/events", crate::support::SN);
        lab.running.post(&path, &face()).await.status == 507
    };
    "net.latency" with {"delay": "400ms", "jitter": "0s", "way": "in"}, lab => {
        answers_slowly(lab, Duration::from_millis(400)).await
    };
    "net.bandwidth" with {"bytes-per-second": 400}, lab => {
        answers_slowly(lab, Duration::from_millis(400)).await
    };
    "net.reset" with {"at": "middle"}, lab => raw(lab).await.is_err();
    "net.reset" with {"at": "before"}, lab => raw(lab).await.is_err();
    "net.reset" with {"at": "after", "way": "out"} on quick, lab => push_fails(lab, "broken").await;
    "net.refused", lab => raw(lab).await.is_err();
    "net.refused" with {"way": "out"}, lab => push_fails(lab, "connect-failed").await;
    "net.refused" with {"way": "in"}, lab => {
        raw(lab).await.is_err() && !push_fails(lab, "connect-failed").await
    };
    "net.black-hole" with {"way": "in"}, lab => hangs(lab).await;
    "net.black-hole" with {"way": "out"} on quick, lab => push_fails(lab, "connect-timeout").await;
    "net.flapping" with {"up": "10ms", "down": "20ms"}, lab => {
        let is_armed = lab.is_armed().await;
        let outage = async || raw(lab).await.is_err();
        lab.until("an outage, if there are any", async || !is_armed || outage().await).await;
        is_armed || outage().await
    };
}
