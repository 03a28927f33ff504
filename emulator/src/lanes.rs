//! Threads that keep what they began: each drives connections of its own, on a runtime of its own.
//!
//! A runtime that shares its tasks among threads hands them to whoever is free, and wakes one thread for what another
//! began; here an exchange stays on one thread from its beginning to its end, which costs a fifth less.
//! The price: what takes long on a thread delays all others that it has.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The most of them: what devices do is small beside what the system does for them, and each needs descriptors.
const MOST: usize = 16;

/// The threads; they end when this goes, and with them what they still drive.
#[derive(Debug)]
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    /// How often one was taken in turn.
    taken: AtomicUsize,
}

#[derive(Debug)]
struct Lane {
    runtime: Handle,
    /// The thread ends when this goes.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lanes {
    /// So many, but one at least, whose names begin so.
    ///
    /// # Errors
    /// When there can be no thread more.
    pub(crate) fn begin(name: &str, count: usize) -> io::Result<Self> {
        let lanes = (0..count.max(1)).map(|number| Lane::begin(format!("{name} {number}")));
        Ok(Self { lanes: lanes.collect::<io::Result<_>>()?, taken: AtomicUsize::new(0) })
    }

    /// As many as there are cores for this process, up to a bound.
    pub(crate) fn cores() -> usize {
        thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST)
    }

    /// What drives the one in that place.
    pub(crate) fn of(&self, place: usize) -> &Handle {
        &self.lanes[place % self.lanes.len()].runtime
    }

    /// Each in turn.
    pub(crate) fn next(&self) -> &Handle {
        self.of(self.taken.fetch_add(1, Ordering::Relaxed))
    }
}

impl Lane {
    fn begin(name: String) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name(name).spawn(move || {
            // Nothing is ever sent: it ends when the other end goes.
            drop(runtime.block_on(stopped));
        })?;
        Ok(Self { runtime: handle, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a thread broke down, and with it the connections that it drove");
        }
    }
}
