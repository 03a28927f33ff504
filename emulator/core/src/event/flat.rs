//! A fact in a few plain values, for whoever stores it: four columns of a table, or some bytes.
//!
//! Every fact has exactly one flat form, and every flat form is one fact or none: [`Flat::fact`] takes
//! nothing that a device could not have made. The numbers are part of what is stored, so they stay as they
//! are for good; a new variant takes the next free one.

use super::{
    Access, Alarm, AlarmSerial, Cause, FaceQuality, Fact, Fraction, Mask, Method, Opener,
    PersonRef, Phase, Photo, Presented, Reason, Subject, Switch, Therm, Trace, Verdict,
};
use crate::clock::UnixMillis;

/// A fact's flat form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flat {
    /// What happened, in bits: see the constants of this module. At most 60 are used.
    pub what: u64,
    /// Whom it is about: nothing for nobody; a person's number, with the revision above 32 bits; a stranger's
    /// number as `-1 - number`.
    pub subject: Option<i64>,
    /// What was presented, or when the alarm was raised.
    pub detail: Detail,
    /// The alarm's serial.
    pub alarm: Option<u32>,
}

/// The one value whose kind varies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The person's own card or code, or nothing to tell.
    Nothing,
    /// Another person's (as a subject), an unknown one's number as `-1 - number`; of an alarm, when it was
    /// raised, in milliseconds since 1970.
    Number(i64),
    /// What was given word for word.
    Text(Box<str>),
}

/// A flat form that is no fact: whatever was stored has been damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no fact is stored like this")]
pub struct NoFact;

/// A field of [`Flat::what`]: its lowest bit and its width.
#[derive(Clone, Copy)]
struct Field(u32, u32);

const FORM: Field = Field(0, 4);
const SWITCH: Field = Field(4, 1);
const METHOD: Field = Field(5, 4);
const VERDICT: Field = Field(9, 5);
const MASK: Field = Field(14, 2);
const THERM: Field = Field(16, 9);
/// 1 where a face was looked at.
const FACE: Field = Field(25, 1);
const SCORE: Field = Field(26, 14);
const SHARP: Field = Field(40, 14);
const CAUSE: Field = Field(54, 3);
const PHASE: Field = Field(57, 2);
/// 1 where a picture was taken.
const PHOTO: Field = Field(59, 1);

// What `FORM` says.
const ACCESS: u64 = 1;
const PIN_ATTACK: u64 = 2;
const TEMPERATURE: u64 = 3;
const DOOR: u64 = 4;
const ALARM: u64 = 5;
const BUTTON: u64 = 6;
const REMOTE: u64 = 7;
const RESET: u64 = 8;

/// The methods by their stored number, from 1.
const METHODS: [Method; 12] = [
    Method::Face,
    Method::Code,
    Method::VisitorCode,
    Method::Card,
    Method::FaceAndCard,
    Method::IdCard,
    Method::FaceAndIdCard,
    Method::HealthCode,
    Method::FaceAndPin,
    Method::CardAndPin,
    Method::FaceCardAndPin,
    Method::NumberAndPin,
];

/// The verdicts by their stored number, from 1.
const VERDICTS: [Verdict; 18] = [
    Verdict::Accepted,
    Verdict::Refused(Reason::NotYetValid),
    Verdict::Refused(Reason::Disabled),
    Verdict::Refused(Reason::Expired),
    Verdict::Refused(Reason::VisitorEarly),
    Verdict::Refused(Reason::VisitorLate),
    Verdict::Refused(Reason::NoPermission),
    Verdict::Refused(Reason::OutsideHours),
    Verdict::Refused(Reason::Blocklisted),
    Verdict::Refused(Reason::Stranger),
    Verdict::Refused(Reason::NotLive),
    Verdict::Refused(Reason::Fever),
    Verdict::Refused(Reason::UnknownCard),
    Verdict::Refused(Reason::InvalidCode),
    Verdict::Refused(Reason::InvalidIdCard),
    Verdict::Refused(Reason::Mismatch),
    Verdict::Refused(Reason::WrongPin),
    Verdict::Refused(Reason::TooManyPins),
];

/// The masks by their stored number, from 0.
const MASKS: [Mask; 3] = [Mask::Off, Mask::Bare, Mask::Worn];

/// The causes by their stored number, from 1.
const CAUSES: [Cause; 5] =
    [Cause::Tamper, Cause::ForcedOpen, Cause::HeldOpen, Cause::PinAttack, Cause::Fire];

/// The phases by their stored number, from 1.
const PHASES: [Phase; 3] = [Phase::Raised, Phase::ClearingFailed, Phase::Cleared];

impl Field {
    const fn put(self, value: u64) -> u64 {
        value << self.0
    }

    const fn of(self, what: u64) -> u64 {
        what >> self.0 & ((1 << self.1) - 1)
    }
}

/// A row's stored number, the first being `first`.
fn number_of<T: PartialEq>(rows: &[T], value: &T, first: u64) -> u64 {
    let place = rows.iter().position(|row| row == value);
    place.expect("the table has every variant") as u64 + first
}

