//! Counts what came: distinct, twice, out of order, and what is missing in between.
//!
//! Order is by `seqnum` for v3 and by time for v1, where a stamp in seconds is its whole second and
//! equal stamps are in order. A duplicate is never out of order as well. Gaps are v3's alone: what
//! lies between the least and the greatest seqnum of a device and neither was reported nor fetched.
//!
//! Memory is bounded however long a run is: seqnums are kept as runs, whose total is bounded by
//! `RUNS_MAX`; v1 identities as 128-bit hashes, the newest `IDENTITIES_MAX`; devices up to
//! `DEVICES_MAX`. At a bound the tally errs towards reporting a fault, and says so (`untracked`).

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};

use serde::Serialize;

use crate::receiver::intervals::Intervals;
use crate::receiver::message::{Api, Identity, Message, Stamp, Unparsable};

/// Devices whose order is followed, for each API: about 20 MB. Beyond it a fleet's further devices
/// have neither order nor gaps checked.
const DEVICES_MAX: usize = 100_000;

/// Runs of seqnums kept, over all devices: about 50 MB. Beyond it the device at hand loses a run
/// between two gaps, which then count as one larger gap.
const RUNS_MAX: usize = 1_000_000;

/// v1 identities remembered: about 100 MB, and forty times the longest backlog. A duplicate that
/// comes later than this many records after the first counts as distinct.
const IDENTITIES_MAX: usize = 2_000_000;

/// How much a tally remembers.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    devices: usize,
    runs: usize,
    identities: usize,
}

/// The running count.
#[derive(Debug)]
pub struct Tally {
    bounds: Bounds,
    received: u64,
    distinct: u64,
    duplicates: u64,
    out_of_order: u64,
    unparsable: u64,
    untracked: u64,
    reports: BTreeMap<String, Reports>,
    runs: usize,
    /// The greatest v1 instant of each device, in milliseconds.
    pushes: BTreeMap<String, u64>,
    identities: Identities,
}

/// What one device's reports, and what was fetched from it, amount to.
#[derive(Debug, Default)]
struct Reports {
    reported: Intervals,
    /// What was reported and what was fetched.
    known: Intervals,
}

/// The newest v1 identities.
#[derive(Debug, Default)]
struct Identities {
    seen: BTreeSet<u128>,
    by_age: VecDeque<u128>,
}

/// What the tally noticed about one message.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// It came before.
    #[serde(skip_serializing_if = "is_false")]
    pub duplicate: bool,
    /// A later one came before it.
    #[serde(skip_serializing_if = "is_false")]
    pub out_of_order: bool,
    /// The seqnums that it leapt over, first and last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<(u64, u64)>,
}

/// The counts, as printed at the end.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Summary {
    /// Messages that came, readable or not.
    pub received: u64,
    /// Different ones among them, and what was fetched.
    pub distinct: u64,
    /// Messages that had come before.
    pub duplicates: u64,
    /// Messages before which a later one came.
    pub out_of_order: u64,
    /// Seqnums still missing, first and last, device by device.
    pub gaps: Vec<(u64, u64)>,
    /// Messages that were neither push nor report.
    pub unparsable: u64,
}

/// Seqnums of one device that neither a report nor a fetch brought.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Missing {
    /// The device's `device-id`.
    pub device: String,
    /// The first one missing.
    pub from: u64,
    /// The last one missing.
    pub to: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self::with(Bounds { devices: DEVICES_MAX, runs: RUNS_MAX, identities: IDENTITIES_MAX })
    }
}

