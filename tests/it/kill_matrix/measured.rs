//! What has been measured of the matrix, kept below `target/`, so that a run that was cut off goes on where it was.
//!
//! A row is true of the sources it was measured with. Their hash names the directory, so that rows of others are
//! neither taken nor lost. Which violations a case names is left out of it: that is what a row is compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Seen, Violation};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// All that a verdict can hang on.
const SOURCES: [&str; 6] =
    ["Cargo.lock", "src", "emulator/src", "emulator/core/src", "conformance/src", "fixtures"];

/// The rows that were measured with these sources.
pub(super) struct Measured {
    directory: PathBuf,
}

impl Measured {
    pub(super) fn of_these_sources() -> Self {
        let mut hasher = DefaultHasher::new();
        for source in SOURCES {
            hash(&Path::new(ROOT).join(source), &mut hasher);
        }
        let name = format!("{:016x}", hasher.finish());
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kills").join(name);
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        Self { directory }
    }

    /// What was seen with that violation, where it was tried.
    pub(super) fn row(&self, violation: &Violation) -> Option<Seen> {
        let text = std::fs::read_to_string(self.file(violation)).ok()?;
        let row: Value = serde_json::from_str(&text).ok()?;
        let ids = |key: &str| -> BTreeSet<String> {
            let ids = row[key].as_array().into_iter().flatten();
            ids.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let (red, blocked, skipped) = (ids("red"), ids("blocked"), ids("skipped"));
        Some(Seen { red, blocked, errors: BTreeMap::new(), skipped })
    }

    /// Keeps a row. One with an error of the suite's own proves nothing, and is to be measured again.
    pub(super) fn keep(&self, violation: &Violation, seen: &Seen) {
        let file = self.file(violation);
        if !seen.errors.is_empty() {
            return drop(std::fs::remove_file(file));
        }
        let row = json!({"violation": violation.argument(), "red": seen.red, "blocked": seen.blocked,
            "skipped": seen.skipped});
        let part = file.with_extension("part");
        std::fs::write(&part, row.to_string()).expect("a row can be written");
        std::fs::rename(part, file).expect("a row can be put in its place");
    }

    fn file(&self, violation: &Violation) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
        let name: String = violation.argument().chars().map(plain).collect();
        self.directory.join(name + ".json")
    }
}

/// Adds what is at `path` to `hasher`, in the order of the names.
fn hash(path: &Path, hasher: &mut DefaultHasher) {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).expect("a directory");
        let all: BTreeSet<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        all.iter().for_each(|path| hash(path, hasher));
    } else if path.extension().is_none_or(|extension| extension != "md") {
        path.hash(hasher);
        let text = std::fs::read(path).expect("a file");
        without_killers(&text).hash(hasher);
    }
}

/// A case without the violations that it names; what is no JSON as it is.
fn without_killers(text: &[u8]) -> Vec<u8> {
    let Ok(Value::Object(mut case)) = serde_json::from_slice(text) else {
        return text.to_vec();
    };
    case.remove("killed_by");
    Value::Object(case).to_string().into_bytes()
}
