//! Whether anybody is still at the other end of a connection that is quiet (R-V3-18): a ping now and then, and
//! the end when several in a row stay without a sign of life.

use std::time::Duration;

use crate::clock::Mono;

/// So many pings without an answer end the connection: as many as through a broker (the vendor's manual).
const PINGS_UNANSWERED_MAX: u32 = 3;

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Ask whether somebody is there.
    Ping,
    /// Give the connection up.
    GiveUp,
}

/// The pulse of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat {
    every: Duration,
    at: Mono,
    unanswered: u32,
}

impl Heartbeat {
    /// That of a connection on which something was heard at `now`.
    #[must_use]
    pub fn new(every: Duration, now: Mono) -> Self {
        Self { every, at: now + every, unanswered: 0 }
    }

    /// When something is to be done next.
    #[must_use]
    pub const fn deadline(&self) -> Mono {
        self.at
    }

    /// Something was heard, whatever it was.
    pub fn heard(&mut self, now: Mono) {
        *self = Self::new(self.every, now);
    }

    /// What is to be done now, if anything.
    pub fn due(&mut self, now: Mono) -> Option<Due> {
        if self.at > now {
            return None;
        }
        if self.unanswered == PINGS_UNANSWERED_MAX {
            return Some(Due::GiveUp);
        }
        self.unanswered += 1;
        self.at = now + self.every;
        Some(Due::Ping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: u64) -> Mono {
        Mono::new(Duration::from_secs(seconds))
    }

    #[test]
    fn whoever_says_anything_is_there() {
        let mut heartbeat = Heartbeat::new(Duration::from_secs(10), second(0));
        for round in 0..5 {
            let begun = round * 35;
            assert_eq!(heartbeat.deadline(), second(begun + 10));
            assert_eq!(heartbeat.due(second(begun + 9)), None);
            for seconds in [10, 20, 30] {
                assert_eq!(heartbeat.due(second(begun + seconds)), Some(Due::Ping));
            }
            heartbeat.heard(second(begun + 35));
        }
    }

    #[test]
    fn three_pings_without_a_sign_of_life_are_enough() {
        let mut heartbeat = Heartbeat::new(Duration::from_secs(10), second(0));
        for seconds in [10, 20, 30] {
            assert_eq!(heartbeat.due(second(seconds)), Some(Due::Ping));
        }
        assert_eq!(heartbeat.due(second(39)), None);
        assert_eq!(heartbeat.due(second(40)), Some(Due::GiveUp));
    }
}
