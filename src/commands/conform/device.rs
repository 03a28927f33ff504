//! `vestibule conform device`: check, connect, run the cases, say what came of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use jiff::civil::Date;
use tokio::sync::watch;
use vestibule_conformance::case::collection::{Collection, Filed};
use vestibule_conformance::case::types::{Case, Cost};
use vestibule_conformance::clock;
use vestibule_conformance::known_failures::KnownFailures;
use vestibule_conformance::outcome::{CaseResult, Progress, Redactor, Run, RunStart, Verdict};
use vestibule_conformance::report::Reports;
use vestibule_conformance::runner::{Planned, head, order};
use vestibule_conformance::select::{Choice, SelectError, Selection};

use super::bench::{self, Bench};
use super::interruption::Interruption;
use super::reporting::{Asked, again};
use super::underway::Underway;
use super::{check, list, settings};
use crate::cli::conform::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::reporting::ReportFile;

/// Judges a device.
pub(crate) async fn run(args: DeviceArgs, output: &Output) -> Result<Exit, Failure> {
    let collection = check::read(args.choice.fixtures.as_deref(), output)?;
    let selection = Selection::new(&args.choice.only, &args.choice.skip, &collection.cases);
    let selection = selection.map_err(selection_failure)?;
    if args.choice.list {
        let allowed = settings::allowed(&args);
        let listed = list::print(&collection.cases, &selection, &allowed, output)?;
        return if listed == 0 { Err(nothing_matched()) } else { Ok(Exit::Done) };
    }
    let known = known_failures(args.result.known_failures.as_deref())?;
    let new_known = args.result.write_known_failures.as_deref();
    let judging = Judging {
        args: &args,
        collection: &collection,
        selection: &selection,
        known: &known,
        new_known: new_known.map(ReportFile::new).transpose()?,
        today: today(),
        output,
    };
    let asked = Asked::new(&args)?;
    Box::pin(judging.device(asked, &Interruption::new()?)).await
}

/// What a run is about.
struct Judging<'a> {
    args: &'a DeviceArgs,
    collection: &'a Collection,
    selection: &'a Selection,
    known: &'a KnownFailures,
    new_known: Option<ReportFile>,
    today: Date,
    output: &'a Output,
}

/// What the lanes of a run share.
struct State<'a> {
    reports: RefCell<Reports>,
    redactor: RefCell<Redactor>,
    ended: Ended,
    underway: Underway<'a>,
}

/// How much of a run may be missing from a report when the process is killed. More often, and large
/// reports cost more than the cases.
const CAUGHT_UP_EVERY: Duration = Duration::from_secs(2);

impl State<'_> {
    /// Has the reports catch up again and again.
    async fn kept_up(&self) -> Infallible {
        loop {
            clock::wait(Some(CAUGHT_UP_EVERY)).await;
            self.reports.borrow_mut().catch_up();
        }
    }
}

/// How the cases came to their end.
enum Way {
    /// By themselves or by a signal, and what was changed is put back, but for these.
    PutBack(Vec<String>),
    /// By a second signal, with nothing put back.
    GivenUp,
}

/// The cases that have ended, and whether they failed.
struct Ended {
    red: watch::Sender<BTreeMap<String, bool>>,
    planned: BTreeSet<String>,
}

