//! What the tests of `flood` share: running it to its end, and what it told.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

use crate::running::until;
use crate::support::vestibule;

/// Where reports and saved messages go.
pub(crate) struct Directory(TempDir);

impl Directory {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("there is room for some files"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("its name is text").to_owned()
    }
}

/// How a flood ended.
pub(crate) struct Flooded {
    pub(crate) code: Option<i32>,
    /// Its report; nothing if there is none.
    pub(crate) report: Value,
    pub(crate) stderr: String,
}

impl Flooded {
    pub(crate) fn count(&self, name: &str) -> u64 {
        count(&self.report, name)
    }
}

/// One of a report's counts.
pub(crate) fn count(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name} is a count in {report}"))
}

/// Floods that address, to the end.
pub(crate) fn flood(address: &str, args: &[&str]) -> Flooded {
    let to = format!("http://{address}/Record");
    let all = [&["flood", "--to", &to, "--report", "json"], args].concat();
    let output = vestibule(&all).output().expect("the command runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Flooded { code: output.status.code(), report, stderr }
}

/// The messages that were saved, in an order of their own: what came, by headers and body.
pub(crate) fn saved(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("the messages were saved");
    let message = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a line is JSON");
        let mut headers = line["headers"].clone();
        headers["host"] = Value::Null;
        format!("{headers} {}", line["body"].as_str().expect("a body is text"))
    };
    let mut messages: Vec<String> = text.lines().map(message).collect();
    messages.sort_unstable();
    messages
}

/// A platform for as long as a loaded machine may need. What it prints goes into a file: nobody reads a
/// pipe while a flood goes on, and a full one would stop it.
pub(crate) struct Platform {
    child: Child,
    pub(crate) address: String,
    printed: NamedTempFile,
}

impl Platform {
    pub(crate) fn start(args: &[&str]) -> Self {
        let printed = NamedTempFile::new().expect("there is room for a file");
        let args = [&["receive", "--listen", "127.0.0.1:0", "--timeout", "5m"], args].concat();
        let stdout = printed.reopen().expect("the file is there");
        let child = vestibule(&args).stdout(stdout).spawn().expect("the command starts");
        let mut platform = Self { child, address: String::new(), printed };
        until(|| !platform.lines().is_empty());
        let url = platform.lines()[0]["url"].as_str().expect("the first line has it").to_owned();
        platform.address = url.strip_prefix("http://").expect("the URL is plain").to_owned();
        platform
    }

    /// One that keeps what it gets in that file.
    pub(crate) fn keeping(directory: &Directory, name: &str) -> Self {
        Self::start(&["--strict", "--save", &directory.text(name)])
    }

    /// The whole lines that it has printed so far.
    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.printed.path()).expect("the file is there");
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }

    /// What it counted.
    pub(crate) fn end(mut self) -> Value {
        interrupt(&self.child);
        self.child.wait().expect("it ends");
        self.lines().pop().expect("the last line has the counts")
    }

    /// How many it got, none of them twice.
    pub(crate) fn distinct(self) -> u64 {
        let counts = self.end();
        assert_eq!((count(&counts, "duplicates"), count(&counts, "unparsable")), (0, 0));
        count(&counts, "distinct")
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // A test that failed must not leave it running; one that ended is no concern.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends SIGINT.
pub(crate) fn interrupt(child: &Child) {
    let kill = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh runs").success());
}
