//! The pure core of the emulated device.
//!
//! It imports no runtime, socket, file, clock or global generator: time and seeds are arguments, effects
//! are return values, and being a crate of its own the compiler keeps it so. The shell around it
//! (`vestibule-emulator`) owns everything that touches the machine.

pub mod behaviour;
pub mod calls;
pub mod clock;
pub mod delivery;
pub mod dest;
pub mod device;
pub mod event;
pub mod faults;
pub mod flood;
pub mod journal;
pub mod picture;
pub mod quirks;
pub mod seed;
pub mod wire;
pub mod world;
