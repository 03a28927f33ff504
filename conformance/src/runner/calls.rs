//! Asking the device, and what its answers must be.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::stage::{Done, Judged, Stage, Stop, Token};
use crate::case::step::{Answering, Auth, Call, Expected, Is, Reading, V1Call, V3Call};
use crate::clock;
use crate::json::{TrailingCommas, read};
use crate::matcher::{Comparison, Matcher, Mismatch, TemplateError, compare};
use crate::outcome::{AnswerDraft, ExchangeDraft, Skip};
use crate::target::wire::Ask;

/// A pause between two tries, so that waiting for a restart is no flood.
const AGAIN: Duration = Duration::from_millis(100);

/// After this long without use a token is not trusted to live: R-V3-02 gives it an hour, and what
/// hardware gives it is not known.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// A token that no device handed out.
const UNKNOWN_TOKEN: &str = "vestibule-0000000000000000";

/// A request that is ready to be sent.
struct Ready {
    api: Api,
    ask: Ask,
    /// The `reqid` that must come back.
    reqid: Option<Value>,
    auth: Auth,
    token: Bears,
    title: String,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Api {
    V1,
    V3,
}

/// Which token a request bears.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Bears {
    /// That of the case's own login.
    Valid,
    /// Another one, or none.
    Other,
}

/// Whether a token may have been over when it was used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Spent {
    Yes,
    No,
}

/// An answer as it can be compared.
struct Answered {
    status: u16,
    headers: Value,
    json: Option<Value>,
    whole: Value,
}

/// The services of the vendor's manual, which a device may lack as a whole or in part.
const MANUALS: [&str; 2] = ["device", "acm"];

