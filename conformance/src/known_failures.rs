//! The list of failures that are known: `id` or `id#check`, why, and until when.
//!
//! Promises that the list stays true: an entry whose case passed, was not planned or did not run, or
//! whose day is over, is told as stale, and a stale entry makes a run red.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::case::collection::Filed;
use crate::outcome::{CaseResult, Known, Outcome, Stale};

/// The list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailures {
    /// The entries.
    #[serde(default)]
    pub known: Vec<Entry>,
}

/// One entry.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// `id`, or `id#check`.
    pub id: String,
    /// Why it is known, in words.
    pub reason: String,
    /// The last day on which it counts.
    #[serde(default, deserialize_with = "day")]
    pub expires: Option<Date>,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// Neither TOML nor JSON of the right form.
    #[error("{0}")]
    Form(String),
    /// An entry without a reason.
    #[error("`{id}` has no reason")]
    Reason {
        /// The entry.
        id: String,
    },
    /// Two entries say the same.
    #[error("`{id}` stands there twice")]
    Twice {
        /// The entry.
        id: String,
    },
}

impl KnownFailures {
    /// Reads a list: TOML with `[[known]]`, or JSON with `{"known": [...]}`.
    ///
    /// # Errors
    ///
    /// When it is neither, or an entry lacks its reason.
    pub fn read(text: &str) -> Result<Self, KnownError> {
        let list: Self = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| KnownError::Form(error.to_string()))?
        } else {
            toml::from_str(text).map_err(|error| KnownError::Form(error.to_string()))?
        };
        let mut seen = BTreeMap::new();
        for entry in &list.known {
            if entry.reason.trim().is_empty() {
                return Err(KnownError::Reason { id: entry.id.clone() });
            }
            if seen.insert(entry.id.as_str(), ()).is_some() {
                return Err(KnownError::Twice { id: entry.id.clone() });
            }
        }
        Ok(list)
    }

    /// The entries that count for a case on that day.
    #[must_use]
    pub fn of(&self, filed: &Filed, today: Date) -> Vec<Known> {
        let counts = |entry: &&Entry| entry.expires.is_none_or(|last| today <= last);
        let entries = self.known.iter().filter(counts).filter(|entry| entry.is_about(filed));
        let known = |entry: &Entry| Known {
            check: entry.parts().1.map(str::to_owned),
            reason: entry.reason.clone(),
        };
        entries.map(known).collect()
    }

    /// The entries that are not true of a run that came to its end.
    #[must_use]
    pub fn stale(&self, planned: &[&Filed], results: &[CaseResult], today: Date) -> Vec<Stale> {
        let why = |entry: &Entry| {
            if entry.expires.is_some_and(|last| today > last) {
                return Some("its day is over");
            }
            let filed = planned.iter().find(|filed| entry.is_about(filed));
            let Some(filed) = filed else {
                return Some("no case of this run is called so");
            };
            let result = results.iter().find(|result| result.head.id == filed.case.id);
            let Some(result) = result else {
                return Some("its case has no outcome");
            };
            entry.why_stale(result)
        };
        let stale = |entry: &Entry| {
            let why = why(entry)?.to_owned();
            Some(Stale { entry: entry.id.clone(), why })
        };
        self.known.iter().filter_map(stale).collect()
    }

    /// A list that would make these results green, to be completed by a person.
    #[must_use]
    pub fn bootstrap(results: &[CaseResult]) -> String {
        let mut text = String::from("# Failures that are known. Say why; `expires` is optional.\n");
        for result in results {
            if !matches!(result.outcome, Outcome::Failed { .. }) {
                continue;
            }
            let id = toml::Value::from(result.head.id.as_str());
            let reason = result.reason().map_or_else(String::new, |why| why.as_str().to_owned());
            let reason = toml::Value::from(format!("not looked at yet: {reason}"));
            text.push_str(&format!("\n[[known]]\nid = {id}\nreason = {reason}\n"));
        }
        text
    }
}

impl Entry {
    fn parts(&self) -> (&str, Option<&str>) {
        match self.id.split_once('#') {
            Some((id, check)) => (id, Some(check)),
            None => (&self.id, None),
        }
    }

    fn is_about(&self, filed: &Filed) -> bool {
        let (id, _) = self.parts();
        filed.case.id == id || filed.case.aliases.iter().any(|alias| alias == id)
    }

