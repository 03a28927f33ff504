//! The v1 document's faults.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::lab::{Lab, SUBSCRIBE, face, quirk};
use super::rows;
use crate::platform::{Answer, Certificate, Platform, TlsVersions};

/// The record of a face that was let in.
async fn record(lab: &Lab) -> Value {
    lab.record(&face()).await["data"].clone()
}

async fn refused(lab: &Lab, reason: &str) -> Value {
    let wish = json!({"event": "face", "person": "any", "reason": reason});
    lab.record(&wish).await["data"].clone()
}

async fn nobody(lab: &Lab) -> Value {
    lab.record(&json!({"event": "push", "state": 1})).await["data"].clone()
}

async fn raised(lab: &Lab) -> Value {
    lab.alarms().await[0].clone()
}

/// Whether POST of that body is answered with code 200.
async fn is_taken(lab: &Lab, body: &str) -> bool {
    lab.post(SUBSCRIBE, None, body).await.json()["code"] == 200
}

/// Whether an address of so many characters is taken.
async fn is_length_taken(lab: &Lab, characters: usize) -> bool {
    let start = "http://127.0.0.1:9/";
    let url = format!("{start}{}", "a".repeat(characters - start.len()));
    is_taken(lab, &json!({"event_dest": url}).to_string()).await
}

/// What GET shows after a good POST and one that is refused.
async fn after_refusal(lab: &Lab) -> Value {
    lab.subscribe(&lab.pushes.url(), true).await;
    lab.subscribe("ftp://127.0.0.1/", true).await;
    lab.subscription().await["data"].clone()
}

/// Whether a record whose first push is answered so never comes again.
async fn is_acknowledged_by(lab: &Lab, answer: Answer) -> bool {
    lab.arrivals(answer).await.len() == 1
}

/// How many records arrive of so many that happen offline.
async fn after_outage(lab: &Lab, count: usize) -> usize {
    let arrived = lab.pushed(async || {
        lab.network("offline").await;
        lab.emit(&json!({"event": "face", "count": count})).await;
        lab.network("online").await;
    });
    arrived.await.len()
}

async fn failed_attempts(lab: &Lab) -> usize {
    let path = format!("/devices/{}/deliveries?limit=1000", crate::support::SN);
    let answer = lab.running.get(&path).await.json();
    let deliveries = answer["deliveries"].as_array().expect("a list").clone();
    deliveries.iter().filter(|attempt| attempt["outcome"] == "connect-failed").count()
}

/// Whether what happens while the receiver refuses never arrives.
async fn is_lost_when_refused(lab: &Lab) -> bool {
    let arrived = lab.pushed(async || {
        let before = failed_attempts(lab).await;
        lab.pushes.shut().await;
        lab.emit(&face()).await;
        lab.until("an attempt failed", async || failed_attempts(lab).await > before).await;
        lab.pushes.listen();
    });
    arrived.await.is_empty()
}

