//! Faults: how a device is made to misbehave on command.
//!
//! A fault is a row of the table, [`all`]: name, family, what it breaks, parameters, meaning, the exchanges at which
//! it strikes, and how it sets the knobs of [`Behaviour`](crate::behaviour::Behaviour). Armed, it has a
//! [`Scope`]: at which of its exchanges it does strike. Whether it does is a hash of the seed, its
//! name and the exchange's number, so the same seed and inputs meet the same faults. No other module
//! knows a fault's name.

mod armed;
mod arming;
mod fault;
mod scope;
mod table;

pub use self::armed::{ArmedStatus, Faults};
pub use self::arming::{Arming, FaultError, FaultSet, Wanted};
pub use self::fault::{Args, Family, Fault, Param, Site, Takes};
pub use self::scope::{SCOPES, Scope};
pub use self::table::all;
