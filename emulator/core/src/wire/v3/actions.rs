//! The actions of the v3.x API, as a table: where each is served, what it needs, and how its body is read.

use serde_json::value::RawValue;

use super::{HeaderRead, Service, Unreadable, requests};
use crate::behaviour::BadField;
use crate::calls::v3::Call;
use crate::wire::{accounts, device_calls, mqtt};

/// An action: where it is served, what it needs, and how its body is read.
pub(in crate::wire) struct Action {
    pub(in crate::wire) name: &'static str,
    pub(in crate::wire) home: Service,
    /// What is said of it where it cannot be read.
    pub(in crate::wire) unreadable: Unreadable,
    pub(in crate::wire) read: fn(Option<&RawValue>, BadField) -> Option<Call>,
}

const ACTIONS: [Action; 17] = [
    Action {
        name: "auth-login",
        home: Service::Auth,
        unreadable: Unreadable::BadOpenField,
        read: |body, _| Some(Call::Login(requests::credentials(body)?)),
    },
    Action {
        name: "auth-passwd",
        home: Service::Auth,
        unreadable: Unreadable::BadField,
        read: |body, _| Some(Call::SetPassword(requests::credentials(body)?)),
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
        read: |body, _| requests::config_set(body),
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
        read: |body, knob| Some(Call::EventFetch(requests::fetch(body, knob)?)),
    },
];

pub(super) fn decode_call(
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
