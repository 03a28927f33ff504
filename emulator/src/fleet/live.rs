//! A device's v1 live feed (R-V1-31), as those who watch it share it: what happens, and how many may watch.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use vestibule_core::behaviour::violations;

use crate::control::feed::{Feed, News};

/// How many may watch at once (the vendor's manual).
const WATCHERS_MAX: usize = 3;

/// Entries that a watcher may be behind before it is let go: more than happen at once, and a megabyte at
/// most while three are all that far behind.
const BEHIND_MAX: usize = 4096;

/// A device's feed. Made for the first who watches: most devices have none.
#[derive(Debug)]
pub(super) struct Live {
    feed: Feed,
    seats: Arc<Semaphore>,
}

/// A place at a feed: everything that happens from the moment it was taken.
#[derive(Debug)]
pub(crate) struct Seat {
    /// What happens.
    pub(crate) news: broadcast::Receiver<Arc<News>>,
    /// Given back when this is dropped. None where a fault lets in more than may.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Default for Live {
    fn default() -> Self {
        Self { feed: Feed::new(BEHIND_MAX), seats: Arc::new(Semaphore::new(WATCHERS_MAX)) }
    }
}

impl Live {
    /// A place; none while all are taken.
    pub(super) fn sit_down(&self, bends: &violations::Feed) -> Option<Seat> {
        let permit = Arc::clone(&self.seats).try_acquire_owned().ok();
        let may = permit.is_some() || bends.any_number;
        may.then(|| Seat { news: self.feed.watch(), _permit: permit })
    }

    pub(super) fn is_watched(&self) -> bool {
        self.feed.is_watched()
    }

    pub(super) fn publish(&self, news: Arc<News>) {
        self.feed.publish(news);
    }
}
