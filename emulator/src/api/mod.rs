//! The device APIs over HTTP: v3.x and v1 on one port.
//!
//! Paths under `/api/` answer in v3's form, all others in v1's (R-V3-03). Whatever comes in, there is an
//! answer within bounds of size and time: see [`limits`].

mod exchange;
pub(crate) mod limits;
mod listener;
mod respond;
mod v1;
mod v3;

pub use self::listener::{ListenError, Listener};
