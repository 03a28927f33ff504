//! Network, traffic, restart, reset and rewind do what they say, through what the device itself goes by.

use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::support::{Platform, Request, Response, Running, SN, quiet};

#[tokio::test]
async fn the_status_has_every_promised_key() {
    let running = Running::quiet();
    let status = running.status().await;
    let keys = [
        "sn",
        "storage",
        "device_id",
        "online",
        "images",
        "journal",
        "backlog",
        "pushed",
        "refused",
        "dropped",
        "evicted",
        "reported",
        "reports_dropped",
        "subscription",
        "report_line",
        "report_to",
        "faults",
        "traffic",
        "clock",
        "next_index",
    ];
    let mut shown: Vec<&String> = status.as_object().expect("an object").keys().collect();
    let mut promised: Vec<String> = keys.map(str::to_owned).to_vec();
    shown.sort();
    promised.sort();
    assert_eq!(shown, promised.iter().collect::<Vec<_>>());
    assert_eq!(status["journal"], json!({"min": 0, "max": 0, "len": 0, "capacity": 50_000}));
    assert_eq!(status["faults"], json!([]));
    let traffic = json!({"traffic": "office", "rate_per_minute": 0.0, "speed": 1.0});
    assert_eq!(status["traffic"], traffic);
    let clock = status["clock"].as_str().expect("a time");
    assert!(clock.starts_with("2026-03-02T08:00:") && clock.ends_with("+08:00"), "{clock}");
    let list = running.get("/devices").await.json();
    assert_eq!(list["devices"].as_array().expect("a list").len(), 1);
    assert_eq!(list["devices"][0]["sn"], SN);
    let all = running.get("/devices/all").await.json();
    assert_eq!(all["devices"][0]["ok"], true);
    running.stop().await;
}

/// The answer comes after the sockets have followed: whoever connects next meets the device as told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_true_of_the_sockets() {
    let running = Running::quiet();
    let address = running.url.strip_prefix("http://").expect("a plain URL").to_owned();
    for turn in 0..100 {
        running.tell("network", &json!({"state": "offline"})).await;
        assert!(TcpStream::connect(&address).await.is_err(), "turn {turn}: served while offline");
        running.tell("network", &json!({"state": "online"})).await;
        let reply = Request::get(&running.url, "/v1/event/subscribe").send().await;
        assert_eq!(reply.status, 200, "turn {turn}: not served while online");
        running.tell("restart", &json!({})).await;
        let reply = Request::get(&running.url, "/v1/event/subscribe").send().await;
        assert_eq!(reply.status, 200, "turn {turn}: reset after the restart");
    }
    running.stop().await;
}

#[tokio::test]
async fn offline_nothing_leaves_and_online_everything_arrives() {
    let platform = Platform::start([]).await;
    let mut config = quiet();
    config.push.to = Some(platform.url.clone());
    let running = Running::start(&config);
    let offline = running.tell("network", &json!({"state": "offline"})).await;
    assert_eq!(offline["online"], false);
    let address = running.url.strip_prefix("http://").expect("a plain URL").to_owned();
    assert!(TcpStream::connect(&address).await.is_err(), "refused from the answer on");
    running.emit(&json!({"event": "face", "count": 5})).await;
    assert_eq!(running.status().await["backlog"], 5);
    running.tell("network", &json!({"state": "online"})).await;
    assert_eq!(platform.messages(5).await.len(), 5);
    let status = running.status_when(|status| status["backlog"] == 0).await;
    assert_eq!((&status["pushed"], &status["online"]), (&json!(5), &json!(true)));
    running.stop().await;
}

#[tokio::test]
async fn a_flapping_network_is_up_in_the_end() {
    let running = Running::quiet();
    let flap = json!({"flap": {"up": "10ms", "down": "10ms", "times": 3}});
    assert_eq!(running.tell("network", &flap).await["online"], false);
    running.status_when(|status| status["online"] == true).await;
    for bad in [
        json!({}),
        json!({"state": "online", "flap": {"up": "1s", "down": "1s"}}),
        json!({"flap": {"up": "1s", "down": "1ns"}}),
        json!({"flap": {"up": "1s", "down": "1s", "times": 0}}),
    ] {
        let reply = running.post(&format!("/devices/{SN}/network"), &bad).await;
        assert_eq!(reply.status, 422, "{bad}: {}", reply.text());
    }
    running.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_and_a_reset_forgets() {
    let mut config = quiet();
    config.push.to = Some("http://127.0.0.1:9/Record".to_owned());
    let running = Running::start(&config);
    running.emit(&json!({"event": "face", "count": 2})).await;
    running.tell("restart", &json!({})).await;
    let entries = running.entries().await;
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[2]["kind"], "reset");
    assert_eq!(running.status().await["backlog"], 2);
    running.tell("reset", &json!({})).await;
    let status = running.status().await;
    assert_eq!(status["journal"]["max"], 1);
    assert_eq!((&status["backlog"], &status["subscription"]), (&json!(0), &Value::Null));
    running.stop().await;
}

