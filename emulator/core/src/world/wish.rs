//! What somebody asks to happen: the control API's emit request, typed, and its names.
//!
//! Names are lenient in case and in `_` for `-`; a name that is not in a table is a [`Refusal`] that
//! lists the table. Whether the parts go together is for [`super::World::prepare`] to say.

use std::str::FromStr;

use super::enrolment::UserId;
use super::reason::{REASONS, ReasonName};
use super::refusal::Refusal;
use crate::clock::UnixMillis;
use crate::event::Kind;

/// Something that is to happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// What.
    pub event: EventName,
    /// How often, 1 to [`super::COUNT_MAX`].
    pub count: u32,
    /// The v3 `state`; left out, 1 for what is switched on and off.
    pub state: Option<u8>,
    /// Whom it is about.
    pub person: Option<Whom>,
    /// With what verdict (table C).
    pub reason: Option<ReasonName>,
    /// By what, 1 to 12.
    pub entry_mode: Option<u8>,
    /// Degrees Celsius; rounded to tenths.
    pub therm: Option<f64>,
    /// The card held to the reader, like 0xffae0846 (R-V3-23).
    pub card: Option<String>,
    /// The code held to the reader.
    pub qrcode: Option<String>,
    /// The v1 `code` of an alarm.
    pub code: Option<u32>,
    /// The v1 `status` of an alarm.
    pub status: Option<u8>,
    /// When; left out, now.
    pub at: Option<UnixMillis>,
}

impl Wish {
    /// One of that event, everything else left open.
    #[must_use]
    pub const fn new(event: EventName) -> Self {
        Self {
            event,
            count: 1,
            state: None,
            person: None,
            reason: None,
            entry_mode: None,
            therm: None,
            card: None,
            qrcode: None,
            code: None,
            status: None,
            at: None,
        }
    }
}

/// What can be asked for (table B).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventName {
    /// A face.
    Face,
    /// A card.
    Card,
    /// A QR code or health code.
    Qrcode,
    /// A visitor's code.
    Visitor,
    /// A temperature.
    Therm,
    /// The door sensor.
    Door,
    /// Remote opening.
    Remote,
    /// The exit button.
    Push,
    /// The fire alarm.
    Fire,
    /// The tamper alarm.
    Disa,
    /// A PIN.
    Pin,
    /// An alarm by its v1 `code` and `status`.
    Alarm,
}

impl EventName {
    /// Every name.
    pub const ALL: [Self; 12] = [
        Self::Face,
        Self::Card,
        Self::Qrcode,
        Self::Visitor,
        Self::Therm,
        Self::Door,
        Self::Remote,
        Self::Push,
        Self::Fire,
        Self::Disa,
        Self::Pin,
        Self::Alarm,
    ];

    /// The name in the control API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Card => "card",
            Self::Qrcode => "qrcode",
            Self::Visitor => "visitor",
            Self::Therm => "therm",
            Self::Door => "door",
            Self::Remote => "remote",
            Self::Push => "push",
            Self::Fire => "fire",
            Self::Disa => "disa",
            Self::Pin => "pin",
            Self::Alarm => "alarm",
        }
    }

    /// The kind of v3 event whose methods make it.
    pub(super) const fn kind(self) -> Option<Kind> {
        match self {
            Self::Face => Some(Kind::Face),
            Self::Card => Some(Kind::Card),
            Self::Qrcode => Some(Kind::Qrcode),
            Self::Visitor => Some(Kind::Visitor),
            _ => None,
        }
    }
}

impl FromStr for EventName {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let name = plain(text);
        Self::ALL
            .into_iter()
            .find(|event| event.name() == name)
            .ok_or_else(|| Refusal::Event { given: text.to_owned() })
    }
}

/// Whom a wish is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Any employee.
    Any,
    /// A face that is not enrolled.
    Stranger,
    /// Any visitor.
    Visitor,
    /// Anybody on the blocklist.
    Blocklisted,
    /// The person with that uid.
    Uid(UserId),
}

impl FromStr for Whom {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match plain(text).as_str() {
            "any" | "employee" => Ok(Self::Any),
            "stranger" => Ok(Self::Stranger),
            "visitor" => Ok(Self::Visitor),
            "blocklisted" | "blocklist" => Ok(Self::Blocklisted),
            // An id is taken as it stands, capitals and all.
            _ => UserId::new(text.trim())
                .map(Self::Uid)
                .ok_or_else(|| Refusal::Person { given: text.to_owned() }),
        }
    }
}

impl FromStr for ReasonName {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let wanted = plain(text);
        REASONS
            .into_iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, reason)| reason)
            .ok_or_else(|| Refusal::Reason { given: text.to_owned() })
    }
}

fn plain(text: &str) -> String {
    text.trim().to_ascii_lowercase().replace(['_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lenient_and_read_back() {
        for event in EventName::ALL {
            assert_eq!(event.name().parse(), Ok(event));
        }
        for (name, reason) in REASONS {
            assert_eq!(name.parse(), Ok(reason));
            assert_eq!(name.to_uppercase().replace('-', "_").parse(), Ok(reason));
            assert_eq!(reason.name().parse(), Ok(reason));
        }
        let uid = |text: &str| UserId::new(text).map(Whom::Uid).expect("an id");
        assert_eq!("100001".parse(), Ok(uid("100001")));
        assert_eq!("Guard_7".parse(), Ok(uid("Guard_7")));
        assert_eq!("Any".parse(), Ok(Whom::Any));
    }

    #[test]
    fn other_names_are_refused_with_the_list() {
        let error = "tired".parse::<ReasonName>().expect_err("not in table C").to_string();
        assert!(error.contains("accepted, not-yet-valid") && error.contains("mismatch"), "{error}");
        assert!("reset".parse::<EventName>().is_err());
        for person in ["", " ", "0000", "0000abc", "an id of more than thirty-two bytes"] {
            assert!(person.parse::<Whom>().is_err(), "{person}");
        }
    }
}
