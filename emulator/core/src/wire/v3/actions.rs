//! The actions of the v3.x API, as a table: where each is served, what it needs, and how its body is read.

use serde_json::value::RawValue;

use super::{HeaderRead, Service, Unreadable, requests};
use crate::behaviour::BadField;
use crate::calls::v3::Call;
use crate::wire::{accounts, device_calls, mqtt};

/// An action.
struct Action {
    name: &'static str,
    /// Where it is served.
    home: Service,
    /// What is said of it where it cannot be read.
    unreadable: Unreadable,
    /// How its body is read.
    read: Read,
}

type Read = fn(Option<&RawValue>, BadField) -> Option<Call>;

/// One that needs a token.
const fn guarded(name: &'static str, home: Service, read: Read) -> Action {
    Action { name, home, unreadable: Unreadable::BadField, read }
}

/// One that is served without (R-V3-02).
const fn open(name: &'static str, home: Service, read: Read) -> Action {
    Action { name, home, unreadable: Unreadable::BadOpenField, read }
}

const ACTIONS: [Action; 19] = [
    open("auth-login", Service::Auth, |body, _| Some(Call::Login(requests::credentials(body)?))),
    guarded("auth-passwd", Service::Auth, |body, _| {
        Some(Call::SetPassword(requests::credentials(body)?))
    }),
    open("device-info", Service::Device, |_, _| Some(Call::DeviceInfo)),
    guarded("config-fetch", Service::Device, |_, _| Some(Call::ConfigFetch)),
    guarded("config-set", Service::Device, |body, _| requests::config_set(body)),
    guarded("device-synctime", Service::Device, |body, _| device_calls::sync_time(body)),
    guarded("device-opendoor", Service::Device, |body, _| device_calls::open_door(body)),
    guarded("device-reboot", Service::Device, |_, _| Some(Call::Reboot)),
    guarded("device-reset", Service::Device, |_, _| Some(Call::Reset)),
    guarded("device-download", Service::Device, |body, _| device_calls::download(body)),
    guarded("mqtt-get", Service::Device, |_, _| Some(Call::MqttGet)),
    guarded("mqtt-set", Service::Device, |body, _| mqtt::set(body)),
    guarded("user-fetch", Service::Accounts, |body, _| accounts::fetch(body)),
    guarded("user-insert", Service::Accounts, |body, _| accounts::insert(body)),
    guarded("user-remove", Service::Accounts, |body, _| accounts::remove(body)),
    guarded("user-lookup", Service::Accounts, |body, _| accounts::lookup(body)),
    guarded("user-clear", Service::Accounts, |_, _| Some(Call::UserClear)),
    guarded("event-info", Service::Event, |_, _| Some(Call::EventInfo)),
    guarded("event-fetch", Service::Event, |body, knob| {
        Some(Call::EventFetch(requests::fetch(body, knob)?))
    }),
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
