//! The actions of the v3.x API, as a table: where each is served, what it needs, and how its body is read.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::value::RawValue;

use super::answers::{
    BoundsBody, ConfigsBody, DeviceInfoBody, EventsBody, SliceBody, TokenBody, UsersBody as Users,
};
use super::description::{Ignored, NoBody, RequestOf};
use super::requests::{ConfigSetBody, CredentialsBody, FetchBody};
use super::{HeaderRead, Service, Unreadable, requests};
use crate::behaviour::BadField;
use crate::calls::v3::Call;
use crate::wire::accounts::{Named, Outcome as Part, PageBody, User, UserBody, UsersBody};
use crate::wire::device_calls::{DownloadBody, OpenDoorBody, SyncTimeBody};
use crate::wire::event_object::EventObject;
use crate::wire::{accounts, device_calls, mqtt};

/// An action.
pub(super) struct Action {
    pub(super) name: &'static str,
    /// Where it is served.
    pub(super) home: Service,
    /// What is said of it where it cannot be read.
    unreadable: Unreadable,
    /// How its body is read.
    read: Read,
    pub(super) about: About,
}

type Read = fn(Option<&RawValue>, BadField) -> Option<Call>;

/// How an action is described: there is none that is not.
pub(super) struct About {
    pub(super) summary: &'static str,
    /// What a request is, but for its `action`.
    pub(super) request: Describe,
    /// What the `body` of a good answer is.
    pub(super) answer: Describe,
    pub(super) outcome: Outcome,
}

/// What a good answer says of success.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The call succeeded.
    Whole,
    /// Each part says so of itself, and the whole answer what `retcode_of` makes of them.
    Each,
}

type Describe = fn(&mut SchemaGenerator) -> Schema;

/// Its summary, the types of what it reads and what it answers, and how it is read.
const fn about<Asked: JsonSchema, Answered: JsonSchema>(summary: &'static str) -> About {
    let request = <RequestOf<Asked> as JsonSchema>::json_schema;
    let answer = SchemaGenerator::subschema_for::<Answered>;
    About { summary, request, answer, outcome: Outcome::Whole }
}

/// The same of a batch.
const fn batch<Asked: JsonSchema>(summary: &'static str) -> About {
    let about = about::<UsersBody<'_, Asked>, Users<Part<'_>>>(summary);
    About { outcome: Outcome::Each, ..about }
}

/// One that needs a token.
const fn guarded(name: &'static str, home: Service, about: About, read: Read) -> Action {
    Action { name, home, unreadable: Unreadable::BadField, read, about }
}

/// One that is served without (R-V3-02).
const fn open(name: &'static str, home: Service, about: About, read: Read) -> Action {
    Action { name, home, unreadable: Unreadable::BadOpenField, read, about }
}

impl Action {
    /// Whether a token is needed.
    pub(super) fn is_open(&self) -> bool {
        self.unreadable == Unreadable::BadOpenField
    }
}

