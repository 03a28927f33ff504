//! Both device APIs within TLS (R-V1-32): either version, above the faults of the network, cut with it, and
//! nothing is held for who does not shake hands.

use std::io;
use std::sync::Arc;

use http::{HeaderValue, Method};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion, version};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{Request, Running, SN, bounded, quiet};

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];

/// A device that shows a certificate of the test's.
struct Secure {
    device: Running,
    certificate: NamedTempFile,
    _key: NamedTempFile,
}

impl Secure {
    fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("made");
        let file = |text: &str| {
            let file = NamedTempFile::new().expect("a file");
            std::fs::write(file.path(), text).expect("writable");
            file
        };
        let (certificate, key) = (file(&made.cert.pem()), file(&made.signing_key.serialize_pem()));
        let mut config = quiet();
        config.tls = true;
        config.tls_cert = Some(certificate.path().to_owned());
        config.tls_key = Some(key.path().to_owned());
        let device = Running::start(&config);
        assert!(device.url.starts_with("https://127.0.0.1:"), "{}", device.url);
        assert!(device.control.starts_with("http://"), "the control API is another matter");
        Self { device, certificate, _key: key }
    }

    async fn plain(&self) -> io::Result<TcpStream> {
        TcpStream::connect(self.device.url.strip_prefix("https://").expect("https")).await
    }

    async fn connect(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        let root = rustls::pki_types::CertificateDer::from_pem_file(self.certificate.path());
        roots.add(root.expect("a certificate")).expect("a root");
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .expect("the provider has both versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").expect("a name");
        let connector = TlsConnector::from(Arc::new(config));
        let stream = self.plain().await?;
        bounded("the handshake", Box::pin(connector.connect(name, stream))).await
    }
}

/// GET on a connection, and its whole answer, to the connection's end.
async fn get(stream: &mut TlsStream<TcpStream>) -> io::Result<String> {
    let request = "GET /v1/event/subscribe HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    bounded("the answer", stream.read_to_end(&mut bytes)).await?;
    Ok(String::from_utf8(bytes).expect("text"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_32_either_version_is_spoken() {
    let secure = Secure::start();
    for (versions, spoken) in [
        (&BOTH[..1], ProtocolVersion::TLSv1_2),
        (&BOTH[1..], ProtocolVersion::TLSv1_3),
        (BOTH, ProtocolVersion::TLSv1_3),
    ] {
        let mut stream = secure.connect(versions).await.expect("a handshake");
        assert_eq!(stream.get_ref().1.protocol_version(), Some(spoken));
        let answer = get(&mut stream).await.expect("it ends in order");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with(r#"{"data":null,"code":200,"msg":"OK"}"#), "{answer}");
    }
    secure.device.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_32_offline_cuts_it_too() {
    let secure = Secure::start();
    let mut idle = secure.connect(BOTH).await.expect("a handshake");
    let mut silent = secure.plain().await.expect("the device listens");
    // What was accepted before is: this one is answered behind it.
    get(&mut secure.connect(BOTH).await.expect("a handshake")).await.expect("an answer");
    secure.device.tell("network", &json!({"state": "offline"})).await;
    let reset = |read: io::Result<usize>| read.expect_err("no orderly end").kind();
    let mut byte = [0];
    assert_eq!(
        reset(bounded("the cut", idle.read(&mut byte)).await),
        io::ErrorKind::ConnectionReset
    );
    let cut = bounded("the cut", silent.read(&mut byte)).await;
    assert_eq!(reset(cut), io::ErrorKind::ConnectionReset, "in the midst of a handshake, too");
    let refused = secure.plain().await.expect_err("nobody listens").kind();
    assert_eq!(refused, io::ErrorKind::ConnectionRefused);
    secure.device.tell("network", &json!({"state": "online"})).await;
    get(&mut secure.connect(BOTH).await.expect("a handshake")).await.expect("an answer");
    secure.device.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_32_who_shakes_no_hands_is_let_go() {
    let secure = Secure::start();
    let mut plain = secure.plain().await.expect("the device listens");
    plain.write_all(b"GET / HTTP/1.1\r\nhost: d\r\n\r\n").await.expect("open");
    let mut said = Vec::new();
    // Alerted and closed, or reset over what it had not read: at once either way.
    bounded("the end", plain.read_to_end(&mut said)).await.ok();
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    let mut silent = secure.plain().await.expect("the device listens");
    let mut halting = secure.plain().await.expect("the device listens");
    halting.write_all(&[22, 3, 1, 2, 0, 1]).await.expect("open");
    for stream in [&mut silent, &mut halting] {
        bounded("the end", stream.read_to_end(&mut Vec::new())).await.ok();
    }
    get(&mut secure.connect(BOTH).await.expect("a handshake")).await.expect("an answer");
    secure.device.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_32_the_faults_of_the_network_are_below_it() {
    let secure = Secure::start();
    let arm = async |faults: Value| {
        let path = format!("/devices/{SN}/faults");
        let put = Request::new(Method::PUT, &secure.device.control, &path)
            .header("content-type", "application/json")
            .body(json!({"faults": faults}).to_string());
        assert_eq!(put.send().await.status, 200);
    };
    arm(json!([{"name": "net.reset", "params": {"way": "in"}}])).await;
    assert!(secure.connect(BOTH).await.is_err(), "reset before the device's first byte");
    arm(json!([{"name": "net.latency", "params": {"way": "in", "delay": "5ms"}}])).await;
    get(&mut secure.connect(BOTH).await.expect("a handshake")).await.expect("an answer, later");
    arm(json!([])).await;
    get(&mut secure.connect(BOTH).await.expect("a handshake")).await.expect("an answer");
    secure.device.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_v1_32_the_live_feed_goes_within_it() {
    use futures_util::StreamExt;
    let secure = Secure::start();
    let stream = secure.connect(BOTH).await.expect("a handshake");
    let mut request = "wss://127.0.0.1/v1/event".into_client_request().expect("a URL");
    let basic = HeaderValue::from_static("Basic YWRtaW46YWRtaW4=");
    request.headers_mut().insert("authorization", basic);
    let shaken = bounded("the handshake", Box::pin(client_async(request, stream))).await;
    let (mut socket, _) = shaken.expect("a place");
    let emitted = secure.device.emit(&json!({"event": "face"})).await[0].clone();
    let message = bounded("a message", socket.next()).await.expect("open").expect("a message");
    let message: Value = serde_json::from_str(message.to_text().expect("text")).expect("JSON");
    assert_eq!(message["data"]["uuid"], emitted["uuid"]);
    secure.device.stop().await;
}
