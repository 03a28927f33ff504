//! The control API: what a test or a developer does to a device.
//!
//! It changes a device only through the inputs that the device APIs and the world use, too. JSON in and out;
//! what cannot be done is RFC 9457 problem details.

mod app;
mod commands;
mod deliveries;
mod devices;
mod emit;
mod entries;
mod expect;
mod extract;
mod faults;
pub mod feed;
mod guard;
mod live;
mod matcher;
mod metrics;
mod problem;
mod router;
mod server;
mod target;

pub use self::router::openapi;
pub use self::server::Server;
