//! For programs: the whole run as one JSON document.
//!
//! `conformance/report.schema.json` describes it and is made from the types here; its descriptions
//! are their comments. Members are added, never renamed or given another meaning, as long as
//! `format` is 1.

use std::collections::BTreeMap;
use std::io::{self, Write};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use super::text::milliseconds;
use crate::outcome;
use crate::outcome::{Level, Outcome, Progress, Verdict};

/// What a run of the conformance suite found out about a device. No photo, name, card number, PIN,
/// password or token is in it: in their place stand length and SHA-256.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Report")]
struct Report<'a> {
    /// Of the document; grows when a member gets another meaning.
    format: u32,
    /// What was judged.
    target: Target<'a>,
    /// When it began, as RFC 3339.
    started: String,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// Whether it came to its end.
    progress: ProgressWord,
    /// What it says of the device, by the cases that ended.
    verdict: VerdictWord,
    /// The command line that repeats it, without selection and passwords.
    command: &'a str,
    /// How many cases had which outcome; `planned` is the sum of the others but `flaky`, or the run
    /// lacks something.
    summary: Summary,
    /// What was seen of behaviour that may differ between devices, by name.
    observations: BTreeMap<&'a str, String>,
    /// Entries of the known-failures list that are not true.
    stale: Vec<Stale<'a>>,
    /// The planned cases without an outcome.
    missing: Vec<&'a str>,
    /// The cases in the order in which they ended.
    cases: Vec<Case<'a>>,
}

/// What was judged.
#[derive(Serialize, JsonSchema)]
struct Target<'a> {
    /// Where the device is.
    url: &'a str,
    /// What is known of it, by name.
    facts: BTreeMap<&'a str, &'a str>,
    /// What a reader has to know of the way it was judged.
    notes: &'a [String],
}

/// Whether a run came to its end.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum ProgressWord {
    /// It goes on; in a document that was left behind: its process was killed.
    Running,
    /// It did.
    Complete,
    /// It was stopped.
    Interrupted,
}

/// What a run says of a device.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum VerdictWord {
    /// Nothing failed but what is known to.
    Green,
    /// A case failed, or the list of known failures is not true.
    FallsShort,
    /// An error, a case without an outcome, or nothing that judges ran.
    NotExamined,
}

/// How many cases had which outcome.
#[derive(Serialize, JsonSchema)]
struct Summary {
    /// All that should have an outcome.
    planned: usize,
    /// Every check held.
    passed: usize,
    /// A check failed, or another case's failure kept it from starting.
    failed: usize,
    /// Failed as the list of known failures says.
    known: usize,
    /// Ran and judges nothing.
    observed: usize,
    /// Left out, with a reason.
    skipped: usize,
    /// A fault of the suite or of its machine.
    error: usize,
    /// Of the others: failed at the first attempt and held at the second one.
    flaky: usize,
}

/// An entry of the known-failures list that is not true.
#[derive(Serialize, JsonSchema)]
struct Stale<'a> {
    /// The entry, `id` or `id#check`.
    entry: &'a str,
    /// What is wrong with it.
    why: &'a str,
}

/// A case and what came of it.
#[derive(Serialize, JsonSchema)]
struct Case<'a> {
    /// Its id.
    id: &'a str,
    /// Grows when the verdict on some device can change.
    rev: u32,
    /// What holds, in one line.
    title: &'a str,
    /// The rulings and clauses that it rests on.
    source: &'a [String],
    /// How far it judges.
    level: LevelWord,
    /// The case file, relative to the directory of cases.
    file: &'a str,
    /// What came of it.
    outcome: OutcomeWord,
    /// Why, in one line; null for a case that passed or only observed.
    reason: Option<String>,
    /// The case whose failure kept this one from starting.
    blocked_by: Option<&'a str>,
    /// Which of the three reasons it was left out for.
    skip: Option<SkipWord>,
    /// When it began, in milliseconds since the start of the run.
    at_ms: u64,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// The checks that were made.
    checks: Vec<Check<'a>>,
    /// The checks that failed at the first attempt of a case that held at the second one.
    flaky: Vec<Check<'a>>,
    /// Members that nothing was expected of, by their paths.
    drift: Vec<&'a str>,
    /// What it saw, by name.
    observations: BTreeMap<&'a str, &'a str>,
    /// What was said on the wire.
    exchanges: Vec<Exchange<'a>>,
    /// How many exchanges between the first and the last ones are left out.
    exchanges_left_out: u64,
}

/// How far a case or check judges.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum LevelWord {
    /// A device that does otherwise fails.
    Must,
    /// Each reading named passes.
    Either,
    /// Never fails.
    Observe,
}

