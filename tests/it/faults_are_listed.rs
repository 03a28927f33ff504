//! `faults` lists what can be armed, and the table of faults can break every ruling that a device must keep.

use serde_json::Value;

use crate::support::vestibule;

const RULINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rulings.md");

fn stdout(args: &[&str]) -> String {
    let output = vestibule(args).output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).expect("text")
}

fn faults() -> Vec<Value> {
    let listing: Value = serde_json::from_str(&stdout(&["faults", "--json"])).expect("JSON");
    listing["faults"].as_array().expect("an array").clone()
}

/// The whole text, so that a change of a name, parameter or meaning is seen by whoever makes it: fixtures
/// rest on the names.
#[test]
fn the_list_is_for_people() {
    insta::assert_snapshot!(stdout(&["faults"]));
}

#[test]
fn the_same_list_is_for_programs() {
    let text = stdout(&["faults"]);
    for fault in faults() {
        for key in ["name", "family", "breaks", "meaning"] {
            let value = fault[key].as_str().expect("a text");
            assert!(text.contains(value), "{key} {value}");
        }
        for param in fault["params"].as_array().expect("an array") {
            assert!(param["takes"].is_string() && param["default"].is_string(), "{param}");
        }
    }
}

#[test]
fn every_must_can_be_broken() {
    let document = std::fs::read_to_string(RULINGS).expect("the rulings");
    let listed = faults();
    let is_broken = |id: &str| {
        listed
            .iter()
            .any(|fault| fault["breaks"].as_str().is_some_and(|breaks| breaks.contains(id)))
    };
    let mut musts = 0;
    for ruling in document.split("\n### R-").skip(1) {
        let (heading, text) = ruling.split_once('\n').expect("a ruling has a text");
        let suite = text.split_once("- Suite:").map_or("", |(_, suite)| suite);
        let suite = suite.split("\n#").next().unwrap_or_default();
        if !suite.contains("*must*") || heading.ends_with("(coming later)") {
            continue;
        }
        musts += 1;
        let id = format!("R-{}", heading.split(' ').next().expect("an id"));
        assert!(is_broken(&id), "no fault breaks {id}");
    }
    assert!(musts > 30, "only {musts} were found");
    for table in ["table A", "table B", "table C", "table D"] {
        assert!(is_broken(table), "no fault breaks {table}");
    }
}
