//! The bodies of the v1 API's requests: JSON to calls.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::calls::v1::{Call, DoorMode, DoorOrder, Login, Operation, Unreadable};
use crate::dest::EventDest;
use crate::wire::fields::{Field, read_object};

/// Reads what is asked; of what needs no body, none is looked at.
///
/// # Errors
/// When the body is not a JSON object, or a field is missing, of another type or out of its range.
pub fn decode(operation: Operation, body: &[u8]) -> Result<Call, Unreadable> {
    match operation {
        Operation::GetSubscription => Ok(Call::GetSubscription),
        Operation::Subscribe => subscribe(body),
        Operation::Login => login(body),
        Operation::ListCodes => Ok(Call::ListCodes),
        Operation::DeviceInfo => Ok(Call::DeviceInfo),
        Operation::Ping => Ok(Call::Ping),
        Operation::Records => super::records::decode(body),
        Operation::Door => door(body),
        Operation::Reboot => Ok(Call::Reboot),
        Operation::Watch => Ok(Call::Watch),
    }
}

/// Reads a JSON object.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Unreadable> {
    read_object(body).map_err(|error| Unreadable::NotJson(error.to_string()))
}

#[derive(Deserialize, JsonSchema)]
#[serde(expecting = "a JSON object")]
#[schemars(extend("required" = ["event_dest"]))]
pub(super) struct SubscribeBody {
    /// Where records go: http or https, at most 1,024 characters.
    #[serde(default)]
    #[schemars(length(max = 1024), extend("format" = "uri"))]
    event_dest: Field<String>,
    /// Whether they go; left out, they do (R-V1-03).
    #[serde(default)]
    enabled: Field<bool>,
}

fn subscribe(body: &[u8]) -> Result<Call, Unreadable> {
    let body: SubscribeBody = read(body)?;
    let Field::Good(destination) = body.event_dest else {
        return Err(Unreadable::Field("event_dest must be a string with the receiver's address"));
    };
    let destination = EventDest::parse(&destination).map_err(Unreadable::Destination)?;
    let enabled = match body.enabled {
        Field::Good(enabled) => Some(enabled),
        Field::Absent => None,
        Field::Bad => return Err(Unreadable::Field("enabled must be true or false")),
    };
    Ok(Call::Subscribe { destination, enabled })
}

/// How long a token lives where nothing is said of it, and at most, in minutes (the vendor's manual).
const VALID_MINUTES_DEFAULT: f64 = 5.0;
const VALID_MINUTES_MAX: f64 = 1440.0;

#[derive(Deserialize, JsonSchema)]
#[serde(expecting = "a JSON object")]
#[schemars(extend("required" = ["username", "password"]))]
pub(super) struct LoginBody {
    #[serde(default)]
    username: Field<String>,
    #[serde(default)]
    password: Field<String>,
    /// For how many minutes the token is good; 5 by itself.
    #[serde(default, rename = "validTime")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = VALID_MINUTES_MAX))]
    valid_time: Field<f64>,
}

/// R-V1-26: a part of a minute is a time, too.
fn login(body: &[u8]) -> Result<Call, Unreadable> {
    let body: LoginBody = read(body)?;
    let (Field::Good(user), Field::Good(password)) = (body.username, body.password) else {
        return Err(Unreadable::Field("username and password must be strings"));
    };
    let minutes = match body.valid_time {
        Field::Absent => VALID_MINUTES_DEFAULT,
        Field::Good(minutes) if minutes > 0.0 && minutes <= VALID_MINUTES_MAX => minutes,
        Field::Good(_) | Field::Bad => {
            return Err(Unreadable::Field(
                "validTime must be a number of minutes, over 0 and up to 1440",
            ));
        }
    };
    let valid = Duration::from_secs_f64(minutes * 60.0);
    Ok(Call::Login { login: Login { user, password }, valid })
}

/// A card's number has at most so many bytes: a longer one is nobody's.
const CARD_BYTES_MAX: usize = 32;

#[derive(Deserialize, JsonSchema)]
#[serde(expecting = "a JSON object")]
#[schemars(extend("required" = ["open_mode"]))]
pub(super) struct DoorBody {
    /// 0 normal, 1 held open, 2 held closed.
    #[serde(default)]
    #[schemars(range(max = 2))]
    open_mode: Field<u8>,
    /// Whose card the order is given by.
    #[serde(default)]
    #[schemars(length(max = CARD_BYTES_MAX))]
    card_number: Field<String>,
}

/// R-V1-29: what is not understood is not acted upon.
fn door(body: &[u8]) -> Result<Call, Unreadable> {
    let body: DoorBody = read(body)?;
    let mode = match body.open_mode {
        Field::Good(0) => DoorMode::Normal,
        Field::Good(1) => DoorMode::HeldOpen,
        Field::Good(2) => DoorMode::HeldClosed,
        Field::Good(_) | Field::Absent | Field::Bad => {
            let must = "open_mode must be 0 for normal, 1 for held open, or 2 for held closed";
            return Err(Unreadable::Field(must));
        }
    };
    let card = match body.card_number {
        Field::Absent => None,
        Field::Good(card) if card.len() <= CARD_BYTES_MAX => Some(card),
        Field::Good(_) | Field::Bad => {
            return Err(Unreadable::Field("card_number must be a string of at most 32 bytes"));
        }
    };
    Ok(Call::Door(DoorOrder { mode, card: card.filter(|card| !card.is_empty()) }))
}