/// Every action.
pub(super) const ACTIONS: [Action; 19] = [
    open(
        "auth-login",
        Service::Auth,
        about::<CredentialsBody, TokenBody<'_>>(
            "Logs in: the answer's token goes into the header `Token` from then on",
        ),
        |body, _| Some(Call::Login(requests::credentials(body)?)),
    ),
    guarded(
        "auth-passwd",
        Service::Auth,
        about::<CredentialsBody, NoBody>("Changes a password"),
        |body, _| Some(Call::SetPassword(requests::credentials(body)?)),
    ),
    open(
        "device-info",
        Service::Device,
        about::<Ignored, DeviceInfoBody<'_>>("Tells what the device is"),
        |_, _| Some(Call::DeviceInfo),
    ),
    guarded(
        "config-fetch",
        Service::Device,
        about::<Ignored, ConfigsBody<'_>>("Lists the settings"),
        |_, _| Some(Call::ConfigFetch),
    ),
    guarded(
        "config-set",
        Service::Device,
        about::<ConfigSetBody<'_>, ConfigsBody<'_>>(
            "Changes settings, and answers with those it took (R-V3-36)",
        ),
        |body, _| requests::config_set(body),
    ),
    guarded(
        "device-synctime",
        Service::Device,
        about::<SyncTimeBody, NoBody>("Sets the clock (R-V3-35)"),
        |body, _| device_calls::sync_time(body),
    ),
    guarded(
        "device-opendoor",
        Service::Device,
        about::<Option<OpenDoorBody>, NoBody>("Opens the door, or closes it (R-V3-34)"),
        |body, _| device_calls::open_door(body),
    ),
    guarded(
        "device-reboot",
        Service::Device,
        about::<Ignored, NoBody>("Restarts the device, once the answer has left (R-V3-33)"),
        |_, _| Some(Call::Reboot),
    ),
    guarded(
        "device-reset",
        Service::Device,
        about::<Ignored, NoBody>(
            "Makes the device as it was shipped, once the answer has left (R-V3-33)",
        ),
        |_, _| Some(Call::Reset),
    ),
    guarded(
        "device-download",
        Service::Device,
        about::<DownloadBody, SliceBody<'_>>("Reads a slice of an event's image (R-V3-38)"),
        |body, _| device_calls::download(body),
    ),
    guarded(
        "mqtt-get",
        Service::Device,
        about::<Ignored, mqtt::Body<'_>>(
            "Tells which broker the device is told to speak to (R-V3-18)",
        ),
        |_, _| Some(Call::MqttGet),
    ),
    guarded(
        "mqtt-set",
        Service::Device,
        about::<mqtt::SetBody, NoBody>(
            "Tells which broker to speak to, from the next restart on (R-V3-18)",
        ),
        |body, _| mqtt::set(body),
    ),
    guarded(
        "user-fetch",
        Service::Accounts,
        about::<Option<PageBody>, Users<User<'_>>>("Lists who is enrolled (R-V3-37)"),
        |body, _| accounts::fetch(body),
    ),
    guarded(
        "user-insert",
        Service::Accounts,
        batch::<UserBody<'_>>("Enrols people, or changes them; a `retcode` for each (R-V3-37)"),
        |body, _| accounts::insert(body),
    ),
    guarded(
        "user-remove",
        Service::Accounts,
        batch::<Named>("Removes people; a `retcode` for each (R-V3-37)"),
        |body, _| accounts::remove(body),
    ),
    guarded(
        "user-lookup",
        Service::Accounts,
        batch::<Named>("Shows people; a `retcode` for each (R-V3-37)"),
        |body, _| accounts::lookup(body),
    ),
    guarded(
        "user-clear",
        Service::Accounts,
        about::<Ignored, NoBody>("Removes everybody (R-V3-37)"),
        |_, _| Some(Call::UserClear),
    ),
    guarded(
        "event-info",
        Service::Event,
        about::<Ignored, BoundsBody>("Tells the oldest and the newest number in the log"),
        |_, _| Some(Call::EventInfo),
    ),
    guarded(
        "event-fetch",
        Service::Event,
        about::<Option<FetchBody>, EventsBody<EventObject<'_>>>("Reads a page of the log"),
        |body, knob| Some(Call::EventFetch(requests::fetch(body, knob)?)),
    ),
];

/// Finds an action and reads its body.
pub(super) fn decode_call(
    name: &str,
    service: Service,
    header: HeaderRead,
    body: Option<&RawValue>,
    knob: BadField,
) -> Result<Call, Unreadable> {
    let action = ACTIONS
        .iter()
        .filter(|action| service == action.home || service == Service::Any)
        .find(|action| action.name == name)
        .ok_or(Unreadable::UnknownAction)?;
    if header == HeaderRead::Badly {
        return Err(action.unreadable);
    }
    (action.read)(body, knob).ok_or(action.unreadable)
}
