//! The v3.x messages: requests to [`Call`]s, [`Reply`]s and events to bytes.
//!
//! No bytes make it panic. What it cannot read it says by `retcode`, with the `reqid` if that could be
//! read (R-V3-05). Limits: the depth of what is read is bounded by the JSON reader (128), the size by the
//! server in front of it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::fields::Field;
use super::view::View;
use super::{event_object, json};
use crate::behaviour::{BadField, Path, ReportReqid, V3};
use crate::calls::v3::{Call, Config, Credentials, Fetch, Refusal, Reply, Retcode};
use crate::event::Entry;

/// The three services a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `/api/v3.x/auth`.
    Auth,
    /// `/api/v3.x/device`.
    Device,
    /// `/api/v3.x/event`.
    Event,
    /// Any: the action alone routes (R-V3-01).
    Any,
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
    match service {
        "auth" => Some(Service::Auth),
        "device" => Some(Service::Device),
        "event" => Some(Service::Event),
        _ => None,
    }
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
    /// A field is of the wrong type or negative. Whether it needs a token as the call would.
    BadField,
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

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    reqid: Option<Box<RawValue>>,
}

/// Reads a request.
#[must_use]
pub fn decode(bytes: &[u8], service: Service, knobs: &V3) -> Request {
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(bytes) else {
        return Request { reqid: None, call: Err(Unreadable::Malformed) };
    };
    let header = envelope.header.map(|raw| serde_json::from_str::<Header>(raw.get()));
    let (reqid, header_is_good) = match header {
        Some(Ok(header)) => (header.reqid, true),
        Some(Err(_)) => (None, false),
        None => (None, true),
    };
    let call = match envelope.action {
        Field::Good(_) if !header_is_good => Err(Unreadable::BadField),
        Field::Good(action) => decode_call(&action, service, envelope.body, knobs.bad_field),
        Field::Absent | Field::Bad => Err(Unreadable::Malformed),
    };
    Request { reqid, call }
}

/// Reads a call from its body; none if a field is bad.
type ReadCall = fn(Option<&RawValue>, BadField) -> Option<Call>;

fn decode_call(
    action: &str,
    service: Service,
    body: Option<&RawValue>,
    knob: BadField,
) -> Result<Call, Unreadable> {
    let (home, read): (Service, ReadCall) = match action {
        "auth-login" => (Service::Auth, |body, _| Some(Call::Login(credentials(body)?))),
        "auth-passwd" => (Service::Auth, |body, _| Some(Call::SetPassword(credentials(body)?))),
        "device-info" => (Service::Device, |_, _| Some(Call::DeviceInfo)),
        "config-fetch" => (Service::Device, |_, _| Some(Call::ConfigFetch)),
        "config-set" => (Service::Device, |body, _| config_set(body)),
        "event-info" => (Service::Event, |_, _| Some(Call::EventInfo)),
        "event-fetch" => (Service::Event, |body, knob| Some(Call::EventFetch(fetch(body, knob)?))),
        _ => return Err(Unreadable::UnknownAction),
    };
    if service != home && service != Service::Any {
        return Err(Unreadable::UnknownAction);
    }
    read(body, knob).ok_or(Unreadable::BadField)
}

#[derive(Deserialize)]
struct CredentialsBody {
    user: String,
    passwd: String,
}

fn credentials(body: Option<&RawValue>) -> Option<Credentials> {
    let body: CredentialsBody = serde_json::from_str(body?.get()).ok()?;
    Some(Credentials { user: body.user, digest: body.passwd })
}

#[derive(Deserialize)]
struct ConfigSetBody {
    configs: Vec<ConfigSetItem>,
}

#[derive(Deserialize)]
struct ConfigSetItem {
    key: String,
    value: String,
}

fn config_set(body: Option<&RawValue>) -> Option<Call> {
    let body: ConfigSetBody = serde_json::from_str(body?.get()).ok()?;
    Some(Call::ConfigSet(body.configs.into_iter().map(|item| (item.key, item.value)).collect()))
}

#[derive(Default, Deserialize)]
struct FetchBody {
    #[serde(default)]
    seqnum: Field<u64>,
    #[serde(default)]
    offset: Field<u64>,
    #[serde(default)]
    limit: Field<u64>,
}

/// R-V3-07: a bad field is an error, or counts as absent.
fn fetch(body: Option<&RawValue>, knob: BadField) -> Option<Fetch> {
    let body = match body.map(|raw| serde_json::from_str::<FetchBody>(raw.get())) {
        Some(Ok(body)) => body,
        None => FetchBody::default(),
        Some(Err(_)) if knob == BadField::Absent => FetchBody::default(),
        Some(Err(_)) => return None,
    };
    let take = |field: Field<u64>| match (field, knob) {
        (Field::Good(number), _) => Some(Some(number)),
        (Field::Absent, _) | (Field::Bad, BadField::Absent) => Some(None),
        (Field::Bad, BadField::Error) => None,
    };
    Some(Fetch { seqnum: take(body.seqnum)?, offset: take(body.offset)?, limit: take(body.limit)? })
}

#[derive(Serialize)]
struct Answer<'a, B> {
    retcode: u16,
    header: AnswerHeader<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<B>,
}

#[derive(Serialize)]
struct AnswerHeader<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reqid: Option<&'a RawValue>,
}

