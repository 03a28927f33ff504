//! The one place where the judge and the command read a clock or wait for one.
//!
//! Everything else takes time as an argument, or asks here.

use std::future::Future;
use std::time::{Duration, Instant, SystemTime};

/// The wall clock, for stamps.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the wall clock")]
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// The clock that only moves forward, for deadlines and durations.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the monotonic clock")]
pub fn mono() -> Instant {
    Instant::now()
}

/// Waits for `duration`; for ever when there is none.
#[expect(clippy::disallowed_methods, reason = "the one place that waits for time to pass")]
pub async fn wait(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

/// What `work` gives, or nothing when it takes longer than `duration`.
pub async fn within<T>(duration: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(duration, work).await.ok()
}
