//! Deliveries: which may start now, and what their outcomes change.

use std::sync::Arc;

use super::Device;
use super::effects::{Effect, Effects, Link};
use super::faulty::InFlight;
use super::line::Reporting;
use crate::behaviour::violations::Backlog;
use crate::calls::v1::Subscription;
use crate::clock::Mono;
use crate::delivery::push::Settled;
use crate::delivery::{Attempt, AttemptId, Delivery, Destination, Outcome, ReportId};
use crate::dest::EventDest;
use crate::event::{Entry, RecordId, RecordType};
use crate::faults::Site;
use crate::wire::View;
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
        if self.push.is_in_flight(id) {
            self.settle_push(id, outcome, mono);
        } else if self.report.settle(id) {
            let is_taken = matches!(outcome, Outcome::Answered(_) | Outcome::Left);
            self.reported += u64::from(is_taken);
            self.note_report(is_taken, mono);
        }
        self.deliver(mono, effects);
    }

    /// The one place where a record is acknowledged.
    fn settle_push(&mut self, id: AttemptId, outcome: &Outcome, mono: Mono) {
        let was_failing = self.push.is_failing();
        let view = self.push.view_of(id);
        match self.push.settle(id, outcome, mono, self.view.seed) {
            Some(Settled::Acknowledged(record)) => {
                self.journal.acknowledge(record);
                self.pushed += 1;
            }
            Some(Settled::Lost(_)) => self.dropped += 1,
            Some(Settled::Failed(record)) => {
                let backlog = view.map(|view| view.behaviour.violations.v1.backlog.clone());
                if let Some(backlog) = backlog.filter(|backlog| *backlog != Backlog::default()) {
                    self.spoil_failed(record, &backlog, was_failing);
                }
            }
            None => {}
        }
    }

    /// What else a failed push brings about, where a fault has a say.
    fn spoil_failed(&mut self, record: RecordId, backlog: &Backlog, was_failing: bool) {
        if backlog.never_retried {
            self.push.abandon(record);
        }
        if backlog.loses_first && !was_failing {
            self.lose(record);
        }
        if backlog.none {
            self.lose_backlog(0);
            self.push.wake();
        }
    }

    /// Starts every delivery that may start, and keeps the connection that reports leave by.
    pub(super) fn deliver(&mut self, mono: Mono, effects: &mut Effects) {
        self.keep_line(mono, effects);
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
        self.pushing()?;
        self.push.deadline(&self.journal, &self.view.behaviour.v1)
    }

    /// The subscription, while records may be pushed for it.
    fn pushing(&self) -> Option<&Subscription> {
        let while_disabled = self.faults.possible().violations.v1.push.while_disabled;
        let subscription = self.subscription.as_ref();
        subscription
            .filter(|subscription| subscription.enabled || while_disabled)
            .filter(|_| self.network.link() == Link::Up)
    }

    fn next_push(&mut self, mono: Mono) -> Option<Attempt> {
        loop {
            let subscription = self.pushing()?.clone();
            let record = self.push.next(&self.journal, &self.view.behaviour.v1, mono)?;
            let entry = self.journal.record_entry(record)?.clone();
            let view = self.exchange(site(&entry, record), mono);
            let (record, entry) = self.ahead(&view, record).unwrap_or((record, entry));
            let destination = match self.fate(&view, subscription) {
                Fate::Send(destination) => destination,
                Fate::Stay => {
                    self.push.stay();
                    return None;
                }
                Fate::Fail => {
                    self.push.fail(record, &view.behaviour.v1, mono, self.view.seed);
                    return None;
                }
                Fate::Lose => {
                    self.lose(record);
                    continue;
                }
            };
            self.attempts += 1;
            let id = AttemptId(self.attempts);
            let number = self.push.start(id, record, &view, mono);
            let knobs = &view.behaviour.v1;
            return Some(Attempt {
                id,
                destination: Destination::Post(destination),
                entry,
                delivery: Delivery::Push(record),
                number,
                timeout: knobs.push_timeout,
                tls_verify: knobs.tls_verify,
                view,
            });
        }
    }

    /// What goes before that record on a device that mixes them up.
    fn ahead(&self, view: &View, record: RecordId) -> Option<(RecordId, Entry)> {
        if !view.behaviour.failures.delivery.reordered {
            return None;
        }
        let behind = self.push.behind(record, &self.journal)?;
        Some((behind, self.journal.record_entry(behind)?.clone()))
    }

    /// Whether a push leaves, and where to.
    fn fate(&mut self, view: &View, subscription: Subscription) -> Fate {
        let Subscription { destination, enabled } = subscription;
        let violations = &view.behaviour.violations.v1;
        let push = &violations.push;
        let is_back = std::mem::take(&mut self.remembered.is_back);
        let older = self.remembered.previous.as_ref().filter(|_| push.old_destination);
        let destination = older.map_or(destination, |older| older.destination.clone());
        if !enabled && !push.while_disabled {
            Fate::Stay
        } else if is_back && violations.backlog.loses_first {
            Fate::Lose
        } else if push.never || push.https_fails && destination.is_https() {
            Fate::Fail
        } else {
            Fate::Send(destination)
        }
    }

    fn next_report(&mut self, mono: Mono) -> Option<Attempt> {
        let Reporting::To(destination) = self.reporting(mono) else {
            return None;
        };
        let (view, entry) = self.next_reported(mono)?;
        self.attempts += 1;
        let id = AttemptId(self.attempts);
        let count = self.report.start(id);
        let knobs = &view.behaviour;
        Some(Attempt {
            id,
            destination,
            delivery: Delivery::Report(ReportId(report_reqid(&view, &entry, count))),
            entry,
            number: 1,
            timeout: knobs.v3.report_timeout,
            tls_verify: knobs.v1.tls_verify,
            view,
        })
    }

    /// The next event to report that the journal still has, and how.
    fn next_reported(&mut self, mono: Mono) -> Option<(Arc<View>, Entry)> {
        loop {
            let mut seqnum = self.next_missed(mono).or_else(|| self.report.take_next(mono))?;
            if let Some(entry) = self.journal.event(seqnum).cloned() {
                let view = self.exchange(Site::Report, mono);
                let failing = &view.behaviour.failures.delivery;
                let behind = failing.reordered.then(|| self.report.take_next(mono)).flatten();
                let ahead = behind.and_then(|behind| self.journal.event(behind).cloned());
                if let Some(behind) = behind {
                    self.report.put_back(std::mem::replace(&mut seqnum, behind), mono);
                }
                let entry = ahead.unwrap_or(entry);
                if let Some(entry) = self.reported(&view, entry) {
                    let is_lost = failing.answer_lost;
                    self.remembered.reporting = Some(InFlight { seqnum, is_lost });
                    return Some((view, entry));
                }
            }
            self.report.drop_one();
        }
    }

    /// Forgets what is in flight and what waits to be reported, as the network is cut.
    pub(super) fn forget_deliveries(&mut self) {
        self.dropped += self.push.abort();
        self.forget_reports();
    }

    /// The part of it that concerns reports.
    pub(super) fn forget_reports(&mut self) {
        if !self.faults.is_empty() {
            let reporting = self.remembered.reporting.take().map(|reporting| reporting.seqnum);
            let missed = reporting.into_iter().chain(self.report.queued());
            for seqnum in missed.collect::<Vec<_>>() {
                self.note_missed(seqnum);
            }
        }
        self.report.clear();
    }
}

/// What becomes of a push that is due.
enum Fate {
    /// It leaves.
    Send(EventDest),
    /// It waits for another subscription.
    Stay,
    /// It fails without leaving.
    Fail,
    /// Its record is lost.
    Lose,
}

fn site(entry: &Entry, record: RecordId) -> Site {
    match entry.fact.records().get(usize::from(record.part)) {
        Some(RecordType::Alarm) => Site::Alarm,
        _ => Site::Recognition,
    }
}
