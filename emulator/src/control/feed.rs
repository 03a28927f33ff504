//! The live feed: what happens, for whoever watches.

use std::sync::Arc;

use tokio::sync::broadcast;
use vestibule_core::event::Entry;

/// Entries a slow watcher may be behind before it misses some, and is told so: a second's worth of a
/// flood.
const BEHIND_MAX: usize = 4096;

/// One device's feed.
#[derive(Debug)]
pub struct Feed {
    entries: broadcast::Sender<Arc<Entry>>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { entries: broadcast::Sender::new(BEHIND_MAX) }
    }
}

impl Feed {
    /// Whether anybody watches.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.entries.receiver_count() > 0
    }

    /// Tells everybody who watches.
    pub(crate) fn publish(&self, entry: Entry) {
        // Nobody may be left; then nobody is told.
        drop(self.entries.send(Arc::new(entry)));
    }

    /// Watches from now on.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.entries.subscribe()
    }
}
