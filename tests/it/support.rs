//! What the tests share: starting the command, posting to it, ending it.
//!
//! Every wait is bounded: a command that is not told otherwise ends after 30 s, and a socket gives
//! up after 10 s.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(10);

/// A running `vestibule receive` on a free port.
pub(crate) struct Receive {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The first line.
    pub(crate) ready: Value,
    pub(crate) address: String,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) lines: Vec<Value>,
    pub(crate) stderr: String,
}

impl Ended {
    /// The last line: the counts.
    pub(crate) fn summary(&self) -> &Value {
        self.lines.last().expect("the summary is always printed")
    }
}

/// The command, not yet started.
pub(crate) fn vestibule(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // What a pipeline says of itself is not for the commands of its tests.
    command.env_remove("GITHUB_STEP_SUMMARY").env_remove("GITHUB_WORKSPACE");
    command
}

impl Receive {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = vestibule(&["receive", "--listen", "127.0.0.1:0"]);
        if !args.contains(&"--timeout") {
            command.args(["--timeout", "30s"]);
        }
        let mut child = command.args(args).spawn().expect("the command starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut first = String::new();
        stdout.read_line(&mut first).expect("stdout is text");
        let ready: Value = serde_json::from_str(&first).expect("the first line is JSON");
        let url = ready["url"].as_str().expect("the first line has the URL");
        let address = url.split_once("://").expect("a URL has a scheme").1.to_owned();
        Self { child, stdout, ready, address }
    }

    /// Posts `body`; the answer's status and body, or nothing when the connection was cut.
    pub(crate) fn post(&self, body: &str) -> Option<(u16, String)> {
        post(&self.address, "/Record", body)
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().expect("sh runs");
        assert!(status.success());
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        let lines = (&mut self.stdout).lines().map(|line| {
            serde_json::from_str(&line.expect("stdout is text")).expect("each line is JSON")
        });
        let lines = lines.collect();
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().expect("stderr is piped");
        pipe.read_to_string(&mut stderr).expect("stderr is text");
        let code = self.child.wait().expect("the command ends").code();
        Ended { code, lines, stderr }
    }
}

impl Drop for Receive {
    fn drop(&mut self) {
        // A test that failed must not leave it running; one that ended is no concern.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn post(address: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let answer = exchange(address, path, body).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// Posts `body`; everything that came back until the connection ended.
pub(crate) fn exchange(address: &str, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

pub(crate) fn record(uuid: &str, timestamp: u64) -> String {
    format!(
        r#"{{"type":0,"data":{{"deviceSN":"SN1","uuid":"{uuid}","timestamp":{timestamp},"pass":true,
           "user":{{"name":"Wang","user_id":"5","ic_number":"12345","pin":"9876"}}}}}}"#
    )
}

pub(crate) fn report(device: &str, seqnum: u64) -> String {
    format!(
        r#"{{"action":"event-report","header":{{"reqid":"r{seqnum}"}},
           "body":{{"device-id":"{device}","seqnum":{seqnum},"event":"face","uid":"7","state":4}}}}"#
    )
}
