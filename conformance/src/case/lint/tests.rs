//! Each rule broken once, in a set of two cases that is otherwise good.

use super::*;
use crate::case::clauses;
use crate::case::collection::File;
use crate::case::read;

const CLAUSES: &str = r#"{"clauses": {"v3.info.answer":
    {"document": "v3", "section": "s", "says": "t"}}}"#;

const FIRST: &str = r#"{"id": "v3.info.first", "rev": 1, "title": "t", "source": ["R-V3-02"],
  "level": "must", "provenance": "document", "safety": "safe", "killed_by": ["x"],
  "steps": [{"call": {"v3": {"action": "event-info", "as": "info"}}}]}"#;

const SECOND: &str = r#"{"id": "v3.info.second", "rev": 1, "aliases": ["v3.info.old"], "title": "t",
  "source": ["v3.info.answer"], "level": "either", "provenance": "document", "safety": "mutating",
  "depends_on": ["v3.info.first"], "killed_by": ["x"],
  "setup": [{"listen": {"as": "r"}}, {"subscribe": {"at": "r"}}],
  "steps": [
    {"call": {"v3": {"action": "a", "as": "page", "expect": {"observe_as": "o", "one_of": [
      {"reading": "a", "json": {"k": {"$capture": {"as": "kept", "is": 1}}}},
      {"reading": "b", "is": "refused"}]}}}},
    {"each": {"as": "n", "of": [1, 2], "steps": [
      {"call": {"v3": {"action": "a", "body": {"limit": "${n}", "seqnum": "${kept + 1}"}}}}]}},
    {"expect": {"at": "r", "message": "push", "json": {"uuid": "${page.json.uuid}"}}}
  ]}"#;

fn told(first: &str, second: &str) -> Vec<String> {
    let file = |name: &str, text: &str| File {
        path: format!("v3/info/{name}.json"),
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let filed = |file: File| {
        let case = read::case(&file.name, &file.text).expect("it can be read");
        Filed { file, case }
    };
    let cases = [filed(file("first", first)), filed(file("second", second))];
    let clauses = clauses::clauses("clauses", CLAUSES).expect("it can be read");
    lint(&cases, &clauses).iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_set_has_no_mistake() {
    assert_eq!(told(FIRST, SECOND), [""; 0]);
}

#[test]
fn each_rule_is_told_where_it_is_broken() {
    let rows = [
        ("v3.info.second", "v3.info.third", "stands in v3/info/third.json"),
        ("v3.info.old", "v3.info.first", "another case is or was called v3.info.first"),
        (
            r#"["v3.info.answer"]"#,
            r#"["v3.info.gone"]"#,
            "v3.info.gone is neither a ruling nor a clause",
        ),
        (r#"["v3.info.first"]"#, r#"["v3.info.gone"]"#, "there is no case v3.info.gone"),
        (r#"["v3.info.first"]"#, r#"["v3.info.second"]"#, "depends on v3.info.second in turn"),
        (r#""killed_by": ["x"]"#, r#""killed_by": []"#, "names a fault that must turn it red"),
        (r#""safety": "mutating""#, r#""safety": "safe""#, "its steps are mutating at least"),
        (r#""level": "either""#, r#""level": "observe""#, "only observes cannot be killed"),
        (r#""observe_as": "o", "#, "", "name it with `observe_as`"),
        (
            ",\n      {\"reading\": \"b\", \"is\": \"refused\"}",
            "",
            "one reading alone is no choice",
        ),
        (r#""provenance": "document""#, r#""provenance": "recorded""#, "`recorded` says what"),
        ("${page.json.uuid}", "${gone.json}", "no step before this one keeps anything as `gone`"),
        ("${kept + 1}", "${keep + 1}", "no step before this one keeps anything as `keep`"),
        (r#"{"at": "r"}}]"#, r#"{"at": "q"}}]"#, "no step before this one keeps anything as `q`"),
        (
            r#"{"action": "a", "body""#,
            r#"{"action": "a", "raw": "x", "body""#,
            "is either a message",
        ),
    ];
    for (from, to, why) in rows {
        let second = SECOND.replacen(from, to, 1);
        assert_ne!(second, SECOND, "{from} is in it");
        let told = told(FIRST, &second);
        assert!(told.iter().any(|one| one.contains(why)), "{to}: {told:?}");
    }
}

#[test]
fn a_case_that_could_never_fail_is_refused() {
    let call = r#""as": "info""#;
    let anything = r#""as": "info", "expect": {"is": "anything"}"#;
    let told = told(&FIRST.replacen(call, anything, 1), SECOND);
    assert!(told.iter().any(|one| one.contains("the case could never fail")), "{told:?}");
}

#[test]
fn an_observing_case_tells_something() {
    let observing = FIRST.replacen("must", "observe", 1).replacen(r#", "killed_by": ["x"]"#, "", 1);
    let told = told(&observing, SECOND);
    assert!(told.iter().any(|one| one.contains("tells what it saw by name")), "{told:?}");
}
