//! What can happen at a door, in neither API's words.
//!
//! An [`Entry`] is one thing that happened, as the journal keeps it: small, without strings. What each
//! API shows of it follows from tables A to E of the rulings: [`Fact::kind`] and [`Fact::records`] say
//! which forms an entry has (table B), [`Verdict`] and [`Reason`] carry table C; `wire` turns them into
//! bytes. Names, cards and codes of people are not stored: a [`PersonRef`] finds them in the roster.

use std::num::{NonZeroU16, NonZeroU64};

use crate::clock::UnixMillis;

/// An event's number in the v3 API: from 1, growing by exactly 1 (R-V3-15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seqnum(NonZeroU64);

impl Seqnum {
    /// The number of a device's first event.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The number that follows. A device that made a million events a second would need half a
    /// million years to run out.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// An entry's place among all entries of a device, from 1; restarts only with a factory reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Index(u64);

impl Index {
    /// The first entry of a device.
    pub const FIRST: Self = Self(1);

    /// From a number a caller gave.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The index that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One thing that happened at a door.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place among all entries.
    pub index: Index,
    /// Its number in the v3 API, if it has a v3 form (R-V3-27).
    pub seqnum: Option<Seqnum>,
    /// When it was due, by the device's clock.
    pub at: UnixMillis,
    /// What happened.
    pub fact: Fact,
}

/// Which of an entry's v1 records: it has at most two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId {
    /// The entry.
    pub index: Index,
    /// The place in [`Fact::records`].
    pub part: u8,
}

/// What happened (table B).
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Somebody presented something at the reader, and was let in or not.
    Access(Access),
    /// The fifth wrong PIN running: a refusal and the password-attack alarm in one.
    PinAttack(Access, AlarmSerial),
    /// A temperature was taken, before the access of the same walk-in.
    Temperature(Subject, Therm),
    /// The door opened or closed after a grant.
    Door(Switch),
    /// An alarm was raised, its clearing failed, or it was cleared.
    Alarm(Alarm),
    /// The exit button was pressed or released.
    Button(Switch),
    /// The door was opened, or the opening ended, over the network.
    Remote(Subject, Switch),
    /// The device came back from a restart or factory reset that was asked for (R-V3-29).
    Reset,
}

/// The kinds of v3 event; also what `emit` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A face, known or not.
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
    /// Fire.
    Fire,
    /// Tamper ("disassembly").
    Disa,
    /// After a restart.
    Reset,
}

impl Kind {
    /// The v3 document's name.
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
            Self::Reset => "reset",
        }
    }
}

/// The types of v1 record, by the number the document gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// `type` 0.
    Recognition,
    /// `type` 1.
    Alarm,
}

impl Fact {
    /// The kind of v3 event this is, if it has a v3 form (table B, R-V3-27).
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Access(access) => access.method.kind(),
            Self::PinAttack(..) => None,
            Self::Temperature(..) => Some(Kind::Therm),
            Self::Door(_) => Some(Kind::Door),
            Self::Alarm(alarm) => alarm.kind(),
            Self::Button(_) => Some(Kind::Push),
            Self::Remote(..) => Some(Kind::Remote),
            Self::Reset => Some(Kind::Reset),
        }
    }

    /// The v1 records this has, in the order they are pushed (table B).
    #[must_use]
    pub const fn records(&self) -> &'static [RecordType] {
        match self {
            Self::Access(_) | Self::Button(Switch::On) => &[RecordType::Recognition],
            Self::PinAttack(..) => &[RecordType::Recognition, RecordType::Alarm],
            Self::Alarm(_) => &[RecordType::Alarm],
            Self::Temperature(..)
            | Self::Door(_)
            | Self::Button(Switch::Off)
            | Self::Remote(..)
            | Self::Reset => &[],
        }
    }
}

/// On and off: opened and closed, pressed and released, raised and cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// `state` 0.
    Off,
    /// `state` 1.
    On,
}

/// Whom an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Nobody that the device could tell.
    Nobody,
    /// Somebody enrolled.
    Person(PersonRef),
    /// A face that is not enrolled, one number per stranger (R-V3-21).
    Stranger([u8; 6]),
}

/// A person of the roster, as enrolled at the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonRef {
    /// The place in the roster, from 0.
    pub number: u32,
    /// How often the person's data had been edited.
    pub revision: u16,
}

