//! `receive --fetch` gets from the device what no report brought, and fails on what it lacks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::{Value, json};

use crate::support::{Receive, report};

/// A v3 device called `d` that has these events, and serves at most 10 a page.
fn device(kept: Vec<u64>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    // Lives as long as the test process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let kept = kept.clone();
            thread::spawn(move || while serve(&stream, &kept).is_some() {});
        }
    });
    url
}

/// One request on a kept connection; nothing once it is closed.
fn serve(stream: &TcpStream, kept: &[u64]) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut path, mut token, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut path).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "token" => token = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let request: Value = serde_json::from_slice(&body).ok()?;
    let answer = answer(path.split(' ').nth(1)?, &token, &request, kept).to_string();
    let length = answer.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    (&*stream).write_all(format!("{head}{answer}").as_bytes()).ok()
}

fn answer(path: &str, token: &str, request: &Value, kept: &[u64]) -> Value {
    let body = &request["body"];
    let digest = "9990BC737DD5B17E7A5F01B48B2C08AE";
    let answered = match (path, request["action"].as_str().unwrap_or_default()) {
        ("/api/v3.x/auth", "auth-login") if body == &json!({"user": "admin", "passwd": digest}) => {
            json!({"token": "T", "timestamp": 1})
        }
        ("/api/v3.x/device", "device-info") => json!({"device-id": "d"}),
        ("/api/v3.x/event", "event-info") if token == "T" => {
            json!({"min": kept.first(), "max": kept.last()})
        }
        ("/api/v3.x/event", "event-fetch") if token == "T" => {
            let from = body["seqnum"].as_u64().unwrap_or(0);
            let limit = body["limit"].as_u64().unwrap_or(10).min(10);
            let page = kept.iter().filter(|seqnum| **seqnum >= from);
            let limit = usize::try_from(limit).unwrap_or(0);
            let events: Vec<Value> = page.take(limit).map(|n| json!({"seqnum": n})).collect();
            json!({"events": events})
        }
        _ => return json!({"retcode": 105, "header": request["header"]}),
    };
    json!({"retcode": 0, "header": request["header"], "body": answered})
}

fn receive(url: &str, args: &[&str], reports: &[(&str, u64)]) -> crate::support::Ended {
    let receive = Receive::start(&[&["--fetch", url], args].concat());
    for (device, seqnum) in reports {
        receive.post(&report(device, *seqnum));
    }
    if !args.contains(&"--expect") {
        receive.signal("TERM");
    }
    receive.end()
}

#[test]
fn what_was_fetched_is_not_missing() {
    let url = device((1..=60).collect());
    let ended = receive(&url, &["--strict"], &[("d", 1), ("d", 40), ("d", 43)]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let counts = json!({"received": 3, "distinct": 43, "duplicates": 0, "out_of_order": 0, "gaps": [], "unparsable": 0});
    assert_eq!(ended.summary(), &counts);
}

#[test]
fn what_is_expected_may_come_by_fetching() {
    let url = device((1..=60).collect());
    let ended = receive(&url, &["--expect", "50"], &[("d", 1), ("d", 50)]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn what_the_device_lacks_is_a_failure() {
    let url = device([1, 2].into_iter().chain(8..=60).collect());
    let ended = receive(&url, &[], &[("d", 1), ("d", 40), ("other", 1)]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_eq!(ended.summary()["gaps"], json!([[3, 7]]));
    assert!(ended.stderr.contains("3 to 7"), "{}", ended.stderr);
}

#[test]
fn another_devices_gap_is_not_filled() {
    let url = device((1..=60).collect());
    let ended = receive(&url, &[], &[("other", 1), ("other", 3)]);
    assert_eq!((ended.code, &ended.summary()["gaps"]), (Some(1), &json!([[2, 2]])));
}

#[test]
fn an_unreachable_device_is_said_when_it_is_needed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    assert_eq!(receive(&url, &[], &[("d", 1), ("d", 2)]).code, Some(0));
    let ended = receive(&url, &[], &[("d", 1), ("d", 3)]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains(&url), "{}", ended.stderr);
}
