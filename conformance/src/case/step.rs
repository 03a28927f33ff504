//! The steps of a case, as types.
//!
//! A step is an object with one member, whose name says what is done. What a step keeps under `as`
//! is there for the steps behind it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::span::Span;
use crate::matcher::{Matcher, Request, Template};

/// One thing that is done or expected: an object with one member.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename_all = "snake_case")]
pub enum Step {
    /// Asks the device, as a client.
    Call(Box<Call>),
    /// Opens a receiver of ours, for pushes and reports.
    Listen(Listen),
    /// Changes how a receiver answers from now on.
    Answer(Answer),
    /// Makes a receiver unreachable.
    Outage(Outage),
    /// Makes a receiver reachable again.
    Heal(At),
    /// Points the device's pushes at a receiver (v1). The subscription before it is put back.
    Subscribe(Subscribe),
    /// Points the device's reports at a receiver (v3). The settings before it are put back.
    ReportTo(At),
    /// Sets settings by `config-set` (v3). What they were is put back.
    Configure(Configure),
    /// Waits for messages at a receiver and compares each.
    Expect(Box<Expect>),
    /// Waits and demands that no message comes to a receiver.
    ExpectNone(ExpectNone),
    /// Waits for a message and tells whether one came. It never fails.
    Watch(Watch),
    /// Makes events happen at the device.
    Stimulus(Stimulus),
    /// Restarts the device and waits until it answers again.
    Restart(Restart),
    /// Lets time pass.
    Wait(Wait),
    /// Reads the device's log page by page into a stream (v3).
    FetchAll(FetchAll),
    /// Judges whole streams by a named check.
    Check(NamedCheck),
    /// Compares a value that steps kept.
    Assert(Assert),
    /// Notes a value under a name, for the report.
    Observe(Observe),
    /// Does steps again for each of some values.
    Each(Each),
}

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

/// A receiver by its name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// The receiver.
    pub at: String,
}

/// A subscription (v1).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The receiver.
    pub at: String,
    /// `enabled`.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// Settings (v3).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Configure {
    /// Keys and values, all texts.
    pub configs: BTreeMap<String, Template>,
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

/// Events that are made to happen.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stimulus {
    /// What happens.
    pub event: EventName,
    /// How many times.
    #[serde(default = "one_u32")]
    #[schemars(range(min = 1))]
    pub count: u32,
    /// Of a switch: 1 begins, 0 ends. Of the network: 1 online, 0 offline.
    #[serde(default)]
    pub state: Option<u8>,
    /// Who: `any`, `stranger`, `visitor`, `blocklisted`, or a uid.
    #[serde(default)]
    pub person: Option<String>,
    /// Why it ends as it does: a reason of table C.
    #[serde(default)]
    pub reason: Option<String>,
    /// How the door is asked to open.
    #[serde(default)]
    pub entry_mode: Option<u8>,
    /// The temperature, in degrees Celsius.
    #[serde(default)]
    pub therm: Option<f64>,
    /// Of an alarm: its code.
    #[serde(default)]
    pub code: Option<u32>,
    /// Of an alarm: its status.
    #[serde(default)]
    pub status: Option<u8>,
    /// The card's number.
    #[serde(default)]
    pub card: Option<String>,
    /// What the code says.
    #[serde(default)]
    pub qrcode: Option<String>,
    /// What the stimulus told of it is kept as: `events`, which is empty where it tells nothing. A
    /// hint, and nothing to judge by.
    #[serde(rename = "as", default)]
    pub keep: Option<String>,
}

impl Stimulus {
    /// So many of an event, and nothing else said.
    #[must_use]
    pub fn times(event: EventName, count: u32) -> Self {
        Self {
            event,
            count,
            state: None,
            person: None,
            reason: None,
            entry_mode: None,
            therm: None,
            code: None,
            status: None,
            card: None,
            qrcode: None,
            keep: None,
        }
    }
}

/// What can be made to happen at a device.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names of the vendor's page")]
pub enum EventName {
    Face,
    Card,
    Qrcode,
    Visitor,
    Therm,
    Door,
    Remote,
    Push,
    Fire,
    Disa,
    Pin,
    Alarm,
    Network,
}

/// A restart.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// How long it may take until the device answers again.
    #[serde(default = "redelivery")]
    pub within: Span,
    /// By what.
    #[serde(default)]
    pub by: RestartBy,
}

/// What restarts a device.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum RestartBy {
    /// Whatever does: `device-reboot`, or the control API of an emulator that refuses it.
    #[default]
    Any,
    /// The action, which is judged: its answer comes whole, and the device serves again.
    DeviceReboot,
    /// A factory reset by the action, which is judged likewise.
    DeviceReset,
}

impl RestartBy {
    /// The v3 action.
    #[must_use]
    pub const fn action(self) -> &'static str {
        match self {
            Self::Any | Self::DeviceReboot => "device-reboot",
            Self::DeviceReset => "device-reset",
        }
    }
}

/// Time that passes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// How long.
    #[serde(rename = "for")]
    pub length: Span,
    /// What would be wrong without it.
    pub because: String,
}

/// The device's log, read page by page (v3).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FetchAll {
    /// The first `seqnum`; left out: from the oldest kept on, by `offset`.
    #[serde(default)]
    pub from: Option<Template>,
    /// Events a page.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 1000))]
    pub page: u64,
    /// The stream's name: `events` and `pages` for later steps.
    #[serde(rename = "as")]
    pub name: String,
}

/// A named check over streams: the receivers and `fetch_all` streams of the case.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedCheck {
    /// The check's name within its case, for lists of known failures; by itself `name`.
    #[serde(default)]
    pub id: Option<String>,
    /// The check.
    pub name: String,
    /// The streams, in the order that the check wants.
    #[schemars(length(min = 1))]
    pub over: Vec<String>,
    /// Its parameters.
    #[serde(default)]
    pub params: BTreeMap<String, Request>,
}

/// A value that is compared.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assert {
    /// The check's name within its case, for lists of known failures; by itself its number.
    #[serde(default)]
    pub id: Option<String>,
    /// The value, such as `"${info.json.body.max}"`.
    pub value: Request,
    /// What it must be.
    pub is: Matcher,
}

/// A value for the report. It never fails.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observe {
    /// The name, such as `v3.bad-token-code`.
    pub name: String,
    /// The value; where it cannot be made, the observation is `absent`.
    pub value: Template,
}

/// Steps that are done for each of some values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// The value's name within the steps.
    #[serde(rename = "as")]
    pub name: String,
    /// The values.
    #[schemars(length(min = 1))]
    pub of: Vec<Request>,
    /// The steps.
    #[schemars(length(min = 1))]
    pub steps: Vec<Step>,
}

/// A member that is there is given, also as `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Request>, D::Error> {
    Request::deserialize(deserializer).map(Some)
}

fn event() -> String {
    "event".to_owned()
}

const fn yes() -> bool {
    true
}

const fn one() -> u64 {
    1
}

const fn one_u32() -> u32 {
    1
}

const fn ten() -> u64 {
    10
}

const fn prompt() -> Span {
    Span::Prompt
}

const fn quiet() -> Span {
    Span::Quiet
}

const fn redelivery() -> Span {
    Span::Redelivery
}