/// Somebody presented something, and was let in or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    /// Who.
    pub subject: Subject,
    /// By what.
    pub method: Method,
    /// With what result.
    pub verdict: Verdict,
    /// The card or code that was held to the reader.
    pub presented: Presented,
    /// How alike the faces are; none where no face was looked at.
    pub face: Option<FaceQuality>,
    /// The temperature, with screening on.
    pub therm: Option<Therm>,
    /// What mask detection saw.
    pub mask: Mask,
}

/// What the camera made of a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaceQuality {
    /// Likeness (R-V3-22).
    pub score: Fraction,
    /// Sharpness of the picture (R-V3-22).
    pub sharp: Fraction,
}

/// A number from 0 to 1 with four decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction(u16);

impl Fraction {
    /// Ten-thousandths; more than 10,000 is 1.
    #[must_use]
    pub const fn new(ten_thousandths: u16) -> Self {
        Self(if ten_thousandths > 10_000 { 10_000 } else { ten_thousandths })
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }
}

/// A temperature in tenths of a degree Celsius (R-V3-24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Therm(NonZeroU16);

impl Therm {
    /// From here on a person is refused for fever: 37.3 °C, the usual threshold of these devices.
    pub const FEVER: Self = Self(NonZeroU16::new(373).expect("373 is not 0"));
    /// The least the sensor shows: 30.0 °C.
    pub const MIN_TENTHS: u16 = 300;
    /// The most the sensor shows: 45.0 °C.
    pub const MAX_TENTHS: u16 = 450;

    /// A temperature that the sensor can show, from tenths of a degree.
    #[must_use]
    pub fn new(tenths: u16) -> Option<Self> {
        (Self::MIN_TENTHS..=Self::MAX_TENTHS)
            .contains(&tenths)
            .then(|| NonZeroU16::new(tenths).map(Self))
            .flatten()
    }

    /// Degrees Celsius.
    #[must_use]
    pub fn celsius(self) -> f64 {
        f64::from(self.0.get()) / 10.0
    }
}

/// What mask detection saw, by the v1 document's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// Detection is off, or no face was looked at.
    Off,
    /// No mask.
    Bare,
    /// A mask.
    Worn,
}

/// The card or code that was held to the reader.
#[derive(Clone, Debug, PartialEq)]
pub enum Presented {
    /// The person's own, or nothing.
    Own,
    /// That of another person of the roster.
    Of(PersonRef),
    /// One that the device does not know, by number.
    Unknown(u32),
    /// One that was given word for word. Boxed twice: it is rare, and a wide pointer would make every
    /// entry larger.
    Text(Box<Box<str>>),
}

/// By what a person asked to be let in: the v1 `entry_mode`, with visitors' codes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// `entry_mode` 1.
    Face,
    /// `entry_mode` 2.
    Code,
    /// `entry_mode` 2, a visitor's code: another v3 kind.
    VisitorCode,
    /// `entry_mode` 3.
    Card,
    /// `entry_mode` 4.
    FaceAndCard,
    /// `entry_mode` 5.
    IdCard,
    /// `entry_mode` 6.
    FaceAndIdCard,
    /// `entry_mode` 7.
    HealthCode,
    /// `entry_mode` 8.
    FaceAndPin,
    /// `entry_mode` 9.
    CardAndPin,
    /// `entry_mode` 10.
    FaceCardAndPin,
    /// `entry_mode` 12; 11 is the exit button, which is no method of a person.
    NumberAndPin,
}

/// `entry_mode` of the exit button.
pub const EXIT_BUTTON_ENTRY_MODE: u8 = 11;

impl Method {
    /// Every method.
    pub const ALL: [Self; 12] = [
        Self::Face,
        Self::Code,
        Self::VisitorCode,
        Self::Card,
        Self::FaceAndCard,
        Self::IdCard,
        Self::FaceAndIdCard,
        Self::HealthCode,
        Self::FaceAndPin,
        Self::CardAndPin,
        Self::FaceCardAndPin,
        Self::NumberAndPin,
    ];

    /// The v1 document's `entry_mode`.
    #[must_use]
    pub const fn entry_mode(self) -> u8 {
        match self {
            Self::Face => 1,
            Self::Code | Self::VisitorCode => 2,
            Self::Card => 3,
            Self::FaceAndCard => 4,
            Self::IdCard => 5,
            Self::FaceAndIdCard => 6,
            Self::HealthCode => 7,
            Self::FaceAndPin => 8,
            Self::CardAndPin => 9,
            Self::FaceCardAndPin => 10,
            Self::NumberAndPin => 12,
        }
    }

