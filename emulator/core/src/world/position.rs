//! Where a world stands, as bytes: a door goes on after a power cut exactly as it would have.
//!
//! Stored is only what cannot be had from seed, roster and setup: how far each generator was drawn, the next
//! arrival, the agenda, the open alarms, the door. Numbers are written in as many bytes as they need, so an
//! ordinary position takes about a hundred. The bytes begin with the form's version; a checksum is whoever's
//! who stores them.

use super::agenda::{Beat, Clearing};
use super::door::{OpeningNumber, OrderNumber};
use super::order::Hold;
use crate::clock::UnixMillis;
use crate::event::flat::{Detail, Flat, subject, subject_number};
use crate::event::{Access, AlarmSerial, Cause, Fact, Phase, Subject, Switch};

/// The version of the form that is written.
const VERSION: u64 = 2;

/// A version that is read. Another one is not guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// 1: before a door took orders.
    WithoutOrders,
    /// 2.
    WithOrders,
}

/// Bytes that are no position, or one of another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no world stands where the stored position says")]
pub struct BadPosition;

/// Writes a position.
#[derive(Debug)]
pub(super) struct Writer(Vec<u8>);

/// Reads a position.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    version: Version,
}

impl Writer {
    pub(super) fn new() -> Self {
        let mut writer = Self(Vec::with_capacity(128));
        writer.number(VERSION);
        writer
    }

    /// Seven bits a byte, the lowest first.
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(0x80 | low_byte(number));
            number >>= 7;
        }
        self.0.push(low_byte(number));
    }

    /// Small ones of either sign take few bytes.
    pub(super) fn signed(&mut self, number: i64) {
        let folded = (number << 1) ^ (number >> 63);
        self.number(u64::from_le_bytes(folded.to_le_bytes()));
    }

    pub(super) fn fraction(&mut self, number: f64) {
        self.0.extend(number.to_bits().to_le_bytes());
    }

    pub(super) fn stamp(&mut self, stamp: UnixMillis) {
        self.signed(stamp.millis());
    }

    pub(super) fn time(&mut self, time: std::time::Duration) {
        self.number(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    }

    pub(super) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.number(u64::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(super) fn subject(&mut self, subject: Subject) {
        self.option(subject_number(subject), Self::signed);
    }

    pub(super) fn cause(&mut self, cause: Cause) {
        self.number(cause.code().into());
    }

    pub(super) fn fact(&mut self, fact: &Fact) {
        let Flat { what, subject, detail, alarm } = Flat::from(fact);
        self.number(what);
        self.option(subject, Self::signed);
        match detail {
            Detail::Nothing => self.number(0),
            Detail::Number(number) => {
                self.number(1);
                self.signed(number);
            }
            Detail::Text(text) => {
                self.number(2);
                self.number(text.len() as u64);
                self.0.extend(text.as_bytes());
            }
        }
        self.option(alarm, |writer, alarm| writer.number(alarm.into()));
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

fn low_byte(number: u64) -> u8 {
    u8::try_from(number & 0x7f).expect("seven bits")
}

type Read<T> = Result<T, BadPosition>;

impl<'a> Reader<'a> {
    /// Begins to read.
    ///
    /// # Errors
    /// When the version is another.
    pub(super) fn new(bytes: &'a [u8]) -> Read<Self> {
        let mut reader = Self { rest: bytes, version: Version::WithOrders };
        reader.version = match reader.number()? {
            1 => Version::WithoutOrders,
            VERSION => Version::WithOrders,
            _ => return Err(BadPosition),
        };
        Ok(reader)
    }

    pub(super) const fn version(&self) -> Version {
        self.version
    }

    pub(super) fn number(&mut self) -> Read<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = u64::from(self.take(1)?[0]);
            number |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(BadPosition)
    }

    pub(super) fn narrow<T: TryFrom<u64>>(&mut self) -> Read<T> {
        T::try_from(self.number()?).map_err(|_| BadPosition)
    }

    pub(super) fn signed(&mut self) -> Read<i64> {
        let folded = self.number()?;
        let half = i64::try_from(folded >> 1).expect("63 bits");
        Ok(if folded & 1 == 0 { half } else { !half })
    }

    pub(super) fn fraction(&mut self) -> Read<f64> {
        let bytes = self.take(8)?.try_into().expect("eight bytes");
        let number = f64::from_bits(u64::from_le_bytes(bytes));
        if number.is_finite() { Ok(number) } else { Err(BadPosition) }
    }

    pub(super) fn stamp(&mut self) -> Read<UnixMillis> {
        let millis = self.signed()?;
        let stamp = UnixMillis::new(millis);
        if stamp.millis() == millis { Ok(stamp) } else { Err(BadPosition) }
    }

    pub(super) fn time(&mut self) -> Read<std::time::Duration> {
        self.number().map(std::time::Duration::from_millis)
    }

    pub(super) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        match self.number()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(BadPosition),
        }
    }

    pub(super) fn subject(&mut self) -> Read<Subject> {
        let number = self.option(Self::signed)?;
        subject(number).map_err(|_| BadPosition)
    }

    pub(super) fn cause(&mut self) -> Read<Cause> {
        let code = self.narrow()?;
        Cause::from_code(code).ok_or(BadPosition)
    }

    pub(super) fn fact(&mut self) -> Read<Fact> {
        let what = self.number()?;
        let subject = self.option(Self::signed)?;
        let detail = match self.number()? {
            0 => Detail::Nothing,
            1 => Detail::Number(self.signed()?),
            2 => {
                let length = self.narrow()?;
                let text = std::str::from_utf8(self.take(length)?).map_err(|_| BadPosition)?;
                Detail::Text(text.into())
            }
            _ => return Err(BadPosition),
        };
        let alarm = self.option(Self::narrow)?;
        Flat { what, subject, detail, alarm }.fact().map_err(|_| BadPosition)
    }

    fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(BadPosition)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Nothing may be left over.
    pub(super) const fn end(self) -> Read<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(BadPosition) }
    }
}

