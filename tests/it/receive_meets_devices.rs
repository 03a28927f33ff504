//! `receive` meets devices at a broker and within TLS as it does on its plain port: judge's side, emulator and
//! a real broker, with nothing but bytes between them.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mosquitto::Mosquitto;
use crate::running::{Running, until};
use crate::support::{Ended, Receive, post, vestibule};

/// A device without traffic. It dials again after the platform does, which it would else ask before that is back.
fn device(args: &[&str]) -> Running {
    Running::start(&[&["--rate", "0", "--quirk", "v3.reconnect=3s"], args].concat())
}

fn emit(device: &Running, count: u32) {
    let control = device.told("control").strip_prefix("http://").expect("plain").to_owned();
    let path = format!("/devices/{}/events", device.told("sn"));
    let wish = json!({"event": "face", "count": count}).to_string();
    let (status, answer) = post(&control, &path, &wish).expect("an answer");
    assert_eq!(status, 200, "{answer}");
}

/// Whether its reports leave; where they go through a broker, once it was let in.
fn until_let_in(device: &Running) {
    until(|| {
        let url = device.told("control");
        let args = ["ctl", "--control", url, "status", "--json"];
        let output = vestibule(&args).output().expect("the command runs");
        let status: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        status["devices"][0]["report_line"] == "open"
    });
}

/// A file with a request for each action.
fn requests(directory: &TempDir, actions: &[&str]) -> PathBuf {
    let path = directory.path().join("requests.ndjson");
    let mut text = String::new();
    for (reqid, action) in actions.iter().enumerate() {
        let header = json!({"reqid": reqid.to_string()});
        writeln!(text, "{}", json!({"action": action, "header": header})).expect("a text");
    }
    std::fs::write(&path, text).expect("writable");
    path
}

/// The actions that were asked for and the `retcode` of each answer.
fn told(ended: &Ended) -> Vec<(&str, i64)> {
    let told = ended.lines.iter().filter_map(|line| line["request"].as_str().zip(Some(line)));
    told.map(|(action, line)| (action, line["answer"]["retcode"].as_i64().unwrap_or(-1))).collect()
}

#[test]
fn a_device_at_a_broker_is_let_in_counted_and_asked_also_through_a_reboot() {
    let broker = Mosquitto::start();
    let url = format!("mqtt://{}", broker.address);
    let directory = TempDir::new().expect("a directory");
    let asked = ["device-info", "event-info", "device-reboot", "event-info", "open-sesame"];
    let file = requests(&directory, &asked);
    let file = file.to_str().expect("text");
    let receive =
        Receive::start(&["--mqtt", &url, "--request", file, "--expect", "21", "--strict"]);
    assert_eq!(receive.ready["mqtt"], format!("{url}/"));
    let device = device(&["--report-to", &url]);
    until_let_in(&device);
    emit(&device, 20);
    let ended = receive.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let expected = asked.map(|action| (action, if action == "open-sesame" { 111 } else { 0 }));
    assert_eq!(told(&ended), expected);
    let summary = ended.summary();
    assert_eq!((&summary["received"], &summary["unparsable"]), (&json!(21), &json!(0)));
}

#[test]
fn who_was_let_in_by_another_platform_is_asked_without_being_let_in_again() {
    let broker = Mosquitto::start();
    let url = format!("mqtt://{}/?topic_pub=up&topic_sub=down", broker.address);
    let first = Receive::start(&["--mqtt", &url]);
    let device = device(&["--report-to", &url]);
    until_let_in(&device);
    first.signal("TERM");
    assert_eq!(first.end().code, Some(4), "it only let a device in");
    let directory = TempDir::new().expect("a directory");
    let file = requests(&directory, &["event-info"]);
    let file = file.to_str().expect("text");
    // The device is heard first when it says `ping`, which it does every ten seconds.
    let second = Receive::start(&["--mqtt", &url, "--request", file, "--timeout", "60s"]);
    let ended = second.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(told(&ended), [("event-info", 0)]);
}

#[test]
fn a_broker_that_comes_back_is_joined_again() {
    let mut broker = Mosquitto::start();
    let url = format!("mqtt://{}", broker.address);
    let mut receive = Receive::start(&["--mqtt", &url, "--expect", "2", "--timeout", "60s"]);
    let device = device(&["--report-to", &url]);
    until_let_in(&device);
    emit(&device, 1);
    broker.restart();
    until(|| {
        emit(&device, 1);
        receive.has_ended()
    });
    let ended = receive.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("the connection to the broker ended"), "{}", ended.stderr);
}

#[test]
fn over_tls_and_with_an_account() {
    let broker = Mosquitto::with_tls_and_account();
    let certificate = broker.certificate();
    let certificate = certificate.to_str().expect("text");
    let url = format!("mqtts://door:s3cret@{}/", broker.address);
    let receive = Receive::start(&["--mqtt", &url, "--mqtt-ca", certificate, "--expect", "1"]);
    let device = device(&["--report-to", &url, "--push-ca", certificate]);
    until_let_in(&device);
    emit(&device, 1);
    let ended = receive.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);

    let refused = |url: String, ca: &[&str], code, why: &str| {
        let args = [&["receive", "--listen", "127.0.0.1:0", "--mqtt", &url], ca].concat();
        let output = vestibule(&args).output().expect("the command runs");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(why) && !stderr.contains("wrong"), "{stderr}");
    };
    let ca = ["--mqtt-ca", certificate];
    let address = broker.address;
    refused(format!("mqtts://door:wrong@{address}/"), &ca, 3, "refused the connection");
    refused(format!("mqtts://door:s3cret@{address}/"), &[], 3, "cannot speak TLS");
    refused(format!("mqtt://{address}/up"), &[], 2, "a broker has no paths");
    drop(broker);
    refused(format!("mqtt://{address}/"), &[], 3, "cannot connect");
}

#[test]
fn by_websocket_and_push_within_tls() {
    let directory = TempDir::new().expect("a directory");
    let authority = directory.path().join("platform.pem");
    let (ca, file) = (authority.to_str().expect("text"), requests(&directory, &["event-info"]));
    let args = ["--tls", "--ca-out", ca, "--ws", "--request", file.to_str().expect("text")];
    let receive = Receive::start(&[&args[..], &["--expect", "2"]].concat());
    assert_eq!(receive.ready["url"], format!("https://{}", receive.address));
    assert_eq!(receive.ready["ws"], format!("wss://{}", receive.address));
    let reports = format!("wss://{}/", receive.address);
    let pushes = format!("https://{}/Record", receive.address);
    let device = device(&["--report-to", &reports, "--push-to", &pushes, "--push-ca", ca]);
    until_let_in(&device);
    emit(&device, 1);
    let ended = receive.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(told(&ended), [("event-info", 0)]);
}

#[test]
fn certificates_that_cannot_be_used_are_refused_before_anything_listens() {
    let none = "/nowhere/platform.pem";
    for (args, why) in [
        (vec!["--tls", "--tls-cert", none, "--tls-key", none], "--tls-cert"),
        (vec!["--tls", "--ca-out", none], "--ca-out"),
        (vec!["--mqtt", "mqtts://127.0.0.1/", "--mqtt-ca", none], "--mqtt-ca"),
    ] {
        let args = [vec!["receive", "--listen", "127.0.0.1:0"], args].concat();
        let output = vestibule(&args).output().expect("the command runs");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(why), "{args:?}");
    }
}
