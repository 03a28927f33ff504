//! The live feed shows what happens as it happens, tells a slow watcher what it missed, and ends with the
//! emulator.

use serde_json::json;

use crate::support::{Request, Running, SN};

#[tokio::test]
async fn a_watcher_sees_each_event_once_and_in_order() {
    let running = Running::quiet();
    let mut all = Request::get(&running.control, "/events").stream().await;
    let mut one = Request::get(&running.control, &format!("/events?sn={SN}")).stream().await;
    running.emit(&json!({"event": "face", "count": 3})).await;
    running.emit(&json!({"event": "pin"})).await;
    for stream in [&mut all, &mut one] {
        for index in 1..=4 {
            let message = stream.message().await;
            assert_eq!((&message["sn"], &message["index"]), (&json!(SN), &json!(index)));
        }
    }
    let kept = running.entries().await;
    running.emit(&json!({"event": "card"})).await;
    let message = all.message().await;
    assert_eq!(message["kind"], "card");
    assert_eq!(kept[0]["v3"]["seqnum"], 1);
    let unknown = running.get("/events?sn=XYZ").await;
    assert_eq!(unknown.status, 404);
    running.stop().await;
}

#[tokio::test]
async fn who_falls_behind_is_told_what_was_missed() {
    let running = Running::quiet();
    let mut stream = Request::get(&running.control, "/events").stream().await;
    stream.next(": watching").await.expect("it begins");
    let made: u64 = 10_000;
    running.emit(&json!({"event": "door", "count": made})).await;
    stream.next("event: missed").await.expect("it says so");
    let missed = stream.message().await["missed"].as_u64().expect("a number");
    assert!(missed > 0 && missed < made, "{missed}");
    let first = stream.message().await["index"].as_u64().expect("an index");
    assert_eq!(first, missed + 1, "it goes on after what was missed");
    running.stop().await;
}

#[tokio::test]
async fn a_stop_ends_the_streams() {
    let running = Running::quiet();
    let mut stream = Request::get(&running.control, "/events").stream().await;
    stream.next(": watching").await.expect("it begins");
    running.stop().await;
    assert_eq!(stream.next("data:").await, None);
}
