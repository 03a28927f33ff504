//! The knobs of a device, a network and a server that fail: no ruling forbids it, and every platform meets it.
//!
//! All are off by default, and only a fault sets them.

use std::time::Duration;

/// What fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// The device APIs.
    pub api: Api,
    /// Pushes and reports.
    pub delivery: Delivery,
    /// The device itself.
    pub device: Machine,
    /// The connections.
    pub network: Network,
}

/// A device API that fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Api {
    /// The HTTP status of the answer; nothing is done.
    pub http_status: Option<u16>,
    /// The `retcode` of a v3 answer; nothing is done.
    pub retcode: Option<u16>,
    /// There is no answer.
    pub hangs: bool,
    /// The answer's body comes in pieces.
    pub pace: Option<Pace>,
    /// The answer breaks off in the middle of its body.
    pub breaks_off: bool,
    /// Tokens are over.
    pub tokens_expire: bool,
}

/// How slowly a body comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The bytes of a piece, at least 1.
    pub bytes: usize,
    /// The wait before each.
    pub pause: Duration,
}

/// Deliveries that fail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The answer is lost on its way.
    pub answer_lost: bool,
    /// How often it is sent besides.
    pub copies: u64,
    /// The one behind it goes first.
    pub reordered: bool,
    /// How long it is under way before it leaves.
    pub delay: Option<Duration>,
    /// Half of its body is missing.
    pub truncated: bool,
    /// Its body is no JSON.
    pub corrupted: bool,
    /// The type that the body is said to be of.
    pub content_type: Option<&'static str>,
}

/// A device that fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// By how many milliseconds its stamps are late.
    pub skew_millis: i64,
    /// Its stamps count from the first day of 1970.
    pub from_1970: bool,
    /// Its stamps take its local time for UTC.
    pub zone_ignored: bool,
    /// It restarts so often by itself.
    pub restarts_every: Option<Duration>,
    /// There is no room for anything that happens.
    pub full: bool,
}

/// A network that fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// How late bytes arrive each way.
    pub latency: Option<Latency>,
    /// Bytes a second, each way.
    pub bytes_per_second: Option<u64>,
    /// The connection is reset.
    pub reset: Option<Reset>,
    /// No connection is accepted.
    pub refused: bool,
    /// Connections lead nowhere.
    pub black_hole: bool,
    /// There is a network for a while, and none for a while.
    pub flapping: Option<Flapping>,
}

/// How late bytes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// At least.
    pub delay: Duration,
    /// And up to so much more.
    pub jitter: Duration,
}

/// When a connection is reset, by what the device sends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Before any of it.
    Before,
    /// In the middle of it.
    Middle,
    /// After all of it.
    After,
}

/// Up and down in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flapping {
    /// How long it is up each time.
    pub up: Duration,
    /// How long it is down each time.
    pub down: Duration,
}
