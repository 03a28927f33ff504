//! The configuration file as it is written: every part optional, every key known.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use vestibule_core::faults::Wanted;

use super::groups::DeviceCount;

/// The configuration, as a file writes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where both device APIs listen; with several devices, those of the first.
    pub listen: Option<SocketAddr>,
    /// How many devices there are, or the groups of them.
    pub devices: DeviceCount,
    /// How their addresses differ.
    pub addressing: Addressing,
    /// The most connections that all devices together hold to deliver what they have.
    pub connections: Option<u32>,
    /// Where the control API listens.
    pub control: Option<SocketAddr>,
    /// What the control API asks for; needed to listen beyond loopback.
    pub control_token: Option<String>,
    /// Whether the device APIs are spoken within TLS.
    pub tls: bool,
    /// The certificate shown, PEM, in place of one of each device's own.
    pub tls_cert: Option<PathBuf>,
    /// Its key, PEM.
    pub tls_key: Option<PathBuf>,
    /// The size of journal and backlog.
    pub capacity: Option<u32>,
    /// The directory that the device is kept in; in memory only if there is none.
    pub data: Option<PathBuf>,
    /// What an answer survives with `data`: `process`, the end of the process, or `power`, its loss too.
    pub durability: Option<String>,
    /// How many past events the journal holds at the start.
    pub backfill: Option<u64>,
    /// The root of every random choice.
    pub seed: Option<u64>,
    /// The device's time at the start, RFC 3339.
    pub clock: Option<ClockValue>,
    /// Whether the device starts unplugged.
    pub offline: bool,
    /// The device itself.
    pub device: DeviceTable,
    /// How many people are enrolled.
    pub roster: RosterTable,
    /// What happens by itself.
    pub traffic: TrafficTable,
    /// Who may log in.
    pub accounts: Accounts,
    /// v1 pushes.
    pub push: PushTable,
    /// v3 reports.
    pub report: ReportTable,
    /// How the devices can be found.
    pub discover: DiscoverTable,
    /// Quirks by name; `preset` goes first.
    pub quirks: BTreeMap<String, QuirkValue>,
    /// Faults that are armed before any traffic, as the control API takes them.
    pub faults: Vec<Wanted>,
}

/// How the addresses of several devices differ.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Addressing {
    /// By the port: device i has that of the first, plus i; a free one of its own where that is 0.
    #[default]
    Port,
    /// By the address: device i has 127.0.0.1 plus i, and all have one port.
    Loopback,
}

/// `[device]`; of several devices, the first.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceTable {
    /// v1 serial number.
    pub sn: Option<String>,
    /// v3 device id.
    pub device_id: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// The address that v3 events show.
    pub ip: Option<String>,
    /// An offset, or an IANA name.
    pub time_zone: Option<String>,
    /// v1 `mode`, 0 to 9.
    pub mode: Option<u8>,
    /// Temperature screening.
    pub screening: Option<bool>,
    /// Mask detection.
    pub mask_detection: Option<bool>,
    /// Health codes.
    pub health_codes: Option<bool>,
    /// How long the door may be open before the alarm.
    pub door_held_after: Option<String>,
    /// How large an image is, where images are turned on.
    pub image_bytes: Option<u32>,
}

/// `[roster]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RosterTable {
    /// Employees.
    pub employees: Option<u32>,
    /// Visitors.
    pub visitors: Option<u32>,
    /// Blocklisted people.
    pub blocklisted: Option<u32>,
}

/// `[traffic]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrafficTable {
    /// `office`, `steady` or `quiet`.
    pub profile: Option<String>,
    /// v3 events a minute.
    pub rate_per_minute: Option<f64>,
    /// How fast the device's clock runs.
    pub speed: Option<f64>,
}

/// `[accounts]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// The v3 account.
    pub v3: V3Account,
    /// The v1 account.
    pub v1: V1Account,
}

/// `[accounts.v3]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct V3Account {
    /// Name.
    pub user: Option<String>,
    /// Upper-case MD5 digest of the password.
    pub digest: Option<String>,
}

/// `[accounts.v1]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct V1Account {
    /// Name, as the header `account` shows it.
    pub user: Option<String>,
    /// Password.
    pub password: Option<String>,
}

/// `[push]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushTable {
    /// Where records go from the start.
    pub to: Option<String>,
    /// Roots to trust besides the system's, PEM.
    pub ca: Option<PathBuf>,
}

/// `[discover]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscoverTable {
    /// Where scans by UDP are answered.
    pub udp: Option<SocketAddr>,
    /// The port on which the devices are announced by mDNS.
    pub mdns_port: Option<u16>,
}

/// `[report]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReportTable {
    /// Where reports go from the start.
    pub to: Option<String>,
}

/// A quirk's value: text, or what TOML writes without quotes.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum QuirkValue {
    /// `"any"`.
    Text(String),
    /// `true`.
    Boolean(bool),
    /// `200`.
    Number(i64),
    /// What TOML makes of a name without quotes: `v3.timestamp-unit = "s"`.
    Table(BTreeMap<String, QuirkValue>),
}

impl QuirkValue {
    /// Adds the name's values as they are set: one, or one for each name under it.
    pub(super) fn list(&self, name: &str, list: &mut Vec<(String, String)>) {
        let text = match self {
            Self::Text(text) => text.clone(),
            Self::Boolean(boolean) => boolean.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Table(table) => {
                for (member, value) in table {
                    value.list(&format!("{name}.{member}"), list);
                }
                return;
            }
        };
        list.push((name.to_owned(), text));
    }
}

/// A time: text, or TOML's own kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum ClockValue {
    /// `"2026-03-02T08:00:00Z"`.
    Text(String),
    /// `2026-03-02T08:00:00Z`.
    Time(toml::value::Datetime),
}

impl From<&str> for ClockValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
