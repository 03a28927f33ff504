//! No web page from elsewhere and nobody without the token drives the devices, and whatever is refused is
//! refused in one form.

use http::Method;
use serde_json::json;

use crate::support::{Reply, Request, Running, quiet};

fn assert_problem(reply: &Reply, status: u16, says: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    let problem = reply.json();
    assert_eq!(problem["status"], status);
    assert!(problem["type"].is_string() && problem["title"].is_string());
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains(says), "{detail:?} does not say {says:?}");
}

#[tokio::test]
async fn only_loopback_names_are_answered() {
    let running = Running::quiet();
    let port = running.control.rsplit(':').next().expect("a port").to_owned();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("127.200.0.1".to_owned(), 200),
        ("devices.example.com".to_owned(), 403),
        (format!("127.0.0.1.example.com:{port}"), 403),
        ("192.168.1.10".to_owned(), 403),
        ("0.0.0.0".to_owned(), 403),
        ("user@localhost".to_owned(), 400),
    ] {
        let reply = Request::get(&running.control, "/devices").header("host", &host).send().await;
        assert_eq!(reply.status, status, "{host}: {}", reply.text());
    }
    let twice = Request::get(&running.control, "/devices").and_header("host", "localhost");
    assert_problem(&twice.send().await, 400, "twice");
    let none = Request::get(&running.control, "/devices").without("host");
    assert_problem(&none.send().await, 400, "Host is missing");
    let reply = Request::get(&running.control, "/devices").header("host", "evil.example").send();
    assert_problem(&reply.await, 403, "evil.example");
    running.stop().await;
}

#[tokio::test]
async fn only_pages_of_this_server_may_ask() {
    let running = Running::quiet();
    let own = running.control.clone();
    for (origin, status) in [
        (own.as_str(), 200),
        ("http://evil.example", 403),
        ("http://127.0.0.1:1", 403),
        ("null", 403),
        ("", 403),
    ] {
        let wish = json!({"event": "face"});
        let path = "/devices/all/events";
        let request = Request::post(&running.control, path, &wish).header("origin", origin);
        let reply = request.send().await;
        assert_eq!(reply.status, status, "{origin}: {}", reply.text());
    }
    assert_eq!(running.status().await["next_index"], 2, "only the first one did anything");
    running.stop().await;
}

#[tokio::test]
async fn with_a_token_only_who_has_it_is_answered() {
    let mut config = quiet();
    config.control_token = Some("secret".to_owned());
    let running = Running::start(&config);
    let ask = |authorization: Option<&str>| {
        let request = Request::get(&running.control, "/devices");
        match authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        }
    };
    for refused in [None, Some("Bearer wrong"), Some("Bearer secre"), Some("Basic secret")] {
        let reply = ask(refused).send().await;
        assert_problem(&reply, 401, "control token");
        assert!(reply.header("www-authenticate").expect("a challenge").starts_with("Bearer"));
    }
    assert_eq!(ask(Some("Bearer secret")).send().await.status, 200);
    let elsewhere = ask(Some("Bearer secret")).header("host", "door.example.com");
    assert_eq!(elsewhere.send().await.status, 200, "with a token any name may be ours");
    let unknown = Request::get(&running.control, "/nowhere").send().await;
    assert_eq!(unknown.status, 401, "who has no token learns nothing");
    assert_eq!(running.get("/healthz").await.status, 200);
    running.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_a_problem_that_says_why() {
    let running = Running::quiet();
    let emit = |body: &str| {
        let request = Request::new(Method::POST, &running.control, "/devices/all/events");
        request.body(body.to_owned())
    };
    assert_problem(&running.get("/nowhere").await, 404, "/nowhere");
    assert_problem(&running.get("/devices/XYZ").await, 404, "VSB0000001");
    let known = running.get("/devices/XYZ").await.json()["known"].clone();
    assert_eq!(known, json!(["VSB0000001"]));
    let reply = Request::new(Method::DELETE, &running.control, "/devices").send().await;
    assert_problem(&reply, 405, "Allow");
    assert!(reply.header("allow").expect("the methods").contains("GET"));
    assert_problem(&emit("{\"event\":\n  \"face\",}").send().await, 400, "line 2 column 10");
    assert_problem(&emit("").send().await, 400, "not JSON");
    assert_problem(&emit("[]").send().await, 400, "expected a JSON object");
    assert_problem(&emit(r#"{"event":"face"} x"#).send().await, 400, "trailing");
    assert_problem(&emit(r#"{"event":"face","count":"2"}"#).send().await, 400, "count: ");
    let other = emit(r#"{"event":"face"}"#).header("content-type", "text/plain");
    assert_problem(&other.send().await, 415, "application/json");
    let large = emit(&format!(r#"{{"event":"{}"}}"#, "x".repeat(1 << 20)));
    assert_problem(&large.send().await, 413, "1 MiB");
    let query = running.get("/devices/all/events?form=1").await;
    assert_problem(&query, 400, "unknown field `form`");
    assert_eq!(running.status().await["next_index"], 1, "nothing was done");
    for good in ["application/json; charset=utf-8", "application/x-www-form-urlencoded"] {
        let reply = emit(r#"{"event":"face"}"#).header("content-type", good).send().await;
        assert_eq!(reply.status, 200, "{good}");
    }
    running.stop().await;
}

#[tokio::test]
async fn an_array_is_no_object() {
    let running = Running::quiet();
    for (method, what, body) in [
        (Method::POST, "network", json!(["offline", null])),
        (Method::POST, "network", json!({"flap": ["10ms", "10ms", 1]})),
        (Method::PUT, "traffic", json!(["steady", 3, 2])),
        (Method::POST, "events", json!(["face"])),
        (Method::POST, "expect", json!(["face"])),
        (Method::POST, "expect", json!(null)),
        (Method::POST, "events", json!("face")),
    ] {
        let path = format!("/devices/all/{what}");
        let request = Request::new(method, &running.control, &path).body(body.to_string());
        assert_problem(&request.send().await, 400, "expected a JSON object");
    }
    let status = running.status().await;
    assert_eq!((&status["next_index"], &status["online"]), (&json!(1), &json!(true)));
    assert_eq!(status["traffic"]["traffic"], "office");
    running.stop().await;
}

#[tokio::test]
async fn a_wrong_value_is_told_in_the_words_of_json() {
    let running = Running::quiet();
    for (what, body, says) in [
        ("events", json!({"event": "face", "count": "2"}), "count: invalid type: string"),
        ("events", json!({"event": "face", "count": -1}), "a whole number from 0 to 4294967295"),
        ("events", json!({"event": "face", "state": 256}), "a whole number from 0 to 255"),
        ("events", json!({"event": "therm", "therm": "warm"}), "expected a number"),
        ("expect", json!({"from": -1}), "a whole number, 0 or more"),
        ("network", json!({"state": 5}), "state: invalid type"),
        ("network", json!({"state": "up"}), "neither online nor offline"),
        ("network", json!({"flap": 5}), "flap: invalid type"),
    ] {
        let reply = running.post(&format!("/devices/all/{what}"), &body).await;
        assert_problem(&reply, 400, says);
        let said = reply.text();
        for name in ["struct", "u8", "u32", "u64", "f64", "Body"] {
            assert!(!said.contains(name), "{name}: {said}");
        }
    }
    let subscribe = Request::post(&running.url, "/v1/event/subscribe", &json!(5)).send().await;
    let said = subscribe.text();
    assert!(said.contains("a JSON object") && !said.contains("struct"), "{said}");
    running.stop().await;
}
