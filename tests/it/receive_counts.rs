//! `receive` counts what came, says which message is wrong, and ends with the code of its counts.

use serde_json::{Value, json};

use crate::support::{Receive, record, report, vestibule};

#[test]
fn every_message_has_a_line_and_the_last_line_counts() {
    let receive = Receive::start(&["--expect", "6"]);
    let alarm =
        r#"{"type":1,"data":{"trace_id":"T","code":10001,"event_time":1684381433398,"status":1,}}"#;
    for body in [
        record("u1", 1_685_343_715),
        record("u1", 1_685_343_715),
        record("u2", 1_685_343_714),
        alarm.to_owned(),
        report("d", 1),
        "nonsense".to_owned(),
        report("d", 4),
        report("d", 3),
    ] {
        receive.post(&body).expect("each message is answered");
    }
    let ended = receive.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    insta::assert_json_snapshot!(ended.lines);
    for private in ["Wang", "12345", "9876"] {
        assert!(!format!("{:?}{}", ended.lines, ended.stderr).contains(private));
    }
    for word in ["duplicate: push of SN1, uuid u1", "out of order: push of SN1, uuid u2"] {
        assert!(ended.stderr.contains(word), "{}", ended.stderr);
    }
}

#[test]
fn strict_fails_on_each_kind_of_fault_and_on_no_other() {
    let duplicate = [record("u1", 1), record("u1", 1)];
    let disorder = [record("u1", 2), record("u2", 1)];
    let gap = [report("d", 1), report("d", 3)];
    let equal_stamps = [record("u1", 1), record("u2", 1)];
    for (bodies, code, why) in [
        (duplicate, 1, "1 duplicate"),
        (disorder, 1, "1 out of order"),
        (gap, 1, "missing 2"),
        (equal_stamps, 0, ""),
    ] {
        let receive = Receive::start(&["--strict"]);
        for body in bodies {
            receive.post(&body);
        }
        receive.signal("TERM");
        let ended = receive.end();
        assert_eq!(ended.code, Some(code), "{why}: {}", ended.stderr);
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
    }
}

#[test]
fn gaps_and_duplicates_are_no_failure_by_themselves() {
    let receive = Receive::start(&[]);
    for seqnum in [1, 5, 5] {
        receive.post(&report("d", seqnum));
    }
    receive.signal("INT");
    let ended = receive.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.summary()["gaps"], json!([[2, 4]]));
}

#[test]
fn nothing_is_never_green() {
    let receive = Receive::start(&["--timeout", "1ms"]);
    let ended = receive.end();
    assert_eq!(ended.code, Some(4));
    let none = json!({"received": 0, "distinct": 0, "duplicates": 0, "out_of_order": 0, "gaps": [], "unparsable": 0});
    assert_eq!(ended.summary(), &none);
    assert!(ended.stderr.contains("nothing came"), "{}", ended.stderr);
}

#[test]
fn fewer_than_expected_is_a_failure() {
    let receive = Receive::start(&["--expect", "2"]);
    receive.post(&record("u1", 1));
    receive.post(&record("u1", 1));
    receive.signal("TERM");
    let ended = receive.end();
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("1 of 2 distinct messages came"), "{}", ended.stderr);
}

#[test]
fn the_ready_file_and_the_saved_messages_are_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let ready = directory.path().join("ready");
    let saved = directory.path().join("saved.ndjson");
    let [ready_arg, saved_arg] = [&ready, &saved].map(|path| path.to_str().expect("text"));
    let args = ["--expect", "1", "--ready-file", ready_arg, "--save", saved_arg];
    let receive = Receive::start(&args);
    let body = record("u1", 1);
    // The file comes after the first line; a message is only taken after both.
    receive.post(&body);
    let url = format!("http://{}", receive.address);
    assert_eq!(receive.end().code, Some(0));
    let ready = std::fs::read_to_string(ready).expect("the ready file is there");
    assert_eq!(ready, format!("{}\n", json!({"url": url})));
    let saved = std::fs::read_to_string(saved).expect("the file is there");
    let saved: Value = serde_json::from_str(&saved).expect("one JSON line");
    assert_eq!((&saved["body"], &saved["path"]), (&json!(body), &json!("/Record")));
}

#[test]
fn a_taken_port_and_bad_flags_say_what_to_try() {
    let receive = Receive::start(&[]);
    for (args, code, hint) in [
        (vec!["receive", "--listen", &receive.address], 3, "--listen"),
        (vec!["receive", "--listen", "nowhere"], 2, "HOST:PORT"),
        (vec!["receive", "--answer", "maybe"], 2, "garbage"),
        (vec!["receive", "--expect", "0"], 2, "--expect"),
        (vec!["receive", "--fetch", "https://device"], 2, "http://"),
        (vec![], 2, "Usage"),
    ] {
        let output = vestibule(&args).output().expect("the command runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(hint), "{args:?}: {stderr}");
    }
}
