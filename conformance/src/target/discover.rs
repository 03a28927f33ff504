//! Finding out what a device answers.
//!
//! Promises that an API counts as absent only where the device says so: an answer that is wrong in
//! any other way is the device's fault, for the cases to judge.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::configs::LOG_MODE;
use super::control::{Control, ControlError};
use super::wire::{Ask, Met, PATIENCE, Wire};
use super::{Target, V1, V3, unix_ms};
use crate::clock;
use crate::http::{HttpError, Limits};
use crate::outcome::ExchangeDraft;
use crate::trust::Trust;

/// What the user said about the device.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where the v3 API is, and the v1 API too unless it is elsewhere.
    pub url: String,
    /// Where the v1 API is.
    pub v1_url: Option<String>,
    /// The path before a v3 service.
    pub v3_path: String,
    /// Which APIs to judge.
    pub apis: Apis,
    /// The v3 account, its password as a digest.
    pub user: String,
    /// See `user`.
    pub digest: String,
    /// The v1 account, as `user:password`.
    pub v1_basic: Option<String>,
    /// The control API of an emulator, its token, and the serial number.
    pub control: Option<(String, Option<String>, Option<String>)>,
    /// Whose certificates are believed; none where no address is https.
    pub trust: Option<Trust>,
    /// How long a token lives, where that is known.
    pub token_ttl: Option<Duration>,
    /// The `mode` it verifies by, where that is known.
    pub mode: Option<u8>,
    /// Whether it is known to take health codes.
    pub health_codes: bool,
    /// Whether it is known to take a part of a minute for the `validTime` of a v1 token.
    pub short_tokens: bool,
}

/// Which APIs to judge.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Apis {
    /// Those that answer.
    Answering,
    /// v1 alone.
    V1,
    /// v3 alone.
    V3,
    /// Both, whether they answer or not.
    Both,
}

