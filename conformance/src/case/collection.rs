//! A set of cases: a directory, or the one compiled into the command.
//!
//! Promises that every file is read, that mistakes of all files are told together, and that cases
//! are in the order of their ids.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::clauses::{self, Clauses};
use super::place::Mistake;
use super::types::Case;
use super::{embedded, lint, read};

/// Cases and clauses that keep all rules.
#[derive(Clone, Debug)]
pub struct Collection {
    /// In the order of their ids.
    pub cases: Vec<Filed>,
    /// What `source` may name.
    pub clauses: Clauses,
}

/// A file of a set.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path below the set's directory, with `/`: `v3/auth/login.json`.
    pub path: String,
    /// Its name for messages.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// A case with the file it stands in.
#[derive(Clone, Debug)]
pub struct Filed {
    /// The file.
    pub file: File,
    /// What it says.
    pub case: Case,
}

/// Why there is no set of cases.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// A file or directory that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A directory without a case.
    #[error("{} has no case", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// Files with mistakes.
    #[error("{} mistakes in the fixtures", .0.len())]
    Mistakes(Vec<Mistake>),
}

/// Where the clauses stand in a set.
const CLAUSES: &str = "clauses.json";

/// The schema stands beside the cases and is none.
const SCHEMA: &str = "case.schema.json";

impl Collection {
    /// The set that is compiled in.
    ///
    /// # Errors
    ///
    /// Mistakes in it, which a test of this project prevents.
    pub fn embedded() -> Result<Self, CollectionError> {
        Self::of(embedded::files())
    }

    /// The set in a directory. Where it has no clauses of its own, its cases rest on those that are compiled in.
    ///
    /// # Errors
    ///
    /// When it cannot be read, has no case, or has mistakes.
    pub fn read(directory: &Path) -> Result<Self, CollectionError> {
        let mut files = Vec::new();
        collect(directory, directory, &mut files)?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        if !files.iter().any(|file| file.path == CLAUSES) {
            files.extend(embedded::files().into_iter().filter(|file| file.path == CLAUSES));
        }
        if !files.iter().any(is_case) {
            return Err(CollectionError::Empty { path: directory.to_owned() });
        }
        Self::of(files)
    }

    fn of(files: Vec<File>) -> Result<Self, CollectionError> {
        let mut mistakes = Vec::new();
        let mut cases: Vec<Filed> = Vec::new();
        let mut clauses = Clauses::default();
        for file in files {
            if file.path == CLAUSES {
                match clauses::clauses(&file.name, &file.text) {
                    Ok(read) => clauses = read,
                    Err(mistake) => mistakes.push(mistake),
                }
            } else if is_case(&file) {
                match read::case(&file.name, &file.text) {
                    Ok(case) => cases.push(Filed { file, case }),
                    Err(mistake) => mistakes.push(mistake),
                }
            }
        }
        mistakes.extend(lint::lint(&cases, &clauses));
        if !mistakes.is_empty() {
            return Err(CollectionError::Mistakes(mistakes));
        }
        cases.sort_by(|one, other| one.case.id.cmp(&other.case.id));
        Ok(Self { cases, clauses })
    }
}

fn is_case(file: &File) -> bool {
    file.path.ends_with(".json") && file.path != CLAUSES && !file.path.ends_with(SCHEMA)
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<File>) -> Result<(), CollectionError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| CollectionError::Read { path, source }
    };
    for entry in fs::read_dir(directory).map_err(failed(directory))? {
        let path = entry.map_err(failed(directory))?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).map_err(failed(&path))?;
            let below = path.strip_prefix(root).unwrap_or(&path);
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            files.push(File { path: parts.join("/"), name: path.display().to_string(), text });
        }
    }
    Ok(())
}
