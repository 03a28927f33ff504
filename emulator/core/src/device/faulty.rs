//! The faults of a device: which are armed, and what they need to know of what went before.
//!
//! Without any nothing is remembered. What is remembered begins when faults are armed, and ends with them:
//! the journal and everything else of the device stay true, so what a fault hid is there again once
//! it is cleared.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Device;
use super::effects::{Effect, Effects, Link};
use super::log;
use super::storing::Rare;
use crate::behaviour::failures::Network;
use crate::behaviour::violations::{Backlog, Unkept};
use crate::calls::v1::Subscription;
use crate::clock::Mono;
use crate::delivery::report::REPORTS_WAITING_MAX;
use crate::event::{Entry, Fact, Index, Phase, RecordId, Seqnum};
use crate::faults::{ArmedStatus, FaultSet, Faults, Site};
use crate::journal::{Appended, Caching};
use crate::wire::View;

/// The most PIN entries that are shown as events: more, and their numbers could not be told any more.
const PINS_MAX: usize = 10_000;

/// The most outages of which it is known what happened in them.
const OUTAGES_MAX: usize = 1000;

/// How long a report that nobody took waits before it is sent again by a device that does so.
const REPORT_AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

/// What is known of the time since faults were armed.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    /// The newest number when they were armed; 0 for none.
    pub(super) newest: u64,
    /// The first entry after they were armed.
    pub(super) first_index: Index,
    /// The last request could not be read.
    pub(super) is_stuck: bool,
    /// What was in force before the last subscription.
    pub(super) previous: Option<Subscription>,
    /// The newest number before the last restart.
    pub(super) restarted_after: u64,
    /// Job numbers with a PIN, each with the numbers before it.
    pub(super) pins: VecDeque<Entry>,
    numbers_before_pins: VecDeque<u64>,
    /// The first entry of each outage, and the first after it.
    outages: VecDeque<(Index, Option<Index>)>,
    /// Whether the network came back and nothing was pushed since.
    pub(super) is_back: bool,
    /// Reports that were not taken.
    pub(super) missed: VecDeque<Seqnum>,
    /// The report in flight.
    pub(super) reporting: Option<InFlight>,
    pub(super) report_again: Option<Mono>,
    /// When the device restarts by itself.
    restart_at: Option<Mono>,
}

/// A report in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct InFlight {
    pub(super) seqnum: Seqnum,
    /// Whether its answer will be lost.
    pub(super) is_lost: bool,
}

impl Remembered {
    /// Whether an entry is of a time without network.
    pub(super) fn was_offline(&self, index: Index) -> bool {
        self.outages.iter().any(|(first, end)| *first <= index && end.is_none_or(|end| index < end))
    }

    /// How many numbers had been given when a PIN entry happened.
    pub(super) fn numbers_before(&self, index: Index) -> Option<u64> {
        let place = self.pins.binary_search_by_key(&index, |pin| pin.index).ok()?;
        self.numbers_before_pins.get(place).copied()
    }

    fn note_pin(&mut self, entry: Entry, numbers: u64) {
        if self.pins.len() < PINS_MAX {
            self.pins.push_back(entry);
            self.numbers_before_pins.push_back(numbers);
        }
    }
}

impl Device {
    /// Arms faults in place of those that were armed; counts and time begin anew.
    pub(super) fn arm(&mut self, set: &FaultSet, mono: Mono, effects: &mut Effects) {
        let network = self.faulty_network();
        self.faults = Faults::new(set, self.config.seed, mono);
        self.begin_to_remember(mono);
        self.renew_view();
        self.cut_for(&network, effects);
        self.lift(mono, effects);
    }

    /// The armed faults.
    #[must_use]
    pub fn armed_faults(&self) -> Vec<ArmedStatus> {
        self.faults.status()
    }

