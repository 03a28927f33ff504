//! Each violation, armed alone, turns red exactly the cases that name it.
//!
//! A violation is one way in which the emulator breaks one ruling or clause. The suite judges an emulator
//! with that one armed, and what fails is compared with what the cases say in `killed_by`. A case that
//! another's failure kept from starting is blocked, and counts as neither killed nor green.
//!
//! Here some of the violations meet the cases that name them, what those depend on, and a few that must stay
//! green. `ci/kills.sh` lets every violation meet every case, and writes `fixtures/KILLS.md`.

#[path = "kill_matrix/measured.rs"]
mod measured;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use self::measured::Measured;
use crate::judging::{AT_ONCE, Judged, judged, some_at_a_time};
use crate::support::vestibule;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// The published matrix.
const MATRIX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/KILLS.md");

/// Every so manieth violation is armed here: what two minutes have room for.
const EVERY: usize = 16;

/// Cases that meet every violation: those of the envelope, which nearly all leave alone.
const WITNESSES: &str = "v3.envelope.*";

/// One violation, with its parameters.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Violation {
    name: String,
    /// As JSON text; empty where all have their defaults.
    params: String,
}

impl Violation {
    fn read(value: &Value) -> Self {
        let (name, params) = match value {
            Value::String(name) => (name.clone(), Map::new()),
            row => {
                let params = row["params"].as_object().cloned().unwrap_or_default();
                (row["name"].as_str().expect("a row has a name").to_owned(), params)
            }
        };
        let params = Some(params).filter(|params| !params.is_empty());
        let params = params.map_or_else(String::new, |params| Value::Object(params).to_string());
        Self { name, params }
    }

    /// As `--fault` takes it.
    fn argument(&self) -> String {
        if self.params.is_empty() {
            return self.name.clone();
        }
        format!("{}={}", self.name, self.params)
    }

    fn shown(&self) -> String {
        if self.params.is_empty() {
            return format!("`{}`", self.name);
        }
        let params: Map<String, Value> = serde_json::from_str(&self.params).expect("an object");
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let params = params.iter().map(|(name, value)| format!("{name} {}", text(value)));
        format!("`{}`, {}", self.name, params.collect::<Vec<_>>().join(", "))
    }
}

/// A case, as far as the matrix goes.
struct Case {
    killed_by: BTreeSet<Violation>,
    depends_on: BTreeSet<String>,
    can_fail: bool,
    capacity: bool,
}

type Cases = BTreeMap<String, Case>;

fn cases() -> Cases {
    let mut cases = Cases::new();
    let mut directories = vec![PathBuf::from(FIXTURES)];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.parent() != Some(Path::new(FIXTURES)) {
                let text = std::fs::read_to_string(&path).expect("a case is text");
                let case: Value = serde_json::from_str(&text).expect("a case is JSON");
                let list = |key: &str| case[key].as_array().cloned().unwrap_or_default();
                let text = |value: &Value| value.as_str().expect("an id").to_owned();
                cases.insert(
                    text(&case["id"]),
                    Case {
                        killed_by: list("killed_by").iter().map(Violation::read).collect(),
                        depends_on: list("depends_on").iter().map(text).collect(),
                        can_fail: case["level"] != "observe",
                        capacity: case["cost"] == "capacity",
                    },
                );
            }
        }
    }
    cases
}

/// Every violation there is, with the cases that name it: with the parameters they name it with.
fn matrix(cases: &Cases) -> BTreeMap<Violation, BTreeSet<String>> {
    let mut matrix: BTreeMap<Violation, BTreeSet<String>> = BTreeMap::new();
    for (id, case) in cases {
        for violation in &case.killed_by {
            matrix.entry(violation.clone()).or_default().insert(id.clone());
        }
    }
    for name in violations() {
        if !matrix.keys().any(|violation| violation.name == name) {
            matrix.insert(Violation { name, params: String::new() }, BTreeSet::new());
        }
    }
    matrix
}

