//! The live feed: what happens, for whoever watches.

use std::sync::Arc;

use tokio::sync::broadcast;
use vestibule_core::event::Entry;
use vestibule_core::wire::View;

/// Entries a slow watcher may be behind before it misses some, and is told so: a second's worth of a
/// flood.
const BEHIND_MAX: usize = 4096;

/// A feed: that of all devices, or of one.
#[derive(Debug)]
pub struct Feed {
    sender: broadcast::Sender<Arc<News>>,
}

/// Something that happened.
#[derive(Debug)]
pub struct News {
    /// At which device.
    pub sn: String,
    /// What.
    pub entry: Entry,
    /// How the device shows it.
    pub view: Arc<View>,
}

impl Default for Feed {
    fn default() -> Self {
        Self::new(BEHIND_MAX)
    }
}

impl Feed {
    /// A feed whose watchers may be so many entries behind.
    pub(crate) fn new(behind_max: usize) -> Self {
        Self { sender: broadcast::Sender::new(behind_max) }
    }

    /// Whether anybody watches.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Tells everybody who watches.
    pub(crate) fn publish(&self, news: Arc<News>) {
        // Nobody may be left; then nobody is told.
        drop(self.sender.send(news));
    }

    /// Watches from now on.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Arc<News>> {
        self.sender.subscribe()
    }
}
