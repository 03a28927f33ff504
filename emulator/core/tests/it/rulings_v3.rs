//! The v3.x event management API: one test or more for each ruling, its default and each value of its
//! quirk, up to R-V3-18. The tables are held in `rulings_tables`.

use serde_json::{Value, json};
use vestibule_core::behaviour::Path;
use vestibule_core::calls::control::{Command, Network};
use vestibule_core::calls::v3::Retcode;
use vestibule_core::delivery::{NoAnswer, Outcome};
use vestibule_core::wire::v3::{Service, encode_retcode, route};
use vestibule_core::world::EventName;

use crate::support::{
    BAD_PARAMETER, BAD_TOKEN, INFO, NO_SUCH_OBJECT, REPORTS, Rig, START, accepted, answered,
    parsed, report, reporting, retcode, seqnum,
};

#[test]
fn r_v3_01_the_literal_path_and_any_version() {
    // R-V3-01
    let rows = [
        ("/api/v3.x/event", Some(Service::Event)),
        ("/api/v3.0/auth", Some(Service::Auth)),
        ("/api/v3.12/device", Some(Service::Device)),
        ("/api/v3./event", None),
        ("/api/v3.x.1/event", None),
        ("/api/v3.y/event", None),
        ("/api/v3.x/event/", None),
        ("/api/v3.x/records", None),
        ("/event", None),
    ];
    for (path, service) in rows {
        assert_eq!(route(path, Path::Versioned), service, "{path}");
        assert_eq!(route(path, Path::Any), Some(Service::Any), "{path}");
    }
}

#[test]
fn r_v3_01_any_path_serves_every_action() {
    let mut rig = Rig::with(&[("v3.path", "any")]);
    let token = rig.token();
    assert_eq!(retcode(&mut rig, Service::Any, INFO, Some(&token)), 0);
    // By its path, a service has its own actions alone (R-V3-06).
    assert_eq!(retcode(&mut rig, Service::Auth, INFO, Some(&token)), 111);
}

#[test]
fn r_v3_02_what_needs_a_token_and_what_a_bad_one_meets() {
    // R-V3-02
    for (quirks, expected) in [(&[][..], BAD_TOKEN), (&[("v3.bad-token", "101")], 101)] {
        let mut rig = Rig::with(quirks);
        for token in [None, Some(""), Some("0123456789abcdef0123456789abcdef")] {
            assert_eq!(retcode(&mut rig, Service::Event, INFO, token), expected);
        }
        let open = r#"{"action":"device-info"}"#;
        assert_eq!(retcode(&mut rig, Service::Device, open, None), 0);
        assert_eq!(retcode(&mut rig, Service::Device, open, Some("stale")), 0);
    }
}

#[test]
fn r_v3_02_tokens_live_side_by_side_for_an_hour_after_their_last_use() {
    const HOUR: u64 = 3_600_000;
    let mut rig = Rig::new();
    let (used, idle) = (rig.token(), rig.token());
    assert_ne!(used, idle);
    for _ in 0..3 {
        rig.wait(HOUR - 1);
        assert_eq!(retcode(&mut rig, Service::Event, INFO, Some(&used)), 0);
    }
    assert_eq!(retcode(&mut rig, Service::Event, INFO, Some(&idle)), BAD_TOKEN);
    rig.wait(HOUR);
    assert_eq!(retcode(&mut rig, Service::Event, INFO, Some(&used)), BAD_TOKEN);
}

#[test]
fn r_v3_02_the_life_of_a_token_is_a_quirk() {
    let mut rig = Rig::with(&[("v3.token-ttl", "5s")]);
    let token = rig.token();
    rig.wait(4_999);
    assert_eq!(retcode(&mut rig, Service::Event, INFO, Some(&token)), 0);
    rig.wait(5_000);
    assert_eq!(retcode(&mut rig, Service::Event, INFO, Some(&token)), BAD_TOKEN);
}