/// Writes the answer to a call; none where the device stays silent.
#[must_use]
pub fn encode(
    result: &Result<Reply, Refusal>,
    reqid: Option<&RawValue>,
    view: &View,
) -> Option<Vec<u8>> {
    let bytes = match result {
        Err(Refusal::Silence) => return None,
        Err(Refusal::Retcode(retcode)) => encode_retcode(*retcode, reqid, &view.behaviour.v3),
        Ok(reply) => encode_reply(reply, reqid, view),
    };
    Some(bytes)
}

/// Writes an answer that has only a `retcode`.
#[must_use]
pub fn encode_retcode(retcode: Retcode, reqid: Option<&RawValue>, knobs: &V3) -> Vec<u8> {
    write(&answer::<()>(retcode.0, reqid, None), knobs)
}

fn answer<B>(retcode: u16, reqid: Option<&RawValue>, body: Option<B>) -> Answer<'_, B> {
    Answer { retcode, header: AnswerHeader { reqid }, body }
}

fn write<T: Serialize>(message: &T, knobs: &V3) -> Vec<u8> {
    if knobs.trailing_commas { json::with_trailing_commas(message) } else { json::compact(message) }
}

#[derive(Serialize)]
struct TokenBody<'a> {
    token: &'a str,
    timestamp: i64,
}

#[derive(Serialize)]
struct BoundsBody {
    max: Option<u64>,
    min: Option<u64>,
}

#[derive(Serialize)]
struct EventsBody<'a> {
    events: Vec<event_object::EventObject<'a>>,
}

#[derive(Serialize)]
struct ConfigsBody<'a> {
    configs: Vec<ConfigItem<'a>>,
}

#[derive(Serialize)]
struct ConfigItem<'a> {
    key: &'a str,
    value: &'a str,
    class: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct DeviceInfoBody<'a> {
    device_id: &'a str,
    product_id: &'a str,
    hardware_version: &'a str,
    walos_version: &'a str,
    algm_version: &'a str,
    algm_vendor: &'a str,
    ip: &'a str,
    #[serde(rename = "total_user")]
    total_user: u32,
    #[serde(rename = "total_face")]
    total_face: u32,
}

fn encode_reply(reply: &Reply, reqid: Option<&RawValue>, view: &View) -> Vec<u8> {
    let knobs = &view.behaviour.v3;
    match reply {
        Reply::Done => write(&answer::<()>(0, reqid, None), knobs),
        Reply::Token { token, timestamp } => {
            write(&answer(0, reqid, Some(TokenBody { token, timestamp: *timestamp })), knobs)
        }
        Reply::Bounds(bounds) => {
            let body =
                BoundsBody { max: bounds.map(|(_, max)| max), min: bounds.map(|(min, _)| min) };
            write(&answer(0, reqid, Some(body)), knobs)
        }
        Reply::Events(entries) => {
            let showing = event_object::Showing::Fetched;
            let events = entries
                .iter()
                .filter_map(|entry| event_object::EventObject::new(view, entry, showing))
                .collect();
            write(&answer(0, reqid, Some(EventsBody { events })), knobs)
        }
        Reply::Configs(configs) | Reply::ConfigsTaken(configs) => {
            write(&answer(0, reqid, Some(configs_body(configs))), knobs)
        }
        Reply::DeviceInfo { people } => {
            write(&answer(0, reqid, Some(device_info(view, *people))), knobs)
        }
    }
}

fn configs_body<'a>(configs: &'a [Config]) -> ConfigsBody<'a> {
    let item = |config: &'a Config| ConfigItem {
        key: config.key,
        value: &config.value,
        class: config.class,
    };
    ConfigsBody { configs: configs.iter().map(item).collect() }
}

fn device_info(view: &View, people: u32) -> DeviceInfoBody<'_> {
    DeviceInfoBody {
        device_id: &view.identity.device_id,
        product_id: &view.identity.model,
        hardware_version: "V1.0",
        walos_version: env!("CARGO_PKG_VERSION"),
        algm_version: env!("CARGO_PKG_VERSION"),
        algm_vendor: "vestibule",
        ip: &view.identity.ip,
        total_user: people,
        total_face: people,
    }
}

#[derive(Serialize)]
struct Report<'a> {
    action: &'static str,
    header: ReportHeader<'a>,
    body: event_object::EventObject<'a>,
}

#[derive(Serialize)]
struct ReportHeader<'a> {
    reqid: &'a str,
}

/// The `reqid` of a device's `count`th report (R-V3-31).
#[must_use]
pub fn report_reqid(view: &View, entry: &Entry, count: u64) -> String {
    match view.behaviour.v3.report_reqid {
        ReportReqid::Uuid => view.report_uuid(entry).to_string(),
        ReportReqid::Counter => count.to_string(),
    }
}

/// Writes an `event-report`; none for an entry that has no v3 form.
#[must_use]
pub fn encode_report(view: &View, entry: &Entry, reqid: &str) -> Option<Vec<u8>> {
    let showing = event_object::Showing::Reported;
    let body = event_object::EventObject::new(view, entry, showing)?;
    let report = Report { action: "event-report", header: ReportHeader { reqid }, body };
    Some(write(&report, &view.behaviour.v3))
}

/// Writes one event as `event-fetch` shows it, for the control API; none without a v3 form.
#[must_use]
pub fn encode_event(view: &View, entry: &Entry) -> Option<Vec<u8>> {
    let showing = event_object::Showing::Fetched;
    event_object::EventObject::new(view, entry, showing).map(|event| json::compact(&event))
}
