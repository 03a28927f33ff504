//! Without a free descriptor the control API rests between its tries to accept, and does not fill the log.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Few enough to be used up by a test, and enough to start with.
const RUN: &str =
    r#"ulimit -n 64; exec "$0" run --listen 127.0.0.1:0 --control 127.0.0.1:0 --rate 0"#;

/// More than there are descriptors for.
const CONNECTIONS: usize = 80;

#[test]
#[expect(clippy::disallowed_methods, reason = "measures how long the command rests")]
fn a_failed_accept_is_followed_by_a_rest() {
    let mut command = Command::new("sh");
    command.args(["-c", RUN, env!("CARGO_BIN_EXE_vestibule")]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    stdout.read_line(&mut first).expect("stdout is text");
    let ready: Value = serde_json::from_str(&first).expect("the first line is JSON");
    let control = ready["control"].as_str().expect("the ready line has it");
    let address = control.strip_prefix("http://").expect("the URL is plain");
    let begun = Instant::now();
    let connections: Vec<_> =
        (0..CONNECTIONS).map(|_| TcpStream::connect(address).expect("it listens")).collect();
    let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let lines = stderr.lines().map(|line| line.expect("stderr is text"));
    let failed = lines.filter(|line| line.contains("a control connection could not be accepted"));
    assert_eq!(failed.take(7).count(), 7, "each try is logged");
    let took = begun.elapsed();
    drop(connections);
    child.kill().expect("it still runs");
    child.wait().expect("it ends");
    assert!(took >= Duration::from_millis(6 * 50), "7 tries in {took:?}");
}
