//! A device with a platform for its pushes, one for its reports, and what is done to all three.

use std::time::Duration;

use serde_json::{Value, json};
use vestibule_emulator::clock::pause;
use vestibule_emulator::config::{Config, QuirkValue};

use crate::platform::{Answer, Platform, Request as Arrived};
use crate::support::{Reply, Request, Running, SN, bounded, quiet};

pub(super) const DIGEST: &str = "9990BC737DD5B17E7A5F01B48B2C08AE";
pub(super) const SUBSCRIBE: &str = "/v1/event/subscribe";

/// Between two looks at a state that tells nobody when it changes.
const LOOK_EVERY: Duration = Duration::from_millis(2);

pub(super) struct Lab {
    pub(super) running: Running,
    /// Takes pushes.
    pub(super) pushes: Platform,
    /// Takes reports.
    pub(super) reports: Platform,
    /// From before any fault.
    token: String,
}

pub(crate) fn quirk(config: &mut Config, name: &str, value: &str) {
    config.quirks.insert(name.to_owned(), QuirkValue::Text(value.to_owned()));
}

impl Lab {
    pub(super) async fn start(change: fn(&mut Config)) -> Self {
        let (pushes, reports) = (Platform::start(), Platform::start());
        let mut config = quiet();
        config.push.to = Some(pushes.url());
        config.report.to = Some(reports.url());
        quirk(&mut config, "v1.retry-first", "2ms");
        quirk(&mut config, "v1.retry-max", "20ms");
        quirk(&mut config, "v3.log-mode-applies", "at-once");
        change(&mut config);
        let running = Running::start(&config);
        let mut lab = Self { running, pushes, reports, token: String::new() };
        lab.token = lab.log_in().await;
        lab
    }

    pub(super) async fn stop(self) {
        self.running.stop().await;
    }

