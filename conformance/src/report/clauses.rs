//! What both vendor pages say, clause by clause, with the cases that judge it and what came of them.
//!
//! As Markdown it is `fixtures/CLAUSES.md`, made from a real run. It holds no time, no date and
//! nothing of a device, so that two runs with the same outcomes give the same text.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::clauses::{Clause, Clauses, Document};
use crate::outcome::{CaseHead, CaseResult, Run};

/// The clauses and rulings with their cases.
#[derive(Clone, Debug)]
pub struct Coverage<'a> {
    clauses: Vec<Covered<'a>>,
    rulings: Vec<Ruled<'a>>,
    unknown: BTreeSet<&'a str>,
}

/// A clause and its cases.
#[derive(Clone, Debug)]
pub(super) struct Covered<'a> {
    pub(super) id: &'a str,
    pub(super) clause: &'a Clause,
    pub(super) cases: Vec<Judged<'a>>,
}

/// A ruling and its cases.
#[derive(Clone, Debug)]
pub(super) struct Ruled<'a> {
    pub(super) id: &'a str,
    pub(super) cases: Vec<Judged<'a>>,
}

/// A case and what came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged<'a> {
    pub(super) head: &'a CaseHead,
    /// None: the run ended before.
    pub(super) result: Option<&'a CaseResult>,
}

/// Which cases of `run` judge which of `clauses`.
#[must_use]
pub fn coverage<'a>(run: &'a Run, clauses: &'a Clauses) -> Coverage<'a> {
    let results: BTreeMap<&str, &CaseResult> =
        run.cases().iter().map(|case| (case.head.id.as_str(), case)).collect();
    let mut cases: BTreeMap<&str, Vec<Judged<'_>>> = BTreeMap::new();
    for head in &run.start().planned {
        let judged = Judged { head, result: results.get(head.id.as_str()).copied() };
        head.source.iter().for_each(|one| cases.entry(one).or_default().push(judged));
    }
    cases.values_mut().for_each(|cases| cases.sort_by_key(|one| &one.head.id));
    let covered = clauses.clauses.iter().map(|(id, clause)| Covered {
        id,
        clause,
        cases: cases.remove(id.as_str()).unwrap_or_default(),
    });
    let covered: Vec<Covered<'_>> = covered.collect();
    let (rulings, unknown): (Vec<_>, Vec<_>) =
        cases.into_iter().partition(|(id, _)| id.starts_with(RULING));
    Coverage {
        clauses: covered,
        rulings: rulings.into_iter().map(|(id, cases)| Ruled { id, cases }).collect(),
        unknown: unknown.into_iter().map(|(id, _)| id).collect(),
    }
}

/// How the id of a ruling begins.
const RULING: &str = "R-";

impl Judged<'_> {
    pub(super) fn word(&self) -> &'static str {
        self.result.map_or("no outcome", |result| result.outcome.word())
    }
}

impl Coverage<'_> {
    /// The clauses that have neither a case nor a reason why they have none.
    pub fn uncovered(&self) -> impl Iterator<Item = &str> {
        let bare = |one: &&Covered<'_>| one.cases.is_empty() && one.clause.none.is_none();
        self.clauses.iter().filter(bare).map(|one| one.id)
    }

    /// What cases rest on that is neither a clause nor a ruling.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.unknown.iter().copied()
    }

    /// The clauses of one document, in the order of their sections.
    pub(super) fn of(&self, document: Document) -> impl Iterator<Item = &Covered<'_>> {
        self.clauses.iter().filter(move |one| one.clause.document == document)
    }

    pub(super) fn rulings(&self) -> &[Ruled<'_>] {
        &self.rulings
    }

    /// The table as a document of the tree.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::from(OPENING);
        for (document, title) in DOCUMENTS {
            let clauses: Vec<&Covered<'_>> = self.of(document).collect();
            let with = clauses.iter().filter(|one| !one.cases.is_empty()).count();
            text.push_str(&format!(
                "\n## {title}\n\n{} clauses: {with} with cases, {} without.\n\n\
                 | clause | says | cases |\n| --- | --- | --- |\n",
                clauses.len(),
                clauses.len() - with,
            ));
            for Covered { id, clause, cases } in clauses {
                let says = cell(&clause.says);
                let judged = match (&clause.none, cases.is_empty()) {
                    (Some(why), true) => format!("none: {}", cell(why)),
                    (None, true) => "**none, and no reason**".to_owned(),
                    _ => listed(cases),
                };
                text.push_str(&format!("| `{id}` | {says} | {judged} |\n"));
            }
        }
        text.push_str("\n## Rulings\n\n| ruling | cases |\n| --- | --- |\n");
        for Ruled { id, cases } in &self.rulings {
            text.push_str(&format!("| {id} | {} |\n", listed(cases)));
        }
        text
    }
}

/// The two documents, as they are called.
pub(super) const DOCUMENTS: [(Document, &str); 2] =
    [(Document::V3, "v3.x event management"), (Document::V1, "v1 third-party push")];

const OPENING: &str = "\
# Clauses and their cases

What both vendor pages say, in our own words, with the cases that judge it and what came of them when
the suite judged this project's emulator. A test makes this file and compares it; nobody edits it.
A case that passed has no word behind it.
";

fn listed(cases: &[Judged<'_>]) -> String {
    let one = |judged: &Judged<'_>| match judged.word() {
        "passed" => format!("`{}`", judged.head.id),
        word => format!("`{}` ({word})", judged.head.id),
    };
    cases.iter().map(one).collect::<Vec<String>>().join("<br>")
}

/// Our own words, in a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_clause_has_its_cases_or_why_it_has_none() {
        let (run, clauses) = (sample::run(), sample::clauses());
        insta::assert_snapshot!(coverage(&run, &clauses).markdown());
    }

    #[test]
    fn a_clause_with_neither_is_named() {
        let (run, clauses) = (sample::run(), sample::clauses());
        let coverage = coverage(&run, &clauses);
        assert_eq!(coverage.uncovered().collect::<Vec<_>>(), ["v1.push.forgotten"]);
        assert_eq!(coverage.unknown().collect::<Vec<_>>(), ["v3.misspelt"]);
    }
}
