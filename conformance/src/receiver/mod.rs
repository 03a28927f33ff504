//! The reference platform: takes pushes and reports, answers them as told, and counts.
//!
//! `message` reads one body, `tally` counts them, `answer` decides what goes back, `intervals` is
//! the set of seqnums, `line` the printed form: all pure. `server` owns the sockets, and `fetch`
//! asks a device for the events that no report brought.

pub mod answer;
pub mod fetch;
mod intervals;
pub mod line;
pub mod message;
pub mod server;
pub mod tally;
