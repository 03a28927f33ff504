//! The v1 live feed carries what happens from now on to three at most, and ends with the device's network, its
//! restarts and the patience for who does not listen (R-V1-31).

use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{Request, Running, SN, bounded};

const PATH: &str = "/v1/event";
/// admin:admin
const BASIC: &str = "Basic YWRtaW46YWRtaW4=";

type Socket = WebSocketStream<TcpStream>;

/// A watcher; the HTTP status of the answer where it is not let in.
async fn watch(device: &Running) -> Result<Socket, u16> {
    let authority = device.url.strip_prefix("http://").expect("a plain URL");
    let mut request = format!("ws://{authority}{PATH}").into_client_request().expect("a URL");
    request.headers_mut().insert("authorization", HeaderValue::from_static(BASIC));
    let stream = TcpStream::connect(authority).await.expect("the device listens");
    match bounded("the handshake", Box::pin(client_async(request, stream))).await {
        Ok((socket, answer)) => {
            assert_eq!(answer.headers()["sn"], SN);
            Ok(socket)
        }
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(other) => panic!("neither a socket nor an answer: {other}"),
    }
}

/// The next message that is one.
async fn next(socket: &mut Socket) -> Value {
    match bounded("a message", socket.next()).await {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("no message: {other:?}"),
    }
}

/// How it ends: the code of the close, if it is closed and not cut.
async fn end(socket: &mut Socket) -> Option<CloseCode> {
    let ending = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    };
    bounded("the end", ending).await
}

