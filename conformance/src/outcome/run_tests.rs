//! The sum, the verdict, and what a run refuses.

use super::super::judgement::{Level, Skip};
use super::*;

fn head(id: usize) -> CaseHead {
    CaseHead {
        id: format!("v3.a.{id}"),
        rev: 1,
        title: String::new(),
        source: Vec::new(),
        level: Level::Must,
        file: String::new(),
    }
}

fn result(id: usize, outcome: Outcome) -> CaseResult {
    CaseResult {
        head: head(id),
        outcome,
        at: Duration::from_secs(1),
        took: Duration::from_secs(2),
        checks: Vec::new(),
        flaky: Vec::new(),
        drift: Vec::new(),
        observations: BTreeMap::new(),
        exchanges: Vec::new(),
        exchanges_left_out: 0,
    }
}

fn start(planned: usize) -> RunStart {
    RunStart {
        target: Target::default(),
        planned: (0..planned).map(head).collect(),
        started: SystemTime::UNIX_EPOCH,
        command: Redacted::default(),
    }
}

fn run(planned: usize, outcomes: &[Outcome]) -> Run {
    let mut run = Run::new(start(planned));
    for (id, outcome) in outcomes.iter().enumerate() {
        run.add(result(id, outcome.clone())).unwrap();
    }
    run
}

fn failed() -> Outcome {
    Outcome::Failed { blocked_by: None }
}

fn known() -> Outcome {
    Outcome::Known { reason: Redacted::default() }
}

fn skipped() -> Outcome {
    Outcome::Skipped(Skip::Absent(String::new()))
}

fn error() -> Outcome {
    Outcome::Error(Redacted::default())
}

#[test]
fn the_verdict_follows_from_the_sum() {
    use Outcome::{Observed, Passed};
    use Verdict::{FallsShort, Green, NotExamined};
    for (planned, outcomes, verdict) in [
        (1, vec![Passed], Green),
        (4, vec![Passed, known(), Observed, skipped()], Green),
        (1, vec![known()], Green),
        (2, vec![Passed, failed()], FallsShort),
        (3, vec![failed(), error()], FallsShort),
        (2, vec![Passed, error()], NotExamined),
        (2, vec![Passed], NotExamined),
        (0, vec![], NotExamined),
        (2, vec![Observed, skipped()], NotExamined),
    ] {
        assert_eq!(run(planned, &outcomes).verdict(), verdict, "{planned} {outcomes:?}");
    }
}

#[test]
fn a_list_of_known_failures_that_is_not_true_is_red() {
    let mut run = run(1, &[Outcome::Passed]);
    let stale = Stale { entry: "v3.a.0".to_owned(), why: "it passed".to_owned() };
    run.end(Progress::Complete, Duration::ZERO, vec![stale]);
    assert_eq!(run.verdict(), Verdict::FallsShort);
}

#[test]
fn each_case_is_counted_once_and_only_if_planned() {
    let mut run = run(1, &[Outcome::Passed]);
    let twice = RunError::Twice("v3.a.0".to_owned());
    assert_eq!(run.add(result(0, failed())).unwrap_err(), twice);
    let stranger = RunError::NotPlanned("v3.a.1".to_owned());
    assert_eq!(run.add(result(1, failed())).unwrap_err(), stranger);
    let summary = run.summary();
    assert_eq!((summary.planned, summary.passed, summary.failed), (1, 1, 0));
}

#[test]
fn what_is_missing_is_named() {
    let run = run(3, &[Outcome::Passed]);
    let missing: Vec<&str> = run.missing().map(|head| head.id.as_str()).collect();
    assert_eq!(missing, ["v3.a.1", "v3.a.2"]);
    assert!(!run.summary().adds_up());
    assert_eq!(run.took(), Duration::from_secs(3));
}

#[test]
fn one_name_seen_with_two_values_shows_both() {
    let mut run = Run::new(start(3));
    for (id, value) in ["s", "ms", "s"].into_iter().enumerate() {
        let seen = ("v3.timestamp-unit".to_owned(), Redacted::own(value.to_owned()));
        let case = CaseResult { observations: [seen].into(), ..result(id, Outcome::Observed) };
        run.add(case).unwrap();
    }
    let observations = run.observations();
    assert_eq!(observations["v3.timestamp-unit"].as_str(), "ms, s");
}
