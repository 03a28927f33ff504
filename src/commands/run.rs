//! `vestibule run`: devices until they are told to stop.

use serde::Serialize;
use vestibule_emulator::clock::Clock;
use vestibule_emulator::config::{Config, Keeping, Plan};
use vestibule_emulator::emulator::{Bound, Emulator, Ready, StartError};
use vestibule_emulator::storage::{Opening, Store, StoreError};

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

/// Runs devices until SIGINT or SIGTERM.
pub(crate) async fn run(args: RunArgs, output: &Output) -> Result<Exit, Failure> {
    let mut signals = signals()?;
    let Some(emulator) = start(&args, &mut signals, output).await? else {
        return Ok(Exit::Done);
    };
    for ready in emulator.ready() {
        output.json(&ReadyLine::from(ready))?;
    }
    tell(&emulator);
    signals.recv().await;
    tracing::info!("stopping");
    emulator.stop().await;
    forget(&args);
    Ok(Exit::Done)
}

/// Tells people what to expect: at night an office is quiet. One line, however many devices there are.
fn tell(emulator: &Emulator) {
    let (who, whose) = match emulator.ready() {
        [] => return,
        [only] => (format!("{} is at its door", only.sn), String::new()),
        [first, .., last] => {
            let count = emulator.ready().len();
            let who = format!("{count} devices, {} to {}, are at their doors", first.sn, last.sn);
            (who, format!("--device {} ", first.sn))
        }
    };
    let next = emulator.fleet().devices.values().filter_map(|device| {
        device.read(|device, mono| Some(device.next_deadline()?.since(mono).as_secs() + 1))
    });
    match next.min() {
        Some(seconds) => tracing::info!(
            "{who}; somebody comes in about {seconds} s, or at once with \
             `vestibule ctl {whose}emit face --episode`"
        ),
        None => tracing::info!("{who}; `vestibule ctl {whose}emit` makes events"),
    }
}

/// Takes the signals over.
pub(super) fn signals() -> Result<Signals, Failure> {
    Signals::new().map_err(|error| {
        Failure::new(Exit::Unreachable, "waiting for signals", error).hint("raise `ulimit -n`")
    })
}

/// Starts the devices and says so in the ready file; none if a signal came first.
pub(super) async fn start(
    args: &RunArgs,
    signals: &mut Signals,
    output: &Output,
) -> Result<Option<Emulator>, Failure> {
    let clock = Clock::default();
    let (plan, store) = plan(args, &clock)?;
    let work = work(&plan, store.as_ref());
    let mut bound = Bound::new(plan, clock).map_err(start_failure)?;
    if let Some(store) = store {
        bound = bound.kept_in(store);
    }
    // Not before the ports are ours: the file may be that of a device that has them.
    if let Some(path) = &args.ready_file {
        ready_file::clear(path).map_err(ready_failure)?;
    }
    let started = if let Some(work) = work {
        output.progress(|| work);
        let starting = tokio::task::spawn_blocking(|| bound.start());
        let started = tokio::select! {
            started = starting => started,
            _ = signals.recv() => return Ok(None),
        };
        output.progress_end();
        started
            .map_err(|error| Failure::new(Exit::Usage, "starting the devices", error))?
            .map_err(start_failure)?
    } else {
        bound.start().map_err(start_failure)?
    };
    if let Some(path) = &args.ready_file {
        let lines =
            started.ready().iter().map(|ready| serde_json::to_string(&ReadyLine::from(ready)));
        let lines: Result<Vec<_>, _> = lines.collect();
        let lines =
            lines.map_err(|error| Failure::new(Exit::Usage, "writing the ready file", error))?;
        ready_file::write(path, &(lines.join("\n") + "\n")).map_err(ready_failure)?;
    }
    Ok(Some(started))
}

/// What takes its time at the start, if something does.
fn work(plan: &Plan, store: Option<&Store>) -> Option<String> {
    if store.is_some_and(|store| store.meta().is_some()) {
        return Some("reading the store".to_owned());
    }
    let past: u64 = plan.devices.iter().map(|each| each.device.backfill).sum();
    (past > 0).then(|| format!("making a past of {past} events"))
}

