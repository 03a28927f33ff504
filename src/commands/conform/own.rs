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
use toml::Value;
use vestibule_conformance::clock;
use vestibule_conformance::platform::Authority;
use vestibule_emulator::config::Config;

use crate::cli::conform::{FaultArg, OwnArgs};
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

/// What every emulator of a run is told: the configuration above, and what the user said over it.
#[derive(Clone, Debug)]
pub(super) struct Base {
    table: toml::Table,
    quirks: BTreeMap<String, String>,
    faults: Vec<String>,
}

impl Base {
    /// Checks what the user said, so that no emulator is started in vain.
    pub(super) fn new(said: &OwnArgs) -> Result<Self, Failure> {
        let mut table: toml::Table = toml::from_str(CONFIG).expect("own.toml is TOML");
        let quirks = table.get_mut("quirks").and_then(Value::as_table_mut);
        let quirks = quirks.expect("own.toml has quirks");
        for (name, value) in &said.quirks {
            quirks.insert(name.clone(), Value::String(value.clone()));
        }
        let text = |(name, value): (&String, &Value)| {
            (name.clone(), value.as_str().unwrap_or_default().to_owned())
        };
        let quirks = quirks.iter().map(text).collect();
        let mut faults = Vec::new();
        for FaultArg { name, params } in &said.faults {
            let mut fault = toml::Table::from_iter([("name".to_owned(), name.clone().into())]);
            if let Some(params) = params {
                let params = toml::Table::try_from(params).map_err(unfit)?;
                fault.insert("params".to_owned(), params.into());
            }
            faults.push(Value::Table(fault));
        }
        if !faults.is_empty() {
            table.insert("faults".to_owned(), faults.into());
        }
        let config: Config = table.clone().try_into().map_err(unfit)?;
        config.plan(0).map_err(unfit)?;
        let told = |fault: &FaultArg| match &fault.params {
            None => fault.name.clone(),
            Some(params) => {
                format!("{} {}", fault.name, serde_json::Value::Object(params.clone()))
            }
        };
        Ok(Self { table, quirks, faults: said.faults.iter().map(told).collect() })
    }

    /// How long a token lives.
    pub(super) fn token_ttl(&self) -> Duration {
        let lives = self.quirks.iter().find(|(name, _)| name.ends_with("token-ttl"));
        let lives = lives.and_then(|(_, lives)| humantime::parse_duration(lives).ok());
        lives.expect("own.toml says how long a token lives, and what was said over it was checked")
    }

    /// What a reader of the report has to know about it.
    pub(super) fn note(&self) -> String {
        let quirks = self.quirks.iter().map(|(name, value)| format!("{name} {value}"));
        let quirks = quirks.collect::<Vec<_>>().join(", ");
        format!("the emulator runs with shortened retries and timeouts: {quirks}")
    }

    /// What it was told to do wrong.
    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// The configuration of an emulator that is set up so.
    fn config(&self, setup: Setup) -> String {
        let mut table = self.table.clone();
        let mode = i64::from(setup.mode.unwrap_or(MODE));
        let device = [
            ("mode".to_owned(), Value::Integer(mode)),
            ("health_codes".to_owned(), Value::Boolean(setup.health_codes)),
        ];
        table.insert("device".to_owned(), Value::Table(toml::Table::from_iter(device)));
        table.to_string()
    }
}

fn unfit(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::new(Exit::Usage, "setting up an emulator to judge", error)
        .hint("`vestibule conform device --help` has examples")
}

/// The password of its v1 account; its name is that of `--v1-user` by itself.
pub(super) const V1_PASSWORD: &str = "admin";

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

impl Own {
    /// Starts it, trusting the receivers of `authority`.
    pub(super) async fn start(
        base: &Base,
        setup: Setup,
        authority: &Authority,
    ) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::new(Exit::Unreachable, "starting an emulator to judge", error)
                .hint("start one with `vestibule run` and give its URL")
        };
        let trusted = file(&authority.pem()).map_err(failed)?;
        let config = file(&base.config(setup)).map_err(failed)?;
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

    fn said(quirks: &[(&str, &str)], faults: &[&str]) -> Result<Base, Failure> {
        let quirk = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let fault = |name: &&str| FaultArg { name: (*name).to_owned(), params: None };
        let quirks = quirks.iter().map(quirk).collect();
        Base::new(&OwnArgs { quirks, faults: faults.iter().map(fault).collect() })
    }

    #[test]
    fn the_configuration_says_what_the_suite_has_to_know() {
        let base = said(&[], &[]).expect("nothing was said");
        assert_eq!(base.token_ttl(), Duration::from_secs(3));
        assert!(base.note().contains("push-timeout 300ms"));
        let base = said(&[("v3.token-ttl", "7s")], &[]).expect("there is such a quirk");
        assert_eq!(base.token_ttl(), Duration::from_secs(7));
    }

    #[test]
    fn what_there_is_not_is_said_before_anything_starts() {
        assert!(said(&[], &["v3.fetch.default-limit"]).is_ok());
        for bad in [said(&[("v3.nothing", "1")], &[]), said(&[], &["v3.no-such-fault"])] {
            let failure = bad.expect_err("there is none").to_string();
            assert!(failure.contains("vestibule"), "{failure}");
        }
    }
}