/// Waits until there is a place.
async fn until_let_in(device: &Running) -> Socket {
    let asking = async {
        loop {
            match watch(device).await {
                Ok(socket) => return socket,
                Err(status) => assert_eq!(status, 503),
            }
        }
    };
    bounded("a place", asking).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_31_it_carries_recognitions_from_now_on() {
    let device = Running::quiet();
    device.emit(&json!({"event": "face", "count": 3})).await;
    let (mut one, mut other) =
        (watch(&device).await.expect("a place"), watch(&device).await.expect("a place"));
    let mut uuids = Vec::new();
    for wish in [
        json!({"event": "face", "person": "any"}),
        json!({"event": "alarm", "code": 10001, "status": 1}),
        json!({"event": "door", "state": 1}),
        json!({"event": "card"}),
        json!({"event": "push", "state": 1}),
        json!({"event": "pin"}),
    ] {
        let emitted = device.emit(&wish).await[0].clone();
        uuids.extend(emitted["uuid"].as_str().map(str::to_owned));
    }
    assert_eq!(uuids.len(), 4, "a face, a card, a button and a PIN");
    for socket in [&mut one, &mut other] {
        for uuid in &uuids {
            let message = next(socket).await;
            assert_eq!((&message["type"], &message["data"]["uuid"]), (&json!(0), &json!(uuid)));
        }
    }
    let shown = device.entries().await;
    let last = shown.iter().rev().find(|entry| entry["v1"][0]["data"]["uuid"] == json!(uuids[2]));
    let push = last.expect("it is kept")["v1"][0].clone();
    device.emit(&json!({"event": "push", "state": 1})).await;
    let message = next(&mut one).await;
    let names = |value: &Value| {
        value["data"].as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(&message), names(&push), "it has the fields of a push");
    device.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_31_three_watch_and_a_fourth_is_told_so() {
    let device = Running::quiet();
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(watch(&device).await.expect("a place"));
    }
    assert_eq!(watch(&device).await.err(), Some(503));
    let refused = Request::get(&device.url, PATH)
        .header("authorization", BASIC)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let refused = refused.send().await;
    assert_eq!((refused.status, &refused.json()["code"]), (503, &json!(503)));
    assert!(refused.json()["msg"].as_str().is_some_and(|why| why.contains("three")));
    // A place is free again however its holder went: with a close, or without a word.
    sockets.pop().expect("three").close(None).await.expect("open");
    sockets.push(until_let_in(&device).await);
    drop(sockets.pop());
    let mut last = until_let_in(&device).await;
    let emitted = device.emit(&json!({"event": "face"})).await[0].clone();
    assert_eq!(next(&mut last).await["data"]["uuid"], emitted["uuid"]);
    device.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_31_what_is_no_handshake_is_answered() {
    let device = Running::quiet();
    let plain = || Request::get(&device.url, PATH).header("authorization", BASIC);
    let upgrade = || {
        plain()
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    for (what, request) in [
        ("plain", plain()),
        ("no connection", upgrade().without("connection")),
        ("another protocol", upgrade().header("upgrade", "h2c")),
        ("an old version", upgrade().header("sec-websocket-version", "8")),
        ("no key", upgrade().without("sec-websocket-key")),
        ("a bad key", upgrade().header("sec-websocket-key", "short")),
    ] {
        let reply = request.send().await;
        assert_eq!((reply.status, &reply.json()["code"]), (426, &json!(426)), "{what}");
        assert_eq!(reply.header("upgrade"), Some("websocket"), "{what}");
        assert_eq!(reply.header("sn"), Some(SN), "{what}");
    }
    let stranger = upgrade().without("authorization").send().await;
    assert_eq!((stranger.status, &stranger.json()["code"]), (401, &json!(401)));
    for method in [http::Method::POST, http::Method::DELETE] {
        let reply = Request::new(method, &device.url, PATH).send().await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET")));
    }
    device.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_31_it_is_cut_with_the_network_and_by_a_restart() {
    let device = Running::quiet();
    let mut socket = watch(&device).await.expect("a place");
    device.tell("restart", &json!({})).await;
    assert_eq!(end(&mut socket).await, None, "cut, and not closed");
    let mut socket = until_let_in(&device).await;
    device.tell("network", &json!({"state": "offline"})).await;
    assert_eq!(end(&mut socket).await, None);
    device.tell("network", &json!({"state": "online"})).await;
    let mut socket = until_let_in(&device).await;
    let emitted = device.emit(&json!({"event": "face"})).await[0].clone();
    assert_eq!(next(&mut socket).await["data"]["uuid"], emitted["uuid"], "from then on alone");
    device.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_31_who_does_not_listen_is_let_go() {
    let device = Running::quiet();
    let silent = [watch(&device).await.expect("a place"), watch(&device).await.expect("a place")];
    let mut deaf = watch(&device).await.expect("a place");
    let flooding = async {
        loop {
            device.emit(&json!({"event": "face", "count": 20_000})).await;
            if watch(&device).await.is_ok() {
                return;
            }
        }
    };
    bounded("a place", flooding).await;
    let code = end(&mut deaf).await;
    assert!(matches!(code, None | Some(CloseCode::Again)), "{code:?}");
    drop(silent);
    device.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_31_whatever_a_watcher_says_does_not_matter() {
    let device = Running::quiet();
    let mut socket = watch(&device).await.expect("a place");
    for message in
        [Message::text("{}"), Message::binary(vec![0; 4000]), Message::Ping(vec![7].into())]
    {
        socket.send(message).await.expect("open");
    }
    assert!(matches!(bounded("a pong", socket.next()).await, Some(Ok(Message::Pong(_)))));
    let emitted = device.emit(&json!({"event": "face"})).await[0].clone();
    assert_eq!(next(&mut socket).await["data"]["uuid"], emitted["uuid"]);
    // More than a device reads at once is more than it bears.
    socket.send(Message::binary(vec![0; 100_000])).await.ok();
    end(&mut socket).await;
    until_let_in(&device).await;
    device.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_31_it_is_closed_when_the_emulator_stops() {
    let device = Running::quiet();
    let mut socket = watch(&device).await.expect("a place");
    let (code, ()) = tokio::join!(end(&mut socket), device.stop());
    assert_eq!(code, Some(CloseCode::Away));
}
