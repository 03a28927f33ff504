//! One body, read as the documents describe it: a v1 push of either type, or a v3 report.
//!
//! Promises to panic on no bytes, and to take what identifies a message (below) seriously and
//! everything else as it comes: whether a field has its documented type is a judge's business, not
//! a platform's. Names, card numbers, PINs and codes are never read.
//!
//! Identity: type 0 by sn and `uuid`; type 1 by sn, `trace_id`, `status` and `event_time`; v3 by
//! `device-id` and `seqnum`. The sn is the header's; without one, `deviceSN`; without that, empty.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::json::{self, Document, TrailingCommas};

/// A message that could be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Which API it belongs to.
    pub api: Api,
    /// The device's serial number (v1) or `device-id` (v3); empty when it gave none.
    pub device: String,
    /// `recognition`, `alarm`, or the v3 event's name.
    pub kind: String,
    /// What makes it this message and no other.
    pub identity: Identity,
    /// When it happened, by the device.
    pub stamp: Option<Stamp>,
    /// The id of the person concerned.
    pub person: Option<String>,
    /// What was decided or what changed.
    pub verdict: Option<&'static str>,
    /// A report's `reqid`, as JSON text exactly as sent.
    pub reqid: Option<String>,
    /// Whether it had trailing commas.
    pub commas: TrailingCommas,
}

/// One of the two APIs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// Pushes.
    V1,
    /// Reports.
    V3,
}

/// What makes a message of one device this one and no other.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Identity {
    /// A v3 event.
    Seqnum(u64),
    /// A v1 record of type 0.
    Record {
        /// Its `uuid`.
        uuid: String,
    },
    /// A v1 record of type 1.
    Alarm {
        /// Its `trace_id`, which raising and clearing share.
        trace_id: String,
        /// 1 raised, 2 clearing failed, 3 cleared.
        status: i64,
        /// Milliseconds.
        event_time: u64,
    },
}

/// An instant as a device stamps it, to the second or to the millisecond.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp {
    /// Unix milliseconds of the first instant that has this stamp.
    pub earliest_ms: u64,
    /// Unix milliseconds of the last one; equal to the first for a stamp in milliseconds.
    pub latest_ms: u64,
}

/// Why a body is neither push nor report.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unparsable {
    /// Not JSON at all, or not only trailing commas away from it.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON, but no object with `type` and `data`, nor one with `action`.
    #[error("neither a push (`type`, `data`) nor a report (`action`, `body`)")]
    Neither,
    /// A `type` that the documents do not have.
    #[error("`type` {0} is neither 0 nor 1")]
    Type(String),
    /// An `action` that is not a report.
    #[error("`action` {0} is not \"event-report\"")]
    Action(String),
    /// What identifies the message is absent or of another type.
    #[error("`{field}` is not {expected}")]
    Field {
        /// Its path.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// More bytes than any message may have.
    #[error("the body has over {0} bytes")]
    TooLong(u64),
}

/// The longest name or identity taken, in bytes. The documents' longest is 36 (a uuid); much more
/// would let one body fill the tally's memory.
const TEXT_BYTES_MAX: usize = 256;

/// Below this a stamp is in seconds (until the year 5138), from it on in milliseconds (since 1973).
const FIRST_MILLISECONDS: u64 = 100_000_000_000;

impl Stamp {
    /// Reads a stamp in either unit (R-V1-11, R-V3-04).
    #[must_use]
    pub fn new(number: u64) -> Self {
        if number < FIRST_MILLISECONDS {
            Self { earliest_ms: number * 1000, latest_ms: number * 1000 + 999 }
        } else {
            Self { earliest_ms: number, latest_ms: number }
        }
    }
}

/// Reads one body; `sn` is the header of that name.
///
/// # Errors
///
/// Why it is neither a push nor a report.
pub fn read(sn: Option<&str>, body: &[u8]) -> Result<Message, Unparsable> {
    let document = json::read(body).map_err(|error| Unparsable::NotJson(error.to_string()))?;
    of(sn, &document)
}

