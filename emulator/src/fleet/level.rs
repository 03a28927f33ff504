//! A value for which somebody may wait to reach something.
//!
//! For what each device of a fleet has and hardly anybody waits for: a channel of tokio's that can do the same has
//! room for more waiters than most devices ever have, and takes several times the memory.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// The value.
#[derive(Debug)]
pub(super) struct Level<T> {
    value: Mutex<T>,
    changed: Notify,
}

impl<T: Copy> Level<T> {
    /// A value that has just been made.
    pub(super) fn new(value: T) -> Self {
        Self { value: Mutex::new(value), changed: Notify::new() }
    }

    /// The value now.
    pub(super) fn get(&self) -> T {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes it, and lets those look again who wait.
    pub(super) fn change(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.value.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_waiters();
    }

    /// Waits until it is as asked for.
    pub(super) async fn wait_for(&self, is_reached: impl Fn(T) -> bool) {
        let mut changed = pin!(self.changed.notified());
        loop {
            // From here on no change is missed.
            changed.as_mut().enable();
            if is_reached(self.get()) {
                return;
            }
            changed.as_mut().await;
            changed.set(self.changed.notified());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_waits_sees_each_change_however_soon_it_comes() {
        let level = Arc::new(Level::new(0_u32));
        for round in 1..=1000 {
            let waiting = {
                let level = Arc::clone(&level);
                tokio::spawn(async move { level.wait_for(|value| value >= round).await })
            };
            level.change(|value| *value = round);
            waiting.await.expect("no panic");
        }
        assert_eq!(level.get(), 1000);
    }

    #[tokio::test]
    async fn all_who_wait_are_told_and_only_when_it_is_so() {
        let level = Arc::new(Level::new(1));
        let wait = |least: i32| {
            let level = Arc::clone(&level);
            tokio::spawn(async move { level.wait_for(move |value| value >= least).await })
        };
        let (first, second, later) = (wait(2), wait(2), wait(3));
        tokio::task::yield_now().await;
        level.change(|value| *value = 2);
        first.await.expect("no panic");
        second.await.expect("no panic");
        assert!(!later.is_finished());
        level.change(|value| *value = 3);
        later.await.expect("no panic");
    }
}