impl Tally {
    /// An empty tally.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with(bounds: Bounds) -> Self {
        Self {
            bounds,
            received: 0,
            distinct: 0,
            duplicates: 0,
            out_of_order: 0,
            unparsable: 0,
            untracked: 0,
            reports: BTreeMap::new(),
            runs: 0,
            pushes: BTreeMap::new(),
            identities: Identities::default(),
        }
    }

    /// Counts one message.
    pub fn note(&mut self, message: &Result<Message, Unparsable>) -> Finding {
        self.received += 1;
        let Ok(message) = message else {
            self.unparsable += 1;
            return Finding::default();
        };
        let finding = match (&message.identity, message.api) {
            (Identity::Seqnum(seqnum), Api::V3) => self.note_report(message, *seqnum),
            _ => self.note_push(message),
        };
        self.duplicates += u64::from(finding.duplicate);
        self.out_of_order += u64::from(finding.out_of_order);
        finding
    }

    /// Counts an event that was fetched; false when it was known or its device is not.
    pub fn fetched(&mut self, device: &str, seqnum: u64) -> bool {
        let Some(reports) = self.reports.get_mut(device) else {
            return false;
        };
        let runs_before = reports.run_count();
        let new = reports.known.insert(seqnum);
        self.distinct += u64::from(new);
        self.runs = bound_runs(reports, self.runs - runs_before, self.bounds.runs);
        new
    }

    /// The counts so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let gaps = self.missing().map(|missing| (missing.from, missing.to)).collect();
        Summary { gaps, ..self.counts() }
    }

    /// The counts so far without the gaps: cheap however many devices there are.
    #[must_use]
    pub fn counts(&self) -> Summary {
        Summary {
            received: self.received,
            distinct: self.distinct,
            duplicates: self.duplicates,
            out_of_order: self.out_of_order,
            gaps: Vec::new(),
            unparsable: self.unparsable,
        }
    }

    /// Different messages so far, with what was fetched.
    #[must_use]
    pub fn distinct(&self) -> u64 {
        self.distinct
    }

    /// Messages of devices beyond those that are followed: order and gaps of these are unknown.
    #[must_use]
    pub fn untracked(&self) -> u64 {
        self.untracked
    }

    /// What is missing, by device and then by seqnum.
    pub fn missing(&self) -> impl Iterator<Item = Missing> {
        self.reports.iter().flat_map(|(device, reports)| {
            let holes = reports.known.holes();
            holes.map(|(from, to)| Missing { device: device.clone(), from, to })
        })
    }

    fn note_report(&mut self, message: &Message, seqnum: u64) -> Finding {
        if !self.reports.contains_key(&message.device) {
            if self.reports.len() >= self.bounds.devices {
                return self.note_untracked(message);
            }
            self.reports.insert(message.device.clone(), Reports::default());
        }
        let Some(reports) = self.reports.get_mut(&message.device) else {
            return Finding::default();
        };
        let runs_before = reports.run_count();
        let newest = reports.reported.last();
        let finding = if reports.reported.insert(seqnum) {
            self.distinct += u64::from(reports.known.insert(seqnum));
            let leapt = newest.map(|newest| (newest.saturating_add(1), seqnum.saturating_sub(1)));
            Finding {
                duplicate: false,
                out_of_order: newest.is_some_and(|newest| seqnum < newest),
                gap: leapt.filter(|(from, to)| from <= to),
            }
        } else {
            Finding { duplicate: true, ..Finding::default() }
        };
        self.runs = bound_runs(reports, self.runs - runs_before, self.bounds.runs);
        finding
    }

    fn note_push(&mut self, message: &Message) -> Finding {
        let duplicate = self.note_identity(message);
        let out_of_order = match message.stamp {
            Some(stamp) if !duplicate => self.note_time(&message.device, stamp),
            _ => false,
        };
        Finding { duplicate, out_of_order, gap: None }
    }

    fn note_untracked(&mut self, message: &Message) -> Finding {
        self.untracked += 1;
        Finding { duplicate: self.note_identity(message), ..Finding::default() }
    }

    fn note_identity(&mut self, message: &Message) -> bool {
        let new = self.identities.insert(fingerprint(message), self.bounds.identities);
        self.distinct += u64::from(new);
        !new
    }

    /// Whether a later record of this device came before.
    fn note_time(&mut self, device: &str, stamp: Stamp) -> bool {
        if let Some(newest) = self.pushes.get_mut(device) {
            let out_of_order = stamp.latest_ms < *newest;
            *newest = (*newest).max(stamp.earliest_ms);
            return out_of_order;
        }
        if self.pushes.len() >= self.bounds.devices {
            self.untracked += 1;
        } else {
            self.pushes.insert(device.to_owned(), stamp.earliest_ms);
        }
        false
    }
}

