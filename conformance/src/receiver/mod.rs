//! The reference platform: takes pushes and reports, answers them as told, and counts.
//!
//! `message` reads one body, `tally` counts them, `answer` decides what goes back, `intervals` is
//! the set of seqnums, `line` the printed form: all pure. `server` owns the sockets, `socket` a
//! WebSocket, `conversation` what is said on one, `requests` what devices are asked there; and
//! `fetch` asks a device for the events that no report brought.

pub mod answer;
mod conversation;
pub mod fetch;
mod intervals;
pub mod line;
pub mod message;
pub mod requests;
pub mod server;
mod socket;
pub mod tally;
