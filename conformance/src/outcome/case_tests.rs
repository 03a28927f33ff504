//! Which outcome follows from which material.

use super::super::exchange::{AnswerDraft, Direction, ExchangeDraft, RequestDraft};
use super::super::judgement::MismatchDraft;
use super::*;

fn draft(level: Level) -> CaseDraft {
    CaseDraft {
        head: CaseHead {
            id: "v3.a.b".to_owned(),
            rev: 1,
            title: "it holds".to_owned(),
            source: vec!["R-V3-08".to_owned()],
            level,
            file: "v3/a/b.json".to_owned(),
        },
        at: Duration::ZERO,
        took: Duration::from_millis(7),
        ending: Ending::Ran,
        checks: Vec::new(),
        drift: Vec::new(),
        observations: Vec::new(),
        exchanges: Exchanges::default(),
        known: Vec::new(),
    }
}

fn holding(id: &str, level: Level) -> CheckDraft {
    let (id, title) = (id.to_owned(), format!("check {id}"));
    CheckDraft { id, title, level, place: None, mismatches: Vec::new() }
}

fn failing(id: &str, level: Level) -> CheckDraft {
    let mismatch = MismatchDraft {
        path: "body.max".to_owned(),
        expected: "4".to_owned(),
        seen: "5".to_owned(),
    };
    CheckDraft { mismatches: vec![mismatch], ..holding(id, level) }
}

fn known(check: Option<&str>) -> Known {
    Known { check: check.map(str::to_owned), reason: "old firmware".to_owned() }
}

fn result(draft: &CaseDraft) -> CaseResult {
    CaseResult::new(draft, &mut Redactor::default())
}

fn word(draft: &CaseDraft) -> &'static str {
    result(draft).outcome.word()
}

#[test]
fn a_case_that_judged_nothing_has_not_passed() {
    assert_eq!(word(&draft(Level::Must)), "error");
    let observing =
        CaseDraft { checks: vec![holding("a", Level::Observe)], ..draft(Level::Either) };
    assert_eq!(word(&observing), "error");
    assert_eq!(word(&draft(Level::Observe)), "observed");
    let judging = CaseDraft { checks: vec![holding("a", Level::Must)], ..draft(Level::Must) };
    assert_eq!(word(&judging), "passed");
}

#[test]
fn only_what_judges_fails() {
    for (level, outcome) in
        [(Level::Must, "failed"), (Level::Either, "failed"), (Level::Observe, "passed")]
    {
        let checks = vec![holding("a", Level::Must), failing("b", level)];
        assert_eq!(word(&CaseDraft { checks, ..draft(Level::Must) }), outcome, "{level:?}");
    }
}

#[test]
fn a_case_is_known_when_every_failed_check_is() {
    let checks = vec![failing("a", Level::Must), failing("b", Level::Must)];
    for (entries, outcome) in [
        (vec![], "failed"),
        (vec![known(Some("a"))], "failed"),
        (vec![known(Some("a")), known(Some("b"))], "known"),
        (vec![known(None)], "known"),
        (vec![known(Some("a")), known(None)], "known"),
    ] {
        let failed = CaseDraft { checks: checks.clone(), known: entries, ..draft(Level::Must) };
        assert_eq!(word(&failed), outcome);
    }
    let checks = vec![holding("a", Level::Must)];
    let held = CaseDraft { checks, known: vec![known(None)], ..draft(Level::Must) };
    assert_eq!(word(&held), "passed");
}

#[test]
fn a_fault_of_the_suite_is_never_the_devices() {
    let checks = vec![failing("a", Level::Must)];
    let ending = Ending::Error("no free port".to_owned());
    let error = CaseDraft { checks, ending, known: vec![known(None)], ..draft(Level::Must) };
    assert_eq!(word(&error), "error");
    assert_eq!(result(&error).reason().unwrap().as_str(), "no free port");
}

#[test]
fn a_blocked_case_failed_and_says_by_what() {
    let ending = Ending::Blocked("v3.auth.login".to_owned());
    let blocked = CaseDraft { ending, ..draft(Level::Must) };
    let blocked_by = Some("v3.auth.login".to_owned());
    assert_eq!(result(&blocked).outcome, Outcome::Failed { blocked_by });
    assert!(result(&blocked).reason().unwrap().contains("v3.auth.login"));
    let listed = CaseDraft { known: vec![known(None)], ..blocked };
    assert_eq!(word(&listed), "known");
}

#[test]
fn a_skipped_case_has_its_reason() {
    let skip = Skip::Unprovokable("opendoor provokes no face".to_owned());
    let skipped = CaseDraft { ending: Ending::Skipped(skip), ..draft(Level::Must) };
    assert_eq!(word(&skipped), "skipped");
    assert_eq!(result(&skipped).reason().unwrap().as_str(), "opendoor provokes no face");
}

#[test]
fn the_second_attempt_counts_and_the_first_is_shown() {
    let failed =
        result(&CaseDraft { checks: vec![failing("a", Level::Must)], ..draft(Level::Must) });
    let held = result(&CaseDraft { checks: vec![holding("a", Level::Must)], ..draft(Level::Must) });
    let flaky = CaseResult::after_retry(failed.clone(), held.clone());
    assert_eq!((flaky.outcome.word(), flaky.is_flaky()), ("passed", true));
    assert_eq!(flaky.flaky[0].id, "a");
    let twice = CaseResult::after_retry(failed.clone(), failed);
    assert_eq!((twice.outcome.word(), twice.is_flaky()), ("failed", false));
    assert!(!CaseResult::after_retry(held.clone(), held).is_flaky());
}

#[test]
fn what_one_exchange_teaches_is_taken_out_of_everything() {
    let mismatch = MismatchDraft {
        path: "body.note".to_owned(),
        expected: "Annabel".to_owned(),
        seen: "nothing".to_owned(),
    };
    let check = CheckDraft { mismatches: vec![mismatch], ..holding("a", Level::Must) };
    let exchange = ExchangeDraft {
        direction: Direction::Arrival,
        name: "r".to_owned(),
        at: Duration::ZERO,
        took: Duration::ZERO,
        request: RequestDraft::default(),
        answer: Some(AnswerDraft {
            status: 200,
            headers: Vec::new(),
            body: br#"{"user":{"name":"Annabel"}}"#.to_vec(),
        }),
        answered: None,
        failure: Some("Annabel hung up".to_owned()),
    };
    let result = result(&CaseDraft {
        checks: vec![check],
        drift: vec!["body.Annabel".to_owned()],
        observations: vec![("v3.note".to_owned(), "Annabel".to_owned())],
        exchanges: [exchange].into_iter().collect(),
        known: vec![Known { check: None, reason: "Annabel said so".to_owned() }],
        ..draft(Level::Must)
    });
    assert_eq!(result.outcome.word(), "known");
    assert!(!format!("{result:?}").contains("Annabel"), "{result:?}");
}
