//! The pure core of the emulated device.
//!
//! It imports no runtime, socket, file, clock or global generator: time and seeds are arguments, effects
//! are return values, and being a crate of its own the compiler keeps it so. The shell around it
//! (`vestibule-emulator`) owns everything that touches the machine.

pub mod clock;
pub mod event;
pub mod seed;
pub mod world;
