//! Somebody at the reader: by what they ask to be let in, and what the device sees of them (tables B, E).

use std::num::NonZeroU16;

use super::{Kind, PersonRef, Photo, Subject, Verdict};

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
    /// Whether a picture was taken.
    pub photo: Photo,
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

    /// The number, in ten-thousandths.
    #[must_use]
    pub const fn ten_thousandths(self) -> u16 {
        self.0
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

    /// Tenths of a degree Celsius.
    #[must_use]
    pub const fn tenths(self) -> u16 {
        self.0.get()
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

impl Access {
    /// Everybody enrolled of whom it speaks.
    pub fn people(&self) -> impl Iterator<Item = PersonRef> {
        self.subject.person().into_iter().chain(self.presented.owner())
    }
}

impl Presented {
    /// Whose it is, where it is another person's.
    #[must_use]
    pub const fn owner(&self) -> Option<PersonRef> {
        match self {
            Self::Of(person) => Some(*person),
            Self::Own | Self::Unknown(_) | Self::Text(_) => None,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
