//! A device's settings by v3 `config-fetch` and `config-set`, and its other device actions.

use serde_json::{Value, json};

use super::V3;
use super::discover::body;
use crate::outcome::ExchangeDraft;

/// The setting that decides whether images are kept (R-V3-26).
pub(crate) const LOG_MODE: &str = "log-mode";

impl V3 {
    /// Asks the device service with a fresh login; the answer where `retcode` is 0, else why not.
    pub(crate) async fn device(
        &mut self,
        action: &str,
        sent: Option<Value>,
    ) -> Result<Value, String> {
        let exchange = self.ask_device(action, sent).await;
        Self::done(action, exchange)
    }

    /// Asks the device service with a fresh login.
    pub(crate) async fn ask_device(&mut self, action: &str, sent: Option<Value>) -> ExchangeDraft {
        self.ask_service("device", action, sent).await
    }

    async fn ask_service(
        &mut self,
        service: &str,
        action: &str,
        sent: Option<Value>,
    ) -> ExchangeDraft {
        let mut message = json!({"action": action, "header": {"reqid": action}});
        if let Some(sent) = sent {
            message["body"] = sent;
        }
        self.login(action).await;
        let token = self.token.clone();
        self.post(service, &message, token.as_deref(), action).await
    }

    /// Whether the device met an action of that service, in that exchange, as it meets one that no device has:
    /// by the same `retcode`, or by no answer.
    pub(crate) async fn is_unknown(&mut self, service: &str, exchange: &ExchangeDraft) -> bool {
        let met = |exchange: &ExchangeDraft| {
            exchange.answer.as_ref().map(|_| body(exchange)["retcode"].as_i64())
        };
        let asked = met(exchange);
        if asked == Some(Some(0)) || asked == Some(None) {
            return false;
        }
        let unknown = self.ask_service(service, "no-such-action", None).await;
        // One that is not there at all answers nothing, whatever it has.
        self.token.is_some() && met(&unknown) == asked
    }

    /// The answer where `retcode` is 0, else why not.
    pub(crate) fn done(action: &str, exchange: ExchangeDraft) -> Result<Value, String> {
        let answer = body(&exchange);
        match answer["retcode"].as_i64() {
            Some(0) => Ok(answer),
            Some(code) => Err(format!("{action}: retcode {code}")),
            None => {
                let why = exchange.failure.unwrap_or_else(|| "no retcode came".to_owned());
                Err(format!("{action}: {why}"))
            }
        }
    }

    /// The settings with these keys.
    pub(crate) async fn configs(&mut self, keys: &[&str]) -> Result<Vec<(String, String)>, String> {
        let answer = self.device("config-fetch", None).await?;
        // The manual shows a list; where it stands, firmware differs.
        let list = ["configs", "config"].iter().find_map(|name| answer["body"][*name].as_array());
        let list = list.or_else(|| answer["body"].as_array());
        let list = list.ok_or("config-fetch shows no list")?;
        let mut found = Vec::new();
        for one in list {
            if let (Some(key), Some(value)) = (one["key"].as_str(), one["value"].as_str())
                && keys.contains(&key)
            {
                found.push((key.to_owned(), value.to_owned()));
            }
        }
        match keys.iter().find(|key| !found.iter().any(|(known, _)| known == *key)) {
            Some(missing) => Err(format!("config-fetch does not show {missing}")),
            None => Ok(found),
        }
    }

    /// Sets settings.
    pub(crate) async fn set_configs(&mut self, values: &[(String, String)]) -> Result<(), String> {
        let configs: Vec<Value> =
            values.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        self.device("config-set", Some(json!({ "configs": configs }))).await.map(drop)
    }
}
