//! For each thing that a comparison claims to see: a story that holds, and one that does not.

use serde_json::{Value, json};

use super::*;
use crate::checks::{Found, run, sample};

const AT: u64 = 1_772_409_600_123;

/// An event of the log, with this on top of what every event has.
fn event(seqnum: u64, kind: &str, more: &Value) -> Value {
    let own = json!({"seqnum": seqnum, "event": kind, "timestamp": AT, "uid": "7", "state": 4,
        "device-id": "d"});
    sample::with(own, more)
}

/// A recognition, with this on top.
fn record(uuid: &str, entry_mode: u8, more: &Value) -> Value {
    let data = json!({"deviceSN": "SN", "uuid": uuid, "timestamp": AT / 1000, "pass": true,
        "abnormal_type": 0, "recognizeScore": 0.0, "entry_mode": entry_mode,
        "user": {"user_id": "7", "ic_number": " "}});
    json!({"type": 0, "data": sample::with(data, more)})
}

fn alarm(trace_id: &str, code: u32, status: u8) -> Value {
    json!({"type": 1, "data": {"trace_id": trace_id, "code": code, "status": status,
        "event_time": AT, "user_id": 7}})
}

fn compared(compare: &str, records: &[Value], events: &[Value]) -> Found {
    let (receiver, log) = (sample::arrived(records), sample::fetched(events));
    let params = [("compare".to_owned(), compare.into())].into();
    run("same-story", &[&receiver, &log], &params).expect("it can be done")
}

/// The paths of what is wrong.
fn wrong(compare: &str, records: &[Value], events: &[Value]) -> Vec<String> {
    compared(compare, records, events).mismatches.into_iter().map(|one| one.path).collect()
}

/// One event and one record of each kind that table B pairs.
fn day() -> (Vec<Value>, Vec<Value>) {
    let none = json!({});
    let records = [
        record("a", 1, &json!({"recognizeScore": 0.9, "bodyTemperature": 36.5})),
        record("b", 3, &json!({"user": {"user_id": "7", "ic_number": "4289595462"}})),
        record("c", 2, &none),
        record("d", 7, &none),
        record("e", 11, &json!({"user": {}})),
        alarm("f", 10_001, 1),
        alarm("f", 10_001, 3),
        alarm("g", 20_003, 1),
        alarm("g", 20_003, 3),
    ];
    let events = [
        event(1, "therm", &json!({"therm": 36.5})),
        event(2, "face", &json!({"score": 0.9, "therm": 36.55})),
        event(3, "card", &json!({"data": "0xffae0846"})),
        event(4, "qrcode", &none),
        event(5, "visitor", &none),
        event(6, "push", &json!({"state": 1})),
        event(7, "push", &json!({"state": 0})),
        event(8, "disa", &json!({"state": 1})),
        event(9, "disa", &json!({"state": 0})),
        event(10, "fire", &json!({"state": 1})),
        event(11, "fire", &json!({"state": 0})),
        event(12, "door", &json!({"state": 1})),
    ];
    (records.to_vec(), events.to_vec())
}

const COMPARISONS: [&str; 8] =
    ["time", "person", "score", "card", "therm", "verdict", "events", "records"];

/// R-V1-13: the code is required only when an alarm is raised; its end is known by the trace.
#[test]
fn an_alarm_may_end_without_its_code() {
    let (mut records, events) = day();
    for record in &mut records {
        let data = record["data"].as_object_mut().expect("a record has data");
        if data.get("status") == Some(&json!(3)) {
            data.remove("code");
        }
    }
    for compare in COMPARISONS {
        assert_eq!(wrong(compare, &records, &events), [""; 0], "{compare}");
    }
    records.retain(|record| record["data"]["status"] != 3);
    assert_eq!(wrong("records", &records, &events).len(), 2);
}

#[test]
fn a_day_told_twice_is_one_story() {
    let (records, events) = day();
    for compare in COMPARISONS {
        assert_eq!(wrong(compare, &records, &events), [""; 0], "{compare}");
    }
}