    /// The kind of v3 event it makes (table B).
    #[must_use]
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::Face
            | Self::FaceAndCard
            | Self::FaceAndIdCard
            | Self::FaceAndPin
            | Self::FaceCardAndPin => Some(Kind::Face),
            Self::Card | Self::IdCard | Self::CardAndPin => Some(Kind::Card),
            Self::Code | Self::HealthCode => Some(Kind::Qrcode),
            Self::VisitorCode => Some(Kind::Visitor),
            Self::NumberAndPin => None,
        }
    }

    /// Whether a face is looked at.
    #[must_use]
    pub fn has_face(self) -> bool {
        self.kind() == Some(Kind::Face)
    }

    /// Whether a PIN is typed.
    #[must_use]
    pub const fn has_pin(self) -> bool {
        matches!(
            self,
            Self::FaceAndPin | Self::CardAndPin | Self::FaceCardAndPin | Self::NumberAndPin
        )
    }

    /// Whether a device in `mode` offers it (table E). `health_codes`: whether they are switched on.
    #[must_use]
    pub const fn allowed_in(self, mode: Mode, health_codes: HealthCodes) -> bool {
        if matches!(self, Self::HealthCode) {
            return matches!(health_codes, HealthCodes::On);
        }
        let allowed: &[u8] = match mode.0 {
            0 => &[1],
            1 => &[1, 3],
            2 => &[4],
            3 => &[1, 2, 3, 12],
            4 => &[5],
            5 => &[1, 5],
            6 => &[6],
            7 => &[8],
            8 => &[10],
            _ => &[9],
        };
        let mut at = 0;
        while at < allowed.len() {
            if allowed[at] == self.entry_mode() {
                return true;
            }
            at += 1;
        }
        false
    }
}

/// The v1 document's `mode`: how the device verifies people (table E).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(u8);

impl Mode {
    /// Face, card, QR code or PIN: the default.
    pub const ANY: Self = Self(3);

    /// One of the document's modes, 0 to 9.
    #[must_use]
    pub fn new(mode: u8) -> Option<Self> {
        (mode <= 9).then_some(Self(mode))
    }

    /// The document's number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// Whether health codes are accepted, in addition to what the mode allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthCodes {
    /// They are not offered.
    Off,
    /// They are.
    On,
}

/// Let in or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Let in.
    Accepted,
    /// Not let in.
    Refused(Reason),
}

impl Verdict {
    /// The v3 `state` of a face or card (table C).
    #[must_use]
    pub const fn state(self) -> u8 {
        match self {
            Self::Accepted | Self::Refused(Reason::Fever) => 4,
            Self::Refused(reason) => match reason {
                Reason::NotYetValid | Reason::Disabled | Reason::VisitorEarly => 1,
                Reason::Expired | Reason::VisitorLate => 2,
                Reason::NoPermission
                | Reason::OutsideHours
                | Reason::Blocklisted
                | Reason::Mismatch
                | Reason::WrongPin
                | Reason::TooManyPins => 3,
                Reason::Stranger
                | Reason::NotLive
                | Reason::UnknownCard
                | Reason::InvalidCode
                | Reason::InvalidIdCard
                | Reason::Fever => 0,
            },
        }
    }

    /// The v1 `abnormal_type` (table C); a mismatch is named by what was compared.
    #[must_use]
    pub const fn abnormal_type(self, method: Method) -> u32 {
        let Self::Refused(reason) = self else {
            return 0;
        };
        match reason {
            Reason::Blocklisted | Reason::Stranger | Reason::NotLive => 0,
            Reason::NotYetValid
            | Reason::Disabled
            | Reason::Expired
            | Reason::NoPermission
            | Reason::OutsideHours => 20002,
            Reason::VisitorEarly | Reason::VisitorLate => 20001,
            Reason::Fever => 40001,
            Reason::UnknownCard => 30002,
            Reason::InvalidCode => 30003,
            Reason::InvalidIdCard => 30001,
            Reason::WrongPin => 70001,
            Reason::TooManyPins => 70002,
            Reason::Mismatch => match method {
                Method::IdCard | Method::FaceAndIdCard => 10001,
                Method::Code | Method::VisitorCode | Method::HealthCode => 10003,
                _ => 10002,
            },
        }
    }
}

