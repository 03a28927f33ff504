//! Rules on one case: that it judges, that it can be killed, that it says how dangerous it is.

use super::Problems;
use crate::case::place::Path;
use crate::case::step::{Call, Each, EventName, Expected, Is, RestartBy, Step, V3Call};
use crate::case::types::{Case, Level, Provenance, Safety};
use crate::matcher::{Matcher, Request};

pub(super) fn lint(case: &Case, problems: &mut Problems) {
    lint_level(case, problems);
    lint_safety(case, problems);
    let recorded = case.provenance == Provenance::Recorded;
    if recorded != case.recorded.is_some() {
        let what =
            "`recorded` says what a case of that provenance was recorded from, and no other has it";
        problems.push((Path::whole().member("provenance"), what.to_owned()));
    }
    for (part, steps) in parts(case) {
        lint_steps(&Path::whole().member(part), steps, problems);
    }
}

/// The three lists of steps, by the names of their members.
pub(super) fn parts(case: &Case) -> [(&'static str, &[Step]); 3] {
    [("setup", &case.setup), ("steps", &case.steps), ("cleanup", &case.cleanup)]
}

fn lint_level(case: &Case, problems: &mut Problems) {
    let place = Path::whole().member("level");
    let mut seen = Judged::default();
    case.steps.iter().for_each(|step| seen.add(step));
    match case.level {
        Level::Must | Level::Either if case.killed_by.is_empty() => {
            let what = "a case that can fail names a fault that must turn it red in `killed_by`";
            problems.push((place, what.to_owned()));
        }
        Level::Observe if !case.killed_by.is_empty() => {
            let what = "a case that only observes cannot be killed";
            problems.push((Path::whole().member("killed_by"), what.to_owned()));
        }
        _ => {}
    }
    let place = Path::whole().member("level");
    match case.level {
        Level::Must | Level::Either if seen.judging == 0 => {
            let what = "no step of `steps` judges anything, so the case could never fail";
            problems.push((place, what.to_owned()));
        }
        Level::Either | Level::Observe if seen.observing == 0 => {
            let what = format!("a case of level {} tells what it saw by name", case.level.word());
            problems.push((place, what));
        }
        _ => {}
    }
}

/// How many steps judge, and how many tell what they saw.
#[derive(Default)]
struct Judged {
    judging: usize,
    observing: usize,
}

impl Judged {
    fn add(&mut self, step: &Step) {
        match step {
            Step::Call(call) => {
                let expected = expected(call);
                let matchers = expected_matchers(expected);
                let judges = expected.is != Some(Is::Anything)
                    || !expected.one_of.is_empty()
                    || matchers.iter().any(|(_, matcher)| matcher.observes().is_none());
                self.judging += usize::from(judges);
                self.observing += usize::from(expected.observe_as.is_some());
                self.add_matchers(matchers.into_iter().map(|(_, matcher)| matcher));
            }
            Step::Expect(expect) => {
                self.judging += 1;
                self.add_matchers(expect.json.iter().chain(expect.headers.values()));
            }
            Step::Assert(assert) => {
                self.judging += 1;
                self.add_matchers(std::iter::once(&assert.is));
            }
            Step::Hear(hear) => {
                self.judging += 1;
                self.add_matchers(hear.json.iter());
            }
            Step::ExpectNone(_) | Step::Check(_) | Step::Feed(_) => self.judging += 1,
            Step::Restart(restart) => self.judging += usize::from(restart.by != RestartBy::Any),
            Step::Observe(_) | Step::Watch(_) => self.observing += 1,
            Step::Each(each) => each.steps.iter().for_each(|step| self.add(step)),
            _ => {}
        }
        // A named check tells what it saw by itself.
        self.observing += usize::from(matches!(step, Step::Check(_)));
    }

    fn add_matchers<'m>(&mut self, matchers: impl Iterator<Item = &'m Matcher>) {
        let parts = matchers.flat_map(Matcher::parts);
        self.observing += parts.filter(|part| part.observes().is_some()).count();
    }
}

pub(super) fn expected(call: &Call) -> &Expected {
    match call {
        Call::V3(call) => &call.expect,
        Call::V1(call) => &call.expect,
    }
}

/// The matchers of an expectation, with the members they stand under.
pub(super) fn expected_matchers(expected: &Expected) -> Vec<(Vec<&str>, &Matcher)> {
    let mut matchers = Vec::new();
    matchers.extend(expected.status.iter().map(|status| (vec!["status"], status)));
    matchers.extend(expected.json.iter().map(|json| (vec!["json"], json)));
    for (name, header) in &expected.headers {
        matchers.push((vec!["headers", name], header));
    }
    for reading in &expected.one_of {
        let parts = reading.status.iter().chain(&reading.json);
        matchers.extend(parts.map(|matcher| (vec!["one_of"], matcher)));
    }
    matchers
}