/// Reads a document; `sn` is the header of that name.
///
/// # Errors
///
/// Why it is neither a push nor a report.
pub fn of(sn: Option<&str>, document: &Document<'_>) -> Result<Message, Unparsable> {
    let object = document.value.as_object().ok_or(Unparsable::Neither)?;
    let message = if let Some(kind) = object.get("type") {
        push(kind, object, sn)?
    } else if let Some(action) = object.get("action") {
        report(action, object, &document.text)?
    } else {
        return Err(Unparsable::Neither);
    };
    Ok(Message { commas: document.commas, ..message })
}

fn push(
    kind: &Value,
    envelope: &Map<String, Value>,
    sn: Option<&str>,
) -> Result<Message, Unparsable> {
    let data = envelope
        .get("data")
        .and_then(Value::as_object)
        .ok_or(Unparsable::Field { field: "data", expected: "an object" })?;
    match kind.as_i64() {
        Some(0) => recognition(data, sn),
        Some(1) => alarm(data, sn),
        _ => Err(Unparsable::Type(excerpt(kind))),
    }
}

fn recognition(data: &Map<String, Value>, sn: Option<&str>) -> Result<Message, Unparsable> {
    let user = data.get("user").and_then(Value::as_object);
    let verdict = data.get("pass").and_then(Value::as_bool);
    Ok(Message {
        api: Api::V1,
        device: match sn {
            Some(sn) => bounded("header sn", sn)?,
            None => optional_text(data, "deviceSN", "data.deviceSN")?,
        },
        kind: "recognition".to_owned(),
        identity: Identity::Record { uuid: text(data, "uuid", "data.uuid")? },
        stamp: data.get("timestamp").and_then(Value::as_u64).map(Stamp::new),
        person: user.and_then(|user| person(user.get("user_id"))),
        verdict: verdict.map(|pass| if pass { "pass" } else { "refuse" }),
        reqid: None,
        commas: TrailingCommas::None,
    })
}

fn alarm(data: &Map<String, Value>, sn: Option<&str>) -> Result<Message, Unparsable> {
    let status = data
        .get("status")
        .and_then(Value::as_i64)
        .ok_or(Unparsable::Field { field: "data.status", expected: "an integer" })?;
    let event_time = natural(data, "event_time", "data.event_time")?;
    let trace_id = text(data, "trace_id", "data.trace_id")?;
    Ok(Message {
        api: Api::V1,
        device: bounded("header sn", sn.unwrap_or_default())?,
        kind: "alarm".to_owned(),
        identity: Identity::Alarm { trace_id, status, event_time },
        stamp: Some(Stamp::new(event_time)),
        person: person(data.get("user_id")),
        verdict: match status {
            1 => Some("raised"),
            2 => Some("not cleared"),
            3 => Some("cleared"),
            _ => None,
        },
        reqid: None,
        commas: TrailingCommas::None,
    })
}

fn report(
    action: &Value,
    envelope: &Map<String, Value>,
    strict: &[u8],
) -> Result<Message, Unparsable> {
    if action != "event-report" {
        return Err(Unparsable::Action(excerpt(action)));
    }
    let body = envelope
        .get("body")
        .and_then(Value::as_object)
        .ok_or(Unparsable::Field { field: "body", expected: "an object" })?;
    let kind = optional_text(body, "event", "body.event")?;
    let state = body.get("state").and_then(Value::as_u64);
    Ok(Message {
        api: Api::V3,
        device: optional_text(body, "device-id", "body.device-id")?,
        verdict: state.and_then(|state| state_verdict(&kind, state)),
        kind,
        identity: Identity::Seqnum(natural(body, "seqnum", "body.seqnum")?),
        stamp: body.get("timestamp").and_then(Value::as_u64).map(Stamp::new),
        person: person(body.get("uid")),
        reqid: reqid(strict),
        commas: TrailingCommas::None,
    })
}

/// `state` says who was let in on some kinds, and what was triggered on the others.
fn state_verdict(kind: &str, state: u64) -> Option<&'static str> {
    match (kind, state) {
        ("face" | "card" | "visitor", 4) => Some("pass"),
        ("face" | "card" | "visitor", 0..=3) => Some("refuse"),
        (_, 0) => Some("off"),
        (_, 1) => Some("on"),
        _ => None,
    }
}

