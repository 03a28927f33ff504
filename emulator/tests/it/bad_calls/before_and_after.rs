//! What must not change: everything a device shows of itself, over all three APIs.

use serde_json::{Value, json};

use crate::support::{Reply, Request, Running, quiet};

const DIGEST: &str = "9990BC737DD5B17E7A5F01B48B2C08AE";

/// v1's `admin` and `admin`.
pub(super) const BASIC: &str = "Basic YWRtaW46YWRtaW4=";

/// A device with something to lose, and a caller who is logged in.
pub(super) struct Watched {
    pub(super) running: Running,
    pub(super) token: String,
    before: Value,
}

impl Watched {
    pub(super) async fn start() -> Self {
        let running = Running::start(&quiet());
        let login = json!({"action": "auth-login", "body": {"user": "admin", "passwd": DIGEST}});
        let answer = Request::post(&running.url, "/api/v3.x/auth", &login).send().await.json();
        let token = answer["body"]["token"].as_str().expect("a token").to_owned();
        let mut watched = Self { running, token, before: Value::Null };
        let ann = json!({"users": [{"userid": "ann", "name": "Ann", "cards": [{"id": 7}]}]});
        let broker = json!({"host": "broker.example", "user": "me", "passwd": "secret"});
        let setting = json!({"configs": [{"key": "door-id", "value": "north"}]});
        for (path, action, body) in [
            ("/api/v3.x/acm", "user-insert", ann),
            ("/api/v3.x/device", "mqtt-set", broker),
            ("/api/v3.x/device", "config-set", setting),
        ] {
            assert_eq!(watched.v3(path, action, &body).await["retcode"], 0, "{action}");
        }
        let subscription = json!({"event_dest": "http://127.0.0.1:9/", "enabled": false});
        let set = Request::post(&watched.running.url, "/v1/event/subscribe", &subscription);
        assert_eq!(set.send().await.status, 200);
        watched.running.emit(&json!({"event": "face", "count": 3})).await;
        watched.before = watched.state().await;
        watched
    }

    async fn v3(&self, path: &str, action: &str, body: &Value) -> Value {
        let request = json!({"action": action, "body": body});
        self.post(path, request.to_string().as_bytes()).await.json()
    }

    /// POST of these bytes by who is logged in.
    pub(super) async fn post(&self, path: &str, bytes: &[u8]) -> Reply {
        let request = Request::new(http::Method::POST, &self.running.url, path);
        request.header("token", &self.token).body(bytes.to_vec()).send().await
    }

    /// Everything, but for the time.
    async fn state(&self) -> Value {
        let mut status = self.running.status().await;
        status["clock"] = Value::Null;
        let url = &self.running.url;
        let v1 = |request: Request| request.header("authorization", BASIC).send();
        let records = Request::post(url, "/v1/event/records", &json!({}));
        json!({
            "status": status,
            "settings": self.v3("/api/v3.x/device", "config-fetch", &json!(null)).await,
            "broker": self.v3("/api/v3.x/device", "mqtt-get", &json!(null)).await,
            "people": self.v3("/api/v3.x/acm", "user-fetch", &json!({"limit": 1000})).await,
            "log": self.v3("/api/v3.x/event", "event-fetch", &json!({"limit": 1000})).await,
            "subscription": v1(Request::get(url, "/v1/event/subscribe")).await.json(),
            "records": v1(records).await.json(),
        })
    }

    /// Demands that nothing has changed, that the token is good, and the clock within this minute.
    pub(super) async fn is_as_before(&self, after: &str) {
        let state = self.state().await;
        for (what, before) in self.before.as_object().expect("an object") {
            assert_eq!(&state[what], before, "{what}, after {after}");
        }
        assert_eq!(state["log"]["retcode"], 0, "after {after}");
        let clock = self.running.status().await["clock"].clone();
        let clock = clock.as_str().expect("a time").to_owned();
        assert!(clock.starts_with("2026-03-02T08:"), "{clock}, after {after}");
    }

    /// Ends it, once the password is seen to be what it was.
    pub(super) async fn stop(self) {
        let login = json!({"action": "auth-login", "body": {"user": "admin", "passwd": DIGEST}});
        let reply = Request::post(&self.running.url, "/api/v3.x/auth", &login).send().await;
        assert_eq!(reply.json()["retcode"], 0, "the password is what it was");
        self.running.stop().await;
    }
}
