//! The v3 document's event object (事件对象): tables A and B.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::view::View;
use crate::behaviour::{DoorName, StrangerUid, TimeUnit};
use crate::clock::UnixMillis;
use crate::event::{Access, Entry, Fact, Kind, Opener, Phase, Presented, Subject, Switch};
use crate::world::CardNumber;

/// One event, as fetched or reported. Texts are written where they are shown, never stored.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub(super) struct EventObject<'a> {
    seqnum: u64,
    /// Milliseconds since 1970 (R-V3-04).
    timestamp: i64,
    #[schemars(extend("enum" = Kind::ALL.map(Kind::name)))]
    event: &'static str,
    #[serde(rename = "device-id", skip_serializing_if = "Option::is_none")]
    device_id: Option<&'a str>,
    #[serde(rename = "ip-addr", skip_serializing_if = "Option::is_none")]
    ip_addr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    uid: Option<Uid<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sharp: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    therm: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    data: Option<Card<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 4))]
    state: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    qrcode: Option<CodeText<'a>>,
}

/// For whom an event is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Showing {
    /// For a platform that fetches it.
    Fetched,
    /// For one that it is reported to: `device-id` is always there (R-V3-28).
    Reported,
}

impl<'a> EventObject<'a> {
    /// The event that an entry is; none if it has no v3 form (R-V3-27).
    pub(super) fn new(view: &'a View, entry: &'a Entry, showing: Showing) -> Option<Self> {
        let knobs = &view.behaviour.v3;
        let Some(kind) = entry.fact.kind() else {
            return Self::of_pin(view, entry);
        };
        let device_id = knobs.device_fields || showing == Showing::Reported;
        let mut object = Self::bare(view, entry.seqnum?.get(), entry.at);
        object.event = name(kind, knobs.door_name);
        object.device_id = device_id.then_some(view.identity.device_id.as_str());
        object.ip_addr = knobs.device_fields.then_some(view.identity.ip.as_str());
        object.fill(view, &entry.fact, kind);
        if knobs.fill_absent_fields {
            object.fill_absent(view);
        }
        Some(object)
    }

    /// What every event has. Inlined, it is made where it stays: it is large, and each move costs.
    #[inline]
    fn bare(view: &View, seqnum: u64, at: UnixMillis) -> Self {
        Self {
            seqnum,
            timestamp: match view.behaviour.v3.timestamp_unit {
                TimeUnit::Millis => at.millis(),
                TimeUnit::Seconds => at.seconds(),
            },
            event: "",
            device_id: None,
            ip_addr: None,
            uid: None,
            score: None,
            sharp: None,
            therm: None,
            data: None,
            state: None,
            qrcode: None,
        }
    }

    /// What has no v3 form, on a device that shows it all the same (R-V3-27).
    fn of_pin(view: &'a View, entry: &'a Entry) -> Option<Self> {
        let is_shown = view.behaviour.violations.v3.log.pins;
        let (Fact::Access(access) | Fact::PinAttack(access, _)) = &entry.fact else {
            return None;
        };
        let seqnum = entry.seqnum.filter(|_| is_shown)?;
        let mut object = Self::bare(view, seqnum.get(), entry.at);
        object.event = "pin";
        object.uid = Some(Uid { view, who: Who::Known(access.subject) });
        object.state = Some(access.verdict.state());
        Some(object)
    }

    /// Table A.
    fn fill(&mut self, view: &'a View, fact: &'a Fact, kind: Kind) {
        let uid = |subject: Subject| Some(Uid { view, who: Who::Known(subject) });
        match fact {
            Fact::Access(access) | Fact::PinAttack(access, _) => {
                self.fill_access(view, access, kind);
            }
            Fact::Temperature(subject, therm) => {
                self.therm = Some(therm.celsius());
                self.uid = if *subject == Subject::Nobody { None } else { uid(*subject) };
            }
            Fact::Door(switch) | Fact::Button(switch) => self.state = Some(state(*switch)),
            Fact::Alarm(alarm) => self.state = Some(u8::from(alarm.phase == Phase::Raised)),
            Fact::Remote(opener, switch) => {
                self.state = Some(state(*switch));
                self.uid = match opener {
                    Opener::Known(Subject::Nobody) => None,
                    Opener::Known(subject) => uid(*subject),
                    Opener::Named(name) => Some(Uid { view, who: Who::Named(name) }),
                };
            }
            Fact::Reset => {}
        }
    }

