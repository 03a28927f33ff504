//! Which cases a run has: by globs over their ids and earlier ids.

use globset::{Glob, GlobMatcher};

use crate::case::collection::Filed;

/// What the user chose.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    only: Vec<Pattern>,
    skip: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    glob: GlobMatcher,
}

/// What becomes of a case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Choice {
    /// It runs.
    Run,
    /// It is planned and skipped: `--skip` names it.
    Skip(String),
    /// It is no part of this run: `--only` does not name it.
    Leave,
}

/// Why a selection cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// Not a glob.
    #[error("`{pattern}` is no pattern")]
    Glob {
        /// What was given.
        pattern: String,
        /// What is wrong with it.
        source: globset::Error,
    },
    /// A pattern that no case has.
    #[error("no case is called {pattern}")]
    Unmatched {
        /// The pattern.
        pattern: String,
    },
}

impl Selection {
    /// Reads the patterns of `--only` and `--skip`.
    ///
    /// # Errors
    ///
    /// When one is no pattern, or no case is called so: a misspelt one must not leave anything out
    /// unnoticed.
    pub fn new(only: &[String], skip: &[String], cases: &[Filed]) -> Result<Self, SelectError> {
        let read = |patterns: &[String]| -> Result<Vec<Pattern>, SelectError> {
            patterns.iter().map(|pattern| Pattern::new(pattern)).collect()
        };
        let selection = Self { only: read(only)?, skip: read(skip)? };
        let unmatched = selection
            .only
            .iter()
            .chain(&selection.skip)
            .find(|pattern| !cases.iter().any(|filed| pattern.matches(filed)));
        match unmatched {
            Some(pattern) => Err(SelectError::Unmatched { pattern: pattern.text.clone() }),
            None => Ok(selection),
        }
    }

    /// What becomes of a case.
    #[must_use]
    pub fn choice(&self, filed: &Filed) -> Choice {
        if !self.only.is_empty() && !self.only.iter().any(|pattern| pattern.matches(filed)) {
            return Choice::Leave;
        }
        match self.skip.iter().find(|pattern| pattern.matches(filed)) {
            Some(pattern) => Choice::Skip(format!("--skip {}", pattern.text)),
            None => Choice::Run,
        }
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, SelectError> {
        let glob = Glob::new(text);
        let glob = glob.map_err(|source| SelectError::Glob { pattern: text.to_owned(), source })?;
        Ok(Self { text: text.to_owned(), glob: glob.compile_matcher() })
    }

    fn matches(&self, filed: &Filed) -> bool {
        let names = std::iter::once(&filed.case.id).chain(&filed.case.aliases);
        names.into_iter().any(|name| self.glob.is_match(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::collection::File;
    use crate::case::read;

    fn filed(id: &str) -> Filed {
        let text = format!(
            r#"{{"id": "{id}", "aliases": ["{id}-once"], "rev": 1, "title": "t", "source": [],
            "level": "must", "provenance": "document", "safety": "safe", "steps": []}}"#
        );
        let case = read::case(id, &text).expect("it can be read");
        Filed { file: File { path: String::new(), name: String::new(), text }, case }
    }

    #[test]
    fn cases_are_chosen_by_id_or_earlier_id() {
        let cases = ["v3.a.one", "v3.a.two", "v1.b.one"].map(filed);
        for (only, skip, chosen) in [
            (&[][..], &[][..], "RRR"),
            (&["v3.*"], &[], "RR-"),
            (&["v3.a.one", "*.b.*"], &[], "R-R"),
            (&["v3.a.two-once"], &[], "-R-"),
            (&["v3.*"], &["*.one"], "SR-"),
            (&[], &["v1.b.one-once"], "RRS"),
        ] {
            let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
            let selection = Selection::new(&texts(only), &texts(skip), &cases).unwrap();
            let letter = |filed| match selection.choice(filed) {
                Choice::Run => 'R',
                Choice::Skip(_) => 'S',
                Choice::Leave => '-',
            };
            assert_eq!(cases.iter().map(letter).collect::<String>(), chosen, "{only:?} {skip:?}");
        }
    }

    #[test]
    fn a_pattern_that_leaves_nothing_is_refused() {
        let cases = [filed("v3.a.one")];
        for pattern in ["v3.a.on", "v4.*", "["] {
            assert!(Selection::new(&[], &[pattern.to_owned()], &cases).is_err(), "{pattern}");
        }
    }
}
