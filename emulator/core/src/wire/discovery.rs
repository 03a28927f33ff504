//! The messages by which devices are found: a scan by UDP, and what a device announces by mDNS.
//!
//! A scan is asked of a whole network, so what is no scan gets no answer, not even an error.

use serde::{Deserialize, Serialize};

use super::fields::read_object;
use super::json;
use super::view::Identity;

/// The service that a device announces (the vendor's manual), as a name of DNS-SD.
pub const SERVICE: &str = "_sensetime._tcp.local.";

#[derive(Deserialize)]
struct Scan<'a> {
    #[serde(borrow)]
    action: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Found<'a> {
    device_id: &'a str,
}

/// What came to the port of scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Somebody looks for devices.
    Scan,
    /// Something else.
    Other,
}

/// Reads what came.
#[must_use]
pub fn heard(bytes: &[u8]) -> Heard {
    match read_object::<Scan<'_>>(bytes) {
        Ok(Scan { action }) if action == "scan" => Heard::Scan,
        _ => Heard::Other,
    }
}

/// A device's answer to a scan.
#[must_use]
pub fn found(identity: &Identity) -> Vec<u8> {
    json::compact(&Found { device_id: &identity.device_id })
}

/// The TXT entries of what a device announces.
#[must_use]
pub fn txt(identity: &Identity) -> [(&'static str, &str); 2] {
    [("sn", &identity.sn), ("model", &identity.model)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_known_by_its_action_alone() {
        for scan in [r#"{"action":"scan"}"#, r#" {"action":"s\u0063an","header":{"reqid":1}} "#] {
            assert_eq!(heard(scan.as_bytes()), Heard::Scan, "{scan}");
        }
        for other in ["", "scan", "{}", r#"{"action":"Scan"}"#, r#"{"action":1}"#, r#"["scan"]"#] {
            assert_eq!(heard(other.as_bytes()), Heard::Other, "{other}");
        }
    }
}
