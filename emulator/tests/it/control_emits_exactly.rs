//! Emitting makes exactly what was asked for and nothing that would follow; both platforms see exactly what
//! the control API shows.

use serde_json::{Value, json};

use crate::support::{Platform, Running, SN, quiet};

#[tokio::test]
async fn as_many_as_asked_for_and_nothing_else() {
    let running = Running::quiet();
    for event in [
        json!({"event": "face", "count": 3, "person": "any"}),
        json!({"event": "card", "count": 2}),
        json!({"event": "qrcode"}),
        json!({"event": "visitor"}),
        json!({"event": "therm", "therm": 36.5}),
        json!({"event": "door", "state": 1}),
        json!({"event": "remote"}),
        json!({"event": "push"}),
        json!({"event": "fire"}),
        json!({"event": "disa"}),
        json!({"event": "face", "person": "stranger", "at": "2026-03-02T09:30:00.250+08:00"}),
    ] {
        let before = running.status().await["next_index"].as_u64().expect("an index");
        let made = running.emit(&event).await;
        let count = event["count"].as_u64().unwrap_or(1);
        assert_eq!(made.len() as u64, count, "{event}");
        let after = running.status().await["next_index"].as_u64().expect("an index");
        assert_eq!(after, before + count, "{event}");
        for (one, index) in made.iter().zip(before..) {
            assert_eq!(one["index"], index, "{event}");
            let page = running.get(&format!("/devices/{SN}/events?from={index}&limit=1")).await;
            let entry = &page.json()["events"][0];
            assert_eq!(entry["seqnum"], one["seqnum"], "{event}");
            assert_eq!(entry["kind"], event["event"], "{event}");
            assert_eq!(entry["v3"]["event"], event["event"], "{event}");
            if !one["uuid"].is_null() {
                assert_eq!(entry["v1"][0]["data"]["uuid"], one["uuid"], "{event}");
            }
            if let Some(at) = event.get("at") {
                assert_eq!(&entry["at"], at);
                assert_eq!(entry["v3"]["timestamp"], 1_772_415_000_250_u64);
            }
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn the_platforms_see_what_is_shown() {
    let platform = Platform::start([]).await;
    let mut config = quiet();
    config.push.to = Some(platform.url.clone());
    config.report.to = Some(platform.url.replace("Record", "report"));
    let running = Running::start(&config);
    running.emit(&json!({"event": "face", "count": 2})).await;
    running.emit(&json!({"event": "pin", "reason": "too-many-pins"})).await;
    running.emit(&json!({"event": "fire"})).await;
    let shown = running.entries().await;

    // Two faces, a PIN refused and its alarm, a fire alarm: five records; and three events.
    let messages = platform.messages(8).await;
    assert!(messages.iter().all(|message| message.body.starts_with(b"{")));
    let pushes = messages.iter().filter(|message| message.headers.contains_key("sn"));
    assert_eq!(pushes.count(), 5);
    let bodies: Vec<Value> = messages.iter().map(|message| message.json()).collect();
    let pushed = bodies.iter().filter(|body| body.get("type").is_some());
    let records: Vec<Value> =
        shown.iter().flat_map(|entry| entry["v1"].as_array().expect("records").clone()).collect();
    // What is acknowledged and has no v3 form is not kept, and may be gone from what is shown.
    let pushed: Vec<Value> = pushed.cloned().collect();
    assert_eq!(pushed.len(), 5);
    assert!(records.iter().all(|record| pushed.contains(record)));

    let events: Vec<&Value> = shown.iter().map(|entry| &entry["v3"]).collect();
    let fetched = running.v3("event-fetch", json!({"offset": 0, "limit": 100})).await;
    let fetched: Vec<&Value> = fetched["events"].as_array().expect("events").iter().collect();
    assert_eq!(fetched.len(), 3);
    assert!(fetched.iter().all(|event| events.contains(event)));
    let reported = bodies.iter().filter(|body| body["action"] == "event-report");
    let reported: Vec<&Value> = reported.map(|body| &body["body"]).collect();
    assert_eq!(reported, fetched);

    let status =
        running.status_when(|status| status["pushed"] == 5 && status["reported"] == 3).await;
    assert_eq!(status["backlog"], 0);
    let log = running.get(&format!("/devices/{SN}/deliveries")).await.json();
    let log = log["deliveries"].as_array().expect("a list").clone();
    assert_eq!(log.len(), 8);
    let acknowledged = log.iter().filter(|attempt| attempt["outcome"] == "acknowledged");
    assert_eq!(acknowledged.count(), 5);
    assert!(log.iter().all(|attempt| attempt["status"] == 200 && attempt["attempt"] == 1));
    running.stop().await;
}

#[tokio::test]
async fn what_the_tables_lack_changes_nothing() {
    let running = Running::quiet();
    for (wish, status, says) in [
        (json!({"event": "nap"}), 422, "face, card"),
        (json!({"event": "reset"}), 422, "reset"),
        (json!({"event": "face", "count": 0}), 422, "1 to 100000"),
        (json!({"event": "face", "count": 100_001}), 422, "1 to 100000"),
        (json!({"event": "face", "reason": "tired"}), 422, "accepted"),
        (json!({"event": "face", "state": 9}), 422, "state 9"),
        (json!({"event": "face", "person": "99"}), 422, "99"),
        (json!({"event": "therm", "therm": 70.0}), 422, "70"),
        (json!({"event": "door", "card": "0xffae0846"}), 422, "door"),
        (json!({"event": "alarm"}), 422, "code"),
        (json!({"event": "face", "at": "yesterday"}), 422, "RFC 3339"),
        (json!({"event": "face", "at": "2026-03-02T08:00:00"}), 422, "RFC 3339"),
        (json!({"event": "face", "at": "2026-02-30T08:00:00Z"}), 422, "RFC 3339"),
        (json!({"event": "face", "at": ""}), 422, "RFC 3339"),
        (json!({"event": "face", "at": -1}), 422, "1970 to 9999-12-30"),
        (json!({"event": "face", "at": "-1"}), 422, "-1 is outside 1970"),
        (json!({"event": "face", "at": "99999999999999999999"}), 422, "9 is outside 1970"),
        (json!({"event": "face", "at": "1969-12-31T23:59:59Z"}), 422, "59Z is outside 1970"),
        (json!({"event": "face", "at": "9999-12-31T23:59:59Z"}), 422, "59Z is outside 1970"),
        (json!({"event": "face", "person": []}), 400, "person"),
        (json!({"event": "face", "cuont": 3}), 400, "unknown field `cuont`"),
        (json!({"evnt": "face"}), 400, "expected one of `event`, `count`"),
        (json!({}), 400, "missing field `event`"),
    ] {
        let reply = running.post(&format!("/devices/{SN}/events"), &wish).await;
        assert_eq!(reply.status, status, "{wish}: {}", reply.text());
        let detail = reply.json()["detail"].as_str().expect("a detail").to_owned();
        assert!(detail.contains(says), "{wish}: {detail}");
    }
    assert_eq!(running.status().await["next_index"], 1);
    // For all devices each says itself that it could not.
    let reply = running.post("/devices/all/events", &json!({"event": "face", "state": 9})).await;
    assert_eq!(reply.status, 200);
    let line = &reply.json()["devices"][0];
    assert_eq!((&line["sn"], &line["ok"]), (&json!(SN), &json!(false)));
    assert!(line["error"].as_str().expect("an error").contains("state 9"));
    running.stop().await;
}

#[tokio::test]
async fn a_hundred_thousand_are_made_and_the_newest_kept() {
    let mut config = quiet();
    config.capacity = Some(1000);
    let running = Running::start(&config);
    let made = running.emit(&json!({"event": "face", "count": 100_000})).await;
    assert_eq!(made.len(), 100_000);
    let status = running.status().await;
    let journal = json!({"min": 99_001, "max": 100_000, "len": 1000, "capacity": 1000});
    assert_eq!(status["journal"], journal);
    assert_eq!(status["evicted"], 99_000);
    running.stop().await;
}

#[tokio::test]
async fn an_episode_plays_the_whole_scene() {
    let mut config = quiet();
    config.traffic.speed = Some(1000.0);
    let running = Running::start(&config);
    running.tell("events", &json!({"event": "face", "person": "any", "episode": true})).await;
    let done = |status: &Value| status["next_index"].as_u64() >= Some(4);
    running.status_when(done).await;
    let kinds: Vec<Value> =
        running.entries().await.iter().map(|entry| entry["kind"].clone()).collect();
    for kind in ["face", "door"] {
        assert!(kinds.contains(&json!(kind)), "{kinds:?}");
    }
    running.stop().await;
}
