//! A case file as types: what stands around the steps.
//!
//! Promises that each value of these types is one that the format allows, and that a member nobody
//! knows is an error. The comments here are the descriptions in `fixtures/case.schema.json`.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::step::Step;

/// One case of the conformance suite: what is done to a device, and what it must answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Where an editor finds the schema; no meaning of its own.
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// The name, as the path says it: `v3.event-fetch.seqnum-wins` is
    /// `v3/event-fetch/seqnum-wins.json`. It never changes.
    #[schemars(regex(pattern = r"^(v1|v3|across)\.[a-z0-9-]+\.[a-z0-9-]+$"))]
    pub id: String,
    /// Grows when the verdict on some device can change.
    #[schemars(range(min = 1))]
    pub rev: u32,
    /// Earlier names, so that old lists stay valid.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What holds, in one line.
    pub title: String,
    /// The rulings and clauses (`fixtures/clauses.json`) it rests on.
    #[schemars(length(min = 1))]
    pub source: Vec<String>,
    /// How far it judges.
    pub level: Level,
    /// Where the expectations come from.
    pub provenance: Provenance,
    /// For a recorded case: of which device, when, and how.
    #[serde(default)]
    pub recorded: Option<Recorded>,
    /// What must be there beyond what the steps show; without it the case is skipped.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// What the case does to the device at worst.
    pub safety: Safety,
    /// How long it takes.
    #[serde(default)]
    pub cost: Cost,
    /// Cases whose failure keeps this one from starting meaningfully.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Faults of which each must turn this case red.
    #[serde(default)]
    pub killed_by: Vec<KilledBy>,
    /// What prepares the device. A failure here fails the case.
    #[serde(default)]
    pub setup: Vec<Step>,
    /// What is judged.
    #[schemars(length(min = 1))]
    pub steps: Vec<Step>,
    /// What is done at the end in any case, also after a failure or an interruption. What
    /// `subscribe`, `report_to` and `configure` changed is put back without being asked.
    #[serde(default)]
    pub cleanup: Vec<Step>,
}

/// How far a case judges.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A device that does otherwise fails.
    Must,
    /// Each reading named passes, and is told; anything else fails.
    Either,
    /// Never fails: what is seen is told by name.
    Observe,
}

/// Where a case's expectations come from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// A sample of the vendor's document.
    Document,
    /// Recorded from a device, by `vestibule conform record`.
    Recorded,
    /// Written by hand from the document's text or a ruling.
    HandWritten,
}

/// What a recorded case was recorded from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Which device and firmware, without a serial number.
    pub device: String,
    /// The day, as 2026-03-02.
    pub on: String,
    /// The program and version that recorded it.
    pub by: String,
}

/// What a case does to a device at worst.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// It only reads.
    Safe,
    /// It changes settings, which are put back, or makes events happen.
    Mutating,
    /// It cuts the device off or restarts it.
    Disruptive,
    /// It loses what the device has stored.
    Destructive,
}

/// How long a case takes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// Seconds at most, on a device that does as it should.
    #[default]
    Fast,
    /// It waits for the documented times.
    Slow,
    /// It fills a device.
    Capacity,
}

/// A fault of the emulator that must turn a case red.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(untagged, expecting = "a fault's name, or {\"name\": ..., \"params\": {...}}")]
pub enum KilledBy {
    /// By its name, with the parameters it has by itself.
    Name(String),
    /// With parameters.
    Row(FaultRow),
}

/// A fault with parameters.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(deny_unknown_fields)]
pub struct FaultRow {
    /// The fault's name.
    pub name: String,
    /// Its parameters: texts or whole numbers.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
}

/// A parameter of a fault.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(untagged, expecting = "a text or a whole number")]
pub enum Param {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

/// Something that must be there for a case to run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = r"^(v1|v3|v1-account|short-tokens|https|images|token-ttl|empty-log|evicted|health-codes|(events|mode):[0-9]+)$"))]
pub enum Need {
    /// The v1 API.
    V1,
    /// The v3 API.
    V3,
    /// The suite was given the v1 account.
    V1Account,
    /// The device takes a part of a minute for a token's `validTime` (R-V1-26).
    ShortTokens,
    /// The device trusts the certificate of the suite's receiver.
    Https,
    /// The device records images and lets them be fetched.
    Images,
    /// How long a token lives is known.
    TokenTtl,
    /// The log has no event. Only a factory reset or a new device gives that.
    EmptyLog,
    /// The log has lost its oldest event; it is filled where that is cheap.
    Evicted,
    /// The device takes health codes.
    HealthCodes,
    /// The device verifies by this `mode` (table E).
    Mode(u8),
    /// At least so many events are in the log; they are provoked where fewer are there.
    Events(u32),
}

/// A text that is no need.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{given}` is no need: there are v1, v3, v1-account, short-tokens, https, images, token-ttl, \
     empty-log, evicted, health-codes, events:N and mode:N"
)]
pub struct NoNeed {
    given: String,
}

impl TryFrom<String> for Need {
    type Error = NoNeed;

    fn try_from(text: String) -> Result<Self, NoNeed> {
        match text.as_str() {
            "v1" => Ok(Self::V1),
            "v3" => Ok(Self::V3),
            "v1-account" => Ok(Self::V1Account),
            "short-tokens" => Ok(Self::ShortTokens),
            "https" => Ok(Self::Https),
            "images" => Ok(Self::Images),
            "token-ttl" => Ok(Self::TokenTtl),
            "empty-log" => Ok(Self::EmptyLog),
            "evicted" => Ok(Self::Evicted),
            "health-codes" => Ok(Self::HealthCodes),
            _ => counted(&text).ok_or(NoNeed { given: text }),
        }
    }
}

fn counted(text: &str) -> Option<Need> {
    match text.split_once(':')? {
        ("events", count) => count.parse().ok().map(Need::Events),
        ("mode", mode) => mode.parse().ok().map(Need::Mode),
        _ => None,
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V1 => f.write_str("v1"),
            Self::V3 => f.write_str("v3"),
            Self::V1Account => f.write_str("v1-account"),
            Self::ShortTokens => f.write_str("short-tokens"),
            Self::Https => f.write_str("https"),
            Self::Images => f.write_str("images"),
            Self::TokenTtl => f.write_str("token-ttl"),
            Self::EmptyLog => f.write_str("empty-log"),
            Self::Evicted => f.write_str("evicted"),
            Self::HealthCodes => f.write_str("health-codes"),
            Self::Mode(mode) => write!(f, "mode:{mode}"),
            Self::Events(count) => write!(f, "events:{count}"),
        }
    }
}

impl KilledBy {
    /// The fault's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Row(FaultRow { name, .. }) => name,
        }
    }
}

impl Safety {
    /// The word for it, as `--allow` takes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Mutating => "mutating",
            Self::Disruptive => "disruptive",
            Self::Destructive => "destructive",
        }
    }
}

impl Cost {
    /// The word for it, as `--allow` takes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Slow => "slow",
            Self::Capacity => "capacity",
        }
    }
}

impl Level {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Either => "either",
            Self::Observe => "observe",
        }
    }
}