    /// The view of an exchange that begins now. Without faults all have one.
    pub fn exchange(&mut self, site: Site, mono: Mono) -> Arc<View> {
        if self.faults.is_empty() {
            return Arc::clone(&self.view);
        }
        self.faults.view(&self.view, site, mono)
    }

    /// Begins again to remember, as faults are armed or a factory reset numbers anew.
    pub(super) fn begin_to_remember(&mut self, mono: Mono) {
        let restarts_every = self.faults.possible().failures.device.restarts_every;
        self.remembered = Remembered {
            restart_at: restarts_every.map(|interval| mono + interval),
            newest: self.newest(),
            first_index: self.journal.next_index(),
            ..Remembered::default()
        };
        if !self.faults.is_empty() && self.network.link() == Link::Down {
            self.note_link(Link::Down);
        }
    }

    /// Makes the standing view anew.
    pub(super) fn renew_view(&mut self) {
        let view = self.config.view(self.factory_resets);
        let roster = Arc::clone(self.world.roster());
        self.view = Arc::new(View { roster, faults: self.faults.armed(), ..view });
    }

    /// Ends the faults whose time is over.
    pub(super) fn expire_faults(&mut self, mono: Mono, effects: &mut Effects) {
        if self.faults.is_empty() {
            return;
        }
        let network = self.faulty_network();
        if self.faults.expire(mono) {
            self.cut_for(&network, effects);
            self.lift(mono, effects);
        }
    }

    fn faulty_network(&self) -> Network {
        self.faults.possible().failures.network.clone()
    }

    /// Cuts what is open if connections behave otherwise from now on than on the network `before`: each does
    /// so from its beginning.
    fn cut_for(&mut self, before: &Network, effects: &mut Effects) {
        if *before == self.faulty_network() {
            return;
        }
        effects.add(Effect::Cut);
        self.dropped += self.push.abort();
        self.report.abort();
        self.line.cut();
    }

    /// Restarts, if it is time to; nobody asked for it, so it is no event (R-V3-29).
    pub(super) fn step_restarts(&mut self, mono: Mono, effects: &mut Effects) {
        if self.remembered.restart_at.is_none_or(|at| mono < at) {
            return;
        }
        let restarts_every = self.faults.possible().failures.device.restarts_every;
        self.remembered.restart_at = restarts_every.map(|interval| mono + interval);
        let view = self.exchange(Site::Restart, mono);
        if view.behaviour.failures.device.restarts_every.is_some() {
            self.change(Rare::Restart, mono, effects);
        }
    }

    /// What a fault kept from being delivered may go now.
    fn lift(&mut self, mono: Mono, effects: &mut Effects) {
        self.push.resume();
        self.push.wake();
        self.deliver(mono, effects);
    }

    /// When faults want the device to be woken.
    pub(super) fn fault_deadline(&self) -> Option<Mono> {
        let can_report = self.can_report() && self.report.is_free();
        let again = self.remembered.report_again.filter(|_| can_report);
        [self.faults.deadline(), again, self.remembered.restart_at].into_iter().flatten().min()
    }

    pub(super) fn newest(&self) -> u64 {
        self.journal.bounds().map_or(0, |(_, newest)| newest.get())
    }

    /// Whether records are kept of what happens, where a fault has a say.
    pub(super) fn spoilt_caching(&self, usual: Caching, view: &View, fact: &Fact) -> Caching {
        let backlog = &view.behaviour.violations.v1.backlog;
        let is_unkept = backlog.unkept.iter().any(|unkept| match unkept {
            Unkept::Of(kind) => fact.kind() == Some(*kind),
            Unkept::Clearings => {
                matches!(fact, Fact::Alarm(alarm) if alarm.phase == Phase::Cleared)
            }
        });
        let is_lost = backlog.none && self.network.link() == Link::Down;
        if is_unkept || is_lost { Caching::Off } else { usual }
    }

