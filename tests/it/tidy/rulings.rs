//! Rules on the rulings: an id cited in the code stands in `docs/rulings.md`, and an id that stands there is named by
//! a test, unless its heading says that it is coming later. A quirk has a ruling too.

use std::collections::BTreeSet;

use super::sources::{QUIRK_TABLES, quirk_literals};
use super::tokens::Source;
use super::tree::{File, assert_each, assert_none, document, rust_files};

const RULINGS: &str = "docs/rulings.md";
const LATER: &str = "(coming later)";

/// These files speak about ids and test none.
const TIDY: &str = "tests/it/tidy";

#[test]
fn the_rulings_are_numbered_without_a_hole() {
    let ruled: Vec<String> = headings(&document(RULINGS)).map(|(id, _)| id).collect();
    assert!(!ruled.is_empty(), "{RULINGS} has no ruling");
    assert_none(&out_of_order(&ruled));
}

#[test]
fn what_the_code_cites_is_ruled() {
    let document = document(RULINGS);
    let ruled: BTreeSet<String> = headings(&document).map(|(id, _)| id).collect();
    assert_each(&[document], |file| unruled(file, &ruled));
    assert_each(&rust_files(), |file| unruled(file, &ruled));
}

#[test]
fn what_is_ruled_is_tested() {
    let mut files = rust_files();
    files.retain(|file| !file.path.starts_with(TIDY));
    let tested: BTreeSet<String> = files.iter().flat_map(tested_ids).collect();
    assert_none(&untested(&document(RULINGS), &tested));
}

#[test]
fn what_the_quirk_table_names_is_ruled() {
    let mut tables = rust_files();
    tables.retain(|file| QUIRK_TABLES.contains(&file.path.as_str()));
    let document = document(RULINGS);
    assert_each(&tables, |table| unruled_quirks(table, &document));
}

/// Each ruling's id and the rest of its heading.
fn headings(document: &File) -> impl Iterator<Item = (String, &str)> {
    document.text.lines().filter_map(|line| {
        let heading = line.strip_prefix("### ")?;
        let (_, id) = ids(heading).next()?;
        Some((id, heading))
    })
}

/// The ids in a text, each with its line.
fn ids(text: &str) -> impl Iterator<Item = (usize, String)> {
    let lines = text.lines().enumerate();
    lines.flat_map(|(at, line)| {
        line.match_indices("R-V").filter_map(move |(start, _)| {
            let id = line.get(start..start + "R-V3-01".len())?;
            is_id(id).then(|| (at + 1, id.to_owned()))
        })
    })
}

fn is_id(text: &str) -> bool {
    matches!(text.as_bytes(), [b'R', b'-', b'V', b'1' | b'3', b'-', tens, ones]
        if tens.is_ascii_digit() && ones.is_ascii_digit())
}

fn out_of_order(ruled: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    for family in ["R-V3-", "R-V1-"] {
        let ids = ruled.iter().filter(|id| id.starts_with(family));
        for (at, id) in ids.enumerate() {
            let wanted = format!("{family}{:02}", at + 1);
            if *id != wanted {
                problems.push(format!("{RULINGS}: {id} stands where {wanted} belongs"));
            }
        }
    }
    problems
}

fn unruled(file: &File, ruled: &BTreeSet<String>) -> Vec<String> {
    let unknown = ids(&file.text).filter(|(_, id)| !ruled.contains(id));
    unknown.map(|(line, id)| file.problem(line, &format!("{id} is not in {RULINGS}"))).collect()
}

/// A quirk is written in the document as `name=values`.
fn unruled_quirks(table: &File, document: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, line) in quirk_literals(table) {
        let name = name.split('=').next().unwrap_or_default();
        if !document.text.contains(&format!("`{name}=")) {
            problems.push(table.problem(line, &format!("{name} is not in {RULINGS}")));
        }
    }
    problems
}

/// The ids that the tests of a file name: all of a test file, or the parts under `#[cfg(test)]`.
fn tested_ids(file: &File) -> BTreeSet<String> {
    let parts = if file.is_test() { Vec::new() } else { Source::parse(&file.text).test_lines };
    let counts = |line: usize| file.is_test() || parts.iter().any(|part| part.contains(&line));
    ids(&file.text).filter(|(line, _)| counts(*line)).map(|(_, id)| id).collect()
}

fn untested(document: &File, tested: &BTreeSet<String>) -> Vec<String> {
    let missing = headings(document)
        .filter(|(id, heading)| !tested.contains(id) && !heading.ends_with(LATER));
    missing.map(|(id, _)| format!("{id} is named by no test")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Composed, so that no id which is not ruled stands in this file.
    fn id(number: u32) -> String {
        format!("R-V3-{number}")
    }

    #[test]
    fn an_id_has_one_form() {
        let text = format!("{} R-V2-01, R-V3-1 R-Vé-01\n(R-V1-02)R-V", id(98));
        let found: Vec<(usize, String)> = ids(&text).collect();
        assert_eq!(found, [(1, id(98)), (2, "R-V1-02".to_owned())]);
    }

    #[test]
    fn a_hole_is_seen() {
        let ruled = ["R-V3-01", "R-V3-03", "R-V1-01"].map(str::to_owned);
        assert_eq!(out_of_order(&ruled).len(), 1);
        assert_eq!(out_of_order(&ruled[..1]).len(), 0);
    }

    #[test]
    fn a_citation_of_nothing_is_seen() {
        let file = File::new("src/a.rs", &format!("// R-V3-01\n// {}\n", id(99)));
        let problems = unruled(&file, &BTreeSet::from(["R-V3-01".to_owned()]));
        assert_eq!(problems, [format!("src/a.rs:2: {} is not in {RULINGS}", id(99))]);
    }

    #[test]
    fn a_quirk_without_a_ruling_is_seen() {
        let document = File::new(RULINGS, "- Quirk: `v3.path=versioned|any`, `v3.x`.\n");
        let table = File::new("quirks.rs", "const A: [&str; 2] = [\"v3.path\",\n\"v3.x\"];");
        assert_eq!(
            unruled_quirks(&table, &document),
            ["quirks.rs:2: v3.x is not in docs/rulings.md"]
        );
    }

    #[test]
    fn only_tests_test() {
        let text = "//! R-V3-01\nfn a() {}\n#[cfg(test)]\nmod tests {\n  // R-V3-02\n}\n";
        let inner = tested_ids(&File::new("src/a.rs", text));
        assert_eq!(inner, BTreeSet::from(["R-V3-02".to_owned()]));
        assert_eq!(tested_ids(&File::new("tests/it/a.rs", text)).len(), 2);
    }

    #[test]
    fn a_ruling_without_a_test_is_seen() {
        let text = format!("### R-V3-01 A\n### R-V3-02 B\n### R-V3-03 C {LATER}\nR-V3-04\n");
        let document = File::new(RULINGS, &text);
        let problems = untested(&document, &BTreeSet::from(["R-V3-01".to_owned()]));
        assert_eq!(problems, ["R-V3-02 is named by no test"]);
    }
}
