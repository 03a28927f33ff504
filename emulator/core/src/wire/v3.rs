//! The v3.x messages: requests to [`Call`]s, [`Reply`]s and events to bytes.
//!
//! No bytes make it panic. What it cannot read it says by `retcode`, with the `reqid` if that could be
//! read (R-V3-05). Limits: the depth of what is read is bounded by the JSON reader (128), the size by the
//! server in front of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::accounts::Telling;
use super::edits::About;
use super::fields::{Field, as_it_stands, read_object};
use super::mqtt;
use super::view::View;
use super::{accounts, device_calls, event_object, json, picture};
use crate::behaviour::{BadField, Part, Path, ReportReqid, V3};
use crate::calls::v3::{
    Call, Config, Credentials, Fetch, Refusal, Reply, Retcode, Slice, UserAnswer, retcode_of,
};
use crate::event::Entry;
use crate::faults::Site;
use crate::world::Roster;

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
    match service {
        "auth" => Some(Service::Auth),
        "device" => Some(Service::Device),
        "acm" => Some(Service::Accounts),
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

#[derive(Deserialize)]
struct Header {
    #[serde(default, deserialize_with = "as_it_stands")]
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
            decode_call(&action, service, header, envelope.body, knobs.bad_field)
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

/// An action: where it is served, what it needs, and how its body is read.
pub(super) struct Action {
    pub(super) name: &'static str,
    pub(super) home: Service,
    /// What is said of it where it cannot be read.
    pub(super) unreadable: Unreadable,
    pub(super) read: fn(Option<&RawValue>, BadField) -> Option<Call>,
}

const ACTIONS: [Action; 17] = [
    Action {
        name: "auth-login",
        home: Service::Auth,
        unreadable: Unreadable::BadOpenField,
        read: |body, _| Some(Call::Login(credentials(body)?)),
    },
    Action {
        name: "auth-passwd",
        home: Service::Auth,
        unreadable: Unreadable::BadField,
        read: |body, _| Some(Call::SetPassword(credentials(body)?)),
    },
    Action {
        name: "device-info",
        home: Service::Device,
        unreadable: Unreadable::BadOpenField,
        read: |_, _| Some(Call::DeviceInfo),
    },
    Action {
        name: "config-fetch",
        home: Service::Device,
        unreadable: Unreadable::BadField,
        read: |_, _| Some(Call::ConfigFetch),
    },
    Action {
        name: "config-set",
        home: Service::Device,
        unreadable: Unreadable::BadField,
        read: |body, _| config_set(body),
    },
    Action {
        name: "device-synctime",
        home: Service::Device,
        unreadable: Unreadable::BadField,
        read: |body, _| device_calls::sync_time(body),
    },
    Action {
        name: "device-opendoor",
        home: Service::Device,
        unreadable: Unreadable::BadField,
        read: |body, _| device_calls::open_door(body),
    },
    Action {
        name: "device-reboot",
        home: Service::Device,
        unreadable: Unreadable::BadField,
        read: |_, _| Some(Call::Reboot),
    },
    Action {
        name: "device-reset",
        home: Service::Device,
        unreadable: Unreadable::BadField,
        read: |_, _| Some(Call::Reset),
    },
    Action {
        name: "device-download",
        home: Service::Device,
        unreadable: Unreadable::BadField,
        read: |body, _| device_calls::download(body),
    },
    Action {
        name: "user-fetch",
        home: Service::Accounts,
        unreadable: Unreadable::BadField,
        read: |body, _| accounts::fetch(body),
    },
    Action {
        name: "user-insert",
        home: Service::Accounts,
        unreadable: Unreadable::BadField,
        read: |body, _| accounts::insert(body),
    },
    Action {
        name: "user-remove",
        home: Service::Accounts,
        unreadable: Unreadable::BadField,
        read: |body, _| accounts::remove(body),
    },
    Action {
        name: "user-lookup",
        home: Service::Accounts,
        unreadable: Unreadable::BadField,
        read: |body, _| accounts::lookup(body),
    },
    Action {
        name: "user-clear",
        home: Service::Accounts,
        unreadable: Unreadable::BadField,
        read: |_, _| Some(Call::UserClear),
    },
    Action {
        name: "event-info",
        home: Service::Event,
        unreadable: Unreadable::BadField,
        read: |_, _| Some(Call::EventInfo),
    },
    Action {
        name: "event-fetch",
        home: Service::Event,
        unreadable: Unreadable::BadField,
        read: |body, knob| Some(Call::EventFetch(fetch(body, knob)?)),
    },
];

fn decode_call(
    name: &str,
    service: Service,
    header: HeaderRead,
    body: Option<&RawValue>,
    knob: BadField,
) -> Result<Call, Unreadable> {
    let action = ACTIONS
        .iter()
        .chain(&mqtt::ACTIONS)
        .filter(|action| service == action.home || service == Service::Any)
        .find(|action| action.name == name)
        .ok_or(Unreadable::UnknownAction)?;
    if header == HeaderRead::Badly {
        return Err(action.unreadable);
    }
    (action.read)(body, knob).ok_or(action.unreadable)
}

#[derive(Deserialize)]
struct CredentialsBody {
    user: String,
    passwd: String,
}

fn credentials(body: Option<&RawValue>) -> Option<Credentials> {
    let body: CredentialsBody = read_object(body?.get().as_bytes()).ok()?;
    Some(Credentials { user: body.user, digest: body.passwd })
}

#[derive(Deserialize)]
struct ConfigSetBody<'a> {
    #[serde(borrow)]
    configs: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct ConfigSetItem {
    key: String,
    value: String,
}

fn config_set(body: Option<&RawValue>) -> Option<Call> {
    let body: ConfigSetBody<'_> = read_object(body?.get().as_bytes()).ok()?;
    let item = |raw: &RawValue| {
        let item: ConfigSetItem = read_object(raw.get().as_bytes()).ok()?;
        Some((item.key, item.value))
    };
    let configs: Option<_> = body.configs.into_iter().map(item).collect();
    configs.map(Call::ConfigSet)
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
    let body = match body.map(|raw| read_object::<FetchBody>(raw.get().as_bytes())) {
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
        Err(Refusal::Retcode(retcode)) => encode_retcode(*retcode, reqid, view),
        Ok(reply) => encode_reply(reply, reqid, view),
    };
    Some(bytes)
}

/// Writes an answer that has only a `retcode`.
#[must_use]
pub fn encode_retcode(retcode: Retcode, reqid: Option<&RawValue>, view: &View) -> Vec<u8> {
    write(&answer::<()>(retcode.0, reqid, None), view)
}

fn answer<B>(retcode: u16, reqid: Option<&RawValue>, body: Option<B>) -> Answer<'_, B> {
    Answer { retcode, header: AnswerHeader { reqid }, body }
}

/// Writes an answer as the faults in force have it.
fn write<B: Serialize>(answer: &Answer<'_, B>, view: &View) -> Vec<u8> {
    if view.behaviour.violations.v3.calls.plain_text {
        return b"OK".to_vec();
    }
    let about = About::answer(view);
    if !about.is_edited() {
        return to_bytes(answer, &view.behaviour.v3);
    }
    let part = if answer.retcode == 0 { Part::Good } else { Part::Error };
    to_bytes(&about.edit(answer, &[Part::Answer, part]), &view.behaviour.v3)
}

fn to_bytes<T: Serialize>(message: &T, knobs: &V3) -> Vec<u8> {
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
struct EventsBody<E> {
    events: Vec<E>,
}

#[derive(Serialize)]
struct ConfigsBody<'a> {
    configs: Vec<ConfigItem<'a>>,
}

#[derive(Serialize)]
struct ConfigItem<'a> {
    key: &'a str,
    value: ConfigValue<'a>,
    class: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ConfigValue<'a> {
    Text(&'a str),
    /// Of a device that types its values.
    Number(i64),
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
    match reply {
        Reply::Done | Reply::GoingDown(_) => write(&answer::<()>(0, reqid, None), view),
        Reply::Token { token, timestamp } => {
            write(&answer(0, reqid, Some(TokenBody { token, timestamp: *timestamp })), view)
        }
        Reply::Bounds(bounds) => {
            let body =
                BoundsBody { max: bounds.map(|(_, max)| max), min: bounds.map(|(min, _)| min) };
            write(&answer(0, reqid, Some(body)), view)
        }
        Reply::Events(entries, roster) => encode_events(entries, roster, reqid, view),
        Reply::Picture { .. } => encode_retcode(Retcode::BUSY, reqid, view),
        Reply::Slice(slice) => write(&answer(0, reqid, Some(SliceBody::new(slice))), view),
        Reply::Users(users) => {
            let users = users.iter().map(|one| accounts::User::new(one)).collect();
            write(&answer(0, reqid, Some(UsersBody { users })), view)
        }
        Reply::UserBatch(batch) => encode_batch(batch, reqid, view),
        Reply::Configs(configs) | Reply::ConfigsTaken(configs) => {
            write(&answer(0, reqid, Some(configs_body(configs, view))), view)
        }
        Reply::Mqtt(fields) => write(&answer(0, reqid, Some(mqtt::Body::new(fields))), view),
        Reply::DeviceInfo { people } => {
            write(&answer(0, reqid, Some(device_info(view, *people))), view)
        }
    }
}

/// Makes what a reply says is still to be made, now that nobody waits for the device.
///
/// # Errors
/// When the slice begins behind the end of the picture.
pub fn made(result: Result<Reply, Refusal>, view: &View) -> Result<Reply, Refusal> {
    let Ok(Reply::Picture { entry, roster, asked }) = result else {
        return result;
    };
    let view = View { roster, ..view.clone() };
    let violations = &view.behaviour.violations.v3.download;
    let whole = picture::of(&view, &entry).ok_or(Refusal::Retcode(Retcode::FILE))?;
    let offset = if violations.offset_ignored { 0 } else { asked.offset };
    let start = usize::try_from(offset).ok().filter(|start| *start < whole.len());
    let start = start.ok_or(Refusal::Retcode(Retcode::BAD_PARAMETER))?;
    let size = asked.size + usize::from(violations.size_exceeded);
    let end = whole.len().min(start + size);
    Ok(Reply::Slice(Slice {
        filesize: whole.len(),
        filename: format!("LOGR0-{}.jpg", entry.at.millis()),
        offset: asked.offset,
        data: whole[start..end].to_vec(),
    }))
}

#[derive(Serialize)]
struct SliceBody<'a> {
    r#type: &'static str,
    filesize: usize,
    filename: &'a str,
    offset: u64,
    size: usize,
    data: String,
}