/// Takes the ready file away: nobody is to find a device that has ended.
pub(super) fn forget(args: &RunArgs) {
    if let Some(Err(error)) = args.ready_file.as_deref().map(ready_file::clear) {
        tracing::warn!(%error, "the ready file stays behind");
    }
}

/// What is to run, and the store it is kept in. A store goes on with the seed it was made with.
fn plan(args: &RunArgs, clock: &Clock) -> Result<(Plan, Option<Store>), Failure> {
    let bad = |error| {
        Failure::new(Exit::Usage, "reading the configuration", error)
            .hint("see `vestibule run --help`")
    };
    let mut config = match args.config() {
        Some(path) => Config::read(path).map_err(bad)?,
        None => Config::default(),
    };
    args.say_over(&mut config);
    let fresh_seed = clock.fresh_seed();
    let plan = config.plan(fresh_seed).map_err(bad)?;
    let Some(Keeping { dir, durability }) = config.keeping().map_err(bad)? else {
        return Ok((plan, None));
    };
    let opening = Opening { durability, pages_max: None };
    let store = Store::open(&dir, opening).map_err(store_failure)?;
    let plan = match store.meta() {
        Some(meta) => config.plan(meta.seed).map_err(bad)?,
        None => plan,
    };
    Ok((plan, Some(store)))
}

fn start_failure(error: StartError) -> Failure {
    match error {
        StartError::Descriptors(error) => Failure::new(Exit::Usage, "starting the devices", error)
            .hint("give fewer --devices or fewer --connections, or raise `ulimit -n`"),
        StartError::Interface(_) => Failure::new(Exit::Unreachable, "starting the devices", error)
            .hint("give --addressing port, or take a Linux from 5.7 on or the right CAP_NET_RAW"),
        StartError::Listen(error) => Failure::new(Exit::Unreachable, "starting the device", error)
            .hint("give another address with --listen or --control; port 0 picks a free one"),
        StartError::Tls(error) => Failure::new(Exit::Usage, "reading --push-ca", error)
            .hint("give a PEM file with root certificates"),
        StartError::Discovery(error) => {
            Failure::new(Exit::Unreachable, "letting the devices be found", error)
                .hint("give another `udp` under [discover], or take that way out of --discover")
        }
        StartError::Certificate(error) => Failure::new(Exit::Usage, "preparing TLS", error)
            .hint("give PEM files with --tls-cert and --tls-key, or take the device's own away"),
        StartError::Store(error) => store_failure(error),
        StartError::Thread(_) => Failure::new(Exit::Unreachable, "starting the devices", error)
            .hint("raise the limit on threads (`ulimit -u`)"),
    }
}

/// Why a store cannot be used, and what to try.
pub(super) fn store_failure(error: StoreError) -> Failure {
    let (exit, hint) = match &error {
        StoreError::Held { .. } => {
            (Exit::Unreachable, "stop that process, or give another directory".to_owned())
        }
        StoreError::Directory { .. } => {
            (Exit::Usage, "give a directory that can be written".to_owned())
        }
        StoreError::Absent { .. } => (Exit::Usage, "give the directory of --data".to_owned()),
        StoreError::Foreign { .. } => (Exit::Usage, "give another directory".to_owned()),
        StoreError::Newer { .. } => (Exit::Usage, "use the release that wrote it".to_owned()),
        StoreError::Damaged { file, .. } => {
            let dir = file.parent().unwrap_or(file).display();
            let salvage = format!(
                "save what is whole of it with `vestibule store salvage {dir} --to {dir}-saved`"
            );
            (Exit::Usage, salvage)
        }
        StoreError::Engine { .. } => {
            (Exit::Usage, "make sure that the file can be read and written".to_owned())
        }
        StoreError::Commit { .. } => (Exit::Unreachable, "make room on the disk".to_owned()),
        StoreError::Contradiction { what, stored, .. } => {
            (Exit::Usage, format!("give {what} {stored}, or another directory"))
        }
    };
    Failure::new(exit, "opening the store", error).hint(hint)
}

fn ready_failure(error: ready_file::ReadyFileError) -> Failure {
    Failure::new(Exit::Usage, "writing the ready file", error)
        .hint("give a path in a directory that can be written, with --ready-file")
}
