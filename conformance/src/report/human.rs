//! For people at a terminal or in a log: a line for each case as it ends, failures again at the end.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::sink::Sink;
use super::text::{clause, counted, printable, seconds};
use super::transcript;
use crate::case::clauses::Clauses;
use crate::outcome::{CaseResult, Check, Mismatch, Outcome, Progress, Run, Skip, Summary, Verdict};

/// Whether to use colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Colour {
    /// On a terminal.
    On,
    /// Everywhere else.
    Off,
}

/// The report.
pub struct Human<W> {
    out: W,
    colour: Colour,
    clauses: Clauses,
}

/// How a word is coloured.
#[derive(Clone, Copy)]
enum Paint {
    Good,
    Bad,
    Odd,
    Faint,
    Bold,
}

/// Reasons shown of cases that were left out, with the most cases first. A device that lacks an API
/// has one reason for a hundred cases.
const REASONS_MAX: usize = 12;

impl<W: Write> Human<W> {
    /// A report that is written to `out`; failures show what `clauses` say.
    pub fn new(out: W, colour: Colour, clauses: Clauses) -> Self {
        Self { out, colour, clauses }
    }

    fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Good => "32",
            Paint::Bad => "1;31",
            Paint::Odd => "33",
            Paint::Faint => "2",
            Paint::Bold => "1",
        };
        match self.colour {
            Colour::On if !text.is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }

    fn case(&mut self, case: &CaseResult) -> io::Result<()> {
        let word = self.paint(paint(&case.outcome), &format!("{:8}", case.outcome.word()));
        let flaky = if case.is_flaky() { self.paint(Paint::Odd, " flaky") } else { String::new() };
        let reason = case.reason().map(|reason| format!(": {}", printable(&reason)));
        let reason = self.paint(Paint::Faint, &reason.unwrap_or_default());
        writeln!(self.out, "{word} {:>7} {}{flaky}{reason}", seconds(case.took), case.head.id)
    }

    fn failures(&mut self, run: &Run) -> io::Result<()> {
        let told = |case: &&CaseResult| {
            matches!(case.outcome, Outcome::Failed { blocked_by: None } | Outcome::Error(_))
                || case.is_flaky()
        };
        for case in run.cases().iter().filter(told) {
            self.failure(case, run)?;
        }
        Ok(())
    }

    fn failure(&mut self, case: &CaseResult, run: &Run) -> io::Result<()> {
        let word = if case.is_flaky() { "flaky" } else { case.outcome.word() };
        let title = self.paint(Paint::Bold, &format!("{word}: {}", case.head.id));
        writeln!(self.out, "\n{title}\n  {}", case.head.title)?;
        self.row("clause", &clause(&case.head.source, case.head.level))?;
        for source in &case.head.source {
            if let Some(clause) = self.clauses.clauses.get(source) {
                let says = clause.says.clone();
                self.row("", &says)?;
            }
        }
        let checks: Vec<&Check> = if case.is_flaky() {
            case.flaky.iter().collect()
        } else {
            case.failed_checks().collect()
        };
        if checks.is_empty()
            && let Some(reason) = case.reason()
        {
            self.row("why", &printable(&reason))?;
        }
        for check in checks {
            self.check(case, check)?;
        }
        for (number, line) in transcript::lines(case).iter().enumerate() {
            self.row(if number == 0 { "said" } else { "" }, line)?;
        }
        self.row("alone", &again(run, &case.head.id))
    }

    fn check(&mut self, case: &CaseResult, check: &Check) -> io::Result<()> {
        let place = check.place.map(|place| format!(":{}:{}", place.line, place.column));
        let file = format!("{}{}", case.head.file, place.unwrap_or_default());
        self.row("check", &format!("{}, {} ({file})", check.id, check.title))?;
        for Mismatch { path, expected, seen } in &check.mismatches {
            if !path.is_empty() {
                self.row("at", &printable(path))?;
            }
            self.row("expected", &printable(expected))?;
            self.row("seen", &printable(seen))?;
        }
        Ok(())
    }

    fn row(&mut self, name: &str, text: &str) -> io::Result<()> {
        let name = self.paint(Paint::Faint, &format!("{name:9}"));
        writeln!(self.out, "    {name} {text}")
    }

    fn section(&mut self, title: &str, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let title = self.paint(Paint::Bold, title);
        writeln!(self.out, "\n{title}")?;
        lines.iter().try_for_each(|line| writeln!(self.out, "  {line}"))
    }

    fn sum(&mut self, run: &Run) -> io::Result<()> {
        let summary = run.summary();
        let counts: Vec<String> = counts(&summary)
            .into_iter()
            .filter(|(_, _, count)| *count > 0)
            .map(|(word, colour, count)| self.paint(colour, &format!("{count} {word}")))
            .collect();
        let planned = counted(summary.planned, "case");
        let sum = if counts.is_empty() { "none ended".to_owned() } else { counts.join(", ") };
        writeln!(self.out, "\n{planned} in {}: {sum}", seconds(run.took()))?;
        let (colour, verdict) = match (run.progress(), run.verdict()) {
            (Progress::Running, _) => (Paint::Odd, "not at its end: no verdict"),
            (Progress::Interrupted, _) => (Paint::Bad, "interrupted: no verdict"),
            (_, Verdict::Green) => (Paint::Good, "the device holds to what was judged"),
            (_, Verdict::FallsShort) => (Paint::Bad, "the device falls short"),
            (_, Verdict::NotExamined) => (Paint::Bad, "not examined: no verdict"),
        };
        let verdict = self.paint(colour, verdict);
        writeln!(self.out, "{verdict}")
    }
}

