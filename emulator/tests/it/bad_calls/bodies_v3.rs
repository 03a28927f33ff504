//! Bad bodies of each v3 action: what is missing, of another type, out of its range, too long, there twice or too
//! deep is refused as the rulings say, and what the document forbids is never done.

use std::collections::BTreeSet;

use serde_json::Value;
use vestibule_core::wire;

use super::before_and_after::Watched;
use crate::documents::Document;

/// An action's bad bodies.
struct Row {
    action: &'static str,
    /// `retcode` 101 (R-V3-07), and not allowed by the document.
    bad: &'static [&'static str],
    /// Allowed by the document, which cannot say all: with the `retcode` that each gets.
    refused: &'static [(&'static str, u64)],
}

/// Its body is not looked at, so none is bad.
const fn ignores(action: &'static str) -> Row {
    Row { action, bad: &[], refused: &[] }
}

/// A text of 33 bytes.
const LONG: &str = "\"123456789012345678901234567890123\"";

const ROWS: [Row; 19] = [
    Row {
        action: "auth-login",
        bad: CREDENTIALS,
        refused: &[
            (r#"{"user": "admin", "passwd": "admin"}"#, 101),
            (r#"{"user": "admin", "passwd": ""}"#, 101),
            (r#"{"user": "", "passwd": "9990BC737DD5B17E7A5F01B48B2C08AE"}"#, 101),
            (r#"{"user": "ADMIN", "passwd": "9990BC737DD5B17E7A5F01B48B2C08AE"}"#, 101),
        ],
    },
    Row {
        action: "auth-passwd",
        bad: CREDENTIALS,
        refused: &[
            (r#"{"user": "admin", "passwd": "admin"}"#, 101),
            (r#"{"user": "admin", "passwd": ""}"#, 101),
            (r#"{"user": "admin", "passwd": "Z990BC737DD5B17E7A5F01B48B2C08AE"}"#, 101),
            (r#"{"user": "nobody", "passwd": "9990BC737DD5B17E7A5F01B48B2C08AE"}"#, 103),
        ],
    },
    ignores("device-info"),
    ignores("config-fetch"),
    Row {
        action: "config-set",
        bad: &[
            "7",
            "\"\"",
            "[]",
            "{}",
            "null",
            r#"{"configs": {}}"#,
            r#"{"configs": "door-id"}"#,
            r#"{"configs": [7]}"#,
            r#"{"configs": [["door-id", "south"]]}"#,
            r#"{"configs": [{"key": "door-id"}]}"#,
            r#"{"configs": [{"value": "south"}]}"#,
            r#"{"configs": [{"key": "volume-out", "value": 7}]}"#,
            r#"{"configs": [{"key": "door-id", "value": null}]}"#,
            r#"{"configs": [{"key": "door-id", "value": "south"}, {"key": "volume-out", "value": 7}]}"#,
        ],
        refused: &[
            (r#"{"configs": []}"#, 101),
            (r#"{"configs": [{"key": "nothing", "value": "7"}]}"#, 101),
            (r#"{"configs": [{"key": "volume-out", "value": "101"}]}"#, 101),
            (r#"{"configs": [{"key": "volume-out", "value": "-1"}]}"#, 101),
            (r#"{"configs": [{"key": "volume-out", "value": "7.0"}]}"#, 101),
            (r#"{"configs": [{"key": "volume-out", "value": "99999999999999999999"}]}"#, 101),
            (r#"{"configs": [{"key": "log-mode", "value": "Image"}]}"#, 101),
            (r#"{"configs": [{"key": "manager-mode", "value": ""}]}"#, 101),
            (r#"{"configs": [{"key": "report-state-server", "value": "ftp://10.0.0.9/"}]}"#, 101),
            (r#"{"configs": [{"key": "door-id", "value": "a\u0000b"}]}"#, 101),
        ],
    },
    Row {
        action: "device-synctime",
        bad: &[
            "7",
            "\"\"",
            "[]",
            "{}",
            "null",
            r#"{"timestamp": null}"#,
            r#"{"timestamp": "1772409700"}"#,
            r#"{"timestamp": -1}"#,
            r#"{"timestamp": 1.5}"#,
            r#"{"timestamp": 4294967296}"#,
            r#"{"timestamp": 1772409700000}"#,
            r#"{"timezone": -480}"#,
            r#"{"timestamp": 1872409700, "timezone": "-480"}"#,
            r#"{"timestamp": 1872409700, "timezone": -841}"#,
            r#"{"timestamp": 1872409700, "timezone": 721}"#,
        ],
        refused: &[],
    },
    Row {
        action: "device-opendoor",
        bad: &[
            "7",
            "\"\"",
            "[]",
            r#"{"type": "push"}"#,
            r#"{"type": ""}"#,
            r#"{"type": 1}"#,
            r#"{"type": null}"#,
            r#"{"delay": -2}"#,
            r#"{"delay": 86401}"#,
            r#"{"delay": 1.5}"#,
            r#"{"delay": "5"}"#,
            r#"{"delay": 9223372036854775808}"#,
            r#"{"userid": 7}"#,
            r#"{"userid": "123456789012345678901234567890123"}"#,
        ],
        refused: &[],
    },
    ignores("device-reboot"),
    ignores("device-reset"),
    Row {
        action: "device-download",
        bad: &[
            "7",
            "\"\"",
            "[]",
            "{}",
            "null",
            r#"{"type": "logr", "size": 1}"#,
            r#"{"type": "logr", "seqnum": 1}"#,
            r#"{"seqnum": 1, "size": 1}"#,
            r#"{"type": "user", "seqnum": 1, "size": 1}"#,
            r#"{"type": 7, "seqnum": 1, "size": 1}"#,
            r#"{"type": "logr", "seqnum": 1, "size": 0}"#,
            r#"{"type": "logr", "seqnum": 1, "size": 65537}"#,
            r#"{"type": "logr", "seqnum": 1, "size": "1"}"#,
            r#"{"type": "logr", "seqnum": "1", "size": 1}"#,
            r#"{"type": "logr", "seqnum": -1, "size": 1}"#,
            r#"{"type": "logr", "timestamp": "now", "size": 1}"#,
            r#"{"type": "logr", "seqnum": 1, "size": 1, "offset": -1}"#,
            r#"{"type": "logr", "seqnum": 1, "size": 1, "chanel": 1}"#,
        ],
        refused: &[
            (r#"{"type": "logr", "seqnum": 1, "size": 1}"#, 109),
            (r#"{"type": "logr", "seqnum": 4, "size": 1}"#, 103),
            (r#"{"type": "logr", "timestamp": 7, "size": 1}"#, 103),
        ],
    },
    ignores("mqtt-get"),
    Row {
        action: "mqtt-set",
        bad: &[
            "7",
            "\"\"",
            "[]",
            "{}",
            "null",
            r#"{"host": 7}"#,
            r#"{"host": null}"#,
            r#"{"port": 65536}"#,
            r#"{"port": -1}"#,
            r#"{"port": 1.5}"#,
            r#"{"port": ["1883"]}"#,
            r#"{"host": "other.example", "passwd": 7}"#,
        ],
        refused: &[
            (r#"{"port": "65536"}"#, 101),
            (r#"{"port": "http"}"#, 101),
            (r#"{"nothing": 7}"#, 101),
        ],
    },
    Row {
        action: "user-fetch",
        bad: &[
            "7",
            "\"\"",
            "[]",
            r#"{"offset": -1}"#,
            r#"{"offset": "0"}"#,
            r#"{"offset": null}"#,
            r#"{"limit": -1}"#,
            r#"{"limit": 1.5}"#,
            r#"{"limit": 18446744073709551616}"#,
        ],
        refused: &[],
    },
    Row {
        action: "user-insert",
        bad: &[
            "7",
            "\"\"",
            "[]",
            "{}",
            "null",
            r#"{"users": null}"#,
            r#"{"users": {}}"#,
            r#"{"users": []}"#,
            r#"{"users": [7]}"#,
            r#"{"users": [{}]}"#,
            r#"{"users": [{"userid": 7}]}"#,
            r#"{"users": [{"userid": ""}]}"#,
            r#"{"users": [{"userid": "123456789012345678901234567890123"}]}"#,
            r#"{"users": [{"userid": "bob", "name": 7}]}"#,
            r#"{"users": [{"userid": "bob", "name": "123456789012345678901234567890123"}]}"#,
            r#"{"users": [{"userid": "bob", "effect": "0"}]}"#,
            r#"{"users": [{"userid": "bob", "expire": -2}]}"#,
            r#"{"users": [{"userid": "bob", "expire": 4294967296}]}"#,
            r#"{"users": [{"userid": "bob", "state": "1"}]}"#,
            r#"{"users": [{"userid": "bob", "cards": {}}]}"#,
            r#"{"users": [{"userid": "bob", "cards": ["7"]}]}"#,
            r#"{"users": [{"userid": "bob", "cards": [{}]}]}"#,
            r#"{"users": [{"userid": "bob", "cards": [{"id": 7, "hex": 2}]}]}"#,
            r#"{"users": [{"userid": "bob", "rules": {}}]}"#,
            r#"{"users": [["bob"]]}"#,
        ],
        refused: &[
            (r#"{"users": [{"userid": "0000"}]}"#, 101),
            (r#"{"users": [{"userid": "bob", "cards": [{"id": "0xg"}]}]}"#, 101),
            (r#"{"users": [{"userid": "bob", "cards": [{"id": "-7"}]}]}"#, 101),
            (r#"{"users": [{"userid": "bob", "cards": [{"id": 7}]}]}"#, 102),
        ],
    },
    Row {
        action: "user-remove",
        bad: NAMES,
        refused: &[
            (r#"{"users": [{"userid": "bob"}]}"#, 103),
            (r#"{"users": [{"userid": ""}]}"#, 103),
        ],
    },
    Row {
        action: "user-lookup",
        bad: NAMES,
        refused: &[
            (r#"{"users": [{"userid": "bob"}]}"#, 103),
            (r#"{"users": [{"userid": ""}]}"#, 103),
        ],
    },
    ignores("user-clear"),
    ignores("event-info"),
    Row {
        action: "event-fetch",
        bad: &[
            "7",
            "\"\"",
            "[]",
            r#"{"seqnum": -1}"#,
            r#"{"seqnum": "1"}"#,
            r#"{"seqnum": null}"#,
            r#"{"offset": -1}"#,
            r#"{"offset": 0.5}"#,
            r#"{"limit": -1}"#,
            r#"{"limit": "10"}"#,
            r#"{"limit": 18446744073709551616}"#,
        ],
        refused: &[],
    },
];

const CREDENTIALS: &[&str] = &[
    "7",
    "\"\"",
    "[]",
    "{}",
    "null",
    r#"["admin", "9990BC737DD5B17E7A5F01B48B2C08AE"]"#,
    r#"{"user": "admin"}"#,
    r#"{"passwd": "9990BC737DD5B17E7A5F01B48B2C08AE"}"#,
    r#"{"user": 7, "passwd": "9990BC737DD5B17E7A5F01B48B2C08AE"}"#,
    r#"{"user": "admin", "passwd": null}"#,
    r#"{"user": ["admin"], "passwd": {}}"#,
];

const NAMES: &[&str] = &[
    "7",
    "\"\"",
    "[]",
    "{}",
    "null",
    r#"{"users": null}"#,
    r#"{"users": {"userid": "ann"}}"#,
    r#"{"users": []}"#,
    r#"{"users": ["ann"]}"#,
    r#"{"users": [{}]}"#,
    r#"{"users": [{"userid": 7}]}"#,
    r#"{"users": [{"userid": null}]}"#,
];

/// Bodies that are bad of every action that looks at its own.
fn bad_of_any(row: &Row) -> Vec<String> {
    let deep = |count| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let mut bad: Vec<String> = row.bad.iter().map(|&body| body.to_owned()).collect();
    if !bad.is_empty() {
        bad.extend([
            deep(200),
            deep(100_000),
            "true".to_owned(),
            LONG.to_owned(),
            "1e999".to_owned(),
        ]);
        // Each field it knows, twice, and the second not as it was.
        let known = bad.iter().filter_map(|body| serde_json::from_str::<Value>(body).ok());
        let fields: BTreeSet<String> = known
            .filter_map(|body| Some(body.as_object()?.keys().cloned().collect::<Vec<_>>()))
            .flatten()
            .collect();
        bad.extend(fields.iter().map(|field| format!("{{{field:?}: 0, {field:?}: 1}}")));
    }
    bad
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_bodies_are_refused_and_change_nothing() {
    let document = Document::new(wire::v3::openapi());
    let watched = Watched::start().await;
    let actions = document.actions();
    for (path, action, about) in &actions {
        let row = ROWS.iter().find(|row| row.action == action);
        let row = row.unwrap_or_else(|| panic!("{action} has a row of bad bodies"));
        let bad = bad_of_any(row).into_iter().map(|body| (body, 101));
        let refused = row.refused.iter().map(|(body, retcode)| ((*body).to_owned(), *retcode));
        for (body, expected) in bad.chain(refused) {
            let request = format!(
                "{{\"action\": {action:?}, \"header\": {{\"reqid\": \"7\"}}, \"body\": {body}}}"
            );
            let shown: String = request.chars().take(160).collect();
            let reply = watched.post(path, request.as_bytes()).await;
            let answer = reply.json();
            assert_eq!(reply.status, 200, "{shown}");
            assert_eq!(answer["retcode"], expected, "{shown}: {answer}");
            assert_eq!(answer["header"]["reqid"], "7", "{shown}: {answer}");
            if row.bad.contains(&body.as_str()) {
                let request = serde_json::from_str(&request).expect("JSON");
                assert!(!document.may_be(&about["request"], &request), "allowed: {shown}");
            }
            watched.is_as_before(&shown).await;
        }
    }
    assert_eq!(ROWS.len(), actions.len(), "each action has a row, and no row is of nothing");
    watched.stop().await;
}
