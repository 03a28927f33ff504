//! The rules of a set of cases that need more than one value to see.
//!
//! `rules` are those on one case, `names` follows what steps keep and use, `set` has those between
//! cases. Promises that each mistake is told, with its place.

mod names;
mod rules;
mod set;

use super::clauses::Clauses;
use super::collection::Filed;
use super::place::{Mistake, Path};

pub use rules::least_safety;

/// All mistakes in a set, in the order of its files.
#[must_use]
pub fn lint(cases: &[Filed], clauses: &Clauses) -> Vec<Mistake> {
    let set = set::Set::new(cases, clauses);
    let mut mistakes = Vec::new();
    for filed in cases {
        let mut problems = Vec::new();
        set.lint(filed, &mut problems);
        rules::lint(&filed.case, &mut problems);
        names::lint(&filed.case, &mut problems);
        let place = |(path, what): (Path, String)| {
            Mistake::at(&filed.file.name, &filed.file.text, &path, what)
        };
        mistakes.extend(problems.into_iter().map(place));
    }
    mistakes
}

/// What is wrong in a case, and where.
type Problems = Vec<(Path, String)>;

#[cfg(test)]
mod tests;
