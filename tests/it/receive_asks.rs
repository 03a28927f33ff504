//! `receive` takes reports by WebSocket as it takes those over HTTP, and asks the device on the connection
//! that it keeps: judge's side and emulator meet, with nothing but bytes between them.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::{Running, until};
use crate::support::{Receive, post};

/// A device without traffic that reports to the receiver by WebSocket.
fn device(receive: &Receive, quirks: &[&str]) -> Running {
    let to = format!("ws://{}/devices", receive.address);
    let mut args = vec!["--rate", "0", "--report-to", &to, "--quirk", "v3.reconnect=50ms"];
    args.extend(quirks.iter().flat_map(|quirk| ["--quirk", quirk]));
    Running::start(&args)
}

fn emit(device: &Running, count: u32) {
    let control = device.told("control").strip_prefix("http://").expect("plain").to_owned();
    let path = format!("/devices/{}/events", device.told("sn"));
    let wish = json!({"event": "face", "count": count}).to_string();
    let (status, answer) = post(&control, &path, &wish).expect("an answer");
    assert_eq!(status, 200, "{answer}");
}

/// A file with those requests.
fn requests(directory: &TempDir, requests: &[Value]) -> PathBuf {
    let path = directory.path().join("requests.ndjson");
    let mut text = String::new();
    for request in requests {
        writeln!(text, "{request}").expect("a text takes any");
    }
    std::fs::write(&path, text).expect("writable");
    path
}

#[test]
fn reports_by_websocket_are_counted_as_those_over_http_are() {
    let receive = Receive::start(&["--ws", "--strict", "--expect", "200"]);
    let device = device(&receive, &[]);
    emit(&device, 200);
    let ended = receive.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let summary = ended.summary();
    assert_eq!((&summary["distinct"], &summary["gaps"]), (&json!(200), &json!([])));
    let first = &ended.lines[0];
    assert_eq!(
        (&first["api"], &first["kind"], &first["seqnum"]),
        (&json!("v3"), &json!("face"), &json!(1))
    );
}

#[test]
fn each_request_is_sent_once_and_printed_with_its_answer_also_through_a_reboot() {
    let directory = TempDir::new().expect("a directory");
    let file = requests(
        &directory,
        &[
            json!({"action": "device-info", "header": {"reqid": "1"}}),
            json!({"action": "device-reboot", "header": {"reqid": "2"}}),
            // Not before it: a report that waits when a device goes down is lost (R-V3-16).
            json!({"action": "device-opendoor", "header": {"reqid": "3"}, "body": {"type": "open"}}),
            json!({"action": "event-info", "header": {"reqid": "4"}}),
            json!({"action": "open-sesame"}),
        ],
    );
    let receive = Receive::start(&["--request", file.to_str().expect("text"), "--expect", "2"]);
    let _device = device(&receive, &[]);
    let ended = receive.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let answers: Vec<(&Value, &Value)> = ended
        .lines
        .iter()
        .filter(|line| line["request"].is_string())
        .map(|line| (&line["request"], &line["answer"]["retcode"]))
        .collect();
    let names = ["device-info", "device-reboot", "device-opendoor", "event-info", "open-sesame"];
    let expected: Vec<Value> = names.iter().map(|name| json!(name)).collect();
    let retcodes = [0, 0, 0, 0, 111].map(|retcode| json!(retcode));
    assert_eq!(answers, expected.iter().zip(&retcodes).collect::<Vec<_>>());
    let kinds: Vec<&Value> =
        ended.lines.iter().filter(|line| line["api"] == "v3").map(|line| &line["kind"]).collect();
    assert!(kinds.contains(&&json!("remote")) && kinds.contains(&&json!("reset")), "{kinds:?}");
}

#[test]
fn a_request_that_nobody_answers_is_a_failure() {
    let directory = TempDir::new().expect("a directory");
    let file = requests(&directory, &[json!({"action": "open-sesame"})]);
    let save = directory.path().join("messages.ndjson");
    let (file, saved) = (file.to_str().expect("text"), save.to_str().expect("text"));
    let receive = Receive::start(&["--request", file, "--save", saved]);
    let device = device(&receive, &["v3.unknown-action=hang"]);
    emit(&device, 1);
    until(|| std::fs::read_to_string(&save).is_ok_and(|text| text.contains("event-report")));
    receive.signal("TERM");
    let ended = receive.end();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("not answered"), "{}", ended.stderr);
}

#[test]
fn requests_that_cannot_be_read_are_refused_before_anything_listens() {
    let directory = TempDir::new().expect("a directory");
    let none = requests(&directory, &[]);
    for path in [none.to_str().expect("text"), "/nowhere/requests.ndjson"] {
        let output =
            crate::support::vestibule(&["receive", "--listen", "127.0.0.1:0", "--request", path])
                .output()
                .expect("the command runs");
        assert_eq!(output.status.code(), Some(2), "{path}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--request"), "{path}");
    }
}

#[test]
fn what_is_no_websocket_is_told_so() {
    let receive = Receive::start(&[]);
    let answer = {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(&receive.address).expect("it listens");
        stream
            .write_all(
                b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nupgrade: websocket\r\n\r\n",
            )
            .expect("open");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
    };
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
