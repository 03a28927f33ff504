//! Two reports compared: what was observed and what came of the cases, so that two firmwares can be
//! told apart.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a comparison needs of a report in JSON.
#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    /// What was seen, by name.
    pub observations: BTreeMap<String, String>,
    /// The cases.
    pub cases: Vec<Case>,
}

/// A case of a report.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Its id.
    pub id: String,
    /// What came of it.
    pub outcome: String,
}

/// Something that differs.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Difference {
    /// What kind of thing.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What the first report has; none: nothing of that name.
    pub before: Option<String>,
    /// What the second report has.
    pub after: Option<String>,
}

/// A kind of thing that can differ.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// What came of a case.
    Outcome,
    /// What was seen.
    Observation,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Observation => "observation",
        }
    }
}

/// What differs between two reports, the cases first, by name.
#[must_use]
pub fn diff(before: &Report, after: &Report) -> Vec<Difference> {
    let outcomes = |report: &Report| -> BTreeMap<String, String> {
        report.cases.iter().map(|case| (case.id.clone(), case.outcome.clone())).collect()
    };
    let mut differences = between(Kind::Outcome, &outcomes(before), &outcomes(after));
    differences.extend(between(Kind::Observation, &before.observations, &after.observations));
    differences
}

fn between(
    kind: Kind,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<Difference> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let differs = |name: &&&String| before.get(**name) != after.get(**name);
    let difference = |name: &&String| Difference {
        kind,
        name: (*name).clone(),
        before: before.get(*name).cloned(),
        after: after.get(*name).cloned(),
    };
    names.iter().filter(differs).map(difference).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> Report {
        serde_json::from_str(text).expect("it is a report")
    }

    #[test]
    fn outcomes_and_observations_are_compared() {
        let before = report(
            r#"{"observations": {"unit": "ms", "gone": "x", "same": "1"},
            "cases": [{"id": "a", "outcome": "passed"}, {"id": "b", "outcome": "passed"}]}"#,
        );
        let after = report(
            r#"{"observations": {"unit": "s", "same": "1"}, "summary": {},
            "cases": [{"id": "b", "outcome": "failed", "x": 1}, {"id": "a", "outcome": "passed"}]}"#,
        );
        let told: Vec<String> = diff(&before, &after)
            .into_iter()
            .map(|one| format!("{} {} {:?} {:?}", one.kind.word(), one.name, one.before, one.after))
            .collect();
        assert_eq!(
            told,
            [
                r#"outcome b Some("passed") Some("failed")"#,
                r#"observation gone Some("x") None"#,
                r#"observation unit Some("ms") Some("s")"#,
            ]
        );
        assert_eq!(diff(&before, &before), []);
    }
}
