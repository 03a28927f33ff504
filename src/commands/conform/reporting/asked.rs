//! The values of `--report`, and the sinks that they mean.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use vestibule_conformance::case::clauses::Clauses;
use vestibule_conformance::report::{Annotations, Destination, Document, Form, Human, Sink, Stage};

use crate::cli::conform::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Stdout};
use crate::reporting::{ReportFile, Wanted, wanted};

/// The reports that were asked for, none of them begun.
#[derive(Debug)]
pub(in crate::commands::conform) struct Asked {
    stdout: Kind,
    files: Vec<(Kind, ReportFile)>,
    transcript: Option<ReportFile>,
    step_summary: Option<ReportFile>,
    /// What stands before a case file's path in an annotation.
    prefix: String,
}

/// A kind of report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Human,
    Json,
    Junit,
    Html,
    Github,
    Clauses,
}

const KINDS: [(&str, Kind); 6] = [
    ("human", Kind::Human),
    ("json", Kind::Json),
    ("junit", Kind::Junit),
    ("html", Kind::Html),
    ("github", Kind::Github),
    ("clauses", Kind::Clauses),
];

impl Asked {
    /// Reads the arguments, and sees that each file can be written; nothing is written yet.
    pub(in crate::commands::conform) fn new(args: &DeviceArgs) -> Result<Self, Failure> {
        let Wanted { stdout, files } = wanted(&args.result.reports, &KINDS)?;
        let stdout = stdout.unwrap_or(Kind::Human);
        let summarised =
            stdout == Kind::Github || files.iter().any(|(kind, _)| *kind == Kind::Github);
        // An empty name is what a pipeline gives that has none.
        let named = |path: &&OsString| summarised && !path.is_empty();
        let step_summary = args.result.github_step_summary.as_ref().filter(named);
        let open = |(kind, path): (Kind, PathBuf)| Ok((kind, ReportFile::new(&path)?));
        let asked = Self {
            stdout,
            files: files.into_iter().map(open).collect::<Result<_, Failure>>()?,
            transcript: args.result.transcript.as_deref().map(ReportFile::new).transpose()?,
            step_summary: step_summary
                .map(|path| ReportFile::appended(Path::new(path)))
                .transpose()?,
            prefix: prefix(args),
        };
        asked.are_apart()?;
        Ok(asked)
    }

    fn are_apart(&self) -> Result<(), Failure> {
        let mut seen = BTreeSet::new();
        let files = self.files.iter().map(|(_, file)| file).chain(&self.transcript);
        for file in files {
            if !seen.insert(file.path()) && file.path() != Path::new("/dev/null") {
                let why = format!("two reports go to {}", file.path().display());
                return Err(Failure::new(Exit::Usage, "reading --report", why)
                    .hint("give each a file of its own"));
            }
        }
        Ok(())
    }

    /// What is to be told of a run.
    pub(in crate::commands::conform) fn sinks(
        self,
        clauses: &Clauses,
        output: &Output,
    ) -> Vec<Box<dyn Sink>> {
        let form = |kind| match kind {
            Kind::Human => Form::Human(Box::new(clauses.clone())),
            Kind::Json => Form::Json,
            Kind::Junit => Form::Junit,
            Kind::Html => Form::Html(Box::new(clauses.clone())),
            Kind::Clauses => Form::Clauses(Box::new(clauses.clone())),
            Kind::Github => Form::Annotations { prefix: self.prefix.clone() },
        };
        let stdout = BufWriter::new(output.stdout());
        let told: Box<dyn Sink> = match self.stdout {
            Kind::Human => Box::new(Human::new(stdout, output.colour(), clauses.clone())),
            Kind::Github => Box::new(Annotations::new(stdout, self.prefix.clone())),
            kind => {
                let name = "the report on standard output".to_owned();
                Box::new(Document::new(name, form(kind), Box::new(AtTheEnd(stdout))))
            }
        };
        let mut sinks = vec![told];
        let files = self.files.into_iter().map(|(kind, file)| (form(kind), file));
        let others = [(Form::Har, self.transcript), (Form::Summary, self.step_summary)];
        let others = others.into_iter().filter_map(|(form, file)| Some((form, file?)));
        for (form, file) in files.chain(others) {
            let name = format!("the report in {}", file.path().display());
            sinks.push(Box::new(Document::new(name, form, Box::new(file))));
        }
        sinks
    }
}

/// Standard output, which cannot be replaced: it gets the last form alone.
struct AtTheEnd(BufWriter<Stdout>);

impl Destination for AtTheEnd {
    fn replace(&mut self, document: &[u8], stage: Stage) -> io::Result<()> {
        match stage {
            Stage::Underway => Ok(()),
            Stage::Final => self.0.write_all(document).and_then(|()| self.0.flush()),
        }
    }
}

/// The directory of the cases as GitHub names it; those that are built in are the project's own.
fn prefix(args: &DeviceArgs) -> String {
    let directory = args.choice.fixtures.as_deref().unwrap_or(Path::new("fixtures"));
    let workspace = args.result.github_workspace.as_ref();
    let below = workspace.and_then(|root| directory.strip_prefix(root).ok());
    // Joining with nothing ends a path with one slash, and leaves nothing as it is.
    below.unwrap_or(directory).components().as_path().join("").display().to_string()
}
