//! Every quirk and every preset, each in turn: the suite stays green, and tells the behaviour by name.
//!
//! A quirk selects another reading that a device may have, so nothing that is judged may turn red for it.
//! A reading that is told nowhere would keep two firmwares from being told apart: a new quirk needs its row.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::judging::{AT_ONCE, Judged, judged, some_at_a_time};
use crate::support::vestibule;

/// The case that waits half a minute for an event to grow old; no quirk is about it.
const SLOW: &str = "v3.event-report.not-replayed";

/// One value of a quirk, and what the suite tells of a device that has it.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What an acknowledgement of another kind is told as.
const EMPTY: [(&str, &str); 2] =
    [("v1.redelivered-after-empty", "none"), ("v1.redelivered-after-no-content", "none")];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("preset", "documented", &[("v3.timestamp-unit", "ms"), ("v3.empty-info", "zero")]),
    ("preset", "walos-demo", &[("v3.other-path", "served"), ("v3.empty-info", "null"),
        ("v3.evicted-seqnum", "window"), ("v3.stranger-uid", "other"), ("v3.login-time", "uptime")]),
    ("v3.path", "any", &[("v3.other-path", "served")]),
    ("v3.bad-token", "101", &[("v3.bad-token-code", "101"), ("v3.missing-token-code", "101")]),
    ("v3.error-status", "4xx", &[("v3.error-status", "4xx")]),
    ("v3.timestamp-unit", "s", &[("v3.timestamp-unit", "s")]),
    ("v3.unknown-action", "hang", &[("v3.unknown-action-code", "absent")]),
    ("v3.bad-field", "default", &[("v3.bad-limit", "as-absent"), ("v3.bad-seqnum", "as-absent")]),
    ("v3.fetch-ceiling", "10", &[("v3.limit-100000", "ten")]),
    ("v3.evicted-seqnum", "error", &[("v3.evicted-seqnum", "error")]),
    ("v3.evicted-seqnum", "window", &[("v3.evicted-seqnum", "window")]),
    ("v3.past-end", "error", &[("v3.past-end", "error")]),
    ("v3.empty-info", "null", &[("v3.empty-info", "null")]),
    ("v3.empty-info", "error", &[("v3.empty-info", "error")]),
    ("v3.door-name", "open", &[("v3.door-name", "open")]),
    ("v3.fill-absent-fields", "true", &[("v3.absent-fields", "filled")]),
    ("v3.stranger-uid", "constant", &[("v3.stranger-uid", "other")]),
    ("v3.card-digits", "14", &[("v3.card-digits", "14")]),
    ("v3.trailing-commas", "true", &[("v3.trailing-commas", "true")]),
    // Told by the cases about images.
    ("v3.log-mode-applies", "at-once", &[]),
    ("v3.device-fields", "false", &[("v3.device-id-in-events", "absent")]),
    ("v3.login-errors", "103-102", &[("v3.unknown-user-code", "103"), ("v3.wrong-password-code", "102")]),
    ("v3.report-reqid", "counter", &[("v3.report-reqid", "text")]),
    ("v3.login-time", "uptime", &[("v3.login-time", "uptime")]),
    ("v1.subscribe-get", "null", &[("v1.subscribe-get", "null")]),
    ("v1.error-status", "200", &[("v1.subscribe-refused-status", "200")]),
    ("v1.enabled-default", "unchanged", &[("v1.enabled-left-out", "false")]),
    ("v1.cache-while-disabled", "true", &[("v1.pushes-what-happened-while-disabled", "seen")]),
    ("v1.ack-lenient", "empty", &EMPTY),
    ("v1.ack-lenient", "text-200", &[("v1.redelivered-after-text-code", "none")]),
    ("v1.ack-lenient", "any-status", &[("v1.redelivered-after-client-error-with-code", "none")]),
    ("v1.ack-lenient", "redirect", &[("v1.redelivered-after-redirect", "none")]),
    ("v1.ack-lenient", "empty,text-200,any-status,redirect", &EMPTY),
    // How fast a backlog comes is a measurement, and not told.
    ("v1.replay-rate", "50", &[]),
    ("v1.auth", "required", &[("v1.auth", "required")]),
    ("v1.window", "4", &[("v1.in-flight", "several")]),
    // Told by the cases that fill a device.
    ("v1.overflow", "drop-newest", &[]),
    ("v1.timestamp-unit", "ms", &[("v1.timestamp-unit", "ms")]),
    ("v1.empty-image", "empty", &[("v1.rgb_image", "empty"), ("v1.alarm_photo", "empty")]),
    ("v1.empty-image", "null", &[("v1.rgb_image", "null"), ("v1.alarm_photo", "null")]),
    ("v1.empty-image", "absent", &[("v1.rgb_image", "absent"), ("v1.alarm_photo", "absent")]),
    ("v1.alarm-code", "raised-only", &[("v1.alarm-code-of-clearing", "absent")]),
    ("v1.unknown-user", "null", &[("v1.unknown-user", "null")]),
    ("v1.nobody", "0", &[("v1.nobody", "0")]),
    ("v1.tls-verify", "false", &[("v1.sends-to-untrusted-tls", "seen")]),
];

