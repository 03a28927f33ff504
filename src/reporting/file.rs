//! A file that holds the newest form of a document.
//!
//! Promises that whoever opens the file finds a whole document, an earlier run's or this one's: it is
//! written aside, in the same directory, and renamed. A file that cannot be written is known before
//! there is anything to write. What is no regular file, such as a pipe, gets the last form alone.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use vestibule_conformance::report::{Destination, Stage};

use crate::exit::{Exit, Failure};

/// Where a document goes.
#[derive(Debug)]
pub(crate) struct ReportFile {
    path: PathBuf,
    way: Way,
}

/// How a document gets there.
#[derive(Debug)]
enum Way {
    /// By taking the place of what was there; with these permissions.
    Replace(Permissions),
    /// By being written into it: a pipe, a terminal.
    Into,
    /// By following what others wrote there.
    Append,
}

/// Readable for all whom the umask lets: reports are passed on to other users' programs.
const MODE: u32 = 0o666;

impl ReportFile {
    /// A file to be replaced, which need not be there; nothing is changed yet.
    pub(crate) fn new(path: &Path) -> Result<Self, Failure> {
        Self::open(path).map_err(|error| {
            let hint = "name a file in a directory that can be written";
            Failure::new(Exit::Usage, format!("writing {}", path.display()), error).hint(hint)
        })
    }

    /// A file that others write, too; the last form is added to it.
    pub(crate) fn appended(path: &Path) -> Result<Self, Failure> {
        OpenOptions::new().append(true).create(true).open(path).map_err(|error| {
            let hint = "unset GITHUB_STEP_SUMMARY, or make it name a file that can be written";
            Failure::new(Exit::Usage, format!("writing {}", path.display()), error).hint(hint)
        })?;
        Ok(Self { path: path.to_owned(), way: Way::Append })
    }

    fn open(path: &Path) -> io::Result<Self> {
        let there = match fs::metadata(path) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (path, permissions) = match there {
            Some(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Some(there) if there.permissions().readonly() => {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
            }
            Some(there) if there.is_file() => (fs::canonicalize(path)?, there.permissions()),
            Some(_) => return Ok(Self { path: path.to_owned(), way: Way::Into }),
            None => (beside(path)?, Permissions::from_mode(MODE)),
        };
        let file = Self { path, way: Way::Replace(permissions) };
        file.aside()?;
        Ok(file)
    }

    /// Where it is, whatever it was called: two names of one file have one path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn aside(&self) -> io::Result<NamedTempFile> {
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".vestibule-").suffix(".part");
        if let Way::Replace(permissions) = &self.way {
            builder.permissions(permissions.clone());
        }
        builder.tempfile_in(directory)
    }

    /// Puts `document` there.
    pub(crate) fn put(&self, document: &[u8]) -> io::Result<()> {
        match &self.way {
            Way::Replace(_) => {
                let mut aside = self.aside()?;
                aside.write_all(document)?;
                aside.persist(&self.path).map(drop).map_err(|error| error.error)
            }
            Way::Into => OpenOptions::new().write(true).open(&self.path)?.write_all(document),
            Way::Append => OpenOptions::new().append(true).open(&self.path)?.write_all(document),
        }
    }
}

impl Destination for ReportFile {
    fn replace(&mut self, document: &[u8], stage: Stage) -> io::Result<()> {
        match (&self.way, stage) {
            (Way::Into | Way::Append, Stage::Underway) => Ok(()),
            _ => self.put(document),
        }
    }
}

/// The whole path of a file that is not there yet.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let directory = match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    Ok(fs::canonicalize(directory)?.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_takes_the_place_of_the_one_before_and_keeps_its_permissions() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("a.json"), directory.path().join("link"));
        fs::write(&path, "an old one, which is longer").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut file = ReportFile::new(&link).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "an old one, which is longer");
        file.replace(b"new", Stage::Underway).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing is left aside");
    }

    #[test]
    fn what_cannot_be_written_is_known_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let locked = directory.path().join("locked.json");
        fs::write(&locked, "kept").unwrap();
        fs::set_permissions(&locked, Permissions::from_mode(0o444)).unwrap();
        let gone = directory.path().join("gone/a.json");
        for path in [directory.path(), &locked, &gone, &locked.join("a.json"), Path::new("")] {
            let failure = ReportFile::new(path).expect_err("it cannot be written");
            assert_eq!(failure.exit, Exit::Usage, "{failure}");
        }
        assert_eq!(fs::read_to_string(&locked).unwrap(), "kept");
    }

    #[test]
    fn what_others_write_is_kept_and_followed_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("summary.md");
        fs::write(&path, "before\n").unwrap();
        let mut file = ReportFile::appended(&path).unwrap();
        file.replace(b"one\n", Stage::Underway).unwrap();
        file.replace(b"two\n", Stage::Final).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before\ntwo\n");
        assert!(ReportFile::appended(directory.path()).is_err());
    }
}
