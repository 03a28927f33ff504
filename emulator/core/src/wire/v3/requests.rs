//! The bodies of the v3.x actions that the others' modules do not read: JSON to calls.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::behaviour::BadField;
use crate::calls::v3::{Call, Credentials, Fetch};
use crate::wire::fields::{Field, read_object};

#[derive(Deserialize, JsonSchema)]
pub(super) struct CredentialsBody {
    user: String,
    /// The upper-case MD5 digest of the password.
    passwd: String,
}

pub(super) fn credentials(body: Option<&RawValue>) -> Option<Credentials> {
    let body: CredentialsBody = read_object(body?.get().as_bytes()).ok()?;
    Some(Credentials { user: body.user, digest: body.passwd })
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct ConfigSetBody<'a> {
    #[serde(borrow)]
    #[schemars(with = "Vec<ConfigSetItem>")]
    configs: Vec<&'a RawValue>,
}

#[derive(Deserialize, JsonSchema)]
struct ConfigSetItem {
    key: String,
    value: String,
}

pub(super) fn config_set(body: Option<&RawValue>) -> Option<Call> {
    let body: ConfigSetBody<'_> = read_object(body?.get().as_bytes()).ok()?;
    let item = |raw: &RawValue| {
        let item: ConfigSetItem = read_object(raw.get().as_bytes()).ok()?;
        Some((item.key, item.value))
    };
    let configs: Option<_> = body.configs.into_iter().map(item).collect();
    configs.map(Call::ConfigSet)
}

#[derive(Default, Deserialize, JsonSchema)]
pub(super) struct FetchBody {
    /// The first event's number; wins over `offset` (R-V3-08).
    #[serde(default)]
    seqnum: Field<u64>,
    /// How many to skip from the oldest kept (R-V3-10).
    #[serde(default)]
    offset: Field<u64>,
    /// How many at most; 10 if left out (R-V3-11).
    #[serde(default)]
    limit: Field<u64>,
}

/// R-V3-07: a bad field is an error, or counts as absent.
pub(super) fn fetch(body: Option<&RawValue>, knob: BadField) -> Option<Fetch> {
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
