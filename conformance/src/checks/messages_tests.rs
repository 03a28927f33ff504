//! For each thing that a check of messages claims to see: a stream that holds, and one that does not.

use std::time::Duration;

use serde_json::{Value, json};

use crate::checks::{CheckError, Found, Params, run, sample};
use crate::stream::Fate;

fn judged(name: &str, messages: &[Value]) -> Found {
    run(name, &[&sample::arrived(messages)], &Params::new()).expect("it can be done")
}

/// The paths of what is wrong.
fn wrong(found: Found) -> Vec<String> {
    found.mismatches.into_iter().map(|one| one.path).collect()
}

fn seen(found: &Found, name: &str) -> Option<String> {
    let mut observations = found.observations.iter();
    observations.find(|(other, _)| other == name).map(|(_, seen)| seen.clone())
}

fn record(uuid: &str, more: &Value) -> Value {
    let data = json!({"deviceSN": "SN", "uuid": uuid, "timestamp": 1_772_409_600, "pass": true,
        "rgb_image": "x"});
    json!({"type": 0, "data": sample::with(data, more)})
}

fn alarm(trace_id: &str, status: u8, more: &Value) -> Value {
    let data = json!({"trace_id": trace_id, "code": 10_001, "status": status,
        "event_time": 1_772_409_600_123_u64});
    json!({"type": 1, "data": sample::with(data, more)})
}

#[test]
fn a_retry_has_the_fields_of_the_first_attempt() {
    let none = json!({});
    for (again, other, paths) in [
        (record("a", &none), record("a", &none), vec![]),
        // A device may encode its image anew (R-V1-10).
        (record("a", &none), record("a", &json!({"rgb_image": "y"})), vec![]),
        (record("a", &none), record("a", &json!({"pass": false})), vec!["uuid a"]),
        (record("a", &none), record("a", &json!({"more": 1})), vec!["uuid a"]),
        (alarm("t", 1, &none), alarm("t", 1, &none), vec![]),
        // The moment of an alarm is a field like others, and does not make it another alarm.
        (
            alarm("t", 1, &none),
            alarm("t", 1, &json!({"event_time": 1})),
            vec!["trace_id t, status 1"],
        ),
    ] {
        // Neither another record nor another status of an alarm is a retry.
        let between = [record("b", &json!({"pass": false})), alarm("t", 3, &none)];
        let messages = [&[again][..], &between, &[other]].concat();
        assert_eq!(wrong(judged("retries-equal", &messages)), paths, "{}", messages[3]);
    }
}

#[test]
fn whether_a_retry_has_the_same_bytes_is_told() {
    let one = record("a", &json!({}));
    let other = record("a", &json!({"rgb_image": "y"}));
    let told = |messages: &[Value]| seen(&judged("retries-equal", messages), "v1.retry-bytes");
    assert_eq!(told(&[one.clone(), one.clone()]).as_deref(), Some("same"));
    assert_eq!(told(&[one.clone(), other, one]).as_deref(), Some("differ"));
}

#[test]
fn without_a_retry_nothing_is_proved() {
    let messages = [record("a", &json!({})), record("b", &json!({})), json!({"type": 9})];
    assert_eq!(wrong(judged("retries-equal", &messages)), [""]);
    // What has no identity is no attempt at the same.
    assert_eq!(wrong(judged("retries-equal", &[json!({"type": 9}), json!({"type": 9})])), [""]);
}

#[test]
fn the_order_of_records_is_told() {
    let at = |uuid: &str, stamp: u64| record(uuid, &json!({"timestamp": stamp}));
    let report = json!({"action": "event-report", "body": {"seqnum": 1, "timestamp": 1}});
    for (messages, expected) in [
        (vec![at("a", 1), at("b", 2), at("c", 2), report], "oldest-first"),
        (vec![at("a", 2), at("b", 1)], "other"),
    ] {
        let found = judged("v1-order", &messages);
        assert_eq!(seen(&found, "v1.order").as_deref(), Some(expected));
        assert_eq!(wrong(found), [""; 0]);
    }
}

#[test]
fn how_many_records_are_under_way_is_told() {
    let messages = ["a", "b", "c"].map(|uuid| record(uuid, &json!({})));
    for (answered_after_ms, expected) in [(900, "one"), (1_500, "several")] {
        let mut stream = sample::arrived(&messages);
        for index in 0..messages.len() {
            let came = stream.entries()[index].at();
            let at = came + Duration::from_millis(answered_after_ms);
            stream.done(index, at, Fate::Written, None);
        }
        let found = run("v1-order", &[&stream], &Params::new()).expect("it can be done");
        assert_eq!(seen(&found, "v1.in-flight").as_deref(), Some(expected));
    }
}

fn unique(field: &Value, messages: &[Value]) -> Result<Found, CheckError> {
    let params = [("field".to_owned(), field.clone())].into();
    run("unique-ids", &[&sample::arrived(messages)], &params)
}