fn row<T: Copy>(rows: &[T], number: u64, first: u64) -> Result<T, NoFact> {
    let place = number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
    place.and_then(|place| rows.get(place)).copied().ok_or(NoFact)
}

impl From<&Fact> for Flat {
    fn from(fact: &Fact) -> Self {
        match fact {
            Fact::Access(access) => of_access(access, ACCESS, None),
            Fact::PinAttack(access, serial) => of_access(access, PIN_ATTACK, Some(serial.0)),
            Fact::Temperature(about, therm) => {
                let what = FORM.put(TEMPERATURE) | THERM.put(therm.tenths().into());
                Self { subject: subject_number(*about), ..plain(what) }
            }
            Fact::Door(switch) => plain(FORM.put(DOOR) | of_switch(*switch)),
            Fact::Alarm(alarm) => of_alarm(alarm),
            Fact::Button(switch) => plain(FORM.put(BUTTON) | of_switch(*switch)),
            Fact::Remote(opener, switch) => {
                let what = FORM.put(REMOTE) | of_switch(*switch);
                match opener {
                    Opener::Known(about) => Self { subject: subject_number(*about), ..plain(what) },
                    Opener::Named(name) => {
                        Self { detail: Detail::Text(name.clone()), ..plain(what) }
                    }
                }
            }
            Fact::Reset => plain(FORM.put(RESET)),
        }
    }
}

const fn plain(what: u64) -> Flat {
    Flat { what, subject: None, detail: Detail::Nothing, alarm: None }
}

const fn of_switch(switch: Switch) -> u64 {
    SWITCH.put(match switch {
        Switch::Off => 0,
        Switch::On => 1,
    })
}

const fn of_photo(photo: Photo) -> u64 {
    PHOTO.put(match photo {
        Photo::None => 0,
        Photo::Taken => 1,
    })
}

fn of_access(access: &Access, form: u64, alarm: Option<u32>) -> Flat {
    let face = access.face.map_or(0, |face| {
        let (score, sharp) = (face.score.ten_thousandths(), face.sharp.ten_thousandths());
        FACE.put(1) | SCORE.put(score.into()) | SHARP.put(sharp.into())
    });
    let what = FORM.put(form)
        | METHOD.put(number_of(&METHODS, &access.method, 1))
        | VERDICT.put(number_of(&VERDICTS, &access.verdict, 1))
        | MASK.put(number_of(&MASKS, &access.mask, 0))
        | THERM.put(access.therm.map_or(0, Therm::tenths).into())
        | of_photo(access.photo)
        | face;
    let detail = match &access.presented {
        Presented::Own => Detail::Nothing,
        Presented::Of(person) => Detail::Number(person_number(*person)),
        Presented::Unknown(number) => Detail::Number(-1 - i64::from(*number)),
        Presented::Text(text) => Detail::Text(text.as_ref().clone()),
    };
    Flat { what, subject: subject_number(access.subject), detail, alarm }
}

fn of_alarm(alarm: &Alarm) -> Flat {
    let what = FORM.put(ALARM)
        | CAUSE.put(number_of(&CAUSES, &alarm.cause, 1))
        | PHASE.put(number_of(&PHASES, &alarm.phase, 1))
        | of_photo(alarm.photo);
    Flat {
        what,
        subject: subject_number(alarm.subject),
        detail: Detail::Number(alarm.trace.raised_at.millis()),
        alarm: Some(alarm.trace.serial.0),
    }
}

fn person_number(person: PersonRef) -> i64 {
    i64::from(person.revision) << 32 | i64::from(person.number)
}

fn person(number: i64) -> Result<PersonRef, NoFact> {
    let revision = u32::try_from(number >> 32).map_err(|_| NoFact)?;
    let number = u32::try_from(number & i64::from(u32::MAX)).map_err(|_| NoFact)?;
    Ok(PersonRef { number, revision })
}

/// A subject as one number.
#[must_use]
pub fn subject_number(subject: Subject) -> Option<i64> {
    match subject {
        Subject::Nobody => None,
        Subject::Person(person) => Some(person_number(person)),
        Subject::Stranger(bytes) => {
            let number = bytes.iter().fold(0, |number, byte| number << 8 | i64::from(*byte));
            Some(-1 - number)
        }
    }
}

/// The subject of that number.
///
/// # Errors
/// When no subject has it.
pub fn subject(number: Option<i64>) -> Result<Subject, NoFact> {
    match number {
        None => Ok(Subject::Nobody),
        Some(number) if number >= 0 => person(number).map(Subject::Person),
        Some(number) => {
            let [zeros @ .., a, b, c, d, e, f] = (-1 - number).to_be_bytes();
            if zeros == [0, 0] { Ok(Subject::Stranger([a, b, c, d, e, f])) } else { Err(NoFact) }
        }
    }
}

impl Flat {
    /// The fact of this form.
    ///
    /// # Errors
    /// When there is none.
    pub fn fact(self) -> Result<Fact, NoFact> {
        let fact = self.read()?;
        // What is read back the same has nothing in it that does not belong there.
        if Self::from(&fact) == self { Ok(fact) } else { Err(NoFact) }
    }