/// What is wrong with a device that has that value.
fn wrong((quirk, value, told): &Row, usual: &Value) -> Vec<String> {
    let Judged { code, report, said } = judged(&with(quirk, value));
    let mut wrong = Vec::new();
    if code != Some(0) {
        wrong.push(format!("{quirk}={value}: exit code {code:?}: {}", report["summary"]));
        wrong.extend(said.lines().last().map(str::to_owned));
    }
    for case in report["cases"].as_array().expect("a list") {
        let outcome = case["outcome"].as_str().expect("a word");
        if matches!(outcome, "failed" | "error") {
            wrong.push(format!("{quirk}={value}: {} {outcome}: {}", case["id"], case["reason"]));
        }
    }
    for (name, expected) in *told {
        let (seen, usual) = (&report["observations"][name], &usual["observations"][name]);
        if seen != expected || (usual == expected && *value != "documented") {
            wrong.push(format!("{quirk}={value}: {name} is {seen}, usually {usual}"));
        }
    }
    wrong
}

/// A quirk of one API meets the cases of that one, and those that compare both.
fn with(quirk: &str, value: &str) -> Vec<String> {
    let mut args =
        ["--skip", SLOW, "--quirk", &format!("{quirk}={value}")].map(str::to_owned).to_vec();
    if let Some((api, _)) = quirk.split_once('.') {
        args.extend(["--only", &format!("{api}.*"), "--only", "across.*"].map(str::to_owned));
    }
    args
}

#[test]
fn every_quirk_leaves_the_suite_green_and_is_told_by_name() {
    let usual = judged(&with("preset", "documented")).report;
    let found = some_at_a_time(AT_ONCE, ROWS.iter().collect(), |row| wrong(row, &usual));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A quirk whose values are words has a row for each but its default; one that takes a number has one.
#[test]
fn every_quirk_and_preset_has_its_row() {
    let output = vestibule(&["quirks", "--json"]).output().expect("it runs");
    let listing: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut rows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (quirk, value, _) in ROWS {
        rows.entry(quirk).or_default().insert(value);
    }
    for preset in listing["presets"].as_array().expect("a list") {
        assert!(rows["preset"].contains(text(&preset["name"]).as_str()), "{preset}");
    }
    for quirk in listing["quirks"].as_array().expect("a list") {
        let [name, values, default] = ["name", "values", "default"].map(|key| text(&quirk[key]));
        // The suite's own runs shorten these.
        if values.starts_with("a duration") {
            continue;
        }
        let known = rows.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no row"));
        let words = values.split('|').filter(|_| !values.contains(' '));
        for word in words.filter(|word| *word != default) {
            assert!(known.contains(word), "{name}={word} has no row");
        }
    }
}
