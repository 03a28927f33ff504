//! A running `vestibule run`, for the tests that need a device.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command};

use serde_json::{Value, json};

use crate::support::{post, vestibule};

/// A device on free ports.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The ready line.
    pub(crate) ready: Value,
}

impl Running {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = vestibule(&["run", "--listen", "127.0.0.1:0"]);
        command.args(["--control", "127.0.0.1:0"]).args(args);
        let mut child = command.spawn().expect("the command starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut first = String::new();
        stdout.read_line(&mut first).expect("stdout is text");
        let ready = serde_json::from_str(&first).expect("the first line is JSON");
        Self { child, stdout, ready }
    }

    /// One of the ready line's texts.
    pub(crate) fn told(&self, key: &str) -> &str {
        self.ready[key].as_str().expect("the ready line has it")
    }

    /// Posts to one of its URLs; the status and the JSON that came back.
    pub(crate) fn post(&self, url: &str, path: &str, body: &Value) -> (u16, Value) {
        let address = self.told(url).strip_prefix("http://").expect("the URL is plain");
        let (status, body) = post(address, path, &body.to_string()).expect("it answers");
        (status, serde_json::from_str(&body).expect("it answers in JSON"))
    }

    /// Makes events happen.
    pub(crate) fn emit(&self, wish: &Value) -> Value {
        let path = format!("/devices/{}/events", self.told("sn"));
        let (status, answer) = self.post("control", &path, wish);
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Logs in with the factory account.
    pub(crate) fn log_in(&self) -> String {
        let passwd = "9990BC737DD5B17E7A5F01B48B2C08AE";
        let login = json!({
            "action": "auth-login", "header": {"reqid": "1"},
            "body": {"user": "admin", "passwd": passwd},
        });
        let (_, answer) = self.post("url", "/api/v3.x/auth", &login);
        answer["body"]["token"].as_str().expect("the factory account logs in").to_owned()
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().expect("sh runs");
        assert!(status.success());
    }

    /// Waits for the end: the exit code, and what else stdout had.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("stdout is text");
        let code = self.child.wait().expect("the command ends").code();
        (code, rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed must not leave it running; one that ended is no concern.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
