//! When each record of a flood is due.
//!
//! Record g of the whole flood is record g / N of device g % N, so that every device's share, and when
//! each of its records is due, is known without those of the others.

use std::time::Duration;

use super::shape::{self, Shape};
use super::shard::Shard;
use crate::clock::UnixMillis;

/// The most records a second that can be asked for. Ten million are a hundred nanoseconds apart, far more
/// than one process sends.
pub const RATE_MAX: f64 = 10_000_000.0;

/// The first stamp: a Monday, 8 in the morning at the default time zone. A constant, so that the same seed
/// gives the same records whenever it runs.
pub(super) const FIRST_STAMP: UnixMillis = UnixMillis::new(1_772_409_600_000);

/// The longest flood, and the longest outage before a storm. Every second of a run is a row of its report.
const LENGTH_MAX: Duration = Duration::from_secs(24 * 3600);

/// The most records of one flood: below it a record's number is exact as a floating-point number.
const RECORDS_MAX: u64 = 1 << 50;

/// Whose word it is when the next record goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// The schedule's (open loop): so many records a second, on average, by all devices together.
    Open {
        /// Records a second.
        rate: f64,
    },
    /// The platform's (closed loop): each device sends the next one when the last has ended.
    Closed,
}

/// How much there is to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many records, by all devices together.
    Records(u64),
    /// What a time holds.
    Time(Duration),
}

/// A flood that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// The rate is out of its range.
    #[error("{rate} records a second are not more than 0 and at most {RATE_MAX}")]
    Rate {
        /// What was given.
        rate: f64,
    },
    /// No device, no record or no time.
    #[error("there is nothing to send: {what} must be more than 0")]
    Nothing {
        /// What there is none of.
        what: &'static str,
    },
    /// It would take too long.
    #[error("the flood would take {}, and may take 24h", humane(*.length))]
    TooLong {
        /// How long.
        length: Duration,
    },
    /// More records than can be numbered.
    #[error("{records} records are more than {RECORDS_MAX}")]
    TooMany {
        /// How many.
        records: u64,
    },
    /// A closed loop has no shape.
    #[error("{shape} is a schedule, and a closed loop has none")]
    ShapeOfClosed {
        /// The shape that was asked for.
        shape: Shape,
    },
}

fn humane(length: Duration) -> String {
    format!("{}h", length.as_secs() / 3600)
}

/// When each record of a flood is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    shape: Shape,
    pace: Pace,
    records: Option<u64>,
    devices: u32,
    burst_every: Duration,
}

impl Schedule {
    /// A schedule. In a burst all devices together send what is due within `burst_every`.
    ///
    /// # Errors
    /// When there is nothing to send, too much of it, or it would take longer than a day.
    pub fn new(
        shape: Shape,
        pace: Pace,
        length: Length,
        devices: u32,
        burst_every: Duration,
    ) -> Result<Self, ScheduleError> {
        let nothing = |what| Err(ScheduleError::Nothing { what });
        match (devices, length, burst_every) {
            (0, ..) => return nothing("the number of devices"),
            (_, Length::Records(0), _) => return nothing("the number of records"),
            (_, Length::Time(Duration::ZERO), _) => return nothing("the duration"),
            (.., Duration::ZERO) => return nothing("the time between bursts"),
            _ => {}
        }
        let records = match (pace, length) {
            (Pace::Closed, _) if shape != Shape::Steady => {
                return Err(ScheduleError::ShapeOfClosed { shape });
            }
            (Pace::Closed, Length::Time(time)) if time > LENGTH_MAX => {
                return Err(ScheduleError::TooLong { length: time });
            }
            (Pace::Closed, Length::Time(_)) => None,
            (Pace::Closed, Length::Records(records)) => Some(records),
            (Pace::Open { rate }, length) => Some(records_at(rate, length)?),
        };
        match records {
            Some(records) if records > RECORDS_MAX => Err(ScheduleError::TooMany { records }),
            _ => Ok(Self { shape, pace, records, devices, burst_every }),
        }
    }

    /// How the records lie in time.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Whose word it is when the next record goes.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// How many devices there are.
    #[must_use]
    pub const fn devices(&self) -> u32 {
        self.devices
    }

    /// How many records the devices of a shard have; none if only time ends them.
    #[must_use]
    pub fn records(&self, shard: Shard) -> Option<u64> {
        self.records.map(|records| self.of_shard(shard, records))
    }

