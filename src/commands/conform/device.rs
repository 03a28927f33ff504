//! `vestibule conform device`: check, connect, run the cases, say what came of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;
use tokio::sync::watch;
use vestibule_conformance::case::collection::{Collection, Filed};
use vestibule_conformance::case::types::{Case, Cost};
use vestibule_conformance::clock;
use vestibule_conformance::known_failures::KnownFailures;
use vestibule_conformance::outcome::{CaseResult, Progress, Redactor, Run, RunStart, Verdict};
use vestibule_conformance::runner::{Planned, head, order};
use vestibule_conformance::select::{Choice, SelectError, Selection};

use super::bench::{self, Bench};
use super::interruption::Interruption;
use super::telling::Telling;
use super::{check, list, settings};
use crate::cli::conform::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;

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
    let judging = Judging {
        args: &args,
        collection: &collection,
        selection: &selection,
        known: &known,
        today: today(),
        output,
        telling: Telling::new(&args.result.reports, output)?,
    };
    let interruption = Interruption::new()?;
    tokio::select! {
        judged = Box::pin(judging.device(&interruption)) => judged,
        // What stands on the bench goes with the future.
        () = interruption.given_up() => Ok(Exit::Interrupted),
    }
}

/// What a run is about.
struct Judging<'a> {
    args: &'a DeviceArgs,
    collection: &'a Collection,
    selection: &'a Selection,
    known: &'a KnownFailures,
    today: Date,
    output: &'a Output,
    telling: Telling<'a>,
}

/// What the lanes of a run share.
struct State {
    run: RefCell<Run>,
    redactor: RefCell<Redactor>,
    ended: Ended,
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
    /// Runs the cases against the device.
    async fn device(&self, interruption: &Interruption) -> Result<Exit, Failure> {
        let origin = clock::mono();
        let planned = self.planned();
        if planned.is_empty() {
            return Err(nothing_matched());
        }
        let redactor = bench::secrets(&self.args.target);
        let bench = Box::pin(Bench::new(self.args, origin, &redactor, self.output)).await?;
        let run = Run::new(RunStart {
            target: bench.shown.clone(),
            planned: planned.iter().map(|one| head(one.filed)).collect(),
            started: clock::wall(),
            command: redactor.text(&command_line(&self.args.target.url)),
        });
        let state =
            State { run: run.into(), redactor: redactor.into(), ended: Ended::new(&planned) };
        let done = Box::pin(self.cases(&planned, &bench, &state, interruption)).await;
        let troubles = bench.clear().await;
        done?;
        let mut run = state.run.into_inner();
        let progress =
            if interruption.stopped() { Progress::Interrupted } else { Progress::Complete };
        let filed: Vec<&Filed> = planned.iter().map(|one| one.filed).collect();
        let stale = match progress {
            Progress::Complete => self.known.stale(&filed, run.cases(), self.today),
            _ => Vec::new(),
        };
        run.end(progress, clock::mono().saturating_duration_since(origin), stale);
        self.write_known(&run)?;
        self.telling.run(&run)?;
        match troubles.into_iter().next() {
            Some(trouble) => Err(not_put_back(trouble)),
            None => Ok(verdict(&run)),
        }
    }

    /// Runs them until the end or a signal. The cases that wait long have an emulator of their own
    /// and run beside the others; a device that was named has one case at a time.
    async fn cases(
        &self,
        planned: &[Planned<'_>],
        bench: &Bench<'_>,
        state: &State,
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
        state: &State,
        interruption: &Interruption,
    ) -> Result<(), Failure> {
        let mut stop = interruption.stop();
        for one in cases {
            let blocked_by = tokio::select! {
                blocked_by = state.ended.wait(&one.filed.case) => blocked_by,
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
            };
            self.output.progress(|| one.filed.case.id.clone());
            let mut station = bench.take(&one.filed.case).await?;
            let ended = station.runner.case(one, blocked_by.as_deref(), &mut stop).await;
            bench.put(station);
            let Some(attempts) = ended else {
                return Ok(());
            };
            let result = attempts.result(&mut state.redactor.borrow_mut());
            self.telling.case(&result)?;
            state.ended.note(&result);
            state.run.borrow_mut().add(result).map_err(|error| {
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
        let Some(path) = &self.args.result.write_known_failures else {
            return Ok(());
        };
        std::fs::write(path, KnownFailures::bootstrap(run.cases())).map_err(|error| {
            let tried = format!("writing {}", path.display());
            Failure::new(Exit::Usage, tried, error).hint("name a file that can be written")
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
        let hint = "an entry has `id`, `reason` and perhaps `expires`";
        Failure::new(Exit::Usage, tried(), error).hint(hint)
    })
}

/// Today, as a list of known failures counts days.
pub(super) fn today() -> Date {
    let now = jiff::Timestamp::try_from(clock::wall()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn command_line(url: &Option<String>) -> String {
    let url = url.as_deref().map(|url| format!(" {url}")).unwrap_or_default();
    format!("vestibule conform device{url}")
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