    /// Remembers what happened, and loses records as the faults have it.
    pub(super) fn after_append(&mut self, view: &View, appended: &Appended, told: Option<&Entry>) {
        let numbers = self.newest();
        if let Some(entry) = told.filter(|entry| entry.seqnum.is_none())
            && matches!(entry.fact, Fact::Access(_) | Fact::PinAttack(..))
        {
            self.remembered.note_pin(entry.clone(), numbers);
        }
        if let Some(seqnum) = appended.seqnum
            && self.network.link() == Link::Down
            && self.settings.report_to().is_some()
        {
            self.note_missed(seqnum);
        }
        let Backlog { records_max, overflow_clears, .. } = view.behaviour.violations.v1.backlog;
        let max = records_max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
        let overflows = !appended.lost.is_empty() || self.journal.backlog_len() > max;
        if overflow_clears && overflows {
            self.lose_backlog(0);
        }
        self.lose_backlog(max);
    }

    /// Loses the oldest records until only `left` are left.
    pub(super) fn lose_backlog(&mut self, left: usize) {
        while self.journal.backlog_len() > left {
            let Some((oldest, _)) = self.journal.unacknowledged(0) else {
                return;
            };
            self.lose(oldest);
        }
    }

    /// Loses a record.
    pub(super) fn lose(&mut self, record: RecordId) {
        if self.push.give_up(record) {
            self.dropped += 1;
        }
        self.journal.acknowledge(record);
    }

    /// Remembers when the network goes and comes.
    pub(super) fn note_link(&mut self, link: Link) {
        if self.faults.is_empty() {
            return;
        }
        let next = self.journal.next_index();
        match link {
            Link::Down => {
                if self.remembered.outages.len() == OUTAGES_MAX {
                    self.remembered.outages.pop_front();
                }
                self.remembered.outages.push_back((next, None));
            }
            Link::Up => {
                if let Some((_, end @ None)) = self.remembered.outages.back_mut() {
                    *end = Some(next);
                }
                self.remembered.is_back = self.journal.backlog_len() > 0;
                self.report_missed();
            }
        }
    }

    /// What was not taken is sent again now, on a device that does so.
    pub(super) fn report_missed(&mut self) {
        if !self.remembered.missed.is_empty() {
            self.remembered.report_again = Some(Mono::default());
        }
    }

    /// Keeps a report that was not taken, on a device that sends it again.
    pub(super) fn note_missed(&mut self, seqnum: Seqnum) {
        let is_kept = self.faults.possible().violations.v3.report.replayed;
        if is_kept && self.remembered.missed.len() < REPORTS_WAITING_MAX {
            self.remembered.missed.push_back(seqnum);
        }
    }

    /// The report that is sent again now.
    pub(super) fn next_missed(&mut self, mono: Mono) -> Option<Seqnum> {
        let due = self.remembered.report_again.is_some_and(|again| again <= mono);
        if !due || !self.report.is_free() {
            return None;
        }
        let next = self.remembered.missed.pop_front();
        if next.is_none() {
            self.remembered.report_again = None;
        }
        next
    }

    /// Remembers how a report ended.
    pub(super) fn note_report(&mut self, is_taken: bool, mono: Mono) {
        let Some(InFlight { seqnum, is_lost }) = self.remembered.reporting.take() else {
            return;
        };
        let is_missed = !is_taken && self.faults.possible().violations.v3.report.replayed;
        if is_missed || is_lost {
            self.remembered.missed.push_front(seqnum);
            self.remembered.report_again = Some(mono + REPORT_AGAIN);
        }
    }

    /// An entry as a report shows it; none if it is not reported.
    pub(super) fn reported(&self, view: &View, entry: Entry) -> Option<Entry> {
        let violations = &view.behaviour.violations.v3;
        let bends = &violations.log;
        let is_hidden = entry.fact.kind().is_some_and(|kind| bends.hidden.contains(&kind));
        if violations.report.never || is_hidden {
            return None;
        }
        let number = log::number_of(bends, &self.remembered, &entry)?;
        Some(log::renumbered(entry, number))
    }
}
