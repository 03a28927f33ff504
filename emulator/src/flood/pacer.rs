//! The pacer: opens the devices' gates when their records are due, whatever became of those before.
//!
//! It has a thread of its own and waits by the system's timer. The runtime's timers are a millisecond
//! wide, which a platform in the same room would be charged for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use vestibule_core::clock::Mono;
use vestibule_core::flood::{Schedule, Shard};

use super::gate::Gate;
use crate::clock::{Clock, wait_for};

/// What a pacer needs to know.
pub(super) struct Pacer {
    pub(super) schedule: Arc<Schedule>,
    pub(super) shard: Shard,
    /// Of the shard's devices, in their order.
    pub(super) gates: Arc<[Gate]>,
    pub(super) clock: Clock,
    pub(super) start: Mono,
}

/// A pacer at work; it stops when this goes.
pub(super) struct Pacing(Arc<Stop>);

#[derive(Default)]
struct Stop {
    stopped: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Pacer {
    /// Begins.
    ///
    /// # Errors
    /// When there can be no thread more.
    pub(super) fn begin(self) -> std::io::Result<Pacing> {
        let stop = Arc::new(Stop::default());
        let seen = Arc::clone(&stop);
        thread::Builder::new().name("pacer".to_owned()).spawn(move || self.pace(&seen))?;
        Ok(Pacing(stop))
    }

    fn pace(&self, stop: &Stop) {
        for (due, device) in self.schedule.order(self.shard) {
            if stop.waited_until(self.start + due, self.clock) == Waited::Stopped {
                return;
            }
            self.gates[(device / self.shard.of()) as usize].release();
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waited {
    Due,
    Stopped,
}

impl Stop {
    fn waited_until(&self, due: Mono, clock: Clock) -> Waited {
        let mut left = due.since(clock.mono());
        // What is due already, such as a storm, asks for no lock.
        if !left.is_zero() {
            let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            while !left.is_zero() && !self.stopped.load(Ordering::Acquire) {
                guard = wait_for(&self.changed, guard, left);
                left = due.since(clock.mono());
            }
        }
        if self.stopped.load(Ordering::Acquire) { Waited::Stopped } else { Waited::Due }
    }
}

impl Drop for Pacing {
    fn drop(&mut self) {
        let _guard = self.0.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.stopped.store(true, Ordering::Release);
        self.0.changed.notify_all();
    }
}
