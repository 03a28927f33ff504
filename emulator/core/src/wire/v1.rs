//! The v1 messages: the table of routes, requests to calls, [`Reply`]s and records to bytes, and what a
//! receiver answered.
//!
//! No bytes make it panic.

mod codes;
mod description;
mod records;
mod requests;
mod routes;
mod tokens;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::codes::CODES;
pub use self::codes::refusal;
pub use self::description::openapi;
use self::records::{Page, RecordsData};
pub use self::requests::decode;
pub use self::routes::{ROUTES, Route, SUBSCRIBE_PATH, Unrouted, is_own, route, site};
pub use self::tokens::TokenClaims;
use super::edits::About;
use super::fields::read_object;
use super::json;
use super::record::{self, Record};
use super::view::View;
use crate::behaviour::Part;
use crate::calls::v1::{Claims, Reply, TokenKey};
use crate::event::{Entry, RecordId, RecordType};
use crate::seed::Seed;

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Answer<'a, D> {
    data: D,
    /// 200 for success.
    code: u16,
    msg: &'a str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Subscription")]
struct SubscriptionData<'a> {
    event_dest: &'a str,
    enabled: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token")]
struct TokenData {
    token: String,
}

/// What the API is at: the first version whose records have everything that ours have (the vendor's manual).
const API_VERSION: &str = "1.3.0";

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeviceInfo")]
struct InfoData<'a> {
    model: &'a str,
    device_sn: &'a str,
    mac_wired: String,
    sw_ver: &'static str,
    api_ver: &'static str,
}

impl<'a> InfoData<'a> {
    /// R-V1-27.
    fn new(view: &'a View) -> Self {
        Self {
            model: &view.identity.model,
            device_sn: &view.identity.sn,
            mac_wired: mac(&view.identity.sn),
            sw_ver: env!("CARGO_PKG_VERSION"),
            api_ver: API_VERSION,
        }
    }
}

/// The address of the device's network card: one that no maker gave, always the same for a serial number.
fn mac(sn: &str) -> String {
    let [a, b, c, d, e, ..] = Seed::root(0).named("mac").named(sn).bits().to_be_bytes();
    format!("02:{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}")
}

/// Signs a token.
pub type Sign = fn(&Claims, &TokenKey) -> String;

/// Writes the answer to a call that succeeded; `sign` makes a token of its claims.
#[must_use]
pub fn encode(reply: Reply, view: &View, sign: Sign) -> Vec<u8> {
    match reply {
        Reply::Done | Reply::Subscription(None) | Reply::GoingDown(_) | Reply::Watch => {
            succeeded((), view)
        }
        Reply::Subscription(Some(subscription)) => succeeded(
            SubscriptionData {
                event_dest: subscription.destination.as_str(),
                enabled: subscription.enabled,
            },
            view,
        ),
        Reply::Token(claims, key) => succeeded(TokenData { token: sign(&claims, &key) }, view),
        Reply::Codes => succeeded(CODES, view),
        Reply::Records(listing) => {
            succeeded(RecordsData::new(view, &Page::of(view, listing)), view)
        }
        Reply::DeviceInfo => succeeded(InfoData::new(view), view),
    }
}

fn succeeded<D: Serialize>(data: D, view: &View) -> Vec<u8> {
    write(&Answer { data, code: 200, msg: "OK" }, view)
}

/// Writes the answer to a call that did not succeed.
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
    let person = record::person(view, entry);
    let message = Record::new(view, entry, record.part, person.as_deref())?;
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

/// Writes what the live feed carries of an entry (R-V1-31): its record of `type` 0, as it is pushed; none if
/// it has none. The feed does wrong what `opened`, the view of its handshake, has of faults.
#[must_use]
pub fn encode_live(view: &View, entry: &Entry, opened: &View) -> Option<Vec<u8>> {
    let alarms_too = opened.behaviour.violations.v1.feed.alarms_too;
    let is_carried = |record: &RecordType| *record == RecordType::Recognition || alarms_too;
    let part = u8::try_from(entry.fact.records().iter().position(is_carried)?).ok()?;
    let person = record::person(view, entry);
    let message = Record::new(view, entry, part, person.as_deref())?;
    let about = About::record(opened, entry, RecordId { index: entry.index, part }, 0);
    Some(match about.is_edited() {
        true => json::compact(&about.edit(&message, &[Part::Carried])),
        false => json::compact(&message),
    })
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
