//! The v1 third-party push: one test or more for each ruling, its default and each value of its quirk.
//! What only sockets show (connecting, TLS, headers, redirects) is tested where there are some; here is
//! what the core decides of it. The tables are held in `rulings_tables`.

use serde_json::{Value, json};
use vestibule_core::behaviour::Behaviour;
use vestibule_core::calls::control::{Command, Network};
use vestibule_core::calls::v1::{Operation, Unreadable};
use vestibule_core::delivery::{Delivery, NoAnswer, Outcome};
use vestibule_core::dest::{DestError, EventDest};
use vestibule_core::event::{PersonRef, Reason, RecordId};
use vestibule_core::wire::v1::{AnswerCode, answer_code, decode};
use vestibule_core::world::{EventName, REMARK_BYTES_MAX, Whom, Wish};

use crate::support::{
    RECORDS, Rig, accepted, alarm, answered, config, keys, parsed, quirk, refused, sent,
};

const OTHER: &str = "https://10.0.0.8/Record";

/// The entries whose records these are, as numbers from 1.
fn entries_of(records: &[RecordId]) -> Vec<u64> {
    records.iter().map(|record| record.index.get()).collect()
}

/// The record that the one attempt begun carries.
fn attempted(rig: &mut Rig) -> Option<u64> {
    let mut attempts = rig.take_attempts();
    assert!(attempts.len() <= 1, "one in flight: {attempts:?}");
    attempts.pop().map(|attempt| attempt.entry.index.get())
}

#[test]
fn r_v1_01_what_get_says() {
    // R-V1-01
    for value in ["config", "null"] {
        let mut rig = Rig::with(&[("v1.subscribe-get", value)]);
        let nothing = json!({"data": null, "code": 200, "msg": "OK"});
        assert_eq!(rig.subscription(), nothing);
        for (destination, enabled) in [(RECORDS, true), (OTHER, false)] {
            rig.subscribe_to(destination, Some(enabled));
            let data = json!({"event_dest": destination, "enabled": enabled});
            let expected = if value == "config" { data } else { Value::Null };
            assert_eq!(rig.subscription()["data"], expected);
        }
    }
}

#[test]
fn r_v1_02_what_event_dest_may_be() {
    // R-V1-02
    let long = |count: usize, filler: &str| {
        let start = "http://10.0.0.1/";
        format!("{start}{}", filler.repeat(count - start.len()))
    };
    let rows = [
        (long(1024, "a"), None),
        (long(1024, "记"), None),
        (long(1025, "a"), Some(DestError::TooLong { characters: 1025 })),
        (long(1025, "记"), Some(DestError::TooLong { characters: 1025 })),
        ("https://platform.example:8443/Record?site=1".to_owned(), None),
        ("ftp://10.0.0.1/".to_owned(), Some(DestError::Scheme)),
        ("10.0.0.1/Record".to_owned(), Some(DestError::Scheme)),
        (String::new(), Some(DestError::Scheme)),
        ("http:///Record".to_owned(), Some(DestError::Malformed)),
    ];
    for (address, error) in rows {
        let body = json!({"event_dest": address, "enabled": true}).to_string();
        let call = decode(Operation::Subscribe, body.as_bytes()).map(|_| ());
        let expected = error.map_or(Ok(()), |error| Err(Unreadable::Destination(error)));
        assert_eq!(call, expected, "{address}");
    }
}

#[test]
fn r_v1_02_what_is_no_subscription() {
    // Nothing reaches the device, so the earlier configuration stays.
    let rows = [
        ("", "the body is not"),
        ("[\"http://a/\", true]", "the body is not"),
        ("{\"event_dest\":\"http://a/\",}", "the body is not"),
        ("{}", "event_dest must"),
        ("{\"event_dest\":null}", "event_dest must"),
        ("{\"event_dest\":[\"http://a/\"]}", "event_dest must"),
        ("{\"event_dest\":\"http://a/\",\"enabled\":\"true\"}", "enabled must"),
        ("{\"event_dest\":\"http://a/\",\"enabled\":null}", "enabled must"),
        ("{\"event_dest\":\"http://a/\",\"enabled\":1}", "enabled must"),
    ];
    for (body, why) in rows {
        let error = decode(Operation::Subscribe, body.as_bytes()).expect_err("no subscription");
        assert!(error.to_string().starts_with(why), "{body}: {error}");
    }
    let view = Rig::new().device.view();
    let answer = vestibule_core::wire::v1::encode_error(400, "no \"such\" address", &view);
    let answer = parsed(&answer);
    assert_eq!(answer, json!({"data": null, "code": 400, "msg": "no \"such\" address"}));
}

