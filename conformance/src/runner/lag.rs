//! How late this machine is: a beat that should come at fixed times, and by how much it is late.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::clock;

/// A beat, for as long as it is kept.
#[derive(Debug)]
pub(super) struct Lag {
    worst_ms: Arc<AtomicU64>,
    beat: JoinHandle<()>,
}

/// Often enough to see a pause of a fifth of a second, seldom enough to cost nothing.
const BEAT: Duration = Duration::from_millis(100);

/// A wait in which this machine stood still for so long says nothing about a device. Pauses of up to
/// a second are usual where several builds share a machine, and every bound has much more room.
const LAG_MAX: Duration = Duration::from_secs(2);

impl Lag {
    /// Starts the beat.
    #[must_use]
    pub(super) fn start() -> Self {
        let worst_ms = Arc::new(AtomicU64::new(0));
        let worst = Arc::clone(&worst_ms);
        let beat = tokio::spawn(async move {
            loop {
                let before = clock::mono();
                clock::wait(Some(BEAT)).await;
                let late = clock::mono().saturating_duration_since(before).saturating_sub(BEAT);
                let late = u64::try_from(late.as_millis()).unwrap_or(u64::MAX);
                worst.fetch_max(late, Ordering::Relaxed);
            }
        });
        Self { worst_ms, beat }
    }

    /// Forgets what was.
    pub(super) fn reset(&self) {
        self.worst_ms.store(0, Ordering::Relaxed);
    }

    /// How late this machine was at worst since then, when that voids what was judged.
    #[must_use]
    pub(super) fn voids(&self) -> Option<Duration> {
        let worst = Duration::from_millis(self.worst_ms.load(Ordering::Relaxed));
        (worst > LAG_MAX).then_some(worst)
    }
}

impl Drop for Lag {
    fn drop(&mut self) {
        self.beat.abort();
    }
}
