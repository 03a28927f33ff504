//! What a platform tells a device to do, over v3: it happens as it was answered, and what is refused or cannot
//! be understood changes nothing.

use serde_json::{Value, json};
use vestibule_core::calls::control::{Command, Reply};
use vestibule_core::clock::UnixMillis;
use vestibule_core::device::{Effect, Room};
use vestibule_core::event::{Entry, Fact};
use vestibule_core::wire::v3::Service;
use vestibule_core::world::{Profile, Traffic};

use crate::support::{BAD_TOKEN, DIGEST, REPORTS, Rig, START, parsed, reporting, retcode, sent};

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
fn what_is_refused_brings_no_device_down() {
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
    rig.faces(1);
    for (service, token, request, expected) in rows {
        for action in ["reboot", "reset"] {
            let request = request.replace("reboot", action).replace("Reboot", action);
            assert_eq!(retcode(&mut rig, service, &request, token), expected, "{request}");
            rig.answer_leaves();
        }
    }
    let token = rig.token();
    for action in ["reboot", "reset"] {
        let bad_header = format!(r#"{{"action": "device-{action}", "header": 7}}"#);
        assert_eq!(retcode(&mut rig, Service::Device, &bad_header, Some(&token)), 101);
        rig.answer_leaves();
    }
    assert!(!is_cut(&rig));
    assert_eq!(kinds(&mut rig), ["face"]);
}

const RESET: &str = r#"{"action": "device-reset", "header": {"reqid": "1"}}"#;

#[test]
fn r_v3_33_a_reset_waits_until_its_answer_has_left() {
    // R-V3-33, R-V3-29: everything goes, with the passwords, and the factory's return.
    let mut rig = reporting(&[]);
    rig.subscribe();
    rig.faces(5);
    let other = "0".repeat(32);
    let change = json!({"action": "auth-passwd", "body": {"user": "admin", "passwd": other}});
    assert_eq!(rig.ask(Service::Auth, &change)["retcode"], 0);
    let token = rig.login("admin", &other)["body"]["token"].as_str().expect("a token").to_owned();
    assert_eq!(retcode(&mut rig, Service::Device, RESET, Some(&token)), 0);
    assert!(!is_cut(&rig));
    assert_eq!(rig.info()["body"]["max"], 5, "until then it serves on");
    rig.answer_leaves();
    assert!(is_cut(&rig));
    assert_eq!(rig.login("admin", &other)["retcode"], 101);
    assert_eq!(kinds(&mut rig), ["reset"]);
    assert_eq!(rig.info()["body"], json!({"min": 1, "max": 1}));
    assert_eq!(rig.subscription()["data"], json!(null));
    assert_eq!(rig.device.status(rig.mono).report_to, None);
}

#[test]
fn r_v3_33_a_restart_meanwhile_does_not_spare_a_reset() {
    let mut rig = Rig::new();
    rig.faces(5);
    let token = rig.token();
    assert_eq!(retcode(&mut rig, Service::Device, RESET, Some(&token)), 0);
    rig.wait(1);
    assert_eq!(rig.control(Command::Restart), Ok(Reply::Done));
    rig.answer_leaves();
    assert_eq!(kinds(&mut rig), ["reset"]);
}

/// `device-opendoor` with that body.
fn order(rig: &mut Rig, body: &Value) -> u64 {
    let request = json!({"action": "device-opendoor", "header": {"reqid": "1"}, "body": body});
    rig.ask(Service::Device, &request)["retcode"].as_u64().expect("a retcode")
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
        assert_eq!(rig.door_log(), expected.as_array().expect("rows")[..1], "{body}: at once");
        rig.wait(600_000);
        assert_eq!(json!(rig.door_log()), *expected, "{body}");
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
        assert_eq!(rig.door_log(), [expected]);
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
    assert_eq!(rig.door_log(), [""; 0]);
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

/// `device-synctime` with that body.
fn sync(rig: &mut Rig, body: &Value) -> u64 {
    let request = json!({"action": "device-synctime", "header": {"reqid": "1"}, "body": body});
    rig.ask(Service::Device, &request)["retcode"].as_u64().expect("a retcode")
}

fn wall(rig: &Rig) -> UnixMillis {
    rig.device.now(rig.mono).wall
}

/// The clock's extremes, and a day to either side of the tests' start.
const TIMES: [i64; 4] = [0, START_SECONDS - DAY_SECONDS, START_SECONDS + DAY_SECONDS, END];
const START_SECONDS: i64 = START.seconds();
const DAY_SECONDS: i64 = 86_400;
const END: i64 = 4_294_967_295;

#[test]
fn r_v3_35_the_clock_shows_what_it_was_set_to_and_runs_on() {
    // R-V3-35
    for seconds in TIMES {
        let mut rig = Rig::new();
        rig.faces(1);
        assert_eq!(sync(&mut rig, &json!({"timestamp": seconds})), 0);
        assert_eq!(wall(&rig).seconds(), seconds);
        rig.faces(1);
        rig.wait(2_000);
        rig.faces(1);
        let stamps: Vec<i64> = rig.entries().iter().map(|entry| entry.at.millis()).collect();
        let set = seconds * 1000;
        assert_eq!(stamps, [START.millis(), set, set + 2_000]);
        assert_eq!(rig.numbers(&json!({})), Ok(vec![1, 2, 3]), "numbers do not go back");
        assert_eq!(rig.login("admin", DIGEST)["body"]["timestamp"], seconds + 2);
        assert_eq!(rig.info()["retcode"], 0, "a token lives in real time");
    }
}

#[test]
fn r_v3_35_a_scene_goes_on_as_it_would_have() {
    for seconds in TIMES {
        let mut rig = Rig::new();
        assert_eq!(order(&mut rig, &json!({"type": "open", "delay": 20})), 0);
        rig.wait(10_000);
        assert_eq!(sync(&mut rig, &json!({"timestamp": seconds})), 0);
        assert_eq!(rig.entries().len(), 2, "the door is open still");
        rig.wait(9_000);
        assert_eq!(rig.entries().len(), 2, "for as long as it would have been");
        rig.wait(4_000);
        assert_eq!(rig.entries().len(), 3, "and closes in its time");
    }
}

#[test]
fn r_v3_35_nobody_came_while_the_clock_jumped() {
    for seconds in TIMES {
        let mut rig = Rig::made(|config| {
            config.traffic = Traffic { profile: Profile::Steady, events_per_minute: 60.0 };
        });
        rig.wait(60_000);
        let before = rig.entries().len();
        assert_eq!(sync(&mut rig, &json!({"timestamp": seconds})), 0);
        rig.wait(60_000);
        let after = rig.entries().len() - before;
        assert!((10..200).contains(&after), "{seconds}: {after} events");
    }
}

#[test]
fn a_time_that_cannot_be_understood_sets_no_clock() {
    let bad = [
        json!(null),
        json!([]),
        json!({}),
        json!({"timezone": -480}),
        json!({"timestamp": null}),
        json!({"timestamp": "1717466400"}),
        json!({"timestamp": 1.5}),
        json!({"timestamp": -1}),
        // Milliseconds are not seconds.
        json!({"timestamp": 1_717_466_400_000_i64}),
        json!({"timestamp": END + 1}),
        json!({"timestamp": 1_717_466_400, "timezone": "-480"}),
        json!({"timestamp": 1_717_466_400, "timezone": -841}),
        json!({"timestamp": 1_717_466_400, "timezone": 721}),
        json!({"timestamp": 1_717_466_400, "timezone": 1e9}),
    ];
    for quirks in [&[][..], &[("v3.bad-field", "default")]] {
        let mut rig = Rig::with(quirks);
        rig.wait(500);
        let before = wall(&rig);
        for body in &bad {
            assert_eq!(sync(&mut rig, body), 101, "{body}");
        }
        let good = r#"{"action": "device-synctime", "body": {"timestamp": 5}}"#;
        assert_eq!(retcode(&mut rig, Service::Device, good, None), BAD_TOKEN);
        let token = rig.token();
        assert_eq!(retcode(&mut rig, Service::Event, good, Some(&token)), 111);
        assert_eq!(wall(&rig), before);
        assert_eq!(sync(&mut rig, &json!({"timestamp": 5, "timezone": 720})), 0);
    }
}
