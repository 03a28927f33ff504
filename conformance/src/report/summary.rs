//! The summary of a job at GitHub, in Markdown.

use std::io::{self, Write};

use super::human::again;
use super::text::{clause, cut, seconds};
use crate::outcome::{CaseResult, Outcome, Progress, Run, Verdict};

/// Failures shown, so that the page takes it: GitHub refuses a summary of over a mebibyte whole.
const FAILURES_MAX: usize = 100;

/// Characters shown of a value.
const VALUE_CHARS_MAX: usize = 300;

/// Writes the summary.
pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let target = &run.start().target;
    let verdict = match (run.progress(), run.verdict()) {
        (Progress::Running, _) => "not at its end",
        (Progress::Interrupted, _) => "interrupted",
        (_, Verdict::Green) => "✅ holds",
        (_, Verdict::FallsShort) => "❌ falls short",
        (_, Verdict::NotExamined) => "❌ not examined",
    };
    writeln!(out, "## Conformance of {}: {verdict}\n", code(&target.url))?;
    counts(run, out)?;
    for note in &target.notes {
        writeln!(out, "\n{}", plain(note))?;
    }
    failures(run, out)?;
    known(run, out)?;
    stale(run, out)?;
    observations(run, out)
}

fn counts(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let summary = run.summary();
    writeln!(
        out,
        "| planned | passed | failed | known | observed | skipped | error | flaky | time |"
    )?;
    writeln!(out, "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        summary.planned,
        summary.passed,
        summary.failed,
        summary.known,
        summary.observed,
        summary.skipped,
        summary.error,
        summary.flaky,
        seconds(run.took())
    )
}

fn failures(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let is_red =
        |case: &&CaseResult| matches!(case.outcome, Outcome::Failed { .. } | Outcome::Error(_));
    let red: Vec<&CaseResult> = run.cases().iter().filter(is_red).collect();
    if red.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### Failures\n")?;
    for case in red.iter().take(FAILURES_MAX) {
        let (word, id) = (case.outcome.word(), code(&case.head.id));
        writeln!(out, "<details><summary>{word}: {id} {}</summary>\n", plain(&case.head.title))?;
        writeln!(out, "- clause: {}", plain(&clause(&case.head.source, case.head.level)))?;
        if case.failed_checks().next().is_none() {
            writeln!(out, "- why: {}", code(&case.reason().unwrap_or_default()))?;
        }
        for check in case.failed_checks() {
            writeln!(out, "- {}", plain(&check.title))?;
            for one in &check.mismatches {
                let (path, expected, seen) =
                    (code(&one.path), code(&one.expected), code(&one.seen));
                writeln!(out, "  - at {path}: expected {expected}, seen {seen}")?;
            }
        }
        writeln!(out, "- alone: {}\n\n</details>\n", code(&again(run, &case.head.id)))?;
    }
    if red.len() > FAILURES_MAX {
        writeln!(out, "and {} more", red.len() - FAILURES_MAX)?;
    }
    Ok(())
}

fn known(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let known = run.cases().iter().filter_map(|case| match &case.outcome {
        Outcome::Known { reason } => Some((&case.head.id, reason)),
        _ => None,
    });
    table(out, "Known failures", known.map(|(id, reason)| [code(id), plain(reason)]))
}

fn stale(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let stale = run.stale().iter().map(|stale| [code(&stale.entry), plain(&stale.why)]);
    table(out, "Not true in the list of known failures", stale)
}

fn observations(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let seen = run.observations();
    table(out, "Observed", seen.iter().map(|(name, seen)| [code(name), code(seen)]))
}

fn table(
    out: &mut dyn Write,
    title: &str,
    rows: impl Iterator<Item = [String; 2]>,
) -> io::Result<()> {
    for (number, [name, text]) in rows.enumerate() {
        if number == 0 {
            writeln!(out, "\n### {title}\n\n| | |\n| --- | --- |")?;
        }
        writeln!(out, "| {name} | {text} |")?;
    }
    Ok(())
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", plain(text))
}

/// `text` on one line, with everything that Markdown or HTML would act on written as a number.
pub(super) fn plain(text: &str) -> String {
    let text = cut(text, VALUE_CHARS_MAX);
    text.chars().fold(String::with_capacity(text.len()), |mut out, one| {
        let harmless = one == ' ' || one == '.' || one == ',' || one == '-';
        match one {
            _ if one.is_control() => out.push(' '),
            _ if one.is_ascii_punctuation() && !harmless => {
                out.push_str(&format!("&#{};", u32::from(one)));
            }
            _ => out.push(one),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_summary_shows_what_failed_and_how_to_run_it_alone() {
        let mut out = Vec::new();
        write(&sample::run(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn nothing_in_a_text_is_markup() {
        let text = plain("a|b `c` <script> [x](y) @me\n# z *i* _j_");
        assert!(!text.contains(['|', '`', '<', '>', '[', '(', '@', '\n', '*', '_']), "{text}");
        assert_eq!(plain("a.b, c-d 5"), "a.b, c-d 5");
    }
}
