//! The fixtures that are compiled in.

use include_dir::{Dir, include_dir};

use super::collection::File;

static FIXTURES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../fixtures");

/// Every file of the set that is text.
pub(super) fn files() -> Vec<File> {
    let mut files = Vec::new();
    collect(&FIXTURES, &mut files);
    files
}

fn collect(directory: &Dir<'_>, files: &mut Vec<File>) {
    for file in directory.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        if let Some(text) = file.contents_utf8() {
            files.push(File { name: format!("fixtures/{path}"), path, text: text.to_owned() });
        }
    }
    for inner in directory.dirs() {
        collect(inner, files);
    }
}
