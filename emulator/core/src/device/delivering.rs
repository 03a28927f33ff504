//! Deliveries: which may start now, and what their outcomes change.

use super::Device;
use super::effects::{Effect, Effects, Link};
use crate::clock::Mono;
use crate::delivery::push::Settled;
use crate::delivery::{Attempt, AttemptId, Delivery, Outcome, ReportId};
use crate::dest::EventDest;
use crate::event::{RecordId, Seqnum};
use crate::wire::v3::report_reqid;

impl Device {
    /// Takes the outcome of a delivery. One that was cut meanwhile changes nothing.
    pub fn handle_outcome(
        &mut self,
        id: AttemptId,
        outcome: &Outcome,
        mono: Mono,
        effects: &mut Effects,
    ) {
        if let Some(record) = self.push.record_of(id) {
            self.settle_push(id, record, outcome, mono);
        } else if self.report.settle(id) && matches!(outcome, Outcome::Answered(_)) {
            self.reported += 1;
        }
        self.deliver(mono, effects);
    }

    /// The one place where a record is acknowledged.
    fn settle_push(&mut self, id: AttemptId, record: RecordId, outcome: &Outcome, mono: Mono) {
        let knobs = &self.view.behaviour.v1;
        let dice = self.view.seed.named("retry").numbered(record.index.get());
        let jitter = dice.numbered(self.push.tried(record).into()).fraction();
        match self.push.settle(id, outcome, knobs, mono, jitter) {
            Some(Settled::Acknowledged(record)) => {
                self.journal.acknowledge(record);
                self.pushed += 1;
            }
            Some(Settled::Lost(_)) => self.dropped += 1,
            Some(Settled::Failed(_)) | None => {}
        }
    }

    /// Starts every delivery that may start.
    pub(super) fn deliver(&mut self, mono: Mono, effects: &mut Effects) {
        if self.network.link() == Link::Down {
            return;
        }
        while let Some(attempt) = self.next_push(mono) {
            effects.add(Effect::Attempt(attempt));
        }
        while let Some(attempt) = self.next_report(mono) {
            effects.add(Effect::Attempt(attempt));
        }
    }

    /// When the wait before a push ends; none while it would not start then.
    pub(super) fn push_deadline(&self) -> Option<Mono> {
        self.push_destination()?;
        self.push.deadline(&self.journal, &self.view.behaviour.v1)
    }

    fn push_destination(&self) -> Option<&EventDest> {
        let subscription =
            self.subscription.as_ref().filter(|subscription| subscription.enabled)?;
        (self.network.link() == Link::Up).then_some(&subscription.destination)
    }

    /// Where reports go now (R-V3-16: only while online).
    pub(super) fn report_destination(&self) -> Option<&EventDest> {
        self.settings.report_to().filter(|_| self.network.link() == Link::Up)
    }

    fn next_push(&mut self, mono: Mono) -> Option<Attempt> {
        let destination = self.push_destination()?.clone();
        let knobs = &self.view.behaviour.v1;
        let record = self.push.next(&self.journal, knobs, mono)?;
        let entry = self.journal.record_entry(record)?.clone();
        self.attempts += 1;
        let id = AttemptId(self.attempts);
        let number = self.push.start(id, record, knobs, mono);
        Some(Attempt {
            id,
            destination,
            entry,
            delivery: Delivery::Push(record),
            number,
            timeout: knobs.push_timeout,
            tls_verify: knobs.tls_verify,
        })
    }

    fn next_report(&mut self, mono: Mono) -> Option<Attempt> {
        let destination = self.report_destination()?.clone();
        let entry = self.next_reported(mono)?;
        let entry = self.journal.event(entry)?.clone();
        self.attempts += 1;
        let id = AttemptId(self.attempts);
        let count = self.report.start(id);
        let knobs = &self.view.behaviour;
        Some(Attempt {
            id,
            destination,
            delivery: Delivery::Report(ReportId(report_reqid(&self.view, &entry, count))),
            entry,
            number: 1,
            timeout: knobs.v3.report_timeout,
            tls_verify: knobs.v1.tls_verify,
        })
    }

    /// The next event to report that the journal still has.
    fn next_reported(&mut self, mono: Mono) -> Option<Seqnum> {
        loop {
            let seqnum = self.report.take_next(mono)?;
            if self.journal.event(seqnum).is_some() {
                return Some(seqnum);
            }
            self.report.drop_one();
        }
    }

    /// Forgets what is in flight and what waits to be reported, as the network is cut.
    pub(super) fn forget_deliveries(&mut self) {
        self.dropped += self.push.abort();
        self.report.clear();
    }
}
