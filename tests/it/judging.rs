//! Runs of the suite against an emulator of its own, some at a time.

use std::process::Stdio;
use std::sync::Mutex;

use serde_json::Value;

use crate::support::vestibule;

/// Emulators at a time. They mostly wait; more would make the lag of a small machine show.
pub(crate) const AT_ONCE: usize = 4;

/// Redelivery takes tenths of a second here; this is for a loaded machine.
const REDELIVERY: &str = "9s";

/// What came of a run.
pub(crate) struct Judged {
    pub(crate) code: Option<i32>,
    pub(crate) report: Value,
    /// What it wrote on standard error.
    pub(crate) said: String,
}

/// A run with these arguments, whatever comes of it.
pub(crate) fn judged(args: &[String]) -> Judged {
    let report = tempfile::NamedTempFile::new().expect("a file");
    let report = report.path().to_str().expect("a path in UTF-8").to_owned();
    let mut command = vestibule(&["conform", "device", "-q", "--redelivery-timeout", REDELIVERY]);
    command.args(args).args(["--report", &format!("json={report}")]);
    let output = command.stdout(Stdio::null()).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = std::fs::read_to_string(&report).expect("a report is text");
    let report =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {said}"));
    Judged { code: output.status.code(), report, said }
}

/// What `find` finds wrong with each of these, so many at a time, in order.
pub(crate) fn some_at_a_time<T: Send>(
    at_once: usize,
    all: Vec<T>,
    find: impl Fn(T) -> Vec<String> + Sync,
) -> Vec<String> {
    let queue = Mutex::new(all);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no panic").pop();
                    let Some(next) = next else { return };
                    let wrong = find(next);
                    found.lock().expect("no panic").extend(wrong);
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no panic");
    found.sort();
    found
}
