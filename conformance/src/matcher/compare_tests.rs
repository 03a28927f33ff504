//! Each matcher against values that fit it and values that do not.

use serde_json::json;

use super::*;

/// 2026-03-02T00:00:00Z.
const NOW_MS: i64 = 1_772_409_600_000;

fn compared(matcher: &str, seen: Option<&Value>) -> Comparison {
    let matcher: Matcher = serde_json::from_str(matcher).expect("the matcher can be read");
    let mut scope = Scope::default();
    scope.keep("info", json!({"min": 3, "sn": "VSB-1", "at": 1_772_409_600}));
    let spans = Spans::new(Duration::from_secs(90));
    compare(&matcher, seen, Seen { scope: &scope, device_ms: NOW_MS, spans: &spans })
}

/// A matcher, values that fit it, and values that do not.
const ROWS: [(&str, &str, &str); 36] = [
    (r#"0"#, r#"[0]"#, r#"[0.0, "0", null]"#),
    (r#"1.5"#, r#"[1.5]"#, r#"[2]"#),
    (r#"2.0"#, r#"[2, 2.0]"#, r#"[3]"#),
    (r#"null"#, r#"[null]"#, r#"[0, {}]"#),
    (r#"true"#, r#"[true]"#, r#"[1]"#),
    (r#""a""#, r#"["a"]"#, r#"["A", ["a"]]"#),
    (r#""${info.min}""#, r#"[3]"#, r#"["3"]"#),
    (r#""${info.gone}""#, r#"[]"#, r#"[null]"#),
    (r#"[1, {"a": 2}]"#, r#"[[1, {"a": 2, "b": 3}]]"#, r#"[[1], [1, {}], [1, {"a": 2}, 3]]"#),
    (r#"{"$integer": {}}"#, r#"[-7]"#, r#"[7.0, "7"]"#),
    (r#"{"$integer": {"min": 1, "max": "${info.min}"}}"#, r#"[1, 3]"#, r#"[0, 4]"#),
    (r#"{"$integer": {"max": "${info.sn}"}}"#, r#"[]"#, r#"[1]"#),
    (r#"{"$number": {"min": 0, "max": 1}}"#, r#"[0, 0.5]"#, r#"[1.1, "0.5"]"#),
    (r#"{"$string": {}}"#, r#"[""]"#, r#"[1, null]"#),
    (r#"{"$string": {"min": 1, "max": 2, "max_bytes": 3}}"#, r#"["éa"]"#, r#"["", "abc", "éé"]"#),
    (r#"{"$string": {"starts": "${info.sn}"}}"#, r#"["VSB-1x"]"#, r#"["xVSB-1"]"#),
    (r#"{"$boolean": {}}"#, r#"[false]"#, r#"[0]"#),
    (r#"{"$object": {}}"#, r#"[{"a": 1}]"#, r#"[[]]"#),
    (
        r#"{"$timestamp": {"unit": "s"}}"#,
        r#"[1772409600]"#,
        r#"[1772409600000, "1772409600", 0, -1772409600]"#,
    ),
    (r#"{"$timestamp": {"unit": "ms"}}"#, r#"[1772409600000]"#, r#"[1772409600, 1.5]"#),
    (
        r#"{"$timestamp": {"unit": "either", "within": "5m"}}"#,
        r#"[1772409899000, 1772409301]"#,
        r#"[1772413200000, 1772406000]"#,
    ),
    (r#"{"$uuid": {}}"#, r#"["4d3987c1-a3b3-470b-9fb7-e114772c069c"]"#, r#"["4d3987c1", 1]"#),
    (
        r#"{"$hex": {"prefix": "0x", "min": 8, "max": 20, "even": true}}"#,
        r#"["0xffae0846", "0xFFAE0846aa"]"#,
        r#"["0xffae08461", "ffae0846", "0xffae", "0xffae084g"]"#,
    ),
    (r#"{"$jpeg": {}}"#, r#"["/9j/4AD/2Q=="]"#, r#"[" ", "AAAA"]"#),
    (r#"{"$one_of": [0, {"$string": {}}]}"#, r#"[0, "x"]"#, r#"[1]"#),
    (r#"{"$each": {"$integer": {}}}"#, r#"[[], [1, 2]]"#, r#"[[1, "2"], {}]"#),
    (
        r#"{"$array": {"each": {"a": 1}, "min": 1, "max": 2}}"#,
        r#"[[{"a": 1}]]"#,
        r#"[[], [{"a": 1}, {"a": 1}, {"a": 1}], [{}]]"#,
    ),
    (r#"{"a": {"$absent": {}}}"#, r#"[{}]"#, r#"[{"a": null}]"#),
    (r#"{"a": {"$optional": 1}}"#, r#"[{}, {"a": 1}]"#, r#"[{"a": null}]"#),
    (
        r#"{"a": {"$capture": {"as": "x", "is": {"$integer": {}}}}}"#,
        r#"[{"a": 1}]"#,
        r#"[{}, {"a": "1"}]"#,
    ),
    (r#"{"$differs": "${info.sn}"}"#, r#"["VSB-2"]"#, r#"["VSB-1", 2]"#),
    (
        r#"{"$find": {"where": {"k": "face"}, "is": {"v": 1}}}"#,
        r#"[[{"k": "door"}, {"k": "face", "v": 1}, {"k": "face", "v": 2}]]"#,
        r#"[[{"k": "face", "v": 2}], [{"k": "door"}], [], {}]"#,
    ),
    (
        r#"{"$near": {"of": "${info.at}", "within": "2m"}}"#,
        r#"[1772409700, 1772409500000]"#,
        r#"[1772413200, 1772413200000, "1772409700", 0]"#,
    ),
    (r#"{"$near": {"of": "${info.min}", "within": "2m"}}"#, r#"[1772409700]"#, r#"[7]"#),
    (r#"{"$near": {"of": "${info.gone}", "within": "2m"}}"#, r#"[]"#, r#"[1772409700]"#),
    (r#"{}"#, r#"[{"a": 1}]"#, r#"[[]]"#),
];

#[test]
fn each_matcher_takes_its_values_and_no_others() {
    for (matcher, fitting, others) in ROWS {
        let values = |text: &str| serde_json::from_str::<Vec<Value>>(text).expect("it is JSON");
        for value in values(fitting) {
            assert_eq!(compared(matcher, Some(&value)).mismatches, [], "{matcher}: {value}");
        }
        for value in values(others) {
            assert!(!compared(matcher, Some(&value)).mismatches.is_empty(), "{matcher}: {value}");
        }
    }
}

#[test]
fn a_missing_value_fits_only_what_may_be_missing() {
    for (matcher, fits) in [
        (r#"{"$absent": {}}"#, true),
        (r#"{"$optional": 1}"#, true),
        (r#"{"$one_of": [{"$absent": {}}, 1]}"#, true),
        (r#"{"$one_of": [2, 1]}"#, false),
        (r#"{"$each": 1}"#, false),
        ("{}", false),
        ("null", false),
    ] {
        assert_eq!(compared(matcher, None).mismatches.is_empty(), fits, "{matcher}");
    }
}

#[test]
fn every_place_is_told_with_expected_and_seen() {
    let matcher = r#"{"retcode": 0, "body": {"events": {"$each": {"uid": {"$string": {"starts": "0000"}},
        "seqnum": {"$integer": {"min": 1}}}}}, "header": {"reqid": "${info.sn}"}}"#;
    let seen = json!({"retcode": "0", "body": {"events": [
        {"uid": "0000ab", "seqnum": 1, "extra": true},
        {"uid": 5},
    ]}, "more": 1});
    let comparison = compared(matcher, Some(&seen));
    let told: Vec<String> = comparison
        .mismatches
        .iter()
        .map(|one| format!("{}: expected {}, seen {}", one.path, one.expected, one.seen))
        .collect();
    assert_eq!(
        told,
        [
            "body.events[1].seqnum: expected an integer of at least 1, seen nothing",
            "body.events[1].uid: expected a text that begins with \"0000\", seen 5",
            "header: expected an object with reqid, seen nothing",
            "retcode: expected 0, seen \"0\"",
        ]
    );
    assert_eq!(comparison.drift, ["body.events[0].extra", "more"]);
}

#[test]
fn readings_and_captures_are_told_only_where_they_fit() {
    let matcher = r#"{"min": {"$reading": {"observe_as": "v3.empty-info", "of": [
        {"reading": "zero", "is": 0},
        {"reading": "null", "is": {"$capture": {"as": "none", "is": null}}}]}},
        "at": {"$timestamp": {"unit": "either", "observe_as": "v3.timestamp-unit"}},
        "list": {"$each": {"$capture": {"as": "last", "is": 1}}}}"#;
    let seen = json!({"min": null, "at": NOW_MS / 1000, "list": [1, 2]});
    let comparison = compared(matcher, Some(&seen));
    let readings = [("v3.timestamp-unit", "s"), ("v3.empty-info", "null")];
    assert_eq!(
        comparison.readings,
        readings.map(|(name, seen)| (name.to_owned(), seen.to_owned()))
    );
    let kept = vec![("last".to_owned(), json!(1)), ("none".to_owned(), json!(null))];
    assert_eq!(comparison.kept, kept);
    let mismatch = &comparison.mismatches[0];
    assert_eq!((mismatch.path.as_str(), mismatch.seen.as_str()), ("list[1]", "2"));
    let none = compared(matcher, Some(&json!({"min": 1, "at": 7, "list": []})));
    assert_eq!(none.readings, []);
    assert_eq!(none.mismatches[1].expected, "one of the readings zero, null");
}

#[test]
fn a_long_value_is_cut() {
    let comparison = compared("1", Some(&json!("x".repeat(5_000))));
    assert!(comparison.mismatches[0].seen.ends_with("... (5002 characters)"));
    assert!(comparison.mismatches[0].seen.chars().count() < 150);
}