/// What came of a case.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum OutcomeWord {
    /// Every check held.
    Passed,
    /// A check failed.
    Failed,
    /// It failed as the list of known failures says.
    Known,
    /// It ran and judges nothing.
    Observed,
    /// It was left out.
    Skipped,
    /// A fault of the suite.
    Error,
}

/// Why a case was left out.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum SkipWord {
    /// The device declares that it does not have what it needs.
    Absent,
    /// The user excluded it.
    Excluded,
    /// The chosen stimulus cannot provoke what it needs.
    Unprovokable,
}

/// A check.
#[derive(Serialize, JsonSchema)]
struct Check<'a> {
    /// Its id within the case.
    id: &'a str,
    /// What it asks for.
    title: &'a str,
    /// How far it judges.
    level: LevelWord,
    /// Its line in the case file, from 1.
    line: Option<u32>,
    /// Its column in the case file, from 1.
    column: Option<u32>,
    /// Where it does not hold; empty: it holds.
    mismatches: Vec<Mismatch<'a>>,
}

/// A place where what was seen is not what was expected.
#[derive(Serialize, JsonSchema)]
struct Mismatch<'a> {
    /// Where in the message; empty for the whole.
    path: &'a str,
    /// What was expected there.
    expected: &'a str,
    /// What was there.
    seen: &'a str,
}

/// Something said on the wire.
#[derive(Serialize, JsonSchema)]
struct Exchange<'a> {
    /// Who asked.
    direction: DirectionWord,
    /// What the case calls it; may be empty.
    name: &'a str,
    /// When it began, in milliseconds since the start of the run.
    at_ms: u64,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// What was asked.
    request: Request<'a>,
    /// What was answered; null: nothing, or by the suite, whose words are in `answered`.
    response: Option<Response<'a>>,
    /// How the suite answered what the device told, in words; null: it did not, or it asked.
    answered: Option<&'a str>,
    /// Why there is no answer, or not a whole one.
    failure: Option<&'a str>,
}

/// Who asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum DirectionWord {
    /// The suite asked the device.
    Call,
    /// The device pushed or reported.
    Arrival,
}

/// What was asked.
#[derive(Serialize, JsonSchema)]
struct Request<'a> {
    /// The method.
    method: &'a str,
    /// The URL.
    url: &'a str,
    /// The headers, in their order.
    headers: Vec<(&'a str, &'a str)>,
    /// The body as text; a long one is cut.
    body: &'a str,
    /// How many bytes the body had.
    body_bytes: usize,
}

/// What was answered.
#[derive(Serialize, JsonSchema)]
struct Response<'a> {
    /// The HTTP status.
    status: u16,
    /// The headers, in their order.
    headers: Vec<(&'a str, &'a str)>,
    /// The body as text; a long one is cut.
    body: &'a str,
    /// How many bytes the body had.
    body_bytes: usize,
}

/// The version of the document.
const FORMAT: u32 = 1;

/// The JSON Schema of the document, 2020-12.
#[must_use]
pub fn schema() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Report<'_>>().into()
}

/// Writes the document.
pub(super) fn write(run: &outcome::Run, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &report(run))?;
    writeln!(out)
}

fn report(run: &outcome::Run) -> Report<'_> {
    let start = run.start();
    let facts = start.target.facts.iter().map(|(name, fact)| (name.as_str(), fact.as_str()));
    let seen = run.observations().into_iter().map(|(name, seen)| (name, seen.as_str().to_owned()));
    Report {
        format: FORMAT,
        target: Target {
            url: &start.target.url,
            facts: facts.collect(),
            notes: &start.target.notes,
        },
        started: humantime::format_rfc3339_millis(start.started).to_string(),
        duration_ms: milliseconds(run.took()),
        progress: match run.progress() {
            Progress::Running => ProgressWord::Running,
            Progress::Complete => ProgressWord::Complete,
            Progress::Interrupted => ProgressWord::Interrupted,
        },
        verdict: match run.verdict() {
            Verdict::Green => VerdictWord::Green,
            Verdict::FallsShort => VerdictWord::FallsShort,
            Verdict::NotExamined => VerdictWord::NotExamined,
        },
        command: &start.command,
        summary: summary(run.summary()),
        observations: seen.collect(),
        stale: run.stale().iter().map(|one| Stale { entry: &one.entry, why: &one.why }).collect(),
        missing: run.missing().map(|head| head.id.as_str()).collect(),
        cases: run.cases().iter().map(case).collect(),
    }
}

fn summary(summary: outcome::Summary) -> Summary {
    let outcome::Summary { planned, passed, failed, known, observed, skipped, error, flaky } =
        summary;
    Summary { planned, passed, failed, known, observed, skipped, error, flaky }
}

