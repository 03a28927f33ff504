//! What a flood sends, and when: both follow from the flood's settings alone.
//!
//! [`Schedule`] says how many records each device has and when each is due; [`Records`] makes them, one
//! after the other, from a world of the device's own. Neither reads a clock or knows of the others, so any
//! division of the devices among processes sends the same records, to the byte. Sending, and what became
//! of it, is the shell's.

mod records;
mod schedule;
mod shape;
mod shard;

pub use self::records::{Api, Record, Records, Site};
pub use self::schedule::{Length, Pace, RATE_MAX, Schedule, ScheduleError};
pub use self::shape::{Shape, UnknownShape};
pub use self::shard::{BadShard, Shard};
