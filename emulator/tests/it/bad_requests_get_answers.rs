//! Whatever comes in, there is an answer in the right API's form, within bounds of size and time, and the
//! next good request is served (R-V3-03, R-V3-07, R-V1-02).

use std::time::Duration;

use serde_json::Value;

use crate::bench_device::{Bench, Client, Reading, Wanted, request};

const V1: &str = "/v1/event/subscribe";
const V3: &str = "/api/v3.x/event";
const MIB: usize = 1024 * 1024;

/// Whose form an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    V1,
    V3,
}

/// Checks an answer's status and form.
fn check(reading: &Reading, status: u16, form: Form, what: &str) {
    assert_eq!(reading.status, status, "{what}: {reading:?}");
    assert_eq!(reading.header("content-type"), Some("application/json"), "{what}");
    let json = reading.json();
    match form {
        Form::V3 => {
            let retcode = json["retcode"].as_i64().expect("an integer");
            assert_ne!(retcode, 0, "{what}: {json}");
        }
        Form::V1 => {
            assert_eq!(json["code"], status, "{what}: {json}");
            assert!(json["msg"].is_string() && json["data"] == Value::Null, "{what}: {json}");
            assert_eq!(reading.header("sn"), Some("VSB0000001"), "{what}");
        }
    }
}

/// One request from a caller that writes all of it before it reads: a reset meanwhile would be all it sees.
async fn write_then_read(device: &Bench, bytes: &[u8], what: &str) -> Reading {
    let mut client = device.connect().await;
    assert!(client.try_send(bytes).await, "{what}: reset while it was writing");
    client.answer().await.expect("an answer")
}