#[test]
fn r_v1_03_enabled_left_out() {
    // R-V1-03
    for (value, first, after_off) in [("true", true, true), ("unchanged", false, false)] {
        let mut rig = Rig::with(&[("v1.enabled-default", value)]);
        rig.subscribe_to(RECORDS, None);
        assert_eq!(rig.subscription()["data"]["enabled"], first, "{value}");
        rig.subscribe_to(RECORDS, Some(false));
        rig.subscribe_to(OTHER, None);
        let data = json!({"event_dest": OTHER, "enabled": after_off});
        assert_eq!(rig.subscription()["data"], data, "{value}");
        rig.subscribe_to(RECORDS, Some(true));
        rig.subscribe_to(OTHER, None);
        assert_eq!(rig.subscription()["data"]["enabled"], true, "{value}");
    }
}

#[test]
fn r_v1_04_disabled_nothing_is_sent_and_what_waits_stays() {
    // R-V1-04: entries 1 and 7 to 8 before and after, 2 enabled, 3 to 4 disabled.
    for (value, expected) in [("false", vec![2, 5]), ("true", vec![2, 3, 4, 5])] {
        let mut rig = Rig::with(&[("v1.cache-while-disabled", value)]);
        rig.faces(1);
        assert_eq!(rig.backlog(), 0, "nothing is cached before a subscription");
        rig.network(Network::Offline);
        rig.subscribe();
        rig.faces(1);
        rig.subscribe_to(RECORDS, Some(false));
        rig.network(Network::Online);
        rig.faces(2);
        rig.wait(60_000);
        assert!(rig.take_attempts().is_empty(), "nothing is sent");
        assert_eq!(rig.backlog(), expected.len() - 1);
        rig.subscribe();
        rig.faces(1);
        assert_eq!(entries_of(&rig.drain()), expected, "{value}");
    }
}

#[test]
fn r_v1_04_what_is_in_flight_when_disabled_still_counts() {
    let mut rig = Rig::new();
    rig.subscribe();
    rig.faces(2);
    let attempt = rig.take_attempt();
    rig.subscribe_to(RECORDS, Some(false));
    rig.settle(&attempt, &accepted());
    assert_eq!((rig.backlog(), rig.take_attempts().len()), (1, 0));
    rig.subscribe();
    assert_eq!(attempted(&mut rig), Some(2));
}

#[test]
fn r_v1_05_the_code_alone_decides() {
    // R-V1-05
    for body in [
        r#"{"code":200,"msg":"success","message":"success","data":{}}"#,
        r#"{"code":200,"msg":"success","data":{}}"#,
        r#"{"code":200,"message":"success","data":{}}"#,
        r#"{"code":200}"#,
        r#"{"code":200,"msg":"failure","data":null}"#,
    ] {
        let mut rig = Rig::new();
        rig.subscribe();
        rig.faces(1);
        let attempt = rig.take_attempt();
        rig.settle(&attempt, &answered(200, body));
        assert_eq!(rig.backlog(), 0, "{body}");
    }
}

