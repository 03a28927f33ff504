//! Requests that the platform has for devices, and what came of each.
//!
//! Promises that a request goes out once, on one connection: to the device that connected first and still
//! is; and that its owner learns of every one whether it was answered.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};

/// Requests given and not yet sent: whoever has more waits.
const WAITING_MAX: usize = 64;

/// How long an answer may take: a device that opens a door or stores a setting needs a moment, and one that
/// says nothing by then never will.
pub(super) const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);

/// What came of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    /// As it was sent.
    pub request: String,
    /// The answer as it came; none when none did.
    pub answer: Option<String>,
}

/// Where requests are given.
pub type Giving = mpsc::Sender<String>;

/// The queue of requests.
#[derive(Clone, Debug)]
pub(super) struct Requests(Arc<Mutex<mpsc::Receiver<String>>>);

/// The right to ask, for as long as it is held.
pub(super) type Floor = OwnedMutexGuard<mpsc::Receiver<String>>;

impl Requests {
    /// An empty queue, and the way into it.
    pub(super) fn new() -> (Giving, Self) {
        let (giving, waiting) = mpsc::channel(WAITING_MAX);
        (giving, Self(Arc::new(Mutex::new(waiting))))
    }

    /// Waits for the right to ask; who waited longest has it next.
    pub(super) async fn floor(self) -> Floor {
        self.0.lock_owned().await
    }
}

impl Told {
    /// The `action` that was asked for, where there is one.
    #[must_use]
    pub fn action(&self) -> Option<String> {
        let request: Value = serde_json::from_str(&self.request).ok()?;
        request.get("action")?.as_str().map(str::to_owned)
    }
}
