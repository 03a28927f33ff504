//! Rules on the documents: they name only files that exist, and nothing in the tree names the machine it was
//! written on.

use super::tree::{File, assert_each, document, exists, files};

/// The documents that describe the tree.
const MAPS: [&str; 3] = ["ARCHITECTURE.md", "CONTRIBUTING.md", "STYLE.md"];

/// A map may name a module without the directories that all modules share.
const BASES: [&str; 5] = ["", "emulator/core/src/", "emulator/src/", "conformance/src/", "src/"];

/// Put together here, so that this file does not contain them.
const PLACES: [&str; 3] =
    [concat!("/wo", "rk/"), concat!("../sha", "red"), concat!("/tmp/w", "t-")];

#[test]
fn the_maps_name_what_exists() {
    assert_each(&MAPS.map(document), |file| gone(file, exists));
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    assert_each(&files(), places);
}

fn gone(file: &File, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let is_there = |name: &str| BASES.iter().any(|base| exists(&format!("{base}{name}")));
    let mut problems = Vec::new();
    let mut line = 1;
    // Between backticks stands every second piece; a piece may go on in the next line.
    for (at, piece) in file.text.split('`').enumerate() {
        if at % 2 == 1 && is_path(piece) && !is_there(piece) {
            problems.push(file.problem(line, &format!("{piece} does not exist")));
        }
        line += piece.matches('\n').count();
    }
    for (at, row) in file.text.lines().enumerate() {
        for module in modules(row) {
            if !is_there(module) && !is_there(&format!("{module}.rs")) {
                problems.push(file.problem(at + 1, &format!("no module is called {module}")));
            }
        }
    }
    problems
}

/// What the first cell of a table's row names: modules, as a file or a directory.
fn modules(row: &str) -> impl Iterator<Item = &str> {
    let cell = row.strip_prefix("| ").and_then(|row| row.split('|').next()).unwrap_or_default();
    let plain = |name: &&str| name.chars().all(|one| one.is_ascii_lowercase() || one == '_');
    cell.split('`').skip(1).step_by(2).filter(plain)
}

/// A relative path of this tree: not a request's path, a pattern, an option or a command line.
fn is_path(name: &str) -> bool {
    let has_extension =
        [".rs", ".md", ".toml", ".sh", ".lock"].iter().any(|extension| name.ends_with(extension));
    let plain = |one: char| one.is_ascii_alphanumeric() || "_-./".contains(one);
    (name.contains('/') || has_extension) && !name.starts_with('/') && name.chars().all(plain)
}

fn places(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        for place in PLACES.iter().filter(|place| line.contains(**place)) {
            problems.push(file.problem(at + 1, &format!("names a place of one machine: {place}")));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_is_gone_is_seen() {
        let text =
            "See `clock.rs`, `wire/v9.rs` and `deny.toml`.\nNot `/api/v3.x`, `a::b`, `x y/z`.\n";
        let there = |path: &str| ["emulator/src/clock.rs", "deny.toml"].contains(&path);
        let problems = gone(&File::new("A.md", text), there);
        assert_eq!(problems, ["A.md:1: wire/v9.rs does not exist"]);
    }

    #[test]
    fn a_row_names_modules() {
        let text = "| `clock`, `wire` | `time` |\n| `tests/it/` | x |\n";
        let there = |path: &str| ["src/clock.rs", "tests/it/"].contains(&path);
        let problems = gone(&File::new("A.md", text), there);
        assert_eq!(problems, ["A.md:1: no module is called wire"]);
    }

    #[test]
    fn a_name_may_be_broken_off_at_the_end_of_a_line() {
        let text = "A `{a,\nb}` and\n`c/d.rs`.";
        let problems = gone(&File::new("A.md", text), |_| false);
        assert_eq!(problems, ["A.md:3: c/d.rs does not exist"]);
    }

    #[test]
    fn a_place_is_seen() {
        for place in PLACES {
            let file = File::new("ci/a.sh", &format!("#!/bin/sh\ncd {place}x\n"));
            assert_eq!(places(&file).len(), 1, "{place}");
        }
        assert_eq!(places(&File::new("a", "the work, shared")).len(), 0);
    }
}