impl Ended {
    fn new(planned: &[Planned<'_>]) -> Self {
        let planned = planned.iter().map(|one| one.filed.case.id.clone()).collect();
        Self { red: watch::Sender::default(), planned }
    }

    /// Waits for the cases of this run that `case` depends on; one of them that failed.
    async fn wait(&self, case: &Case) -> Option<String> {
        let needed: Vec<&String> =
            case.depends_on.iter().filter(|id| self.planned.contains(*id)).collect();
        let all = |red: &BTreeMap<String, bool>| needed.iter().all(|id| red.contains_key(*id));
        let mut red = self.red.subscribe();
        // Fails never: the sender is in `self`.
        let red = red.wait_for(all).await.ok()?;
        needed.into_iter().find(|id| red.get(*id) == Some(&true)).cloned()
    }

    fn note(&self, result: &CaseResult) {
        let (id, red) = (result.head.id.clone(), result.is_red());
        self.red.send_modify(|all| {
            all.insert(id, red);
        });
    }
}

impl Judging<'_> {
    /// Runs the cases against the device, and tells what came of them.
    async fn device(&self, asked: Asked, interruption: &Interruption) -> Result<Exit, Failure> {
        let origin = clock::mono();
        let planned = self.planned();
        if planned.is_empty() {
            return Err(nothing_matched());
        }
        let redactor = bench::secrets(&self.args.target);
        self.output.progress(|| "looking at the device".to_owned());
        let bench = tokio::select! {
            bench = Box::pin(Bench::new(self.args, origin, &redactor, self.output)) => bench?,
            () = interruption.given_up() => return Ok(Exit::Interrupted),
        };
        let start = RunStart {
            target: bench.shown.clone(),
            planned: planned.iter().map(|one| head(one.filed)).collect(),
            started: clock::wall(),
            command: redactor.text(&again()),
        };
        let sinks = asked.sinks(&self.collection.clauses, self.output);
        let state = State {
            reports: Reports::new(start, sinks).into(),
            redactor: redactor.into(),
            ended: Ended::new(&planned),
            underway: Underway::new(self.output, planned.len()),
        };
        let way = tokio::select! {
            way = Box::pin(self.to_the_end(&planned, &bench, &state, interruption)) => way,
            never = state.underway.said() => match never {},
            never = state.kept_up() => match never {},
            // What stands on the bench goes with it.
            () = interruption.given_up() => Ok(Way::GivenUp),
        };
        let stopped = interruption.stopped() || way.is_err();
        let progress = if stopped { Progress::Interrupted } else { Progress::Complete };
        let took = clock::mono().saturating_duration_since(origin);
        let reports = self.told(state.reports.into_inner(), &planned, progress, took);
        match way? {
            Way::GivenUp => Ok(Exit::Interrupted),
            Way::PutBack(troubles) => match troubles.into_iter().next() {
                Some(trouble) => Err(not_put_back(trouble)),
                None => reports,
            },
        }
    }

