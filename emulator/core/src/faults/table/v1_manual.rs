//! Violations of the rulings on the v1 API's other paths, which the vendor's manual has.

use super::{Family, Fault, Site, always, field, rows, set};
use crate::behaviour::{Change, Part};

const LOGIN: &[Site] = &[Site::LoginV1];
const OTHER: &[Site] = &[Site::OtherV1];

/// R-V1-27.
const INFO_FIELDS: &[&str] = &["model", "device_sn", "mac_wired", "sw_ver", "api_ver"];

rows! { Family::Protocol;
    // Who is let in.
    "v1.login.any-password", "R-V1-26", LOGIN, [],
        "any password logs in" => |on, _| on.violations.v1.access.any_password = true;
    "v1.login.any-user", "R-V1-26", LOGIN, [],
        "any username logs in, with the account's password" =>
        |on, _| on.violations.v1.access.any_user = true;
    "v1.login.token-missing", "R-V1-26", LOGIN, [],
        "a login answers no token" =>
        |on, _| always(on, Part::V1Answer, "data.token", Change::Remove);
    "v1.login.token-opaque", "R-V1-26", LOGIN, [],
        "the token of a login is no JWT" =>
        |on, _| always(on, Part::V1Answer, "data.token", set("0123456789abcdef"));
    "v1.token.useless", "R-V1-25, R-V1-26", LOGIN, [],
        "the token of a login is not accepted" =>
        |on, _| on.violations.v1.access.useless_token = true;
    "v1.token.any", "R-V1-25", OTHER, [],
        "any token is accepted" => |on, _| on.violations.v1.access.any_token = true;
    "v1.token.never-expires", "R-V1-26", OTHER, [],
        "a token is accepted after its time" =>
        |on, _| on.violations.v1.access.tokens_live_on = true;
    "v1.auth.not-required", "R-V1-25", OTHER, [],
        "what asks for the account is served without" =>
        |on, _| on.violations.v1.access.nothing_needed = true;
    "v1.auth.basic-refused", "R-V1-25", OTHER, [],
        "Basic authentication is refused" =>
        |on, _| on.violations.v1.access.password_refused = true;
    "v1.auth.nothing-open", "R-V1-25", OTHER, [],
        "what is anybody's asks for the account" =>
        |on, _| on.violations.v1.access.nothing_open = true;
    // What the device is.
    "v1.info.field-missing", "R-V1-27", OTHER, [field(INFO_FIELDS, "device_sn")],
        "the answer about the device lacks a field" => |on, args| {
            let path = format!("data.{}", args.word("field"));
            always(on, Part::V1Answer, &path, Change::Remove);
        };
}
