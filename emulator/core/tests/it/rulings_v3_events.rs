//! The v3.x event management API, from what an event looks like on: R-V3-19 and the rulings after it.

use serde_json::{Value, json};
use vestibule_core::calls::control::Command;
use vestibule_core::calls::v3::Retcode;
use vestibule_core::delivery::Delivery;
use vestibule_core::event::{Fact, Reason};
use vestibule_core::wire::v3::{Service, encode_retcode};
use vestibule_core::world::{EventName, Whom, Wish};

use crate::support::{
    BAD_PARAMETER, BAD_TOKEN, DIGEST, INFO, NO_FILE, NO_SUCH_OBJECT, REPORTS, Rig, START, accepted,
    keys, parsed, refused, report, reporting, retcode, sent, seqnum,
};

#[test]
fn r_v3_19_the_name_of_the_door_event() {
    // R-V3-19
    for value in ["door", "open"] {
        let mut rig = Rig::with(&[("v3.door-name", value)]);
        let door = rig.emit_one(EventName::Door).index;
        assert_eq!(rig.event(door)["event"], value);
        let forced = Wish { code: Some(10002), status: Some(1), ..Wish::new(EventName::Alarm) };
        assert_eq!(rig.both(forced).0["event"], value);
        let fire = rig.emit_one(EventName::Fire).index;
        assert_eq!(rig.event(fire)["event"], "fire");
    }
}

#[test]
fn r_v3_20_absent_fields_are_filled_with_zeros_if_so_asked() {
    // R-V3-20; the default is table A's.
    let mut rig = Rig::with(&[("v3.fill-absent-fields", "true")]);
    let zeros = json!({
        "uid": "", "score": 0.0, "sharp": 0.0, "therm": 0.0, "data": "", "state": 0, "qrcode": "",
    });
    for event in [
        EventName::Face,
        EventName::Card,
        EventName::Qrcode,
        EventName::Visitor,
        EventName::Therm,
        EventName::Door,
        EventName::Remote,
        EventName::Push,
        EventName::Fire,
        EventName::Disa,
    ] {
        let mut plain = Rig::new();
        let own = plain.emit_one(event).index;
        let own = plain.event(own);
        let filled = rig.emit_one(event).index;
        let filled = rig.event(filled);
        for (key, zero) in zeros.as_object().expect("an object") {
            if own.get(key).is_none() {
                assert_eq!(&filled[key], zero, "{key} of {}", event.name());
            } else {
                assert!(filled.get(key).is_some(), "{key} of {}", event.name());
            }
        }
        assert_eq!(keys(&filled).len(), 12, "{filled}");
    }
}

fn stranger() -> Wish {
    Wish { person: Some(Whom::Stranger), ..Wish::new(EventName::Face) }
}

#[test]
fn r_v3_21_a_strangers_uid() {
    // R-V3-21
    let mut rig = Rig::new();
    let uids: Vec<String> = (0..3)
        .map(|_| rig.both(stranger()).0["uid"].as_str().expect("a text").to_owned())
        .collect();
    for uid in &uids {
        assert!(uid.starts_with("0000") && uid.len() == 16, "{uid}");
        let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        assert!(uid.bytes().all(digits), "{uid}");
    }
    assert!(uids[0] != uids[1] && uids[1] != uids[2], "one for each stranger");
    let mut rig = Rig::with(&[("v3.stranger-uid", "constant")]);
    assert_eq!(rig.both(stranger()).0["uid"], "0000-STRANGER");
}

#[test]
fn r_v3_22_score_and_sharp_are_from_0_to_1() {
    // R-V3-22
    let mut rig = Rig::new();
    for wish in [Wish::new(EventName::Face), stranger()] {
        let (face, _) = rig.both(wish);
        for field in ["score", "sharp"] {
            let number = face[field].as_f64().expect("a number");
            assert!((0.0..=1.0).contains(&number), "{face}");
        }
    }
}

fn card(text: &str) -> Wish {
    Wish { card: Some(text.to_owned()), ..Wish::new(EventName::Card) }
}

