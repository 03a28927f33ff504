//! The control API arms a set of faults whole or not at all, for one device or all, and tells how often each
//! struck; those of the configuration are armed before any traffic.

use http::Method;
use serde_json::{Value, json};
use vestibule_emulator::config::{Config, ConfigError};

use crate::support::{Reply, Request, Running, SN, quiet};

async fn ask(running: &Running, method: Method, sn: &str, body: &Value) -> Reply {
    let request = Request::new(method, &running.control, &format!("/devices/{sn}/faults"));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    request.header("content-type", "application/json").body(body).send().await
}

fn one(name: &str) -> Value {
    json!({"faults": [{"name": name}]})
}

#[tokio::test]
async fn a_set_is_armed_shown_counted_and_cleared() {
    let running = Running::quiet();
    let get = async || ask(&running, Method::GET, SN, &Value::Null).await.json();
    assert_eq!(get().await, json!({"faults": []}));
    let set = json!({"faults": [
        {"name": "v3.info.stale", "scope": {"every": 2}},
        {"name": "v1.cache.small", "params": {"records": 20}, "scope": {"for": "1m"}},
    ]});
    let armed = ask(&running, Method::PUT, SN, &set).await;
    assert_eq!(armed.status, 200, "{}", armed.text());
    for _ in 0..3 {
        running.v3("event-info", json!({})).await;
    }
    let shown = json!([
        {"name": "v3.info.stale", "params": {}, "scope": {"every": 2}, "exchanges": 3, "struck": 1},
        {"name": "v1.cache.small", "params": {"records": 20}, "scope": {"for": "1m"},
            "exchanges": 0, "struck": 0},
    ]);
    assert_eq!(get().await["faults"], shown);
    assert_eq!(running.status().await["faults"], shown);
    let all = ask(&running, Method::PUT, "all", &one("v3.info.text")).await.json();
    assert_eq!(all["devices"][0]["faults"][0]["name"], "v3.info.text");
    assert_eq!(ask(&running, Method::DELETE, SN, &Value::Null).await.json(), json!({"faults": []}));
    assert_eq!(get().await, json!({"faults": []}));
    running.stop().await;
}

#[tokio::test]
async fn a_bad_set_changes_nothing_and_says_which_is_bad() {
    let running = Running::quiet();
    ask(&running, Method::PUT, SN, &one("v3.info.text")).await;
    let armed = running.status().await["faults"].clone();
    for (bad, status, says) in [
        (json!({"faults": [{"name": "v3.info.stale"}, {"name": "v3.info.stael"}]}), 422, "stale`?"),
        (json!({"faults": [{"name": "v3.info.stale", "params": {"a": 1}}]}), 422, "`a`"),
        (json!({"faults": [{"name": "v3.info.stale", "scope": {"first": 0}}]}), 422, "scope"),
        (json!({"faults": [{"name": "net.latency", "params": {"delay": 5}}]}), 422, "duration"),
        (json!({"faults": [{"name": 1}]}), 400, "faults[0].name"),
        (json!({"faults": [["v3.info.stale", {}, {}]]}), 400, "a JSON object"),
        (json!({"faults": [{"name": "v3.info.stale", "scop": {}}]}), 400, "scop"),
        (json!({"fault": []}), 400, "fault"),
        (Value::Null, 400, "JSON"),
    ] {
        let reply = ask(&running, Method::PUT, SN, &bad).await;
        assert_eq!(reply.status, status, "{bad}: {}", reply.text());
        assert!(reply.json()["detail"].as_str().expect("it says why").contains(says), "{bad}");
        assert_eq!(running.status().await["faults"], armed, "{bad}");
    }
    assert_eq!(ask(&running, Method::PUT, "XYZ", &one("v3.info.text")).await.status, 404);
    running.stop().await;
}

fn with_faults(faults: &str) -> Config {
    let written: Config = toml::from_str(faults).expect("a configuration");
    Config { faults: written.faults, ..quiet() }
}

#[tokio::test]
async fn those_of_the_configuration_are_armed_from_the_start_and_after_a_rewind() {
    let config = with_faults(
        "[[faults]]\nname = \"v3.event.lost\"\nparams = { kind = \"face\" }\nscope = { first = 1 }\n",
    );
    let running = Running::start(&config);
    running.emit(&json!({"event": "face"})).await;
    let events = async || running.v3("event-fetch", json!({})).await["events"].clone();
    assert_eq!(events().await, json!([]));
    assert_eq!(events().await[0]["event"], "face", "the second fetch is not the first");
    ask(&running, Method::PUT, SN, &one("v3.info.text")).await;
    running.post("/rewind", &json!({})).await;
    let armed = running.status().await["faults"].clone();
    assert_eq!((&armed[0]["name"], &armed[0]["struck"]), (&json!("v3.event.lost"), &json!(0)));
    running.stop().await;
}

#[test]
fn a_bad_one_in_the_configuration_is_refused_before_anything_is_opened() {
    let config = with_faults("[[faults]]\nname = \"push.delaid\"\n");
    let refused = config.plan(7).expect_err("refused");
    assert!(matches!(refused, ConfigError::Fault(_)));
    assert!(refused.to_string().contains("did you mean `push.delayed`?"), "{refused}");
}
