//! The receivers of a case: how they answer, when they cannot be reached, and which messages are to come.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::given;
use crate::case::span::Span;
use crate::matcher::{Matcher, Request, Template};

/// A receiver of ours, for pushes and reports. It is closed at the end of the case.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Its name. `${NAME.url}` is where it listens.
    #[serde(rename = "as")]
    pub name: String,
    /// Whether it speaks TLS, and whether the device trusts it.
    #[serde(default)]
    pub tls: Tls,
    /// How it answers, one plan a message; the last one goes on. None: `ok`.
    #[serde(default)]
    pub answers: Vec<Plan>,
    /// What the answers are counted by.
    #[serde(default)]
    pub per: Per,
}

/// The TLS of a receiver.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// http.
    #[default]
    None,
    /// https, with the certificate that the device was told to trust.
    Trusted,
    /// https, with a certificate that nobody trusts.
    Untrusted,
}

/// How a receiver answers one message.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Plan {
    /// As the document says: `code` 200, or `retcode` 0 for a report.
    Ok,
    /// HTTP 200 and no body.
    Empty,
    /// HTTP 200 and a body that is no JSON.
    NotJson,
    /// None, and the connection stays open.
    Hang,
    /// The connection is reset when the message is there.
    Reset,
    /// The connection is reset in the middle of the answer.
    ResetMidAnswer,
    /// The first half of the answer; then the connection is closed.
    Half,
    /// `code` 200 with `msg` and without `message` (R-V1-05).
    MsgOnly,
    /// `code` 200 with `message` and without `msg`.
    MessageOnly,
    /// `code` 200 with neither of the texts.
    NoText,
    /// HTTP 200 and this `code`, a number or a text.
    Code(Code),
    /// This status, with this body and these headers.
    Http(HttpPlan),
    /// `ok`, so much later.
    Late(Span),
    /// `ok`, byte by byte, with this pause after each.
    Slow(Span),
}

/// A `code`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a whole number or a text")]
pub enum Code {
    /// As the document says.
    Number(i64),
    /// As a text.
    Text(String),
}

/// What a receiver's answers are counted by.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// Each message has the next answer.
    #[default]
    Message,
    /// Each attempt at one and the same record has the next answer.
    Attempt,
}

/// An answer in full.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpPlan {
    /// The HTTP status.
    #[schemars(range(min = 200, max = 599))]
    pub status: u16,
    /// The body as JSON; left out: none.
    #[serde(default, deserialize_with = "given")]
    pub json: Option<Request>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
}

/// New answers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The receiver.
    pub at: String,
    /// How it answers from now on, one plan a message; the last one goes on.
    #[schemars(length(min = 1))]
    pub answers: Vec<Plan>,
    /// What the answers are counted by.
    #[serde(default)]
    pub per: Per,
}

/// A receiver that cannot be reached, until `heal`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// The receiver.
    pub at: String,
    /// In which way.
    pub kind: OutageKind,
    /// Begins after so many further messages were answered; left out: at once.
    #[serde(default)]
    pub after: Option<u64>,
}

/// In which way a receiver cannot be reached.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum OutageKind {
    /// Connections are refused.
    Refused,
    /// Connections are neither taken nor refused.
    BlackHole,
    /// Connections are taken and reset.
    Reset,
    /// Connections are taken and nothing is answered.
    Hang,
}
/// Messages at a receiver.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The check's name within its case, for lists of known failures; by itself its number.
    #[serde(default)]
    pub id: Option<String>,
    /// The receiver.
    pub at: String,
    /// Which kind of message; others are left alone.
    pub message: Message,
    /// Only messages whose body is like this; others are left alone.
    #[serde(default, rename = "where")]
    pub only: Option<Matcher>,
    /// What each body must be.
    #[serde(default)]
    pub json: Option<Matcher>,
    /// What each message's HTTP headers must be, by name in any case.
    #[serde(default)]
    pub headers: BTreeMap<String, Matcher>,
    /// What each message's method must be; left out: it is not judged.
    #[serde(default)]
    pub method: Option<Matcher>,
    /// How many.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub count: u64,
    /// How many messages with different identities, in place of how many messages: retries of one
    /// record count once.
    #[serde(default)]
    pub distinct: bool,
    /// How long to wait for them.
    #[serde(default = "prompt")]
    pub within: Span,
    /// Waits no longer once nothing came for so long.
    #[serde(default)]
    pub idle: Option<Span>,
    /// What the first one is kept as: `json`, `headers`, `path`, `method`, and `all`, the bodies.
    #[serde(rename = "as", default)]
    pub keep: Option<String>,
}

/// A kind of message that a device sends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// A v1 push.
    Push,
    /// A v3 report.
    Report,
    /// Either, and what is neither.
    Any,
}

/// No message at a receiver.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectNone {
    /// The check's name within its case, for lists of known failures; by itself its number.
    #[serde(default)]
    pub id: Option<String>,
    /// The receiver.
    pub at: String,
    /// Which kind of message; others are left alone.
    pub message: Message,
    /// Only messages whose body is like this; others are left alone.
    #[serde(default, rename = "where")]
    pub only: Option<Matcher>,
    /// How long.
    #[serde(default = "quiet", rename = "for")]
    pub length: Span,
}

/// Whether a message comes to a receiver.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// The receiver.
    pub at: String,
    /// Which kind of message; others are left alone.
    pub message: Message,
    /// Only messages whose body is like this; others are left alone.
    #[serde(default, rename = "where")]
    pub only: Option<Matcher>,
    /// How long at most.
    #[serde(default = "quiet", rename = "for")]
    pub length: Span,
    /// The name under which `seen` or `none` is told.
    pub observe_as: String,
    /// What the message is kept as, if one comes.
    #[serde(rename = "as", default)]
    pub keep: Option<String>,
}

const fn one() -> u64 {
    1
}

const fn prompt() -> Span {
    Span::Prompt
}

const fn quiet() -> Span {
    Span::Quiet
}
