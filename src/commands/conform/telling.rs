//! What a run tells: a line for each case as it ends and the sum at the end, or the whole as JSON.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use vestibule_conformance::outcome::{CaseResult, Run};

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Where what is told goes.
pub(super) struct Telling<'a> {
    output: &'a Output,
    stdout: Form,
    files: Vec<(Form, PathBuf)>,
}

/// How it is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    /// For people.
    Human,
    /// For programs.
    Json,
}

impl<'a> Telling<'a> {
    /// Reads the values of `--report`: `human` or `json`, each perhaps with `=FILE`.
    pub(super) fn new(reports: &[String], output: &'a Output) -> Result<Self, Failure> {
        let usage = |why: String| {
            Failure::new(Exit::Usage, "reading --report", why)
                .hint("give human or json, with =FILE for all but one of them")
        };
        let mut stdout = None;
        let mut files = Vec::new();
        for report in reports {
            let (name, file) = match report.split_once('=') {
                Some((name, file)) => (name, Some(file)),
                None => (report.as_str(), None),
            };
            let form = match name {
                "human" => Form::Human,
                "json" => Form::Json,
                _ => return Err(usage(format!("`{name}` is no report"))),
            };
            match file {
                Some(file) => files.push((form, PathBuf::from(file))),
                None if stdout.is_some() => {
                    return Err(usage("two reports go to standard output".to_owned()));
                }
                None => stdout = Some(form),
            }
        }
        Ok(Self { output, stdout: stdout.unwrap_or(Form::Human), files })
    }

    /// Tells what came of a case.
    pub(super) fn case(&self, result: &CaseResult) -> Result<(), Failure> {
        if self.stdout == Form::Human { self.output.line(&line(result)) } else { Ok(()) }
    }

    /// Tells what came of the run.
    pub(super) fn run(&self, run: &Run) -> Result<(), Failure> {
        self.output.progress_end();
        match self.stdout {
            Form::Human => ending(run).iter().try_for_each(|line| self.output.line(line))?,
            Form::Json => self.output.json(&whole(run))?,
        }
        for (form, path) in &self.files {
            let text = match form {
                Form::Human => {
                    let cases = run.cases().iter().map(line);
                    cases.chain(ending(run)).map(|line| format!("{line}\n")).collect::<String>()
                }
                Form::Json => format!("{:#}\n", whole(run)),
            };
            std::fs::write(path, text).map_err(|error| {
                let tried = format!("writing {}", path.display());
                Failure::new(Exit::Usage, tried, error).hint("name a file that can be written")
            })?;
        }
        Ok(())
    }
}

fn line(result: &CaseResult) -> String {
    let reason = result.reason().map_or_else(String::new, |why| format!(": {}", why.as_str()));
    let flaky = if result.is_flaky() { " (flaky)" } else { "" };
    let (word, took) = (result.outcome.word(), result.took.as_secs_f64());
    format!("{word:8} {took:5.2}s {}{flaky}{reason}", result.head.id)
}

fn ending(run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, seen) in run.observations() {
        lines.push(format!("observed {name}: {}", seen.as_str()));
    }
    for stale in run.stale() {
        lines.push(format!("stale {}: {}", stale.entry, stale.why));
    }
    lines.extend(run.start().target.notes.iter().map(|note| format!("note: {note}")));
    let counts = counts(run);
    let counts = counts.iter().map(|(name, count)| format!("{count} {name}"));
    lines.push(counts.collect::<Vec<_>>().join(", "));
    lines
}

fn counts(run: &Run) -> [(&'static str, usize); 8] {
    let summary = run.summary();
    [
        ("planned", summary.planned),
        ("passed", summary.passed),
        ("failed", summary.failed),
        ("known", summary.known),
        ("observed", summary.observed),
        ("skipped", summary.skipped),
        ("error", summary.error),
        ("flaky", summary.flaky),
    ]
}

fn whole(run: &Run) -> Value {
    let counts: Map<String, Value> =
        counts(run).into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
    let observed: Map<String, Value> = run
        .observations()
        .into_iter()
        .map(|(name, seen)| (name.to_string(), seen.as_str().into()))
        .collect();
    let target = &run.start().target;
    let facts: Map<String, Value> =
        target.facts.iter().map(|(name, fact)| (name.clone(), fact.as_str().into())).collect();
    let case = |result: &CaseResult| {
        json!({
            "id": result.head.id,
            "source": result.head.source,
            "outcome": result.outcome.word(),
            "reason": result.reason().map(|why| why.as_str().to_owned()),
            "duration_ms": u64::try_from(result.took.as_millis()).unwrap_or(u64::MAX),
        })
    };
    json!({
        "target": {"url": target.url.as_str(), "facts": facts, "notes": target.notes},
        "summary": counts,
        "observations": observed,
        "cases": run.cases().iter().map(case).collect::<Vec<Value>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{LogFormat, Verbosity};

    #[test]
    fn one_report_at_most_goes_to_standard_output() {
        let output = Output::new(Verbosity::Quiet, LogFormat::Text);
        for (reports, good) in [
            (&[][..], true),
            (&["json"], true),
            (&["json=a.json", "human"], true),
            (&["json", "human=a.txt", "json=b.json"], true),
            (&["json", "human"], false),
            (&["pdf"], false),
        ] {
            let reports: Vec<String> = reports.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(Telling::new(&reports, &output).is_ok(), good, "{reports:?}");
        }
    }
}
