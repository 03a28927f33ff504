//! A device of which nobody has more than its own APIs is judged all the same: its door is opened by
//! `device-opendoor`, which makes an event, and it is restarted by `device-reboot`; its door stays shut
//! until its serial number was typed.

use crate::conforming::{answering, answering_by, cases, conform};
use crate::running::Running;

/// The run's lines, without the control API.
fn judged(device: &Running, more: &[&str]) -> (Option<i32>, String) {
    let mut args = vec!["device", device.told("url"), "--stimulus", "opendoor"];
    args.extend(["--allow", "mutating,disruptive", "--redelivery-timeout", "30s"]);
    args.extend(["--only", "v3.object.re*", "--only", "v3.event-fetch.limits"]);
    args.extend(["--only", "v3.device-*"]);
    args.extend(more);
    conform(&args)
}

fn outcome(text: &str, case: &str) -> String {
    let line = text.lines().find(|line| line.contains(&format!(" {case}")));
    let line = line.unwrap_or_else(|| panic!("{case} is not in {text}"));
    line.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn its_door_and_its_reboot_are_enough() {
    // Who has the v3 API alone is known by its id.
    for (name, more) in [("sn", "both"), ("device_id", "v3")] {
        let device = Running::start(&["--rate", "0"]);
        let more = ["--may-unlock", device.told(name), "--api", more];
        its_cases_pass(judged(&device, &more));
    }
}

fn its_cases_pass((code, text): (Option<i32>, String)) {
    assert_eq!(code, Some(0), "{text}");
    for (case, expected) in [
        // Twelve events are needed, and provoked.
        ("v3.event-fetch.limits", "passed"),
        ("v3.object.remote", "passed"),
        ("v3.device-opendoor.opens", "passed"),
        ("v3.device-reboot.answers", "passed"),
        ("v3.object.reset", "observed"),
    ] {
        assert_eq!(outcome(&text, case), expected, "{case}: {text}");
    }
    assert!(text.contains("v3.first-event-after-restart: reset"), "{text}");
}

#[test]
fn its_door_stays_shut_until_its_serial_number_is_typed() {
    let device = Running::start(&["--rate", "0"]);
    let (code, text) = judged(&device, &[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--may-unlock"), "{text}");
    let only = ["--only", "v3.device-opendoor.opens", "--only", "v3.event-info.types"];
    let mut args = vec!["device", device.told("url"), "--allow", "mutating"];
    args.extend(only);
    let (_, text) = conform(&args);
    assert_eq!(outcome(&text, "v3.device-opendoor.opens"), "skipped", "{text}");
}

/// A case of an action that is the manual's and not the page's.
const SYNC: &str = r#"{"id": "v3.device-synctime.taken", "rev": 1, "title": "a time is taken",
  "source": ["R-V3-35"], "level": "must", "provenance": "hand-written", "safety": "mutating",
  "killed_by": ["v3.synctime.ignored"],
  "steps": [{"call": {"v3": {"service": "device", "action": "device-synctime",
    "body": {"timestamp": 1717466400}}}}]}"#;

#[test]
fn what_it_does_not_have_is_left_out_and_what_it_refuses_is_not() {
    let directory = cases(&[SYNC]);
    let fixtures = directory.path().to_str().expect("its name is text");
    let judged =
        |url: &str| conform(&["device", url, "--fixtures", fixtures, "--allow", "mutating"]);
    // Whatever it is asked, it answers as it answers what nobody has.
    let lacking = r#"{"retcode": 111, "header": {"reqid": "1"}, "body": {"token": "t"}}"#;
    let (code, text) = judged(&answering("200 OK", lacking));
    assert_eq!((code, outcome(&text, "v3.device-synctime.taken")), (Some(4), "skipped".to_owned()));
    assert!(
        text.contains("it meets device-synctime as it meets an action that nobody has"),
        "{text}"
    );
    let (code, text) = judged(&refusing());
    let failed = (Some(1), "failed".to_owned());
    assert_eq!((code, outcome(&text, "v3.device-synctime.taken")), failed, "{text}");
}

/// A device that knows `device-synctime`, and has no database to keep it in.
fn refusing() -> String {
    answering_by(|request| {
        let retcode = match request {
            text if text.contains("device-synctime") => 102,
            text if text.contains("no-such-action") => 111,
            _ => 0,
        };
        let answer = r#", "header": {"reqid": "1"}, "body": {"token": "t"}}"#;
        format!(r#"{{"retcode": {retcode}{answer}"#)
    })
}
