//! The file that says a server of ours is ready.
//!
//! Promises that the file appears whole: it is written aside, in the same directory, and renamed.
//! What an earlier run left there is removed by `clear` before anything is bound, so that nobody
//! reads yesterday's address.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why the ready file could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadyFileError {
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot put the ready file at {}", path.display())]
    Rename { path: PathBuf, source: io::Error },
    #[error("cannot remove the old {}", path.display())]
    Clear { path: PathBuf, source: io::Error },
}

/// Removes what an earlier run left.
pub(crate) fn clear(path: &Path) -> Result<(), ReadyFileError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(ReadyFileError::Clear { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Makes `text` appear at `path`, whole.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), ReadyFileError> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{}.tmp", std::process::id()));
    let aside = PathBuf::from(aside);
    fs::write(&aside, text)
        .map_err(|source| ReadyFileError::Write { path: aside.clone(), source })?;
    fs::rename(&aside, path)
        .map_err(|source| ReadyFileError::Rename { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_text_and_nothing_is_left_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ready");
        fs::write(&path, "yesterday").unwrap();
        clear(&path).unwrap();
        assert!(!path.exists());
        write(&path, "{}\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{}\n");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