fn lint_safety(case: &Case, problems: &mut Problems) {
    let least = parts(case).iter().flat_map(|(_, steps)| *steps).map(step_safety).max();
    let least = least.unwrap_or(Safety::Safe);
    if case.safety < least {
        let what = format!("its steps are {} at least", least.word());
        problems.push((Path::whole().member("safety"), what));
    }
}

/// What a step does to a device at worst.
#[must_use]
pub fn least_safety(step: &Step) -> Safety {
    step_safety(step)
}

fn step_safety(step: &Step) -> Safety {
    match step {
        Step::Stimulus(stimulus) if stimulus.event == EventName::Network => Safety::Disruptive,
        Step::Restart(restart) if restart.by == RestartBy::DeviceReset => Safety::Destructive,
        Step::Restart(_) => Safety::Disruptive,
        Step::Subscribe(_) | Step::ReportTo(_) | Step::Configure(_) | Step::Stimulus(_) => {
            Safety::Mutating
        }
        Step::Call(call) => call_safety(call),
        Step::Each(each) => each.steps.iter().map(step_safety).max().unwrap_or(Safety::Safe),
        _ => Safety::Safe,
    }
}

/// Actions that change something; what is not here only reads, or is refused.
const ACTIONS: [(&str, Safety); 9] = [
    ("auth-passwd", Safety::Mutating),
    ("config-set", Safety::Mutating),
    ("device-opendoor", Safety::Mutating),
    ("device-synctime", Safety::Mutating),
    ("user-insert", Safety::Mutating),
    ("user-remove", Safety::Destructive),
    ("user-clear", Safety::Destructive),
    ("device-reboot", Safety::Disruptive),
    ("device-reset", Safety::Destructive),
];

/// Paths of v1 whose method does not say what they do.
const PATHS: [(&str, Safety); 3] = [
    ("/v1/auth/login", Safety::Safe),
    ("/v1/event/records", Safety::Safe),
    ("/v1/device/reboot", Safety::Disruptive),
];

fn call_safety(call: &Call) -> Safety {
    match call {
        Call::V3(call) => {
            let action = call.action.as_ref().and_then(|action| action.plain());
            let row = ACTIONS.iter().find(|(name, _)| Some(*name) == action);
            let safety = row.map_or(Safety::Safe, |(_, safety)| *safety);
            // Whom the case itself inserted, it may remove.
            let is_own = call.body.as_ref().is_some_and(Request::is_of_this_run);
            if action == Some("user-remove") && is_own { Safety::Mutating } else { safety }
        }
        Call::V1(call) => {
            let path = call.path.as_ref().and_then(|path| path.plain());
            let row = PATHS.iter().find(|(name, _)| Some(*name) == path);
            match (row, call.method.as_str()) {
                (Some((_, safety)), _) => *safety,
                (None, "GET") => Safety::Safe,
                (None, _) => Safety::Mutating,
            }
        }
    }
}

fn lint_steps(path: &Path, steps: &[Step], problems: &mut Problems) {
    for (at, step) in steps.iter().enumerate() {
        let place = path.item(at);
        match step {
            Step::Call(call) => {
                let api = if matches!(**call, Call::V3(_)) { "v3" } else { "v1" };
                let place = place.member("call").member(api);
                if let Call::V3(call) = &**call {
                    lint_v3(&place, call, problems);
                }
                lint_expected(&place.member("expect"), expected(call), problems);
            }
            Step::Each(Each { steps, .. }) => {
                lint_steps(&place.member("each").member("steps"), steps, problems);
            }
            _ => {}
        }
    }
}

fn lint_v3(place: &Path, call: &V3Call, problems: &mut Problems) {
    let message = call.action.is_some() || call.header.is_some() || call.body.is_some();
    if call.raw.is_some() && message {
        let what = "a request is either a message (`action`, `header`, `body`) or `raw`";
        problems.push((place.clone(), what.to_owned()));
    }
}

fn lint_expected(place: &Path, expected: &Expected, problems: &mut Problems) {
    if expected.one_of.is_empty() {
        return;
    }
    if expected.observe_as.is_none() {
        let what = "`one_of` tells the reading seen: name it with `observe_as`";
        problems.push((place.member("one_of"), what.to_owned()));
    }
    if expected.one_of.len() < 2 {
        let what = "one reading alone is no choice";
        problems.push((place.member("one_of"), what.to_owned()));
    }
}
