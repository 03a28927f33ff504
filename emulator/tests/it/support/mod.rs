//! What the tests share: an emulator on free ports, an HTTP client, and a platform that answers by script.
//!
//! Every wait is bounded by [`PATIENCE`]; nothing sleeps.

mod client;
pub(crate) mod kept;
mod platform;
pub(crate) mod session;

use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};
use vestibule_emulator::clock::{Clock, within};
use vestibule_emulator::config::Config;
use vestibule_emulator::emulator::Emulator;

pub(crate) use self::client::{Reply, Request};
pub(crate) use self::platform::{Platform, Response};

/// Longer than anything here takes on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The serial number of the only device.
pub(crate) const SN: &str = "VSB0000001";

/// A running emulator.
pub(crate) struct Running {
    emulator: Emulator,
    /// The device APIs, as `http://host:port`.
    pub(crate) url: String,
    /// The control API.
    pub(crate) control: String,
}

/// A device without events of its own, always the same one, on free ports.
pub(crate) fn quiet() -> Config {
    let free = Some("127.0.0.1:0".parse().expect("an address"));
    let mut config = Config {
        listen: free,
        control: free,
        seed: Some(7),
        clock: Some("2026-03-02T08:00:00+08:00".into()),
        ..Config::default()
    };
    config.traffic.rate_per_minute = Some(0.0);
    config
}

impl Running {
    pub(crate) fn start(config: &Config) -> Self {
        let plan = config.plan(7).expect("the configuration is good");
        let emulator = Emulator::start(plan, Clock::default()).expect("free ports");
        let ready = &emulator.ready()[0];
        let (url, control) = (ready.url.clone(), ready.control.clone());
        Self { emulator, url, control }
    }

    pub(crate) fn quiet() -> Self {
        Self::start(&quiet())
    }

    /// GET of the control API.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        Request::get(&self.control, path).send().await
    }

    /// POST to the control API.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        Request::post(&self.control, path, body).send().await
    }

    /// PUT to the control API.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        let request = Request::new(http::Method::PUT, &self.control, path);
        request.body(body.to_string()).send().await
    }

    /// POST about the device, which must succeed.
    pub(crate) async fn tell(&self, what: &str, body: &Value) -> Value {
        let reply = self.post(&format!("/devices/{SN}/{what}"), body).await;
        assert_eq!(reply.status, 200, "{what} {body}: {}", reply.text());
        reply.json()
    }

    /// Emits; what was made.
    pub(crate) async fn emit(&self, wish: &Value) -> Vec<Value> {
        let answer = self.tell("events", wish).await;
        answer["events"].as_array().expect("a list of events").clone()
    }

    /// The device's status.
    pub(crate) async fn status(&self) -> Value {
        self.get(&format!("/devices/{SN}")).await.json()
    }

    /// The kept entries.
    pub(crate) async fn entries(&self) -> Vec<Value> {
        let answer = self.get(&format!("/devices/{SN}/events?limit=1000")).await.json();
        answer["events"].as_array().expect("a list of events").clone()
    }

    /// Asks for the status again and again until it is as wanted.
    pub(crate) async fn status_when(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let status = self.status().await;
                if wanted(&status) {
                    return status;
                }
            }
        };
        bounded("the status", asking).await
    }

    /// A v3 call with the factory account; its answer's body.
    pub(crate) async fn v3(&self, action: &str, body: Value) -> Value {
        let login = json!({"action": "auth-login", "body":
            {"user": "admin", "passwd": "9990BC737DD5B17E7A5F01B48B2C08AE"}});
        let login = Request::post(&self.url, "/api/v3.x/auth", &login).send().await.json();
        let token = login["body"]["token"].as_str().expect("a token").to_owned();
        let call = json!({"action": action, "body": body});
        let call = Request::post(&self.url, "/api/v3.x/event", &call).header("token", &token);
        call.send().await.json()["body"].take()
    }

    pub(crate) async fn stop(self) {
        bounded("the stop", self.emulator.stop()).await;
    }
}

/// Waits for something that must come.
pub(crate) async fn bounded<T>(what: &str, future: impl Future<Output = T>) -> T {
    match within(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not come within {PATIENCE:?}"),
    }
}
