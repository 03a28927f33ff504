//! Bad requests to each v1 route: refused with a `code`, and nothing has changed.

use http::Method;
use serde_json::Value;
use vestibule_core::wire;

use super::before_and_after::{BASIC, Watched};
use crate::documents::Document;
use crate::support::{Reply, Request};

const MIB: usize = 1024 * 1024;

/// A route's bad bodies, which are `code` 400 and not allowed by the document.
struct Row {
    method: &'static str,
    path: &'static str,
    bad: &'static [&'static str],
    /// Allowed by the document, which cannot say all: with the `code` that each gets.
    refused: &'static [(&'static str, u16)],
}

/// It has no body that is looked at.
const fn asks(method: &'static str, path: &'static str) -> Row {
    Row { method, path, bad: &[], refused: &[] }
}

const ROWS: [Row; 10] = [
    asks("GET", "/v1/event/subscribe"),
    Row {
        method: "POST",
        path: "/v1/event/subscribe",
        bad: &[
            "7",
            "\"\"",
            "[]",
            "{}",
            "null",
            "true",
            r#"["http://127.0.0.1:9/other", true]"#,
            r#"{"enabled": true}"#,
            r#"{"event_dest": null}"#,
            r#"{"event_dest": 7}"#,
            r#"{"event_dest": ["http://127.0.0.1:9/other"]}"#,
            r#"{"event_dest": "http://127.0.0.1:9/other", "enabled": 1}"#,
            r#"{"event_dest": "http://127.0.0.1:9/other", "enabled": "true"}"#,
            r#"{"event_dest": "http://127.0.0.1:9/other", "enabled": null}"#,
        ],
        refused: &[
            (r#"{"event_dest": ""}"#, 400),
            (r#"{"event_dest": "ftp://127.0.0.1/"}"#, 400),
            (r#"{"event_dest": "http://"}"#, 400),
            (r#"{"event_dest": "http://127.0.0.1:99999/"}"#, 400),
            (r#"{"event_dest": "127.0.0.1:9"}"#, 400),
        ],
    },
    Row {
        method: "POST",
        path: "/v1/auth/login",
        bad: &[
            "7",
            "\"\"",
            "[]",
            "{}",
            "null",
            "true",
            r#"["admin", "admin"]"#,
            r#"{"username": "admin"}"#,
            r#"{"password": "admin"}"#,
            r#"{"username": 7, "password": "admin"}"#,
            r#"{"username": "admin", "password": null}"#,
            r#"{"username": "admin", "password": "admin", "validTime": 0}"#,
            r#"{"username": "admin", "password": "admin", "validTime": -1}"#,
            r#"{"username": "admin", "password": "admin", "validTime": 1441}"#,
            r#"{"username": "admin", "password": "admin", "validTime": "5"}"#,
        ],
        refused: &[
            (r#"{"username": "nobody", "password": "admin"}"#, 1000),
            (r#"{"username": "admin", "password": ""}"#, 1001),
        ],
    },
    asks("GET", "/v1/auth/errors"),
    asks("GET", "/v1/event"),
    Row {
        method: "POST",
        path: "/v1/event/records",
        bad: &[
            "7",
            "\"\"",
            "[]",
            "null",
            "true",
            r#"{"begin_time": -1}"#,
            r#"{"begin_time": "0"}"#,
            r#"{"end_time": 1.5}"#,
            r#"{"end_time": null}"#,
            r#"{"user_id": 7}"#,
            r#"{"job_number": 7}"#,
            r#"{"ic_number": 7}"#,
            r#"{"offset": -1}"#,
            r#"{"limit": "10"}"#,
            r#"{"limit": 18446744073709551616}"#,
            r#"{"sort": 2}"#,
            r#"{"sort": "0"}"#,
        ],
        refused: &[],
    },
    asks("GET", "/v1/device/info"),
    Row {
        method: "POST",
        path: "/v1/device/door",
        bad: &[
            "7",
            "\"\"",
            "[]",
            "{}",
            "null",
            "true",
            "[1]",
            r#"{"open_mode": null}"#,
            r#"{"open_mode": 3}"#,
            r#"{"open_mode": -1}"#,
            r#"{"open_mode": 256}"#,
            r#"{"open_mode": 1.5}"#,
            r#"{"open_mode": "1"}"#,
            r#"{"card_number": "7"}"#,
            r#"{"open_mode": 1, "card_number": 7}"#,
            r#"{"open_mode": 1, "card_number": "123456789012345678901234567890123"}"#,
        ],
        refused: &[],
    },
    asks("GET", "/v1/device/reboot"),
    asks("GET", "/v2/datasync/ping"),
];

/// Bodies that are bad of every route that looks at one.
fn bad_of_any() -> Vec<Vec<u8>> {
    let deep = |count| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let fields =
        ["event_dest", "enabled", "username", "validTime", "begin_time", "sort", "open_mode"];
    let twice: String =
        fields.iter().map(|field| format!("{field:?}: 1, {field:?}: 1, ")).collect();
    let texts = [
        String::new(),
        "\u{0}".to_owned(),
        "open_mode=1&event_dest=http://127.0.0.1:9/other".to_owned(),
        "{".to_owned(),
        "{}}".to_owned(),
        "{\"a\": 1,}".to_owned(),
        "{'a': 1}".to_owned(),
        "1e999".to_owned(),
        deep(200),
        deep(100_000),
        format!("{{{twice}\"last\": 1}}"),
    ];
    let mut bodies: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    bodies.push(b"{\"event_dest\": \"\xff\"}".to_vec());
    bodies
}

async fn ask(watched: &Watched, method: &str, path: &str, body: &[u8]) -> Reply {
    let method: Method = method.parse().expect("a method");
    let request = Request::new(method, &watched.running.url, path).body(body.to_vec());
    request.header("authorization", BASIC).send().await
}

fn demand(reply: &Reply, code: u16, what: &str) {
    let answer = reply.json();
    assert_eq!(answer["code"], code, "{what}: {answer}");
    assert_eq!(answer["data"], Value::Null, "{what}: {answer}");
    assert!(answer["msg"].as_str().is_some_and(|text| !text.is_empty()), "{what}: {answer}");
    // A code that is no status of HTTP is a login's.
    let status = if code >= 1000 { 401 } else { code };
    assert_eq!(reply.status, status, "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_bodies_of_v1_are_refused_and_change_nothing() {
    let document = Document::new(wire::v1::openapi());
    let watched = Watched::start().await;
    for (path, method, about) in document.operations() {
        let row = ROWS.iter().find(|row| row.path == path && row.method == method);
        let row = row.unwrap_or_else(|| panic!("{method} {path} has a row of bad bodies"));
        let schema = about.pointer("/requestBody/content/application~1json/schema");
        for body in row.bad {
            let value = serde_json::from_str(body).expect("JSON");
            let schema = schema.expect("what has bad bodies has a schema");
            assert!(!document.may_be(schema, &value), "allowed: {method} {path} {body}");
        }
        let mut bodies: Vec<(Vec<u8>, u16)> =
            row.bad.iter().map(|body| (body.as_bytes().to_vec(), 400)).collect();
        bodies.extend(row.refused.iter().map(|(body, code)| (body.as_bytes().to_vec(), *code)));
        if schema.is_some() {
            bodies.extend(bad_of_any().into_iter().map(|body| (body, 400)));
        }
        for (body, code) in bodies {
            let shown = String::from_utf8_lossy(&body[..body.len().min(120)]);
            let what = format!("{method} {path} {shown}");
            demand(&ask(&watched, &method, &path, &body).await, code, &what);
            watched.is_as_before(&what).await;
        }
    }
    assert_eq!(ROWS.len(), document.operations().len(), "no row is of nothing");
    watched.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_route_is_taken_how_and_by_whom_it_is_not_served() {
    let document = Document::new(wire::v1::openapi());
    let watched = Watched::start().await;
    let operations = document.operations();
    for (path, method, about) in &operations {
        let served =
            |verb: &str| operations.iter().any(|(one, other, _)| one == path && other == verb);
        for other in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            if !served(other) {
                let reply = ask(&watched, other, path, b"{\"open_mode\": 1}").await;
                let allowed = reply.header("allow").expect("the methods that are").to_owned();
                assert!(allowed.split(", ").all(served), "{path}: {allowed}");
                demand(&reply, 405, &format!("{other} {path}"));
            }
        }
        let huge = vec![b' '; MIB + 1];
        demand(&ask(&watched, method, path, &huge).await, 413, &format!("{method} {path} huge"));
        for other in [format!("{path}/"), path.to_uppercase(), format!("{path}%00")] {
            demand(&ask(&watched, method, &other, b"").await, 404, &format!("{method} {other}"));
        }
        if about["security"]
            .as_array()
            .is_some_and(|ways| !ways.is_empty() && ways[0] != serde_json::json!({}))
        {
            for authorization in
                ["Basic", "Basic YWRtaW46", "Basic ?", "Bearer", "Bearer a.b.c", "admin"]
            {
                let verb: Method = method.parse().expect("a method");
                let request = Request::new(verb, &watched.running.url, path)
                    .body(b"{\"open_mode\": 1}".to_vec());
                let reply = request.header("authorization", authorization).send().await;
                demand(&reply, 401, &format!("{method} {path} by {authorization}"));
            }
        }
        watched.is_as_before(&format!("{method} {path}")).await;
    }
    watched.stop().await;
}
