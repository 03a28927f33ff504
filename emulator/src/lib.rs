//! The shell around the emulated device: sockets, timers, the control API.
//!
//! It decides nothing about a device: it translates what comes in into the core's inputs and performs the
//! effects.

pub mod api;
pub mod clock;
pub mod config;
pub mod control;
pub mod descriptors;
pub mod discovery;
mod doors;
pub mod emulator;
pub mod fleet;
pub mod flood;
mod keep;
mod lanes;
pub(crate) mod metrics;
pub mod storage;
mod transport;
pub mod uplink;
