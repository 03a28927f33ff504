//! Annotations for a job at GitHub: a line of the log for each case that failed, which the web page
//! shows at the case file.
//!
//! The page shows ten of each kind in a step; the log has all.

use std::io::{self, Write};

use super::human::again;
use super::sink::Sink;
use super::text::{clause, cut};
use crate::outcome::{CaseHead, CaseResult, Outcome, Place, Progress, Run};

/// The report.
pub struct Annotations<W> {
    out: W,
    /// What stands before the path of a case file in the repository; empty or with a slash at its end.
    prefix: String,
}

/// A kind of annotation.
#[derive(Clone, Copy)]
enum Kind {
    Error,
    Warning,
    Notice,
}

/// Characters of a message: the page cuts longer ones.
const MESSAGE_CHARS_MAX: usize = 4000;

impl<W: Write> Annotations<W> {
    /// Annotations that are written to `out`; `prefix` is the directory of the cases in the
    /// repository, empty or with a slash at its end.
    pub fn new(out: W, prefix: String) -> Self {
        Self { out, prefix }
    }

    fn line(
        &mut self,
        kind: Kind,
        title: &str,
        at: Option<(&CaseHead, Option<Place>)>,
        message: &str,
    ) -> io::Result<()> {
        let word = match kind {
            Kind::Error => "error",
            Kind::Warning => "warning",
            Kind::Notice => "notice",
        };
        let mut properties = String::new();
        if let Some((head, place)) = at {
            let file = format!("{}{}", self.prefix, head.file);
            properties.push_str(&format!("file={},", property(&file)));
            if let Some(Place { line, column }) = place {
                properties.push_str(&format!("line={line},col={column},"));
            }
        }
        let (title, message) = (property(title), data(&cut(message, MESSAGE_CHARS_MAX)));
        writeln!(self.out, "::{word} {properties}title={title}::{message}")
    }

    fn failure(&mut self, run: &Run, case: &CaseResult) -> io::Result<()> {
        let clause = clause(&case.head.source, case.head.level);
        let alone = again(run, &case.head.id);
        let title = case.head.id.clone();
        let mut checks = case.failed_checks().peekable();
        if checks.peek().is_none() {
            let why = case.reason().unwrap_or_default();
            let message = format!("{}\n{why}\nclause: {clause}\nalone: {alone}", case.head.title);
            return self.line(Kind::Error, &title, Some((&case.head, None)), &message);
        }
        for check in checks {
            let lines: Vec<String> =
                check.mismatches.iter().map(|one| one.line().as_str().to_owned()).collect();
            let (check_title, lines) = (&check.title, lines.join("\n"));
            let message = format!("{check_title}\n{lines}\nclause: {clause}\nalone: {alone}");
            self.line(Kind::Error, &title, Some((&case.head, check.place)), &message)?;
        }
        Ok(())
    }
}

impl<W: Write> Sink for Annotations<W> {
    fn name(&self) -> &str {
        "the annotations for GitHub"
    }

    fn started(&mut self, _run: &Run) -> io::Result<()> {
        Ok(())
    }

    fn case_ended(&mut self, run: &Run, case: &CaseResult) -> io::Result<()> {
        match &case.outcome {
            Outcome::Failed { .. } | Outcome::Error(_) => self.failure(run, case)?,
            Outcome::Known { reason } => {
                let at = Some((&case.head, None));
                self.line(Kind::Notice, &format!("known: {}", case.head.id), at, reason)?;
            }
            _ if case.is_flaky() => {
                let message = "failed at the first attempt, held at the second one alone";
                let at = Some((&case.head, None));
                self.line(Kind::Warning, &format!("flaky: {}", case.head.id), at, message)?;
            }
            _ => {}
        }
        self.out.flush()
    }

    fn ended(&mut self, run: &Run) -> io::Result<()> {
        for stale in run.stale() {
            self.line(Kind::Error, &format!("not true: {}", stale.entry), None, &stale.why)?;
        }
        let missing: Vec<&str> = run.missing().map(|head| head.id.as_str()).collect();
        if run.progress() != Progress::Running && !missing.is_empty() {
            self.line(Kind::Error, "without an outcome", None, &missing.join("\n"))?;
        }
        self.out.flush()
    }
}

/// The text of an annotation: in it, a line's end would begin a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of an annotation.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn failures_become_annotations_at_their_case_files() {
        let run = sample::run();
        let mut annotations = Annotations::new(Vec::new(), "fixtures/".to_owned());
        run.cases().iter().for_each(|case| annotations.case_ended(&run, case).unwrap());
        annotations.ended(&run).unwrap();
        let text = String::from_utf8(annotations.out).unwrap();
        assert!(text.lines().all(|line| line.starts_with("::")), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn nothing_in_a_text_is_a_command() {
        assert_eq!(data("100%\r\n::error::x"), "100%25%0D%0A::error::x");
        assert_eq!(property("a:b,c=d\n"), "a%3Ab%2Cc=d%0A");
    }
}
