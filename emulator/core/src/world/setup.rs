//! What of a device's configuration matters at its door, and what the world hands out.

use std::time::Duration;

use jiff::tz::{Offset, TimeZone};

use crate::clock::UnixMillis;
use crate::event::{Fact, HealthCodes, Mode};
use crate::picture::ImageBytes;

/// How a device is set up.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Where it stands: office hours, shifts and visitors' days are local.
    pub time_zone: TimeZone,
    /// How it verifies people (table E).
    pub mode: Mode,
    /// Whether health codes are accepted besides.
    pub health_codes: HealthCodes,
    /// Whether it takes temperatures.
    pub screening: Screening,
    /// Whether it looks for masks.
    pub mask_detection: MaskDetection,
    /// How long the door may stand open before alarm 10003.
    pub door_held_after: Duration,
    /// How large the pictures are that it takes.
    pub image_bytes: ImageBytes,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            // A constant, never the host's zone: the same seed gives the same day everywhere.
            time_zone: TimeZone::fixed(Offset::constant(8)),
            mode: Mode::ANY,
            health_codes: HealthCodes::Off,
            screening: Screening::On,
            mask_detection: MaskDetection::Off,
            // The usual factory value; shorter than the usual 3 to 8 s, every opening would alarm.
            door_held_after: Duration::from_secs(30),
            image_bytes: ImageBytes::default(),
        }
    }
}

/// Whether temperatures are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screening {
    /// No `therm` anywhere.
    Off,
    /// One before each walk-in.
    On,
}

/// Whether masks are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskDetection {
    /// `mask` is 0.
    Off,
    /// `mask` is 1 or 2 where a face is looked at.
    On,
}

/// Something that happened of the world's own accord.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// When it was due.
    pub at: UnixMillis,
    /// What it is.
    pub fact: Fact,
}
