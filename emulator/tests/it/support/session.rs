//! Somebody who is logged in over v3.

use serde_json::{Value, json};

use super::{Request, Running};

const DIGEST: &str = "9990BC737DD5B17E7A5F01B48B2C08AE";

/// A token, and where it is good.
pub(crate) struct Session {
    url: String,
    token: String,
}

impl Session {
    /// Logs in with the factory account.
    pub(crate) async fn start(running: &Running) -> Self {
        let login = json!({"action": "auth-login", "body": {"user": "admin", "passwd": DIGEST}});
        let answer = Request::post(&running.url, "/api/v3.x/auth", &login).send().await.json();
        let token = answer["body"]["token"].as_str().expect("a token").to_owned();
        Self { url: running.url.clone(), token }
    }

    /// A call; its answer. An action's first word names the service that it belongs to.
    pub(crate) async fn ask(&self, action: &str, body: &Value) -> Value {
        let service = match action.split_once('-') {
            Some(("user", _)) => "acm",
            Some((service @ ("auth" | "event"), _)) => service,
            _ => "device",
        };
        let call = json!({"action": action, "header": {"reqid": "7"}, "body": body});
        let call = Request::post(&self.url, &format!("/api/v3.x/{service}"), &call);
        call.header("token", &self.token).send().await.json()
    }
}
