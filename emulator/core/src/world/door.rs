//! The leaf of the door, as its sensor sees it.

use super::position::{BadPosition, Reader, Writer};
use crate::event::{AlarmSerial, Cause, Subject};

/// Open or closed, and why.
#[derive(Clone, Debug, Default)]
pub(super) struct Door {
    opening: Option<Opening>,
    openings: u64,
}

/// One time that the door stands open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    /// Which one: what was planned for an earlier opening is void.
    pub(super) number: OpeningNumber,
    /// The alarm that its closing clears.
    pub(super) alarm: Option<(Cause, AlarmSerial)>,
    /// Who opened.
    pub(super) subject: Subject,
}

/// A door's openings, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpeningNumber(u64);

impl OpeningNumber {
    pub(super) const fn new(number: u64) -> Self {
        Self(number)
    }

    pub(super) const fn get(self) -> u64 {
        self.0
    }
}

impl Door {
    /// Writes where it stands.
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.number(self.openings);
        writer.option(self.opening, |writer, opening| {
            writer.number(opening.number.get());
            writer.option(opening.alarm, |writer, (cause, serial)| {
                writer.cause(cause);
                writer.number(serial.0.into());
            });
            writer.subject(opening.subject);
        });
    }

    /// The door that was written.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, BadPosition> {
        let openings = reader.number()?;
        let opening = reader.option(|reader| {
            let number = OpeningNumber::new(reader.number()?);
            let alarm =
                reader.option(|reader| Ok((reader.cause()?, AlarmSerial(reader.narrow()?))))?;
            Ok(Opening { number, alarm, subject: reader.subject()? })
        })?;
        Ok(Self { opening, openings })
    }

    /// The opening it stands in.
    pub(super) const fn opening(&self) -> Option<Opening> {
        self.opening
    }

    /// Opens, or counts as opened anew.
    pub(super) const fn open(&mut self, subject: Subject) -> OpeningNumber {
        self.openings += 1;
        let number = OpeningNumber(self.openings);
        self.opening = Some(Opening { number, alarm: None, subject });
        number
    }

    /// Closes.
    pub(super) const fn close(&mut self) -> Option<Opening> {
        self.opening.take()
    }

    /// An alarm comes to belong to this opening, if it has none yet.
    pub(super) const fn alarm(&mut self, cause: Cause, serial: AlarmSerial) {
        if let Some(opening) = &mut self.opening
            && opening.alarm.is_none()
        {
            opening.alarm = Some((cause, serial));
        }
    }
}