impl Reports {
    fn run_count(&self) -> usize {
        self.reported.run_count() + self.known.run_count()
    }
}

impl Identities {
    fn insert(&mut self, identity: u128, bound: usize) -> bool {
        if !self.seen.insert(identity) {
            return false;
        }
        self.by_age.push_back(identity);
        if self.by_age.len() > bound
            && let Some(oldest) = self.by_age.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }
}

/// Makes a device forget runs while all devices together have too many; the new total.
fn bound_runs(reports: &mut Reports, runs_elsewhere: usize, bound: usize) -> usize {
    while runs_elsewhere + reports.run_count() > bound {
        // Both, one after the other: what is no longer known reported must stay a gap.
        let forgotten = [reports.known.forget_run(), reports.reported.forget_run()];
        if forgotten == [false, false] {
            break;
        }
    }
    runs_elsewhere + reports.run_count()
}

/// 128 bits that stand for a message: at two million of them two are equal by chance once in 10^26.
fn fingerprint(message: &Message) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        message.device.hash(&mut hasher);
        message.identity.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(0) << 64) | half(1)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::TrailingCommas;

    fn message(api: Api, device: &str, identity: Identity, stamp: Option<u64>) -> Message {
        Message {
            api,
            device: device.to_owned(),
            kind: String::new(),
            identity,
            stamp: stamp.map(Stamp::new),
            person: None,
            verdict: None,
            reqid: None,
            commas: TrailingCommas::None,
        }
    }

    fn report(device: &str, seqnum: u64) -> Result<Message, Unparsable> {
        Ok(message(Api::V3, device, Identity::Seqnum(seqnum), None))
    }

    fn record(device: &str, uuid: u64, stamp: u64) -> Result<Message, Unparsable> {
        Ok(message(Api::V1, device, Identity::Record { uuid: uuid.to_string() }, Some(stamp)))
    }

    /// The same counts by remembering everything.
    #[derive(Default)]
    struct Model {
        came: Vec<Message>,
        fetched: BTreeSet<(String, u64)>,
        summary: Summary,
    }

    impl Model {
        fn note(&mut self, message: &Message) {
            self.summary.received += 1;
            let same_device =
                self.came.iter().filter(|m| m.api == message.api && m.device == message.device);
            let mut later =
                same_device.clone().filter(|m| match (&m.identity, &message.identity) {
                    (Identity::Seqnum(earlier), Identity::Seqnum(this)) => earlier > this,
                    _ => m.stamp.unwrap().earliest_ms > message.stamp.unwrap().latest_ms,
                });
            if same_device.clone().any(|m| m.identity == message.identity) {
                self.summary.duplicates += 1;
            } else {
                self.summary.out_of_order += u64::from(later.next().is_some());
                self.came.push(message.clone());
            }
        }

        fn known(&self, device: &str) -> BTreeSet<u64> {
            let came = self.came.iter().filter(|m| m.device == device);
            let reported = came.filter_map(|m| match m.identity {
                Identity::Seqnum(seqnum) => Some(seqnum),
                _ => None,
            });
            let fetched = self.fetched.iter().filter(|(of, _)| of == device).map(|(_, n)| *n);
            reported.chain(fetched).collect()
        }

        fn summary(&self) -> Summary {
            let mut gaps = Vec::new();
            let mut distinct = 0;
            for device in ["a", "b"] {
                let known = self.known(device);
                distinct += known.len();
                let pairs = known.iter().zip(known.iter().skip(1));
                gaps.extend(pairs.filter(|(a, b)| **a + 1 < **b).map(|(a, b)| (a + 1, b - 1)));
                let mut uuids: Vec<String> = self
                    .came
                    .iter()
                    .filter(|m| m.device == device && m.api == Api::V1)
                    .map(|m| format!("{:?}", m.identity))
                    .collect();
                uuids.sort();
                uuids.dedup();
                distinct += uuids.len();
            }
            Summary { gaps, distinct: distinct as u64, ..self.summary.clone() }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_model_that_remembers_everything(
            steps in prop::collection::vec((0_u8..3, prop::bool::ANY, 0_u64..25, 0_u64..8), 0..80),
        ) {
            let mut tally = Tally::new();
            let mut model = Model::default();
            for (what, first_device, number, time) in steps {
                let device = if first_device { "a" } else { "b" };
                // Odd ones in seconds, even ones in milliseconds: two of each second.
                let second = 1_684_381_430 + time / 2;
                let stamp = if time % 2 == 1 { second } else { second * 1000 + 500 };
                match what {
                    0 if model.came.iter().any(|m| m.device == device && m.api == Api::V3) => {
                        tally.fetched(device, number);
                        model.fetched.insert((device.to_owned(), number));
                    }
                    1 => {
                        let message = record(device, number, stamp);
                        tally.note(&message);
                        model.note(&message.unwrap());
                    }
                    _ => {
                        let message = report(device, number);
                        tally.note(&message);
                        model.note(&message.unwrap());
                    }
                }
                prop_assert_eq!(tally.summary(), model.summary());
            }
        }

        #[test]
        fn bounds_never_hide_a_gap(seqnums in prop::collection::vec(0_u64..60, 1..60)) {
            let mut narrow = Tally::with(Bounds { devices: 2, runs: 6, identities: 4 });
            let mut wide = Tally::new();
            for seqnum in seqnums {
                narrow.note(&report("a", seqnum));
                wide.note(&report("a", seqnum));
            }
            let seen = narrow.summary().gaps;
            for (from, to) in wide.summary().gaps {
                prop_assert!(seen.iter().any(|gap| gap.0 <= from && to <= gap.1));
            }
            prop_assert!(narrow.runs <= 6);
        }
    }

    #[test]
    fn a_leap_is_told_on_the_message_that_leapt() {
        let mut tally = Tally::new();
        let findings = [3, 7, 5, 7, 8].map(|seqnum| tally.note(&report("a", seqnum)));
        insta::assert_json_snapshot!((findings, tally.summary()));
    }

    #[test]
    fn a_stamp_in_seconds_is_in_order_with_all_of_its_second() {
        let mut tally = Tally::new();
        let stamps = [1_684_381_430_500, 1_684_381_430, 1_684_381_430_400, 1_684_381_429];
        let mut number = 0;
        let disorder = stamps.map(|stamp| {
            number += 1;
            tally.note(&record("a", number, stamp)).out_of_order
        });
        assert_eq!(disorder, [false, false, true, true]);
    }

    #[test]
    fn a_report_of_what_was_fetched_is_late_but_no_duplicate() {
        let mut tally = Tally::new();
        tally.note(&report("a", 1));
        tally.note(&report("a", 3));
        assert!(tally.fetched("a", 2));
        assert_eq!(tally.summary().gaps, []);
        let late = tally.note(&report("a", 2));
        assert_eq!((late.duplicate, late.out_of_order, tally.distinct()), (false, true, 3));
        assert!(tally.note(&report("a", 2)).duplicate);
    }

    #[test]
    fn devices_beyond_the_bound_are_counted_and_said() {
        let mut tally = Tally::with(Bounds { devices: 1, runs: 10, identities: 4 });
        for device in ["a", "b", "b"] {
            tally.note(&report(device, 1));
        }
        let summary = tally.summary();
        assert_eq!((summary.distinct, summary.duplicates, tally.untracked()), (2, 1, 2));
    }
}
