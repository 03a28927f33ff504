//! A running `vestibule run`, for the tests that need a device.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command};

use serde_json::Value;

use crate::support::vestibule;

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
