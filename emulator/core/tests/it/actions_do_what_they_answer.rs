//! What a platform tells a device to do, over v3: it happens as it was answered, and what is refused or cannot
//! be understood changes nothing.

use serde_json::{Value, json};
use vestibule_core::calls::control::{Command, Reply};
use vestibule_core::device::{Effect, Room};
use vestibule_core::event::{Entry, Fact};
use vestibule_core::wire::v3::Service;
use vestibule_core::world::{Profile, Traffic};

use crate::support::{BAD_TOKEN, REPORTS, Rig, parsed, retcode, sent};

const REBOOT: &str = r#"{"action": "device-reboot", "header": {"reqid": "1"}}"#;

fn is_cut(rig: &Rig) -> bool {
    rig.effects.iter().any(|effect| matches!(effect, Effect::Cut))
}

/// The kinds of the events that are kept.
fn kinds(rig: &mut Rig) -> Vec<String> {
    let answer = rig.fetch(&json!({"limit": 1000}));
    let events = answer["body"]["events"].as_array().expect("events");
    events.iter().map(|event| event["event"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn r_v3_33_a_reboot_waits_until_its_answer_has_left() {
    // R-V3-33, R-V3-18: a setting takes effect with it.
    let mut rig = Rig::new();
    rig.set_config("manager-mode", "none");
    rig.set_config("report-state-server", REPORTS);
    let token = rig.token();
    assert_eq!(retcode(&mut rig, Service::Device, REBOOT, Some(&token)), 0);
    assert!(!is_cut(&rig));
    assert_eq!(rig.info()["retcode"], 0, "until then it serves on");
    assert_eq!(rig.device.status(rig.mono).report_to, None);
    rig.answer_leaves();
    assert!(is_cut(&rig));
    assert_eq!(rig.device.status(rig.mono).report_to.as_deref(), Some(REPORTS));
    let info = r#"{"action": "event-info"}"#;
    assert_eq!(retcode(&mut rig, Service::Event, info, Some(&token)), BAD_TOKEN);
    assert_eq!(kinds(&mut rig), ["reset"]);
}

#[test]
fn r_v3_33_two_that_ask_at_once_get_one_reboot() {
    let mut rig = Rig::new();
    let token = rig.token();
    assert_eq!(retcode(&mut rig, Service::Device, REBOOT, Some(&token)), 0);
    rig.wait(1);
    assert_eq!(rig.control(Command::Restart), Ok(Reply::Done));
    rig.answer_leaves();
    assert_eq!(kinds(&mut rig), ["reset"], "it has come up since it was asked");
}

#[test]
fn r_v3_33_whatever_else_a_reboot_says_does_not_matter() {
    for body in [json!(null), json!([]), json!("now"), json!({"delay": -7, "force": true})] {
        let mut rig = Rig::new();
        let request = json!({"action": "device-reboot", "header": {"reqid": "1"}, "body": body});
        assert_eq!(rig.ask(Service::Device, &request)["retcode"], 0, "{request}");
        rig.answer_leaves();
        assert_eq!(kinds(&mut rig), ["reset"], "{request}");
    }
}

#[test]
fn a_reboot_that_is_refused_is_none() {
    let rows = [
        (Service::Device, None, REBOOT, BAD_TOKEN),
        (Service::Device, Some("0123456789abcdef0123456789abcdef"), REBOOT, BAD_TOKEN),
        (Service::Event, None, REBOOT, 111),
        (Service::Auth, None, REBOOT, 111),
        (Service::Device, None, r#"{"action": "device-reboot", "header": 7}"#, BAD_TOKEN),
        (Service::Device, None, r#"{"action": "Device-Reboot"}"#, 111),
        (Service::Device, None, r#"{"action": ["device-reboot"]}"#, 101),
        (Service::Device, None, r#"{"action": "device-reboot""#, 101),
    ];
    let mut rig = Rig::new();
    for (service, token, request, expected) in rows {
        assert_eq!(retcode(&mut rig, service, request, token), expected, "{request}");
        rig.answer_leaves();
    }
    let token = rig.token();
    let bad_header = r#"{"action": "device-reboot", "header": 7}"#;
    assert_eq!(retcode(&mut rig, Service::Device, bad_header, Some(&token)), 101);
    rig.answer_leaves();
    assert!(!is_cut(&rig));
    assert_eq!(kinds(&mut rig), [""; 0]);
}

/// `device-opendoor` with that body.
fn order(rig: &mut Rig, body: &Value) -> u64 {
    let request = json!({"action": "device-opendoor", "header": {"reqid": "1"}, "body": body});
    rig.ask(Service::Device, &request)["retcode"].as_u64().expect("a retcode")
}

/// What the log shows of the door: the kind of event, its `state`, and its `uid` where there is one.
fn door_log(rig: &mut Rig) -> Vec<Value> {
    let answer = rig.fetch(&json!({"limit": 1000}));
    let events = answer["body"]["events"].as_array().expect("events");
    let shown = |event: &Value| match event.get("uid") {
        None => json!([event["event"], event["state"]]),
        Some(uid) => json!([event["event"], event["state"], uid]),
    };
    events.iter().map(shown).collect()
}

#[test]
fn r_v3_34_what_an_order_comes_to() {
    // R-V3-34
    let opened = json!([["remote", 1], ["door", 1], ["door", 0]]);
    let held = json!([["remote", 1], ["door", 1]]);
    let rows = [
        (json!(null), &opened),
        (json!({}), &opened),
        (json!({"type": "open"}), &opened),
        (json!({"type": "silent", "delay": 0}), &opened),
        (json!({"delay": 30, "more": ["whatever"]}), &opened),
        (json!({"type": "open", "delay": -1}), &held),
        (json!({"type": "silent", "delay": -1}), &held),
        (json!({"type": "close"}), &json!([["remote", 0]])),
        (json!({"type": "close", "delay": 7}), &json!([["remote", 0]])),
    ];
    for (body, expected) in rows {
        let mut rig = Rig::new();
        assert_eq!(order(&mut rig, &body), 0, "{body}");
        assert_eq!(door_log(&mut rig), expected.as_array().expect("rows")[..1], "{body}: at once");
        rig.wait(600_000);
        assert_eq!(json!(door_log(&mut rig)), *expected, "{body}");
    }
}

#[test]
fn r_v3_34_in_whose_name_a_door_opens() {
    let long = "é".repeat(16);
    let rows = [
        (json!("100001"), json!(["remote", 1, "100001"])),
        // Nobody is enrolled under these names; the platform's word is passed on.
        (json!("1"), json!(["remote", 1, "1"])),
        (json!("+100001"), json!(["remote", 1, "+100001"])),
        (json!("guard 7"), json!(["remote", 1, "guard 7"])),
        (json!(long), json!(["remote", 1, long])),
        (json!(""), json!(["remote", 1])),
    ];
    for (userid, expected) in rows {
        let mut rig = Rig::new();
        assert_eq!(order(&mut rig, &json!({"userid": userid, "type": "open"})), 0, "{userid}");
        assert_eq!(door_log(&mut rig), [expected]);
    }
}

#[test]
fn r_v3_34_who_opens_a_door_for_too_long_is_named_by_the_alarm() {
    let mut rig = Rig::new();
    rig.subscribe();
    let body = json!({"userid": "100001", "type": "open", "delay": 90});
    assert_eq!(order(&mut rig, &body), 0);
    rig.wait(40_000);
    let pushed = rig.attempts.last().expect("the alarm is pushed");
    let alarm = parsed(&sent(pushed))["data"].clone();
    assert_eq!((&alarm["code"], &alarm["user_id"]), (&json!(10_003), &json!(100_001)), "{alarm}");
}

#[test]
fn an_order_that_cannot_be_understood_moves_no_door() {
    let bad = [
        json!([]),
        json!("open"),
        json!(7),
        json!({"type": "explode"}),
        json!({"type": "OPEN"}),
        json!({"type": ""}),
        json!({"type": 1}),
        json!({"type": null}),
        json!({"delay": "5"}),
        json!({"delay": 5.5}),
        json!({"delay": -2}),
        json!({"delay": 86_401}),
        json!({"delay": 1e30}),
        json!({"delay": null}),
        json!({"delay": true}),
        json!({"type": "close", "delay": "soon"}),
        json!({"userid": 100_001}),
        json!({"userid": null}),
        json!({"userid": ["1"]}),
        json!({"userid": "x".repeat(33)}),
        json!({"userid": "é".repeat(17)}),
    ];
    // R-V3-07: whatever a device makes of bad fields elsewhere, a door is not opened by one.
    for quirks in [&[][..], &[("v3.bad-field", "default")]] {
        let mut rig = Rig::with(quirks);
        let before = rig.device.status(rig.mono).next_index;
        for body in &bad {
            assert_eq!(order(&mut rig, body), 101, "{body}");
        }
        let open = r#"{"action": "device-opendoor", "body": {"type": "open"}}"#;
        for token in [None, Some(""), Some("0123456789abcdef0123456789abcdef")] {
            assert_eq!(retcode(&mut rig, Service::Device, open, token), BAD_TOKEN);
        }
        let token = rig.token();
        assert_eq!(retcode(&mut rig, Service::Event, open, Some(&token)), 111);
        let twice = r#"{"action": "device-opendoor", "body": {"delay": 1, "delay": 2}}"#;
        assert_eq!(retcode(&mut rig, Service::Device, twice, Some(&token)), 101);
        rig.wait(600_000);
        assert_eq!(rig.device.status(rig.mono).next_index, before);
        assert_eq!(order(&mut rig, &json!({"type": "open"})), 0, "and a good one is served");
    }
}

#[test]
fn a_device_that_is_full_moves_no_door() {
    let mut rig = Rig::new();
    rig.device.set_room(Room::Full);
    assert_eq!(order(&mut rig, &json!({"type": "open", "delay": -1})), 106);
    rig.device.set_room(Room::Free);
    rig.wait(60_000);
    assert_eq!(door_log(&mut rig), [""; 0]);
}

#[test]
fn an_order_does_not_change_what_happens_by_itself() {
    let day = |orders: u32| {
        let mut rig = Rig::made(|config| {
            config.traffic = Traffic { profile: Profile::Steady, events_per_minute: 10.0 };
        });
        for _ in 0..20 {
            for _ in 0..orders {
                assert_eq!(order(&mut rig, &json!({"type": "close"})), 0);
            }
            rig.wait(10_000);
        }
        let came =
            |entry: &Entry| matches!(entry.fact, Fact::Access(_)).then(|| entry.fact.clone());
        rig.entries().iter().filter_map(came).collect::<Vec<_>>()
    };
    assert_eq!(day(0), day(3));
}
