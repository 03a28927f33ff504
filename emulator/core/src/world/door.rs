//! The leaf of the door, as its sensor sees it.

use std::collections::BTreeSet;

use super::order::Hold;
use super::position::{BadPosition, Reader, Version, Writer};
use crate::event::{AlarmSerial, Cause, PersonRef, Subject};

/// Open or closed, and why.
#[derive(Clone, Debug, Default)]
pub(super) struct Door {
    opening: Option<Opening>,
    openings: u64,
    /// How many orders there were.
    orders: u64,
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
    /// What ends it.
    ends: Ends,
}

/// What ends an opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// The leaf falls shut by itself.
    ByItself,
    /// An order alone: until then nobody who passes moves the leaf.
    ByOrder,
}

/// An order, counted: the newest alone is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OrderNumber(u64);

impl OrderNumber {
    pub(super) const fn new(number: u64) -> Self {
        Self(number)
    }

    pub(super) const fn get(self) -> u64 {
        self.0
    }
}

/// What an unlocking came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unlocked {
    /// The leaf opened.
    Opened(OpeningNumber),
    /// It stood open before.
    Stood(OpeningNumber),
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
    /// Adds whoever opened it.
    pub(super) fn mention(&self, people: &mut BTreeSet<PersonRef>) {
        people.extend(self.opening.and_then(|opening| opening.subject.person()));
    }

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
            writer.number(match opening.ends {
                Ends::ByItself => 0,
                Ends::ByOrder => 1,
            });
        });
        writer.number(self.orders);
    }

    /// The door that was written.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, BadPosition> {
        let openings = reader.number()?;
        let opening = reader.option(|reader| {
            let number = OpeningNumber::new(reader.number()?);
            let alarm =
                reader.option(|reader| Ok((reader.cause()?, AlarmSerial(reader.narrow()?))))?;
            let subject = reader.subject()?;
            let ends = match reader.version() {
                Version::WithoutOrders => Ends::ByItself,
                Version::WithOrders => match reader.number()? {
                    0 => Ends::ByItself,
                    1 => Ends::ByOrder,
                    _ => return Err(BadPosition),
                },
            };
            Ok(Opening { number, alarm, subject, ends })
        })?;
        let orders = match reader.version() {
            Version::WithoutOrders => 0,
            Version::WithOrders => reader.number()?,
        };
        Ok(Self { opening, openings, orders })
    }

    /// The opening it stands in.
    pub(super) const fn opening(&self) -> Option<Opening> {
        self.opening
    }

    /// Opens, or counts as opened anew.
    pub(super) const fn open(&mut self, subject: Subject) -> OpeningNumber {
        self.openings += 1;
        let number = OpeningNumber(self.openings);
        self.opening = Some(Opening { number, alarm: None, subject, ends: Ends::ByItself });
        number
    }

    /// Another order is given.
    pub(super) const fn order(&mut self) -> OrderNumber {
        self.orders += 1;
        OrderNumber(self.orders)
    }

    /// Whether no order came after that one.
    pub(super) const fn is_in_force(&self, order: OrderNumber) -> bool {
        self.orders == order.0
    }

    /// Whether it stands open until it is told otherwise.
    pub(super) fn is_held(&self) -> bool {
        self.opening.is_some_and(|opening| opening.ends == Ends::ByOrder)
    }

    /// Opens by order. A leaf that stands open does not move, and an alarm about it stays; what was
    /// planned for its end is void.
    pub(super) fn unlock(&mut self, subject: Subject, hold: Hold) -> Unlocked {
        let stood = self.opening;
        let number = self.open(subject);
        let ends = match hold {
            Hold::For(_) => Ends::ByItself,
            Hold::UntilTold => Ends::ByOrder,
        };
        let opening = stood.unwrap_or(Opening { number, alarm: None, subject, ends });
        self.opening = Some(Opening { number, ends, ..opening });
        if stood.is_some() { Unlocked::Stood(number) } else { Unlocked::Opened(number) }
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