/// The names of the protocol violations that the emulator knows.
fn violations() -> BTreeSet<String> {
    let output = vestibule(&["faults", "--json"]).output().expect("it runs");
    let table: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = table["faults"].as_array().expect("a list").iter();
    let rows = rows.filter(|row| row["family"] == "protocol");
    rows.map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
}

/// What came of a run with a violation.
#[derive(Clone, Default)]
struct Seen {
    red: BTreeSet<String>,
    blocked: BTreeSet<String>,
    /// With the reason.
    errors: BTreeMap<String, String>,
    skipped: BTreeSet<String>,
}

/// Judges an emulator with that violation, by the cases whose ids are like these.
fn judge(violation: &Violation, only: &BTreeSet<String>, capacity: bool) -> Seen {
    let allow = if capacity { "capacity" } else { "destructive" };
    let mut args = ["--fault", &violation.argument(), "--allow", allow].map(str::to_owned).to_vec();
    args.extend(only.iter().flat_map(|id| ["--only".to_owned(), id.clone()]));
    let Judged { report, .. } = judged(&args);
    let mut seen = Seen::default();
    for case in report["cases"].as_array().expect("a list") {
        let id = case["id"].as_str().expect("an id").to_owned();
        match case["outcome"].as_str() {
            Some("failed") if case["blocked_by"].is_null() => drop(seen.red.insert(id)),
            Some("failed") => drop(seen.blocked.insert(id)),
            Some("error") => drop(seen.errors.insert(id, case["reason"].to_string())),
            Some("skipped") => drop(seen.skipped.insert(id)),
            _ => {}
        }
    }
    seen
}

/// What is wrong with what was seen.
fn wrong(violation: &Violation, named: &BTreeSet<String>, seen: &Seen) -> Vec<String> {
    let shown = violation.shown();
    let mut wrong = Vec::new();
    for id in seen.red.difference(named) {
        wrong.push(format!("{shown} turns {id} red, which does not name it"));
    }
    for id in named.difference(&seen.red) {
        let why = match id {
            id if seen.blocked.contains(id) => ": it is blocked",
            id if seen.skipped.contains(id) => ": it is skipped",
            _ => "",
        };
        wrong.push(format!("{shown} does not turn {id} red, which names it{why}"));
    }
    for (id, why) in &seen.errors {
        wrong.push(format!("{shown} makes {id} an error: {why}"));
    }
    if named.is_empty() {
        wrong.push(format!("{shown} is named by no case"));
    }
    wrong
}

/// The cases that a violation meets here: those that name it, what they depend on, and the witnesses.
fn share(cases: &Cases, named: &BTreeSet<String>) -> BTreeSet<String> {
    let mut only = BTreeSet::from([WITNESSES.to_owned()]);
    let mut next: Vec<&String> = named.iter().collect();
    while let Some(id) = next.pop() {
        if only.insert(id.clone()) {
            next.extend(&cases[id].depends_on);
        }
    }
    only
}

/// Those of a full log: nothing else is done to a device that is filled for them, which would take minutes.
fn fill(cases: &Cases, named: &BTreeSet<String>) -> bool {
    !named.is_empty() && named.iter().all(|id| cases[id].capacity)
}

/// The matrix as it is published.
fn rendered(matrix: &BTreeMap<Violation, BTreeSet<String>>) -> String {
    let mut text = String::from(
        "# What the suite is proven against\n\n\
         Each of these violations was armed alone in an emulator, and the suite then judged it by all of its cases. Red were\n\
         exactly the cases beside it; all others stayed green, or could not start because one of these had failed.\n\n\
         `ci/kills.sh` measures this and writes it. Do not edit it by hand.\n\n\
         | violation | cases it turns red |\n| --- | --- |\n",
    );
    for (violation, named) in matrix {
        let named = named.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        writeln!(text, "| {} | {named} |", violation.shown()).expect("a text grows");
    }
    text
}

