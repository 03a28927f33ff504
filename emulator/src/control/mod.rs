//! The control API: what a test or a developer does to a device.

pub mod feed;