    /// Ends the reports; what the run comes to.
    fn told(
        &self,
        mut reports: Reports,
        planned: &[Planned<'_>],
        progress: Progress,
        took: Duration,
    ) -> Result<Exit, Failure> {
        let filed: Vec<&Filed> = planned.iter().map(|one| one.filed).collect();
        let stale = match progress {
            Progress::Complete => self.known.stale(&filed, reports.run().cases(), self.today),
            _ => Vec::new(),
        };
        self.output.progress_end();
        reports.end(progress, took, stale);
        self.write_known(reports.run())?;
        match reports.take_failed() {
            Some(failed) => Err(Failure::new(Exit::Unreachable, "telling of the run", failed)
                .hint("free space there, or name another file")),
            None => Ok(verdict(reports.run())),
        }
    }

    /// Runs the cases and clears the bench.
    async fn to_the_end(
        &self,
        planned: &[Planned<'_>],
        bench: &Bench<'_>,
        state: &State<'_>,
        interruption: &Interruption,
    ) -> Result<Way, Failure> {
        let done = self.cases(planned, bench, state, interruption).await;
        let troubles = bench.clear().await;
        done.map(|()| Way::PutBack(troubles))
    }

    /// Runs them until the end or a signal. The cases that wait long have an emulator of their own
    /// and run beside the others; a device that was named has one case at a time.
    async fn cases(
        &self,
        planned: &[Planned<'_>],
        bench: &Bench<'_>,
        state: &State<'_>,
        interruption: &Interruption,
    ) -> Result<(), Failure> {
        let apart = |one: &&Planned<'_>| bench.has_own() && one.filed.case.cost == Cost::Slow;
        let (slow, others): (Vec<_>, Vec<_>) = planned.iter().partition(apart);
        let lane = |cases| Box::pin(self.lane(cases, bench, state, interruption));
        tokio::try_join!(lane(others), lane(slow)).map(drop)
    }

    /// Runs cases in turn, each as soon as those that it depends on have ended.
    async fn lane(
        &self,
        cases: Vec<&Planned<'_>>,
        bench: &Bench<'_>,
        state: &State<'_>,
        interruption: &Interruption,
    ) -> Result<(), Failure> {
        let mut stop = interruption.stop();
        for one in cases {
            let blocked_by = tokio::select! {
                blocked_by = state.ended.wait(&one.filed.case) => blocked_by,
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
            };
            state.underway.begins(&one.filed.case.id);
            let mut station = bench.take(&one.filed.case).await?;
            let ended = station.runner.case(one, blocked_by.as_deref(), &mut stop).await;
            bench.put(station);
            let Some(attempts) = ended else {
                return Ok(());
            };
            let result = attempts.result(&mut state.redactor.borrow_mut());
            state.ended.note(&result);
            state.underway.ends(&result.head.id);
            state.reports.borrow_mut().case_ended(result).map_err(|error| {
                Failure::new(Exit::NothingExamined, "adding a result up", error)
            })?;
        }
        Ok(())
    }

    fn planned(&self) -> Vec<Planned<'_>> {
        let cases = &self.collection.cases;
        let planned = order(cases).into_iter().filter_map(|at| {
            let filed = &cases[at];
            let excluded = match self.selection.choice(filed) {
                Choice::Leave => return None,
                Choice::Skip(why) => Some(why),
                Choice::Run => None,
            };
            Some(Planned { filed, known: self.known.of(filed, self.today), excluded })
        });
        planned.collect()
    }

    fn write_known(&self, run: &Run) -> Result<(), Failure> {
        let Some(file) = &self.new_known else {
            return Ok(());
        };
        file.put(KnownFailures::bootstrap(run.cases()).as_bytes()).map_err(|error| {
            Failure::new(Exit::Unreachable, "writing the known failures", error)
                .hint("free space there, or name another file")
        })
    }
}

fn verdict(run: &Run) -> Exit {
    match (run.progress(), run.verdict()) {
        (Progress::Interrupted, _) => Exit::Interrupted,
        (_, Verdict::Green) => Exit::Done,
        (_, Verdict::FallsShort) => Exit::FallsShort,
        (_, Verdict::NotExamined) => Exit::NothingExamined,
    }
}

fn known_failures(path: Option<&Path>) -> Result<KnownFailures, Failure> {
    let Some(path) = path else {
        return Ok(KnownFailures::default());
    };
    let tried = || format!("reading {}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Exit::Usage, tried(), error).hint("name a file that can be read")
    })?;
    KnownFailures::read(&text).map_err(|error| {
        let hint = "each entry is a `[[known]]` with `id`, `reason` and perhaps `expires`; \
             --write-known-failures writes such a list";
        Failure::new(Exit::Usage, tried(), error).hint(hint)
    })
}

/// Today, as a list of known failures counts days.
pub(super) fn today() -> Date {
    let now = jiff::Timestamp::try_from(clock::wall()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn nothing_matched() -> Failure {
    Failure::new(Exit::NothingExamined, "choosing the cases", "none is left")
        .hint("`vestibule conform device --list` lists them")
}

fn not_put_back(trouble: String) -> Failure {
    Failure::new(Exit::NothingExamined, "putting back what the run changed", trouble)
        .hint("look at the device's settings before it is used")
}

fn selection_failure(error: SelectError) -> Failure {
    let exit = match error {
        SelectError::Glob { .. } => Exit::Usage,
        SelectError::Unmatched { .. } => Exit::NothingExamined,
    };
    Failure::new(exit, "choosing the cases", error)
        .hint("`vestibule conform device --list` lists them")
}
