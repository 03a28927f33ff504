//! The steps of a case, as types.
//!
//! A step is an object with one member, whose name says what is done. What a step keeps under `as`
//! is there for the steps behind it.

mod calls;
mod feeds;
mod receivers;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

pub use self::calls::{Answering, Auth, Call, Expected, Is, Reading, V1Call, V3Call};
pub use self::feeds::{Feed, FeedIs, Hear};
pub use self::receivers::{
    Answer, Code, Expect, ExpectNone, HttpPlan, Listen, Message, Outage, OutageKind, Per, Plan,
    Tls, Watch,
};
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
    /// Opens the device's live feed (v1), or is refused one.
    Feed(Feed),
    /// Waits for a message of a live feed and compares it.
    Hear(Hear),
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

const fn yes() -> bool {
    true
}

const fn one_u32() -> u32 {
    1
}

const fn ten() -> u64 {
    10
}

const fn redelivery() -> Span {
    Span::Redelivery
}
