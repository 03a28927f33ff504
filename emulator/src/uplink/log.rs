//! The last attempts of this process, for whoever asks what was sent and what came back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use vestibule_core::clock::{Now, UnixMillis};
use vestibule_core::delivery::push::is_taken;
use vestibule_core::delivery::{Answer, Attempt, Delivery, Destination};
use vestibule_core::event::{Index, RecordId, RecordType, Seqnum};
use vestibule_core::seed::Seed;
use vestibule_core::wire::{Identity, record_uuid};

use super::connection::Failure;
use crate::clock::Clock;
use crate::metrics::Latency;

/// At most this many attempts are kept: an hour of a busy door.
const ATTEMPTS_MAX: usize = 10_000;

/// At most this many bytes are kept: with long destinations and answers, 10,000 attempts would take more.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Only the beginning of an answer is kept: enough to see what it was.
const ANSWER_BYTES_MAX: usize = 256;

/// One attempt, as it went.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its number within the process, from 1.
    pub number: u64,
    /// The device.
    pub sn: String,
    /// When it began, by the device's clock.
    pub at: UnixMillis,
    /// `push` or `report`.
    pub delivery: &'static str,
    /// The entry's v3 number.
    pub seqnum: Option<u64>,
    /// The entry's index.
    pub index: u64,
    /// The `uuid` of a recognition record.
    pub uuid: Option<String>,
    /// The how-manieth attempt at it.
    pub attempt: u32,
    /// Where to.
    pub destination: String,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// The beginning of the answer.
    pub answer: Option<String>,
    /// How long it took.
    pub latency: Duration,
    /// `acknowledged`, `answered`, `refused`; `sent` where nothing is answered; or a word for why there was no
    /// answer.
    pub outcome: &'static str,
    /// Why there was no answer, in full.
    pub error: Option<String>,
}

/// An attempt as it is kept: what can be made again is made for whoever asks.
#[derive(Clone, Debug)]
struct Ended {
    number: u64,
    identity: Arc<Identity>,
    at: UnixMillis,
    delivery: &'static str,
    seqnum: Option<Seqnum>,
    index: Index,
    /// What the `uuid` of a recognition record is made of.
    uuid: Option<(Seed, RecordId)>,
    attempt: u32,
    destination: Destination,
    status: Option<u16>,
    /// The beginning of the answer.
    answer: Option<Box<[u8]>>,
    latency: Duration,
    outcome: &'static str,
    error: Option<String>,
}

impl Ended {
    fn new(
        attempt: &Attempt,
        began: Now,
        latency: Duration,
        result: Result<Option<&Answer>, &Failure>,
    ) -> Self {
        let (view, entry) = (&attempt.view, &attempt.entry);
        let (delivery, uuid) = match &attempt.delivery {
            Delivery::Report(_) => ("report", None),
            Delivery::Push(record) => {
                let record_type = entry.fact.records().get(usize::from(record.part));
                let is_recognition = record_type == Some(&RecordType::Recognition);
                ("push", is_recognition.then_some((view.seed, *record)))
            }
        };
        let answer = result.ok().flatten();
        Self {
            number: 0,
            identity: Arc::clone(&view.identity),
            at: began.wall,
            delivery,
            seqnum: entry.seqnum,
            index: entry.index,
            uuid,
            attempt: attempt.number,
            destination: attempt.destination.clone(),
            status: answer.map(|answer| answer.status),
            answer: answer.map(|answer| beginning(&answer.body).into()),
            latency,
            outcome: outcome(attempt, result),
            error: result.err().map(Failure::whole),
        }
    }

    fn bytes(&self) -> usize {
        // An address is kept as it was given and in its parts.
        size_of::<Self>()
            + 2 * self.destination.as_str().len()
            + self.answer.as_ref().map_or(0, |answer| answer.len())
            + self.error.as_ref().map_or(0, String::len)
    }

    fn described(&self) -> Logged {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Logged {
            number: self.number,
            sn: self.identity.sn.clone(),
            at: self.at,
            delivery: self.delivery,
            seqnum: self.seqnum.map(Seqnum::get),
            index: self.index.get(),
            uuid: self.uuid.map(|(seed, record)| record_uuid(seed, record).to_string()),
            attempt: self.attempt,
            destination: self.destination.as_str().to_owned(),
            status: self.status,
            answer: self.answer.as_deref().map(text),
            latency: self.latency,
            outcome: self.outcome,
            error: self.error.clone(),
        }
    }
}