/// Records that were under way together may overtake each other: then who it was tells them apart.
#[test]
fn records_under_way_together_are_paired_by_person() {
    let of = |uid: &str, score: f64| {
        let user = json!({"user_id": uid, "ic_number": " "});
        record(uid, 1, &json!({"recognizeScore": score, "user": user}))
    };
    let face =
        |seqnum, uid: &str, score: f64| event(seqnum, "face", &json!({"uid": uid, "score": score}));
    let events = sample::fetched(&[face(1, "7", 0.9), face(2, "8", 0.8)]);
    let overtaken = || sample::arrived(&[of("8", 0.8), of("7", 0.9)]);
    let params = [("compare".to_owned(), "score".into())].into();
    let mut wrong = Vec::new();
    for records in [sample::under_way_together(overtaken()), overtaken()] {
        let found = run("same-story", &[&records, &events], &params).expect("it can be done");
        wrong.push(found.mismatches.len());
    }
    assert_eq!(wrong, [0, 2], "in turn, their order counts");
}

/// Each record without its event, and each event without its record, is seen.
#[test]
fn what_only_one_api_tells_is_seen() {
    let (records, events) = day();
    for at in 0..records.len() {
        let mut fewer = records.clone();
        fewer.remove(at);
        assert_eq!(wrong("records", &fewer, &events).len(), 1, "without {}", records[at]);
    }
    // The sixth, the end of a press, has no record (table B), and neither has what is neither.
    for at in [1, 2, 3, 4, 5, 7, 8, 9, 10] {
        let mut fewer = events.clone();
        fewer.remove(at);
        assert_eq!(wrong("events", &records, &fewer).len(), 1, "without {}", events[at]);
    }
    for (at, none) in [(0, 0), (6, 0), (11, 0)] {
        let mut fewer = events.clone();
        fewer.remove(at);
        assert_eq!(wrong("events", &records, &fewer).len(), none, "without {}", events[at]);
    }
}

#[test]
fn a_record_that_came_twice_is_one_record() {
    let (mut records, events) = day();
    records.extend(records.clone());
    assert_eq!(wrong("events", &records, &events), [""; 0]);
    // Another record of the same kind is not.
    records.push(record("z", 1, &json!({})));
    assert_eq!(wrong("events", &records, &events).len(), 1);
}

#[test]
fn an_alarm_that_goes_on_has_no_event_of_its_own() {
    let (mut records, events) = day();
    records.insert(6, alarm("f", 10_001, 2));
    records.push(alarm("h", 30_005, 1));
    assert_eq!(wrong("events", &records, &events), [""; 0]);
}

/// What one face and its record may differ in.
#[test]
fn a_face_and_its_record_are_compared_in_each_fact() {
    let face = |more: Value| [event(1, "face", &more)];
    let push = |more: Value| [record("a", 1, &more)];
    let none = || json!({});
    for (compare, event, record, holds) in [
        ("time", face(none()), push(none()), true),
        ("time", face(none()), push(json!({"timestamp": AT})), true),
        ("time", face(none()), push(json!({"timestamp": AT + 1})), false),
        ("time", face(none()), push(json!({"timestamp": AT / 1000 + 1})), false),
        ("person", face(none()), push(json!({"user": {"user_id": "7"}})), true),
        ("person", face(none()), push(json!({"user": {"user_id": "8"}})), false),
        ("person", face(none()), push(json!({"user": {}})), false),
        ("person", face(json!({"uid": "0000a"})), push(json!({"user": {"user_id": ""}})), true),
        ("person", face(json!({"uid": "0000a"})), push(json!({"user": {}})), true),
        ("person", face(json!({"uid": "0000a"})), push(none()), false),
        ("person", face(json!({"uid": ""})), push(none()), false),
        ("score", face(json!({"score": 0.5})), push(json!({"recognizeScore": 0.5})), true),
        ("score", face(json!({"score": 0.5})), push(json!({"recognizeScore": 0.51})), false),
        ("therm", face(json!({"therm": 36.5})), push(json!({"bodyTemperature": 36.6})), true),
        ("therm", face(json!({"therm": 36.5})), push(json!({"bodyTemperature": 36.7})), false),
        ("therm", face(json!({"therm": 36.5})), push(none()), false),
        ("verdict", face(json!({"state": 4})), push(json!({"pass": true})), true),
        ("verdict", face(json!({"state": 5})), push(json!({"pass": true})), false),
        ("verdict", face(json!({"state": 5})), push(json!({"pass": false})), true),
        ("verdict", face(json!({"state": 4})), push(json!({"pass": false})), false),
        (
            "verdict",
            face(json!({"state": 4})),
            push(json!({"pass": false, "abnormal_type": 2})),
            true,
        ),
    ] {
        let seen = wrong(compare, &record, &event);
        let expected = if holds { vec![] } else { vec![format!("seqnum 1: {compare}")] };
        assert_eq!(seen, expected, "{compare}: {} and {}", event[0], record[0]);
    }
}

