//! What the v3.x API answers: [`Reply`]s to bytes.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::behaviour::{Part, V3};
use crate::calls::v3::{Config, Refusal, Reply, Retcode, Slice, UserAnswer, retcode_of};
use crate::event::Entry;
use crate::wire::accounts::{self, Telling};
use crate::wire::edits::About;
use crate::wire::view::View;
use crate::wire::{event_object, json, mqtt, picture};
use crate::world::Roster;

#[derive(Serialize)]
struct Answer<'a, B> {
    retcode: u16,
    header: AnswerHeader<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<B>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct AnswerHeader<'a> {
    /// As it came, whatever it was (R-V3-05).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Value")]
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

pub(super) fn to_bytes<T: Serialize>(message: &T, knobs: &V3) -> Vec<u8> {
    if knobs.trailing_commas { json::with_trailing_commas(message) } else { json::compact(message) }
}

#[derive(Serialize, JsonSchema)]
pub(super) struct TokenBody<'a> {
    token: &'a str,
    timestamp: i64,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct BoundsBody {
    /// Null on a device that says so of an empty log (R-V3-14), as `min`.
    max: Option<u64>,
    min: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Events")]
pub(super) struct EventsBody<E> {
    events: Vec<E>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ConfigsBody<'a> {
    configs: Vec<ConfigItem<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct ConfigItem<'a> {
    key: &'a str,
    value: ConfigValue<'a>,
    class: &'a str,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum ConfigValue<'a> {
    Text(&'a str),
    /// Of a device that types its values.
    #[schemars(skip)]
    Number(i64),
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct DeviceInfoBody<'a> {
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

#[derive(Serialize, JsonSchema)]
pub(super) struct SliceBody<'a> {
    #[schemars(extend("const" = "logr"))]
    r#type: &'static str,
    filesize: usize,
    filename: &'a str,
    offset: u64,
    size: usize,
    /// Base64.
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

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{U}List")]
pub(super) struct UsersBody<U> {
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
pub(super) const EVENT: &[Part] = &[Part::Event];

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