#[test]
fn r_v3_23_the_digits_of_a_card() {
    // R-V3-23: eight, or fourteen; what was given is never cut.
    let long = "0x0123456789abcdef0123";
    for (value, digits, forced) in [("8", 8, "0xffae0846"), ("14", 14, "0x000000ffae0846")] {
        let mut rig = Rig::with(&[("v3.card-digits", value)]);
        for wish in [
            Wish::new(EventName::Card),
            Wish {
                reason: Some("unknown-card".parse().expect("a reason")),
                ..Wish::new(EventName::Card)
            },
        ] {
            let (event, _) = rig.both(wish);
            let data = event["data"].as_str().expect("a text");
            let hex = data.strip_prefix("0x").expect("0x");
            let good = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            assert!(hex.len() == digits && hex.bytes().all(good), "{data}");
        }
        for given in ["0xffae0846", "0xFFAE0846", "0XFFae0846"] {
            assert_eq!(rig.both(card(given)).0["data"], forced, "{given}");
        }
        assert_eq!(rig.both(card(long)).0["data"], long);
    }
}

#[test]
fn r_v3_24_therm_has_one_decimal() {
    // R-V3-24
    let mut rig = Rig::new();
    for (given, shown) in [(36.54, 36.5), (36.55, 36.6), (30.0, 30.0), (45.0, 45.0)] {
        let (event, records) = rig.both(Wish { therm: Some(given), ..Wish::new(EventName::Therm) });
        assert_eq!(event["therm"], json!(shown));
        assert!(records.is_empty(), "none of its own");
    }
}

