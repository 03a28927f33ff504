//! Pushing: retry, replay, in order, until acknowledged.
//!
//! The oldest record goes first (R-V1-08). A failure stops the queue: the oldest alone is tried again,
//! after a wait that doubles (R-V1-07), and from its first success on the backlog goes at full speed.
//! Going online, a new subscription and enabling end the wait at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Answer, AttemptId, NoAnswer, Outcome};
use crate::behaviour::violations::Acknowledging;
use crate::behaviour::{AckLenient, Behaviour, V1};
use crate::clock::Mono;
use crate::event::RecordId;
use crate::journal::Journal;
use crate::seed::Seed;
use crate::wire::View;
use crate::wire::v1::{AnswerCode, answer_code};

/// What is in flight, and when the next push may start.
#[derive(Debug, Default)]
pub struct Push {
    /// No more than the window has: looked through.
    in_flight: Vec<(AttemptId, Flight)>,
    /// How often each unacknowledged record was tried in vain.
    tried: BTreeMap<RecordId, u32>,
    /// Records that a fault keeps from being tried again.
    abandoned: BTreeSet<RecordId>,
    failures: u32,
    blocked_until: Option<Mono>,
    paced_until: Option<Mono>,
}

#[derive(Debug)]
struct Flight {
    record: RecordId,
    /// The how-manieth attempt at the record it is, from 1.
    number: u32,
    /// How the device behaves in this attempt, to its end.
    view: Arc<View>,
    /// The full backlog gave it up meanwhile; whether it is lost is known when its answer comes.
    given_up: bool,
}

/// What the outcome of an attempt means for its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is delivered.
    Acknowledged(RecordId),
    /// It is tried again later.
    Failed(RecordId),
    /// It had been given up, and was not delivered after all.
    Lost(RecordId),
}

impl Push {
    /// The record whose push may start now: the oldest that is not in flight, within the window.
    #[must_use]
    pub fn next(&self, journal: &Journal, knobs: &V1, now: Mono) -> Option<RecordId> {
        if self.blocked_until.is_some_and(|until| now < until)
            || self.paced_until.is_some_and(|until| now < until)
        {
            return None;
        }
        self.candidate(journal, knobs)
    }

    fn candidate(&self, journal: &Journal, knobs: &V1) -> Option<RecordId> {
        // While recovering from a failure only the oldest goes: the others would fail with it.
        let window = if self.failures > 0 { 1 } else { knobs.window };
        if self.in_flight.len() >= window {
            return None;
        }
        (0..)
            .map_while(|place| journal.unacknowledged(place))
            .map(|(record, _)| record)
            .filter(|record| self.abandoned.is_empty() || !self.abandoned.contains(record))
            .take(window)
            .find(|record| self.flights().all(|flight| flight.record != *record))
    }

    /// The record behind `first` that may go before it.
    #[must_use]
    pub fn behind(&self, first: RecordId, journal: &Journal) -> Option<RecordId> {
        let is_free = |record: &RecordId| {
            *record > first
                && !self.abandoned.contains(record)
                && self.flights().all(|flight| flight.record != *record)
        };
        let waiting = (0..).map_while(|place| journal.unacknowledged(place));
        waiting.map(|(record, _)| record).find(is_free)
    }

    /// Notes that an attempt at `record` started; says the how-manieth it is, from 1.
    pub fn start(&mut self, id: AttemptId, record: RecordId, view: &Arc<View>, now: Mono) -> u32 {
        let knobs = &view.behaviour.v1;
        let number = self.tried(record) + 1;
        let flight = Flight { record, number, view: Arc::clone(view), given_up: false };
        self.in_flight.push((id, flight));
        self.blocked_until = None;
        self.paced_until = knobs.replay_rate.map(|rate| now + Duration::from_secs(1) / rate.get());
        number
    }