/// Why there is nothing to judge.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The URL cannot be asked.
    #[error("the device's URL cannot be used")]
    Url(#[source] HttpError),
    /// Nobody answers.
    #[error("the device does not answer: {0}")]
    Unreachable(String),
    /// Somebody is there, and might be anybody.
    #[error("whoever answers is not believed to be the device: {0}")]
    Untrusted(String),
    /// Somebody answers, and neither API is there.
    #[error("{0} has neither API: both paths answer 404 or the like")]
    Neither(String),
    /// The control API does not do.
    #[error("the control API cannot be used")]
    Control(#[source] ControlError),
}

/// A timestamp before this, 2001-09-09, is no moment of a calendar: the device counts from its start.
const CALENDAR_S: i64 = 1_000_000_000;

/// Asks the device what it has.
///
/// # Errors
///
/// When there is nothing to judge.
pub async fn discover(wanted: &Wanted, origin: Instant) -> Result<Target, DiscoverError> {
    let limits = Limits { connect: PATIENCE, answer: PATIENCE, ..Limits::default() };
    let wire = |url: &str| {
        Wire::new(url, origin, limits, wanted.trust.as_ref()).map_err(DiscoverError::Url)
    };
    let v1_url = wanted.v1_url.as_deref().unwrap_or(&wanted.url);
    let mut v3 = V3 {
        url: wanted.url.clone(),
        path: wanted.v3_path.trim_end_matches('/').to_owned(),
        user: wanted.user.clone(),
        digest: wanted.digest.clone(),
        wire: wire(&wanted.url)?,
        token: None,
    };
    let basic = wanted.v1_basic.clone();
    let mut v1 = V1 { url: v1_url.to_owned(), basic, wire: wire(v1_url)? };
    let mut found = Found::default();
    let with_v3 = wanted.apis != Apis::V1 && found.ask_v3(&mut v3, wanted.apis).await;
    let with_v1 = wanted.apis != Apis::V3 && found.ask_v1(&mut v1, wanted.apis).await;
    if !found.reached && [&v3.wire, &v1.wire].iter().any(|wire| wire.met() == Met::Stranger) {
        return Err(DiscoverError::Untrusted(found.why));
    }
    if !found.reached {
        return Err(DiscoverError::Unreachable(found.why));
    }
    if !with_v3 && !with_v1 {
        return Err(DiscoverError::Neither(wanted.url.clone()));
    }
    let control = match &wanted.control {
        Some((url, token, sn)) => {
            let control = Control::connect(url, token.as_deref(), sn.as_deref(), origin).await;
            Some(control.map_err(DiscoverError::Control)?)
        }
        None => None,
    };
    Ok(Target {
        v3: with_v3.then_some(v3),
        v1: with_v1.then_some(v1),
        control,
        token_ttl: wanted.token_ttl,
        ahead_ms: found.ahead_ms.unwrap_or_default(),
        mode: wanted.mode,
        health_codes: wanted.health_codes,
        short_tokens: wanted.short_tokens,
        images: found.images,
        sn: found.sn,
        device_id: found.device_id,
        facts: found.facts,
    })
}

#[derive(Default)]
struct Found {
    reached: bool,
    why: String,
    ahead_ms: Option<i64>,
    sn: Option<String>,
    device_id: Option<String>,
    images: bool,
    facts: Vec<(String, String)>,
}

impl Found {
    async fn ask_v3(&mut self, v3: &mut V3, apis: Apis) -> bool {
        let login = v3.login("discovery").await;
        // A v3 answer has a `retcode` whatever its status: the path exists, and is judged.
        let there = self.there(&login, |body| body["retcode"].is_number());
        let answer = body(&login);
        self.clock(answer["body"]["timestamp"].as_i64());
        if there {
            self.images = v3.configs(&[LOG_MODE]).await.is_ok();
            self.device_info(v3).await;
        }
        there || (self.reached && matches!(apis, Apis::V3 | Apis::Both))
    }

    async fn device_info(&mut self, v3: &mut V3) {
        let Ok(answer) = v3.device("device-info", None).await else {
            return;
        };
        let text = |key: &str| answer["body"][key].as_str().map(str::to_owned);
        self.device_id = text("device-id");
        for key in ["product-id", "hardware-version", "walos-version"] {
            self.facts.extend(text(key).map(|fact| (key.to_owned(), fact)));
        }
    }

    async fn ask_v1(&mut self, v1: &mut V1, apis: Apis) -> bool {
        let path = "/v1/event/subscribe".to_owned();
        let ask = Ask { method: "GET".to_owned(), path, ..Ask::default() };
        let asked = v1.ask(ask, "discovery").await;
        let there = self.there(&asked, |_| false);
        let headers = asked.answer.iter().flat_map(|answer| &answer.headers);
        for (name, value) in headers {
            match name.as_str() {
                "timestamp" => self.clock(value.parse().ok()),
                "sn" => self.sn = Some(value.clone()),
                "model" => self.facts.push(("model".to_owned(), value.clone())),
                _ => {}
            }
        }
        there || (self.reached && matches!(apis, Apis::V1 | Apis::Both))
    }

    /// An API is absent where its path does not exist.
    fn there(&mut self, exchange: &ExchangeDraft, own_form: fn(&Value) -> bool) -> bool {
        match &exchange.answer {
            Some(answer) => {
                self.reached = true;
                !matches!(answer.status, 404 | 405 | 501) || own_form(&body(exchange))
            }
            None => {
                self.why = exchange.failure.clone().unwrap_or_default();
                false
            }
        }
    }

    /// Takes the device's clock from a stamp in seconds or milliseconds; the first one counts.
    fn clock(&mut self, stamp: Option<i64>) {
        let Some(stamp) = stamp.filter(|stamp| *stamp > CALENDAR_S && self.ahead_ms.is_none())
        else {
            return;
        };
        let ms = if stamp > CALENDAR_S * 1_000 { stamp } else { stamp * 1_000 };
        self.ahead_ms = Some(ms - unix_ms(clock::wall()));
    }
}

pub(crate) fn body(exchange: &ExchangeDraft) -> Value {
    let body = exchange.answer.as_ref().map(|answer| answer.body.as_slice());
    body.and_then(|body| crate::json::read(body).ok()).map_or(Value::Null, |read| read.value)
}

impl V3 {
    /// Logs in, and keeps the token; `name` is for the `reqid`.
    pub async fn login(&mut self, name: &str) -> ExchangeDraft {
        let account = json!({"user": self.user, "passwd": self.digest});
        let message = json!({
            "action": "auth-login", "header": {"reqid": format!("{name}-login")}, "body": account
        });
        let exchange = self.post("auth", &message, None, "").await;
        let token = &body(&exchange)["body"]["token"];
        self.token = token.as_str().map(str::to_owned);
        exchange
    }

    /// Sends a message to a service.
    pub async fn post(
        &mut self,
        service: &str,
        message: &Value,
        token: Option<&str>,
        name: &str,
    ) -> ExchangeDraft {
        let token = token.map(|token| ("Token".to_owned(), token.to_owned()));
        let ask = Ask {
            method: "POST".to_owned(),
            path: format!("{}/{service}", self.path),
            headers: token.into_iter().collect(),
            body: message.to_string().into_bytes(),
        };
        self.wire.ask(ask, name).await
    }
}

impl V1 {
    /// Asks, with the account where there is one.
    pub async fn ask(&mut self, ask: Ask, name: &str) -> ExchangeDraft {
        let ask = self.with_account(ask);
        self.wire.ask(ask, name).await
    }

    /// The request, with the account where there is one.
    pub(crate) fn with_account(&self, mut ask: Ask) -> Ask {
        if let Some(basic) = &self.basic {
            use base64::Engine;
            let basic = base64::engine::general_purpose::STANDARD.encode(basic);
            ask.headers.push(("Authorization".to_owned(), format!("Basic {basic}")));
        }
        ask
    }
}
