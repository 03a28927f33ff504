//! What a row of the table of faults is made of.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::behaviour::Behaviour;

/// One way in which a device can misbehave.
pub struct Fault {
    /// What it is called.
    pub name: &'static str,
    /// What kind of fault it is.
    pub family: Family,
    /// The rulings and clauses it breaks; empty for what no ruling forbids.
    pub breaks: &'static str,
    /// What the device does.
    pub meaning: &'static str,
    /// What it takes.
    pub params: &'static [Param],
    /// The exchanges at which it strikes; its scope counts these.
    pub sites: &'static [Site],
    pub(super) set: fn(&mut Behaviour, &Args),
}

/// The families of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// One ruling or clause is broken.
    Protocol,
    /// A device API fails.
    Api,
    /// A push fails.
    Push,
    /// A report fails.
    Report,
    /// The device fails.
    Device,
    /// The network fails.
    Network,
}

impl Family {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Api => "api",
            Self::Push => "push",
            Self::Report => "report",
            Self::Device => "device",
            Self::Network => "network",
        }
    }
}

/// The kinds of exchange that a device has. Each has its own knobs, from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// `auth-login`.
    Login,
    /// `event-info`.
    Info,
    /// `event-fetch`.
    Fetch,
    /// Any other v3 request, also one that cannot be read.
    OtherV3,
    /// GET of the v1 subscription.
    ReadSubscription,
    /// POST of the v1 subscription.
    Subscribe,
    /// A login of v1.
    LoginV1,
    /// A query for v1 records.
    Records,
    /// Any other v1 request.
    OtherV1,
    /// An attempt to push a record of `type` 0.
    Recognition,
    /// An attempt to push a record of `type` 1.
    Alarm,
    /// A report.
    Report,
    /// Something happens, and is written down.
    Append,
    /// The device could restart by itself.
    Restart,
    /// A connection to a device API.
    Accept,
    /// A connection to a platform.
    Connect,
}

impl Site {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Info => "event-info",
            Self::Fetch => "event-fetch",
            Self::OtherV3 => "other v3 calls",
            Self::ReadSubscription => "GET subscribe",
            Self::Subscribe => "POST subscribe",
            Self::LoginV1 => "v1 logins",
            Self::Records => "v1 records",
            Self::OtherV1 => "other v1 calls",
            Self::Recognition => "recognition pushes",
            Self::Alarm => "alarm pushes",
            Self::Report => "reports",
            Self::Append => "new events",
            Self::Restart => "restarts by itself",
            Self::Accept => "connections to the device",
            Self::Connect => "connections from the device",
        }
    }
}

/// One parameter of a fault.
#[derive(Debug)]
pub struct Param {
    /// What it is called.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What it is when nothing is said.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// What a parameter takes.
#[derive(Debug)]
pub enum Takes {
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number within these bounds, both included.
    Whole(u64, u64),
    /// A span of time within these bounds, both included.
    Span(Duration, Duration),
    /// A span of time either way, at most so long.
    Shift(Duration),
}

impl Takes {
    /// For people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Word(words) => words.join("|"),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::Span(min, max) => {
                let (min, max) = (span_text(*min), span_text(*max));
                format!("a duration from {min} to {max}")
            }
            Self::Shift(max) => {
                format!("a duration up to {}, also a negative one", span_text(*max))
            }
        }
    }

    /// Reads a value; none if it is not one of these. A number may come as text, as a shell writes it.
    pub(super) fn read(&self, value: &Value) -> Option<Arg> {
        match (self, value) {
            (Self::Word(words), Value::String(text)) => {
                words.iter().find(|word| *word == text).map(|word| Arg::Word(word))
            }
            (Self::Whole(min, max), value) => {
                let whole = match value {
                    Value::String(text) => text.parse().ok()?,
                    value => value.as_u64()?,
                };
                (*min..=*max).contains(&whole).then_some(Arg::Whole(whole))
            }
            (Self::Span(min, max), Value::String(text)) => {
                let span = parse_span(text)?;
                (*min..=*max).contains(&span).then_some(Arg::Span(span))
            }
            (Self::Shift(max), Value::String(text)) => {
                let shift: jiff::SignedDuration = text.parse().ok()?;
                let is_within = shift.unsigned_abs() <= *max;
                is_within.then(|| i64::try_from(shift.as_millis()).ok()).flatten().map(Arg::Shift)
            }
            _ => None,
        }
    }
}

/// A span of time such as `250ms` or `1m`.
pub(super) fn parse_span(text: &str) -> Option<Duration> {
    let signed: jiff::SignedDuration = text.parse().ok()?;
    Duration::try_from(signed).ok()
}

pub(super) fn span_text(span: Duration) -> String {
    jiff::SignedDuration::try_from(span)
        .map_or_else(|_| format!("{span:?}"), |signed| format!("{signed:#}"))
}

/// A parameter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arg {
    Word(&'static str),
    Whole(u64),
    Span(Duration),
    Shift(i64),
}

/// The values of all parameters of a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args(pub(super) BTreeMap<&'static str, Arg>);

impl Args {
    /// The word that a parameter is; the table's rows name their own parameters alone.
    pub(super) fn word(&self, name: &str) -> &'static str {
        match self.0.get(name) {
            Some(Arg::Word(word)) => word,
            _ => "",
        }
    }

    /// The number that a parameter is.
    pub(super) fn whole(&self, name: &str) -> u64 {
        match self.0.get(name) {
            Some(Arg::Whole(whole)) => *whole,
            _ => 0,
        }
    }

    /// The span that a parameter is.
    pub(super) fn span(&self, name: &str) -> Duration {
        match self.0.get(name) {
            Some(Arg::Span(span)) => *span,
            _ => Duration::ZERO,
        }
    }

    /// The milliseconds of the shift that a parameter is.
    pub(super) fn shift_millis(&self, name: &str) -> i64 {
        match self.0.get(name) {
            Some(Arg::Shift(millis)) => *millis,
            _ => 0,
        }
    }

    /// Each parameter with its value, as it is shown.
    pub fn shown(&self) -> impl Iterator<Item = (&'static str, Value)> {
        self.0.iter().map(|(name, arg)| {
            let value = match arg {
                Arg::Word(word) => Value::from(*word),
                Arg::Whole(whole) => Value::from(*whole),
                Arg::Span(span) => Value::from(span_text(*span)),
                Arg::Shift(millis) => {
                    Value::from(format!("{:#}", jiff::SignedDuration::from_millis(*millis)))
                }
            };
            (*name, value)
        })
    }
}