#[tokio::test]
async fn after_a_rewind_everything_happens_again() {
    // It answers nothing well until it was rewound: nothing may be pushed meanwhile.
    let failing = || Response::With(500, String::new());
    let platform = Platform::start([failing(), Response::Close]).await;
    let mut config = quiet();
    config.push.to = Some(platform.url.clone());
    config.quirks.insert(
        "v1.retry-first".to_owned(),
        vestibule_emulator::config::QuirkValue::Text("10ms".to_owned()),
    );
    let running = Running::start(&config);
    let wish = json!({"event": "face", "count": 3, "at": "2026-03-02T08:00:00+08:00"});
    let first = running.emit(&wish).await;
    let shown = running.entries().await;
    running.status_when(|status| status["pushed"] == 3).await;
    let rewound = running.post("/rewind", &json!({})).await.json();
    assert_eq!(rewound["devices"][0]["ok"], true);
    let status = running.status().await;
    assert_eq!((&status["next_index"], &status["pushed"]), (&json!(1), &json!(0)));
    assert!(status["clock"].as_str().expect("a time").starts_with("2026-03-02T08:00:0"));
    assert_eq!(status["subscription"]["event_dest"], platform.url.as_str());
    assert_eq!(running.emit(&wish).await, first);
    assert_eq!(running.entries().await, shown);
    running.stop().await;
}

#[tokio::test]
async fn traffic_changes_and_what_is_left_out_stays() {
    let running = Running::quiet();
    let put = |body: Value| {
        let path = format!("/devices/{SN}/traffic");
        let request = Request::new(http::Method::PUT, &running.control, &path);
        request.body(body.to_string()).send()
    };
    let changed = put(json!({"traffic": "steady", "speed": 1000.0})).await;
    let expected = json!({"traffic": "steady", "rate_per_minute": 0.0, "speed": 1000.0});
    assert_eq!(changed.json(), expected);
    put(json!({"rate_per_minute": 600})).await;
    running.status_when(|status| status["journal"]["len"].as_u64() >= Some(20)).await;
    for bad in [json!({"traffic": "mad"}), json!({"rate_per_minute": -1}), json!({"speed": 0})] {
        assert_eq!(put(bad.clone()).await.status, 422, "{bad}");
    }
    assert_eq!(put(json!({"rate": 1})).await.status, 400);
    running.stop().await;
}

#[tokio::test]
async fn what_takes_no_body_refuses_one_and_does_nothing() {
    let running = Running::quiet();
    running.emit(&json!({"event": "face"})).await;
    let before = running.status().await["next_index"].clone();
    let paths = ["/devices/all/restart", "/devices/all/reset", "/rewind"];
    for path in paths {
        let send = |body: &str, kind: &str| {
            let request = Request::new(http::Method::POST, &running.control, path);
            request.header("content-type", kind).body(body.to_owned()).send()
        };
        let json = "application/json";
        for (body, kind, status) in [
            ("{garbage", json, 400),
            ("[]", json, 400),
            ("null", json, 400),
            (r#"{"sn":"VSB0000001"}"#, json, 400),
            ("{}", "text/plain", 415),
        ] {
            let reply = send(body, kind).await;
            assert_eq!(reply.status, status, "{path} {body}: {}", reply.text());
            assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        }
    }
    assert_eq!(running.status().await["next_index"], before, "nothing was done");
    for path in paths {
        let none = Request::new(http::Method::POST, &running.control, path);
        assert_eq!(none.send().await.status, 200, "{path}");
        assert_eq!(running.post(path, &json!({})).await.status, 200, "{path}");
    }
    running.stop().await;
}
