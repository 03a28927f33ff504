//! `vestibule conform device https://...` judges a device whose certificate it believes, and no other.
//!
//! The device is the emulator behind a relay that ends TLS in front of it.

use std::io::Write;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::NamedTempFile;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

use crate::conforming::{INFO, LOGIN, cases, conform};
use crate::running::Running;

/// A relay from TLS to a device; it ends when it is dropped.
struct Relay {
    url: String,
    /// The relay's certificate, which nobody but itself has signed.
    certificate: NamedTempFile,
    _runtime: Runtime,
}

impl Relay {
    /// Before the device at `host:port`, showing a certificate for `name`.
    fn before(device: &str, name: &str) -> Self {
        let key = KeyPair::generate().expect("there is randomness");
        let params = CertificateParams::new([name.to_owned()]).expect("it is a name");
        let shown = params.self_signed(&key).expect("it can be signed");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the usual versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![shown.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .expect("certificate and key belong together");
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_io()
            .build()
            .expect("a thread can be started");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let url = format!("https://{}", listener.local_addr().expect("it is bound"));
        runtime.spawn(relay(listener, TlsAcceptor::from(Arc::new(config)), device.to_owned()));
        Self { url, certificate: file(&shown.pem()), _runtime: runtime }
    }

    fn certificate(&self) -> &str {
        self.certificate.path().to_str().expect("its name is text")
    }
}

async fn relay(listener: TcpListener, acceptor: TlsAcceptor, device: String) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, device) = (acceptor.clone(), device.clone());
        tokio::spawn(async move {
            // A client that does not believe it goes away in the handshake.
            let Ok(mut client) = acceptor.accept(stream).await else {
                return;
            };
            let mut device = TcpStream::connect(device).await.expect("the device is there");
            // Ends with either side's end, whichever way.
            let _ = copy_bidirectional(&mut client, &mut device).await;
        });
    }
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("there is room for a file");
    file.write_all(text.as_bytes()).expect("it can be written");
    file
}

fn judged(url: &str, args: &[&str]) -> (Option<i32>, String) {
    let directory = cases(&[LOGIN, INFO]);
    let directory = directory.path().to_str().expect("its name is text");
    conform(&[&["device", url, "--fixtures", directory], args].concat())
}

#[test]
fn a_device_is_judged_that_is_believed() {
    let device = Running::start(&["--rate", "0"]);
    let address = device.ready["url"].as_str().expect("a ready line has the URL");
    let address = address.strip_prefix("http://").expect("it is plain");
    // One's own certificate is believed as it is, whatever name it bears.
    let relay = Relay::before(address, "a-device-of-another-name");
    let (code, text) = judged(&relay.url, &["--ca", relay.certificate()]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 passed"), "{text}");
    let (code, text) = judged(&relay.url, &["--insecure"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("whoever answered was believed"), "{text}");
    // Neither the system's roots nor another certificate stand for it.
    let other = Relay::before(address, "127.0.0.1");
    for args in [&[][..], &["--ca", other.certificate()]] {
        let (code, text) = judged(&relay.url, args);
        assert_eq!(code, Some(3), "{args:?}: {text}");
        for part in ["certificate", "is not trusted", "--ca", "--insecure"] {
            assert!(text.contains(part), "{args:?}: {text}");
        }
    }
}

#[test]
fn plain_http_behind_https_is_no_device() {
    let device = Running::start(&["--rate", "0"]);
    let url = device.ready["url"].as_str().expect("a ready line has the URL");
    let (code, text) = judged(&url.replace("http:", "https:"), &["--insecure"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("no TLS connection to"), "{text}");
}

#[test]
fn whom_to_believe_is_said_clearly_or_not_at_all() {
    let empty = file("nothing in it\n");
    let empty = empty.path().to_str().expect("its name is text");
    for (args, part) in [
        (&["https://192.0.2.1", "--ca", empty][..], "holds no certificate"),
        (&["https://192.0.2.1", "--ca", "no-such.pem"], "no-such.pem"),
        (&["https://192.0.2.1", "--ca", empty, "--insecure"], "cannot be used with"),
        (&["--insecure"], "required"),
        (&["ftp://192.0.2.1"], "is not http"),
    ] {
        let (code, text) = conform(&[&["device"], args].concat());
        assert_eq!(code, Some(2), "{args:?}: {text}");
        assert!(text.contains(part), "{args:?}: {text}");
    }
}
