//! Reports that are whole documents, replaced while the run goes on.

use std::io::{self, Write};

use super::clauses::coverage;
use super::github::Annotations;
use super::human::{Colour, Human};
use super::sink::Sink;
use super::{har, html, json, junit, summary};
use crate::case::clauses::Clauses;
use crate::outcome::{CaseResult, Run};

/// Which document.
#[derive(Clone, Debug)]
pub enum Form {
    /// For programs; `conformance/report.schema.json` describes it.
    Json,
    /// For pipelines that show test results.
    Junit,
    /// For people, in a browser; the clauses are shown with their cases.
    Html(Box<Clauses>),
    /// For the summary of a job at GitHub, in Markdown.
    Summary,
    /// The exchanges, for tools that show HTTP.
    Har,
    /// What a terminal would show; failures say what the clauses do.
    Human(Box<Clauses>),
    /// The clauses with their cases, in Markdown.
    Clauses(Box<Clauses>),
    /// The annotations of a job at GitHub.
    Annotations {
        /// As for [`Annotations::new`].
        prefix: String,
    },
}

/// Where a document goes.
pub trait Destination {
    /// Puts `document` in the place of what was there. `stage` says whether more will come.
    ///
    /// # Errors
    ///
    /// When it cannot be written; then what was there must still be there.
    fn replace(&mut self, document: &[u8], stage: Stage) -> io::Result<()>;
}

/// Whether a document is the last one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// The run goes on. What cannot be replaced, such as a pipe, leaves it out.
    Underway,
    /// The run has ended.
    Final,
}

/// A document that is replaced as the run goes on.
pub struct Document {
    name: String,
    form: Form,
    destination: Box<dyn Destination>,
    /// Whether a case ended since it was written.
    behind: bool,
}

impl Form {
    /// Writes the document about a run, as far as it has come.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    pub fn write(&self, run: &Run, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Json => json::write(run, out),
            Self::Junit => junit::write(run, out),
            Self::Html(clauses) => html::write(run, clauses, out),
            Self::Summary => summary::write(run, out),
            Self::Har => har::write(run, out),
            Self::Human(clauses) => {
                tell_again(Human::new(out, Colour::Off, clauses.as_ref().clone()), run)
            }
            Self::Clauses(clauses) => out.write_all(coverage(run, clauses).markdown().as_bytes()),
            Self::Annotations { prefix } => tell_again(Annotations::new(out, prefix.clone()), run),
        }
    }
}

impl Document {
    /// A document that goes to `destination`; `name` is what it is called in messages.
    #[must_use]
    pub fn new(name: String, form: Form, destination: Box<dyn Destination>) -> Self {
        Self { name, form, destination, behind: false }
    }

    fn replace(&mut self, run: &Run, stage: Stage) -> io::Result<()> {
        let mut document = Vec::new();
        self.form.write(run, &mut document)?;
        self.destination.replace(&document, stage)
    }
}

impl Sink for Document {
    fn name(&self) -> &str {
        &self.name
    }

    fn started(&mut self, run: &Run) -> io::Result<()> {
        self.replace(run, Stage::Underway)
    }

    /// A large document costs more than a case: it waits until all are to catch up.
    fn case_ended(&mut self, _run: &Run, _case: &CaseResult) -> io::Result<()> {
        self.behind = true;
        Ok(())
    }

    fn catch_up(&mut self, run: &Run) -> io::Result<()> {
        if std::mem::take(&mut self.behind) { self.replace(run, Stage::Underway) } else { Ok(()) }
    }

    fn ended(&mut self, run: &Run) -> io::Result<()> {
        self.replace(run, Stage::Final)
    }
}

/// Tells a report what has happened so far, as though the run were at its end.
fn tell_again(mut sink: impl Sink, run: &Run) -> io::Result<()> {
    sink.started(run)?;
    run.cases().iter().try_for_each(|case| sink.case_ended(run, case))?;
    sink.ended(run)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;

    use super::super::sample;
    use super::super::sink::Reports;
    use super::*;
    use crate::outcome::Progress;

    #[derive(Clone, Default)]
    struct Kept(Rc<RefCell<Vec<(Stage, serde_json::Value)>>>);

    impl Destination for Kept {
        fn replace(&mut self, document: &[u8], stage: Stage) -> io::Result<()> {
            let value = serde_json::from_slice(document).expect("each is a whole document");
            self.0.borrow_mut().push((stage, value));
            Ok(())
        }
    }

    #[test]
    fn a_document_is_whole_from_the_start_and_catches_up() {
        let kept = Kept::default();
        let document = Document::new("j".to_owned(), Form::Json, Box::new(kept.clone()));
        let cases: Vec<_> = [0, 1, 3, 4].into_iter().map(sample::passed_at).collect();
        let heads: Vec<_> = cases.iter().map(|case| &case.head).collect();
        let mut reports = Reports::new(sample::start(&heads), vec![Box::new(document)]);
        reports.catch_up();
        for case in cases.clone() {
            let at = case.at.as_secs();
            reports.case_ended(case).unwrap();
            if at == 3 {
                reports.catch_up();
                reports.catch_up();
            }
        }
        reports.end(Progress::Interrupted, Duration::from_secs(4), Vec::new());
        let seen: Vec<_> = kept
            .0
            .borrow()
            .iter()
            .map(|(stage, value)| {
                let passed = value["summary"]["passed"].as_u64();
                (*stage, passed.unwrap(), value["progress"].as_str().unwrap().to_owned())
            })
            .collect();
        let expected = [
            (Stage::Underway, 0, "running"),
            (Stage::Underway, 3, "running"),
            (Stage::Final, 4, "interrupted"),
        ];
        assert_eq!(seen, expected.map(|(stage, count, word)| (stage, count, word.to_owned())));
    }
}
