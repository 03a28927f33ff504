//! `vestibule conform diff` tells two reports apart, and `record` writes down what a device answers
//! in a form that the suite takes and that shows nothing private.

use crate::conforming::{conform, write};
use crate::running::Running;

const BEFORE: &str = r#"{"observations": {"v3.timestamp-unit": "ms"},
    "cases": [{"id": "v3.auth.login", "outcome": "passed"}]}"#;

#[test]
fn two_reports_are_told_apart() {
    let directory = tempfile::tempdir().expect("there is room for some files");
    let after = BEFORE.replace("\"ms\"", "\"s\"").replace("passed", "failed");
    write(directory.path(), "before.json", BEFORE);
    write(directory.path(), "after.json", &after);
    write(directory.path(), "empty.json", r#"{"observations": {}, "cases": []}"#);
    write(directory.path(), "other.json", "[]");
    let diff = |one: &str, other: &str| {
        let path = |name: &str| directory.path().join(name).display().to_string();
        conform(&["diff", &path(one), &path(other)])
    };
    let (code, text) = diff("before.json", "after.json");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("outcome v3.auth.login: passed -> failed"), "{text}");
    assert!(text.contains("observation v3.timestamp-unit: ms -> s"), "{text}");
    assert_eq!(diff("before.json", "before.json").0, Some(0));
    assert_eq!(diff("before.json", "empty.json").0, Some(4));
    assert_eq!(diff("before.json", "other.json").0, Some(2));
    assert_eq!(diff("before.json", "gone.json").0, Some(2));
}

#[test]
fn what_is_recorded_is_a_case_that_the_device_passes() {
    let device = Running::start(&["--rate", "0", "--backfill", "20"]);
    let directory = tempfile::tempdir().expect("there is room for some files");
    let out = directory.path().to_str().expect("its name is text");
    let (code, text) = conform(&["record", device.told("url"), "--out", out]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = conform(&["check", out]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = conform(&["device", device.told("url"), "--fixtures", out]);
    assert_eq!(code, Some(0), "{text}");
    let recorded = directory.path().join("v3/recorded/fetch.json");
    let recorded = std::fs::read_to_string(recorded).expect("it was written");
    assert!(!recorded.contains(device.told("sn")), "{recorded}");
    assert!(!recorded.contains(device.told("device_id")), "{recorded}");
}