#[test]
fn an_id_stands_in_one_message() {
    let with = |reqid: Value| json!({"action": "event-report", "header": {"reqid": reqid}});
    let field = json!("header.reqid");
    let found = |messages: &[Value]| wrong(unique(&field, messages).expect("it can be done"));
    assert_eq!(found(&[with(json!("1")), with(json!("2")), with(json!(1))]), [""; 0]);
    assert_eq!(found(&[with(json!("1")), with(json!("2")), with(json!("1"))]), ["header.reqid"]);
    let twice = [with(json!("1")), with(json!("1")), with(json!("2")), with(json!("2"))];
    assert_eq!(found(&twice).len(), 2);
    // One message, or messages without the field, prove nothing.
    assert_eq!(found(&[with(json!("1"))]), [""]);
    assert_eq!(found(&[json!({"header": {}}), json!({"header": {}})]), [""]);
    assert!(matches!(unique(&json!(1), &[]), Err(CheckError::Param { param: "field", .. })));
}

fn event(seqnum: u64, more: &Value) -> Value {
    let own = json!({"seqnum": seqnum, "event": "face", "timestamp": 1_772_409_600_123_u64,
        "uid": "7", "score": 1, "sharp": 0, "state": 4, "device-id": "d"});
    sample::with(own, more)
}

fn report(seqnum: u64, more: &Value) -> Value {
    json!({"action": "event-report", "header": {"reqid": "r"}, "body": event(seqnum, more)})
}

fn reported(reports: &[Value], log: &[Value]) -> Vec<String> {
    let streams = [&sample::arrived(reports), &sample::fetched(log)];
    wrong(run("report-equals-fetch", &streams, &Params::new()).expect("it can be done"))
}

#[test]
fn a_report_says_what_the_log_says() {
    let none = json!({});
    let log = [event(1, &none), event(2, &none)];
    assert_eq!(reported(&[report(1, &none), report(2, &none)], &log), [""; 0]);
    for (member, value) in [
        ("event", json!("card")),
        ("timestamp", json!(1)),
        ("uid", json!("8")),
        ("score", json!(0.5)),
        ("sharp", json!(1)),
        ("state", json!(5)),
        ("data", json!("0xffae0846")),
        ("therm", json!(36.5)),
        ("device-id", json!("e")),
    ] {
        let reports = [report(1, &json!({ member: value })), report(2, &none)];
        assert_eq!(reported(&reports, &log), [format!("seqnum 1: {member}")]);
        // What a report leaves out is as wrong.
        let missing = [report(1, &none)];
        let more = [event(1, &json!({ member: "something else" }))];
        assert_eq!(reported(&missing, &more), [format!("seqnum 1: {member}")]);
    }
    // A code that cannot be fetched, and what no table names, are left alone.
    let reports = [report(1, &json!({"qrcode": "q", "ip-addr": "i", "more": 1}))];
    assert_eq!(reported(&reports, &log), [""; 0]);
}

#[test]
fn a_fetched_event_need_not_name_its_device() {
    let unnamed = json!({"device-id": null});
    assert_eq!(reported(&[report(1, &json!({}))], &[event(1, &unnamed)]), [""; 0]);
    assert_eq!(reported(&[report(1, &unnamed)], &[event(1, &json!({}))]), ["seqnum 1: device-id"]);
}

#[test]
fn a_report_without_its_event_in_the_log_is_seen() {
    let none = json!({});
    let log = [event(5, &none), event(7, &none)];
    // What the log had before it was read is past.
    assert_eq!(reported(&[report(4, &none), report(5, &none)], &log), [""; 0]);
    assert_eq!(reported(&[report(5, &none), report(6, &none)], &log), ["seqnum 6"]);
    assert_eq!(reported(&[report(8, &none)], &log), ["seqnum 8"]);
    for nothing in [&[][..], &[report(4, &none)], &[json!({"action": "event-report"})]] {
        assert_eq!(reported(nothing, &log), [""]);
    }
}

#[test]
fn a_device_has_one_name_in_each_api() {
    let named = |messages: &[Value], log: &[Value]| {
        let streams = [&sample::arrived(messages), &sample::fetched(log)];
        run("device-names", &streams, &Params::new()).expect("it can be done")
    };
    let (push, other) =
        (|sn: &str| record("a", &json!({"deviceSN": sn})), |id: &str| json!({"device-id": id}));
    for (messages, log, equal) in [
        (vec![push("d")], vec![event(1, &other("d")), event(2, &other("d"))], "yes"),
        (vec![push("d")], vec![event(1, &other("e"))], "no"),
        (vec![push("d")], vec![event(1, &json!({"device-id": null}))], "no"),
    ] {
        let found = named(&messages, &log);
        assert_eq!(seen(&found, "device-names-equal").as_deref(), Some(equal));
        assert_eq!(wrong(found), [""; 0]);
    }
    for (messages, log) in [
        (vec![push("d"), push("e")], vec![event(1, &other("d"))]),
        (vec![push("d")], vec![event(1, &other("d")), event(2, &other("e"))]),
    ] {
        assert_eq!(wrong(named(&messages, &log)), ["the device's name"]);
    }
    assert_eq!(wrong(named(&[], &[event(1, &json!({"device-id": null}))])), [""]);
}
