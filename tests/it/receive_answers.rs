//! `receive` answers as it was told, and what it answered it counted.

use std::io::ErrorKind;

use crate::support::{Receive, exchange, record, report, vestibule};

fn answers(args: &[&str], bodies: &[String]) -> Vec<Option<(u16, String)>> {
    let receive = Receive::start(args);
    bodies.iter().map(|body| receive.post(body)).collect()
}

#[test]
fn ok_is_the_documented_answer() {
    let answers = answers(&[], &[record("u", 1), report("d", 1)]);
    let push = r#"{"code":200,"msg":"success","message":"success","data":{}}"#;
    let report = r#"{"retcode":0,"header":{"reqid":"r1"}}"#;
    assert_eq!(answers, [Some((200, push.to_owned())), Some((200, report.to_owned()))]);
}

#[test]
fn the_first_ones_fail() {
    let bodies = [record("u", 1), record("u", 1), record("u", 1)];
    let status = |args: &[&str]| {
        answers(args, &bodies).into_iter().map(|answer| answer.map(|(s, _)| s)).collect::<Vec<_>>()
    };
    assert_eq!(status(&["--fail-first", "2"]), [Some(500), Some(500), Some(200)]);
    assert_eq!(status(&["--fail-first", "1", "--answer", "reset"]), [None, Some(200), Some(200)]);
    assert_eq!(status(&["--answer", "http=503"]), [Some(503); 3]);
}

#[test]
fn a_hanging_answer_is_counted_and_ends_with_the_run() {
    let receive = Receive::start(&["--answer", "hang", "--expect", "1"]);
    assert_eq!(receive.post(&record("u", 1)), None);
    let ended = receive.end();
    assert_eq!((ended.code, &ended.summary()["distinct"]), (Some(0), &1.into()));
}

#[test]
fn empty_and_garbage_come_with_status_200() {
    for (answer, body) in [("empty", ""), ("garbage", "<<< this is not JSON >>>")] {
        let answers = answers(&["--answer", answer], &[record("u", 1)]);
        assert_eq!(answers, [Some((200, body.to_owned()))]);
    }
}

#[test]
fn a_reset_is_a_reset_and_no_farewell() {
    let receive = Receive::start(&["--answer", "reset"]);
    let error = exchange(&receive.address, "/", &record("u", 1)).expect_err("no answer");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn what_cannot_be_meant_is_refused_with_an_example() {
    for (args, says) in [
        (["--expect", "0"], "1 or more, like 100"),
        (["--expect", "x"], "1 or more, like 100"),
        (["--timeout", "x"], "like 10s, 5m or 2h"),
        (["--timeout", "10"], "like 10s, 5m or 2h"),
        (["--expect", "-1"], "1 or more, like 100"),
        (["--timeout", "-1"], "like 10s, 5m or 2h"),
        (["--fail-first", "-1"], "0 or more, like 20"),
        (["--fail-first", "x"], "0 or more, like 20"),
    ] {
        let output = vestibule(&["receive"]).args(args).output().expect("the command runs");
        let said = String::from_utf8(output.stderr).expect("stderr is text");
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(says), "{args:?}: {said}");
    }
}
