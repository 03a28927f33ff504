//! `vestibule conform` never ends with 0 when it examined nothing, and its exit code says why.

use crate::conforming::{
    INFO, LOGIN, WAITING, answering, answering_in_turn, cases, conform, write,
};

/// A login without a token, and then errors.
const NO_TOKEN: &str = r#"{"retcode": 0, "header": {}, "body": {}}"#;

fn judged(texts: &[&str], args: &[&str]) -> (Option<i32>, String) {
    let directory = cases(texts);
    let directory = directory.path().to_str().expect("its name is text");
    conform(&[&["device", "--fixtures", directory], args].concat())
}

#[test]
fn the_built_in_cases_are_in_order() {
    let (code, text) = conform(&["check"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_bad_case_is_shown_with_its_place() {
    let directory = cases(&[LOGIN]);
    write(
        directory.path(),
        "v3/auth/bad.json",
        "{\n  \"id\": \"v3.auth.bad\",\n  \"rev\": \"1\"\n}\n",
    );
    let directory = directory.path().to_str().expect("its name is text");
    for args in [&["check", directory][..], &["device", "--fixtures", directory]] {
        let (code, text) = conform(args);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("bad.json:3:10"), "{text}");
        assert!(text.contains("^^^"), "{text}");
    }
}

#[test]
fn an_empty_directory_is_nothing() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let directory = directory.path().to_str().expect("its name is text");
    let (code, text) = conform(&["check", directory]);
    assert_eq!(code, Some(4), "{text}");
}

#[test]
fn nobody_there_is_unreachable() {
    // Bound and closed again: nobody listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    drop(listener);
    let (code, text) = judged(&[LOGIN], &[&url]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("does not answer"), "{text}");
}

#[test]
fn neither_api_is_unreachable() {
    let (code, text) = judged(&[LOGIN], &[&answering("404 Not Found", "nothing here")]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("neither API"), "{text}");
}

#[test]
fn a_pattern_that_nothing_matches_is_nothing() {
    let (code, text) = judged(&[LOGIN], &["--only", "v3.auth.logon"]);
    assert_eq!(code, Some(4), "{text}");
}

#[test]
fn skipping_all_is_nothing() {
    let url = answering("200 OK", r#"{"code": 200, "msg": "OK", "data": null}"#);
    // With a URL a run only reads until more is allowed.
    let (code, text) = judged(&[WAITING], &[&url]);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("--allow mutating"), "{text}");
}

#[test]
fn a_subscription_that_could_not_be_put_back_is_not_touched() {
    let url = answering("200 OK", r#"{"code": 200, "msg": "OK", "data": null}"#);
    let (code, text) = judged(&[WAITING], &[&url, "--allow", "mutating"]);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("--v1-restore"), "{text}");
}

#[test]
fn a_failure_blocks_what_depends_on_it() {
    let (code, text) = judged(&[LOGIN, INFO], &[&answering("200 OK", NO_TOKEN)]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("v3.auth.login failed, so this could not start"), "{text}");
}

#[test]
fn an_answer_that_is_no_json_is_the_devices_fault() {
    let (code, text) = judged(&[LOGIN], &[&answering("200 OK", "<html>")]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no JSON"), "{text}");
}

#[test]
fn a_known_failure_is_green_only_while_it_fails() {
    let directory = cases(&[LOGIN, INFO]);
    let known = directory.path().join("known.toml");
    let known = known.to_str().expect("its name is text");
    let fixtures = directory.path().to_str().expect("its name is text");
    let bad = answering("200 OK", NO_TOKEN);
    let run = |url: &str, more: &[&str]| {
        conform(&[&["device", url, "--fixtures", fixtures, "--only", "v3.auth.*"], more].concat())
    };
    let (code, text) = run(&bad, &["--write-known-failures", known]);
    assert_eq!(code, Some(1), "{text}");
    let (code, text) = run(&bad, &["--known-failures", known]);
    assert_eq!(code, Some(0), "{text}");
    let good = r#"{"retcode": 0, "header": {}, "body": {"token": "t"}}"#;
    let list = "[[known]]\nid = \"v3.event-info.types\"\nreason = \"it is not planned\"\n";
    write(directory.path(), "known.toml", list);
    let (code, text) = run(&answering("200 OK", good), &["--known-failures", known]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no case of this run is called so"), "{text}");
}

#[test]
fn a_list_says_what_a_run_would_write_and_asks_nobody() {
    let (code, text) = judged(&[LOGIN, WAITING], &["http://192.0.2.1", "--list"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("writes: POST /v1/event/subscribe (put back)"), "{text}");
    assert!(text.contains("not run: --allow mutating"), "{text}");
}

#[test]
fn a_door_opens_only_with_its_serial_number_typed() {
    let url = answering("200 OK", r#"{"retcode": 0, "header": {}, "body": {"token": "t"}}"#);
    for more in [&[][..], &["--may-unlock", "ANOTHER"]] {
        let args = [&[url.as_str(), "--stimulus", "opendoor"], more].concat();
        let (code, text) = judged(&[LOGIN], &args);
        assert_eq!(code, Some(2), "{text}");
    }
}

#[test]
fn a_fault_of_ours_is_no_failure_of_the_device() {
    let subscription = r#"{"code": 200, "msg": "OK", "data":
        {"event_dest": "http://192.0.2.1/", "enabled": true}}"#;
    let url = answering("200 OK", subscription);
    // An address that is not this machine's cannot be listened on.
    let args = [&url, "--allow", "mutating", "--receiver-listen", "192.0.2.1:9"];
    let (code, text) = judged(&[WAITING], &args);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("opening a receiver"), "{text}");
}

#[test]
fn what_came_too_late_once_is_looked_at_again_and_called_flaky() {
    let late = LOGIN.replacen(r#""service""#, r#""until": "0ms", "service""#, 1);
    let good = r#"{"retcode": 0, "header": {"reqid": "x"}, "body": {"token": "t"}}"#;
    let late =
        late.replacen(r#""body": {"user""#, r#""header": {"reqid": "x"}, "body": {"user""#, 1);
    // Six requests find out what there is, the seventh is the case's first attempt.
    let url = answering_in_turn("200 OK", &[NO_TOKEN; 7], good);
    let (code, text) = judged(&[&late], &[&url]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("flaky"), "{text}");
    // Without a bound on time, a failure is a failure.
    let at_once = late.replacen(r#""until": "0ms", "#, "", 1);
    let url = answering_in_turn("200 OK", &[NO_TOKEN; 7], good);
    let (code, text) = judged(&[&at_once], &[&url]);
    assert_eq!(code, Some(1), "{text}");
}

#[test]
fn a_token_that_may_be_over_by_our_own_slowness_proves_nothing() {
    const GOOD: &str =
        r#"{"retcode": 0, "header": {"reqid": "x"}, "body": {"token": "t", "min": 0, "max": 0}}"#;
    const REFUSED: &str = r#"{"retcode": 105, "header": {"reqid": "x"}}"#;
    // Six requests find out what there is, the seventh logs in, the eighth is the case's.
    const FIRST: [&str; 8] = [GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, REFUSED];
    let info = INFO.replacen(r#""action""#, r#""header": {"reqid": "x"}, "action""#, 1);
    let alone = info.replacen(r#""depends_on": ["v3.auth.login"], "#, "", 1);
    for (lives, code) in [("1us", Some(0)), ("1h", Some(1))] {
        let url = answering_in_turn("200 OK", &FIRST, GOOD);
        let (seen, text) = judged(&[&alone], &[&url, "--token-ttl", lives]);
        assert_eq!(seen, code, "{lives}: {text}");
    }
}

/// Our own emulator with a fault armed: the case that names it turns red, the report says what was armed.
#[test]
fn a_fault_of_our_own_emulator_is_found() {
    let only = ["device", "--only", "v3.event-fetch.default-limit", "--report", "json"];
    let (code, text) = conform(&only);
    assert_eq!(code, Some(0), "{text}");
    let fault = ["--fault", "v3.fetch.default-limit", "--quirk", "v3.token-ttl=5s"];
    let (code, text) = conform(&[&only[..], &fault].concat());
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("told to do wrong: v3.fetch.default-limit"), "{text}");
    assert!(text.contains("v3.token-ttl 5s"), "{text}");
}

#[test]
fn a_fault_or_quirk_that_there_is_not_is_2() {
    for (args, why) in [
        (&["--fault", "v3.no-such"][..], "no fault `v3.no-such`"),
        (&["--fault", "v3.fetch.default-limit={"], "no JSON object"),
        (&["--fault", "v3.fetch.default-limit={\"nope\": 5}"], "nope"),
        (&["--quirk", "v3.no-such=1"], "v3.no-such"),
        (&["--quirk", "v3.token-ttl"], "NAME=VALUE"),
        (&["http://127.0.0.1:9", "--fault", "v3.fetch.default-limit"], "cannot be used with"),
    ] {
        let (code, text) = conform(&[&["device"], args].concat());
        assert_eq!(code, Some(2), "{args:?}: {text}");
        assert!(text.contains(why), "{args:?}: {text}");
    }
}
