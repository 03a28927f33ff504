//! What the device is asked and what it answers, in types that cannot be wrong.
//!
//! `wire` reads them from bytes and writes them to bytes; `device` decides. Neither API's field names
//! are known here.

pub mod control;
pub mod v1;
pub mod v3;