/// Why somebody was not let in (table C).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// An employee whose permission begins later.
    NotYetValid,
    /// An employee whose permission is switched off.
    Disabled,
    /// An employee whose permission has ended.
    Expired,
    /// A visitor before the agreed window.
    VisitorEarly,
    /// A visitor after the agreed window.
    VisitorLate,
    /// Somebody with no permission at this door.
    NoPermission,
    /// Somebody outside the hours they may pass.
    OutsideHours,
    /// Somebody on the blocklist.
    Blocklisted,
    /// A face that is not enrolled.
    Stranger,
    /// A picture or mask instead of a face.
    NotLive,
    /// Too hot.
    Fever,
    /// A card that is not enrolled.
    UnknownCard,
    /// A code that is not enrolled.
    InvalidCode,
    /// An ID card that cannot be read or is not enrolled.
    InvalidIdCard,
    /// Two things presented belong to two people.
    Mismatch,
    /// A wrong PIN.
    WrongPin,
    /// The fifth wrong PIN running.
    TooManyPins,
}

/// One moment in an alarm's life (R-V1-14).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alarm {
    /// What the alarm is about.
    pub cause: Cause,
    /// Where in its life.
    pub phase: Phase,
    /// Which alarm it is.
    pub trace: Trace,
    /// Whom it concerns.
    pub subject: Subject,
}

impl Alarm {
    /// The kind of v3 event this moment makes (table B).
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        match (self.cause, self.phase) {
            (_, Phase::ClearingFailed)
            | (Cause::PinAttack, _)
            | (Cause::HeldOpen, Phase::Raised) => None,
            (Cause::Tamper, _) => Some(Kind::Disa),
            (Cause::Fire, _) => Some(Kind::Fire),
            (Cause::ForcedOpen | Cause::HeldOpen, _) => Some(Kind::Door),
        }
    }
}

/// What an alarm is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// `code` 10001.
    Tamper,
    /// `code` 10002.
    ForcedOpen,
    /// `code` 10003.
    HeldOpen,
    /// `code` 10004.
    PinAttack,
    /// `code` 20003.
    Fire,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 5] =
        [Self::Tamper, Self::ForcedOpen, Self::HeldOpen, Self::PinAttack, Self::Fire];

    /// The v1 document's alarm `code`.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Tamper => 10001,
            Self::ForcedOpen => 10002,
            Self::HeldOpen => 10003,
            Self::PinAttack => 10004,
            Self::Fire => 20003,
        }
    }

    /// The cause with that `code`.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }
}

/// Where in its life an alarm is, by the v1 document's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// `status` 1.
    Raised,
    /// `status` 2: clearing was tried while the cause lasts.
    ClearingFailed,
    /// `status` 3.
    Cleared,
}

impl Phase {
    /// The v1 document's `status`.
    #[must_use]
    pub const fn status(self) -> u8 {
        match self {
            Self::Raised => 1,
            Self::ClearingFailed => 2,
            Self::Cleared => 3,
        }
    }
}

/// Which alarm: what its `trace_id` is made of, the same from raising to clearing (R-V1-14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Which of the device's alarms.
    pub serial: AlarmSerial,
    /// When it was raised.
    pub raised_at: UnixMillis,
}

/// A device's alarms, counted from 1 since its last factory reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlarmSerial(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    /// The budget: 50,000 entries and their places in both windows in under 100 bytes each.
    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<Entry>() <= 80, "an entry takes {} bytes", size_of::<Entry>());
    }

    #[test]
    fn table_e_gives_each_mode_its_entry_modes() {
        let allowed = |mode| -> Vec<u8> {
            let mode = Mode::new(mode).expect("a mode");
            let mut modes: Vec<u8> = Method::ALL
                .iter()
                .filter(|method| method.allowed_in(mode, HealthCodes::Off))
                .map(|method| method.entry_mode())
                .collect();
            modes.dedup();
            modes
        };
        let table: [&[u8]; 10] =
            [&[1], &[1, 3], &[4], &[1, 2, 3, 12], &[5], &[1, 5], &[6], &[8], &[10], &[9]];
        for (mode, expected) in (0..).zip(table) {
            assert_eq!(allowed(mode), expected, "mode {mode}");
        }
        assert!(Method::HealthCode.allowed_in(Mode::ANY, HealthCodes::On));
        assert!(Mode::new(10).is_none());
    }
}
