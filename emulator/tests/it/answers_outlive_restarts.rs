//! Who tells a device to restart gets the whole answer, though the restart resets every connection of the
//! device.

use std::io::ErrorKind;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Request, Running, SN, bounded};

/// Often enough that a reset which could overtake its answer would, some time.
const TIMES: u64 = 150;

const DIGEST: &str = "9990BC737DD5B17E7A5F01B48B2C08AE";

async fn log_in(running: &Running) -> String {
    let login = json!({"action": "auth-login", "body": {"user": "admin", "passwd": DIGEST}});
    let answer = Request::post(&running.url, "/api/v3.x/auth", &login).send().await.json();
    answer["body"]["token"].as_str().expect("a token").to_owned()
}

/// A connection on which the device was asked to do that, by a caller that keeps connections open.
async fn asked(running: &Running, action: &str, token: &str) -> TcpStream {
    let body = json!({"action": action, "header": {"reqid": "42"}}).to_string();
    let authority = running.url.strip_prefix("http://").expect("a plain URL");
    let mut stream = TcpStream::connect(authority).await.expect("the device listens");
    let request = format!(
        "POST /api/v3.x/device HTTP/1.1\r\nhost: {authority}\r\ntoken: {token}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("it reads");
    stream
}

/// All that comes on a connection, to its orderly end; the body.
async fn answer(mut stream: TcpStream) -> Value {
    let mut bytes = Vec::new();
    let read = bounded("the answer", stream.read_to_end(&mut bytes)).await;
    let text = String::from_utf8(bytes).expect("text");
    read.unwrap_or_else(|error| panic!("{error} after {text:?}"));
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.to_lowercase().contains("connection: close"), "{head}");
    serde_json::from_str(body).expect("a whole body")
}

fn newest(status: &Value) -> u64 {
    status["journal"]["max"].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_one_of_many_reboots_is_answered_whole() {
    let running = Running::quiet();
    for time in 1..=TIMES {
        let token = log_in(&running).await;
        let stream = asked(&running, "device-reboot", &token).await;
        let answer = answer(stream).await;
        assert_eq!(answer, json!({"retcode": 0, "header": {"reqid": "42"}}));
        // R-V3-29: its only trace is one event.
        let status = running.status_when(|status| newest(status) >= time).await;
        assert_eq!(newest(&status), time);
    }
    assert!(running.entries().await.iter().all(|entry| entry["v3"]["event"] == "reset"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_30_every_one_of_many_reboots_over_v1_is_answered_whole() {
    let running = Running::quiet();
    let authority = running.url.strip_prefix("http://").expect("a plain URL");
    for time in 1..=50 {
        let mut stream = TcpStream::connect(authority).await.expect("the device listens");
        // admin:admin
        let request = format!(
            "GET /v1/device/reboot HTTP/1.1\r\nhost: {authority}\r\n\
             authorization: Basic YWRtaW46YWRtaW4=\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("it reads");
        assert_eq!(answer(stream).await, json!({"code": 200, "msg": "OK", "data": null}));
        running.status_when(|status| newest(status) >= time).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_factory_reset_is_answered_whole_and_then_it_happens() {
    let running = Running::quiet();
    for _ in 0..20 {
        running.emit(&json!({"event": "face", "count": 9})).await;
        let token = log_in(&running).await;
        let stream = asked(&running, "device-reset", &token).await;
        assert_eq!(answer(stream).await, json!({"retcode": 0, "header": {"reqid": "42"}}));
        running.status_when(|status| newest(status) == 1).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_takes_its_time_is_waited_for() {
    let running = Running::quiet();
    let token = log_in(&running).await;
    let slow =
        json!({"faults": [{"name": "api.slow-body", "params": {"bytes": 1, "pause": "5ms"}}]});
    let armed = Request::new(http::Method::PUT, &running.control, &format!("/devices/{SN}/faults"))
        .header("content-type", "application/json")
        .body(slow.to_string());
    assert_eq!(armed.send().await.status, 200);
    let stream = asked(&running, "device-reboot", &token).await;
    assert_eq!(answer(stream).await["retcode"], 0);
    running.status_when(|status| newest(status) == 1).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_holds_on_does_not_keep_the_device_up() {
    let running = Running::quiet();
    let token = log_in(&running).await;
    let authority = running.url.strip_prefix("http://").expect("a plain URL");
    let mut idle = TcpStream::connect(authority).await.expect("the device listens");
    let stream = asked(&running, "device-reboot", &token).await;
    running.status_when(|status| newest(status) == 1).await;
    // Another connection is reset, and the answer that nobody has read yet is there all the same.
    let reset = bounded("the reset", idle.read(&mut [0])).await.expect_err("no orderly end");
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
    assert_eq!(answer(stream).await["retcode"], 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_is_gone_does_not_keep_the_device_up() {
    let running = Running::quiet();
    for time in 1..=20 {
        let token = log_in(&running).await;
        let mut stream = asked(&running, "device-reboot", &token).await;
        // Once it is answered it is decided; the caller goes with the answer unread.
        stream.peek(&mut [0]).await.expect("an answer begins");
        drop(stream.shutdown().await);
        drop(stream);
        running.status_when(|status| newest(status) == time).await;
    }
    running.stop().await;
}
