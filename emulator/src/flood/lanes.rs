//! The threads that send: each drives devices of its own, on a runtime of its own.
//!
//! A runtime that shares its tasks among threads hands them to whoever is free, and wakes one thread for what another
//! began; here a record stays on one thread from its making to its answer, which costs a fifth less.

use std::io;
use std::num::NonZeroUsize;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Where the platform is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    /// On this machine, as far as its address tells.
    Here,
    /// On another one.
    Elsewhere,
}

/// The threads; they end when this goes, and with them what they still drive.
pub(super) struct Lanes(Vec<Lane>);

struct Lane {
    runtime: Handle,
    /// The thread ends when this goes.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lanes {
    /// One for each core that this process may use, but no more than devices. A platform on the same machine has a
    /// core to itself: it needs one about as much as they do.
    ///
    /// # Errors
    /// When there can be no thread more.
    pub(super) fn begin(devices: usize, platform: Platform) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let cores = match platform {
            Platform::Here => cores - 1,
            Platform::Elsewhere => cores,
        };
        (0..cores.min(devices).max(1)).map(Lane::begin).collect::<io::Result<_>>().map(Self)
    }

    /// What drives the device in that place.
    pub(super) fn of(&self, place: usize) -> &Handle {
        &self.0[place % self.0.len()].runtime
    }
}

impl Lane {
    fn begin(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name(format!("sender {number}"));
        let thread = thread.spawn(move || {
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
            tracing::error!("a thread of the flood broke down; records of its devices are missing");
        }
    }
}
