//! What is counted while a flood runs: in all, and second by second.
//!
//! A record is counted when its attempt begins and when that ends, each once, under one lock: no reader
//! sees a sum that does not hold. A second that is over becomes text, so that an hour of a flood costs a
//! few megabytes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::kind::Kind;
use super::latencies::{Latencies, Percentiles};

/// The kinds of failure that are told apart; further ones count as [`Kind::Other`]. A platform that
/// answers with a code of its own each time must not fill the memory.
const KINDS_MAX: usize = 200;

/// Counts of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Whose attempt began.
    pub sent: u64,
    /// Acknowledged.
    pub acknowledged: u64,
    /// Whose attempt ended otherwise.
    pub failed: u64,
    /// These by their kind.
    pub errors: BTreeMap<Kind, u64>,
}

impl Totals {
    /// Whose attempt goes on.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        self.sent.saturating_sub(self.acknowledged).saturating_sub(self.failed)
    }

    fn fail(&mut self, kind: Kind) {
        self.failed += 1;
        let known = self.errors.len() < KINDS_MAX || self.errors.contains_key(&kind);
        *self.errors.entry(if known { kind } else { Kind::Other }).or_insert(0) += 1;
    }
}

/// One second of a flood, from its start on.
#[derive(Clone, Debug, PartialEq)]
pub struct Second {
    /// What began and ended within it.
    pub totals: Totals,
    /// Of how many the attempt went on at its end.
    pub in_flight: u64,
    /// How many had been sent at its end, from the start.
    pub sent_so_far: u64,
    /// Latencies of what was acknowledged within it.
    pub latencies: Option<Percentiles>,
    /// The same as a histogram, as text.
    pub histogram: String,
}

/// What is counted.
#[derive(Debug, Default)]
pub struct Figures(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    totals: Totals,
    latencies: Latencies,
    seconds: Vec<Second>,
    /// Of the second that goes on.
    second: Totals,
    second_latencies: Latencies,
    last_acknowledged: Option<Duration>,
}

impl Figures {
    /// A record's attempt begins, that long after the start.
    pub(super) fn send(&self, at: Duration) {
        let mut counts = self.at(at);
        counts.totals.sent += 1;
        counts.second.sent += 1;
    }

    /// An attempt ends, that long after the start, and `latency` after its record was due.
    pub(super) fn settle(&self, at: Duration, latency: Duration, outcome: Result<(), Kind>) {
        let counts = &mut *self.at(at);
        match outcome {
            Ok(()) => {
                counts.totals.acknowledged += 1;
                counts.second.acknowledged += 1;
                counts.second_latencies.record(latency);
                counts.last_acknowledged = Some(at);
            }
            Err(kind) => {
                counts.totals.fail(kind);
                counts.second.fail(kind);
            }
        }
    }

    /// The counts of this moment.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.lock().totals.clone()
    }

    /// The counts of this moment, and the latencies so far.
    pub(super) fn so_far(&self) -> (Totals, Latencies) {
        let counts = self.lock();
        let mut latencies = counts.latencies.clone();
        latencies.add(&counts.second_latencies);
        (counts.totals.clone(), latencies)
    }

    /// When a record was last acknowledged.
    pub(super) fn last_acknowledged(&self) -> Option<Duration> {
        self.lock().last_acknowledged
    }

    /// Everything, once it is over, that long after the start.
    pub(super) fn finish(&self, at: Duration) -> (Totals, Latencies, Vec<Second>) {
        let mut counts = self.at(at);
        if counts.totals.sent > 0 {
            counts.end_second();
        }
        let seconds = std::mem::take(&mut counts.seconds);
        (counts.totals.clone(), counts.latencies.clone(), seconds)
    }

    fn at(&self, at: Duration) -> MutexGuard<'_, Counts> {
        let mut counts = self.lock();
        // Whoever comes a moment late counts in the second that goes on.
        while (counts.seconds.len() as u64) < at.as_secs() {
            counts.end_second();
        }
        counts
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn end_second(&mut self) {
        let latencies = &self.second_latencies;
        self.seconds.push(Second {
            totals: std::mem::take(&mut self.second),
            in_flight: self.totals.in_flight(),
            sent_so_far: self.totals.sent,
            latencies: latencies.percentiles(),
            histogram: latencies.to_text(),
        });
        self.latencies.add(latencies);
        self.second_latencies.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn each_second_has_what_began_and_ended_in_it() {
        let figures = Figures::default();
        figures.send(ms(10));
        figures.settle(ms(20), ms(15), Ok(()));
        figures.send(ms(900));
        figures.settle(ms(2100), ms(1200), Err(Kind::Timeout));
        figures.send(ms(2200));
        assert_eq!(figures.totals().in_flight(), 1);
        let (totals, latencies, seconds) = figures.finish(ms(2300));
        assert_eq!((totals.sent, totals.acknowledged, totals.failed), (3, 1, 1));
        assert_eq!((latencies.len(), totals.in_flight()), (1, 1));
        let of = |second: &Second| {
            let Totals { sent, acknowledged, failed, .. } = second.totals;
            (sent, acknowledged, failed, second.in_flight, second.sent_so_far)
        };
        let seen: Vec<_> = seconds.iter().map(of).collect();
        assert_eq!(seen, [(2, 1, 0, 1, 2), (0, 0, 0, 1, 2), (1, 0, 1, 1, 3)]);
        assert_eq!(seconds[2].totals.errors[&Kind::Timeout], 1);
        assert!(seconds[0].latencies.is_some() && seconds[1].latencies.is_none());
    }

    #[test]
    fn kinds_without_end_are_bounded_and_none_is_lost() {
        let figures = Figures::default();
        for code in 0..1000 {
            figures.send(ms(1));
            figures.settle(ms(1), ms(1), Err(Kind::Code(code)));
        }
        let totals = figures.totals();
        assert_eq!((totals.failed, totals.errors.values().sum::<u64>()), (1000, 1000));
        assert_eq!(totals.errors.len(), KINDS_MAX + 1);
    }
}