/// The device still serves both APIs.
async fn still_serves(device: &Bench) {
    let get = device.ask("GET", V1, "", "").await;
    assert_eq!((get.status, &get.json()["code"]), (200, &Value::from(200)));
    let token = device.log_in().await;
    let info = device.event_call(&token, r#"{"action":"event-info"}"#).await;
    assert_eq!(info["retcode"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_paths_and_methods() {
    let device = Wanted::quiet().start();
    let rows = [
        ("GET", "/", 404, Form::V1),
        ("POST", "/v1/event", 405, Form::V1),
        ("GET", "/v1/event/subscribe/", 404, Form::V1),
        ("GET", "/api", 404, Form::V1),
        ("GET", "/v1/auth/login", 405, Form::V1),
        ("POST", "/v1/auth/errors", 405, Form::V1),
        ("GET", "/v1/auth", 404, Form::V1),
        ("GET", "/v2/nothing", 404, Form::V1),
        ("GET", "/api/", 404, Form::V3),
        ("POST", "/api/v3.x/nothing", 404, Form::V3),
        ("POST", "/api/v3.x/event/", 404, Form::V3),
        ("POST", "/api/v3.y/event", 404, Form::V3),
        ("GET", V3, 405, Form::V3),
        ("PUT", V3, 405, Form::V3),
        ("OPTIONS", V3, 405, Form::V3),
        ("PUT", V1, 405, Form::V1),
        ("DELETE", V1, 405, Form::V1),
        ("OPTIONS", V1, 405, Form::V1),
        ("OPTIONS", "*", 404, Form::V1),
        ("BREW", V1, 405, Form::V1),
        ("GET", "http://elsewhere/v1/nothing", 404, Form::V1),
    ];
    for (method, path, status, form) in rows {
        let what = format!("{method} {path}");
        let reading = device.ask(method, path, "", "").await;
        check(&reading, status, form, &what);
        assert_eq!(status == 405, reading.header("allow").is_some(), "{what}");
    }
    still_serves(&device).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_request_has_no_body() {
    let device = Wanted::quiet().start();
    for path in [V1, V3] {
        let mut client = device.connect().await;
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: device\r\n\r\n").as_bytes()).await;
        let reading = client.head().await.expect("an answer");
        assert_eq!(reading.status, 405);
        client.send(&request("GET", V1, "", "")).await;
        assert_eq!(client.answer().await.expect("no body came in between").status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_over_a_mebibyte() {
    let device = Wanted::quiet().start();
    for (path, form) in [(V1, Form::V1), (V3, Form::V3)] {
        for (size, fits) in [(MIB, true), (MIB + 1, false), (12 * MIB, false)] {
            let body = " ".repeat(size);
            let what = format!("{path} {size} by length");
            let reading = write_then_read(&device, &request("POST", path, "", &body), &what).await;
            check_size(&reading, fits, form, &what);
            let what = format!("{path} {size} in chunks");
            let reading = write_then_read(&device, &chunked(path, &body), &what).await;
            check_size(&reading, fits, form, &what);
        }
    }
    still_serves(&device).await;
}

fn check_size(reading: &Reading, fits: bool, form: Form, what: &str) {
    match (fits, form) {
        (false, _) => check(reading, 413, form, what),
        // Spaces alone are no JSON.
        (true, Form::V1) => check(reading, 400, form, what),
        (true, Form::V3) => check(reading, 200, form, what),
    }
}

fn chunked(path: &str, body: &str) -> Vec<u8> {
    let mut bytes =
        format!("POST {path} HTTP/1.1\r\nHost: device\r\nTransfer-Encoding: chunked\r\n\r\n");
    for chunk in body.as_bytes().chunks(10_000) {
        let text = std::str::from_utf8(chunk).expect("ASCII");
        bytes.push_str(&format!("{:x}\r\n{text}\r\n", chunk.len()));
    }
    bytes.push_str("0\r\n\r\n");
    bytes.into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_to_nowhere_is_answered() {
    let device = Wanted::quiet().start();
    let body = " ".repeat(12 * MIB);
    for (method, path, status, form) in [
        ("POST", "/nowhere", 404, Form::V1),
        ("PUT", V3, 405, Form::V3),
        ("PUT", V1, 405, Form::V1),
    ] {
        let reading = write_then_read(&device, &request(method, path, "", &body), path).await;
        check(&reading, status, form, path);
    }
    still_serves(&device).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_no_requests() {
    let device = Wanted::quiet().start();
    let token = format!("token: {}\r\n", device.log_in().await);
    let deep = "[".repeat(100_000);
    let deep_field = format!(r#"{{"action":"event-info","header":{{"reqid":{deep}"#);
    let deep_body =
        format!(r#"{{"action":"event-fetch","body":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let bodies: [&[u8]; 12] = [
        b"",
        b"null",
        b"[]",
        b"\"event-info\"",
        b"{\"action\":\"event-info\"",
        b"{\"action\":\"event-info\",\"action\":\"event-info\"}",
        b"{\"event_dest\":\"http://a/\",\"event_dest\":\"http://b/\"}",
        b"{\"action\":\"\xff\xfe\"}",
        b"\xff\xfe{\x00",
        deep.as_bytes(),
        deep_field.as_bytes(),
        deep_body.as_bytes(),
    ];
    for body in bodies {
        let what = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        for (path, status, form) in [(V1, 400, Form::V1), (V3, 200, Form::V3)] {
            let mut client = device.connect().await;
            let mut bytes = request("POST", path, &token, "");
            let empty = b"Content-Length: 0\r\n\r\n";
            bytes.truncate(bytes.len() - empty.len());
            bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
            bytes.extend_from_slice(body);
            client.send(&bytes).await;
            let reading = client.answer().await.expect("an answer");
            check(&reading, status, form, &what);
            client.send(&request("GET", V1, "", "")).await;
            assert_eq!(client.answer().await.expect("the connection lives on").status, 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_content_type_does_not_matter() {
    let device = Wanted::quiet().start();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json;charset=gbk"]
    {
        let header = format!("Content-Type: {kind}\r\n");
        let body = r#"{"event_dest":"http://127.0.0.1:9/Record","enabled":false}"#;
        assert_eq!(device.ask("POST", V1, &header, body).await.status, 200, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http_is_refused() {
    let device = Wanted::quiet().start();
    let long_head = format!("GET /v1/x HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(64 * 1024));
    let many_headers = format!("GET /v1/x HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(500));
    let long_path = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(70_000));
    let rows: [(&[u8], &[u16]); 7] = [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting\r\n\r\n", &[400]),
        (b"hello\r\n\r\n", &[400]),
        (b"GET /v1/event/subscribe HTTP/9.9\r\n\r\n", &[400]),
        (b"GET /v1/x HTTP/1.1\r\nContent-Length: many\r\n\r\n", &[400]),
        (long_head.as_bytes(), &[431]),
        (many_headers.as_bytes(), &[431]),
        (long_path.as_bytes(), &[414, 431]),
    ];
    for (bytes, statuses) in rows {
        let what = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        let mut client = device.connect().await;
        client.send(bytes).await;
        let reading = client.answer().await.unwrap_or_else(|| panic!("an answer to {what}"));
        assert!(statuses.contains(&reading.status), "{what}: {reading:?}");
        client.end().await.unwrap_or_else(|error| panic!("closed, not reset: {what}: {error}"));
    }
    still_serves(&device).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_1_0_and_a_half_closed_connection() {
    let device = Wanted::quiet().start();
    let mut client = device.connect().await;
    client.send(format!("GET {V1} HTTP/1.0\r\n\r\n").as_bytes()).await;
    assert_eq!(client.answer().await.expect("an answer").status, 200);
    client.end().await.expect("closed");

    let mut client = device.connect().await;
    client.send(&request("GET", V1, "", "")).await;
    client.close_sending().await;
    assert_eq!(client.answer().await.expect("an answer").status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_after_100_continue() {
    let device = Wanted::quiet().start();
    let body = r#"{"event_dest":"http://127.0.0.1:9/Record","enabled":false}"#;
    let mut client = device.connect().await;
    let mut bytes = request("POST", V1, "Expect: 100-continue\r\n", body);
    let body = bytes.split_off(bytes.len() - body.len());
    client.send(&bytes).await;
    assert_eq!(client.answer().await.expect("go on").status, 100);
    client.send(&body).await;
    assert_eq!(client.answer().await.expect("an answer").status, 200);
    let mut client = device.connect().await;
    let head = format!(
        "POST {V1} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        9 * MIB
    );
    client.send(head.as_bytes()).await;
    check(&client.answer().await.expect("an answer"), 413, Form::V1, "not even asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelined_requests_are_answered_in_order() {
    let device = Wanted::quiet().start();
    let mut client = device.connect().await;
    let mut bytes = Vec::new();
    for number in 0..200 {
        let body = format!(r#"{{"action":"device-info","header":{{"reqid":"{number}"}}}}"#);
        bytes.extend(request("POST", "/api/v3.x/device", "", &body));
    }
    client.send(&bytes).await;
    for number in 0..200 {
        let json = client.answer().await.expect("an answer").json();
        assert_eq!(json["header"]["reqid"], number.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_connections_at_once() {
    let device = Wanted::quiet().start();
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..300 {
        clients.push(device.connect().await);
    }
    for client in &mut clients {
        client.send(&request("GET", V1, "Connection: close\r\n", "")).await;
    }
    for mut client in clients {
        assert_eq!(client.answer().await.expect("an answer").status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_and_never_reads_is_let_go() {
    let device = Wanted::quiet().start();
    device.emit(1000);
    let token = format!("token: {}\r\n", device.log_in().await);
    let fetch = r#"{"action":"event-fetch","body":{"limit":1000}}"#;
    let page = request("POST", V3, &token, fetch);
    let began = device.clock.mono();
    let mut client = device.connect().await;
    // The device stops taking requests when its answers are not taken, and then gives up.
    while client.try_send(&page).await {}
    let took = device.clock.mono().since(began);
    assert!(took < Duration::from_secs(25), "{took:?}");
    still_serves(&device).await;
}

/// The one test that waits for the real limit of 10 s: a knob for it would be one that no device has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_and_half_sent_requests_end_after_ten_seconds() {
    let device = Wanted::quiet().start();
    let began = device.clock.mono();
    let mut no_head = device.connect().await;
    let mut half_head = device.connect().await;
    half_head.send(b"POST /api/v3.x/event HTTP/1.1\r\nHost: dev").await;
    let mut half_body = device.connect().await;
    half_body.send(b"POST /api/v3.x/event HTTP/1.1\r\nContent-Length: 100\r\n\r\n{").await;
    let mut half_v1 = device.connect().await;
    half_v1.send(b"POST /v1/event/subscribe HTTP/1.1\r\nContent-Length: 100\r\n\r\n{").await;
    let mut idle = device.connect().await;
    idle.send(&request("GET", V1, "", "")).await;
    assert_eq!(idle.answer().await.expect("an answer").status, 200);

    check(&half_body.answer().await.expect("an answer"), 408, Form::V3, "half a body");
    check(&half_v1.answer().await.expect("an answer"), 408, Form::V1, "half a body");
    for (what, client) in [("no head", &mut no_head), ("half a head", &mut half_head)] {
        client.end().await.unwrap_or_else(|error| panic!("{what} is closed: {error}"));
    }
    idle.end().await.expect("an idle connection is closed, too");
    let took = device.clock.mono().since(began);
    assert!(took >= Duration::from_millis(9900) && took < Duration::from_secs(20), "{took:?}");
    still_serves(&device).await;
}
