//! `--tls`: the devices speak https, with a certificate of their own that stays, or with a given one.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::conforming::{INFO, LOGIN, cases, conform};
use crate::running::Running;
use crate::support::vestibule;

fn judged(url: &str, args: &[&str]) -> (Option<i32>, String) {
    let directory = cases(&[LOGIN, INFO]);
    let directory = directory.path().to_str().expect("its name is text");
    conform(&[&["device", url, "--fixtures", directory], args].concat())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("its name is text")
}

#[test]
fn a_certificate_of_its_own_stays_with_the_device() {
    let data = tempfile::tempdir().expect("a directory");
    let file = |name: &str| data.path().join("tls").join(name);
    let (certificate, key) = (file("VSB0000001.crt"), file("VSB0000001.key"));
    let mut shown = Vec::new();
    for _ in 0..2 {
        let device = Running::start(&["--rate", "0", "--tls", "--data", text(data.path())]);
        let url = device.told("url").to_owned();
        assert!(url.starts_with("https://127.0.0.1:"), "{url}");
        let (code, said) = judged(&url, &["--ca", text(&certificate)]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("2 passed"), "{said}");
        shown.push(std::fs::read(&certificate).expect("it is kept"));
        let mode = std::fs::metadata(&key).expect("it is kept").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        device.signal("TERM");
        assert_eq!(device.end().0, Some(0));
    }
    assert_eq!(shown[0], shown[1]);
}

#[test]
fn each_device_has_a_certificate_of_its_own() {
    let data = tempfile::tempdir().expect("a directory");
    let args = ["--rate", "0", "--tls", "--data", text(data.path())];
    let devices = Running::start_many(2, &args);
    let urls: Vec<String> =
        devices.all().map(|ready| ready["url"].as_str().expect("a text").to_owned()).collect();
    let file = |sn: &str| data.path().join("tls").join(format!("{sn}.crt"));
    for (url, own, other) in
        [(&urls[0], "VSB0000001", "VSB0000002"), (&urls[1], "VSB0000002", "VSB0000001")]
    {
        assert_eq!(judged(url, &["--ca", text(&file(own))]).0, Some(0));
        assert_eq!(judged(url, &["--ca", text(&file(other))]).0, Some(3));
    }
}

#[test]
fn in_memory_there_is_one_too_and_commands_find_it() {
    let device = Running::start(&["--rate", "0", "--tls"]);
    let (code, said) = judged(device.told("url"), &["--insecure"]);
    assert_eq!(code, Some(0), "{said}");
    let exec = ["exec", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--tls", "--"];
    let command = ["sh", "-c", "echo $VESTIBULE_URL $VESTIBULE_CONTROL"];
    let output = vestibule(&[&exec[..], &command].concat()).output().expect("it ends");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.starts_with("https://127.0.0.1:") && said.contains(" http://"), "{said}");
}

#[test]
fn what_cannot_be_shown_is_said_before_anything_runs() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).expect("writable");
        text(&path).to_owned()
    };
    let made = |_: u8| rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let (one, other) = (made(1), made(2));
    let (certificate, key) =
        (file("one.crt", &one.cert.pem()), file("one.key", &one.signing_key.serialize_pem()));
    let others = file("other.key", &other.signing_key.serialize_pem());
    let nothing = file("nothing", "no PEM\n");
    let config = file("half.toml", &format!("tls = true\ntls_cert = {certificate:?}\n"));
    let off = file("off.toml", &format!("tls_cert = {certificate:?}\ntls_key = {key:?}\n"));
    for (args, part) in [
        (&["--tls", "--tls-cert", certificate.as_str()][..], "--tls-key"),
        (&["--tls-cert", &certificate, "--tls-key", &key], "with --tls alone"),
        (&["--tls", "--tls-cert", &nothing, "--tls-key", &key], "holds no certificate"),
        (&["--tls", "--tls-cert", "no-such.crt", "--tls-key", &key], "no-such.crt"),
        (&["--tls", "--tls-cert", &certificate, "--tls-key", &nothing], "private key from"),
        (&["--tls", "--tls-cert", &certificate, "--tls-key", &others], "cannot be used with"),
        (&["--config", &config], "its other half"),
        (&["--config", &off], "with --tls alone"),
    ] {
        let run = ["run", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"];
        let output = vestibule(&[&run[..], args].concat()).output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(part), "{args:?}: {said}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    let args = ["--rate", "0", "--tls", "--tls-cert", &certificate, "--tls-key", &key];
    let device = Running::start(&args);
    assert_eq!(judged(device.told("url"), &["--ca", &certificate]).0, Some(0));
}
