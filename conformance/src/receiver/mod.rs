//! The reference platform: takes pushes and reports, answers them as told, and counts.
//!
//! `message` reads one body, `tally` counts them, `answer` decides what goes back, `intervals` is
//! the set of seqnums, `line` the printed form, `broker` what a URL says of one: all pure. `server`
//! owns the listener, `socket` a WebSocket, `mqtt` the connection to a broker, `conversation` what is
//! said on a kept connection, `requests` what devices are asked there; and `fetch` asks a device for
//! the events that no report brought.

pub mod answer;
pub mod broker;
mod conversation;
pub mod fetch;
mod intervals;
pub mod line;
pub mod message;
mod mqtt;
pub mod requests;
pub mod server;
mod socket;
pub mod tally;