impl<W: Write> Sink for Human<W> {
    fn name(&self) -> &str {
        "the report for people"
    }

    fn started(&mut self, run: &Run) -> io::Result<()> {
        let target = &run.start().target;
        let planned = counted(run.summary().planned, "case");
        writeln!(self.out, "{planned} against {}", printable(&target.url))?;
        for (name, fact) in &target.facts {
            writeln!(self.out, "  {name}: {}", printable(fact))?;
        }
        for note in &target.notes {
            writeln!(self.out, "  {note}")?;
        }
        self.out.flush()
    }

    fn case_ended(&mut self, _run: &Run, case: &CaseResult) -> io::Result<()> {
        self.case(case)?;
        self.out.flush()
    }

    fn ended(&mut self, run: &Run) -> io::Result<()> {
        self.failures(run)?;
        self.section("Failed because another did", &blocked(run))?;
        self.section("Known failures", &known(run))?;
        self.section("Left out", &left_out(run))?;
        self.section("Observed", &observed(run))?;
        self.section("Not true in the list of known failures", &stale(run))?;
        self.section("Without an outcome", &missing(run))?;
        self.sum(run)?;
        self.out.flush()
    }
}

/// The command line that runs one case alone.
pub(super) fn again(run: &Run, id: &str) -> String {
    format!("{} --only {id}", run.start().command)
}

fn paint(outcome: &Outcome) -> Paint {
    match outcome {
        Outcome::Passed => Paint::Good,
        Outcome::Failed { .. } | Outcome::Error(_) => Paint::Bad,
        Outcome::Known { .. } => Paint::Odd,
        Outcome::Observed | Outcome::Skipped(_) => Paint::Faint,
    }
}

fn counts(summary: &Summary) -> [(&'static str, Paint, usize); 7] {
    [
        ("passed", Paint::Good, summary.passed),
        ("failed", Paint::Bad, summary.failed),
        ("known", Paint::Odd, summary.known),
        ("observed", Paint::Faint, summary.observed),
        ("skipped", Paint::Faint, summary.skipped),
        ("error", Paint::Bad, summary.error),
        ("of them flaky", Paint::Odd, summary.flaky),
    ]
}

fn blocked(run: &Run) -> Vec<String> {
    let blocked = run.cases().iter().filter_map(|case| match &case.outcome {
        Outcome::Failed { blocked_by: Some(other) } => Some(format!("{}: {other}", case.head.id)),
        _ => None,
    });
    blocked.collect()
}

fn known(run: &Run) -> Vec<String> {
    let known = run.cases().iter().filter_map(|case| match &case.outcome {
        Outcome::Known { reason } => Some(format!("{}: {}", case.head.id, printable(reason))),
        _ => None,
    });
    known.collect()
}

/// The reasons for which cases were left out, each with its number of cases.
fn left_out(run: &Run) -> Vec<String> {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for case in run.cases() {
        if let Outcome::Skipped(skip) = &case.outcome {
            *reasons.entry(Skip::reason(skip)).or_default() += 1;
        }
    }
    let mut reasons: Vec<(&str, usize)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let more = reasons.len().saturating_sub(REASONS_MAX);
    let shown = reasons.iter().take(REASONS_MAX);
    let line = |(reason, count): &(&str, usize)| format!("{}: {reason}", counted(*count, "case"));
    let mut lines: Vec<String> = shown.map(line).collect();
    if more > 0 {
        lines.push(format!("and for {}", counted(more, "more reason")));
    }
    lines
}

fn observed(run: &Run) -> Vec<String> {
    let line = |(name, seen): (&str, _)| format!("{name}: {}", printable(&format!("{seen}")));
    run.observations().into_iter().map(line).collect()
}

fn stale(run: &Run) -> Vec<String> {
    run.stale().iter().map(|stale| format!("{}: {}", stale.entry, stale.why)).collect()
}

fn missing(run: &Run) -> Vec<String> {
    run.missing().map(|head| head.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn told(colour: Colour, run: &Run) -> String {
        let mut human = Human::new(Vec::new(), colour, sample::clauses());
        human.started(run).unwrap();
        run.cases().iter().for_each(|case| human.case_ended(run, case).unwrap());
        human.ended(run).unwrap();
        String::from_utf8(human.out).unwrap()
    }

    #[test]
    fn a_run_is_told_from_its_first_case_to_its_verdict() {
        insta::assert_snapshot!(told(Colour::Off, &sample::run()));
    }

    #[test]
    fn a_green_run_is_short() {
        insta::assert_snapshot!(told(Colour::Off, &sample::green()));
    }

    #[test]
    fn an_interrupted_run_has_no_verdict() {
        insta::assert_snapshot!(told(Colour::Off, &sample::interrupted()));
    }

    #[test]
    fn colours_are_for_terminals_and_change_no_word() {
        let plain = told(Colour::Off, &sample::run());
        assert!(!plain.contains('\u{1b}'));
        let coloured = told(Colour::On, &sample::run());
        assert!(coloured.contains("\u{1b}[1;31mfailed  \u{1b}[0m"));
        let mut rest = coloured.as_str();
        let mut stripped = String::new();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            stripped.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        assert_eq!(stripped + rest, plain);
    }
}
