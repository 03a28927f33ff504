//! When people come: a Poisson process whose intensity is constant within each quarter of an hour.
//!
//! The time of the next arrival is found by inverting the integrated intensity at an exponential
//! draw, so a quiet night costs one draw and a walk over its slots, never a rejected candidate.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::dice::Dice;
use super::position::{BadPosition, Reader, Writer};
use super::standing::timestamp;
use super::traffic::{Day, Traffic};
use crate::clock::UnixMillis;
use crate::seed::Seed;

/// A slot's length. Local quarters of an hour begin with UTC's wherever offsets are whole quarters;
/// in a zone where they are not, a rush begins a few minutes late, which nobody can tell.
const SLOT_MILLIS: i64 = 15 * 60 * 1000;

/// Slots looked through in one go: 14 days. Any profile has events every day, so only a rate near
/// 0 gets here; then the search goes on at a later wake-up instead of spinning.
const SLOTS_MAX: usize = 14 * 96;

const MILLIS_PER_MINUTE: f64 = 60_000.0;

/// How many arrivals there are at any time.
#[derive(Clone, Debug)]
pub(super) struct Intensity {
    pub(super) traffic: Traffic,
    pub(super) time_zone: TimeZone,
    /// v3 events that an arrival makes, on average.
    pub(super) events_per_arrival: f64,
}

impl Intensity {
    /// Arrivals a millisecond in the slot that starts then.
    fn in_slot(&self, start: i64) -> f64 {
        let local = self.time_zone.to_datetime(timestamp(UnixMillis::new(start)));
        let day = match local.weekday() {
            Weekday::Saturday | Weekday::Sunday => Day::Weekend,
            _ => Day::Working,
        };
        let minutes = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let quarter = usize::try_from(minutes / 15).expect("hours and minutes are not negative");
        self.traffic.rate(day, quarter) / self.events_per_arrival / MILLIS_PER_MINUTE
    }
}

/// The arrivals, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Arrivals {
    dice: Dice,
    slot_start: i64,
    slot_intensity: f64,
    /// Where in the slot the search stands, milliseconds; arrivals may share one.
    offset: f64,
    /// Integrated intensity still to go.
    remaining: f64,
    next: Next,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    Arrival(UnixMillis),
    Search(UnixMillis),
    Never,
}

impl Arrivals {
    /// The arrivals from a time on.
    pub(super) fn new(seed: Seed, intensity: &Intensity, from: UnixMillis) -> Self {
        let mut arrivals = Self {
            dice: Dice::new(seed),
            slot_start: 0,
            slot_intensity: 0.0,
            offset: 0.0,
            remaining: 0.0,
            next: Next::Never,
        };
        arrivals.restart(intensity, from);
        arrivals
    }

    /// Writes how far they are.
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.number(self.dice.draws());
        writer.stamp(UnixMillis::new(self.slot_start));
        writer.fraction(self.slot_intensity);
        writer.fraction(self.offset);
        writer.fraction(self.remaining);
        match self.next {
            Next::Never => writer.number(0),
            Next::Arrival(at) => {
                writer.number(1);
                writer.stamp(at);
            }
            Next::Search(at) => {
                writer.number(2);
                writer.stamp(at);
            }
        }
    }

    /// Those that were written, of the same seed.
    pub(super) fn read(seed: Seed, reader: &mut Reader<'_>) -> Result<Self, BadPosition> {
        Ok(Self {
            dice: Dice::after(seed, reader.number()?),
            slot_start: reader.stamp()?.millis(),
            slot_intensity: reader.fraction()?,
            offset: reader.fraction()?,
            remaining: reader.fraction()?,
            next: match reader.number()? {
                0 => Next::Never,
                1 => Next::Arrival(reader.stamp()?),
                2 => Next::Search(reader.stamp()?),
                _ => return Err(BadPosition),
            },
        })
    }

    /// Whether they are of that intensity: none other is as busy in the slot where they stand.
    pub(super) fn are_of(&self, intensity: &Intensity) -> bool {
        intensity.in_slot(self.slot_start).to_bits() == self.slot_intensity.to_bits()
    }

    /// Forgets the next arrival and looks for another from that time on, which is as good: the
    /// process has no memory.
    pub(super) fn restart(&mut self, intensity: &Intensity, from: UnixMillis) {
        self.slot_start = from.millis() - from.millis() % SLOT_MILLIS;
        self.slot_intensity = intensity.in_slot(self.slot_start);
        #[expect(clippy::cast_precision_loss, reason = "within a quarter of an hour")]
        let offset = (from.millis() % SLOT_MILLIS) as f64;
        self.offset = offset;
        self.remaining = self.dice.exponential();
        self.search(intensity);
    }

    /// When the next wake-up is due.
    pub(super) const fn next_due(&self) -> Option<UnixMillis> {
        match self.next {
            Next::Arrival(at) | Next::Search(at) => Some(at),
            Next::Never => None,
        }
    }

    /// Somebody's arrival, if that is what was due, and who comes next is settled.
    pub(super) fn take(&mut self, intensity: &Intensity) -> Option<UnixMillis> {
        let due = match self.next {
            Next::Arrival(at) => {
                self.remaining = self.dice.exponential();
                Some(at)
            }
            Next::Search(_) => None,
            Next::Never => return None,
        };
        self.search(intensity);
        due
    }

    fn search(&mut self, intensity: &Intensity) {
        if intensity.traffic.events_per_minute <= 0.0 {
            self.next = Next::Never;
            return;
        }
        for _ in 0..SLOTS_MAX {
            #[expect(clippy::cast_precision_loss, reason = "a quarter of an hour is exact")]
            let left = (SLOT_MILLIS as f64 - self.offset).max(0.0);
            let mass = self.slot_intensity * left;
            if self.remaining < mass {
                self.offset += self.remaining / self.slot_intensity;
                #[expect(clippy::cast_possible_truncation, reason = "cut down to the millisecond")]
                let millis = self.slot_start + self.offset as i64;
                self.next = Next::Arrival(UnixMillis::new(millis));
                return;
            }
            self.remaining -= mass;
            self.slot_start += SLOT_MILLIS;
            self.offset = 0.0;
            if self.slot_start >= UnixMillis::MAX.millis() {
                self.next = Next::Never;
                return;
            }
            self.slot_intensity = intensity.in_slot(self.slot_start);
        }
        self.next = Next::Search(UnixMillis::new(self.slot_start));
    }
}
