//! The v3.x document's faults.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::lab::{DIGEST, Lab, face, quirk};
use super::rows;

const NOBODY: &str = "00000000000000000000000000000000";

async fn good(lab: &Lab) -> Value {
    lab.info().await
}

async fn bad(lab: &Lab) -> Value {
    lab.event_call(&json!({"action": "no-such", "header": {"reqid": "129393"}})).await.json()
}

async fn reqid(lab: &Lab) -> Value {
    good(lab).await["header"]["reqid"].clone()
}

/// The numbers of a page of a journal of 40.
async fn numbers(lab: &Lab, body: Value) -> Vec<u64> {
    lab.fill(40).await;
    lab.numbers(&body).await
}

async fn first(lab: &Lab, body: Value) -> u64 {
    numbers(lab, body).await[0]
}

/// The newest four of at least four events.
async fn four(lab: &Lab) -> Vec<Value> {
    lab.fill(4).await;
    lab.page(&json!({"limit": 4})).await
}

async fn offline_event(lab: &Lab) -> Value {
    lab.network("offline").await;
    let made = lab.emit(&face()).await;
    lab.network("online").await;
    made
}

fn small(config: &mut vestibule_emulator::config::Config) {
    config.capacity = Some(20);
}

rows! {
    "v3.login.any-password", lab => lab.login("admin", NOBODY).await["retcode"] == 0;
    "v3.login.any-user", lab => lab.login("nobody", DIGEST).await["retcode"] == 0;
    "v3.login.token-missing", lab => lab.login("admin", DIGEST).await["body"].get("token").is_none();
    "v3.login.token-useless", lab => {
        let token = lab.log_in().await;
        lab.retcode_with(Some(&token)).await != 0
    };
    "v3.token.not-required", lab => lab.retcode_with(None).await == 0;
    "v3.token.any", lab => lab.retcode_with(Some(NOBODY)).await == 0;
    "v3.token.never-expires" on |config| quirk(config, "v3.token-ttl", "1ms"), lab => {
        let token = lab.log_in().await;
        lab.time_passes().await;
        lab.retcode_with(Some(&token)).await == 0
    };
    "v3.path.moved", lab => {
        lab.event_call(&json!({"action": "event-info"})).await.status == 404
    };
    "v3.answer.not-json", lab => {
        let answer = lab.event_call(&json!({"action": "event-info"})).await;
        serde_json::from_slice::<Value>(&answer.body).is_err()
    };
    "v3.answer.retcode-missing", lab => good(lab).await.get("retcode").is_none();
    "v3.answer.retcode-text", lab => good(lab).await["retcode"] == "0";
    "v3.answer.retcode-nonzero", lab => good(lab).await["retcode"] == 1;
    "v3.error.retcode-missing", lab => bad(lab).await.get("retcode").is_none();
    "v3.reqid.dropped", lab => reqid(lab).await.is_null();
    "v3.reqid.changed", lab => reqid(lab).await.as_str().is_some_and(|text| text != "129393");
    "v3.reqid.number", lab => reqid(lab).await == 129_393;
    "v3.unknown-action.succeeds", lab => bad(lab).await["retcode"] == 0;
    "v3.garbage.succeeds", lab => {
        lab.post("/api/v3.x/event", None, "{").await.json()["retcode"] == 0
    };
    "v3.garbage.sticks", lab => {
        lab.post("/api/v3.x/event", None, "{").await;
        good(lab).await["retcode"] == 110
    };
    "v3.bad-field.misread", lab => {
        lab.fill(3).await;
        let answer = lab.fetch(&json!({"seqnum": "x"})).await;
        answer["retcode"] == 0 && answer["body"]["events"][0]["seqnum"] == 3
    };
    "v3.info.min-wrong", lab => {
        lab.fill(2).await;
        good(lab).await["body"]["min"] != lab.running.status().await["journal"]["min"]
    };
    "v3.info.max-wrong", lab => {
        lab.fill(2).await;
        good(lab).await["body"]["max"] != lab.running.status().await["journal"]["max"]
    };
    "v3.info.stale", lab => {
        lab.emit(&face()).await;
        good(lab).await["body"]["max"] != lab.running.status().await["journal"]["max"]
    };
    "v3.info.text", lab => {
        let body = good(lab).await["body"].clone();
        body["min"].is_string() && body["max"].is_string()
    };
    "v3.info.empty-nonsense", lab => good(lab).await["body"] == json!({"min": 1, "max": 0});
    "v3.fetch.default-limit" with {"limit": 7}, lab => numbers(lab, json!({})).await.len() == 7;
    "v3.fetch.limit-ignored", lab => numbers(lab, json!({"limit": 3})).await.len() == 10;
    "v3.fetch.limit-short", lab => numbers(lab, json!({"limit": 3})).await.len() == 2;
    "v3.fetch.limit-exceeded", lab => numbers(lab, json!({"limit": 3})).await.len() == 4;
    "v3.fetch.offset-wins", lab => first(lab, json!({"seqnum": 5, "offset": 20})).await == 21;
    "v3.fetch.default-newest", lab => first(lab, json!({})).await == 31;
    "v3.fetch.offset-from-newest", lab => first(lab, json!({"offset": 3})).await == 28;
    "v3.fetch.offset-from-one", lab => first(lab, json!({"offset": 3})).await == 3;
    "v3.fetch.seqnum-exclusive", lab => first(lab, json!({"seqnum": 5})).await == 6;
    "v3.fetch.seqnum-as-offset" on small, lab => {
        // The journal has 21 to 40: number 25 is at place 4, and place 25 is past the end.
        numbers(lab, json!({"seqnum": 25})).await.is_empty()
    };
    "v3.fetch.descending", lab => first(lab, json!({"limit": 5})).await == 5;
    "v3.fetch.repeats", lab => numbers(lab, json!({"limit": 3})).await == [1, 2, 1];
    "v3.fetch.skips", lab => numbers(lab, json!({"limit": 4})).await == [1, 2, 4, 5];
    "v3.fetch.evicted-newest" on small, lab => first(lab, json!({"seqnum": 1})).await == 31;
    "v3.fetch.past-end-wraps", lab => !numbers(lab, json!({"seqnum": 1000})).await.is_empty();
    "v3.fetch.events-missing", lab => {
        lab.fetch(&json!({"seqnum": 1000})).await["body"].get("events").is_none()
    };
    "v3.fetch.events-object", lab => lab.fetch(&json!({})).await["body"]["events"].is_object();
    "v3.seqnum.repeats", lab => numbers(lab, json!({"limit": 4})).await == [1, 1, 3, 3];
    "v3.seqnum.text", lab => four(lab).await[0]["seqnum"].is_string();
    "v3.seqnum.restarts", lab => {
        lab.fill(3).await;
        lab.running.tell("restart", &json!({})).await;
        let token = lab.log_in().await;
        let fetch = json!({"action": "event-fetch"}).to_string();
        let answer = lab.post("/api/v3.x/event", Some(&token), &fetch).await.json();
        let event = &answer["body"]["events"][0];
        event["seqnum"] == 1 && event["event"] == "reset"
    };
    "v3.event.kind-renamed", lab => lab.event(&face()).await["event"] == "access";
    "v3.event.field-missing" with {"field": "score"}, lab => {
        lab.event(&face()).await.get("score").is_none()
    };
    "v3.event.field-text" with {"field": "score"}, lab => {
        lab.event(&face()).await["score"].is_string()
    };
    "v3.event.timestamp-missing", lab => lab.event(&face()).await.get("timestamp").is_none();
    "v3.event.timestamp-text", lab => lab.event(&face()).await["timestamp"].is_string();
    "v3.event.timestamp-mixed", lab => {
        let stamps = four(lab).await;
        let lengths: BTreeSet<_> =
            stamps.iter().map(|event| event["timestamp"].to_string().len()).collect();
        lengths == BTreeSet::from([10, 13])
    };
    "v3.event.timestamp-off", lab => {
        let event = lab.event(&face()).await;
        let entries = lab.running.entries().await;
        let entry = entries.last().expect("it is kept");
        let millis = |event: &Value| event["timestamp"].as_i64().expect("a number");
        millis(&event) - millis(&entry["v3"]) == 3_600_000
    };
    "v3.event.stranger-uid", lab => {
        let event = lab.event(&json!({"event": "face", "person": "stranger"})).await;
        event["uid"].as_str().expect("a text").starts_with("9999")
    };
    "v3.event.card-decimal", lab => {
        let event = lab.event(&json!({"event": "card", "person": "any"})).await;
        event["data"].as_str().expect("a text").parse::<u64>().is_ok()
    };
    "v3.event.state-range" with {"kind": "door"}, lab => {
        lab.event(&json!({"event": "door", "state": 1})).await["state"] == 2
    };
    "v3.event.accepted-state", lab => lab.event(&face()).await["state"] == 3;
    "v3.event.pin-kind", lab => {
        lab.emit(&json!({"event": "pin"})).await;
        let kinds = lab.page(&json!({"limit": 100})).await;
        kinds.iter().any(|event| event["event"] == "pin")
    };
    "v3.event.device-id-changes", lab => {
        let ids: BTreeSet<_> =
            four(lab).await.iter().map(|event| event["device-id"].to_string()).collect();
        ids.len() == 2
    };
    "v3.event.lost", lab => {
        let event = lab.event(&json!({"event": "door", "state": 1})).await;
        event["event"] != "door"
    };
    "v3.opendoor.ignored", lab => {
        let open = json!({"action": "device-opendoor", "header": {"reqid": "1"},
            "body": {"userid": "1", "type": "open"}});
        let token = lab.log_in().await;
        let before = lab.running.entries().await.len();
        let answer = lab.post("/api/v3.x/device", Some(&token), &open.to_string()).await.json();
        answer["retcode"] == 0 && lab.running.entries().await.len() == before
    };
    "v3.synctime.ignored", lab => {
        let sync = json!({"action": "device-synctime", "header": {"reqid": "1"},
            "body": {"timestamp": 1_000_000_000}});
        let token = lab.log_in().await;
        let answer = lab.post("/api/v3.x/device", Some(&token), &sync.to_string()).await.json();
        let shown = lab.login("admin", DIGEST).await["body"]["timestamp"].as_i64();
        let ignored = shown.is_some_and(|shown| shown > 1_700_000_000);
        // The next look finds the clock as the first did.
        let back = json!({"action": "device-synctime", "header": {"reqid": "1"},
            "body": {"timestamp": 1_772_409_600}});
        lab.post("/api/v3.x/device", Some(&token), &back.to_string()).await;
        answer["retcode"] == 0 && ignored
    };
    "v3.reboot.unanswered", lab => {
        let reboot = json!({"action": "device-reboot", "header": {"reqid": "1"}}).to_string();
        let token = lab.log_in().await;
        lab.try_post("/api/v3.x/device", Some(&token), &reboot).await.is_none()
    };
    "v3.settings.typed", lab => {
        lab.configs(&json!([])).await.iter().any(|config| config["value"].is_number())
    };
    "v3.settings.stuck", lab => {
        let other = lab.configs(&json!([["log-mode", "image"]])).await;
        let kept = other.iter().any(|config| config["value"] == "image");
        lab.configs(&json!([["log-mode", "none"]])).await;
        !kept
    };
    "v3.settings.untold", lab => lab.set(&json!([["volume-out", "7"]])).await.get("body").is_none();
    "v3.accounts.insert-ignored", lab => {
        let answer = lab.users("user-insert", &json!([{"userid": "E-7"}])).await;
        let there = lab.users("user-lookup", &json!([{"userid": "E-7"}])).await;
        lab.users("user-remove", &json!([{"userid": "E-7"}])).await;
        answer["retcode"] == 0 && there["retcode"] != 0
    };
    "v3.accounts.remove-ignored", lab => {
        lab.users("user-insert", &json!([{"userid": "100001"}])).await;
        let answer = lab.users("user-remove", &json!([{"userid": "100001"}])).await;
        let there = lab.users("user-lookup", &json!([{"userid": "100001"}])).await;
        answer["retcode"] == 0 && there["retcode"] == 0
    };
    "v3.accounts.cards-lost", lab => {
        lab.users("user-insert", &json!([{"userid": "E-7", "cards": [{"id": "0xeeeeeeee"}]}])).await;
        lab.event(&json!({"event": "card", "card": "0xeeeeeeee"})).await["state"] == 0
    };
    "v3.accounts.cards-outlive", lab => {
        lab.accounts_call(&json!({"action": "user-clear"})).await;
        let user = json!([{"userid": "E-7", "cards": [{"id": "0xeeeeeeee"}]}]);
        lab.users("user-insert", &user).await;
        lab.users("user-remove", &user).await;
        lab.event(&json!({"event": "card", "card": "0xeeeeeeee"})).await["state"] == 4
    };
    "v3.accounts.part-fails-all", lab => {
        let answer = lab.users("user-lookup", &json!([{"userid": "100002"}, {"userid": "x"}])).await;
        answer["retcode"] != 0
    };
    "v3.accounts.parts-untold", lab => {
        let answer = lab.users("user-lookup", &json!([{"userid": "100002"}])).await;
        answer["body"]["users"][0].get("retcode").is_none()
    };
    "v3.accounts.limit-ignored", lab => {
        let page = json!({"action": "user-fetch", "body": {"limit": 1}});
        let answer = lab.accounts_call(&page).await;
        answer["body"]["users"].as_array().is_some_and(|users| users.len() > 1)
    };
    "v3.images.never", lab => {
        lab.turn_images("image").await;
        let answer = lab.image_of_a_face(0, 1).await;
        lab.turn_images("none").await;
        answer["retcode"] == 109
    };
    "v3.images.always", lab => lab.image_of_a_face(0, 1).await["retcode"] == 0;
    "v3.download.offset-ignored", lab => {
        lab.turn_images("image").await;
        let data = lab.image_of_a_face(1, 3).await["body"]["data"].clone();
        lab.turn_images("none").await;
        data == "/9j/"
    };
    "v3.download.size-exceeded", lab => {
        lab.turn_images("image").await;
        let size = lab.image_of_a_face(0, 3).await["body"]["size"].clone();
        lab.turn_images("none").await;
        size == 4
    };
    "v3.download.timestamp-wins", lab => {
        lab.turn_images("image").await;
        let event = lab.event(&json!({"event": "face"})).await;
        let answer = lab.image(&json!({"offset": 0, "size": 1, "timestamp": 1,
            "seqnum": event["seqnum"]})).await;
        lab.turn_images("none").await;
        answer["retcode"] == 103
    };
    "v3.report.never", lab => lab.report(&face()).await.is_null();
    "v3.report.replayed", lab => {
        let missed = offline_event(lab).await;
        let next = lab.emit(&face()).await;
        let reported = |seqnum: &Value| {
            lab.reports.requests().iter().any(|request| request.json()["body"]["seqnum"] == *seqnum)
        };
        lab.until("the next report", async || reported(&next["seqnum"])).await;
        reported(&missed["seqnum"])
    };
    "v3.report.action", lab => lab.report(&face()).await["action"] == "event-push";
    "v3.report.reqid-repeats", lab => {
        lab.report(&face()).await["header"] == lab.report(&face()).await["header"]
    };
    "v3.report.reqid-number", lab => lab.report(&face()).await["header"]["reqid"].is_number();
    "v3.report.device-id-missing", lab => {
        lab.report(&face()).await["body"].get("device-id").is_none()
    };
    "v3.report.seqnum-missing", lab => lab.report(&face()).await["body"].get("seqnum").is_none();
    "v3.report.differs" with {"field": "state"}, lab => {
        let reported = lab.report(&face()).await["body"].clone();
        let shown = lab.page(&json!({"seqnum": reported["seqnum"], "limit": 1})).await;
        reported["state"] != shown[0]["state"]
    };
    "v3.report.gap-lost", lab => {
        let missed = offline_event(lab).await;
        let page = lab.page(&json!({"seqnum": missed["seqnum"], "limit": 1})).await;
        page.first().is_none_or(|event| event["seqnum"] != missed["seqnum"])
    };
}
