//! Running cases: which of them, in which order, against the device, and what came of each.
//!
//! `order` sorts them, `needs` says which are left out and why, `stage` is one case under way with
//! what it has set up and must put back, `steps` does its steps, `lag` measures this machine.
//! Promises that each planned case ends in one result, that what a case changed is put back also
//! when it failed or was interrupted, and that a failure that only time explains is looked at twice.

mod calls;
mod feeds;
mod fetching;
mod lag;
mod messages;
mod needs;
mod order;
mod putting_back;
mod stage;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::case::collection::Filed;
use crate::case::place::{self, Path};
use crate::case::span::Spans;
use crate::case::types::{Case, Cost, Level, Safety};
use crate::clock;
use crate::outcome::{
    CaseDraft, CaseHead, CaseResult, Ending, Exchanges, Known, Level as Judges, Redactor, Skip,
};
use crate::platform::ServerTls;
use crate::stimulus::Stimulus;
use crate::target::Target;

use self::lag::Lag;
use self::stage::{Ended, Stage};

pub use needs::{Writes, writes};
pub use order::order;

/// How a run is done.
#[derive(Debug)]
pub struct Settings {
    /// What all times count from.
    pub origin: Instant,
    /// The lengths of the words for waits.
    pub spans: Spans,
    /// What cases may do.
    pub allowed: Allowed,
    /// What is put back where GET gives no subscription.
    pub v1_restore: Option<V1Restore>,
    /// How the suite can be reached.
    pub receiver: ReceiverSettings,
    /// Whether reports arrive at the receiver already.
    pub reports: Reports,
    /// Whether a door may be opened.
    pub door: Door,
    /// A text of this run's own.
    pub run_id: String,
}

/// What cases may do to the device beyond reading.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Allowed {
    /// Kinds of effect, `safe` always.
    pub safety: BTreeSet<Safety>,
    /// Kinds of cost, `fast` always.
    pub cost: BTreeSet<Cost>,
}

/// A subscription to put back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum V1Restore {
    /// Pushing to this URL.
    Url(String),
    /// No pushing.
    Disabled,
}

/// How the suite's receivers can be reached.
#[derive(Debug)]
pub struct ReceiverSettings {
    /// The address of this machine that the device can reach.
    pub ip: IpAddr,
    /// The port, 0 for any.
    pub port: u16,
    /// What the device is told, where that is another address.
    pub public_url: Option<String>,
    /// A certificate that the device trusts.
    pub trusted: Option<ServerTls>,
    /// A certificate that nobody trusts.
    pub untrusted: Option<ServerTls>,
}

/// Whether reports have to be configured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reports {
    /// By `config-set`, and put back.
    Configure,
    /// They arrive already.
    Configured,
}

/// Whether a door may be opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Door {
    /// It stays shut.
    Shut,
    /// The serial number was typed, or the device is an emulator.
    MayOpen,
}

/// A case that is planned.
#[derive(Debug)]
pub struct Planned<'a> {
    /// The case and its file.
    pub filed: &'a Filed,
    /// The entries of the known-failures list about it.
    pub known: Vec<Known>,
    /// Why the user excluded it.
    pub excluded: Option<String>,
}

/// Runs cases against a device.
#[derive(Debug)]
pub struct Runner {
    target: Target,
    stimulus: Stimulus,
    settings: Settings,
    lag: Lag,
    kept: Kept,
}

/// What one case came to.
pub struct Attempts {
    first: CaseDraft,
    /// Only time explains how the first one failed.
    second: Option<CaseDraft>,
}

impl Attempts {
    /// The result of the case.
    #[must_use]
    pub fn result(&self, redactor: &mut Redactor) -> CaseResult {
        let first = CaseResult::new(&self.first, redactor);
        match &self.second {
            Some(second) => CaseResult::after_retry(first, CaseResult::new(second, redactor)),
            None => first,
        }
    }
}

/// What lives longer than a case.
#[derive(Debug, Default)]
struct Kept {
    /// The port that the device reports to, and what the settings were before.
    reports: Option<stage::ReportsKept>,
}

impl Runner {
    /// A runner against that device.
    #[must_use]
    pub fn new(target: Target, stimulus: Stimulus, settings: Settings) -> Self {
        Self { target, stimulus, settings, lag: Lag::start(), kept: Kept::default() }
    }

    /// Runs one case to its end; none when it was interrupted, with all put back. Cases are to be
    /// run in the order of [`order`]; `blocked_by` is what failed of those that this one depends on.
    pub async fn case(
        &mut self,
        planned: &Planned<'_>,
        blocked_by: Option<&str>,
        interrupted: &mut watch::Receiver<bool>,
    ) -> Option<Attempts> {
        let first = self.attempt(planned, blocked_by, interrupted).await?;
        let again = first.timing && is_red(&first.draft);
        let second = if again {
            Some(self.attempt(planned, blocked_by, interrupted).await?.draft)
        } else {
            None
        };
        Some(Attempts { first: first.draft, second })
    }

