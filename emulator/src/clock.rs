//! The only source of time in the emulator.
//!
//! Everything else takes [`Mono`] or [`UnixMillis`] as an argument, or waits through here.

#![expect(clippy::disallowed_methods, reason = "this is the one place that reads clocks")]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::time::Sleep;
use vestibule_core::clock::{Mono, Now, UnixMillis};

/// Real time, counted from the moment the clock was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

/// What was waited for did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl Default for Clock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock {
    /// Real time now.
    #[must_use]
    pub fn mono(&self) -> Mono {
        Mono::new(self.start.elapsed())
    }

    /// The host's calendar time now.
    #[must_use]
    pub fn wall(&self) -> UnixMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis::new(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// Both, for a device that starts with the host's time.
    #[must_use]
    pub fn now(&self) -> Now {
        Now { mono: self.mono(), wall: self.wall() }
    }

    /// A seed for a run that was given none: short enough to be typed again.
    #[must_use]
    pub fn fresh_seed(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::from(since.subsec_nanos()) ^ (since.as_secs() % 1_000_000)
    }

    /// Waits until real time `mono`; for ever where there is none, or where the machine's
    /// clock does not reach.
    pub async fn sleep_until(&self, mono: Option<Mono>) {
        let instant = mono.and_then(|mono| self.start.checked_add(mono.since_start()));
        match instant {
            Some(instant) => tokio::time::sleep_until(instant.into()).await,
            None => std::future::pending().await,
        }
    }
}

/// Waits for `future`, but no longer than `limit`.
///
/// # Errors
/// When the limit came first.
pub async fn within<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    tokio::time::timeout(limit, future).await.map_err(|_| Elapsed)
}

/// A limit for one thing after another: they share a timer, where [`within`] sets one up and takes it down each time.
#[derive(Debug, Default)]
pub struct Limit {
    timer: Option<Pin<Box<Sleep>>>,
}

impl Limit {
    /// Waits for `future`, but no longer than `limit`.
    ///
    /// # Errors
    /// When the limit came first.
    pub async fn within<F: Future>(
        &mut self,
        limit: Duration,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        // Further away than the machine's clock reaches there is none.
        let deadline = tokio::time::Instant::now().checked_add(limit);
        let timer = match (&mut self.timer, deadline) {
            (_, None) => return Ok(future.await),
            (Some(timer), Some(deadline)) => {
                timer.as_mut().reset(deadline);
                timer
            }
            (none, Some(deadline)) => none.insert(Box::pin(tokio::time::sleep_until(deadline))),
        };
        let mut future = pin!(future);
        tokio::select! {
            biased;
            output = &mut future => Ok(output),
            // Also where what is waited for has always something to do, and takes all the time there is.
            () = tokio::task::unconstrained(timer) => Err(Elapsed),
        }
    }
}

/// Waits on a thread of its own until `condition` is notified, but no longer than `limit`.
pub fn wait_for<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    limit: Duration,
) -> MutexGuard<'a, T> {
    let waited = condition.wait_timeout(guard, limit).unwrap_or_else(PoisonError::into_inner);
    waited.0
}

/// Waits for `duration`.
pub async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_limit_holds_for_each_thing_anew() {
        let mut limit = Limit::default();
        let (short, long) = (Duration::from_millis(5), Duration::from_secs(60));
        assert_eq!(limit.within(long, async { 1 }).await, Ok(1));
        assert_eq!(limit.within(short, std::future::pending::<()>()).await, Err(Elapsed));
        // What ended before says nothing about what comes after.
        assert_eq!(limit.within(long, tokio::task::yield_now()).await, Ok(()));
        assert_eq!(limit.within(short, std::future::pending::<()>()).await, Err(Elapsed));
        assert_eq!(limit.within(Duration::MAX, async { 2 }).await, Ok(2));
    }
}