#[test]
fn r_v3_02_a_thousand_tokens_live_and_the_one_that_ends_first_goes() {
    let mut rig = Rig::new();
    let first = rig.token();
    rig.wait(1);
    let second = rig.token();
    rig.wait(1);
    assert_eq!(retcode(&mut rig, Service::Event, INFO, Some(&first)), 0, "it lives on");
    for _ in 0..999 {
        rig.token();
    }
    assert_eq!(retcode(&mut rig, Service::Event, INFO, Some(&second)), BAD_TOKEN);
    assert_eq!(retcode(&mut rig, Service::Event, INFO, Some(&first)), 0);
}

#[test]
fn r_v3_02_a_token_is_asked_of_what_cannot_be_read_too() {
    let mut rig = Rig::new();
    let bad_fetch = r#"{"action":"event-fetch","body":{"limit":"ten"}}"#;
    let bad_login = r#"{"action":"auth-login","body":{"user":7}}"#;
    let token = rig.token();
    let rows = [
        (Service::Event, bad_fetch, None, BAD_TOKEN),
        (Service::Event, bad_fetch, Some("stale"), BAD_TOKEN),
        (Service::Event, bad_fetch, Some(token.as_str()), BAD_PARAMETER),
        (Service::Auth, bad_login, None, BAD_PARAMETER),
        (Service::Auth, bad_login, Some("stale"), BAD_PARAMETER),
    ];
    for (service, request, token, expected) in rows {
        let met = retcode(&mut rig, service, request, token);
        assert_eq!(met, expected, "{request} {token:?}");
    }
}

#[test]
fn r_v3_03_every_retcode_stands_in_a_json_body() {
    // R-V3-03: the status is the server's, the body is made here.
    let rig = Rig::new();
    for code in [101, 105, 106, 111] {
        let bytes = encode_retcode(Retcode(code), None, &rig.device.view());
        assert_eq!(parsed(&bytes), json!({"retcode": code, "header": {}}));
    }
}

#[test]
fn r_v3_04_the_unit_of_a_timestamp() {
    // R-V3-04
    for (unit, expected) in [("ms", START.millis()), ("s", START.seconds())] {
        let mut rig = Rig::with(&[("v3.timestamp-unit", unit)]);
        let at = rig.emit_one(EventName::Face).index;
        assert_eq!(rig.event(at)["timestamp"], json!(expected));
    }
}

