//! An expectation waits for what comes from now on, or looks back; when it is not met it says what came
//! instead, and in what it differs.

use serde_json::json;

use crate::support::{Request, Running, SN, bounded, quiet};

#[tokio::test]
async fn what_is_there_already_is_found_from_an_index() {
    let running = Running::quiet();
    running.emit(&json!({"event": "face", "count": 2, "reason": "expired"})).await;
    running.emit(&json!({"event": "card"})).await;
    running.emit(&json!({"event": "alarm", "code": 10002, "status": 1})).await;
    for (expected, indices) in [
        (json!({"event": "face", "count": 2, "from": 0}), vec![1, 2]),
        (json!({"event": "face", "from": 2, "reason": "expired", "state": 2}), vec![2]),
        (json!({"count": 4, "from": 1}), vec![1, 2, 3, 4]),
        (json!({"event": "card", "pass": true, "entry_mode": 3, "from": 1}), vec![3]),
        (json!({"event": "alarm", "code": 10002, "status": 1, "from": 1}), vec![4]),
        (json!({"event": "door", "seqnum": 4, "person": "any", "from": 9}), vec![]),
    ] {
        let mut expected = expected;
        expected["within"] = json!("100ms");
        let reply = running.post(&format!("/devices/{SN}/expect"), &expected).await;
        let found = reply.json()["events"].as_array().cloned().unwrap_or_default();
        let found: Vec<u64> = found.iter().map(|one| one["index"].as_u64().unwrap()).collect();
        assert_eq!(found, indices, "{expected}: {}", reply.text());
        assert_eq!(reply.status, if indices.is_empty() { 417 } else { 200 }, "{expected}");
    }
    running.stop().await;
}

#[tokio::test]
async fn what_comes_later_is_waited_for_even_if_it_is_not_kept() {
    let running = Running::quiet();
    // Nothing is subscribed, so a PIN, which has no v3 form, is kept nowhere.
    let expected = json!({"event": "pin", "count": 3, "within": "20s"});
    let expecting = running.post("/devices/all/expect", &expected);
    let emitting = async {
        loop {
            running.emit(&json!({"event": "pin"})).await;
        }
    };
    let reply = tokio::select! {
        reply = expecting => reply,
        () = emitting => unreachable!("it never ends"),
    };
    assert_eq!(reply.status, 200);
    let line = &reply.json()["devices"][0];
    assert_eq!(line["ok"], true, "{line}");
    let events = line["events"].as_array().expect("events");
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event["kind"] == "pin" && event["seqnum"].is_null()));
    running.stop().await;
}

#[tokio::test]
async fn near_misses_are_named_with_what_differs() {
    let running = Running::quiet();
    running.emit(&json!({"event": "face", "reason": "expired"})).await;
    running.emit(&json!({"event": "door"})).await;
    let expected = json!({"event": "face", "state": 4, "pass": true, "from": 1, "within": "50ms"});
    let reply = running.post(&format!("/devices/{SN}/expect"), &expected).await;
    assert_eq!(reply.status, 417);
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    let problem = reply.json();
    let nearest = &problem["near_misses"][0];
    assert_eq!((&nearest["index"], &nearest["kind"]), (&json!(1), &json!("face")));
    let differs = json!({
        "state": {"expected": 4, "found": 2},
        "pass": {"expected": true, "found": false},
    });
    assert_eq!(nearest["differs"], differs);
    let other = &problem["near_misses"][1]["differs"];
    assert_eq!(other["event"], json!({"expected": "face", "found": "door"}));
    running.stop().await;
}

#[tokio::test]
async fn what_cannot_be_expected_is_refused() {
    let running = Running::quiet();
    for (body, status) in [
        (json!({"event": "nap"}), 422),
        (json!({"event": "face", "within": "soon"}), 422),
        (json!({"event": "face", "within": "11m"}), 422),
        (json!({"event": "face", "count": 0}), 422),
        (json!({"event": "face", "colour": "red"}), 400),
    ] {
        let reply = running.post(&format!("/devices/{SN}/expect"), &body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
    }
    running.stop().await;
}

#[tokio::test]
async fn a_stop_ends_the_waiting_at_once() {
    let mut config = quiet();
    config.offline = true;
    let running = Running::start(&config);
    let expected = json!({"event": "face", "within": "10m"});
    let path = format!("/devices/{SN}/expect");
    let waiting = Request::post(&running.control, &path, &expected).send();
    let waiting = tokio::spawn(waiting);
    // Tasks take turns here, so by the fifth answer the first request has been read.
    for _ in 0..5 {
        running.status().await;
    }
    running.stop().await;
    let reply = bounded("the answer", waiting).await.expect("it is answered, not cut off");
    assert_eq!(reply.status, 503, "{}", reply.text());
}
