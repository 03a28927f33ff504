//! For pipelines that show test results: JUnit XML, as GitLab, Jenkins and GitHub's reporters read it.
//!
//! A suite for each area (`v3.event-fetch`), which is the class name of its cases too; the name is
//! the whole id. Known failures are skipped with their reason, as these readers have no word for
//! them; flaky cases passed, with the failure of the first attempt beside it; a planned case without
//! an outcome is an error.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, Utc};
use quick_junit::{
    NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite,
};

use super::human::again;
use super::text::clause;
use super::transcript;
use crate::outcome::{CaseHead, CaseResult, Check, Outcome, Run};

/// Writes the document.
pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<String, (Duration, TestSuite)> = BTreeMap::new();
    let started: DateTime<Utc> = run.start().started.into();
    let mut add = |head: &CaseHead, at: Duration, case: TestCase| {
        let area = area(&head.id);
        let (first, suite) =
            suites.entry(area.to_owned()).or_insert_with(|| (at, TestSuite::new(area)));
        *first = (*first).min(at);
        suite.time = Some(suite.time.unwrap_or_default() + case.time.unwrap_or_default());
        suite.add_test_case(case);
    };
    for case in run.cases() {
        add(&case.head, case.at, ended(run, case));
    }
    for head in run.missing() {
        add(head, run.took(), missing(head));
    }
    let mut report = Report::new("vestibule conform");
    report.set_timestamp(started).set_time(run.took());
    for (at, mut suite) in suites.into_values() {
        suite.set_timestamp(started + at);
        report.add_test_suite(suite);
    }
    report.serialize(out).map_err(io::Error::other)
}

/// `v3.event-fetch` of `v3.event-fetch.seqnum-wins`.
fn area(id: &str) -> &str {
    id.rsplit_once('.').map_or(id, |(area, _)| area)
}

fn ended(run: &Run, result: &CaseResult) -> TestCase {
    let mut case = named(&result.head, status(result));
    case.set_time(result.took);
    for (name, seen) in &result.observations {
        case.add_property(Property::new(format!("observed.{name}"), harmless(seen)));
    }
    for path in &result.drift {
        case.add_property(Property::new("drift", harmless(path)));
    }
    if result.is_red() || result.is_flaky() || matches!(result.outcome, Outcome::Error(_)) {
        let mut lines = transcript::lines(result);
        lines.push(format!("alone: {}", again(run, &result.head.id)));
        case.set_system_out(harmless(&lines.join("\n")));
    }
    if let Some(place) = result.failed_checks().find_map(|check| check.place) {
        case.extra.insert("line".into(), place.line.to_string().into());
    }
    case
}

/// Text as XML takes it: the library leaves out control characters, but not these two. GitLab and
/// Jenkins take what stands between the marks for the path of a file to offer.
fn harmless(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}").replace("[[ATTACHMENT|", "[ [ATTACHMENT|")
}

fn missing(head: &CaseHead) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let message = "the run ended before this case did";
    status.set_type("missing").set_message(message).set_description(message);
    let mut case = named(head, status);
    case.set_time(Duration::ZERO);
    case
}

fn named(head: &CaseHead, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(head.id.as_str(), status);
    case.set_classname(area(&head.id));
    case.extra.insert("file".into(), head.file.as_str().into());
    case.add_property(Property::new("title", head.title.as_str()));
    case.add_property(Property::new("source", head.source.join(", ")));
    case.add_property(Property::new("level", head.level.word()));
    case
}

fn status(result: &CaseResult) -> TestCaseStatus {
    let reason = harmless(&result.reason().unwrap_or_default());
    match &result.outcome {
        Outcome::Passed | Outcome::Observed => {
            let mut status = TestCaseStatus::success();
            if result.is_flaky() {
                let mut first = TestRerun::new(NonSuccessKind::Failure);
                first.set_type("flaky").set_message("failed at the first attempt");
                first.set_description(description(&result.head, result.flaky.iter()));
                status.add_rerun(first);
            }
            status
        }
        Outcome::Failed { blocked_by } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(if blocked_by.is_some() {
                "blocked"
            } else {
                result.head.level.word()
            });
            let description = description(&result.head, result.failed_checks());
            status.set_message(reason.as_str()).set_description(match blocked_by {
                Some(_) => format!("{description}\n{reason}"),
                None => description,
            });
            status
        }
        Outcome::Known { .. } => skipped("known", &format!("known failure: {reason}")),
        Outcome::Skipped(skip) => skipped(skip.kind(), &reason),
        Outcome::Error(_) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("error").set_message(reason.as_str()).set_description(reason);
            status
        }
    }
}

fn skipped(kind: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    // Some readers show the message, some the text.
    status.set_type(kind).set_message(message).set_description(message);
    status
}

fn description<'a>(head: &CaseHead, checks: impl Iterator<Item = &'a Check>) -> String {
    let mut lines =
        vec![head.title.clone(), format!("clause: {}", clause(&head.source, head.level))];
    for check in checks {
        let place = check.place.map(|place| format!(":{}:{}", place.line, place.column));
        lines.push(format!("{} ({}{})", check.title, head.file, place.unwrap_or_default()));
        lines.extend(check.mismatches.iter().map(|one| format!("  {}", one.line())));
    }
    harmless(&lines.join("\n"))
}

#[cfg(test)]
#[path = "junit_tests.rs"]
mod tests;
