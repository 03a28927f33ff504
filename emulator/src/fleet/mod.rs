//! The devices of this process: each behind one short lock, with one driver task.

mod cable;
mod connections;
mod driver;
mod handle;
mod level;
mod live;

use std::collections::BTreeMap;
use std::sync::Arc;

use vestibule_core::clock::UnixMillis;

pub use self::cable::{Cable, Watch};
pub(crate) use self::connections::{Open, OpenedBy};
pub(crate) use self::driver::{drive, tell};
pub use self::handle::{Handle, Receipt, Turn};
pub(crate) use self::live::Seat;
use crate::clock::Clock;
use crate::control::feed::Feed;
use crate::uplink::DeliveryLog;

/// All devices, by serial number, and what they share.
#[derive(Debug)]
pub struct Fleet {
    /// The devices.
    pub devices: BTreeMap<String, Arc<Handle>>,
    /// What was delivered.
    pub log: Arc<DeliveryLog>,
    /// What happens.
    pub feed: Arc<Feed>,
    /// The clock of this process.
    pub clock: Clock,
    /// The devices' time at the start, if it was given.
    pub start: Option<UnixMillis>,
}