#[test]
fn a_card_is_one_number_in_hex_or_in_decimal() {
    for (data, number, holds) in [
        ("0xffae0846", "4289595462", true),
        ("0xFFAE0846", "ffae0846", true),
        ("0xffae0846", "0xffae0846", true),
        ("0xffae0846", "4289595463", false),
        ("0xffae0846", " ", false),
    ] {
        let user = json!({"user": {"user_id": "7", "ic_number": number}});
        let records = [record("a", 3, &user)];
        let events = [event(1, "card", &json!({"data": data}))];
        assert_eq!(wrong("card", &records, &events).is_empty(), holds, "{data} {number}");
    }
    // What is no face has no score.
    let events = [event(1, "card", &json!({"score": 0.9}))];
    assert_eq!(wrong("score", &[record("a", 3, &json!({}))], &events), [""; 0]);
    let scored = [record("a", 3, &json!({"recognizeScore": 0.9}))];
    assert_eq!(wrong("score", &scored, &events), ["seqnum 1: score"]);
}

/// Where there are more of one than of the other, time and person say which belong together.
#[test]
fn what_is_missing_is_named_and_the_rest_is_paired() {
    let later = AT + 60_000;
    let events = [
        event(1, "face", &json!({"uid": "1"})),
        event(2, "face", &json!({"uid": "2"})),
        event(3, "face", &json!({"uid": "3", "timestamp": later})),
    ];
    let of = |uuid: &str, uid: &str, at: u64| {
        record(uuid, 1, &json!({"timestamp": at / 1000, "user": {"user_id": uid}}))
    };
    let records = [of("a", "2", AT), of("b", "3", later)];
    assert_eq!(wrong("records", &records, &events), ["seqnum 1"]);
    assert_eq!(wrong("person", &records, &events), [""; 0]);
    // A record far from every event belongs to none.
    let far = [of("a", "1", AT - 60_000)];
    assert_eq!(wrong("records", &far, &events).len(), 3);
    assert_eq!(wrong("events", &far, &events), ["uuid a"]);
}

#[test]
fn nothing_to_compare_is_no_proof() {
    for compare in COMPARISONS {
        assert_eq!(wrong(compare, &[], &[]), [""], "{compare}");
        let doors = [event(1, "door", &json!({}))];
        assert_eq!(wrong(compare, &[json!({"type": 7})], &doors), [""], "{compare}");
    }
}

#[test]
fn what_is_compared_has_to_be_said() {
    let (receiver, log) = (sample::arrived(&[]), sample::fetched(&[]));
    for params in [json!({}), json!({"compare": "colour"}), json!({"compare": 1})] {
        let params = serde_json::from_value(params).expect("they are parameters");
        let done = run("same-story", &[&receiver, &log], &params);
        assert!(matches!(done, Err(CheckError::Param { param: "compare", .. })), "{params:?}");
    }
}