    /// Takes the outcome of an attempt; none if it was not in flight. `seed` is the device's.
    pub fn settle(
        &mut self,
        id: AttemptId,
        outcome: &Outcome,
        now: Mono,
        seed: Seed,
    ) -> Option<Settled> {
        let place = self.in_flight.iter().position(|(flying, _)| *flying == id)?;
        let (_, Flight { record, number, view, given_up }) = self.in_flight.remove(place);
        let behaviour = &view.behaviour;
        let is_ignored = number == 1 && behaviour.violations.v1.acknowledging.ignored
            || behaviour.failures.delivery.answer_lost;
        if is_acknowledged(outcome, behaviour) && !is_ignored {
            self.failures = 0;
            self.blocked_until = None;
            self.tried.remove(&record);
            return Some(Settled::Acknowledged(record));
        }
        if !given_up {
            self.tried.insert(record, number);
        }
        self.block(record, &behaviour.v1, now, seed);
        Some(if given_up { Settled::Lost(record) } else { Settled::Failed(record) })
    }

    /// Notes that an attempt failed before it started.
    pub fn fail(&mut self, record: RecordId, knobs: &V1, now: Mono, seed: Seed) {
        self.blocked_until = None;
        self.block(record, knobs, now, seed);
    }

    /// Waits before the next attempt. Several in flight fail together: that is one outage, and one step
    /// of the wait.
    fn block(&mut self, record: RecordId, knobs: &V1, now: Mono, seed: Seed) {
        if self.blocked_until.is_none() {
            let dice = seed.named("retry").numbered(record.index.get());
            let jitter = dice.numbered(self.tried(record).into()).fraction();
            self.blocked_until = Some(now + retry_delay(self.failures, knobs, jitter));
            self.failures = self.failures.saturating_add(1);
        }
    }

    /// Ends every wait, for a device that sends nothing when a wait ends: it goes on at the next input.
    pub fn stay(&mut self) {
        (self.blocked_until, self.paced_until) = (None, None);
    }

    /// Keeps a record from being tried again until [`Push::resume`].
    pub fn abandon(&mut self, record: RecordId) {
        self.abandoned.insert(record);
    }

    /// Ends what [`Push::abandon`] began.
    pub fn resume(&mut self) {
        self.abandoned.clear();
    }

    /// Whether the last attempt failed.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Notes that the full backlog gave `record` up. True if it is lost for certain: one in flight may
    /// still be acknowledged.
    pub fn give_up(&mut self, record: RecordId) -> bool {
        self.tried.remove(&record);
        let mut flights = self.in_flight.iter_mut().map(|(_, flight)| flight);
        let flight = flights.find(|flight| flight.record == record);
        flight.map(|flight| flight.given_up = true).is_none()
    }

    /// Forgets all that is in flight, as its connections are cut; says how many given-up records are
    /// lost with it.
    pub fn abort(&mut self) -> u64 {
        let mut lost = 0;
        for (_, flight) in self.in_flight.drain(..) {
            if flight.given_up {
                lost += 1;
            } else {
                self.tried.insert(flight.record, flight.number);
            }
        }
        lost
    }

    /// Ends the wait after a failure at once; the pace of a replay stays.
    pub fn wake(&mut self) {
        self.failures = 0;
        self.blocked_until = None;
    }

    /// How often `record` was tried in vain.
    fn tried(&self, record: RecordId) -> u32 {
        self.tried.get(&record).copied().unwrap_or(0)
    }

    fn flights(&self) -> impl Iterator<Item = &Flight> {
        self.in_flight.iter().map(|(_, flight)| flight)
    }

    /// Whether an attempt is in flight.
    #[must_use]
    pub fn is_in_flight(&self, id: AttemptId) -> bool {
        self.in_flight.iter().any(|(flying, _)| *flying == id)
    }

    /// How the device behaves in an attempt in flight.
    #[must_use]
    pub fn view_of(&self, id: AttemptId) -> Option<Arc<View>> {
        let mut flights = self.in_flight.iter();
        flights.find(|(flying, _)| *flying == id).map(|(_, flight)| Arc::clone(&flight.view))
    }

    /// When the wait before the next push ends; none while nothing waits for it.
    #[must_use]
    pub fn deadline(&self, journal: &Journal, knobs: &V1) -> Option<Mono> {
        self.candidate(journal, knobs)?;
        self.blocked_until.max(self.paced_until)
    }
}

fn is_acknowledged(outcome: &Outcome, behaviour: &Behaviour) -> bool {
    match outcome {
        Outcome::Answered(answer) => is_taken(answer, behaviour),
        // Pushes go where they are answered.
        Outcome::Left => false,
        Outcome::NoAnswer(why) => {
            let Acknowledging { silence, reset, refused, .. } =
                behaviour.violations.v1.acknowledging;
            match why {
                NoAnswer::Silence => silence,
                NoAnswer::Broken => reset,
                NoAnswer::Unreachable => refused,
            }
        }
    }
}

