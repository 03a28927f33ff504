//! No report shows a secret, wherever in a run it was.

use super::document::Form;
use super::github::Annotations;
use super::human::{Colour, Human};
use super::sample::{CANARIES, canary, clauses};
use super::sink::Sink;
use crate::outcome::Run;

fn told(mut sink: impl Sink, run: &Run) {
    sink.started(run).unwrap();
    for case in run.cases() {
        sink.case_ended(run, case).unwrap();
    }
    sink.ended(run).unwrap();
}

fn reports(run: &Run) -> Vec<(&'static str, String)> {
    let forms = [
        ("json", Form::Json),
        ("junit", Form::Junit),
        ("html", Form::Html(Box::new(clauses()))),
        ("summary", Form::Summary),
        ("har", Form::Har),
        ("clauses", Form::Clauses(Box::new(clauses()))),
    ];
    let mut reports = Vec::new();
    for (name, form) in forms {
        let mut out = Vec::new();
        form.write(run, &mut out).unwrap();
        reports.push((name, String::from_utf8(out).unwrap()));
    }
    let (mut human, mut github) = (Vec::new(), Vec::new());
    told(Human::new(&mut human, Colour::On, clauses()), run);
    told(Annotations::new(&mut github, String::new()), run);
    reports.push(("human", String::from_utf8(human).unwrap()));
    reports.push(("github", String::from_utf8(github).unwrap()));
    reports
}

#[test]
fn no_report_holds_a_secret() {
    for (name, report) in reports(&canary()) {
        // Both as text and as JSON, XML and HTML may write it.
        let plain = report.to_lowercase().replace("&#x", "\\u").replace(';', "");
        for canary in CANARIES {
            let escaped: String =
                canary.chars().flat_map(|one| one.escape_unicode()).collect::<String>();
            let json: String = canary
                .chars()
                .map(|one| match one {
                    _ if one.is_ascii() => one.to_string(),
                    _ => format!("\\u{:04x}", u32::from(one)),
                })
                .collect();
            for form in [canary.to_lowercase(), escaped, json.to_lowercase()] {
                let at = plain.find(&form);
                let around = at.map(|at| {
                    let (from, to) = (at.saturating_sub(80), (at + 80).min(plain.len()));
                    String::from_utf8_lossy(&plain.as_bytes()[from..to]).into_owned()
                });
                assert_eq!(around, None, "{name} shows {canary}");
            }
        }
    }
}

/// A report that shows nothing at all would pass the test above.
#[test]
fn the_reports_still_tell_what_happened() {
    for (name, report) in reports(&canary()) {
        assert!(report.contains("v3.canary.failed"), "{name}");
        let marked = report.contains("redacted: ") || report.contains("redacted&#58; ");
        assert!(marked || name == "clauses", "{name}");
    }
}
