//! The one thread that commits for all devices of a store.
//!
//! A device with something to store takes its place in the queue, once, under its own lock; the thread takes
//! the whole queue, asks each for its batch, commits them as one, and tells each how that went. Meanwhile
//! the next ones queue: the slower a sync, the more share it. When a commit fails, everything staged is
//! given up by its device, and the store is probed until there is room again.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use vestibule_core::device::Batch;
use vestibule_core::journal::Place;

use super::{CommitError, DeviceNumber, Storage};
use crate::clock::wait_for;

/// Entries that may wait for the writer before whoever would add more waits, too: 10 MB, and a few commits.
pub const UNSTORED_MAX: usize = 65_536;

/// How long after a commit that failed the store is tried again, if nobody tries before.
const PROBE_AFTER: Duration = Duration::from_millis(500);

/// What could not be stored, and was given up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing was stored and nothing has changed: {reason}; make room and try again")]
pub struct NotStored {
    /// Why not.
    pub reason: CommitError,
}

/// How a store is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStatus {
    /// Commits made since the start.
    pub commits: u64,
    /// Why the last commit failed; none while all is well.
    pub failing: Option<CommitError>,
}

/// A device, as the writer sees it.
pub trait Stores: Send + Sync {
    /// Hands out what waits to be stored.
    fn take_batch(&self) -> Option<Batch>;
    /// The batch is stored, its entries from there on.
    fn stored(&self, first: Option<Place>);
    /// The batch is not stored. Where something is left of it, the device counts as queued.
    fn not_stored(&self, reason: &NotStored) -> Left;
}

/// What is left of a batch that was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing: it was given up.
    Nothing,
    /// Something that has happened all the same, and is to be stored when that can be.
    Something,
}

/// The way to the writer; clones lead to the same one.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    unstored: watch::Sender<usize>,
    status: watch::Sender<StoreStatus>,
}

#[derive(Debug, Default)]
struct Waiting {
    devices: VecDeque<DeviceNumber>,
    stop: Stop,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stop {
    #[default]
    No,
    /// When nothing waits any more.
    Asked,
}

/// How long the writer waits for something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// Until there is something.
    Endless,
    /// Until something is to be tried again.
    Short,
}

impl Default for Queue {
    fn default() -> Self {
        Self(Arc::new(Shared {
            waiting: Mutex::default(),
            wake: Condvar::new(),
            unstored: watch::Sender::new(0),
            status: watch::Sender::default(),
        }))
    }
}

impl Queue {
    /// The device has something to store. It is to be asked once for each time that it queued.
    pub fn push(&self, device: DeviceNumber) {
        self.waiting().devices.push_back(device);
        self.0.wake.notify_one();
    }

    /// So many more entries wait, or fewer.
    pub fn unstored(&self, before: usize, after: usize) {
        if before != after {
            self.0.unstored.send_modify(|unstored| *unstored = (*unstored + after) - before);
        }
    }

    /// Waits until more entries may be added.
    pub async fn room(&self) {
        let mut unstored = self.0.unstored.subscribe();
        // The sender lives as long as this does.
        drop(unstored.wait_for(|unstored| *unstored < UNSTORED_MAX).await);
    }

    /// How the store is.
    #[must_use]
    pub fn status(&self) -> StoreStatus {
        self.0.status.borrow().clone()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that queues; none when it is time to stop. Whoever is patient waits until there is
    /// something, others for a while, and may take nothing.
    fn take(&self, patience: Patience) -> Option<VecDeque<DeviceNumber>> {
        let mut waiting = self.waiting();
        while waiting.devices.is_empty() {
            if waiting.stop == Stop::Asked {
                return None;
            }
            match patience {
                Patience::Endless => {
                    waiting = self.0.wake.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                }
                Patience::Short => {
                    waiting = wait_for(&self.0.wake, waiting, PROBE_AFTER);
                    break;
                }
            }
        }
        Some(std::mem::take(&mut waiting.devices))
    }

    fn stop(&self) {
        self.waiting().stop = Stop::Asked;
        self.0.wake.notify_one();
    }
}

/// The thread.
#[derive(Debug)]
pub struct Writer {
    queue: Queue,
    ended: oneshot::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts it. `devices` are in the order of their numbers; none for one that does not run.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(
        storage: Box<dyn Storage>,
        queue: Queue,
        devices: Vec<Option<Arc<dyn Stores>>>,
    ) -> std::io::Result<Self> {
        let (end, ended) = oneshot::channel();
        let work = Work { storage, queue: queue.clone(), devices, left: Vec::new() };
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || {
            work.run();
            // Whoever waited may be gone.
            let _ = end.send(());
        })?;
        Ok(Self { queue, ended, thread: Some(thread) })
    }

    /// Stores what still waits, and closes the store.
    pub async fn stop(mut self) {
        self.queue.stop();
        // A thread that is gone has ended, too.
        drop((&mut self.ended).await);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's thread panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.stop();
    }
}

struct Work {
    storage: Box<dyn Storage>,
    queue: Queue,
    devices: Vec<Option<Arc<dyn Stores>>>,
    /// Devices of which something is left.
    left: Vec<DeviceNumber>,
}

impl Work {
    fn run(mut self) {
        let mut failing = false;
        loop {
            let idle = !failing && self.left.is_empty();
            let patience = if idle { Patience::Endless } else { Patience::Short };
            let Some(mut numbers) = self.queue.take(patience) else { break };
            if numbers.is_empty() || !failing {
                numbers.extend(self.left.drain(..));
            }
            let batches: Vec<(DeviceNumber, Batch)> = numbers
                .into_iter()
                .filter_map(|number| Some((number, self.device(number)?.take_batch()?)))
                .collect();
            let result = if batches.is_empty() {
                if !failing {
                    continue;
                }
                self.storage.probe().map(|()| Vec::new())
            } else {
                self.storage.commit(&batches)
            };
            failing = result.is_err();
            self.note(result.as_ref().err());
            self.tell(&batches, result);
        }
        self.storage.close();
    }

    fn device(&self, number: DeviceNumber) -> Option<&Arc<dyn Stores>> {
        self.devices.get(number.0)?.as_ref()
    }

    fn note(&self, failure: Option<&CommitError>) {
        self.queue.0.status.send_modify(|status| {
            if failure != status.failing.as_ref() {
                match failure {
                    Some(error) => tracing::error!(%error, "nothing can be stored for now"),
                    None => tracing::info!("the store can be written again"),
                }
            }
            status.failing = failure.cloned();
            status.commits += u64::from(failure.is_none());
        });
    }

    fn tell(
        &mut self,
        batches: &[(DeviceNumber, Batch)],
        result: Result<Vec<Option<Place>>, CommitError>,
    ) {
        match result {
            Ok(places) => {
                for ((number, _), place) in batches.iter().zip(places) {
                    if let Some(device) = self.device(*number) {
                        device.stored(place);
                    }
                }
            }
            Err(reason) => {
                let reason = NotStored { reason };
                for (number, _) in batches {
                    let left = self.device(*number).map(|device| device.not_stored(&reason));
                    if left == Some(Left::Something) {
                        self.left.push(*number);
                    }
                }
            }
        }
    }
}