/// Each outcome, and the values of the quirk that make it an acknowledgement.
fn outcomes() -> Vec<(Outcome, &'static [&'static str])> {
    const ALL: &[&str] = &["none", "empty", "text-200", "any-status", "redirect"];
    vec![
        (answered(200, r#"{"code":200}"#), ALL),
        (answered(299, r#" {"data":{"code":1},"code":200} "#), ALL),
        (answered(200, ""), &["empty"]),
        (answered(204, ""), &["empty"]),
        (answered(500, ""), &[]),
        (answered(200, r#"{"code":"200"}"#), &["text-200"]),
        (answered(500, r#"{"code":"200"}"#), &[]),
        (answered(404, r#"{"code":200}"#), &["any-status"]),
        (answered(500, r#"{"code":200}"#), &["any-status"]),
        (answered(301, ""), &["redirect"]),
        (answered(307, r#"{"code":500}"#), &["redirect"]),
        (answered(302, r#"{"code":200}"#), &["any-status", "redirect"]),
        (answered(200, r#"{"code":0}"#), &[]),
        (answered(200, r#"{"code":500}"#), &[]),
        (answered(200, r#"{"code":null}"#), &[]),
        (answered(200, r#"{"code":[200]}"#), &[]),
        (answered(200, "[200]"), &[]),
        (answered(200, "200"), &[]),
        (answered(200, "success"), &[]),
        (answered(200, r#"{"code":200"#), &[]),
        (answered(100, r#"{"code":200}"#), &["any-status"]),
        (Outcome::NoAnswer(NoAnswer::Broken), &[]),
    ]
}

#[test]
fn r_v1_06_what_acknowledges() {
    // R-V1-06
    for value in ["none", "empty", "text-200", "any-status", "redirect"] {
        for (outcome, acknowledging) in outcomes() {
            let mut rig = Rig::with(&[("v1.ack-lenient", value)]);
            rig.subscribe();
            rig.faces(1);
            let attempt = rig.take_attempt();
            rig.settle(&attempt, &outcome);
            let acknowledged = acknowledging.contains(&value);
            let counters = rig.device.status(rig.mono).counters;
            assert_eq!(counters.pushed, u64::from(acknowledged), "{value} {outcome:?}");
            rig.wait(1_000);
            let again = usize::from(!acknowledged);
            assert_eq!(rig.take_attempts().len(), again, "{value} {outcome:?}");
        }
    }
}

#[test]
fn r_v1_06_leniencies_add_up() {
    let mut rig = Rig::with(&[("v1.ack-lenient", "empty, redirect")]);
    rig.subscribe();
    for outcome in [answered(204, ""), answered(302, "")] {
        rig.faces(1);
        let attempt = rig.take_attempt();
        rig.settle(&attempt, &outcome);
        assert_eq!(rig.backlog(), 0);
    }
}

/// How long after each failure the next attempt begins, in milliseconds.
fn waits(rig: &mut Rig, count: usize) -> Vec<u128> {
    let mut waits = Vec::new();
    for _ in 0..count {
        let attempt = rig.take_attempt();
        rig.settle(&attempt, &Outcome::NoAnswer(NoAnswer::Broken));
        assert!(rig.attempts.is_empty());
        let due = rig.device.next_deadline().expect("a retry");
        waits.push(due.since(rig.mono).as_millis());
        rig.wait(due.since(rig.mono).as_millis().try_into().expect("short"));
        rig.wait(1);
    }
    waits
}

#[test]
fn r_v1_07_the_wait_doubles_from_1_s_to_30_s_with_jitter() {
    // R-V1-07
    let mut rig = Rig::new();
    rig.subscribe();
    rig.faces(1);
    let found = waits(&mut rig, 8);
    for (wait, full) in found.iter().zip([1, 2, 4, 8, 16, 30, 30, 30]) {
        assert!((full * 800..=full * 1_000).contains(wait), "{found:?}");
    }
    let shares: Vec<_> = found.iter().skip(5).collect();
    assert!(shares[0] != shares[1] || shares[1] != shares[2], "jittered: {found:?}");
    assert_eq!(rig.take_attempt().number, 9);
}

#[test]
fn r_v1_07_the_waits_are_quirks() {
    let mut rig = Rig::with(&[
        ("v1.retry-first", "100ms"),
        ("v1.retry-max", "250ms"),
        ("v1.push-timeout", "2s"),
    ]);
    rig.subscribe();
    rig.faces(1);
    assert_eq!(rig.attempts[0].timeout.as_secs(), 2);
    for (wait, full) in waits(&mut rig, 4).iter().zip([100, 200, 250, 250]) {
        assert!((full * 8 / 10..=full).contains(wait));
    }
    assert_eq!(Rig::new().device.view().behaviour.v1.push_timeout.as_secs(), 10);
}

#[test]
fn r_v1_07_from_the_first_success_on_the_backlog_goes_at_full_speed() {
    let mut rig = Rig::new();
    rig.subscribe();
    rig.faces(50);
    waits(&mut rig, 3);
    let before = rig.mono;
    assert_eq!(rig.drain().len(), 50);
    assert_eq!((rig.mono, rig.backlog()), (before, 0));
    rig.faces(1);
    let found = waits(&mut rig, 1);
    assert!(found[0] <= 1_000, "the doubling begins anew: {found:?}");
}

#[test]
fn r_v1_07_or_at_the_replay_rate() {
    let mut rig = Rig::with(&[("v1.replay-rate", "4")]);
    rig.subscribe();
    rig.faces(9);
    let begin = rig.mono;
    let mut times = Vec::new();
    for _ in 0..9 {
        let attempt = rig.take_attempt();
        times.push(rig.mono.since(begin).as_millis());
        rig.settle(&attempt, &accepted());
        // Neither subscribing nor going online makes it any faster.
        rig.subscribe();
        rig.network(Network::Offline);
        rig.network(Network::Online);
        assert!(rig.attempts.is_empty(), "faster than asked for");
        rig.wait(250);
    }
    assert_eq!(times, [0, 250, 500, 750, 1000, 1250, 1500, 1750, 2000]);
}

#[test]
fn r_v1_07_what_ends_a_wait_at_once() {
    type Wake = fn(&mut Rig);
    let wakes: [Wake; 3] = [
        |rig| {
            rig.network(Network::Offline);
            rig.network(Network::Online);
        },
        Rig::subscribe,
        |rig| {
            rig.control(Command::Restart).expect("always");
        },
    ];
    for wake in wakes {
        let mut rig = Rig::new();
        rig.subscribe();
        rig.faces(1);
        waits(&mut rig, 6);
        let attempt = rig.take_attempt();
        rig.settle(&attempt, &Outcome::NoAnswer(NoAnswer::Broken));
        wake(&mut rig);
        let attempt = rig.take_attempt();
        assert_eq!(attempt.number, 8, "the count of tries goes on");
        rig.settle(&attempt, &Outcome::NoAnswer(NoAnswer::Broken));
        let due = rig.device.next_deadline().expect("a retry");
        assert!(due.since(rig.mono).as_millis() <= 1_000, "the doubling begins anew");
    }
}

#[test]
fn r_v1_08_oldest_first_one_in_flight() {
    // R-V1-08
    let mut rig = Rig::new();
    rig.subscribe();
    rig.faces(3);
    for expected in 1..=6 {
        let attempt = rig.take_attempt();
        assert_eq!(attempt.entry.index.get(), expected);
        if expected == 2 {
            rig.faces(3);
            assert!(rig.attempts.is_empty(), "new records queue behind");
        }
        rig.settle(&attempt, &accepted());
    }
    assert!(rig.take_attempts().is_empty());
}

#[test]
fn r_v1_08_a_wider_window_keeps_its_order_and_recovers_with_one() {
    let mut rig = Rig::with(&[("v1.window", "3")]);
    rig.subscribe();
    rig.faces(6);
    let mut flying = rig.take_attempts();
    let indices = |attempts: &[vestibule_core::delivery::Attempt]| -> Vec<u64> {
        attempts.iter().map(|each| each.entry.index.get()).collect()
    };
    assert_eq!(indices(&flying), [1, 2, 3]);
    rig.settle(&flying.remove(1), &accepted());
    let more = rig.take_attempts();
    assert_eq!(indices(&more), [4], "within the window of the oldest three");
    flying.extend(more);
    for attempt in &flying {
        rig.settle(attempt, &Outcome::NoAnswer(NoAnswer::Broken));
    }
    assert!(rig.take_attempts().is_empty());
    rig.wait(1_000);
    let recovering = rig.take_attempts();
    assert_eq!(indices(&recovering), [1], "the oldest alone");
    rig.settle(&recovering[0], &accepted());
    let more = rig.take_attempts();
    assert_eq!(indices(&more), [3, 4, 5]);
}

#[test]
fn r_v1_09_what_a_full_backlog_loses() {
    // R-V1-09
    for (value, kept) in [("drop-oldest", vec![4, 5, 6, 7]), ("drop-newest", vec![1, 2, 3, 4])] {
        let mut rig = Rig::small(4, &[("v1.overflow", value)]);
        rig.network(Network::Offline);
        rig.subscribe();
        rig.faces(7);
        assert_eq!(rig.device.status(rig.mono).counters.dropped, 3, "{value}");
        rig.network(Network::Online);
        assert_eq!(entries_of(&rig.drain()), kept, "{value}");
        assert_eq!(rig.device.status(rig.mono).counters.pushed, 4, "{value}");
    }
}

#[test]
fn r_v1_09_fifty_thousand_wait() {
    let mut rig = Rig::new();
    rig.network(Network::Offline);
    rig.subscribe();
    rig.faces(50_000);
    let status = rig.device.status(rig.mono);
    assert_eq!((status.backlog, status.counters.dropped), (50_000, 0));
    rig.faces(1);
    let status = rig.device.status(rig.mono);
    assert_eq!((status.backlog, status.counters.dropped), (50_000, 1));
}

#[test]
fn r_v1_09_one_in_flight_that_overflows_may_still_arrive() {
    let lost = |rig: &Rig| rig.device.status(rig.mono).counters.dropped;
    for (outcome, pushed, dropped) in
        [(accepted(), 1, 0), (Outcome::NoAnswer(NoAnswer::Broken), 0, 1)]
    {
        let mut rig = Rig::small(2, &[]);
        rig.subscribe();
        rig.faces(1);
        rig.faces(2);
        let first = rig.take_attempt();
        assert_eq!((first.entry.index.get(), lost(&rig)), (1, 0));
        rig.settle(&first, &outcome);
        assert_eq!(rig.device.status(rig.mono).counters.pushed, pushed);
        assert_eq!((lost(&rig), rig.backlog()), (dropped, 2));
        rig.wait(1_000);
        assert_eq!(attempted(&mut rig), Some(2));
    }
    let mut rig = Rig::small(2, &[]);
    rig.subscribe();
    rig.faces(1);
    rig.faces(2);
    rig.network(Network::Offline);
    assert_eq!(lost(&rig), 1, "cut off, it cannot arrive");
}

#[test]
fn r_v1_10_every_retry_is_the_same_to_the_byte() {
    // R-V1-10
    let mut rig = Rig::new();
    rig.subscribe();
    let emitted = rig.emit_one(EventName::Face);
    let first = rig.take_attempt();
    let bytes = sent(&first);
    assert_eq!(parsed(&bytes)["data"]["uuid"].as_str(), emitted.uuid.as_deref());
    rig.settle(&first, &Outcome::NoAnswer(NoAnswer::Broken));
    rig.wait(1_000);
    let second = rig.take_attempt();
    assert_eq!(sent(&second), bytes);
    rig.control(Command::Restart).expect("always");
    let third = rig.take_attempt();
    assert_eq!(sent(&third), bytes);
    assert_eq!([first.number, second.number, third.number], [1, 2, 3]);
}

#[test]
fn r_v1_11_the_units_of_time() {
    // R-V1-11
    for (value, digits) in [("s", 10), ("ms", 13)] {
        let mut rig = Rig::with(&[("v1.timestamp-unit", value)]);
        let count = |value: &Value| value.to_string().len();
        let (_, face) = rig.both(Wish::new(EventName::Face));
        assert_eq!(count(&face[0]["data"]["timestamp"]), digits);
        let (_, fire) = rig.both(Wish::new(EventName::Fire));
        assert_eq!(count(&fire[0]["data"]["event_time"]), 13);
    }
}

#[test]
fn r_v1_12_an_absent_image() {
    // R-V1-12
    let rows = [
        ("space", Some(json!(" "))),
        ("empty", Some(json!(""))),
        ("null", Some(Value::Null)),
        ("absent", None),
    ];
    for (value, expected) in rows {
        let mut rig = Rig::with(&[("v1.empty-image", value)]);
        for (event, field) in [(EventName::Face, "rgb_image"), (EventName::Fire, "alarm_photo")] {
            let (_, records) = rig.both(Wish::new(event));
            assert_eq!(records[0]["data"].get(field), expected.as_ref(), "{value}");
        }
    }
}

#[test]
fn r_v1_13_which_alarms_have_a_code() {
    // R-V1-13
    for (value, later) in [("always", Some(10001)), ("raised-only", None)] {
        let mut rig = Rig::with(&[("v1.alarm-code", value)]);
        rig.subscribe();
        for (status, expected) in [(1, Some(10001)), (2, later), (3, later)] {
            let (_, records) = rig.both(alarm(10001, status));
            let code = records[0]["data"].get("code").and_then(Value::as_u64);
            assert_eq!(code, expected, "{value} {status}");
        }
    }
}

#[test]
fn r_v1_14_an_alarm_has_one_trace_id_from_raising_to_clearing() {
    // R-V1-14
    let mut rig = Rig::new();
    rig.subscribe();
    let mut seen = Vec::new();
    for code in [10001, 10002, 10003, 10004, 20003] {
        let mut life = Vec::new();
        for status in [1, 2, 2, 3] {
            rig.wait(1_500);
            let emitted = rig.emit(alarm(code, status)).remove(0);
            let record = rig.records(emitted.index).pop().expect("the alarm is the last");
            let data = &record["data"];
            assert_eq!((record["type"].clone(), &data["status"]), (json!(1), &json!(status)));
            assert_eq!(data["trace_id"].as_str(), emitted.trace_id.as_deref());
            assert_eq!(data["event_time"], rig.device.now(rig.mono).wall.millis());
            life.push(emitted.trace_id.expect("an alarm has one"));
        }
        life.dedup();
        assert_eq!(life.len(), 1, "{life:?}");
        seen.append(&mut life);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5, "each has its own");
}

#[test]
fn r_v1_14_no_two_alarms_share_a_trace_id() {
    let mut rig = Rig::new();
    let wish = Wish { count: 50_000, ..Wish::new(EventName::Disa) };
    let mut traces: Vec<_> = rig.emit(wish).into_iter().map(|each| each.trace_id).collect();
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces.len(), 50_000);
}

#[test]
fn r_v1_15_a_backlog_goes_to_the_new_address() {
    // R-V1-15
    let mut rig = Rig::new();
    rig.subscribe();
    rig.faces(2);
    let first = rig.take_attempt();
    rig.subscribe_to(OTHER, Some(true));
    assert!(rig.attempts.is_empty(), "one in flight");
    rig.settle(&first, &Outcome::NoAnswer(NoAnswer::Broken));
    rig.wait(1_000);
    let again = rig.take_attempt();
    assert_eq!((again.destination.as_str(), again.entry.index.get()), (OTHER, 1));
    assert_eq!(again.number, 2);
}

#[test]
fn r_v1_16_nobody_and_nobody_known() {
    // R-V1-16
    let empty = json!({
        "name": "", "ic_number": "", "id_number": "", "job_number": "", "pin": "", "user_id": "",
        "remark": "", "guest_time_start": 0, "guest_time_end": 0, "type": 0, "groups": [],
    });
    let stranger = Wish { person: Some(Whom::Stranger), ..Wish::new(EventName::Face) };
    let nobodies = [
        Wish::new(EventName::Push),
        refused(EventName::Card, Reason::UnknownCard),
        refused(EventName::Qrcode, Reason::InvalidCode),
    ];
    for (user, number) in [("empty", "3"), ("null", "0"), ("empty", "0")] {
        let expected = if user == "empty" { empty.clone() } else { Value::Null };
        let mut rig = Rig::with(&[("v1.unknown-user", user), ("v1.nobody", number)]);
        let (_, records) = rig.both(stranger.clone());
        assert_eq!(records[0]["data"]["user"], expected);
        assert_eq!(records[0]["data"]["recognitionType"], 3, "a stranger is somebody");
        for wish in &nobodies {
            let (_, records) = rig.both(wish.clone());
            assert_eq!(records[0]["data"]["user"], expected);
            assert_eq!(records[0]["data"]["recognitionType"].to_string(), number);
        }
    }
}

#[test]
fn r_v1_17_one_queue_holds_both_kinds() {
    // R-V1-17
    let mut rig = Rig::small(3, &[]);
    rig.network(Network::Offline);
    rig.subscribe();
    rig.faces(1);
    rig.emit_one(EventName::Fire);
    rig.faces(1);
    rig.emit_one(EventName::Disa);
    assert_eq!((rig.backlog(), rig.device.status(rig.mono).counters.dropped), (3, 1));
    rig.network(Network::Online);
    assert_eq!(entries_of(&rig.drain()), [2, 3, 4]);
}

#[test]
fn r_v1_17_the_fifth_wrong_pin_is_two_records_in_their_order() {
    let mut rig = Rig::new();
    rig.subscribe();
    let attack = rig.emit(refused(EventName::Pin, Reason::TooManyPins)).remove(0);
    assert_eq!(rig.backlog(), 2);
    let mut types = Vec::new();
    for part in 0..2 {
        let attempt = rig.take_attempt();
        assert_eq!(attempt.delivery, Delivery::Push(RecordId { index: attack.index, part }));
        types.push(parsed(&sent(&attempt))["type"].clone());
        rig.settle(&attempt, &accepted());
    }
    assert_eq!(types, [0, 1]);
}

#[test]
fn r_v1_18_a_redirect_is_one_failed_attempt() {
    // R-V1-18: the core has no second address to follow it to.
    let mut rig = Rig::new();
    rig.subscribe();
    rig.faces(1);
    let attempt = rig.take_attempt();
    rig.settle(&attempt, &answered(302, ""));
    assert!(rig.take_attempts().is_empty());
    rig.wait(1_000);
    assert_eq!(rig.take_attempt().destination.as_str(), RECORDS);
}

#[test]
fn r_v1_19_an_address_with_credentials_is_refused() {
    // R-V1-19: there is nothing that could send them.
    let error = EventDest::parse("http://user:secret@10.0.0.1/Record");
    assert_eq!(error, Err(DestError::Credentials));
}

#[test]
fn r_v1_20_the_subscription_is_open() {
    // R-V1-20: a call carries no credentials; `required` comes later.
    let rig_config = config(7);
    assert_eq!(*rig_config.behaviour, Behaviour::default());
    let mut rig = Rig::new();
    rig.subscribe();
    assert_eq!(rig.subscription()["code"], 200);
}

#[test]
fn r_v1_21_https_and_whether_its_certificate_is_verified() {
    // R-V1-21
    for (value, verified) in [("true", true), ("false", false)] {
        let mut rig = Rig::with(&[("v1.tls-verify", value)]);
        rig.subscribe_to(OTHER, Some(true));
        rig.faces(1);
        let attempt = rig.take_attempt();
        assert_eq!((attempt.destination.as_str(), attempt.tls_verify), (OTHER, verified));
    }
    let mut behaviour = Behaviour::documented();
    quirk(&mut behaviour, "v1.tls-verify", "false");
    assert!(!behaviour.v1.tls_verify);
}

#[test]
fn r_v1_22_no_remark_is_over_256_bytes_or_cut_inside_a_character() {
    // R-V1-22
    let roster = config(7).roster;
    let mut longest = 0;
    for number in 0..roster.len() {
        let person = roster.person(PersonRef { number, revision: 0 });
        longest = longest.max(person.remark.len());
        assert!(!person.remark.contains('\u{fffd}'));
        let mut rig = Rig::new();
        let (_, records) = rig.both(Wish {
            person: Some(Whom::Uid(person.uid.clone())),
            ..Wish::new(EventName::Card)
        });
        let remark = records[0]["data"]["user"]["remark"].as_str().expect("a text");
        assert_eq!(remark, person.remark);
        assert!(remark.len() <= REMARK_BYTES_MAX);
        if number > 40 && longest > 250 {
            return;
        }
    }
    panic!("nobody has a remark that had to be cut; the longest has {longest} bytes");
}

#[test]
fn r_v1_23_a_push_is_one_json_object() {
    // R-V1-23: method and type are the uplink's, the body is made here.
    let mut rig = Rig::new();
    for wish in [Wish::new(EventName::Face), Wish::new(EventName::Fire)] {
        let (_, records) = rig.both(wish);
        assert_eq!(keys(&records[0]), ["data", "type"]);
    }
    assert_eq!(answer_code(br#"{"code":2e2}"#), AnswerCode::Number200);
}

#[test]
fn r_v1_24_every_field_always() {
    // R-V1-24
    let recognition = [
        "abnormal_type",
        "bodyTemperature",
        "deviceSN",
        "entry_mode",
        "mask",
        "mode",
        "pass",
        "recognitionType",
        "recognizeScore",
        "rgb_image",
        "timestamp",
        "user",
        "uuid",
    ];
    let user = [
        "groups",
        "guest_time_end",
        "guest_time_start",
        "ic_number",
        "id_number",
        "job_number",
        "name",
        "pin",
        "remark",
        "type",
        "user_id",
    ];
    let mut rig = Rig::new();
    rig.subscribe();
    for event in [
        EventName::Face,
        EventName::Card,
        EventName::Qrcode,
        EventName::Visitor,
        EventName::Pin,
        EventName::Push,
    ] {
        let (_, records) = rig.both(Wish::new(event));
        let data = &records[0]["data"];
        assert_eq!(keys(data), recognition, "{}", event.name());
        assert_eq!(keys(&data["user"]), user, "{}", event.name());
        for field in ["bodyTemperature", "recognizeScore"] {
            assert!(data[field].is_f64(), "{field} is a float: {data}");
        }
    }
}
