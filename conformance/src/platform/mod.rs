//! The judge as platform: listeners that devices push and report to, answering by a plan that can
//! be changed while they run, and going away in each of the ways in which a platform can.
//!
//! `answer` is one answer, `plan` says which message gets which: both pure. `listener` owns a port
//! and its outages, `connection` serves one connection, `tls` makes or reads certificates. What
//! came is a recorded stream (`crate::stream`); what it means is the checks' business.

mod answer;
mod connection;
mod listener;
mod plan;
mod tls;

pub use answer::{Answer, Content, Delivery, Texts};
pub use connection::Ended;
pub use listener::{Connection, ListenError, Listener, Options, Outage};
pub use plan::Plan;
pub use tls::{Authority, ServerTls, TlsError};
