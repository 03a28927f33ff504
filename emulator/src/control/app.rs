//! What every request of the control API needs.

use std::sync::Arc;

use tokio::sync::watch;

use crate::fleet::Fleet;

/// What every request needs.
pub(super) struct App {
    pub(super) fleet: Arc<Fleet>,
    /// What a request must bring, if anything.
    pub(super) token: Option<String>,
    /// Set when the emulator stops: what waits ends at once.
    pub(super) stop: watch::Receiver<bool>,
}

impl App {
    /// Waits until the emulator stops.
    pub(super) async fn stopped(&self) {
        // A sender that is gone is a stop, too.
        drop(self.stop.clone().wait_for(|stop| *stop).await);
    }
}