    fn read(&self) -> Result<Fact, NoFact> {
        let what = self.what;
        let switch = if SWITCH.of(what) == 0 { Switch::Off } else { Switch::On };
        Ok(match FORM.of(what) {
            ACCESS => Fact::Access(self.access()?),
            PIN_ATTACK => Fact::PinAttack(self.access()?, AlarmSerial(self.alarm.ok_or(NoFact)?)),
            TEMPERATURE => {
                Fact::Temperature(subject(self.subject)?, therm(THERM.of(what))?.ok_or(NoFact)?)
            }
            DOOR => Fact::Door(switch),
            ALARM => Fact::Alarm(self.alarm()?),
            BUTTON => Fact::Button(switch),
            REMOTE => Fact::Remote(self.opener()?, switch),
            RESET => Fact::Reset,
            _ => return Err(NoFact),
        })
    }

    fn access(&self) -> Result<Access, NoFact> {
        let what = self.what;
        let fraction = |field: Field| {
            Fraction::new(u16::try_from(field.of(what)).expect("14 bits are fewer than 16"))
        };
        let face = FaceQuality { score: fraction(SCORE), sharp: fraction(SHARP) };
        let presented = match &self.detail {
            Detail::Nothing => Presented::Own,
            Detail::Number(number) if *number >= 0 => Presented::Of(person(*number)?),
            Detail::Number(number) => {
                Presented::Unknown(u32::try_from(-1 - number).map_err(|_| NoFact)?)
            }
            Detail::Text(text) => Presented::Text(Box::new(text.clone())),
        };
        Ok(Access {
            subject: subject(self.subject)?,
            method: row(&METHODS, METHOD.of(what), 1)?,
            verdict: row(&VERDICTS, VERDICT.of(what), 1)?,
            presented,
            face: (FACE.of(what) == 1).then_some(face),
            therm: therm(THERM.of(what))?,
            mask: row(&MASKS, MASK.of(what), 0)?,
            photo: self.photo(),
        })
    }

    fn opener(&self) -> Result<Opener, NoFact> {
        match &self.detail {
            Detail::Text(name) if name.is_empty() => Err(NoFact),
            Detail::Text(name) => Ok(Opener::Named(name.clone())),
            Detail::Nothing | Detail::Number(_) => Ok(Opener::Known(subject(self.subject)?)),
        }
    }

    fn alarm(&self) -> Result<Alarm, NoFact> {
        let Detail::Number(raised_at) = self.detail else {
            return Err(NoFact);
        };
        let serial = AlarmSerial(self.alarm.ok_or(NoFact)?);
        Ok(Alarm {
            cause: row(&CAUSES, CAUSE.of(self.what), 1)?,
            phase: row(&PHASES, PHASE.of(self.what), 1)?,
            trace: Trace { serial, raised_at: UnixMillis::new(raised_at) },
            subject: subject(self.subject)?,
            photo: self.photo(),
        })
    }

    const fn photo(&self) -> Photo {
        if PHOTO.of(self.what) == 1 { Photo::Taken } else { Photo::None }
    }
}

fn therm(tenths: u64) -> Result<Option<Therm>, NoFact> {
    if tenths == 0 {
        return Ok(None);
    }
    let tenths = u16::try_from(tenths).expect("nine bits are fewer than 16");
    Therm::new(tenths).map(Some).ok_or(NoFact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_has_its_number() {
        assert_eq!(METHODS, Method::ALL);
        let mut sorted = CAUSES;
        sorted.sort_unstable();
        assert_eq!(sorted, Cause::ALL);
    }

    #[test]
    fn who_opens_a_door_is_known_or_named() {
        let named = Flat::from(&Fact::Remote(Opener::Named("guard 7".into()), Switch::On));
        let known = Flat::from(&Fact::Remote(Opener::Known(Subject::Nobody), Switch::On));
        for flat in [&named, &known] {
            assert_eq!(flat.clone().fact().map(|fact| Flat::from(&fact)).as_ref(), Ok(flat));
        }
        assert_eq!(Flat { subject: Some(5), ..named.clone() }.fact(), Err(NoFact));
        assert_eq!(Flat { detail: Detail::Text("".into()), ..named }.fact(), Err(NoFact));
        assert_eq!(Flat { detail: Detail::Number(5), ..known }.fact(), Err(NoFact));
    }

    #[test]
    fn what_no_device_makes_is_no_fact() {
        let door = Flat::from(&Fact::Door(Switch::On));
        assert_eq!(door.clone().fact(), Ok(Fact::Door(Switch::On)));
        for bit in 0..64 {
            let flipped = Flat { what: door.what ^ 1 << bit, ..door.clone() };
            // The switch alone has two readings, and doors and buttons differ in one bit.
            let reads = matches!(flipped.clone().fact(), Ok(Fact::Door(_) | Fact::Button(_)));
            assert_eq!(reads, bit == 4 || bit == 1, "bit {bit}");
        }
        assert_eq!(Flat { subject: Some(5), ..door.clone() }.fact(), Err(NoFact));
        assert_eq!(Flat { alarm: Some(5), ..door }.fact(), Err(NoFact));
    }
}