#[test]
fn r_v3_05_a_reqid_comes_back_as_it_was() {
    // R-V3-05
    let mut rig = Rig::new();
    let token = rig.token();
    for reqid in [
        r#""129393""#,
        r#""\u5f15\"é""#,
        "7",
        "1.50e+3",
        "null",
        "false",
        r#"{"b":[1, 2],"a":null}"#,
    ] {
        for action in ["event-info", "event-fetch", "unheard-of"] {
            let request = format!(r#"{{"action":"{action}","header":{{"reqid":{reqid}}}}}"#);
            let answer = rig.serve(Service::Event, request.as_bytes(), Some(&token));
            let answer = String::from_utf8(answer.expect("an answer")).expect("utf-8");
            let header = format!(r#""header":{{"reqid":{reqid}}}"#);
            assert!(answer.contains(&header), "{request} -> {answer}");
        }
    }
    for request in [INFO, r#"{"action":"event-info","header":{}}"#] {
        let answer = rig.serve(Service::Event, request.as_bytes(), Some(&token));
        assert_eq!(parsed(&answer.expect("an answer"))["header"], json!({}));
    }
}

#[test]
fn r_v3_06_an_unknown_action() {
    // R-V3-06
    let request = r#"{"action":"event-erase","header":{"reqid":"1"}}"#;
    let mut rig = Rig::new();
    assert_eq!(retcode(&mut rig, Service::Event, request, None), 111);
    let mut rig = Rig::with(&[("v3.unknown-action", "hang")]);
    assert_eq!(rig.serve(Service::Event, request.as_bytes(), None), None);
    assert_eq!(rig.info()["retcode"], 0, "the next one is served");
}

/// Requests that are none at all.
const MALFORMED: [&str; 7] = [
    "",
    "event-info",
    r#"{"action":"event-info""#,
    r#"{"action":"event-info",}"#,
    r#"["event-info"]"#,
    r#"{"action":7}"#,
    r#"{"header":{"reqid":"1"}}"#,
];

/// `event-fetch` with something of a wrong type in it.
const BAD_FETCHES: [&str; 8] = [
    r#"{"action":"event-fetch","body":{"seqnum":"2"}}"#,
    r#"{"action":"event-fetch","body":{"seqnum":-2}}"#,
    r#"{"action":"event-fetch","body":{"seqnum":2.5}}"#,
    r#"{"action":"event-fetch","body":{"offset":null}}"#,
    r#"{"action":"event-fetch","body":{"limit":99999999999999999999}}"#,
    r#"{"action":"event-fetch","body":[2]}"#,
    r#"{"action":"event-fetch","body":"all"}"#,
    r#"{"action":"event-fetch","header":["1"]}"#,
];

#[test]
fn r_v3_07_what_is_malformed_is_refused_and_changes_nothing() {
    // R-V3-07
    for value in ["error", "default"] {
        let mut rig = Rig::with(&[("v3.bad-field", value)]);
        rig.faces(3);
        let token = rig.token();
        for request in MALFORMED {
            let met = retcode(&mut rig, Service::Event, request, Some(&token));
            assert_eq!(met, BAD_PARAMETER, "{request}");
            assert_eq!(rig.numbers(&json!({})), Ok(vec![1, 2, 3]), "{request}");
        }
    }
}

#[test]
fn r_v3_07_a_bad_field_is_an_error_or_counts_as_absent() {
    let mut strict = Rig::new();
    let mut lenient = Rig::with(&[("v3.bad-field", "default")]);
    lenient.faces(3);
    let (token, other) = (strict.token(), lenient.token());
    for request in BAD_FETCHES {
        let met = retcode(&mut strict, Service::Event, request, Some(&token));
        assert_eq!(met, BAD_PARAMETER, "{request}");
        assert_eq!(strict.info()["retcode"], 0, "the next one is served");
        let answer = lenient.serve(Service::Event, request.as_bytes(), Some(&other));
        let answer = parsed(&answer.expect("an answer"));
        assert_eq!(answer["retcode"], 0, "{request}");
        assert_eq!(answer["body"]["events"][0]["seqnum"], 1, "{request}");
    }
}

#[test]
fn r_v3_08_seqnum_wins_over_offset() {
    // R-V3-08
    let mut rig = Rig::new();
    rig.faces(9);
    let both = json!({"seqnum": 6, "offset": 1, "limit": 2});
    assert_eq!(rig.numbers(&both), Ok(vec![6, 7]));
}

#[test]
fn r_v3_09_without_either_the_oldest_comes_first() {
    // R-V3-09
    let mut rig = Rig::small(5, &[]);
    rig.faces(9);
    for body in [json!({}), json!({"offset": 0}), Value::Null] {
        assert_eq!(rig.numbers(&body), Ok(vec![5, 6, 7, 8, 9]), "{body}");
    }
    let bodyless = rig.ask(Service::Event, &json!({"action": "event-fetch"}));
    assert_eq!(bodyless["body"]["events"][0]["seqnum"], 5);
}

#[test]
fn r_v3_10_offset_counts_from_the_oldest_kept() {
    // R-V3-10
    let mut rig = Rig::small(5, &[]);
    rig.faces(9);
    let body = json!({"offset": 2, "limit": 2});
    assert_eq!(rig.numbers(&body), Ok(vec![7, 8]));
}

#[test]
fn r_v3_11_the_limit() {
    // R-V3-11
    let mut rig = Rig::new();
    rig.faces(1_100);
    let count = |rig: &mut Rig, body| rig.numbers(&body).expect("served").len();
    assert_eq!(count(&mut rig, json!({})), 10);
    for limit in 0..=11 {
        assert_eq!(count(&mut rig, json!({"limit": limit})), limit);
    }
    for limit in [1_000, 1_001, u64::MAX] {
        assert_eq!(count(&mut rig, json!({"limit": limit})), 1_000);
    }
    let mut rig = Rig::with(&[("v3.fetch-ceiling", "20")]);
    rig.faces(30);
    assert_eq!(count(&mut rig, json!({"limit": 21})), 20);
}

#[test]
fn r_v3_12_a_seqnum_that_is_gone() {
    // R-V3-12: 5 to 9 are kept.
    let rows = [
        ("clamp", 3, 4, Ok(vec![5, 6, 7, 8])),
        ("clamp", 0, 2, Ok(vec![5, 6])),
        ("error", 3, 4, Err(NO_SUCH_OBJECT)),
        ("error", 5, 1, Ok(vec![5])),
        ("window", 3, 4, Ok(vec![5, 6])),
        ("window", 4, 1, Ok(vec![])),
        ("window", 0, 3, Ok(vec![])),
        ("window", 0, 10, Ok(vec![5, 6, 7, 8, 9])),
        ("window", 5, 2, Ok(vec![5, 6])),
    ];
    for (value, seqnum, limit, expected) in rows {
        let mut rig = Rig::small(5, &[("v3.evicted-seqnum", value)]);
        rig.faces(9);
        let body = json!({"seqnum": seqnum, "limit": limit});
        assert_eq!(rig.numbers(&body), expected, "{value} {body}");
    }
}

#[test]
fn r_v3_13_past_the_newest() {
    // R-V3-13
    let past = [
        json!({"seqnum": 4}),
        json!({"seqnum": u64::MAX, "limit": u64::MAX}),
        json!({"offset": 3}),
        json!({"offset": u64::MAX, "limit": u64::MAX}),
    ];
    for (value, expected) in [("empty", Ok(vec![])), ("error", Err(NO_SUCH_OBJECT))] {
        let mut rig = Rig::with(&[("v3.past-end", value)]);
        rig.faces(3);
        for body in &past {
            assert_eq!(rig.numbers(body), expected, "{value} {body}");
        }
        assert_eq!(rig.numbers(&json!({"seqnum": 3})), Ok(vec![3]));
    }
}

#[test]
fn r_v3_13_a_page_of_an_empty_log_is_empty() {
    for value in ["empty", "error"] {
        let mut rig = Rig::with(&[("v3.past-end", value)]);
        for body in [json!({}), json!({"offset": 0}), json!({"seqnum": 1})] {
            assert_eq!(rig.numbers(&body), Ok(vec![]), "{value} {body}");
        }
    }
}

#[test]
fn r_v3_14_the_bounds_of_an_empty_log() {
    // R-V3-14
    let rows = [
        ("zero", 0, json!({"max": 0, "min": 0})),
        ("null", 0, json!({"max": null, "min": null})),
        ("error", NO_SUCH_OBJECT, Value::Null),
    ];
    for (value, retcode, body) in rows {
        let mut rig = Rig::with(&[("v3.empty-info", value)]);
        let answer = rig.info();
        assert_eq!((&answer["retcode"], &answer["body"]), (&json!(retcode), &body));
        rig.faces(2);
        assert_eq!(rig.info()["body"], json!({"max": 2, "min": 1}), "{value}");
    }
}

#[test]
fn r_v3_15_numbers_grow_by_one_until_a_factory_reset() {
    // R-V3-15
    let mut rig = Rig::new();
    let first: Vec<_> = rig.faces(3).iter().map(seqnum).collect();
    assert_eq!(first, [Some(1), Some(2), Some(3)]);
    rig.control(Command::Restart).expect("always");
    assert_eq!(seqnum(&rig.emit_one(EventName::Card)), Some(5), "4 is the reset");
    rig.control(Command::FactoryReset).expect("always");
    assert_eq!(seqnum(&rig.emit_one(EventName::Card)), Some(2), "1 is the reset");
}

#[test]
fn r_v3_16_one_report_at_a_time_in_order_and_once() {
    // R-V3-16
    let mut rig = reporting(&[]);
    rig.faces(3);
    let mut reported = Vec::new();
    for outcome in [accepted(), Outcome::NoAnswer(NoAnswer::Broken), answered(500, "")] {
        let attempt = rig.take_attempt();
        reported.push(report(&attempt)["body"]["seqnum"].clone());
        rig.settle(&attempt, &outcome);
    }
    assert_eq!(reported, [1, 2, 3]);
    rig.wait(120_000);
    assert!(rig.take_attempts().is_empty(), "never a second time");
    let counters = rig.device.status(rig.mono).counters;
    assert_eq!((counters.reported, counters.reports_dropped), (2, 0));
}

#[test]
fn r_v3_16_a_report_is_dropped_that_could_not_start_within_20_s() {
    let mut rig = reporting(&[]);
    rig.faces(1);
    let first = rig.take_attempt();
    rig.faces(1);
    rig.wait(1);
    rig.faces(1);
    rig.wait(20_000);
    rig.settle(&first, &Outcome::NoAnswer(NoAnswer::Broken));
    let next = rig.take_attempt();
    assert_eq!(report(&next)["body"]["seqnum"], 3, "2 is 20.001 s old");
    assert_eq!(rig.device.status(rig.mono).counters.reports_dropped, 1);
}

#[test]
fn r_v3_16_no_more_than_10_000_reports_wait() {
    let mut rig = reporting(&[]);
    rig.faces(1);
    let first = rig.take_attempt();
    rig.faces(10_002);
    assert_eq!(rig.device.status(rig.mono).counters.reports_dropped, 2);
    rig.settle(&first, &accepted());
    let next = rig.take_attempt();
    assert_eq!(report(&next)["body"]["seqnum"], 2, "the newest are dropped");
}

#[test]
fn r_v3_16_offline_nothing_is_reported_now_or_later() {
    let mut rig = reporting(&[]);
    rig.faces(3);
    let cut = rig.take_attempt();
    rig.network(Network::Offline);
    rig.faces(2);
    rig.network(Network::Online);
    assert!(rig.take_attempts().is_empty());
    rig.settle(&cut, &accepted());
    assert!(rig.take_attempts().is_empty(), "no outcome of a cut attempt counts");
    let counters = rig.device.status(rig.mono).counters;
    assert_eq!((counters.reported, counters.reports_dropped), (0, 2));
    rig.faces(1);
    let next = rig.take_attempt();
    assert_eq!(report(&next)["body"]["seqnum"], 6);
    assert_eq!(rig.numbers(&json!({})), Ok(vec![1, 2, 3, 4, 5, 6]), "all can be fetched");
}

#[test]
fn r_v3_17_any_answer_is_taken_and_10_s_are_waited() {
    // R-V3-17
    let mut rig = reporting(&[]);
    for outcome in [answered(404, "no"), answered(200, ""), answered(200, "{}")] {
        rig.faces(1);
        let attempt = rig.take_attempt();
        assert_eq!(attempt.timeout.as_secs(), 10);
        rig.settle(&attempt, &outcome);
    }
    assert_eq!(rig.device.status(rig.mono).counters.reported, 3);
    let mut rig = reporting(&[("v3.report-timeout", "300ms")]);
    rig.faces(1);
    assert_eq!(rig.take_attempt().timeout.as_millis(), 300);
}

#[test]
fn r_v3_18_reports_go_nowhere_until_they_are_told() {
    // R-V3-18
    let mut rig = Rig::new();
    rig.faces(1);
    assert_eq!(rig.set_config("manager-mode", "none")["retcode"], 0);
    assert_eq!(rig.set_config("report-state-server", REPORTS)["retcode"], 0);
    rig.faces(1);
    assert!(rig.take_attempts().is_empty(), "both take effect after a reboot");
    rig.control(Command::Restart).expect("always");
    rig.forget_token();
    let attempt = rig.take_attempt();
    assert_eq!(attempt.destination.as_str(), REPORTS);
    assert_eq!(report(&attempt)["body"]["event"], "reset");
    rig.settle(&attempt, &accepted());
    rig.set_config("manager-mode", "mqtt");
    rig.faces(1);
    assert_eq!(rig.take_attempts().len(), 1, "still in effect");
    rig.control(Command::Restart).expect("always");
    assert!(rig.take_attempts().is_empty());
}