/// What came of all attempts of all devices.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// By `push` or `report`, and the word for what came of them.
    pub(crate) attempts: BTreeMap<(&'static str, &'static str), u64>,
    /// Of those that were answered, by `push` or `report`.
    pub(crate) answered: BTreeMap<&'static str, Latency>,
}

/// The last attempts of all devices, oldest first.
#[derive(Debug, Default)]
pub struct DeliveryLog {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    attempts: VecDeque<Ended>,
    bytes: usize,
    last: u64,
    counts: Counts,
}

/// An attempt that is under way. It is logged when it ends, also when it is cut.
pub(super) struct Logging {
    pub(super) attempt: Attempt,
    began: Now,
    clock: Clock,
    log: Arc<DeliveryLog>,
    ended: bool,
}

impl Logging {
    pub(super) const fn new(
        attempt: Attempt,
        began: Now,
        clock: Clock,
        log: Arc<DeliveryLog>,
    ) -> Self {
        Self { attempt, began, clock, log, ended: false }
    }

    /// Logs how it ended: with an answer, where there is to be one.
    pub(super) fn end(mut self, result: Result<Option<&Answer>, &Failure>) {
        self.ended = true;
        self.add(result);
    }

    fn add(&self, result: Result<Option<&Answer>, &Failure>) {
        let latency = self.clock.mono().since(self.began.mono);
        let ended = Ended::new(&self.attempt, self.began, latency, result);
        // An outage is told once, not at every retry.
        if let (Err(failure), 1) = (result, self.attempt.number) {
            let (sn, to) = (&ended.identity.sn, ended.destination.as_str());
            tracing::info!(sn, to, "a {} got no answer: {}", ended.delivery, failure.whole());
        }
        self.log.kept.lock().unwrap_or_else(PoisonError::into_inner).add(ended);
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        if !self.ended {
            self.add(Err(&Failure::Unplugged));
        }
    }
}

impl DeliveryLog {
    /// What came of all attempts so far.
    pub(crate) fn counts(&self) -> Counts {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).counts.clone()
    }

    /// At most `limit` attempts of one device, from number `from` on.
    #[must_use]
    pub fn read(&self, sn: &str, from: u64, limit: usize) -> Vec<Logged> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let first = kept.attempts.partition_point(|ended| ended.number < from);
        let of_device = kept.attempts.range(first..).filter(|ended| ended.identity.sn == sn);
        let of_device: Vec<Ended> = of_device.take(limit).cloned().collect();
        // Whoever delivers waits for the lock.
        drop(kept);
        of_device.iter().map(Ended::described).collect()
    }
}

impl Counts {
    fn add(&mut self, ended: &Ended) {
        *self.attempts.entry((ended.delivery, ended.outcome)).or_default() += 1;
        if ended.status.is_some() {
            self.answered.entry(ended.delivery).or_default().add(ended.latency);
        }
    }
}

impl Kept {
    fn add(&mut self, mut ended: Ended) {
        self.last += 1;
        self.counts.add(&ended);
        ended.number = self.last;
        self.bytes += ended.bytes();
        self.attempts.push_back(ended);
        while self.attempts.len() > ATTEMPTS_MAX || self.bytes > BYTES_MAX {
            let oldest = self.attempts.pop_front();
            self.bytes -= oldest.map_or(0, |oldest| oldest.bytes());
        }
    }
}

fn beginning(body: &[u8]) -> &[u8] {
    &body[..body.len().min(ANSWER_BYTES_MAX)]
}

fn outcome(attempt: &Attempt, result: Result<Option<&Answer>, &Failure>) -> &'static str {
    match (result, &attempt.delivery) {
        (Err(failure), _) => failure.kind(),
        (Ok(None), _) => "sent",
        (Ok(Some(_)), Delivery::Report(_)) => "answered",
        (Ok(Some(answer)), Delivery::Push(_)) => {
            if is_taken(answer, &attempt.view.behaviour) {
                "acknowledged"
            } else {
                "refused"
            }
        }
    }
}