    fn why_stale(&self, result: &CaseResult) -> Option<&'static str> {
        match &result.outcome {
            Outcome::Failed { .. } | Outcome::Known { .. } => match self.parts().1 {
                Some(check) if !result.failed_checks().any(|failed| failed.id == check) => {
                    Some("that check did not fail")
                }
                _ => None,
            },
            Outcome::Skipped(_) => Some("its case was skipped"),
            Outcome::Error(_) => Some("its case came to no verdict"),
            Outcome::Passed | Outcome::Observed => Some("its case did not fail"),
        }
    }
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let day = text.parse().map_err(|_| {
        D::Error::custom(format!("`{text}` is no day: write it in quotes, like \"2026-12-31\""))
    })?;
    Ok(Some(day))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::outcome::{
        CaseDraft, CheckDraft, Ending, Exchanges, Level, MismatchDraft, Redactor,
    };

    #[test]
    fn a_list_is_toml_or_json() {
        let toml =
            "[[known]]\nid = \"v3.a.b#c\"\nreason = \"firmware 1.2\"\nexpires = \"2026-12-31\"\n";
        let json =
            r#"{"known": [{"id": "v3.a.b#c", "reason": "firmware 1.2", "expires": "2026-12-31"}]}"#;
        let read = |text: &str| KnownFailures::read(text).unwrap().known;
        assert_eq!(read(toml), read(json));
        assert_eq!(read(toml)[0].parts(), ("v3.a.b", Some("c")));
    }

    const CASE: &str = r#"{"id": "v3.a.b", "aliases": ["v3.a.old"], "rev": 1, "title": "t",
        "source": [], "level": "must", "provenance": "document", "safety": "safe", "steps": []}"#;

    fn filed() -> Filed {
        let (path, name, text) = (String::new(), String::new(), CASE.to_owned());
        let case = crate::case::read::case("b", CASE).expect("it can be read");
        Filed { file: crate::case::collection::File { path, name, text }, case }
    }

    /// A result of that case, in which these checks were made and failed or not.
    fn result(checks: &[(&str, bool)], known: Vec<Known>) -> CaseResult {
        let mismatch = |failed: bool| {
            failed.then(|| MismatchDraft {
                path: String::new(),
                expected: "1".to_owned(),
                seen: "2".to_owned(),
            })
        };
        let check = |(id, failed): &(&str, bool)| CheckDraft {
            id: (*id).to_owned(),
            title: "t".to_owned(),
            level: Level::Must,
            place: None,
            mismatches: mismatch(*failed).into_iter().collect(),
        };
        let draft = CaseDraft {
            head: crate::runner::head(&filed()),
            at: Duration::ZERO,
            took: Duration::ZERO,
            ending: Ending::Ran,
            checks: checks.iter().map(check).collect(),
            drift: Vec::new(),
            observations: Vec::new(),
            exchanges: Exchanges::default(),
            known,
        };
        CaseResult::new(&draft, &mut Redactor::new([]))
    }

    fn stale(list: &str, checks: &[(&str, bool)]) -> Vec<String> {
        let today = Date::constant(2026, 3, 2);
        let list = KnownFailures::read(list).expect("it is a list");
        let filed = filed();
        let results = [result(checks, list.of(&filed, today))];
        list.stale(&[&filed], &results, today).into_iter().map(|stale| stale.why).collect()
    }

    fn entry(id: &str, more: &str) -> String {
        format!("[[known]]\nid = \"{id}\"\nreason = \"r\"\n{more}")
    }

    #[test]
    fn an_entry_that_is_not_true_is_stale() {
        for (id, more, checks, why) in [
            ("v3.a.b", "", &[("1", true)][..], None),
            ("v3.a.old", "", &[("1", true)], None),
            ("v3.a.b#1", "", &[("1", true), ("2", true)], None),
            ("v3.a.b#2", "", &[("1", true), ("2", false)], Some("that check did not fail")),
            ("v3.a.b", "", &[("1", false)], Some("its case did not fail")),
            ("v3.a.c", "", &[("1", true)], Some("no case of this run is called so")),
            ("v3.a.b", "expires = \"2026-03-02\"", &[("1", true)], None),
            ("v3.a.b", "expires = \"2026-03-01\"", &[("1", true)], Some("its day is over")),
        ] {
            let why: Vec<String> = why.into_iter().map(str::to_owned).collect();
            assert_eq!(stale(&entry(id, more), checks), why, "{id} {more}");
        }
    }

    #[test]
    fn an_entry_whose_day_is_over_hides_nothing() {
        let list = KnownFailures::read(&entry("v3.a.b", "expires = \"2026-03-01\"")).unwrap();
        assert_eq!(list.of(&filed(), Date::constant(2026, 3, 1)).len(), 1);
        assert_eq!(list.of(&filed(), Date::constant(2026, 3, 2)).len(), 0);
    }

    #[test]
    fn a_bootstrapped_list_is_one_that_can_be_read() {
        let text = KnownFailures::bootstrap(&[result(&[("1", true)], Vec::new())]);
        assert_eq!(KnownFailures::read(&text).unwrap().known[0].id, "v3.a.b");
        let text = KnownFailures::bootstrap(&[result(&[("1", false)], Vec::new())]);
        assert_eq!(KnownFailures::read(&text).unwrap().known, []);
    }

    #[test]
    fn a_list_without_reasons_or_with_doubles_is_refused() {
        for text in [
            "[[known]]\nid = \"v3.a.b\"\n",
            "[[known]]\nid = \"v3.a.b\"\nreason = \" \"\n",
            "[[known]]\nid = \"a\"\nreason = \"x\"\n[[known]]\nid = \"a\"\nreason = \"y\"\n",
            "[[known]]\nid = \"a\"\nreason = \"x\"\nuntil = 1\n",
            "{",
        ] {
            assert!(KnownFailures::read(text).is_err(), "{text}");
        }
    }
}
