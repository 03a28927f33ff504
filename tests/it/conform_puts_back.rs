//! What a run changed at a device it puts back: when a case passed, when it failed, and when it was
//! interrupted in the middle.

use std::process::{Child, Command};

use serde_json::Value;

use crate::conforming::{WAITING, cases, conform};
use crate::running::{Running, until};
use crate::support::{exchange, vestibule};

const BEFORE: &str = r#"{"event_dest":"http://127.0.0.1:9/before","enabled":false}"#;

fn subscribed() -> Running {
    let device = Running::start(&["--rate", "0"]);
    let answer = exchange(address(&device), "/v1/event/subscribe", BEFORE).expect("it answers");
    assert!(answer.contains("200"), "{answer}");
    device
}

fn address(device: &Running) -> &str {
    device.told("url").strip_prefix("http://").expect("the URL is plain")
}

fn subscription(device: &Running) -> Value {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address(device)).expect("it listens");
    let request = "GET /v1/event/subscribe HTTP/1.1\r\nhost: device\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (_, body) = answer.split_once("\r\n\r\n").expect("it answers with HTTP");
    serde_json::from_str::<Value>(body).expect("it answers with JSON")["data"].clone()
}

#[test]
fn a_failed_case_puts_the_subscription_back() {
    let device = subscribed();
    let directory = cases(&[WAITING]);
    let fixtures = directory.path().to_str().expect("its name is text");
    let (code, text) = conform(&[
        "device",
        device.told("url"),
        "--fixtures",
        fixtures,
        "--allow",
        "mutating",
        "--redelivery-timeout",
        "100ms",
    ]);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(subscription(&device), serde_json::from_str::<Value>(BEFORE).unwrap());
}

#[test]
fn an_interrupted_case_puts_the_subscription_back() {
    let device = subscribed();
    let before = subscription(&device);
    let directory = cases(&[WAITING]);
    let fixtures = directory.path().to_str().expect("its name is text");
    let mut command = vestibule(&["conform", "device", device.told("url")]);
    command.args(["--fixtures", fixtures, "--allow", "mutating"]);
    let mut run = Ended(command.spawn().expect("the command starts"));
    until(|| subscription(&device) != before);
    interrupt(&run.0);
    let code = run.0.wait().expect("the command ends").code();
    assert_eq!(code, Some(130));
    assert_eq!(subscription(&device), before);
}

/// A child that does not outlive a failed test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // One that has ended is no concern.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn interrupt(child: &Child) {
    let kill = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh runs").success());
}
