//! The project's files, as git knows them, and how a rule reports what it found.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One file of the project; `path` is relative to its root, with `/` between the parts.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether the whole file is a test or a bench, by its place.
    pub(super) fn is_test(&self) -> bool {
        let parts = || self.path.split('/');
        parts().any(|part| part == "tests" || part == "benches")
            || parts().next_back() == Some("tests.rs")
    }

    pub(super) fn is_below(&self, directories: &[&str]) -> bool {
        directories.iter().any(|directory| {
            self.path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// One finding, in the form that editors jump to.
    pub(super) fn problem(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file that is tracked, or would be if it were added. Bytes that are no text are replaced.
pub(super) fn files() -> Vec<File> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git starts");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let files: Vec<File> = listed.split('\0').filter_map(read).collect();
    assert!(!files.is_empty(), "git knows no file here");
    files
}

/// A file that is tracked but deleted in the work tree has nothing to check.
fn read(path: &str) -> Option<File> {
    let full = root().join(path);
    if path.is_empty() || !full.is_file() {
        return None;
    }
    let bytes = std::fs::read(&full).expect("a listed file can be read");
    Some(File::new(path, &String::from_utf8_lossy(&bytes)))
}

pub(super) fn rust_files() -> Vec<File> {
    let mut files = files();
    files.retain(|file| file.path.ends_with(".rs"));
    files
}

pub(super) fn document(path: &str) -> File {
    let text = std::fs::read_to_string(root().join(path));
    File::new(path, &text.unwrap_or_else(|error| panic!("{path} is missing: {error}")))
}

pub(super) fn exists(path: &str) -> bool {
    root().join(Path::new(path)).exists()
}

#[track_caller]
pub(super) fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} to mend:\n{}\n", problems.len(), problems.join("\n"));
}

/// Applies one rule to many files.
#[track_caller]
pub(super) fn assert_each(files: &[File], rule: impl Fn(&File) -> Vec<String>) {
    let problems: Vec<String> = files.iter().flat_map(rule).collect();
    assert_none(&problems);
}

#[test]
fn a_test_is_known_by_its_place() {
    let is_test = |path| File::new(path, "").is_test();
    assert!(is_test("tests/it/main.rs"));
    assert!(is_test("emulator/core/src/journal/tests.rs"));
    assert!(is_test("benches/device.rs"));
    assert!(!is_test("src/main.rs"));
}

#[test]
fn a_directory_is_not_a_prefix_of_a_name() {
    let file = File::new("emulator/core/src/lib.rs", "");
    assert!(file.is_below(&["emulator"]));
    assert!(!file.is_below(&["emu", "src"]));
}