    pub(super) async fn arm(&self, faults: Value) {
        let path = format!("/devices/{SN}/faults");
        let body = json!({"faults": faults});
        let put = Request::new(http::Method::PUT, &self.running.control, &path)
            .header("content-type", "application/json")
            .body(body.to_string());
        let reply = put.send().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    /// How often the first armed fault struck.
    pub(super) async fn struck(&self) -> u64 {
        let status = self.running.status().await;
        status["faults"][0]["struck"].as_u64().unwrap_or(0)
    }

    pub(super) async fn is_armed(&self) -> bool {
        self.running.status().await["faults"] != json!([])
    }

    // v3.

    pub(super) async fn post(&self, path: &str, token: Option<&str>, body: &str) -> Reply {
        let request =
            Request::new(http::Method::POST, &self.running.url, path).body(body.to_owned());
        let request = token.iter().fold(request, |request, token| request.header("token", token));
        request.send().await
    }

    /// The same, of a device that may cut the connection; none where it does.
    pub(super) async fn try_post(
        &self,
        path: &str,
        token: Option<&str>,
        body: &str,
    ) -> Option<Reply> {
        let request =
            Request::new(http::Method::POST, &self.running.url, path).body(body.to_owned());
        let request = token.iter().fold(request, |request, token| request.header("token", token));
        request.try_send().await
    }

    /// A v3 event call with a good token.
    pub(super) async fn event_call(&self, body: &Value) -> Reply {
        self.post("/api/v3.x/event", Some(&self.token), &body.to_string()).await
    }

    pub(super) async fn login(&self, user: &str, digest: &str) -> Value {
        let body = json!({"action": "auth-login", "header": {"reqid": "1"},
            "body": {"user": user, "passwd": digest}});
        self.post("/api/v3.x/auth", None, &body.to_string()).await.json()
    }

    /// A v3 device call with a good token.
    pub(super) async fn device_call(&self, body: &Value) -> Value {
        self.post("/api/v3.x/device", Some(&self.token), &body.to_string()).await.json()
    }

    /// A v3 account call with a good token.
    pub(super) async fn accounts_call(&self, body: &Value) -> Value {
        self.post("/api/v3.x/acm", Some(&self.token), &body.to_string()).await.json()
    }

    /// The answer to an account action with these users.
    pub(super) async fn users(&self, action: &str, users: &Value) -> Value {
        self.accounts_call(&json!({"action": action, "body": {"users": users}})).await
    }

    /// Sets `log-mode`; these devices follow at once.
    pub(super) async fn turn_images(&self, mode: &str) {
        assert_eq!(self.set(&json!([["log-mode", mode]])).await["retcode"], 0);
    }

    /// The answer to `device-download` with this and the type.
    pub(super) async fn image(&self, body: &Value) -> Value {
        let mut body = body.clone();
        body["type"] = json!("logr");
        self.device_call(&json!({"action": "device-download", "body": body})).await
    }

    /// A slice of the image of a new face.
    pub(super) async fn image_of_a_face(&self, offset: u64, size: u64) -> Value {
        let event = self.event(&json!({"event": "face"})).await;
        self.image(&json!({"offset": offset, "size": size, "seqnum": event["seqnum"]})).await
    }

    /// The answer to `config-set` with these pairs.
    pub(super) async fn set(&self, pairs: &Value) -> Value {
        let pairs = pairs.as_array().expect("pairs").iter();
        let configs: Value = pairs.map(|pair| json!({"key": pair[0], "value": pair[1]})).collect();
        self.device_call(&json!({"action": "config-set", "body": {"configs": configs}})).await
    }

    /// What `config-fetch` shows after these were set.
    pub(super) async fn configs(&self, pairs: &Value) -> Vec<Value> {
        self.set(pairs).await;
        let shown = self.device_call(&json!({"action": "config-fetch"})).await;
        shown["body"]["configs"].as_array().expect("a list").clone()
    }

    /// A token, by a good login.
    pub(super) async fn log_in(&self) -> String {
        let answer = self.login("admin", DIGEST).await;
        answer["body"]["token"].as_str().expect("a token").to_owned()
    }

    /// The `retcode` of `event-info` with that token.
    pub(super) async fn retcode_with(&self, token: Option<&str>) -> Value {
        let body = json!({"action": "event-info", "header": {"reqid": "1"}});
        self.post("/api/v3.x/event", token, &body.to_string()).await.json()["retcode"].clone()
    }

    /// The whole answer to `event-info`.
    pub(super) async fn info(&self) -> Value {
        let call = json!({"action": "event-info", "header": {"reqid": "129393"}});
        self.event_call(&call).await.json()
    }

    /// The whole answer to `event-fetch`.
    pub(super) async fn fetch(&self, body: &Value) -> Value {
        let call = json!({"action": "event-fetch", "header": {"reqid": "129393"}, "body": body});
        self.event_call(&call).await.json()
    }

    /// The events that `event-fetch` gives.
    pub(super) async fn page(&self, body: &Value) -> Vec<Value> {
        self.fetch(body).await["body"]["events"].as_array().expect("events").clone()
    }

    /// Their numbers.
    pub(super) async fn numbers(&self, body: &Value) -> Vec<u64> {
        let number = |event: &Value| event["seqnum"].as_u64().expect("a number");
        self.page(body).await.iter().map(number).collect()
    }

    /// Emits; the first event made.
    pub(super) async fn emit(&self, wish: &Value) -> Value {
        self.running.emit(wish).await[0].clone()
    }

    /// Emits, and fetches that event; null if it is not given.
    pub(super) async fn event(&self, wish: &Value) -> Value {
        let made = self.emit(wish).await;
        let page = self.page(&json!({"seqnum": made["seqnum"], "limit": 1})).await;
        page.first().cloned().unwrap_or_default()
    }

    /// Sees to it that the journal has so many events.
    pub(super) async fn fill(&self, count: u64) {
        let max = self.running.status().await["journal"]["max"].as_u64().expect("a number");
        if max < count {
            self.emit(&json!({"event": "face", "count": count - max})).await;
        }
    }

    // Reports.

    /// Waits until every event so far was reported or is not going to be.
    pub(super) async fn until_reported(&self) {
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        self.running
            .status_when(|status| {
                let ended = number(&status["reported"]) + number(&status["reports_dropped"]);
                ended >= number(&status["journal"]["max"])
            })
            .await;
    }

    /// Emits, and gives what was reported of it; null if nothing was.
    pub(super) async fn report(&self, wish: &Value) -> Value {
        self.until_reported().await;
        let before = self.reports.requests().len();
        self.emit(wish).await;
        self.until_reported().await;
        self.reports.requests().get(before).map(Arrived::json).unwrap_or_default()
    }

    // Pushes.

    /// Waits until nothing waits to be pushed.
    pub(super) async fn until_pushed(&self) {
        self.running.status_when(|status| status["backlog"] == 0).await;
    }

    /// Lets something happen, waits until nothing waits to be pushed, and gives what arrived meanwhile.
    pub(super) async fn pushed(&self, happen: impl AsyncFnOnce()) -> Vec<Arrived> {
        self.until_pushed().await;
        let before = self.pushes.requests().len();
        happen().await;
        self.until_pushed().await;
        self.pushes.requests().split_off(before)
    }

    /// Emits, and gives the record that was pushed.
    pub(super) async fn record(&self, wish: &Value) -> Value {
        let arrived = self.pushed(async || drop(self.emit(wish).await)).await;
        arrived.first().map(Arrived::json).unwrap_or_default()
    }

    /// The same with its event.
    pub(super) async fn event_and_record(&self, wish: &Value) -> (Value, Value) {
        self.until_pushed().await;
        let before = self.pushes.requests().len();
        let event = self.event(wish).await;
        self.until_pushed().await;
        let record = self.pushes.requests().get(before).map(Arrived::json).unwrap_or_default();
        (event, record["data"].clone())
    }

    /// How often a record arrives whose first push is answered so, and the next ones well.
    pub(super) async fn arrivals(&self, first: Answer) -> Vec<Arrived> {
        self.until_pushed().await;
        self.pushes.script(&[first], Answer::Ok);
        self.pushed(async || drop(self.emit(&face()).await)).await
    }

    /// Raises and clears an alarm; what arrives of both.
    pub(super) async fn alarms(&self) -> Vec<Value> {
        let alarm = |status: u8| json!({"event": "alarm", "code": 10001, "status": status});
        let arrived = self.pushed(async || {
            self.emit(&alarm(1)).await;
            self.time_passes().await;
            self.emit(&alarm(3)).await;
        });
        arrived.await.iter().map(|request| request.json()["data"].clone()).collect()
    }

    // v1.

    pub(super) async fn subscribe(&self, destination: &str, enabled: bool) -> Value {
        let body = json!({"event_dest": destination, "enabled": enabled});
        self.post(SUBSCRIBE, None, &body.to_string()).await.json()
    }

    pub(super) async fn subscription(&self) -> Value {
        Request::get(&self.running.url, SUBSCRIBE).send().await.json()
    }

    /// Waits until something is so.
    pub(super) async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let waiting = async {
            while !holds().await {
                pause(LOOK_EVERY).await;
            }
        };
        bounded(what, waiting).await;
    }

    /// Waits until the device's clock has gone on by more than 10 ms.
    pub(super) async fn time_passes(&self) {
        let now = async || {
            let clock = self.running.status().await["clock"].as_str().expect("a time").to_owned();
            clock.parse::<jiff::Timestamp>().expect("a time").as_millisecond()
        };
        let before = now().await;
        self.until("time has passed", async || now().await > before + 10).await;
    }

    pub(super) async fn network(&self, state: &str) {
        self.running.tell("network", &json!({"state": state})).await;
    }
}

/// An enrolled person's face, let in.
pub(super) fn face() -> Value {
    json!({"event": "face", "person": "any", "reason": "accepted"})
}