/// The request's `header.reqid`, byte for byte: a number too long for any type comes back whole.
pub(crate) fn reqid(strict: &[u8]) -> Option<String> {
    let envelope: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(strict).ok()?;
    let header: BTreeMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(envelope.get("header")?.get()).ok()?;
    header.get("reqid").map(|value| value.get().to_owned())
}

fn text(
    object: &Map<String, Value>,
    name: &str,
    field: &'static str,
) -> Result<String, Unparsable> {
    match object.get(name).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => bounded(field, text),
        _ => Err(Unparsable::Field { field, expected: "a string with something in it" }),
    }
}

fn optional_text(
    object: &Map<String, Value>,
    name: &str,
    field: &'static str,
) -> Result<String, Unparsable> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => bounded(field, text),
        Some(_) => Err(Unparsable::Field { field, expected: "a string" }),
    }
}

fn bounded(field: &'static str, text: &str) -> Result<String, Unparsable> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Unparsable::Field { field, expected: "at most 256 bytes long" });
    }
    Ok(text.to_owned())
}

fn natural(
    object: &Map<String, Value>,
    name: &str,
    field: &'static str,
) -> Result<u64, Unparsable> {
    let number = object.get(name).and_then(Value::as_u64);
    number.ok_or(Unparsable::Field { field, expected: "an integer of at least 0" })
}

fn person(id: Option<&Value>) -> Option<String> {
    match id? {
        Value::String(id) if !id.is_empty() && id.len() <= TEXT_BYTES_MAX => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Enough of a value to recognise it by.
fn excerpt(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn report_with(header: &str) -> Message {
        let body = format!(
            r#"{{"action":"event-report","header":{header},"body":{{"device-id":"d","seqnum":6,"event":"face","state":4,"timestamp":1587985190}}}}"#
        );
        read(None, body.as_bytes()).unwrap()
    }

    #[test]
    fn a_reqid_is_kept_byte_for_byte() {
        for raw in [r#""129393""#, "123456789012345678901234567890.50", r#"{"a": [1 ]}"#, "null"] {
            let message = report_with(&format!(r#"{{"reqid": {raw}}}"#));
            assert_eq!(message.reqid.as_deref(), Some(raw));
        }
        for none in ["{}", "[]", "7", "null"] {
            assert_eq!(report_with(none).reqid, None, "{none}");
        }
    }

    #[test]
    fn both_types_of_push_belong_to_the_device_of_the_header() {
        let record =
            br#"{"type":0,"data":{"deviceSN":"A","uuid":"u","timestamp":1685343715,"pass":true}}"#;
        let alarm = br#"{"type":1,"data":{"trace_id":"t","event_time":1684381433398,"status":1,}}"#;
        assert_eq!(read(None, record).unwrap().device, "A");
        assert_eq!(read(Some("B"), record).unwrap().device, "B");
        let alarm = read(Some("B"), alarm).unwrap();
        assert_eq!((alarm.device.as_str(), alarm.commas), ("B", TrailingCommas::Some));
    }

    #[test]
    fn what_cannot_be_identified_is_unparsable() {
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        for body in [
            "",
            "[]",
            "{}",
            r#"{"type":2,"data":{}}"#,
            r#"{"type":0,"data":{"uuid":""}}"#,
            r#"{"type":0,"data":{"uuid":7}}"#,
            r#"{"type":0}"#,
            r#"{"type":1,"data":{"trace_id":"t","status":1,"event_time":"1"}}"#,
            r#"{"action":"event-fetch","body":{"seqnum":1}}"#,
            r#"{"action":"event-report","body":{"seqnum":-1}}"#,
            r#"{"action":"event-report","body":{"seqnum":1.5}}"#,
            r#"{"action":"event-report","body":{"seqnum":1,"device-id":7}}"#,
            &format!(r#"{{"action":"event-report","body":{{"seqnum":1,"device-id":"{long}"}}}}"#),
            &"[".repeat(10_000),
        ] {
            assert!(read(None, body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(sn in prop::option::of(".*"), body: Vec<u8>) {
            let _ = read(sn.as_deref(), &body);
        }

        #[test]
        fn nothing_that_looks_like_json_panics(body in r#"[\{\}\[\],:"a-z0-9.\\ -]{0,80}"#) {
            let _ = read(None, body.as_bytes());
        }
    }
}