/// Whether a device that behaves so takes an answer for an acknowledgement.
#[must_use]
pub fn is_taken(answer: &Answer, behaviour: &Behaviour) -> bool {
    let Acknowledging { any_code, client_error, server_error, .. } =
        behaviour.violations.v1.acknowledging;
    let Answer { status, body } = answer;
    acknowledges(answer, behaviour.v1.ack_lenient)
        || client_error && (400..500).contains(status)
        || server_error && (500..600).contains(status)
        || any_code && (200..300).contains(status) && answer_code(body) == AnswerCode::OtherNumber
}

/// Whether an answer acknowledges a push (R-V1-06): HTTP 2xx and a JSON body whose `code` is the number
/// 200, or what else the device is lenient about.
#[must_use]
pub fn acknowledges(answer: &Answer, lenient: AckLenient) -> bool {
    let Answer { status, body } = answer;
    let success = (200..300).contains(status);
    if lenient.redirect && (300..400).contains(status)
        || lenient.empty && success && body.is_empty()
    {
        return true;
    }
    if !success && !lenient.any_status {
        return false;
    }
    match answer_code(body) {
        AnswerCode::Number200 => true,
        AnswerCode::Text200 => lenient.text_200,
        AnswerCode::OtherNumber | AnswerCode::Other => false,
    }
}

/// The wait after `failures` earlier ones: doubling, shortened by up to a fifth so that devices cut off
/// together do not come back together.
fn retry_delay(failures: u32, knobs: &V1, jitter: f64) -> Duration {
    let doubled = knobs.retry_first.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX));
    doubled.min(knobs.retry_max).mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> Outcome {
        Outcome::Answered(Answer { status, body: body.as_bytes().to_vec() })
    }

    /// R-V1-06, a row each: the outcome, and which leniency alone makes it an acknowledgement.
    #[test]
    fn the_acknowledgement_matrix() {
        let none = AckLenient::default();
        let rows = [
            (answered(200, r#"{"code":200,"msg":"success","data":{}}"#), Some(none)),
            (answered(201, r#"{"code":200}"#), Some(none)),
            (answered(200, r#"{"code":200.0}"#), Some(none)),
            (answered(200, ""), Some(AckLenient { empty: true, ..none })),
            (answered(204, ""), Some(AckLenient { empty: true, ..none })),
            (answered(200, r#"{"code":"200"}"#), Some(AckLenient { text_200: true, ..none })),
            (answered(500, r#"{"code":200}"#), Some(AckLenient { any_status: true, ..none })),
            (answered(302, ""), Some(AckLenient { redirect: true, ..none })),
            (answered(200, r#"{"code":500}"#), None),
            (answered(200, r#"{"message":"success"}"#), None),
            (answered(200, "OK"), None),
            (answered(200, "200"), None),
            (answered(500, ""), None),
            (Outcome::NoAnswer(NoAnswer::Broken), None),
        ];
        let every = AckLenient { empty: true, text_200: true, any_status: true, redirect: true };
        let is_acknowledged = |outcome: &Outcome, lenient| {
            let mut behaviour = Behaviour::default();
            behaviour.v1.ack_lenient = lenient;
            is_acknowledged(outcome, &behaviour)
        };
        for (outcome, needed) in rows {
            let strict = needed == Some(none);
            assert_eq!(is_acknowledged(&outcome, none), strict, "{outcome:?}");
            assert_eq!(is_acknowledged(&outcome, every), needed.is_some(), "{outcome:?}");
            if let Some(needed) = needed {
                assert!(is_acknowledged(&outcome, needed), "{outcome:?}");
            }
        }
    }

    /// R-V1-07: 1 s, doubling to 30 s, never longer, jittered.
    #[test]
    fn the_wait_doubles_to_its_limit() {
        let knobs = V1::default();
        let waits: Vec<u64> =
            (0..8).map(|failures| retry_delay(failures, &knobs, 0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(retry_delay(0, &knobs, 1.0), Duration::from_millis(800));
        assert_eq!(retry_delay(u32::MAX, &knobs, 0.0), knobs.retry_max);
    }
}