    /// Puts back what was set for the whole run; what could not be is told.
    pub async fn finish(&mut self) -> Vec<String> {
        let Some(reports) = self.kept.reports.take() else {
            return Vec::new();
        };
        let put_back =
            putting_back::configure(&mut self.target, &self.settings, &reports.before).await;
        put_back.err().map(|why| format!("the report settings: {why}")).into_iter().collect()
    }

    async fn attempt(
        &mut self,
        planned: &Planned<'_>,
        blocked_by: Option<&str>,
        interrupted: &mut watch::Receiver<bool>,
    ) -> Option<Attempt> {
        let case = &planned.filed.case;
        let started = clock::mono();
        if let Some(ending) = self.not_to_start(planned, blocked_by) {
            return Some(Attempt { draft: self.draft(planned, started, ending), timing: false });
        }
        self.lag.reset();
        let mut stage = Stage::new(
            planned.filed,
            &mut self.target,
            &self.stimulus,
            &self.settings,
            &mut self.kept,
        );
        let ended = tokio::select! {
            ended = stage.perform() => Some(ended),
            _ = interrupted.wait_for(|stop| *stop) => None,
        };
        let acted = stage.put_back(ended.as_ref()).await;
        let ended = ended?;
        let timing = acted.timing;
        let ending = match ended {
            Ended::Ran => Ending::Ran,
            Ended::Skipped(skip) => Ending::Skipped(skip),
            Ended::Blocked(by) => Ending::Blocked(by.to_owned()),
            Ended::Error(why) => Ending::Error(why),
        };
        let ending = match (ending, acted.trouble, self.lag.voids()) {
            (Ending::Ran, Some(trouble), _) => Ending::Error(trouble),
            (Ending::Ran, None, Some(lag)) if timing => Ending::Error(format!(
                "this machine stood still for {:.1} s, so a wait says nothing",
                lag.as_secs_f64()
            )),
            (ending, ..) => ending,
        };
        let draft = CaseDraft {
            checks: acted.checks,
            drift: acted.drift.into_iter().collect(),
            observations: acted.observations,
            exchanges: acted.exchanges,
            ..self.draft(planned, started, ending)
        };
        tracing::debug!(case = case.id, "ended");
        Some(Attempt { draft, timing })
    }

    /// Why a case does not even start.
    fn not_to_start(&self, planned: &Planned<'_>, blocked_by: Option<&str>) -> Option<Ending> {
        let case = &planned.filed.case;
        if let Some(why) = &planned.excluded {
            return Some(Ending::Skipped(Skip::Excluded(why.clone())));
        }
        if let Some(skip) = needs::unmet(case, &self.target, &self.stimulus, &self.settings) {
            return Some(Ending::Skipped(skip));
        }
        blocked_by.map(|blocker| Ending::Blocked(blocker.to_owned()))
    }

    fn draft(&self, planned: &Planned<'_>, started: Instant, ending: Ending) -> CaseDraft {
        CaseDraft {
            head: head(planned.filed),
            at: started.saturating_duration_since(self.settings.origin),
            took: clock::mono().saturating_duration_since(started),
            ending,
            checks: Vec::new(),
            drift: Vec::new(),
            observations: Vec::new(),
            exchanges: Exchanges::default(),
            known: planned.known.clone(),
        }
    }
}

/// One attempt at a case.
struct Attempt {
    draft: CaseDraft,
    /// Whether something failed for not coming in time.
    timing: bool,
}

/// Whether a check that judges does not hold.
fn is_red(draft: &CaseDraft) -> bool {
    draft.checks.iter().any(|check| check.level != Judges::Observe && !check.mismatches.is_empty())
}

/// What a report shows of a case before it ran.
#[must_use]
pub fn head(filed: &Filed) -> CaseHead {
    let Case { id, rev, title, source, level, .. } = &filed.case;
    CaseHead {
        id: id.clone(),
        rev: *rev,
        title: title.clone(),
        source: source.clone(),
        level: judges(*level),
        file: filed.file.path.clone(),
    }
}

fn judges(level: Level) -> Judges {
    match level {
        Level::Must => Judges::Must,
        Level::Either => Judges::Either,
        Level::Observe => Judges::Observe,
    }
}

/// Where a step stands in its file.
fn place_of(text: &str, path: &Path) -> Option<crate::outcome::Place> {
    let (line, column) = place::position(text, path);
    let line = u32::try_from(line).ok()?;
    Some(crate::outcome::Place { line, column: u32::try_from(column).ok()? })
}

/// How long the clean-up steps of a case may take, so that a Ctrl-C ends.
const CLEAN_UP_MAX: Duration = Duration::from_secs(30);

/// How long putting back settings may take after them: a device may have to restart for it.
const PUTTING_BACK_MAX: Duration = Duration::from_secs(120);

/// Values by name.
type Named<T> = BTreeMap<String, T>;