impl<'a> SliceBody<'a> {
    fn new(slice: &'a Slice) -> Self {
        let Slice { filesize, filename, offset, data } = slice;
        let (filesize, offset) = (*filesize, *offset);
        let (size, data) = (data.len(), picture::text(data));
        Self { r#type: "logr", filesize, filename, offset, size, data }
    }
}

#[derive(Serialize)]
struct UsersBody<U> {
    users: Vec<U>,
}

fn encode_batch(batch: &[UserAnswer], reqid: Option<&RawValue>, view: &View) -> Vec<u8> {
    let violations = &view.behaviour.violations.v3.accounts;
    let failed = batch.iter().map(|one| one.retcode).find(|one| *one != Retcode::SUCCESS);
    let retcode = match failed {
        Some(failed) if violations.part_fails_all => failed,
        _ => retcode_of(batch),
    };
    let telling = if violations.parts_untold { Telling::None } else { Telling::Each };
    let users = batch.iter().map(|one| accounts::Outcome::new(one, telling)).collect();
    write(&answer(retcode.0, reqid, Some(UsersBody { users })), view)
}

fn encode_events(
    entries: &[Entry],
    roster: &Arc<Roster>,
    reqid: Option<&RawValue>,
    view: &View,
) -> Vec<u8> {
    let known: View;
    let view = if Arc::ptr_eq(&view.roster, roster) {
        view
    } else {
        known = View { roster: Arc::clone(roster), ..view.clone() };
        &known
    };
    let object =
        |entry| event_object::EventObject::new(view, entry, event_object::Showing::Fetched);
    if !About::answer(view).is_edited() {
        let events = entries.iter().filter_map(object).collect();
        return write(&answer(0, reqid, Some(EventsBody { events })), view);
    }
    let edited = |entry| Some(About::event(view, entry).edit(&object(entry)?, EVENT));
    let events = entries.iter().filter_map(edited).collect();
    write(&answer(0, reqid, Some(EventsBody { events })), view)
}

/// What an event object is part of by itself.
const EVENT: &[Part] = &[Part::Event];

fn configs_body<'a>(configs: &'a [Config], view: &View) -> ConfigsBody<'a> {
    let number =
        |text: &str| text.parse().ok().filter(|_| view.behaviour.violations.v3.settings.typed);
    let item = |config: &'a Config| ConfigItem {
        key: config.key,
        value: number(&config.value).map_or(ConfigValue::Text(&config.value), ConfigValue::Number),
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