#[test]
fn r_v3_25_strict_json_out_and_in() {
    // R-V3-25
    let mut rig = Rig::new();
    rig.faces(1);
    let token = rig.token();
    let page = rig.serve(Service::Event, br#"{"action":"event-fetch"}"#, Some(&token));
    parsed(&page.expect("an answer"));
    let comma = r#"{"action":"event-info","body":{},}"#;
    assert_eq!(retcode(&mut rig, Service::Event, comma, Some(&token)), BAD_PARAMETER);
}

#[test]
fn r_v3_25_trailing_commas_go_out_if_so_asked() {
    let mut rig = reporting(&[("v3.trailing-commas", "true")]);
    rig.faces(1);
    let attempt = rig.take_attempt();
    let view = rig.device.view();
    let request = br#"{"action":"event-info","header":{"reqid":"1"}}"#;
    let bad = encode_retcode(Retcode(101), None, &view);
    assert_eq!(bad, br#"{"retcode":101,"header":{},}"#);
    let refused = rig.serve(Service::Event, request, None).expect("an answer");
    assert_eq!(refused, br#"{"retcode":105,"header":{"reqid":"1",},}"#);
    let text = String::from_utf8(sent(&attempt)).expect("utf-8");
    assert!(text.ends_with(",},}"), "{text}");
    parsed(text.replace(",}", "}").as_bytes());
}

#[test]
fn r_v3_26_the_factory_keeps_no_image() {
    // R-V3-26: until they are turned on, nothing of one is shown, and there is none to be had.
    let mut rig = Rig::new();
    let (event, records) = rig.both(Wish::new(EventName::Face));
    assert_eq!(records[0]["data"]["rgb_image"], " ");
    assert!(keys(&event).iter().all(|key| !key.contains("image")), "{event}");
    let rows = [
        (json!({"type": "logr", "seqnum": 1}), BAD_PARAMETER),
        (json!({"type": "logr", "seqnum": 1, "size": 32_000}), NO_FILE),
        (json!({"type": "logr", "timestamp": event["timestamp"], "size": 32_000}), NO_FILE),
        (json!({"type": "logr", "seqnum": 2, "size": 32_000}), NO_SUCH_OBJECT),
    ];
    for (body, retcode) in rows {
        let refused = rig.ask(Service::Device, &json!({"action": "device-download", "body": body}));
        assert_eq!(refused, json!({"retcode": retcode, "header": {}}), "{body}");
    }
}

#[test]
fn r_v3_27_what_has_no_v3_kind_takes_no_number() {
    // R-V3-27
    let mut rig = Rig::new();
    rig.subscribe();
    let pin = rig.emit_one(EventName::Pin);
    let held = rig.emit(Wish { code: Some(10003), status: Some(1), ..Wish::new(EventName::Alarm) });
    let failed =
        rig.emit(Wish { code: Some(10003), status: Some(2), ..Wish::new(EventName::Alarm) });
    for emitted in [&pin, &held[0], &failed[0]] {
        assert_eq!(emitted.seqnum, None);
        assert_eq!(rig.event(emitted.index), Value::Null);
    }
    assert_eq!(seqnum(&rig.emit_one(EventName::Face)), Some(1));
}

#[test]
fn r_v3_28_device_id_and_ip_addr() {
    // R-V3-28
    let of = |value: &Value| (value["device-id"].clone(), value["ip-addr"].clone());
    let (id, ip) = (json!("00vsb00007"), json!("192.168.20.20"));
    for (value, fetched, reported) in [
        ("true", (id.clone(), ip.clone()), (id.clone(), ip)),
        ("false", (Value::Null, Value::Null), (id, Value::Null)),
    ] {
        let mut rig = reporting(&[("v3.device-fields", value)]);
        rig.faces(1);
        let attempt = rig.take_attempt();
        assert_eq!(of(&report(&attempt)["body"]), reported);
        assert_eq!(of(&rig.fetch(&json!({}))["body"]["events"][0]), fetched);
    }
}

#[test]
fn r_v3_29_a_restart_clears_the_tokens_alone() {
    // R-V3-29
    let mut rig = Rig::new();
    rig.subscribe();
    rig.faces(2);
    rig.take_attempts();
    let token = rig.token();
    let passwd = json!({"user": "admin", "passwd": "F".repeat(32)});
    rig.ask(Service::Auth, &json!({"action": "auth-passwd", "body": passwd}));
    rig.control(Command::Restart).expect("always");
    rig.forget_token();
    assert_eq!(retcode(&mut rig, Service::Event, INFO, Some(&token)), BAD_TOKEN);
    assert_eq!(rig.login("admin", DIGEST)["retcode"], BAD_PARAMETER);
    let fresh = rig.login("admin", &"F".repeat(32));
    assert_ne!(fresh["body"]["token"], token.as_str());
    let entries = rig.entries();
    assert_eq!(entries.len(), 3);
    assert_eq!(rig.event(entries[2].index)["event"], "reset");
    assert_eq!((rig.backlog(), rig.subscription()["data"]["enabled"].clone()), (2, json!(true)));
    assert_eq!(rig.drain().len(), 2, "and is delivered");
}

#[test]
fn r_v3_29_a_factory_reset_clears_everything() {
    let mut rig = reporting(&[]);
    rig.subscribe();
    rig.faces(2);
    let token = rig.token();
    let passwd = json!({"user": "admin", "passwd": "F".repeat(32)});
    rig.ask(Service::Auth, &json!({"action": "auth-passwd", "body": passwd}));
    rig.take_attempts();
    rig.control(Command::FactoryReset).expect("always");
    rig.forget_token();
    assert!(rig.take_attempts().is_empty(), "neither pushed nor reported");
    assert_eq!(retcode(&mut rig, Service::Event, INFO, Some(&token)), BAD_TOKEN);
    assert_eq!(rig.login("admin", DIGEST)["retcode"], 0, "the factory's password");
    let page = rig.fetch(&json!({}));
    assert_eq!(page["body"]["events"][0]["event"], "reset");
    assert_eq!(rig.info()["body"], json!({"max": 1, "min": 1}));
    assert_eq!((rig.backlog(), rig.subscription()["data"].clone()), (0, Value::Null));
    let configs = rig.ask(Service::Device, &json!({"action": "config-fetch"}));
    let configs = configs["body"]["configs"].as_array().expect("a list").clone();
    let shipped = json!({"key": "manager-mode", "value": "mqtt", "class": "cloud"});
    assert!(configs.contains(&shipped), "{configs:?}");
    let status = rig.device.status(rig.mono);
    assert_eq!((status.report_to, status.counters.pushed), (None, 0));
}

#[test]
fn r_v3_29_traffic_never_holds_a_reset() {
    let mut rig = Rig::made(|config| config.backfill = 5_000);
    rig.wait(60_000);
    let view = rig.device.view();
    for entry in rig.entries() {
        assert_ne!(entry.fact, Fact::Reset, "{view:?}");
    }
}

#[test]
fn r_v3_30_the_codes_of_a_refused_login() {
    // R-V3-30
    for (value, unknown, wrong) in [("101", 101, 101), ("103-102", 103, 102)] {
        let mut rig = Rig::with(&[("v3.login-errors", value)]);
        assert_eq!(rig.login("nobody", DIGEST)["retcode"], unknown);
        assert_eq!(rig.login("admin", &"0".repeat(32))["retcode"], wrong);
        assert_eq!(rig.login("admin", &DIGEST.to_lowercase())["retcode"], 0);
    }
}

#[test]
fn r_v3_30_a_changed_password_is_the_only_one() {
    let mut rig = Rig::new();
    let new = "0123456789ABCDEF0123456789ABCDEF";
    let change = |user: &str, passwd: &str| json!({"action": "auth-passwd", "body": {"user": user, "passwd": passwd}});
    let plain = rig.ask(Service::Auth, &change("admin", "secret"));
    assert_eq!(plain["retcode"], BAD_PARAMETER, "not a digest");
    assert_eq!(rig.ask(Service::Auth, &change("eve", new))["retcode"], NO_SUCH_OBJECT);
    assert_eq!(rig.login("admin", DIGEST)["retcode"], 0, "nothing has changed");
    let unasked = change("admin", new).to_string();
    assert_eq!(retcode(&mut rig, Service::Auth, &unasked, None), BAD_TOKEN);
    assert_eq!(rig.ask(Service::Auth, &change("admin", new))["retcode"], 0);
    assert_eq!(rig.login("admin", DIGEST)["retcode"], BAD_PARAMETER);
    assert_eq!(rig.login("admin", new)["retcode"], 0);
}

#[test]
fn r_v3_31_the_reqid_of_a_report() {
    // R-V3-31: a text that never comes twice, over restarts and factory resets too.
    for value in ["uuid", "counter"] {
        let mut rig = reporting(&[("v3.report-reqid", value)]);
        let mut seen = Vec::new();
        for round in 0..3 {
            for _ in 0..2 {
                rig.faces(1);
                for attempt in rig.take_attempts() {
                    let Delivery::Report(reqid) = &attempt.delivery else {
                        panic!("nothing is pushed");
                    };
                    seen.push(reqid.0.clone());
                    rig.settle(&attempt, &accepted());
                }
            }
            if round == 0 {
                rig.control(Command::Restart).expect("always");
            } else {
                rig.control(Command::FactoryReset).expect("always");
                rig.set_config("manager-mode", "none");
                rig.set_config("report-state-server", REPORTS);
                rig.control(Command::Restart).expect("always");
            }
            rig.forget_token();
        }
        let count = seen.len();
        assert!(count >= 7, "{seen:?}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count, "{value}: {seen:?}");
    }
}

#[test]
fn r_v3_32_the_timestamp_of_a_login() {
    // R-V3-32
    let mut rig = Rig::new();
    rig.wait(2_000);
    let unix = START.seconds() + 2;
    assert_eq!(rig.login("admin", DIGEST)["body"]["timestamp"], unix);
    let mut rig = Rig::with(&[("v3.login-time", "uptime")]);
    rig.wait(61_000);
    assert_eq!(rig.login("admin", DIGEST)["body"]["timestamp"], 61);
    rig.control(Command::Restart).expect("always");
    rig.wait(3_500);
    assert_eq!(rig.login("admin", DIGEST)["body"]["timestamp"], 3);
}

#[test]
fn the_presets_hold_what_they_name() {
    let mut rig = Rig::with(&[("preset", "walos-demo")]);
    assert_eq!(rig.info()["body"], json!({"max": null, "min": null}));
    assert_eq!(retcode(&mut rig, Service::Any, INFO, None), 101);
    assert_eq!(rig.both(stranger()).0["uid"], "0000-STRANGER");
    let wish = refused(EventName::Face, Reason::Stranger);
    assert_eq!(rig.both(wish).0["state"], 0);
}
