//! What a platform tells a device to do, over v3: it happens as it was answered, and what is refused or cannot
//! be understood changes nothing.

use serde_json::json;
use vestibule_core::calls::control::Command;
use vestibule_core::device::Effect;
use vestibule_core::wire::v3::Service;

use crate::support::{BAD_TOKEN, REPORTS, Rig, retcode};

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
    assert_eq!(rig.control(Command::Restart), Ok(vestibule_core::calls::control::Reply::Done));
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
