//! Messages to bytes and back: the only place that knows either API's field names.
//!
//! Both APIs are projections of the same journal entry through a [`View`], so they cannot disagree. What
//! is pushed again is made again from the same entry and is the same to the byte (R-V1-10).

pub mod accounts;
mod device_calls;
pub mod discovery;
mod edits;
mod event_object;
mod fields;
pub mod json;
mod mqtt;
mod openapi;
mod picture;
mod record;
pub mod v1;
pub mod v3;
mod view;

pub use self::view::{FaultsArmed, Identity, Pictures, View, record_uuid};
