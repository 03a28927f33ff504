//! What a case asks the device, and what it wants answered.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::given;
use crate::case::span::Span;
use crate::matcher::{Matcher, Request, Template};

/// A request to the device.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename_all = "snake_case")]
pub enum Call {
    /// To the v3 API: POST of an action.
    V3(V3Call),
    /// To the v1 API.
    V1(V1Call),
}

/// A request to the v3 API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct V3Call {
    /// The last part of the path: `event`, `auth`, `device`, `acm`.
    #[serde(default = "event")]
    pub service: String,
    /// The whole path, in place of the usual one.
    #[serde(default)]
    pub path: Option<Template>,
    /// The method, POST by itself.
    #[serde(default)]
    pub method: Option<String>,
    /// `action` of the message; left out: none.
    #[serde(default)]
    pub action: Option<Template>,
    /// `header` of the message; left out: a `reqid` of the suite's, which must come back; `null`:
    /// none.
    #[serde(default, deserialize_with = "given")]
    pub header: Option<Request>,
    /// `body` of the message; left out: none.
    #[serde(default, deserialize_with = "given")]
    pub body: Option<Request>,
    /// The whole request body as text, in place of a message.
    #[serde(default)]
    pub raw: Option<Template>,
    /// `valid`, `none`, `unknown`, or a text to send as it is. By itself `valid`, and `none` for the
    /// service `auth`.
    #[serde(default)]
    pub token: Option<Template>,
    /// The name of the token's HTTP header, `Token` by itself.
    #[serde(default)]
    pub token_header: Option<String>,
    /// What the answer is kept as: `status`, `headers`, `json`, `text`.
    #[serde(rename = "as", default)]
    pub keep: Option<String>,
    /// Asks again and again until the answer is as expected, for so long at most.
    #[serde(default)]
    pub until: Option<Span>,
    /// What the answer must be; left out: `{"is": "ok"}`.
    #[serde(default)]
    pub expect: Expected,
}

/// A request to the v1 API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct V1Call {
    /// The method.
    pub method: String,
    /// The path, `/v1/event/subscribe` by itself.
    #[serde(default)]
    pub path: Option<Template>,
    /// Whether the account is sent along, where the suite was given one (R-V1-20).
    #[serde(default)]
    pub auth: Auth,
    /// The whole header `Authorization`, in place of the account: `Bearer ${login.json.data.token}`.
    #[serde(default)]
    pub authorization: Option<Template>,
    /// The request body as JSON.
    #[serde(default, deserialize_with = "given")]
    pub json: Option<Request>,
    /// The request body as text.
    #[serde(default)]
    pub raw: Option<Template>,
    /// What the answer is kept as: `status`, `headers`, `json`, `text`.
    #[serde(rename = "as", default)]
    pub keep: Option<String>,
    /// Asks again and again until the answer is as expected, for so long at most.
    #[serde(default)]
    pub until: Option<Span>,
    /// What the answer must be; left out: `{"is": "ok"}`.
    #[serde(default)]
    pub expect: Expected,
}

/// Whether a v1 request carries the account.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// With Basic authentication, where the suite was given an account.
    #[default]
    Account,
    /// Without.
    None,
}

/// What an answer must be.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The check's name within its case, for lists of known failures; by itself its number.
    #[serde(default)]
    pub id: Option<String>,
    /// The envelope; left out: `ok`, or `anything` where `one_of` is there.
    #[serde(default)]
    pub is: Option<Is>,
    /// The HTTP status.
    #[serde(default)]
    pub status: Option<Matcher>,
    /// The whole body.
    #[serde(default)]
    pub json: Option<Matcher>,
    /// HTTP headers, by name in any case.
    #[serde(default)]
    pub headers: BTreeMap<String, Matcher>,
    /// Readings of which one must hold, the first that does is told.
    #[serde(default)]
    pub one_of: Vec<Reading>,
    /// The name under which the reading is told.
    #[serde(default)]
    pub observe_as: Option<String>,
    /// Whether no answer at all is allowed too.
    #[serde(default)]
    pub answer: Answering,
}

/// One of several readings of a ruling.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Its name, as it is told.
    pub reading: String,
    /// The envelope; left out: `ok`.
    #[serde(default)]
    pub is: Option<Is>,
    /// The HTTP status.
    #[serde(default)]
    pub status: Option<Matcher>,
    /// The whole body.
    #[serde(default)]
    pub json: Option<Matcher>,
}

/// The envelope of an answer, in the words of neither API.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Is {
    /// v3: HTTP 200, JSON, `retcode` 0 and the `reqid` sent. v1: HTTP 200, JSON, `code` 200, `msg` a
    /// text, `data` there.
    Ok,
    /// v3: JSON with an integer `retcode` other than 0 (R-V3-03). v1: JSON with an integer `code`
    /// other than 200.
    Refused,
    /// Any answer.
    Anything,
}

/// Whether an answer has to come.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Answering {
    /// It must come within 10 s.
    #[default]
    Required,
    /// None is as good; then nothing else is judged.
    Optional,
}

fn event() -> String {
    "event".to_owned()
}