rows! {
    "v1.answer.code-missing", lab => lab.subscription().await.get("code").is_none();
    "v1.answer.code-text", lab => lab.subscription().await["code"] == "200";
    "v1.answer.msg-missing", lab => lab.subscription().await.get("msg").is_none();
    "v1.answer.data-missing", lab => lab.subscription().await.get("data").is_none();
    "v1.subscribe.get-stale", lab => {
        lab.subscribe("http://127.0.0.1:9/a", true).await;
        lab.subscribe("http://127.0.0.1:9/b", true).await;
        lab.subscription().await["data"]["event_dest"] == "http://127.0.0.1:9/a"
    };
    "v1.subscribe.refuses-1024", lab => !is_length_taken(lab, 1024).await;
    "v1.subscribe.takes-1025", lab => is_length_taken(lab, 1025).await;
    "v1.subscribe.takes-scheme", lab => {
        is_taken(lab, r#"{"event_dest": "ftp://127.0.0.1/"}"#).await
    };
    "v1.subscribe.takes-bad-body", lab => {
        is_taken(lab, "{").await && is_taken(lab, r#"{"enabled": true}"#).await
    };
    "v1.subscribe.refuses-https", lab => {
        !is_taken(lab, r#"{"event_dest": "https://127.0.0.1:9/"}"#).await
    };
    "v1.subscribe.refusal-clears", lab => after_refusal(lab).await.is_null();
    "v1.subscribe.refusal-applies", lab => after_refusal(lab).await["enabled"] == false;
    "v1.push.never", lab => {
        let (arrived, struck) = (lab.pushes.requests().len(), lab.struck().await);
        lab.emit(&face()).await;
        let has_arrived = || lab.pushes.requests().len() > arrived;
        lab.until("a push, or none", async || has_arrived() || lab.struck().await > struck).await;
        !has_arrived()
    };
    "v1.push.while-disabled", lab => {
        lab.subscribe(&lab.pushes.url(), false).await;
        lab.pushed(async || drop(lab.emit(&face()).await)).await.len() == 1
    };
    "v1.push.old-destination", lab => {
        lab.subscribe(&lab.reports.url(), true).await;
        lab.subscribe(&lab.pushes.url(), true).await;
        lab.pushed(async || drop(lab.emit(&face()).await)).await.is_empty()
    };
    "v1.push.method", lab => lab.arrivals(Answer::Ok).await[0].method == "PUT";
    "v1.push.content-type", lab => {
        lab.arrivals(Answer::Ok).await[0].headers["content-type"] == "text/plain"
    };
    "v1.push.type-missing", lab => lab.record(&face()).await.get("type").is_none();
    "v1.push.type-text", lab => lab.record(&face()).await["type"] == "0";
    "v1.push.data-missing", lab => {
        let record = lab.record(&face()).await;
        record.get("data").is_none() && record["uuid"].is_string()
    };
    "v1.push.https-fails" on |config| quirk(config, "v1.tls-verify", "false"), lab => {
        let secure = Platform::start_tls(&Certificate::new(), TlsVersions::Both);
        lab.subscribe(&secure.url(), true).await;
        let struck = lab.struck().await;
        lab.emit(&face()).await;
        let has_arrived = || !secure.requests().is_empty();
        lab.until("a push, or none", async || has_arrived() || lab.struck().await > struck).await;
        let is_seen = !has_arrived();
        lab.subscribe(&lab.pushes.url(), true).await;
        is_seen
    };
    "v1.ack.any-code", lab => is_acknowledged_by(lab, Answer::Code(500)).await;
    "v1.ack.client-error", lab => is_acknowledged_by(lab, Answer::Http(404)).await;
    "v1.ack.server-error", lab => is_acknowledged_by(lab, Answer::Http(503)).await;
    "v1.ack.silence" on |config| quirk(config, "v1.push-timeout", "1s"), lab => {
        is_acknowledged_by(lab, Answer::Hang).await
    };
    "v1.ack.reset", lab => is_acknowledged_by(lab, Answer::ResetInHead).await;
    "v1.ack.refused", lab => is_lost_when_refused(lab).await;
    "v1.ack.ignored", lab => lab.arrivals(Answer::Ok).await.len() == 2;
    "v1.retry.new-uuid", lab => {
        let arrived = lab.arrivals(Answer::Http(500)).await;
        arrived[0].uuid() != arrived[1].uuid()
    };
    "v1.retry.other-fields", lab => {
        let arrived = lab.arrivals(Answer::Http(500)).await;
        let score = |at: usize| arrived[at].json()["data"]["recognizeScore"].clone();
        score(0) != score(1)
    };
    "v1.retry.never", lab => {
        lab.until_pushed().await;
        let before = lab.pushes.requests().len();
        lab.pushes.script(&[Answer::Http(500)], Answer::Ok);
        lab.emit(&face()).await;
        let next = lab.emit(&face()).await;
        let since = || lab.pushes.requests().split_off(before);
        let has_next = || since().iter().any(|request| request.json()["data"]["uuid"] == next["uuid"]);
        lab.until("the next record", async || has_next()).await;
        since().len() == 2
    };
    "v1.cache.none", lab => is_lost_when_refused(lab).await;
    "v1.cache.small" with {"records": 3}, lab => after_outage(lab, 5).await == 3;
    "v1.cache.overflow-clears" on |config| config.capacity = Some(5), lab => {
        after_outage(lab, 6).await < 5
    };
    "v1.replay.loses-first", lab => after_outage(lab, 3).await == 2;
    "v1.record.field-missing", lab => record(lab).await.get("uuid").is_none();
    "v1.record.field-type" with {"field": "user.type"}, lab => {
        record(lab).await["user"]["type"].is_string()
    };
    "v1.record.timestamp-mixed", lab => {
        let two = [record(lab).await, record(lab).await];
        let lengths = two.map(|record| record["timestamp"].to_string().len());
        BTreeSet::from(lengths) == BTreeSet::from([10, 13])
    };
    "v1.record.timestamp-off", lab => {
        let (event, record) = lab.event_and_record(&face()).await;
        let seconds = event["timestamp"].as_i64().expect("a number") / 1000;
        record["timestamp"] == seconds + 3600
    };
    "v1.record.uuid-repeats", lab => record(lab).await["uuid"] == record(lab).await["uuid"];
    "v1.record.image-nonsense", lab => record(lab).await["rgb_image"] == "none";
    "v1.record.recognition-range", lab => record(lab).await["recognitionType"] == 9;
    "v1.record.entry-mode-range", lab => record(lab).await["entry_mode"] == 42;
    "v1.record.abnormal-range", lab => record(lab).await["abnormal_type"] == 12_345;
    "v1.record.mask-range", lab => record(lab).await["mask"] == 7;
    "v1.record.user-nonsense", lab => nobody(lab).await["user"] == "unknown";
    "v1.record.nobody", lab => nobody(lab).await["recognitionType"] == 1;
    "v1.record.remark-cut", lab => {
        record(lab).await["user"]["remark"].as_str().expect("a text").len() > 256
    };
    "v1.record.pass-contradicts", lab => refused(lab, "expired").await["pass"] == true;
    "v1.record.abnormal-hidden", lab => refused(lab, "fever").await["abnormal_type"] == 0;
    "v1.record.visitor-times", lab => {
        let wish = json!({"event": "visitor", "person": "visitor"});
        let user = lab.record(&wish).await["data"]["user"].clone();
        user["guest_time_start"].to_string().len() == 10
    };
    "v1.alarm.field-missing", lab => raised(lab).await.get("trace_id").is_none();
    "v1.alarm.field-type" with {"field": "code"}, lab => raised(lab).await["code"] == "10001";
    "v1.alarm.code-missing", lab => raised(lab).await.get("code").is_none();
    "v1.alarm.code-range", lab => raised(lab).await["code"] == 19_999;
    "v1.alarm.status-range", lab => raised(lab).await["status"] == 7;
    "v1.alarm.event-time-seconds", lab => raised(lab).await["event_time"].to_string().len() == 10;
    "v1.alarm.clearing-time", lab => {
        let alarms = lab.alarms().await;
        alarms[0]["event_time"] == alarms[1]["event_time"]
    };
    "v1.alarm.trace-id-changes", lab => {
        let alarms = lab.alarms().await;
        alarms[0]["trace_id"] != alarms[1]["trace_id"]
    };
    "v1.alarm.trace-id-shared", lab => {
        raised(lab).await["trace_id"] == raised(lab).await["trace_id"]
    };
    "v1.alarm.never-cleared", lab => lab.alarms().await.len() == 1;
}
