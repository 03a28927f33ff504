//! R-V3-18: a device whose reports leave by WebSocket keeps one connection to its platform, reports on it,
//! and answers on it what the platform asks. The platform is another's server, on a real socket.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_async};
use vestibule_core::calls::control::Command;
use vestibule_core::delivery::line::Standing;
use vestibule_core::faults::FaultSet;

use crate::bench_device::{Bench, PATIENCE, Wanted};
use crate::platform::{Certificate, TlsVersions};

/// A platform that takes WebSockets.
struct Sockets(TcpListener);

impl Sockets {
    async fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.expect("a free port"))
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}/devices", self.0.local_addr().expect("bound"))
    }

    async fn tcp(&self) -> TcpStream {
        let accepted = tokio::time::timeout(PATIENCE, self.0.accept()).await;
        accepted.expect("the device connects").expect("accepted").0
    }

    async fn accept(&self) -> Peer<TcpStream> {
        Peer(accept_async(self.tcp().await).await.expect("the device upgrades"))
    }
}

/// A device's connection, as the platform has it.
struct Peer<S>(WebSocketStream<S>);

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Peer<S> {
    async fn send(&mut self, message: Message) {
        self.0.send(message).await.expect("open");
    }

    async fn next(&mut self) -> Result<Message, Error> {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
        next.expect("the device says something").unwrap_or(Err(Error::ConnectionClosed))
    }

    /// The next message.
    async fn text(&mut self) -> String {
        match self.next().await.expect("a message") {
            Message::Text(text) => text.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).expect("JSON")
    }

    /// Sends a text and takes the answer to it.
    async fn ask(&mut self, text: &str) -> Value {
        self.send(Message::text(text)).await;
        self.json().await
    }

    /// The numbers of so many reports.
    async fn reports(&mut self, count: usize) -> Vec<u64> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let report = self.json().await;
            assert_eq!(report["action"], "event-report");
            assert!(report["header"]["reqid"].is_string());
            numbers.push(report["body"]["seqnum"].as_u64().expect("a number"));
        }
        numbers
    }
}

async fn open(device: &Bench) {
    device
        .until("the connection is open", |status| {
            matches!(status.report_line, Some(Standing::Up(_)))
        })
        .await;
}

/// A device and its connection.
async fn connected() -> (Sockets, Bench, Peer<TcpStream>) {
    let platform = Sockets::open().await;
    let wanted = Wanted::quiet().report_to(platform.url("ws")).quirk("v3.reconnect", "2ms");
    let device = wanted.start();
    let peer = platform.accept().await;
    open(&device).await;
    (platform, device, peer)
}

