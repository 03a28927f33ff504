//! `/metrics` counts what happened and what came of it, for a fleet in as few series as for one device.

use serde_json::json;

use crate::support::{Platform, Request, Response, Running, bounded, quiet};

/// The value of a series in the text.
fn value(text: &str, series: &str) -> Option<f64> {
    let mut lines = text.lines();
    lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn what_happened_and_what_came_of_it_adds_up() {
    let running = Running::quiet();
    let platform = Platform::start([Response::With(503, String::new())]).await;
    let subscription = json!({"event_dest": platform.url, "enabled": true});
    let subscribed = Request::post(&running.url, "/v1/event/subscribe", &subscription);
    assert_eq!(subscribed.send().await.status, 200);
    running.emit(&json!({"event": "face", "count": 3})).await;
    running.emit(&json!({"event": "remote"})).await;
    running.status_when(|status| status["pushed"] == 3).await;
    let reply = running.get("/metrics").await;
    let text = reply.text();
    for (series, expected) in [
        ("vestibule_devices", 1.0),
        ("vestibule_devices_online", 1.0),
        ("vestibule_events_total", 4.0),
        ("vestibule_journal_events", 4.0),
        ("vestibule_backlog", 0.0),
        ("vestibule_records_pushed_total", 3.0),
        ("vestibule_delivery_attempts_total{delivery=\"push\",outcome=\"refused\"}", 1.0),
        ("vestibule_delivery_attempts_total{delivery=\"push\",outcome=\"acknowledged\"}", 3.0),
        ("vestibule_delivery_seconds_count{delivery=\"push\"}", 4.0),
        ("vestibule_delivery_seconds_bucket{delivery=\"push\",le=\"+Inf\"}", 4.0),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series}\n{text}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_connection_is_counted_while_it_is_open() {
    let running = Running::quiet();
    let count = async |wanted: f64| {
        let asking = async {
            loop {
                let text = running.get("/metrics").await.text();
                if value(&text, "vestibule_connections{opened_by=\"caller\"}") == Some(wanted) {
                    return;
                }
            }
        };
        bounded("the number of connections", asking).await;
    };
    count(0.0).await;
    let address = running.url.strip_prefix("http://").expect("a URL");
    let open = tokio::net::TcpStream::connect(address).await.expect("it listens");
    count(1.0).await;
    drop(open);
    count(0.0).await;
    running.stop().await;
}

#[tokio::test]
async fn a_series_for_each_device_comes_only_when_asked_for() {
    let mut config = quiet();
    config.devices.all = Some(3);
    let running = Running::start(&config);
    let sums = running.get("/metrics").await.text();
    assert_eq!(value(&sums, "vestibule_devices"), Some(3.0), "{sums}");
    assert!(!sums.contains("sn="), "{sums}");
    let each = running.get("/metrics?by=device").await.text();
    for sn in ["VSB0000001", "VSB0000002", "VSB0000003"] {
        let series = format!("vestibule_devices_online{{sn=\"{sn}\"}}");
        assert_eq!(value(&each, &series), Some(1.0), "{each}");
    }
    let lines = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(lines(&each) > 2 * lines(&sums));
    assert_eq!(running.get("/metrics?by=person").await.status, 400);
    running.stop().await;
}
