//! A shard: the devices of a flood that one process takes.

use std::fmt;
use std::str::FromStr;

/// One of several equal parts of the devices: those whose number leaves this remainder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    index: u32,
    of: u32,
}

/// No shard can be written so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no shard: it is I/N, I from 0 to N - 1, like 0/4")]
pub struct BadShard {
    /// What was given.
    pub given: String,
}

impl Shard {
    /// All devices.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// The shard of that number, from 0, of so many; none if there is no such shard.
    #[must_use]
    pub const fn new(index: u32, of: u32) -> Option<Self> {
        if index < of { Some(Self { index, of }) } else { None }
    }

    /// Its number, from 0.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// How many shards there are.
    #[must_use]
    pub const fn of(self) -> u32 {
        self.of
    }

    /// The numbers of its devices, of so many in all.
    pub fn devices(self, all: u32) -> impl Iterator<Item = u32> {
        (self.index..all).step_by(self.of as usize)
    }

    /// Whether it takes the device of that number.
    #[must_use]
    pub const fn takes(self, device: u32) -> bool {
        device % self.of == self.index
    }

    /// How many of the devices before that number it takes.
    #[must_use]
    pub(super) fn taken_below(self, device: u32) -> u64 {
        u64::from(device.saturating_sub(self.index).div_ceil(self.of))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = BadShard;

    fn from_str(text: &str) -> Result<Self, BadShard> {
        let numbers = text.split_once('/');
        let number = |text: &str| text.parse::<u32>().ok();
        numbers
            .and_then(|(index, of)| Self::new(number(index)?, number(of)?))
            .ok_or_else(|| BadShard { given: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_read_back_and_others_are_refused() {
        for good in ["0/1", "3/4", "0/100"] {
            assert_eq!(good.parse::<Shard>().expect(good).to_string(), good);
        }
        for bad in ["", "1", "4/4", "0/0", "-1/4", "1/4/2", "a/b"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    #[test]
    fn devices_are_counted_as_they_are_listed() {
        for (index, of) in [(0, 1), (0, 3), (1, 3), (2, 3), (4, 5)] {
            let shard = Shard::new(index, of).expect("a shard");
            for all in 0..12 {
                let listed: Vec<u32> = shard.devices(all).collect();
                let taken: Vec<u32> = (0..all).filter(|device| shard.takes(*device)).collect();
                assert_eq!(listed, taken);
                assert_eq!(shard.taken_below(all), listed.len() as u64, "{shard} of {all}");
            }
        }
    }
}
