//! How many connections of a device are open, either way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenedBy {
    /// Somebody who asks the device.
    Caller,
    /// The device, to deliver something.
    Device,
}

/// The connections of one device that are open.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    by_callers: AtomicUsize,
    by_device: AtomicUsize,
}

impl Connections {
    /// Counts one more until what is returned goes.
    pub(crate) fn open(self: &Arc<Self>, by: OpenedBy) -> Open {
        self.of(by).fetch_add(1, Ordering::Relaxed);
        Open { connections: Arc::clone(self), by }
    }

    /// How many are open.
    pub(crate) fn count(&self, by: OpenedBy) -> usize {
        self.of(by).load(Ordering::Relaxed)
    }

    const fn of(&self, by: OpenedBy) -> &AtomicUsize {
        match by {
            OpenedBy::Caller => &self.by_callers,
            OpenedBy::Device => &self.by_device,
        }
    }
}

/// A connection that is counted.
#[derive(Debug)]
pub(crate) struct Open {
    connections: Arc<Connections>,
    by: OpenedBy,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connections.of(self.by).fetch_sub(1, Ordering::Relaxed);
    }
}
