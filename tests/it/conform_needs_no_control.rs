//! A device of which nobody has more than its own APIs is judged all the same: its door is opened by
//! `device-opendoor`, which makes an event, and it is restarted by `device-reboot`; its door stays shut
//! until its serial number was typed.

use crate::conforming::conform;
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
    let device = Running::start(&["--rate", "0"]);
    let (code, text) = judged(&device, &["--may-unlock", device.told("sn")]);
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
