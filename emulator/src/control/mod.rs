//! The control API: what a test or a developer does to a device.

pub mod feed;
mod server;

pub use self::server::Server;
