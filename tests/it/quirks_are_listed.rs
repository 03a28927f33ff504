//! `quirks` lists what `--quirk` takes.

use serde_json::Value;

use crate::support::vestibule;

fn stdout(args: &[&str]) -> String {
    let output = vestibule(args).output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).expect("text")
}

/// The whole text, so that a change of a name, value, default or meaning is seen by whoever makes it.
#[test]
fn the_list_is_for_people() {
    insta::assert_snapshot!(stdout(&["quirks"]));
}

#[test]
fn the_same_list_is_for_programs() {
    let listing: Value = serde_json::from_str(&stdout(&["quirks", "--json"])).expect("JSON");
    let text = stdout(&["quirks"]);
    let quirks = listing["quirks"].as_array().expect("an array");
    assert!(quirks.len() > 30);
    for quirk in quirks {
        for key in ["name", "ruling", "values", "default", "meaning"] {
            let value = quirk[key].as_str().expect("a text");
            assert!(text.contains(value), "{key} {value}");
        }
    }
    assert_eq!(listing["presets"][1]["name"], "walos-demo");
}
