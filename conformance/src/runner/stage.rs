//! One case under way: what it kept, what it opened, what it must put back, what it found.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use serde_json::{Value, json};

use super::{Kept, Named, Settings, judges, needs, place_of};
use crate::case::collection::Filed;
use crate::case::place::Path;
use crate::case::step::Step;
use crate::case::types::Need;
use crate::matcher::{Comparison, Mismatch, Scope, Seen, TemplateError};
use crate::outcome::{CheckDraft, ExchangeDraft, Exchanges, Level as Judges, MismatchDraft, Skip};
use crate::platform::Listener;
use crate::stimulus::Stimulus;
use crate::stream::Stream;
use crate::target::Target;
use crate::target::feed::Feed;

/// A case under way.
pub(super) struct Stage<'r> {
    pub(super) filed: &'r Filed,
    pub(super) target: &'r mut Target,
    pub(super) stimulus: &'r Stimulus,
    pub(super) settings: &'r Settings,
    pub(super) kept: &'r mut Kept,
    pub(super) scope: Scope,
    pub(super) receivers: Named<Receiver>,
    pub(super) streams: Named<Stream>,
    pub(super) feeds: Named<Feed>,
    pub(super) undo: Undo,
    pub(super) found: Found,
    /// Whether a step of the case was begun, so that there is something to clean up.
    pub(super) begun: bool,
    /// Whether anything was provoked yet.
    pub(super) provoked: bool,
    /// The token that is `valid` in this case.
    pub(super) token: Option<Token>,
    /// The step under way: its place in the file, and its number in words.
    pub(super) at: Path,
    pub(super) number: String,
}

/// A token, when it was used last, and when the time before.
pub(super) struct Token {
    pub(super) text: String,
    pub(super) used: Instant,
    /// The login, where it was used once.
    pub(super) used_before: Instant,
}

/// A receiver of the case.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) listener: Listener,
    /// Messages that a step took, or that were there before anything was provoked.
    pub(super) taken: Taken,
}

/// Which messages of a stream were taken: a byte for each, since fifty thousand may be.
#[derive(Debug, Default)]
pub(super) struct Taken(Vec<bool>);

impl Taken {
    pub(super) fn take(&mut self, index: usize) {
        if self.0.len() <= index {
            self.0.resize(index + 1, false);
        }
        self.0[index] = true;
    }

    pub(super) fn has(&self, index: usize) -> bool {
        self.0.get(index).copied().unwrap_or_default()
    }
}

/// What has to be put back.
#[derive(Debug, Default)]
pub(super) struct Undo {
    /// The body of the POST that restores the subscription.
    pub(super) subscription: Option<Value>,
    /// Where the case subscribed last.
    pub(super) subscribed_to: Option<String>,
    /// Settings as they were.
    pub(super) configs: Vec<(String, String)>,
    /// The network cable is out.
    pub(super) offline: bool,
    /// Something happened that the device may still want to deliver.
    pub(super) provoked: bool,
}

/// The reports of a run: all of its cases let the device report to one port.
#[derive(Debug)]
pub(super) struct ReportsKept {
    pub(super) port: u16,
    /// Whoever listens there, between cases: somebody else would take the port.
    pub(super) resting: Option<Listener>,
    pub(super) before: Vec<(String, String)>,
}

/// What a case found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) checks: Vec<CheckDraft>,
    pub(super) drift: BTreeSet<String>,
    pub(super) observations: Vec<(String, String)>,
    pub(super) calls: Calls,
    pub(super) exchanges: Exchanges,
    /// A check does not hold, whether it judges or not.
    pub(super) failed: bool,
    /// Something failed for not coming in time.
    pub(super) timing: bool,
    /// Something of ours went wrong.
    pub(super) trouble: Option<String>,
}

/// The requests of a case with their answers: the first and the last, since reading a long log makes
/// thousands that look the same.
#[derive(Default)]
pub(super) struct Calls {
    first: Vec<ExchangeDraft>,
    last: VecDeque<ExchangeDraft>,
}

/// As many as a report shows from each end.
const CALLS_AT_EACH_END: usize = 32;

impl Calls {
    pub(super) fn push(&mut self, call: ExchangeDraft) {
        if self.first.len() < CALLS_AT_EACH_END {
            self.first.push(call);
            return;
        }
        self.last.push_back(call);
        if self.last.len() > CALLS_AT_EACH_END {
            self.last.pop_front();
        }
    }

    pub(super) fn into_vec(self) -> Vec<ExchangeDraft> {
        self.first.into_iter().chain(self.last).collect()
    }
}

/// How a case ended.
#[derive(Debug)]
pub(super) enum Ended {
    Ran,
    Skipped(Skip),
    /// By what the case of that id judges.
    Blocked(&'static str),
    Error(String),
}

/// What ends a case before its last step.
#[derive(Debug)]
pub(super) enum Stop {
    /// A check failed, and nothing behind it makes sense.
    Failed,
    /// It cannot be done here.
    Skip(Skip),
    /// What the case of that id judges keeps this one from starting.
    Blocked(&'static str),
    /// A fault of ours.
    Error(String),
}

pub(super) type Done = Result<(), Stop>;

impl<'r> Stage<'r> {
    pub(super) fn new(
        filed: &'r Filed,
        target: &'r mut Target,
        stimulus: &'r Stimulus,
        settings: &'r Settings,
        kept: &'r mut Kept,
    ) -> Self {
        let mut scope = Scope::default();
        scope.keep("run", json!({"id": settings.run_id, "case": filed.case.id}));
        let (receivers, streams, feeds) = (Named::new(), Named::new(), Named::new());
        let (undo, found) = (Undo::default(), Found::default());
        let (at, number) = (Path::whole(), String::new());
        Self {
            filed,
            target,
            stimulus,
            settings,
            kept,
            scope,
            receivers,
            streams,
            feeds,
            undo,
            found,
            begun: false,
            provoked: false,
            token: None,
            at,
            number,
        }
    }

