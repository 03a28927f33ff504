//! A running `vestibule run`, for the tests that need a device or several.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::vestibule;

/// A run of devices, on free ports where nothing else is said.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The first device's ready line.
    pub(crate) ready: Value,
    /// The others'.
    pub(crate) others: Vec<Value>,
}

impl Running {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = vestibule(&["run", "--listen", "127.0.0.1:0"]);
        command.args(["--control", "127.0.0.1:0"]).args(args);
        Self::spawn(command, 1).expect("it becomes ready")
    }

    /// So many devices on free ports.
    pub(crate) fn start_many(count: usize, args: &[&str]) -> Self {
        let mut command =
            vestibule(&["run", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
        command.args(["--devices", &count.to_string()]).args(args);
        Self::spawn(command, count).expect("it becomes ready")
    }

    /// So many devices; none if the command ends before they are ready.
    pub(crate) fn spawn(mut command: Command, count: usize) -> Option<Self> {
        let mut child = command.spawn().expect("the command starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let lines = stdout.by_ref().lines().take(count);
        let lines = lines.map(|line| line.expect("stdout is text"));
        let mut lines = lines.map(|line| serde_json::from_str(&line).expect("a line is JSON"));
        let ready = lines.next();
        let others = lines.collect();
        let Some(ready) = ready else {
            child.wait().expect("the command ends");
            return None;
        };
        Some(Self { child, stdout, ready, others })
    }

    /// Any other command, which has no ready line.
    pub(crate) fn spawn_talking(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the command starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, stdout, ready: Value::Null, others: Vec::new() }
    }

    /// One of the ready line's texts.
    pub(crate) fn told(&self, key: &str) -> &str {
        self.ready[key].as_str().expect("the ready line has it")
    }

    /// All ready lines.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Value> {
        [&self.ready].into_iter().chain(&self.others)
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

    /// Waits until the log says `text`; what stands in it up to there is not told again.
    pub(crate) fn until_logged(&mut self, text: &str) {
        let mut log = BufReader::new(self.child.stderr.take().expect("stderr is piped"));
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let read = log.read_line(&mut line).expect("the log is text");
            assert!(read > 0, "the log ended before {text}");
        }
        self.child.stderr = Some(log.into_inner());
    }

    /// Waits for the end; the log.
    pub(crate) fn end_with_log(mut self) -> String {
        let mut stderr = self.child.stderr.take().expect("stderr is piped");
        let mut log = String::new();
        stderr.read_to_string(&mut log).expect("stderr is text");
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed must not leave it running; one that ended is no concern.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again until it is so, for a minute at most.
#[expect(clippy::disallowed_methods, reason = "a limit, so that a broken run ends")]
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came to that");
        std::thread::yield_now();
    }
}