#[test]
fn every_case_that_can_fail_is_killed_by_a_violation_that_there_is() {
    let (cases, known) = (cases(), violations());
    for (id, case) in &cases {
        assert_eq!(case.can_fail, !case.killed_by.is_empty(), "{id}");
        for violation in &case.killed_by {
            assert!(known.contains(&violation.name), "{id} names {}", violation.shown());
        }
    }
    for (violation, named) in matrix(&cases) {
        assert!(!named.is_empty(), "{} is named by no case", violation.shown());
    }
}

/// Where a case that it depends on has failed, a case does not start, so the violation cannot turn it red.
#[test]
fn no_case_names_what_keeps_it_from_starting() {
    let cases = cases();
    for (violation, named) in matrix(&cases) {
        for id in &named {
            let mut needed = share(&cases, &BTreeSet::from([id.clone()]));
            needed.remove(id);
            let blocking: Vec<_> = needed.intersection(&named).collect();
            let shown = violation.shown();
            assert!(blocking.is_empty(), "{id} names {shown}, which stops it by {blocking:?}");
        }
    }
}

#[test]
fn a_violation_turns_red_exactly_the_cases_that_name_it() {
    let cases = cases();
    let matrix = matrix(&cases);
    let fast = matrix.iter().filter(|(_, named)| !named.iter().any(|id| cases[id].capacity));
    let some = fast.step_by(EVERY).collect();
    let found = some_at_a_time(AT_ONCE, some, |(violation, named)| {
        wrong(violation, named, &judge(violation, &share(&cases, named), false))
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_published_matrix_is_that_of_the_cases() {
    let published = std::fs::read_to_string(MATRIX).expect("it is published");
    let now = rendered(&matrix(&cases()));
    assert!(published == now, "fixtures/KILLS.md is out of date: run ci/kills.sh");
}

/// For `ci/kills.sh`, whose words are in the environment: which violations, and how many at a time.
#[test]
#[ignore = "takes most of an hour; ci/kills.sh runs it"]
#[expect(clippy::print_stdout, reason = "who waits for most of an hour sees how far it is")]
#[expect(clippy::disallowed_methods, reason = "a test has no arguments of its own")]
fn the_whole_matrix_is_measured_and_written() {
    let said = |name: &str| std::env::var(name).unwrap_or_default();
    let asked: BTreeSet<String> =
        said("VESTIBULE_KILLS").split_whitespace().map(str::to_owned).collect();
    let at_once = said("VESTIBULE_KILLS_AT_ONCE").parse().unwrap_or(AT_ONCE);
    let (cases, known) = (cases(), violations());
    let strange: Vec<_> = asked.difference(&known).collect();
    assert!(strange.is_empty(), "no violation is called {strange:?}: see vestibule faults");
    let (matrix, measured) = (matrix(&cases), Measured::of_these_sources());
    let is_asked = |violation: &Violation| asked.contains(&violation.name);
    let due = |violation: &Violation| match asked.is_empty() {
        true => measured.row(violation).is_none(),
        false => is_asked(violation),
    };
    let rows: Vec<_> = matrix.iter().filter(|(violation, _)| due(violation)).collect();
    println!("{} of {} rows to measure, {at_once} at a time", rows.len(), matrix.len());
    let mut found = some_at_a_time(at_once, rows, |(violation, named)| {
        let capacity = fill(&cases, named);
        let only = if capacity { named.clone() } else { BTreeSet::new() };
        let seen = judge(violation, &only, capacity);
        measured.keep(violation, &seen);
        let wrong = wrong(violation, named, &seen);
        println!("{}: {}", violation.argument(), if wrong.is_empty() { "exact" } else { "WRONG" });
        wrong
    });
    if asked.is_empty() {
        let rows = matrix.iter().filter_map(|(violation, named)| {
            measured.row(violation).map(|seen| wrong(violation, named, &seen))
        });
        found.extend(rows.flatten());
        found.sort();
        found.dedup();
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    if asked.is_empty() {
        std::fs::write(MATRIX, rendered(&matrix)).expect("it can be written");
    }
}
