//! Handing what happens in a run to every report.

use std::io;

use crate::outcome::{CaseResult, Progress, Run, RunError, RunStart, Stale};
use std::time::Duration;

/// A report that is told what happens.
pub trait Sink {
    /// What it is called in messages, such as `the report in a.json`.
    fn name(&self) -> &str;

    /// The run begins.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn started(&mut self, run: &Run) -> io::Result<()>;

    /// A case ended; its result is in the run already.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn case_ended(&mut self, run: &Run, case: &CaseResult) -> io::Result<()>;

    /// Whatever is not told at once is told now.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn catch_up(&mut self, _run: &Run) -> io::Result<()> {
        Ok(())
    }

    /// The run ended, complete or not.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn ended(&mut self, run: &Run) -> io::Result<()>;
}

/// A report that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {name}")]
pub struct ReportError {
    /// Which one.
    pub name: String,
    /// Why.
    pub source: io::Error,
}

/// A run and the reports about it. A report that failed once is told no more; the others go on.
pub struct Reports {
    run: Run,
    sinks: Vec<Box<dyn Sink>>,
    failed: Vec<ReportError>,
}

impl Reports {
    /// Begins a run.
    #[must_use]
    pub fn new(start: RunStart, sinks: Vec<Box<dyn Sink>>) -> Self {
        let mut reports = Self { run: Run::new(start), sinks, failed: Vec::new() };
        reports.tell(|sink, run| sink.started(run));
        reports
    }

    /// A case ended.
    ///
    /// # Errors
    ///
    /// When the case was not planned, or has a result already; nothing is told.
    pub fn case_ended(&mut self, case: CaseResult) -> Result<(), RunError> {
        self.run.add(case)?;
        self.tell(|sink, run| match run.cases().last() {
            Some(case) => sink.case_ended(run, case),
            None => Ok(()),
        });
        Ok(())
    }

    /// Has every report tell what has happened so far: what is not told when the process is killed is
    /// lost.
    pub fn catch_up(&mut self) {
        self.tell(|sink, run| sink.catch_up(run));
    }

    /// The run ended, `took` after its start; `stale` are the entries of the known-failures list
    /// that did not turn out true.
    pub fn end(&mut self, progress: Progress, took: Duration, stale: Vec<Stale>) {
        self.run.end(progress, took, stale);
        self.tell(|sink, run| sink.ended(run));
    }

    /// The run as far as it has come.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The first of the reports that could not be written so far, to be told once.
    pub fn take_failed(&mut self) -> Option<ReportError> {
        if self.failed.is_empty() { None } else { Some(self.failed.remove(0)) }
    }

    fn tell(&mut self, mut what: impl FnMut(&mut dyn Sink, &Run) -> io::Result<()>) {
        let Self { run, sinks, failed } = self;
        sinks.retain_mut(|sink| match what(sink.as_mut(), run) {
            Ok(()) => true,
            Err(source) => {
                failed.push(ReportError { name: sink.name().to_owned(), source });
                false
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::super::sample;
    use super::*;

    struct Told {
        lines: Rc<RefCell<Vec<String>>>,
        breaks: bool,
    }

    impl Sink for Told {
        fn name(&self) -> &str {
            "the told one"
        }

        fn started(&mut self, run: &Run) -> io::Result<()> {
            self.lines.borrow_mut().push(format!("{} planned", run.summary().planned));
            Ok(())
        }

        fn case_ended(&mut self, run: &Run, case: &CaseResult) -> io::Result<()> {
            let passed = run.summary().passed;
            self.lines.borrow_mut().push(format!("{} ends, {passed} passed", case.head.id));
            if self.breaks { Err(io::Error::other("disk full")) } else { Ok(()) }
        }

        fn ended(&mut self, run: &Run) -> io::Result<()> {
            self.lines.borrow_mut().push(format!("{:?}", run.progress()));
            Ok(())
        }
    }

    fn told(breaks: bool) -> (Vec<String>, Vec<String>) {
        let lines = Rc::default();
        let sink = Told { lines: Rc::clone(&lines), breaks };
        let case = sample::passed();
        let mut reports = Reports::new(sample::start(&[&case.head]), vec![Box::new(sink)]);
        reports.case_ended(case).unwrap();
        reports.end(Progress::Complete, Duration::ZERO, Vec::new());
        let failed = reports.take_failed().map(|error| error.to_string()).into_iter().collect();
        let lines = lines.borrow().clone();
        (lines, failed)
    }

    #[test]
    fn each_is_told_in_turn() {
        let id = sample::passed().head.id;
        let expected =
            ["1 planned".to_owned(), format!("{id} ends, 1 passed"), "Complete".to_owned()];
        assert_eq!(told(false), (expected.to_vec(), Vec::new()));
    }

    #[test]
    fn one_that_failed_is_told_no_more_and_named() {
        let (lines, failed) = told(true);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(failed, ["cannot write the told one"]);
    }
}