impl Beat {
    /// Writes it. The numbers of the kinds are part of what is stored.
    pub(super) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Plain(fact) => {
                writer.number(1);
                writer.fact(fact);
            }
            Self::PinAttack { access, clear_after } => {
                writer.number(2);
                writer.fact(&Fact::Access(access.clone()));
                writer.time(*clear_after);
            }
            Self::Open { subject, close_after } => {
                writer.number(3);
                writer.subject(*subject);
                writer.time(*close_after);
            }
            Self::Force { close_after } => {
                writer.number(4);
                writer.time(*close_after);
            }
            Self::Close(opening) => {
                writer.number(5);
                writer.number(opening.get());
            }
            Self::Held(opening) => {
                writer.number(6);
                writer.number(opening.get());
            }
            Self::Raise { cause, subject, clearing } => {
                writer.number(7);
                writer.cause(*cause);
                writer.subject(*subject);
                clearing.write(writer);
            }
            Self::Clear { cause, serial, clearing } => {
                writer.number(8);
                writer.cause(*cause);
                writer.number(serial.0.into());
                clearing.write(writer);
            }
            Self::Settle(cause, phase) => {
                writer.number(9);
                writer.cause(*cause);
                writer.number(phase.status().into());
            }
            Self::Sensor(switch) => writer.number(if *switch == Switch::On { 11 } else { 10 }),
            Self::Unlock { subject, hold, number } => {
                writer.number(12);
                writer.subject(*subject);
                let time = match hold {
                    Hold::For(time) => Some(*time),
                    Hold::UntilTold => None,
                };
                writer.option(time, Writer::time);
                writer.number(number.get());
            }
            Self::Lock => writer.number(13),
        }
    }

    /// Reads one.
    pub(super) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        Ok(match reader.number()? {
            1 => Self::Plain(reader.fact()?),
            2 => Self::PinAttack { access: access(reader)?, clear_after: reader.time()? },
            3 => Self::Open { subject: reader.subject()?, close_after: reader.time()? },
            4 => Self::Force { close_after: reader.time()? },
            5 => Self::Close(OpeningNumber::new(reader.number()?)),
            6 => Self::Held(OpeningNumber::new(reader.number()?)),
            7 => Self::Raise {
                cause: reader.cause()?,
                subject: reader.subject()?,
                clearing: Clearing::read(reader)?,
            },
            8 => Self::Clear {
                cause: reader.cause()?,
                serial: AlarmSerial(reader.narrow()?),
                clearing: Clearing::read(reader)?,
            },
            9 => Self::Settle(reader.cause()?, phase(reader.number()?)?),
            10 => Self::Sensor(Switch::Off),
            11 => Self::Sensor(Switch::On),
            12 => Self::Unlock {
                subject: reader.subject()?,
                hold: reader.option(Reader::time)?.map_or(Hold::UntilTold, Hold::For),
                number: OrderNumber::new(reader.number()?),
            },
            13 => Self::Lock,
            _ => return Err(BadPosition),
        })
    }
}

impl Clearing {
    fn write(self, writer: &mut Writer) {
        writer.time(self.after);
        writer.number(self.failures.into());
    }

    fn read(reader: &mut Reader<'_>) -> Read<Self> {
        Ok(Self { after: reader.time()?, failures: reader.narrow()? })
    }
}

fn access(reader: &mut Reader<'_>) -> Read<Access> {
    match reader.fact()? {
        Fact::Access(access) => Ok(access),
        _ => Err(BadPosition),
    }
}

fn phase(status: u64) -> Read<Phase> {
    let phases = [Phase::Raised, Phase::ClearingFailed, Phase::Cleared];
    phases.into_iter().find(|phase| u64::from(phase.status()) == status).ok_or(BadPosition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_read_back(number: u64, signed: i64) {
            let mut writer = Writer::new();
            writer.number(number);
            writer.signed(signed);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes).expect("the version");
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.end(), Ok(()));
        }
    }
}
