//! The device that is judged, as far as the suite knows it: its addresses, accounts, clock.
//!
//! `discover` finds out what answers; `wire` carries one request and records it; `control` steers an
//! emulator, where there is one. Knows nothing that a person with a network cable could not know.

pub(crate) mod configs;
pub mod control;
mod digest;
pub mod discover;
pub(crate) mod feed;
pub mod wire;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use digest::password_digest;

use self::control::Control;
use self::wire::Wire;
use crate::clock;

/// The device.
#[derive(Debug)]
pub struct Target {
    /// Its v3 API.
    pub v3: Option<V3>,
    /// Its v1 API.
    pub v1: Option<V1>,
    /// The control API of an emulator.
    pub control: Option<Control>,
    /// How long a token lives, where that is known.
    pub token_ttl: Option<Duration>,
    /// How far its clock is ahead of ours, in milliseconds.
    pub ahead_ms: i64,
    /// The `mode` it verifies by (table E), where that is known.
    pub mode: Option<u8>,
    /// Whether it is known to take health codes.
    pub health_codes: bool,
    /// Whether it is known to take a part of a minute for the `validTime` of a v1 token.
    pub short_tokens: bool,
    /// Whether it keeps images and lets them be fetched.
    pub images: bool,
    /// Its serial number, where it told one.
    pub sn: Option<String>,
    /// Its v3 device id, where it told one.
    pub device_id: Option<String>,
    /// What was found out about it, by name, for the report.
    pub facts: Vec<(String, String)>,
}

/// The v3 API of a device.
#[derive(Debug)]
pub struct V3 {
    /// Where: `http://127.0.0.1:8000`.
    pub url: String,
    /// The path before the service: `/api/v3.x`.
    pub path: String,
    /// The account.
    pub user: String,
    /// The digest of its password, as it travels.
    pub digest: String,
    /// The connection.
    pub wire: Wire,
    /// The token of the last login.
    pub token: Option<String>,
}

/// The v1 API of a device.
#[derive(Debug)]
pub struct V1 {
    /// Where.
    pub url: String,
    /// `user:password`, where the account is known (R-V1-20, R-V1-25).
    pub basic: Option<String>,
    /// The connection.
    pub wire: Wire,
}

impl Target {
    /// Whether somebody who looked at the device typed this: its serial number, or its v3 id.
    #[must_use]
    pub fn is_called(&self, typed: &str) -> bool {
        [&self.sn, &self.device_id].into_iter().flatten().any(|name| name == typed)
    }

    /// Now by the device's clock, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        unix_ms(clock::wall()) + self.ahead_ms
    }
}

/// Milliseconds since 1970.
pub(crate) fn unix_ms(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
