//! `vestibule run`: a device until it is told to stop.

use serde::Serialize;
use vestibule_emulator::clock::Clock;
use vestibule_emulator::config::{Config, Plan};
use vestibule_emulator::emulator::{Emulator, Ready, StartError};

use crate::cli::run::RunArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::ready_file;
use crate::signals::Signals;

/// What is printed for each device when it is ready.
#[derive(Serialize)]
struct ReadyLine<'a> {
    sn: &'a str,
    device_id: &'a str,
    url: &'a str,
    control: &'a str,
    seed: u64,
}

impl<'a> From<&'a Ready> for ReadyLine<'a> {
    fn from(ready: &'a Ready) -> Self {
        let Ready { sn, device_id, url, control, seed } = ready;
        Self { sn, device_id, url, control, seed: *seed }
    }
}

/// Runs a device until SIGINT or SIGTERM.
pub(crate) async fn run(args: RunArgs, output: &Output) -> Result<Exit, Failure> {
    let mut signals = signals()?;
    let emulator = start(&args)?;
    for ready in emulator.ready() {
        output.json(&ReadyLine::from(ready))?;
    }
    tell(&emulator);
    signals.recv().await;
    tracing::info!("stopping");
    emulator.stop().await;
    Ok(Exit::Done)
}

/// Tells people what to expect: at night an office is quiet.
fn tell(emulator: &Emulator) {
    for (sn, device) in &emulator.fleet().devices {
        let next = device.read(|device, mono| Some(device.next_deadline()?.since(mono)));
        match next.map(|wait| wait.as_secs() + 1) {
            Some(seconds) => tracing::info!(
                "{sn} is at its door; somebody comes in about {seconds} s, or at once with \
                 `vestibule ctl emit face --episode`"
            ),
            None => tracing::info!("{sn} is at its door; `vestibule ctl emit` makes events"),
        }
    }
}

/// Takes the signals over.
pub(super) fn signals() -> Result<Signals, Failure> {
    Signals::new().map_err(|error| {
        Failure::new(Exit::Unreachable, "waiting for signals", error).hint("raise `ulimit -n`")
    })
}

/// Starts the device and says so in the ready file.
pub(super) fn start(args: &RunArgs) -> Result<Emulator, Failure> {
    if let Some(path) = &args.ready_file {
        ready_file::clear(path).map_err(ready_failure)?;
    }
    let clock = Clock::default();
    let plan = plan(args, &clock)?;
    let emulator = Emulator::start(plan, clock).map_err(start_failure)?;
    if let Some(path) = &args.ready_file {
        let lines =
            emulator.ready().iter().map(|ready| serde_json::to_string(&ReadyLine::from(ready)));
        let lines: Result<Vec<_>, _> = lines.collect();
        let lines =
            lines.map_err(|error| Failure::new(Exit::Usage, "writing the ready file", error))?;
        ready_file::write(path, &(lines.join("\n") + "\n")).map_err(ready_failure)?;
    }
    Ok(emulator)
}

fn plan(args: &RunArgs, clock: &Clock) -> Result<Plan, Failure> {
    let bad = |error| {
        Failure::new(Exit::Usage, "reading the configuration", error)
            .hint("see `vestibule run --help`")
    };
    let mut config = match args.config() {
        Some(path) => Config::read(path).map_err(bad)?,
        None => Config::default(),
    };
    args.say_over(&mut config);
    config.plan(clock.fresh_seed()).map_err(bad)
}

fn start_failure(error: StartError) -> Failure {
    match error {
        StartError::Listen(error) => Failure::new(Exit::Unreachable, "starting the device", error)
            .hint("give another address with --listen or --control; port 0 picks a free one"),
        StartError::Tls(error) => Failure::new(Exit::Usage, "reading --push-ca", error)
            .hint("give a PEM file with root certificates"),
    }
}

fn ready_failure(error: ready_file::ReadyFileError) -> Failure {
    Failure::new(Exit::Usage, "writing the ready file", error)
        .hint("give a path in a directory that can be written, with --ready-file")
}
