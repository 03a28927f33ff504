//! What a run is made of: the configuration file, and what the command line says over it.
//!
//! [`Config`] is the file as written, every part optional; [`Config::plan`] checks all of it and gives the
//! devices. A file with an unknown key is refused, so that a misspelt one is not silently without effect.

mod devices;
mod file;
mod groups;
mod plan;

pub use self::devices::DevicePlan;
pub use self::file::{
    Accounts, Addressing, ClockValue, Config, DeviceTable, DiscoverTable, PushTable, QuirkValue,
    ReportTable, RosterTable, TrafficTable, V1Account, V3Account,
};
pub use self::groups::{DeviceCount, GroupPushTable, GroupTable};
pub use self::plan::{ConfigError, Keeping, Plan, TlsPlan};