    /// How many records one device has; none if only time ends them.
    #[must_use]
    pub fn records_of(&self, device: u32) -> Option<u64> {
        let (all, devices) = (self.records?, u64::from(self.devices));
        Some(all / devices + u64::from(u64::from(device) < all % devices))
    }

    /// When a device's record of that number, from 0, is due, counted from the start. In a closed loop
    /// there is no such time.
    #[must_use]
    pub fn due(&self, device: u32, number: u64) -> Option<Duration> {
        self.due_of_all(number.saturating_mul(self.devices.into()).saturating_add(device.into()))
    }

    /// When the last record of all is due.
    #[must_use]
    pub fn last_due(&self) -> Option<Duration> {
        self.due_of_all(self.records?.saturating_sub(1))
    }

    /// What the device's clock shows when that record is made. In a storm that is before it is due: while
    /// the device was cut off. In a closed loop a device makes a record a second.
    #[must_use]
    pub fn stamp(&self, device: u32, number: u64) -> UnixMillis {
        let after = match (self.pace, self.shape) {
            (Pace::Closed, _) => Duration::from_secs(number),
            (Pace::Open { rate }, Shape::Storm) => {
                let place = number.saturating_mul(self.devices.into());
                span(float(place.saturating_add(device.into())) / rate)
            }
            _ => self.due(device, number).unwrap_or_default(),
        };
        FIRST_STAMP + after
    }

    /// How many records of a shard are due before a time; none in a closed loop.
    #[must_use]
    pub fn due_before(&self, shard: Shard, time: Duration) -> Option<u64> {
        let (mut below, mut above) = (0, self.records?);
        while below < above {
            let middle = below + (above - below) / 2;
            if self.due_of_all(middle)? < time {
                below = middle + 1;
            } else {
                above = middle;
            }
        }
        Some(self.of_shard(shard, below))
    }

    /// The records of a shard in the order in which they are due: when, and whose. In a closed loop there
    /// are none.
    pub fn order(&self, shard: Shard) -> impl Iterator<Item = (Duration, u32)> + '_ {
        let rounds = self.records.unwrap_or(0).div_ceil(self.devices.into());
        (0..rounds).flat_map(move |number| {
            let devices = shard.devices(self.devices);
            let in_round = devices.take_while(move |device| {
                self.records_of(*device).is_some_and(|records| number < records)
            });
            in_round.filter_map(move |device| Some((self.due(device, number)?, device)))
        })
    }

    /// How many of the first so many records of all are a shard's.
    fn of_shard(&self, shard: Shard, first: u64) -> u64 {
        let (devices, rest) = (u64::from(self.devices), first % u64::from(self.devices));
        let rest = u32::try_from(rest).expect("a remainder is below its divisor");
        first / devices * shard.taken_below(self.devices) + shard.taken_below(rest)
    }

    fn due_of_all(&self, place: u64) -> Option<Duration> {
        let Pace::Open { rate } = self.pace else {
            return None;
        };
        Some(match self.shape {
            Shape::Steady => span(float(place) / rate),
            Shape::Rush => {
                let records = float(self.records?);
                span(records / rate * shape::bell((float(place) + 0.5) / records))
            }
            Shape::Burst => {
                let every = self.burst_every.as_secs_f64();
                span((float(place) / (rate * every)).floor() * every)
            }
            Shape::Storm => Duration::ZERO,
        })
    }
}

fn records_at(rate: f64, length: Length) -> Result<u64, ScheduleError> {
    if !(rate > 0.0 && rate <= RATE_MAX) {
        return Err(ScheduleError::Rate { rate });
    }
    let (records, time) = match length {
        Length::Records(records) => (records, span(float(records) / rate)),
        Length::Time(time) => {
            #[expect(clippy::cast_possible_truncation, reason = "cut down to whole records")]
            #[expect(clippy::cast_sign_loss, reason = "neither factor is negative")]
            let records = (time.as_secs_f64() * rate).floor() as u64;
            (records, time)
        }
    };
    if time > LENGTH_MAX { Err(ScheduleError::TooLong { length: time }) } else { Ok(records) }
}

#[expect(clippy::cast_precision_loss, reason = "at most RECORDS_MAX, which is exact")]
const fn float(number: u64) -> f64 {
    number as f64
}

fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