fn case(case: &outcome::CaseResult) -> Case<'_> {
    let head = &case.head;
    let seen = case.observations.iter().map(|(name, seen)| (name.as_str(), seen.as_str()));
    Case {
        id: &head.id,
        rev: head.rev,
        title: &head.title,
        source: &head.source,
        level: level(head.level),
        file: &head.file,
        outcome: match case.outcome {
            Outcome::Passed => OutcomeWord::Passed,
            Outcome::Failed { .. } => OutcomeWord::Failed,
            Outcome::Known { .. } => OutcomeWord::Known,
            Outcome::Observed => OutcomeWord::Observed,
            Outcome::Skipped(_) => OutcomeWord::Skipped,
            Outcome::Error(_) => OutcomeWord::Error,
        },
        reason: case.reason().map(|reason| reason.as_str().to_owned()),
        blocked_by: match &case.outcome {
            Outcome::Failed { blocked_by } => blocked_by.as_deref(),
            _ => None,
        },
        skip: skip(&case.outcome),
        at_ms: milliseconds(case.at),
        duration_ms: milliseconds(case.took),
        checks: case.checks.iter().map(check).collect(),
        flaky: case.flaky.iter().map(check).collect(),
        drift: case.drift.iter().map(|path| path.as_str()).collect(),
        observations: seen.collect(),
        exchanges: case.exchanges.iter().map(exchange).collect(),
        exchanges_left_out: case.exchanges_left_out,
    }
}

fn skip(outcome: &Outcome) -> Option<SkipWord> {
    match outcome {
        Outcome::Skipped(outcome::Skip::Absent(_)) => Some(SkipWord::Absent),
        Outcome::Skipped(outcome::Skip::Excluded(_)) => Some(SkipWord::Excluded),
        Outcome::Skipped(outcome::Skip::Unprovokable(_)) => Some(SkipWord::Unprovokable),
        _ => None,
    }
}

fn level(level: Level) -> LevelWord {
    match level {
        Level::Must => LevelWord::Must,
        Level::Either => LevelWord::Either,
        Level::Observe => LevelWord::Observe,
    }
}

fn check(check: &outcome::Check) -> Check<'_> {
    Check {
        id: &check.id,
        title: &check.title,
        level: level(check.level),
        line: check.place.map(|place| place.line),
        column: check.place.map(|place| place.column),
        mismatches: check.mismatches.iter().map(mismatch).collect(),
    }
}

fn mismatch(mismatch: &outcome::Mismatch) -> Mismatch<'_> {
    Mismatch { path: &mismatch.path, expected: &mismatch.expected, seen: &mismatch.seen }
}

fn exchange(exchange: &outcome::Exchange) -> Exchange<'_> {
    Exchange {
        direction: match exchange.direction {
            outcome::Direction::Call => DirectionWord::Call,
            outcome::Direction::Arrival => DirectionWord::Arrival,
        },
        name: &exchange.name,
        at_ms: milliseconds(exchange.at),
        duration_ms: milliseconds(exchange.took),
        request: Request {
            method: &exchange.method,
            url: &exchange.url,
            headers: headers(&exchange.request),
            body: &exchange.request.body,
            body_bytes: exchange.request.body_bytes,
        },
        response: exchange.response.as_ref().map(|response| Response {
            status: response.status,
            headers: headers(&response.message),
            body: &response.message.body,
            body_bytes: response.message.body_bytes,
        }),
        answered: exchange.answered.as_deref(),
        failure: exchange.failure.as_deref(),
    }
}

fn headers(message: &outcome::Message) -> Vec<(&str, &str)> {
    message.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    const STORED: &str = include_str!("../../report.schema.json");

    fn written(run: &outcome::Run) -> Value {
        let mut out = Vec::new();
        write(run, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_run_is_one_document() {
        let mut out = Vec::new();
        write(&sample::run(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn the_stored_schema_is_that_of_the_types() {
        let stored: Value = serde_json::from_str(STORED).unwrap();
        let made = format!("{:#}\n", schema());
        assert!(stored == schema(), "conformance/report.schema.json should be:\n{made}");
    }

    #[test]
    fn every_run_is_what_the_schema_says() {
        let validator = jsonschema::draft202012::new(&schema()).unwrap();
        for run in [sample::run(), sample::green(), sample::interrupted(), sample::canary()] {
            let document = written(&run);
            let errors: Vec<String> =
                validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
    }

    #[test]
    fn the_schema_refuses_what_is_no_report() {
        let validator = jsonschema::draft202012::new(&schema()).unwrap();
        for (member, value) in [
            ("summary", Value::Null),
            ("cases", serde_json::json!([{"id": "v3.a.b"}])),
            ("observations", serde_json::json!({"v3.x": 1})),
            ("progress", "maybe".into()),
        ] {
            let mut document = written(&sample::run());
            document[member] = value;
            assert!(!validator.is_valid(&document), "{member}");
        }
    }
}