/// Writes what a device asks by itself (R-V3-18).
#[must_use]
pub fn encode_question(view: &View, question: &crate::delivery::mqtt::Question) -> Vec<u8> {
    mqtt::encode(view, question)
}

#[derive(Serialize)]
struct Report<'a, E> {
    action: &'static str,
    header: ReportHeader<'a>,
    body: E,
}

#[derive(Serialize)]
struct ReportHeader<'a> {
    reqid: &'a str,
}

/// The `reqid` of a device's `count`th report (R-V3-31).
#[must_use]
pub fn report_reqid(view: &View, entry: &Entry, count: u64) -> String {
    if view.behaviour.violations.v3.report.reqid_repeats {
        return view.seed.named("report").uuid().to_string();
    }
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
    let (action, header) = ("event-report", ReportHeader { reqid });
    let (about, knobs) = (About::event(view, entry), &view.behaviour.v3);
    if !about.is_edited() {
        return Some(to_bytes(&Report { action, header, body }, knobs));
    }
    let body = about.edit(&body, EVENT);
    let report = about.edit(&Report { action, header, body }, &[Part::Report]);
    Some(to_bytes(&report, knobs))
}

/// Writes one event as `event-fetch` shows it, for the control API; none without a v3 form.
#[must_use]
pub fn encode_event(view: &View, entry: &Entry) -> Option<Vec<u8>> {
    let showing = event_object::Showing::Fetched;
    event_object::EventObject::new(view, entry, showing).map(|event| json::compact(&event))
}
