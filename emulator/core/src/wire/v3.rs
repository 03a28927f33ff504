//! The v3.x messages: requests to [`Call`]s, replies and events to bytes.
//!
//! No bytes make it panic. What it cannot read it says by `retcode`, with the `reqid` if that could be
//! read (R-V3-05). Limits: the depth of what is read is bounded by the JSON reader (128), the size by the
//! server in front of it.

mod actions;
mod answers;
mod description;
mod own;
mod requests;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;

pub use self::answers::{encode, encode_retcode, made};
pub use self::description::openapi;
pub use self::own::{encode_event, encode_question, encode_report, report_reqid};
use super::fields::{Field, as_it_stands, read_object};
use crate::behaviour::{BadField, Path, V3};
use crate::calls::v3::Call;
use crate::faults::Site;

/// The services a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `/api/v3.x/auth`.
    Auth,
    /// `/api/v3.x/device`.
    Device,
    /// `/api/v3.x/acm`.
    Accounts,
    /// `/api/v3.x/event`.
    Event,
    /// Any: the action alone routes (R-V3-01).
    Any,
}

impl Service {
    /// Those that a path names.
    const WITH_PATHS: [Self; 4] = [Self::Auth, Self::Device, Self::Accounts, Self::Event];

    /// The last part of its path.
    const fn name(self) -> Option<&'static str> {
        match self {
            Self::Auth => Some("auth"),
            Self::Device => Some("device"),
            Self::Accounts => Some("acm"),
            Self::Event => Some("event"),
            Self::Any => None,
        }
    }
}

/// Whether `path` is written as in the document (R-V3-01).
#[must_use]
pub fn is_literal(path: &str) -> bool {
    path.starts_with("/api/v3.x/")
}

/// The service that `path` names, if it names one (R-V3-01).
#[must_use]
pub fn route(path: &str, knob: Path) -> Option<Service> {
    if knob == Path::Any {
        return Some(Service::Any);
    }
    let rest = path.strip_prefix("/api/v3.")?;
    let (version, service) = rest.split_once('/')?;
    let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    if version != "x" && !digits {
        return None;
    }
    Service::WITH_PATHS.into_iter().find(|one| one.name() == Some(service))
}

/// A request as far as it could be read.
#[derive(Debug)]
pub struct Request {
    /// What goes back unchanged (R-V3-05).
    pub reqid: Option<Box<RawValue>>,
    /// The call, or why there is none.
    pub call: Result<Call, Unreadable>,
}

/// Why a request holds no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not JSON, or not a request.
    Malformed,
    /// The action is not one of this service's.
    UnknownAction,
    /// A field is of the wrong type or negative, in a call that needs a token (R-V3-02).
    BadField,
    /// The same in a call that is served without one.
    BadOpenField,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    action: Field<String>,
    #[serde(borrow, default)]
    header: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

/// What stands around a request.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "RequestHeader")]
struct Header {
    /// Anything; it comes back as it was (R-V3-05).
    #[serde(default, deserialize_with = "as_it_stands")]
    #[schemars(with = "serde_json::Value")]
    reqid: Option<Box<RawValue>>,
}

/// Reads a request.
#[must_use]
pub fn decode(bytes: &[u8], service: Service, knobs: &V3) -> Request {
    let Ok(envelope) = read_object::<Envelope<'_>>(bytes) else {
        return Request { reqid: None, call: Err(Unreadable::Malformed) };
    };
    let header = envelope.header.map(|raw| read_object::<Header>(raw.get().as_bytes()));
    let (reqid, header) = match header {
        Some(Ok(header)) => (header.reqid, HeaderRead::Well),
        Some(Err(_)) if knobs.bad_field == BadField::Error => (None, HeaderRead::Badly),
        Some(Err(_)) | None => (None, HeaderRead::Well),
    };
    let call = match envelope.action {
        Field::Good(action) => {
            actions::decode_call(&action, service, header, envelope.body, knobs.bad_field)
        }
        Field::Absent | Field::Bad => Err(Unreadable::Malformed),
    };
    Request { reqid, call }
}

/// Whether the header could be read, or counts as absent (R-V3-07).
#[derive(Clone, Copy, PartialEq, Eq)]
enum HeaderRead {
    Well,
    Badly,
}

/// Which exchange a request begins, as far as faults are concerned.
#[must_use]
pub fn site(bytes: &[u8]) -> Site {
    match read_object::<Envelope<'_>>(bytes).map(|envelope| envelope.action) {
        Ok(Field::Good(action)) => match action.as_str() {
            "auth-login" => Site::Login,
            "event-info" => Site::Info,
            "event-fetch" => Site::Fetch,
            _ => Site::OtherV3,
        },
        _ => Site::OtherV3,
    }
}

/// What a message answers, and how, if it answers something, as far as it can be read: only answers have a
/// `retcode`.
#[must_use]
pub fn answered(bytes: &[u8]) -> Option<crate::delivery::line::News> {
    use crate::delivery::line::News;

    #[derive(Deserialize)]
    struct Answered<'a> {
        #[serde(default)]
        retcode: Field<i64>,
        #[serde(borrow, default)]
        header: Option<&'a RawValue>,
    }
    #[derive(Default, Deserialize)]
    struct AnsweredHeader {
        #[serde(default)]
        reqid: Field<String>,
    }
    let answered = read_object::<Answered<'_>>(bytes).ok()?;
    let retcode = match answered.retcode {
        Field::Absent => return None,
        Field::Good(retcode) => retcode,
        Field::Bad => -1,
    };
    let header = answered.header.map(|raw| read_object::<AnsweredHeader>(raw.get().as_bytes()));
    let reqid = match header.and_then(Result::ok).unwrap_or_default().reqid {
        Field::Good(reqid) => reqid,
        Field::Absent | Field::Bad => String::new(),
    };
    Some(News::Answered { reqid, retcode })
}
