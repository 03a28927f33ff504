//! Reporting: once, in order, and only while online (R-V3-16).
//!
//! A report that could not start within 20 s of its event, or is beyond 10,000 waiting, is dropped and
//! counted. Going offline empties the queue. The platform fetches what it missed; nothing is sent twice.

use std::collections::VecDeque;
use std::time::Duration;

use super::AttemptId;
use crate::clock::Mono;
use crate::event::Seqnum;

/// An event older than this is not reported any more (R-V3-16).
pub const REPORT_AGE_MAX: Duration = Duration::from_secs(20);

/// At most this many reports wait (R-V3-16): what a platform answering 500 a second takes in 20 s.
pub const REPORTS_WAITING_MAX: usize = 10_000;

/// The events waiting to be reported, oldest first.
#[derive(Debug, Default)]
pub struct Report {
    waiting: VecDeque<Waiting>,
    in_flight: Option<AttemptId>,
    started: u64,
    dropped: u64,
}

#[derive(Debug)]
struct Waiting {
    seqnum: Seqnum,
    happened: Mono,
}

impl Report {
    /// Queues an event that happened at `now`.
    pub fn add(&mut self, seqnum: Seqnum, now: Mono) {
        if self.waiting.len() == REPORTS_WAITING_MAX {
            self.dropped += 1;
            return;
        }
        self.waiting.push_back(Waiting { seqnum, happened: now });
    }

    /// Takes the event whose report may start now, dropping those that waited too long.
    pub fn take_next(&mut self, now: Mono) -> Option<Seqnum> {
        if self.in_flight.is_some() {
            return None;
        }
        while let Some(next) = self.waiting.pop_front() {
            if now.since(next.happened) <= REPORT_AGE_MAX {
                return Some(next.seqnum);
            }
            self.dropped += 1;
        }
        None
    }

    /// Puts one that was taken before back in its place.
    pub fn put_back(&mut self, seqnum: Seqnum, now: Mono) {
        self.waiting.push_front(Waiting { seqnum, happened: now });
    }

    /// Notes that a report started; says the how-manieth it is, from 1.
    pub fn start(&mut self, id: AttemptId) -> u64 {
        self.in_flight = Some(id);
        self.started += 1;
        self.started
    }

    /// Notes that a report ended, however it ended; false if it was not in flight.
    pub fn settle(&mut self, id: AttemptId) -> bool {
        let was_in_flight = self.in_flight == Some(id);
        if was_in_flight {
            self.in_flight = None;
        }
        was_in_flight
    }

    /// Drops a report that could not start, such as one whose event has left the journal.
    pub fn drop_one(&mut self) {
        self.dropped += 1;
    }

    /// Empties the queue and forgets what is in flight, as the device goes offline.
    pub fn clear(&mut self) {
        self.dropped += self.waiting.len() as u64;
        self.waiting.clear();
        self.in_flight = None;
    }

    /// Forgets what is in flight, as its connection is cut.
    pub fn abort(&mut self) {
        self.in_flight = None;
    }

    /// As new, but counting on: a `reqid` is never used twice within a run (R-V3-31).
    pub fn reset(&mut self) {
        *self = Self { started: self.started, ..Self::default() };
    }

    /// How many events were never reported though they happened while reports were on.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether the next may start.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.in_flight.is_none()
    }

    /// Those that wait, oldest first.
    pub fn queued(&self) -> impl Iterator<Item = Seqnum> {
        self.waiting.iter().map(|waiting| waiting.seqnum)
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: u64) -> Mono {
        Mono::new(Duration::from_secs(seconds))
    }

    #[test]
    fn r_v3_16_one_in_flight_in_order() {
        let mut report = Report::default();
        let (first, next) = (Seqnum::FIRST, Seqnum::FIRST.next());
        report.add(first, second(0));
        report.add(next, second(0));
        assert_eq!(report.take_next(second(1)), Some(first));
        report.start(AttemptId(1));
        assert_eq!(report.take_next(second(1)), None, "one is in flight");
        assert!(report.settle(AttemptId(1)) && !report.settle(AttemptId(1)));
        assert_eq!(report.take_next(second(1)), Some(next));
    }

    #[test]
    fn r_v3_16_what_waited_20_s_is_dropped_and_counted() {
        let mut report = Report::default();
        report.add(Seqnum::FIRST, second(0));
        report.add(Seqnum::FIRST.next(), second(15));
        assert_eq!(report.take_next(second(21)), Some(Seqnum::FIRST.next()));
        assert_eq!(report.dropped(), 1);
    }

    #[test]
    fn r_v3_16_the_queue_is_bounded_and_emptied() {
        let mut report = Report::default();
        for _ in 0..=REPORTS_WAITING_MAX {
            report.add(Seqnum::FIRST, second(0));
        }
        assert_eq!((report.waiting(), report.dropped()), (REPORTS_WAITING_MAX, 1));
        report.clear();
        assert_eq!((report.waiting(), report.dropped()), (0, 10_001));
        assert_eq!(report.take_next(second(0)), None);
    }
}
