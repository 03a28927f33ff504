//! The judge: everything here knows only bytes on the wire.
//!
//! Owns the conformance suite (`case` to `target`), the reference platform (`receiver`), the client
//! that asks devices (`http`) and the suite's clock (`clock`). Promises never to share a type with
//! the emulator: both sides read the documents for themselves, so that a field misread on one side
//! shows on the other. Prints nothing.

pub mod case;
pub mod checks;
pub mod clock;
pub mod diff;
pub mod http;
pub mod http1;
pub mod json;
pub mod known_failures;
pub mod matcher;
pub mod outcome;
pub mod platform;
pub mod receiver;
pub mod record;
pub mod report;
pub mod runner;
pub mod select;
mod socket;
pub mod stimulus;
pub mod stream;
pub mod target;
pub mod trust;
