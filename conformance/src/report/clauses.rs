//! What both vendor pages say, clause by clause, with the cases that judge it and what came of them.
//!
//! As Markdown it is a report, too: `fixtures/CLAUSES.md` is the one about this project's emulator. It
//! holds no time, no date and nothing of a device, so that two runs with the same outcomes give the
//! same text.

use std::collections::BTreeMap;

use crate::case::clauses::{Clause, Clauses, Document};
use crate::outcome::{CaseHead, CaseResult, Run};

/// The clauses and rulings with their cases.
#[derive(Clone, Debug)]
pub(super) struct Coverage<'a> {
    clauses: Vec<Covered<'a>>,
    rulings: Vec<Ruled<'a>>,
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
pub(super) fn coverage<'a>(run: &'a Run, clauses: &'a Clauses) -> Coverage<'a> {
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
    // What is no clause is a ruling: a set of cases that cites anything else is not read.
    let rulings = cases.into_iter().map(|(id, cases)| Ruled { id, cases }).collect();
    Coverage { clauses: covered, rulings }
}

impl Judged<'_> {
    pub(super) fn word(&self) -> &'static str {
        self.result.map_or("no outcome", |result| result.outcome.word())
    }
}

impl Coverage<'_> {
    /// The clauses of one document, in the order of their sections.
    pub(super) fn of(&self, document: Document) -> impl Iterator<Item = &Covered<'_>> {
        self.clauses.iter().filter(move |one| one.clause.document == document)
    }

    pub(super) fn rulings(&self) -> &[Ruled<'_>] {
        &self.rulings
    }

    /// The table as a document of the tree.
    pub(super) fn markdown(&self) -> String {
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
                    (None, true) => NOTHING.to_owned(),
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

/// Of a clause that was forgotten, or whose cases were not chosen.
const NOTHING: &str = "**none in this run**";

const OPENING: &str = "\
# Clauses and their cases

What both vendor pages say, in our own words, with the cases that judge it and what came of them. A
case that passed has no word behind it; one that only observes never fails. Made by a run of
`vestibule conform device --report clauses=FILE`, and not to be edited.
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
    use crate::case::collection::Collection;

    #[test]
    fn every_clause_has_its_cases_or_why_it_has_none() {
        let (run, clauses) = (sample::run(), sample::clauses());
        insta::assert_snapshot!(coverage(&run, &clauses).markdown());
    }

    /// The report about this project's emulator, as it is published.
    const PUBLISHED: &str = include_str!("../../../fixtures/CLAUSES.md");

    /// A run of all cases in which none has ended.
    fn planned() -> (Run, Clauses) {
        let Collection { cases, clauses } = Collection::embedded().unwrap();
        let heads: Vec<CaseHead> = cases.iter().map(crate::runner::head).collect();
        (Run::new(sample::start(&heads.iter().collect::<Vec<_>>())), clauses)
    }

    /// The table without what came of the cases.
    fn bare(table: &str) -> String {
        ["no outcome", "observed", "skipped"]
            .iter()
            .fold(table.to_owned(), |table, word| table.replace(&format!("` ({word})"), "`"))
    }

    #[test]
    fn the_published_table_has_every_clause_and_case() {
        let (run, clauses) = planned();
        let now = bare(&coverage(&run, &clauses).markdown());
        let published = bare(PUBLISHED);
        let differs = now.lines().zip(published.lines()).find(|(now, then)| now != then);
        assert!(
            now == published,
            "fixtures/CLAUSES.md is out of date, or a case in it failed: make it anew as \
             CONTRIBUTING.md says. The first lines that differ: {differs:#?}"
        );
    }

    #[test]
    fn no_clause_is_without_a_case_and_a_reason() {
        assert!(!PUBLISHED.contains(NOTHING));
        let (run, clauses) = (sample::run(), sample::clauses());
        assert!(coverage(&run, &clauses).markdown().contains(NOTHING));
    }
}
