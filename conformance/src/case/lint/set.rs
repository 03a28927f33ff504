//! Rules between a case and the rest: its name and path, its sources, what it depends on.

use std::collections::{BTreeMap, BTreeSet};

use super::Problems;
use crate::case::clauses::Clauses;
use crate::case::collection::Filed;
use crate::case::place::Path;
use crate::case::types::Case;

/// Each heading of a ruling begins with its id.
const RULINGS: &str = include_str!("../../../../docs/rulings.md");

/// What cases refer to.
pub(super) struct Set<'a> {
    rulings: BTreeSet<&'a str>,
    clauses: &'a Clauses,
    cases: BTreeMap<&'a str, &'a Case>,
    /// How many cases have a name, be it their own or an earlier one.
    names: BTreeMap<&'a str, usize>,
}

impl<'a> Set<'a> {
    pub(super) fn new(cases: &'a [Filed], clauses: &'a Clauses) -> Self {
        let headings = RULINGS.lines().filter_map(|line| line.strip_prefix("### R-V"));
        let rulings = headings.filter_map(|rest| rest.split(' ').next()).collect();
        let mut names = BTreeMap::new();
        for Filed { case, .. } in cases {
            for name in case.aliases.iter().chain([&case.id]) {
                *names.entry(name.as_str()).or_default() += 1;
            }
        }
        let cases = cases.iter().map(|filed| (filed.case.id.as_str(), &filed.case)).collect();
        Self { rulings, clauses, cases, names }
    }

    pub(super) fn lint(&self, filed: &Filed, problems: &mut Problems) {
        self.lint_names(filed, problems);
        self.lint_sources(&filed.case, problems);
        self.lint_dependencies(&filed.case, problems);
    }

    fn lint_names(&self, filed: &Filed, problems: &mut Problems) {
        let case = &filed.case;
        let path = format!("{}.json", case.id.replacen('.', "/", 2));
        if path != filed.file.path {
            let what = format!("a case called {} stands in {path}", case.id);
            problems.push((Path::whole().member("id"), what));
        }
        for (at, name) in case.aliases.iter().enumerate() {
            if self.names.get(name.as_str()).is_some_and(|count| *count > 1) {
                let place = Path::whole().member("aliases").item(at);
                problems.push((place, format!("another case is or was called {name}")));
            }
        }
    }

    fn lint_sources(&self, case: &Case, problems: &mut Problems) {
        for (at, source) in case.source.iter().enumerate() {
            let known = match source.strip_prefix("R-V") {
                Some(ruling) => self.rulings.contains(ruling),
                None => self.clauses.clauses.contains_key(source),
            };
            if !known {
                let what = format!("{source} is neither a ruling nor a clause of clauses.json");
                problems.push((Path::whole().member("source").item(at), what));
            }
        }
    }

    fn lint_dependencies(&self, case: &Case, problems: &mut Problems) {
        for (at, needed) in case.depends_on.iter().enumerate() {
            let place = Path::whole().member("depends_on").item(at);
            if !self.cases.contains_key(needed.as_str()) {
                problems.push((place, format!("there is no case {needed}")));
            } else if self.reaches(needed, &case.id) {
                problems.push((place, format!("{needed} depends on {} in turn", case.id)));
            }
        }
    }

    fn reaches(&self, from: &'a str, to: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut ahead = vec![from];
        while let Some(id) = ahead.pop() {
            if id == to {
                return true;
            }
            if seen.insert(id) {
                let needs = self.cases.get(id).into_iter().flat_map(|case| &case.depends_on);
                ahead.extend(needs.map(String::as_str));
            }
        }
        false
    }
}
