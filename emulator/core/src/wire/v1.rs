//! The v1 messages: requests to [`Call`]s, [`Reply`]s and records to bytes, and what a receiver answered.
//!
//! No bytes make it panic.

use serde::{Deserialize, Serialize};

use super::edits::About;
use super::fields::{Field, read_object};
use super::json;
use super::record::Record;
use super::view::View;
use crate::behaviour::Part;
use crate::calls::v1::{Call, Reply};
use crate::dest::{DestError, EventDest};
use crate::event::{Entry, RecordId, RecordType};

/// The one path of this API that is served.
pub const SUBSCRIBE_PATH: &str = "/v1/event/subscribe";

/// Why a subscription was not taken; the earlier one stays (R-V1-02).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    /// Not a JSON object.
    #[error("the body is not a JSON object: {0}")]
    NotJson(String),
    /// `event_dest` is missing or not a text.
    #[error("event_dest must be a string with the receiver's address")]
    NoDestination,
    /// `event_dest` is no address.
    #[error("event_dest: {0}")]
    BadDestination(DestError),
    /// `enabled` is there but not true or false.
    #[error("enabled must be true or false")]
    BadEnabled,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct SubscribeBody {
    #[serde(default)]
    event_dest: Field<String>,
    #[serde(default)]
    enabled: Field<bool>,
}

/// Reads the body of POST [`SUBSCRIBE_PATH`].
///
/// # Errors
/// When it is not JSON, or a field is missing or of another type.
pub fn decode_subscribe(bytes: &[u8]) -> Result<Call, SubscribeError> {
    let body: SubscribeBody =
        read_object(bytes).map_err(|error| SubscribeError::NotJson(error.to_string()))?;
    let Field::Good(destination) = body.event_dest else {
        return Err(SubscribeError::NoDestination);
    };
    let destination = EventDest::parse(&destination).map_err(SubscribeError::BadDestination)?;
    let enabled = match body.enabled {
        Field::Good(enabled) => Some(enabled),
        Field::Absent => None,
        Field::Bad => return Err(SubscribeError::BadEnabled),
    };
    Ok(Call::Subscribe { destination, enabled })
}

#[derive(Serialize)]
struct Answer<'a, D> {
    data: D,
    code: u16,
    msg: &'a str,
}

#[derive(Serialize)]
struct SubscriptionData<'a> {
    event_dest: &'a str,
    enabled: bool,
}

/// Writes the answer to a call that succeeded.
#[must_use]
pub fn encode(reply: &Reply, view: &View) -> Vec<u8> {
    let data = match reply {
        Reply::Done | Reply::Subscription(None) => None,
        Reply::Subscription(Some(subscription)) => Some(SubscriptionData {
            event_dest: subscription.destination.as_str(),
            enabled: subscription.enabled,
        }),
    };
    write(&Answer { data, code: 200, msg: "OK" }, view)
}

/// Writes the answer to a call that did not.
#[must_use]
pub fn encode_error(code: u16, message: &str, view: &View) -> Vec<u8> {
    write(&Answer { data: (), code, msg: message }, view)
}

/// Writes an answer as the faults in force have it.
fn write<D: Serialize>(answer: &Answer<'_, D>, view: &View) -> Vec<u8> {
    let about = About::answer(view);
    if about.is_edited() {
        json::compact(&about.edit(answer, &[Part::V1Answer]))
    } else {
        json::compact(answer)
    }
}

/// Writes a push, the `attempt`th of its record; none if the entry has no such record.
#[must_use]
pub fn encode_push(view: &View, entry: &Entry, record: RecordId, attempt: u32) -> Option<Vec<u8>> {
    let message = Record::new(view, entry, record.part)?;
    let about = About::record(view, entry, record, attempt);
    if !about.is_edited() {
        return Some(json::compact(&message));
    }
    let part = match entry.fact.records().get(usize::from(record.part)) {
        Some(RecordType::Alarm) => Part::Alarm,
        _ => Part::Recognition,
    };
    // The type's own changes first: those of the whole take the record apart.
    let message = about.edit(&message, &[part]);
    Some(json::compact(&about.edit(&message, &[Part::Push])))
}

/// The `code` of a receiver's answer, as far as acknowledgement cares (R-V1-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerCode {
    /// The number 200.
    Number200,
    /// The text "200".
    Text200,
    /// Another whole number.
    OtherNumber,
    /// Anything else, or no JSON object with a `code`.
    Other,
}

#[derive(Deserialize)]
struct ReceiverAnswer {
    code: serde_json::Value,
}

/// Reads what a receiver answered.
#[must_use]
pub fn answer_code(bytes: &[u8]) -> AnswerCode {
    match read_object::<ReceiverAnswer>(bytes).map(|answer| answer.code) {
        Ok(serde_json::Value::Number(number)) if is_200(&number) => AnswerCode::Number200,
        Ok(serde_json::Value::Number(number)) if number.is_i64() || number.is_u64() => {
            AnswerCode::OtherNumber
        }
        Ok(serde_json::Value::String(text)) if text == "200" => AnswerCode::Text200,
        _ => AnswerCode::Other,
    }
}

/// JSON knows one kind of number: 200, 200.0 and 2e2 are the same.
fn is_200(number: &serde_json::Number) -> bool {
    number.as_f64().is_some_and(|number| (number - 200.0).abs() < f64::EPSILON)
}
