//! The emulator that is judged where no URL is given: this program itself, as another process, on
//! free ports. The suite meets it over TCP like any device.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use vestibule_conformance::clock;
use vestibule_conformance::platform::Authority;

use crate::exit::{Exit, Failure};

/// A running emulator.
pub(super) struct Own {
    child: Child,
    /// What it said when it was ready.
    pub(super) ready: Ready,
    /// Removed when the emulator is.
    _files: [NamedTempFile; 2],
}

/// The ready line.
#[derive(Debug, Deserialize)]
pub(super) struct Ready {
    pub(super) url: String,
    pub(super) control: String,
    pub(super) sn: String,
    pub(super) seed: u64,
}

/// Its configuration.
const CONFIG: &str = include_str!("own.toml");

/// The part of the configuration that the suite reads, too.
#[derive(Debug, Deserialize)]
struct Config {
    quirks: BTreeMap<String, String>,
}

/// So few events that the log can be filled at once.
const CAPACITY: &str = "200";

/// A start that takes longer is no start.
const READY_MAX: Duration = Duration::from_secs(30);

/// How an emulator is set up.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Setup {
    /// The `mode` it verifies by, where that is not [`MODE`].
    pub(super) mode: Option<u8>,
    /// Whether it takes health codes.
    pub(super) health_codes: bool,
    /// Whether its log is as long as documented.
    pub(super) full_size: bool,
    /// Whether it is for the cases that wait long, which run beside the others.
    pub(super) slow: bool,
}

/// The `mode` of an emulator that is not told another (table E).
pub(super) const MODE: u8 = 3;

impl Setup {
    /// The configuration.
    fn config(self) -> String {
        let mode = self.mode.unwrap_or(MODE);
        format!("{CONFIG}\n[device]\nmode = {mode}\nhealth_codes = {}\n", self.health_codes)
    }
}

impl Own {
    /// Starts it, trusting the receivers of `authority`.
    pub(super) async fn start(setup: Setup, authority: &Authority) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::new(Exit::Unreachable, "starting an emulator to judge", error)
                .hint("start one with `vestibule run` and give its URL")
        };
        let trusted = file(&authority.pem()).map_err(failed)?;
        let config = file(&setup.config()).map_err(failed)?;
        let program = std::env::current_exe().map_err(failed)?;
        let mut command = Command::new(program);
        command.args(["run", "-q", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
        command.args(["--rate", "0"]).arg("--push-ca").arg(trusted.path());
        command.arg("--config").arg(config.path());
        if !setup.full_size {
            command.args(["--capacity", CAPACITY]);
        }
        // A Ctrl-C is the suite's: the emulator must be there until everything is put back.
        command.process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let line = first_line(&mut child).await.map_err(failed)?;
        let ready = serde_json::from_str(&line).map_err(|error| failed(error.into()))?;
        Ok(Self { child, ready, _files: [trusted, config] })
    }

    /// Ends it.
    pub(super) async fn stop(mut self) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(pid) = pid {
            // Fails only when it has ended already.
            let _ = kill_process(pid, Signal::TERM);
        }
        // One that does not end is killed when it is dropped.
        let _ = clock::within(READY_MAX, self.child.wait()).await;
    }
}

/// What a reader of the report has to know about it.
pub(super) fn note() -> String {
    let quirks = config().quirks.into_iter().map(|(name, value)| format!("{name} {value}"));
    let quirks = quirks.collect::<Vec<_>>().join(", ");
    format!("the emulator runs with shortened retries and timeouts: {quirks}")
}

/// How long its tokens live.
pub(super) fn token_ttl() -> Duration {
    let quirks = config().quirks;
    let lives = quirks.iter().find(|(name, _)| name.ends_with("token-ttl"));
    let lives = lives.and_then(|(_, lives)| humantime::parse_duration(lives).ok());
    lives.expect("own.toml says how long a token lives")
}

fn config() -> Config {
    toml::from_str(CONFIG).expect("own.toml is TOML")
}

fn file(text: &str) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    Ok(file)
}

async fn first_line(child: &mut Child) -> io::Result<String> {
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
    let mut lines = BufReader::new(stdout).lines();
    let line = clock::within(READY_MAX, lines.next_line()).await;
    let line = line.ok_or_else(|| io::Error::other("it was not ready in 30 s"))??;
    line.ok_or_else(|| io::Error::other("it ended before it was ready"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_says_what_the_suite_has_to_know() {
        assert_eq!(token_ttl(), Duration::from_secs(3));
        assert!(note().contains("push-timeout 300ms"));
    }
}
