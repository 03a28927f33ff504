//! How many records a device may have begun: the pacer opens the gate, the device goes through it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// One device's gate. It holds a number, however long the queue behind it is.
#[derive(Debug, Default)]
pub(super) struct Gate {
    released: AtomicU64,
    ended: AtomicBool,
    changed: Notify,
}

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// The record's turn has come.
    Go,
    /// Not yet.
    Wait,
    /// No record begins any more.
    End,
}

impl Gate {
    /// One record more may begin.
    pub(super) fn release(&self) {
        self.released.fetch_add(1, Ordering::Release);
        self.changed.notify_one();
    }

    /// All may, one after the other.
    pub(super) fn release_all(&self) {
        self.released.store(u64::MAX, Ordering::Release);
        self.changed.notify_one();
    }

    /// None may any more.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// Whether the record of that number, from 0, may begin.
    pub(super) fn pass(&self, number: u64) -> Pass {
        if self.ended.load(Ordering::Acquire) {
            Pass::End
        } else if number < self.released.load(Ordering::Acquire) {
            Pass::Go
        } else {
            Pass::Wait
        }
    }

    /// Waits until it may say something else. The device alone waits here.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}