    /// Does the set-up and the steps.
    pub(super) async fn perform(&mut self) -> Ended {
        match Box::pin(self.all_steps()).await {
            Ok(()) | Err(Stop::Failed) => Ended::Ran,
            Err(Stop::Skip(skip)) => Ended::Skipped(skip),
            Err(Stop::Blocked(by)) => Ended::Blocked(by),
            Err(Stop::Error(why)) => Ended::Error(why),
        }
    }

    async fn all_steps(&mut self) -> Done {
        for need in &self.filed.case.needs {
            self.log_need(*need).await?;
        }
        self.begun = true;
        let case = &self.filed.case;
        self.list(&Path::whole().member("setup"), "setup-", &case.setup).await?;
        self.list(&Path::whole().member("steps"), "", &case.steps).await
    }

    /// Does the steps of a list in turn.
    pub(super) async fn list(&mut self, path: &Path, prefix: &str, steps: &[Step]) -> Done {
        for (at, step) in steps.iter().enumerate() {
            self.at = path.item(at);
            self.number = format!("{prefix}{}", at + 1);
            self.refresh();
            Box::pin(self.step(step)).await?;
        }
        Ok(())
    }

    /// What references can always refer to.
    fn refresh(&mut self) {
        let now_ms = self.target.now_ms();
        let v3 = self.target.v3.as_ref().map(
            |v3| json!({"user": v3.user, "digest": v3.digest, "path": v3.path, "url": v3.url}),
        );
        let v1 = self.target.v1.as_ref().map(|v1| {
            let account = v1.basic.as_ref().and_then(|basic| basic.split_once(':'));
            let (user, password) = account.unzip();
            json!({"url": v1.url, "user": user, "password": password})
        });
        let target = json!({
            "v3": v3, "v1": v1, "now_ms": now_ms, "now_s": now_ms / 1_000, "sn": self.target.sn
        });
        self.scope.keep("target", target);
    }

    /// What the device's log must be like.
    async fn log_need(&mut self, need: Need) -> Done {
        match need {
            Need::Events(count) => self.need_events(count).await,
            Need::EmptyLog => self.need_empty().await,
            Need::Evicted => self.need_evicted().await,
            _ => Ok(()),
        }
    }

    pub(super) fn seen(&self) -> Seen<'_> {
        Seen { scope: &self.scope, device_ms: self.target.now_ms(), spans: &self.settings.spans }
    }

    /// Notes a check, and whether it holds.
    pub(super) fn judge(
        &mut self,
        id: Option<&str>,
        title: impl Into<String>,
        mismatches: Vec<Mismatch>,
    ) -> Judged {
        let failed = !mismatches.is_empty();
        self.found.failed |= failed;
        let draft = |one: Mismatch| MismatchDraft {
            path: one.path,
            expected: one.expected,
            seen: one.seen,
        };
        let level = judges(self.filed.case.level);
        self.found.checks.push(CheckDraft {
            id: id.map_or_else(|| self.number.clone(), str::to_owned),
            title: title.into(),
            level,
            place: place_of(&self.filed.file.text, &self.at),
            mismatches: mismatches.into_iter().map(draft).collect(),
        });
        match (failed, level) {
            (false, _) => Judged::Holds,
            (true, Judges::Observe) => Judged::Observed,
            (true, _) => Judged::Fails,
        }
    }

    /// Takes over what a comparison found besides mismatches.
    pub(super) fn take(&mut self, comparison: &mut Comparison) {
        self.found.drift.extend(std::mem::take(&mut comparison.drift));
        self.found.observations.append(&mut comparison.readings);
        for (name, value) in std::mem::take(&mut comparison.kept) {
            self.scope.keep(&name, value);
        }
    }

    pub(super) fn observe(&mut self, name: &str, seen: impl Into<String>) {
        self.found.observations.push((name.to_owned(), seen.into()));
    }

    /// A reference that leads nowhere: after a failure that is its consequence, otherwise what the
    /// device sent is not what the case was written for.
    pub(super) fn nowhere(&mut self, error: &TemplateError) -> Stop {
        if self.found.failed {
            return Stop::Failed;
        }
        let mismatch = Mismatch {
            path: String::new(),
            expected: "a value that an earlier step kept".to_owned(),
            seen: error.to_string(),
        };
        self.judge(None, "what an earlier step kept is there", vec![mismatch]);
        Stop::Failed
    }

    pub(super) fn receiver(&mut self, name: &str) -> Result<&mut Receiver, Stop> {
        let gone = || Stop::Error(format!("no receiver is called {name}"));
        self.receivers.get_mut(name).ok_or_else(gone)
    }

    /// Whether any step of the case lets the device report to this receiver.
    pub(super) fn is_reported_to(&self, name: &str) -> bool {
        let is_it = |step: &&Step| matches!(step, Step::ReportTo(to) if to.at == name);
        needs::all(&self.filed.case).iter().any(is_it)
    }
}

/// What became of a check.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Judged {
    Holds,
    /// It does not hold, and the case only observes.
    Observed,
    Fails,
}

impl Judged {
    /// Nothing behind a failure makes sense.
    pub(super) fn or_stop(self) -> Done {
        if self == Self::Holds { Ok(()) } else { Err(Stop::Failed) }
    }
}