impl Stage<'_> {
    pub(super) async fn call(&mut self, call: &Call) -> Done {
        let (keep, until, expected) = match call {
            Call::V3(call) => (&call.keep, call.until, &call.expect),
            Call::V1(call) => (&call.keep, call.until, &call.expect),
        };
        if changes_subscription(call) {
            self.keep_subscription().await?;
        }
        let until = until.map(|span| clock::mono() + self.settings.spans.length(span));
        let mut spent = Spent::No;
        loop {
            let ready = self.ready(call).await?;
            let exchange = self.send(&ready, keep.as_deref()).await?;
            if let Call::V1(call) = call {
                let path = call.path.as_ref().and_then(|path| path.plain()).unwrap_or_default();
                lacks_path(&call.method, path, &exchange)?;
            }
            let mut judged = self.judge_answer(&ready, &exchange, expected);
            let again = until.is_some_and(|until| clock::mono() < until);
            let fails = !judged.mismatches.is_empty();
            if fails && spent == Spent::No && exchange.answer.is_some() {
                spent = self.forget_spent_token(ready.token);
                if spent == Spent::Yes {
                    continue;
                }
            }
            if again && fails {
                clock::wait(Some(AGAIN)).await;
                continue;
            }
            if fails {
                self.skip_if_lacking(call, &exchange).await?;
            }
            self.found.timing |= until.is_some() && fails;
            self.take(&mut judged);
            if let (Some(name), Some(answer)) = (keep, &exchange.answer) {
                let whole = answered(answer).whole;
                self.scope.keep(name, whole);
            }
            let ended = self.judge(expected.id.as_deref(), ready.title, judged.mismatches);
            // What an answer says can be used also where it is wrong; where none came, it cannot.
            return match (&exchange.answer, expected.answer) {
                (None, Answering::Required) => ended.or_stop(),
                _ if ended == Judged::Fails && self.at_setup() => Err(Stop::Failed),
                _ => Ok(()),
            };
        }
    }

    /// These actions are the manual's and not the page's: a device that meets one as it meets an
    /// action that nobody has does not have it.
    async fn skip_if_lacking(&mut self, call: &Call, exchange: &ExchangeDraft) -> Done {
        let Call::V3(call) = call else {
            return Ok(());
        };
        let action = call.action.as_ref().and_then(|action| action.plain());
        match (action, self.target.v3.as_mut()) {
            (Some(action), Some(v3)) if MANUALS.contains(&call.service.as_str()) => {
                let is_unknown = v3.is_unknown(&call.service, exchange).await;
                if is_unknown { Err(lacks(action)) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn at_setup(&self) -> bool {
        self.number.starts_with("setup-")
    }

    async fn ready(&mut self, call: &Call) -> Result<Ready, Stop> {
        match call {
            Call::V3(call) => {
                let (bears, token) = self.token(call).await?;
                let ready = self.ready_v3(call, token).map_err(|error| self.nowhere(&error))?;
                Ok(Ready { token: bears, ..ready })
            }
            Call::V1(call) => self.ready_v1(call).map_err(|error| self.nowhere(&error)),
        }
    }

    async fn token(&mut self, call: &V3Call) -> Result<(Bears, Option<String>), Stop> {
        let wanted = match &call.token {
            Some(template) => {
                template.fill_text(&self.scope).map_err(|error| self.nowhere(&error))?
            }
            None if call.service == "auth" => "none".to_owned(),
            None => "valid".to_owned(),
        };
        Ok(match wanted.as_str() {
            "none" => (Bears::Other, None),
            "unknown" => (Bears::Other, Some(UNKNOWN_TOKEN.to_owned())),
            "valid" => (Bears::Valid, self.valid_token().await),
            _ => (Bears::Other, Some(wanted)),
        })
    }

    /// A token of this case's own login, so that no case depends on what another did to tokens; a
    /// new one where the last may have died of idleness.
    pub(super) async fn valid_token(&mut self) -> Option<String> {
        let now = clock::mono();
        let idle_max = self.target.token_ttl.map_or(IDLE_MAX, |ttl| IDLE_MAX.min(ttl / 2));
        let fresh = |token: &&mut Token| now.saturating_duration_since(token.used) < idle_max;
        if let Some(token) = self.token.as_mut().filter(fresh) {
            token.used_before = std::mem::replace(&mut token.used, now);
            return Some(token.text.clone());
        }
        let v3 = self.target.v3.as_mut()?;
        let exchange = v3.login(&self.settings.run_id).await;
        let token = v3.token.clone();
        self.token = token.map(|text| Token { text, used: now, used_before: now });
        self.found.calls.push(exchange);
        self.token.as_ref().map(|token| token.text.clone())
    }

    /// Forgets the token of the last request if it may have been over before that arrived, because this
    /// machine was so slow: a refusal says nothing of the device then.
    pub(super) fn forget_spent_token(&mut self, bears: Bears) -> Spent {
        let now = clock::mono();
        let is_spent = |token: &mut Token| {
            let age = now.saturating_duration_since(token.used_before);
            bears == Bears::Valid && self.target.token_ttl.is_some_and(|ttl| age >= ttl)
        };
        self.token.take_if(is_spent).map_or(Spent::No, |_| Spent::Yes)
    }

    fn ready_v3(&self, call: &V3Call, token: Option<String>) -> Result<Ready, TemplateError> {
        let scope = &self.scope;
        let prefix = self.target.v3.as_ref().map_or("", |v3| v3.path.as_str());
        let path = match &call.path {
            Some(path) => path.fill_text(scope)?,
            None => format!("{prefix}/{}", call.service),
        };
        let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        let name = call.token_header.clone().unwrap_or_else(|| "Token".to_owned());
        headers.extend(token.map(|token| (name, token)));
        let method = call.method.clone().unwrap_or_else(|| "POST".to_owned());
        let mut reqid = None;
        let (body, title) = match &call.raw {
            Some(raw) => (raw.fill_text(scope)?, format!("the answer to {method} {path}")),
            None => {
                let mut message = Map::new();
                let action = call.action.as_ref().map(|action| action.fill(scope)).transpose()?;
                let title = match &action {
                    Some(action) => format!("the answer to {}", text(action)),
                    None => "the answer to a message without action".to_owned(),
                };
                message.extend(action.map(|action| ("action".to_owned(), action)));
                let header = match &call.header {
                    Some(header) => header.fill(scope)?,
                    None => json!({"reqid": format!("{}-{}", self.settings.run_id, self.number)}),
                };
                reqid = header.get("reqid").filter(|reqid| reqid.is_string()).cloned();
                if !header.is_null() {
                    message.insert("header".to_owned(), header);
                }
                if let Some(body) = &call.body {
                    message.insert("body".to_owned(), body.fill(scope)?);
                }
                (Value::Object(message).to_string(), title)
            }
        };
        let ask = Ask { method, path, headers, body: body.into_bytes() };
        Ok(Ready { api: Api::V3, ask, reqid, auth: Auth::None, token: Bears::Other, title })
    }

    fn ready_v1(&self, call: &V1Call) -> Result<Ready, TemplateError> {
        let path = match &call.path {
            Some(path) => path.fill_text(&self.scope)?,
            None => "/v1/event/subscribe".to_owned(),
        };
        let body = match (&call.json, &call.raw) {
            (Some(json), _) => json.fill(&self.scope)?.to_string(),
            (None, Some(raw)) => raw.fill_text(&self.scope)?,
            (None, None) => String::new(),
        };
        let typed = ("Content-Type".to_owned(), "application/json".to_owned());
        let mut headers = if body.is_empty() { Vec::new() } else { vec![typed] };
        let mut auth = call.auth;
        if let Some(authorization) = &call.authorization {
            auth = Auth::None;
            headers.push(("Authorization".to_owned(), authorization.fill_text(&self.scope)?));
        }
        let title = format!("the answer to {} {path}", call.method);
        let ask = Ask { method: call.method.clone(), path, headers, body: body.into_bytes() };
        Ok(Ready { api: Api::V1, ask, reqid: None, auth, token: Bears::Other, title })
    }

    async fn send(&mut self, ready: &Ready, name: Option<&str>) -> Result<ExchangeDraft, Stop> {
        let gone = || Stop::Error("the case asks an API that is not there".to_owned());
        let name = name.unwrap_or_default();
        let ask = ready.ask.clone();
        let exchange = match ready.api {
            Api::V3 => self.target.v3.as_mut().ok_or_else(gone)?.wire.ask(ask, name).await,
            Api::V1 if ready.auth == Auth::None => {
                self.target.v1.as_mut().ok_or_else(gone)?.wire.ask(ask, name).await
            }
            Api::V1 => self.target.v1.as_mut().ok_or_else(gone)?.ask(ask, name).await,
        };
        self.found.calls.push(exchange.clone());
        Ok(exchange)
    }

    fn judge_answer(
        &mut self,
        ready: &Ready,
        exchange: &ExchangeDraft,
        expected: &Expected,
    ) -> Comparison {
        let Some(answer) = &exchange.answer else {
            let mut none = Comparison::default();
            match (expected.answer, &expected.observe_as) {
                (Answering::Required, _) => {
                    let seen = exchange.failure.clone().unwrap_or_default();
                    none.mismatches.push(mismatch("", "an answer", &seen));
                }
                (Answering::Optional, Some(name)) => {
                    none.readings.push((name.clone(), "no answer".to_owned()));
                }
                (Answering::Optional, None) => {}
            }
            return none;
        };
        let commas = read(&answer.body).is_ok_and(|read| read.commas == TrailingCommas::Some);
        let answer = answered(answer);
        let is = match expected.is {
            Some(is) => is,
            None if expected.one_of.is_empty() => Is::Ok,
            None => Is::Anything,
        };
        let mut all = Comparison::default();
        if commas {
            all.readings.push(("v3.trailing-commas".to_owned(), "true".to_owned()));
        }
        envelope(is, ready, &answer, &mut all.mismatches);
        self.part(expected.status.as_ref(), Some(&json!(answer.status)), "status", &mut all);
        self.part(expected.json.as_ref(), answer.json.as_ref(), "", &mut all);
        for (name, header) in &expected.headers {
            let seen = answer.headers.get(name.to_lowercase());
            self.part(Some(header), seen, &format!("header {name}"), &mut all);
        }
        if !expected.one_of.is_empty() {
            self.readings(expected, ready, &answer, &mut all);
        }
        all
    }

    /// The first reading that fits; where none does, one mismatch says what was seen.
    fn readings(
        &self,
        expected: &Expected,
        ready: &Ready,
        answer: &Answered,
        all: &mut Comparison,
    ) {
        for one in &expected.one_of {
            let mut tried = self.reading(one, ready, answer);
            if tried.mismatches.is_empty() {
                let name = expected.observe_as.clone().unwrap_or_default();
                all.readings.push((name, one.reading.clone()));
                all.readings.append(&mut tried.readings);
                all.kept.append(&mut tried.kept);
                all.drift.append(&mut tried.drift);
                return;
            }
        }
        let names: Vec<&str> = expected.one_of.iter().map(|one| one.reading.as_str()).collect();
        let wanted = format!("one of the readings {}", names.join(", "));
        let seen = format!("HTTP {} and {}", answer.status, shown(answer));
        all.mismatches.push(mismatch("", &wanted, &seen));
    }

    fn reading(&self, one: &Reading, ready: &Ready, answer: &Answered) -> Comparison {
        let mut tried = Comparison::default();
        envelope(one.is.unwrap_or(Is::Ok), ready, answer, &mut tried.mismatches);
        self.part(one.status.as_ref(), Some(&json!(answer.status)), "status", &mut tried);
        self.part(one.json.as_ref(), answer.json.as_ref(), "", &mut tried);
        tried
    }

    /// Compares one part of an answer; `whole` is what stands for it where the whole differs.
    fn part(
        &self,
        expected: Option<&Matcher>,
        seen: Option<&Value>,
        whole: &str,
        all: &mut Comparison,
    ) {
        let Some(expected) = expected else {
            return;
        };
        let mut part = compare(expected, seen, self.seen());
        for one in &mut part.mismatches {
            if one.path.is_empty() {
                whole.clone_into(&mut one.path);
            }
        }
        all.mismatches.append(&mut part.mismatches);
        all.readings.append(&mut part.readings);
        all.kept.append(&mut part.kept);
        all.drift.append(&mut part.drift);
    }
}

/// The paths of the manual, which are not the push page's: a device may lack them.
const MANUALS_PATHS: [&str; 8] = [
    "/v1/auth/login",
    "/v1/auth/errors",
    "/v1/event",
    "/v1/event/records",
    "/v1/device/info",
    "/v1/device/door",
    "/v1/device/reboot",
    "/v2/datasync/ping",
];

/// Ends a case that asks for a path of the manual where the device has none.
pub(super) fn lacks_path(method: &str, path: &str, exchange: &ExchangeDraft) -> Result<(), Stop> {
    let Some(answer) = exchange.answer.as_ref().filter(|_| MANUALS_PATHS.contains(&path)) else {
        return Ok(());
    };
    // A device may answer every error under HTTP 200 (R-V1-02).
    let code = answered(answer).json.and_then(|json| json["code"].as_u64());
    if [Some(answer.status.into()), code].iter().any(|one| matches!(one, Some(404 | 405 | 501))) {
        let why = format!("it has no {method} {path}: the answer is 404, 405 or 501");
        return Err(Stop::Skip(Skip::Absent(why)));
    }
    Ok(())
}

/// What ends a case about an action that the device does not have.
pub(super) fn lacks(action: &str) -> Stop {
    let why = format!("it meets {action} as it meets an action that nobody has");
    Stop::Skip(Skip::Absent(why))
}

/// Whether a request may change the subscription, so that it must be known how to put it back.
fn changes_subscription(call: &Call) -> bool {
    match call {
        Call::V1(call) => {
            let elsewhere = call.path.as_ref().and_then(|path| path.plain());
            call.method != "GET" && elsewhere.is_none_or(|path| path.ends_with("/subscribe"))
        }
        Call::V3(_) => false,
    }
}

fn envelope(is: Is, ready: &Ready, answer: &Answered, out: &mut Vec<Mismatch>) {
    if is == Is::Anything {
        return;
    }
    let Some(json) = answer.json.as_ref().filter(|json| json.is_object()) else {
        out.push(mismatch("", "a JSON object", &shown(answer)));
        return;
    };
    let (name, good) = match ready.api {
        Api::V3 => ("retcode", 0),
        Api::V1 => ("code", 200),
    };
    let code = json.get(name).filter(|code| code.is_i64() || code.is_u64());
    let told = json.get(name).map_or_else(|| "nothing".to_owned(), Value::to_string);
    match (is, code.and_then(Value::as_i64)) {
        (Is::Ok, Some(code)) if code == good => {}
        (Is::Ok, _) => out.push(mismatch(name, &good.to_string(), &told)),
        (_, Some(code)) if code != good => {}
        _ => out.push(mismatch(name, &format!("an integer other than {good}"), &told)),
    }
    if is == Is::Refused {
        return;
    }
    if answer.status != 200 {
        out.push(mismatch("status", "200", &answer.status.to_string()));
    }
    match ready.api {
        Api::V3 => {
            let back = json.get("header").and_then(|header| header.get("reqid"));
            if ready.reqid.is_some() && back != ready.reqid.as_ref() {
                let show = |one: Option<&Value>| one.map_or("nothing".into(), Value::to_string);
                out.push(mismatch("header.reqid", &show(ready.reqid.as_ref()), &show(back)));
            }
        }
        Api::V1 => {
            if !json.get("msg").is_some_and(Value::is_string) {
                let seen = json.get("msg").map_or_else(|| "nothing".to_owned(), Value::to_string);
                out.push(mismatch("msg", "a text", &seen));
            }
            if json.get("data").is_none() {
                out.push(mismatch("data", "null or an object", "nothing"));
            }
        }
    }
}

fn answered(answer: &AnswerDraft) -> Answered {
    let headers: Map<String, Value> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), Value::from(value.as_str())))
        .collect();
    let json = read(&answer.body).ok().map(|read| read.value);
    let body = String::from_utf8_lossy(&answer.body);
    let whole = json!({
        "status": answer.status, "headers": headers, "json": json, "text": body
    });
    Answered { status: answer.status, headers: Value::Object(headers), json, whole }
}

fn shown(answer: &Answered) -> String {
    match (&answer.json, &answer.whole["text"]) {
        (Some(json), _) => json.to_string().chars().take(200).collect(),
        (None, Value::String(text)) if text.is_empty() => "no body".to_owned(),
        (None, text) => {
            format!("no JSON: {}", text.to_string().chars().take(80).collect::<String>())
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn mismatch(path: &str, expected: &str, seen: &str) -> Mismatch {
    let (path, expected, seen) = (path.to_owned(), expected.to_owned(), seen.to_owned());
    Mismatch { path, expected, seen }
}
