//! A flood: many devices of one process load a platform, and how it bears that is measured.
//!
//! What is sent and when is the core's (`vestibule_core::flood`). Here it is sent: by one task a device,
//! one record at a time, over a connection of its own and on one thread from its first record to its last,
//! released by a pacer that waits for nobody. A device's queue is a number, not bodies: a record is made
//! when its turn comes. Each has one attempt and is counted once, so that `sent = acknowledged + failed +
//! in flight` holds at every moment.

mod answer;
mod device;
mod figures;
mod gate;
mod kind;
mod latencies;
mod line;
mod metrics;
mod pacer;
pub mod report;
mod run;

pub use self::figures::{Figures, Second, Totals};
pub use self::kind::Kind;
pub use self::latencies::{BadHistogram, Latencies, Percentiles};
pub use self::metrics::Metrics;
pub use self::run::{Ending, Finished, Flood, Handle, Settings, StartError};