    fn fill_access(&mut self, view: &'a View, access: &'a Access, kind: Kind) {
        if kind != Kind::Qrcode {
            self.uid = Some(Uid { view, who: Who::Known(access.subject) });
            self.state = Some(access.verdict.state());
        }
        match kind {
            Kind::Face => {
                self.score = Some(access.face.map_or(0.0, |face| face.score.value()));
                self.sharp = Some(access.face.map_or(0.0, |face| face.sharp.value()));
                self.therm = access.therm.map(|therm| therm.celsius());
            }
            Kind::Card => self.data = Some(Card { view, access: Some(access) }),
            _ => self.qrcode = Some(CodeText { view, access: Some(access) }),
        }
    }

    /// R-V3-20: zero values where the kind has no such field.
    fn fill_absent(&mut self, view: &'a View) {
        self.uid.get_or_insert(Uid { view, who: Who::Known(Subject::Nobody) });
        self.score.get_or_insert(0.0);
        self.sharp.get_or_insert(0.0);
        self.therm.get_or_insert(0.0);
        self.data.get_or_insert(Card { view, access: None });
        self.state.get_or_insert(0);
        self.qrcode.get_or_insert(CodeText { view, access: None });
    }
}

/// The document's name of a kind (R-V3-19).
fn name(kind: Kind, door: DoorName) -> &'static str {
    match (kind, door) {
        (Kind::Door, DoorName::Open) => "open",
        _ => kind.name(),
    }
}

const fn state(switch: Switch) -> u8 {
    match switch {
        Switch::Off => 0,
        Switch::On => 1,
    }
}

/// Writes a value by its `Display`, without a string in between.
macro_rules! serialize_by_display {
    ($name:ident) => {
        impl Serialize for $name<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

/// A `uid`: an enrolled person's number, a stranger's (R-V3-21), nobody's empty one, or a name that a platform
/// gave (R-V3-34).
pub(super) struct Uid<'a> {
    view: &'a View,
    who: Who<'a>,
}

enum Who<'a> {
    Known(Subject),
    Named(&'a str),
}

serialize_by_display!(Uid);

impl fmt::Display for Uid<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = match self.who {
            Who::Known(subject) => subject,
            Who::Named(name) => return formatter.write_str(name),
        };
        match subject {
            Subject::Nobody => Ok(()),
            Subject::Person(person) => write!(formatter, "{}", self.view.roster.shown_uid(person)),
            Subject::Stranger(stranger) => match self.view.behaviour.v3.stranger_uid {
                StrangerUid::Constant => formatter.write_str("0000-STRANGER"),
                StrangerUid::Hex => {
                    formatter.write_str("0000")?;
                    stranger.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
                }
            },
        }
    }
}

/// A card's number (R-V3-23); nothing where there is no card.
pub(super) struct Card<'a> {
    view: &'a View,
    access: Option<&'a Access>,
}

serialize_by_display!(Card);

impl fmt::Display for Card<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(access) = self.access else {
            return Ok(());
        };
        let roster = &self.view.roster;
        let digits = self.view.behaviour.v3.card_digits;
        let number = match (&access.presented, access.subject) {
            (Presented::Text(text), _) => {
                let hex = text.strip_prefix("0x").unwrap_or(text);
                return write!(formatter, "0x{hex:0>digits$}");
            }
            (Presented::Unknown(number), _) => Some(roster.card_numbered(*number)),
            (Presented::Of(person), _) => roster.card(*person),
            (Presented::Own, Subject::Person(person)) => roster.card(person),
            (Presented::Own, _) => None,
        };
        let number = number.map_or(0, CardNumber::get);
        // R-V3-23: an even number of digits, and as many as the card has.
        let own = (u128::BITS - number.leading_zeros()).div_ceil(8) as usize * 2;
        let digits = digits.max(own);
        write!(formatter, "0x{number:0digits$x}")
    }
}

/// A code's text; nothing where there is no code.
pub(super) struct CodeText<'a> {
    view: &'a View,
    access: Option<&'a Access>,
}

serialize_by_display!(CodeText);

impl fmt::Display for CodeText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(access) = self.access else {
            return Ok(());
        };
        let roster = &self.view.roster;
        match (&access.presented, &access.subject) {
            (Presented::Text(text), _) => formatter.write_str(text),
            (Presented::Unknown(number), _) => {
                write!(formatter, "{}", roster.code_numbered(*number))
            }
            (Presented::Of(person), _) | (Presented::Own, Subject::Person(person)) => {
                roster.code(*person).map_or(Ok(()), |code| write!(formatter, "{code}"))
            }
            (Presented::Own, _) => Ok(()),
        }
    }
}
