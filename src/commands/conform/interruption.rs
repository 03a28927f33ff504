//! Ctrl-C and SIGTERM: the first stops a run and lets it put everything back, the second ends it.

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::exit::{Exit, Failure};
use crate::signals::Signals;

/// The signals, taken over for as long as this is kept.
pub(super) struct Interruption {
    stop: watch::Receiver<bool>,
    give_up: watch::Receiver<bool>,
    listening: JoinHandle<()>,
}

impl Interruption {
    /// Takes the signals over.
    pub(super) fn new() -> Result<Self, Failure> {
        let mut signals = Signals::new().map_err(|error| {
            Failure::new(Exit::Unreachable, "listening for signals", error)
                .hint("raise the limit on open files (`ulimit -n`)")
        })?;
        let (stopping, stop) = watch::channel(false);
        let (giving_up, give_up) = watch::channel(false);
        let listening = tokio::spawn(async move {
            signals.recv().await;
            tracing::warn!("stopping; what was changed is put back, a second Ctrl-C ends that too");
            // Each fails only when nobody waits any more.
            let _ = stopping.send(true);
            signals.recv().await;
            let _ = giving_up.send(true);
            std::future::pending::<()>().await;
        });
        Ok(Self { stop, give_up, listening })
    }

    /// Becomes true at the first signal.
    pub(super) fn stop(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    /// Whether there was a signal.
    pub(super) fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits for the second signal.
    pub(super) async fn given_up(&self) {
        // Fails never: the task that sends lives as long as this.
        let _ = self.give_up.clone().wait_for(|given_up| *given_up).await;
    }
}

impl Drop for Interruption {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
