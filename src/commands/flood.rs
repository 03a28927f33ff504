//! `vestibule flood`: loads a platform and says how it bore that.
//!
//! Owns the run: what it is made of, what ends it, and what its counts mean for the exit code. What is
//! sent, and how, is the libraries'.

mod told;
mod verdict;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::AbortHandle;
use vestibule_core::flood::{Length, Pace, Schedule, Shape};
use vestibule_emulator::clock::{Clock, pause};
use vestibule_emulator::flood::report::{Document, Subject, schema};
use vestibule_emulator::flood::{Finished, Flood, Handle, Metrics, Settings, StartError};

pub(super) use self::told::{Told, Usual};
pub(super) use self::verdict::judge;
use crate::cli::flood::FloodArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::signals::Signals;

/// Records a second where nothing is said: a platform on a desk bears it.
const RATE_USUAL: f64 = 100.0;

/// How long where nothing is said.
const DURATION_USUAL: Duration = Duration::from_secs(30);

/// Between two looks at the counts; longer looks stuck.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Floods a platform.
pub(crate) async fn run(args: FloodArgs, output: &Output) -> Result<Exit, Failure> {
    if args.schema {
        output.line(&format!("{:#}", schema()))?;
        return Ok(Exit::Done);
    }
    let mut signals = super::run::signals()?;
    let told = Told::new(&args.reports, Usual::Human)?;
    let clock = Clock::default();
    let settings = settings(&args, clock)?;
    let subject = Subject::new(&settings);
    let starts = settings.start_at;
    let planned = settings.schedule.records(settings.shard);
    let flood = tokio::select! {
        flood = Box::pin(Flood::prepare(settings, clock)) => flood.map_err(start_failure)?,
        _ = signals.recv() => return Err(before_the_start()),
    };
    let metrics = args.metrics.map(|address| show_metrics(address, &flood)).transpose()?;
    if let Some(at) = starts {
        let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
        tracing::info!("everything is ready; the flood begins at {at}");
    }
    let finished = attended(flood, planned, &mut signals, output).await.map_err(start_failure)?;
    output.progress_end();
    if let Some(metrics) = metrics {
        metrics.abort();
    }
    let document = Document::new(&subject, &finished);
    told.tell(&document, output)?;
    judge(&document)
}

/// Serves the counts for Prometheus, until the task is aborted.
fn show_metrics(address: SocketAddr, flood: &Flood) -> Result<AbortHandle, Failure> {
    let metrics = Metrics::bind(address).map_err(|error| {
        Failure::new(Exit::Unreachable, format!("listening on {address}"), error)
            .hint("give another address with --metrics; port 0 picks a free one")
    })?;
    tracing::info!("the counts are at http://{}/metrics", metrics.address());
    let handle = flood.handle();
    let serving = tokio::spawn(async move {
        let Err(error) = metrics.serve(handle).await;
        tracing::warn!(%error, "the counts cannot be shown any more");
    });
    Ok(serving.abort_handle())
}

/// Runs it to its end, which a signal brings nearer, and a second one at once.
async fn attended(
    flood: Flood,
    planned: Option<u64>,
    signals: &mut Signals,
    output: &Output,
) -> Result<Finished, StartError> {
    let handle = flood.handle();
    let mut running = Box::pin(flood.run());
    let mut asked = 0;
    loop {
        tokio::select! {
            finished = &mut running => return finished,
            _ = signals.recv() => {
                asked += 1;
                if asked == 1 { handle.stop() } else { handle.give_up() }
            }
            () = pause(LOOK_EVERY), if output.shows_progress() => show(&handle, planned, output),
        }
    }
}

fn show(handle: &Handle, planned: Option<u64>, output: &Output) {
    let totals = handle.totals();
    let ended = totals.acknowledged + totals.failed;
    let count = || {
        let (acknowledged, failed) = (totals.acknowledged, totals.failed);
        format!("{acknowledged} acknowledged, {failed} failed, {} in flight", totals.in_flight())
    };
    match planned {
        Some(planned) => output.progress_bar(ended, planned, count),
        None => output.progress(count),
    }
}

fn settings(args: &FloodArgs, clock: Clock) -> Result<Settings, Failure> {
    let usage = |error: Box<dyn std::error::Error + Send + Sync>, hint: &str| {
        Failure::new(Exit::Usage, "reading the flood's flags", error).hint(hint)
    };
    let Some(to) = args.to.clone() else {
        return Err(usage("no destination is given".into(), "give one with --to URL"));
    };
    if args.max && args.shape != Shape::Steady {
        let why = format!("--shape {} is a schedule, and --max has none", args.shape);
        let hint = match args.shape {
            Shape::Storm => "leave --max out: a storm comes as fast as the platform takes it",
            _ => "give --rate instead of --max",
        };
        return Err(usage(why.into(), hint));
    }
    let rate = args.rate.unwrap_or(RATE_USUAL);
    let pace = if args.max { Pace::Closed } else { Pace::Open { rate } };
    let (length, duration) = match (args.events, args.duration) {
        (Some(events), _) => (Length::Records(events.get()), None),
        (None, duration) => {
            let duration = duration.unwrap_or(DURATION_USUAL);
            (Length::Time(duration), Some(duration))
        }
    };
    let schedule = Schedule::new(args.shape, pace, length, args.devices.get(), args.burst_every);
    let schedule = schedule.map_err(|error| {
        usage(error.into(), "mend --rate, --duration, --events or --burst-every")
    })?;
    if schedule.records(args.shard) == Some(0) || args.shard.index() >= args.devices.get() {
        let why = format!("shard {} has no record to send", args.shard);
        return Err(Failure::new(Exit::NothingExamined, "flooding", why)
            .hint("give more --events, a higher --rate, or fewer shards than --devices"));
    }
    Ok(Settings {
        to,
        ca: args.ca.clone(),
        api: args.api(),
        images: args.image_bytes,
        seed: args.seed.unwrap_or_else(|| clock.fresh_seed()),
        schedule,
        duration,
        shard: args.shard,
        start_at: args.start_at,
        drain: args.drain,
    })
}

fn before_the_start() -> Failure {
    Failure::new(Exit::Interrupted, "flooding", "interrupted before it began").hint("run it again")
}

fn start_failure(error: StartError) -> Failure {
    let (exit, hint) = match &error {
        StartError::Descriptors(_) => {
            (Exit::Usage, "raise the limit (`ulimit -n`), or give fewer --devices or a --shard")
        }
        StartError::Ca(_) => (Exit::Usage, "give --ca a PEM file with root certificates"),
        StartError::Late { .. } => (Exit::Usage, "give a later --start-at"),
        StartError::Connect(_) => (
            Exit::Unreachable,
            "see that the platform is up and --to is right; `vestibule receive` is one",
        ),
        StartError::Thread(_) => (Exit::Unreachable, "raise the limit on threads (`ulimit -u`)"),
    };
    Failure::new(exit, "flooding", error).hint(hint)
}
