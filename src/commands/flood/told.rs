//! Where the report of a flood goes, and in which form.

use std::collections::BTreeSet;
use std::path::Path;

use vestibule_emulator::flood::report::{Document, html, human};

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::reporting::{ReportFile, Wanted, wanted};

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Human,
    Json,
    Html,
}

const FORMS: [(&str, Form); 3] =
    [("human", Form::Human), ("json", Form::Json), ("html", Form::Html)];

/// What goes to standard output where nothing is said.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands) enum Usual {
    Human,
    Json,
}

/// The reports that were asked for.
#[derive(Debug)]
pub(in crate::commands) struct Told {
    stdout: Form,
    files: Vec<(Form, ReportFile)>,
}

impl Told {
    /// Reads the values of `--report`, and sees that each file can be written; nothing is written yet.
    pub(in crate::commands) fn new(reports: &[String], usual: Usual) -> Result<Self, Failure> {
        let Wanted { stdout, files } = wanted(reports, &FORMS)?;
        let usual = match usual {
            Usual::Human => Form::Human,
            Usual::Json => Form::Json,
        };
        let mut told = Self { stdout: stdout.unwrap_or(usual), files: Vec::new() };
        let mut seen = BTreeSet::new();
        for (form, path) in files {
            let file = ReportFile::new(&path)?;
            if !seen.insert(file.path().to_owned()) && file.path() != Path::new("/dev/null") {
                let why = format!("two reports go to {}", file.path().display());
                return Err(Failure::new(Exit::Usage, "reading --report", why)
                    .hint("give each a file of its own"));
            }
            told.files.push((form, file));
        }
        Ok(told)
    }

    /// Tells it to all of them; a file that cannot be written keeps no other from it.
    pub(in crate::commands) fn tell(
        &self,
        document: &Document,
        output: &Output,
    ) -> Result<(), Failure> {
        let printed = output.line(text(document, self.stdout)?.trim_end());
        let mut outcome = printed;
        for (form, file) in &self.files {
            let written = text(document, *form)
                .and_then(|text| file.put(text.as_bytes()).map_err(|e| unwritten(file, e)));
            outcome = outcome.and(written);
        }
        outcome
    }
}

fn text(document: &Document, form: Form) -> Result<String, Failure> {
    match form {
        Form::Human => Ok(human(document)),
        Form::Html => Ok(html(document)),
        Form::Json => serde_json::to_string_pretty(document)
            .map(|text| text + "\n")
            .map_err(|error| Failure::new(Exit::FallsShort, "writing the report", error)),
    }
}

fn unwritten(file: &ReportFile, error: std::io::Error) -> Failure {
    Failure::new(Exit::Unreachable, format!("writing {}", file.path().display()), error)
        .hint("free space there, or name another file")
}