fn arm(device: &Bench, fault: &Value) {
    let faults: Vec<_> = serde_json::from_value(json!([fault])).expect("a fault");
    device.command(Command::Arm(FaultSet::read(&faults).expect("a fault of the table")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_order_on_one_connection_and_counted_when_they_left() {
    let (platform, device, mut peer) = connected().await;
    let emitted = device.emit_seqnums(200);
    assert_eq!(peer.reports(200).await, emitted);
    device.until("all were reported", |status| status.counters.reported == 200).await;
    let attempts = device.attempts();
    assert!(attempts.iter().all(|attempt| {
        (attempt.outcome, attempt.status) == ("sent", None)
            && attempt.destination == platform.url("ws")
    }));
    assert_eq!(attempts.len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platform_s_calls_are_answered_without_a_token() {
    let (_platform, device, mut peer) = connected().await;
    device.emit(3);
    peer.reports(3).await;
    let info = peer.ask(r#"{"action":"event-info","header":{"reqid":"a-1"}}"#).await;
    assert_eq!(info["body"], json!({"min": 1, "max": 3}));
    assert_eq!((&info["retcode"], &info["header"]["reqid"]), (&json!(0), &json!("a-1")));
    let fetched = peer.ask(r#"{"action":"event-fetch","body":{"seqnum":2}}"#).await;
    assert_eq!(fetched["body"]["events"].as_array().expect("events").len(), 2);
    let set = r#"{"action":"config-set","body":{"configs":[{"key":"door-id","value":"East"}]}}"#;
    assert_eq!(peer.ask(set).await["body"]["configs"][0]["value"], "East");
    peer.send(Message::text(r#"{"action":"device-opendoor","body":{"userid":"1"}}"#)).await;
    let (one, other) = (peer.json().await, peer.json().await);
    let both = [&one["action"], &other["action"]];
    assert!(both.contains(&&json!("event-report")) && both.contains(&&Value::Null), "{both:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rubbish_gets_an_answer_and_changes_nothing() {
    let (_platform, device, mut peer) = connected().await;
    for (text, retcode) in [
        ("", 101),
        ("hello", 101),
        ("[]", 101),
        ("{}", 101),
        (r#"{"action":7}"#, 101),
        (r#"{"action":"open-sesame"}"#, 111),
        (r#"{"action":"event-fetch","body":{"seqnum":"x"}}"#, 101),
        (r#"{"action":"config-set","body":{"configs":[{"key":1}]}}"#, 101),
    ] {
        assert_eq!(peer.ask(text).await["retcode"], retcode, "{text}");
    }
    peer.send(Message::binary(&b"\xff\xfe"[..])).await;
    assert_eq!(peer.json().await["retcode"], 101);
    // An answer to a report is none of a call.
    peer.send(Message::text(r#"{"retcode":0,"header":{"reqid":"1"}}"#)).await;
    assert_eq!(peer.ask(r#"{"action":"device-info"}"#).await["retcode"], 0);
    device.emit(1);
    assert_eq!(peer.reports(1).await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_more_than_a_mebibyte_is_refused_and_ends_the_connection() {
    let (platform, _device, mut peer) = connected().await;
    let most = format!(r#"{{"action":"event-info","x":"{}"}}"#, "x".repeat(1024 * 1024 - 32));
    assert_eq!(peer.ask(&most).await["retcode"], 0);
    peer.send(Message::text("x".repeat(1024 * 1024 + 1))).await;
    assert_eq!(peer.json().await["retcode"], 106);
    match peer.next().await.expect("a farewell") {
        Message::Close(Some(frame)) => assert_eq!(frame.code, CloseCode::Size),
        other => panic!("{other:?}"),
    }
    let mut again = platform.accept().await;
    assert_eq!(again.ask(r#"{"action":"event-info"}"#).await["retcode"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_are_answered() {
    let (_platform, _device, mut peer) = connected().await;
    peer.send(Message::Ping(bytes::Bytes::from_static(b"there?"))).await;
    match peer.next().await.expect("an answer") {
        Message::Pong(bytes) => assert_eq!(&bytes[..], b"there?"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reboot_is_answered_first_then_it_closes_and_dials_again() {
    for (action, reconnects) in [("device-reboot", true), ("device-reset", false)] {
        let (platform, device, mut peer) = connected().await;
        let request = json!({"action": action, "header": {"reqid": "r"}}).to_string();
        let answer = peer.ask(&request).await;
        assert_eq!((&answer["retcode"], &answer["header"]["reqid"]), (&json!(0), &json!("r")));
        assert!(matches!(peer.next().await, Ok(Message::Close(_))), "{action}");
        assert!(peer.next().await.is_err(), "{action}: nothing follows");
        if reconnects {
            let mut again = platform.accept().await;
            let report = again.json().await;
            assert_eq!(report["body"]["event"], "reset", "the platform learns of it");
        } else {
            device.until("it forgot its platform", |status| status.report_to.is_none()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offline_cuts_it_and_online_dials_at_once() {
    let platform = Sockets::open().await;
    // Nothing but going online could make it dial again within the test.
    let wanted = Wanted::quiet().report_to(platform.url("ws")).quirk("v3.reconnect", "24h");
    let device = wanted.start();
    let mut peer = platform.accept().await;
    open(&device).await;
    device.offline().await;
    assert!(peer.next().await.is_err(), "it is cut");
    device.emit(2);
    device.online().await;
    let mut again = platform.accept().await;
    open(&device).await;
    device.emit(1);
    assert_eq!(again.reports(1).await, [3], "R-V3-16: only while online");
    assert_eq!(again.ask(r#"{"action":"event-info"}"#).await["body"]["max"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_is_opened_again() {
    let (platform, device, mut peer) = connected().await;
    peer.0.close(None).await.expect("open");
    drop(peer);
    let mut again = platform.accept().await;
    open(&device).await;
    // Somebody who speaks HTTP, and somebody who says nothing that could be understood.
    drop(again.0.close(None).await);
    drop(again);
    for answer in ["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "moo\r\n\r\n"] {
        let mut stream = platform.tcp().await;
        let mut request = [0; 16];
        stream.read_exact(&mut request).await.expect("a request");
        assert!(request.starts_with(b"GET /devices "), "{request:?}");
        stream.write_all(answer.as_bytes()).await.expect("open");
    }
    let mut last = platform.accept().await;
    open(&device).await;
    device.emit(1);
    assert_eq!(last.reports(1).await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_to_a_platform_that_the_device_trusts() {
    let platform = Sockets::open().await;
    let certificate = Certificate::new();
    let acceptor = certificate.acceptor(TlsVersions::Both);
    let wanted = || Wanted::quiet().report_to(platform.url("wss")).quirk("v3.reconnect", "2ms");
    let stranger = wanted().start();
    for _ in 0..2 {
        let greeted = acceptor.accept(platform.tcp().await).await;
        assert!(greeted.is_err(), "R-V1-21: nobody vouches for it");
    }
    stranger.emulator.stop().await;
    let mut trusting = wanted();
    trusting.0.push.ca = Some(certificate.path().to_owned());
    let device = trusting.start();
    // The first one's last attempt may still be in the queue.
    let stream = loop {
        if let Ok(stream) = acceptor.accept(platform.tcp().await).await {
            break stream;
        }
    };
    let mut peer = Peer(accept_async(stream).await.expect("the device upgrades"));
    open(&device).await;
    device.emit(1);
    assert_eq!(peer.reports(1).await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_strike_as_they_do_over_http() {
    let (_platform, device, mut peer) = connected().await;
    arm(&device, &json!({"name": "report.truncated"}));
    device.emit(1);
    let half = peer.text().await;
    assert!(serde_json::from_str::<Value>(&half).is_err(), "{half}");
    arm(&device, &json!({"name": "report.duplicate", "params": {"times": 2}}));
    device.emit(1);
    assert_eq!(peer.reports(3).await, [2, 2, 2]);
    arm(&device, &json!({"name": "api.retcode", "params": {"retcode": 110}}));
    assert_eq!(peer.ask(r#"{"action":"event-info"}"#).await["retcode"], 110);
    arm(&device, &json!({"name": "api.truncated"}));
    peer.send(Message::text(r#"{"action":"event-info"}"#)).await;
    assert!(peer.next().await.is_err(), "the answer broke off, and the connection with it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_faults_of_the_network_strike_it() {
    let (platform, device, mut peer) = connected().await;
    arm(&device, &json!({"name": "net.refused", "params": {"way": "out"}}));
    assert!(peer.next().await.is_err(), "it is cut, as what behaves otherwise from now on");
    device.emit(1);
    device.until("it was dropped", |status| status.counters.reports_dropped == 1).await;
    device.command(Command::Arm(FaultSet::default()));
    let mut again = platform.accept().await;
    open(&device).await;
    arm(&device, &json!({"name": "net.reset", "params": {"way": "out", "at": "before"}}));
    assert!(again.next().await.is_err());
    let mut stream = platform.tcp().await;
    let read = stream.read(&mut [0; 16]).await;
    assert!(read.is_err() || read.is_ok_and(|count| count == 0), "nothing came before the reset");
}

/// A cable pulled out somewhere in between, or a machine that lost its power: no goodbye, no reset.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_dies_silently_is_given_up() {
    let platform = Sockets::open().await;
    let wanted = Wanted::quiet().report_to(platform.url("ws")).quirk("v3.reconnect", "2ms");
    let _device = wanted.quirk("v3.socket-ping", "20ms").start();
    // It reads nothing from now on, and so answers no ping; the device, which has nothing to say, notices.
    let _silent = platform.accept().await;
    platform.accept().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_answers_pings_is_kept() {
    let platform = Sockets::open().await;
    let wanted = Wanted::quiet().report_to(platform.url("ws")).quirk("v3.socket-ping", "700ms");
    let device = wanted.start();
    let mut peer = platform.accept().await;
    // More than one that is silent gets; the library answers them when it reads on.
    for _ in 0..5 {
        assert!(matches!(peer.next().await, Ok(Message::Ping(_))));
    }
    open(&device).await;
    device.emit(1);
    loop {
        match peer.next().await.expect("open") {
            Message::Ping(_) => {}
            Message::Text(text) => break assert!(text.as_str().contains("event-report")),
            other => panic!("{other:?}"),
        }
    }
}
