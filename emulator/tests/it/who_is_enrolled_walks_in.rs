//! Who is enrolled over the API walks in, in both APIs' words, and by themselves; who is removed is a stranger
//! from then on (R-V3-37).

use serde_json::{Value, json};

use crate::support::session::Session;
use crate::support::{Platform, Running, SN, quiet};

const ANN: &str = "777001";

/// The newest event of the log.
async fn newest(session: &Session) -> Value {
    let log = session.ask("event-fetch", &json!({"limit": 1000})).await;
    log["body"]["events"].as_array().expect("events").last().expect("an event").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v3_37_from_enrolled_to_stranger() {
    let platform = Platform::start([]).await;
    let mut config = quiet();
    config.push.to = Some(platform.url.clone());
    let running = Running::start(&config);
    let session = Session::start(&running).await;
    let face = json!({"event": "face", "person": ANN});
    let unknown = running.post(&format!("/devices/{SN}/events"), &face).await;
    assert_eq!(unknown.status, 422, "nobody is called so yet");

    let ann = json!({"userid": ANN, "name": "Ann Example", "desc": "second floor",
                     "cards": [{"id": "0xffae0846"}]});
    let inserted = session.ask("user-insert", &json!({"users": [ann]})).await;
    assert_eq!(inserted["body"], json!({"users": [{"userid": ANN, "retcode": 0}]}));
    for event in ["face", "card"] {
        running.emit(&json!({"event": event, "person": ANN})).await;
        let event = newest(&session).await;
        assert_eq!((&event["uid"], &event["state"]), (&json!(ANN), &json!(4)));
    }
    assert_eq!(newest(&session).await["data"], "0xffae0846");
    for message in platform.messages(2).await {
        let data = &message.json()["data"];
        assert_eq!((&data["pass"], &data["recognitionType"]), (&json!(true), &json!(1)));
        let user = &data["user"];
        assert_eq!(user["user_id"], ANN);
        assert_eq!(user["name"], "Ann Example");
        assert_eq!(user["remark"], "second floor");
        assert_eq!(user["ic_number"], "4289595462");
    }

    let removed = session.ask("user-remove", &json!({"users": [{"userid": ANN}]})).await;
    assert_eq!(removed["retcode"], 0);
    let mut strangers = Vec::new();
    for _ in 0..2 {
        running.emit(&face).await;
        let event = newest(&session).await;
        let uid = event["uid"].as_str().expect("a uid").to_owned();
        assert!(uid.starts_with("0000") && event["state"] == 0, "{event}");
        strangers.push(uid);
    }
    assert_eq!(strangers[0], strangers[1], "the same one each time");
    let pushed = platform.messages(4).await[3].json();
    assert_eq!(
        (&pushed["data"]["pass"], &pushed["data"]["recognitionType"]),
        (&json!(false), &json!(3))
    );
    let lookup = session.ask("user-lookup", &json!({"users": [{"userid": ANN}]})).await;
    assert_eq!(lookup["retcode"], 103);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v3_37_the_only_one_enrolled_comes_by_herself() {
    let running = Running::quiet();
    let session = Session::start(&running).await;
    assert_eq!(session.ask("user-clear", &json!(null)).await["retcode"], 0);
    let ann = json!({"users": [{"userid": ANN, "name": "Ann Example"}]});
    assert_eq!(session.ask("user-insert", &ann).await["retcode"], 0);
    let busy = json!({"traffic": "steady", "rate_per_minute": 6000.0});
    let told = running.put(&format!("/devices/{SN}/traffic"), &busy).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let comes = json!({"event": "face", "person": ANN, "from": 1, "within": "20s"});
    running.tell("expect", &comes).await;

    assert_eq!(session.ask("user-clear", &json!(null)).await["retcode"], 0);
    let from = running.status().await["next_index"].clone();
    let stranger = json!({"event": "face", "person": "stranger", "from": from, "count": 5,
                          "within": "20s"});
    running.tell("expect", &stranger).await;
    let since = from.as_u64().expect("an index");
    for entry in running.entries().await {
        // Who was on the way in when she was removed may be shown once more.
        let is_hers = entry["v3"]["uid"] == ANN && entry["kind"] == "face";
        assert!(!is_hers || entry["index"].as_u64() < Some(since), "{entry}");
    }
    running.stop().await;
}
