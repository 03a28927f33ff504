//! Violations of the rulings on the v1 API's other paths, which the vendor's manual has.

use super::{Family, Fault, Site, always, field, rows, set};
use crate::behaviour::{Change, Part};

const LOGIN: &[Site] = &[Site::LoginV1];
const OTHER: &[Site] = &[Site::OtherV1];
const GUARDED: &[Site] = &[Site::Records, Site::OtherV1];
const RECORDS: &[Site] = &[Site::Records];

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
    "v1.token.any", "R-V1-25", GUARDED, [],
        "any token is accepted" => |on, _| on.violations.v1.access.any_token = true;
    "v1.token.never-expires", "R-V1-26", GUARDED, [],
        "a token is accepted after its time" =>
        |on, _| on.violations.v1.access.tokens_live_on = true;
    "v1.auth.not-required", "R-V1-25", GUARDED, [],
        "what asks for the account is served without" =>
        |on, _| on.violations.v1.access.nothing_needed = true;
    "v1.auth.basic-refused", "R-V1-25", GUARDED, [],
        "Basic authentication is refused" =>
        |on, _| on.violations.v1.access.password_refused = true;
    "v1.auth.nothing-open", "R-V1-25", OTHER, [],
        "what is anybody's asks for the account" =>
        |on, _| on.violations.v1.access.nothing_open = true;
    // Records.
    "v1.records.time-ignored", "R-V1-28", RECORDS, [],
        "records of any time are listed, whatever begin_time and end_time say" =>
        |on, _| on.violations.v1.records.time_ignored = true;
    "v1.records.person-ignored", "R-V1-28", RECORDS, [],
        "everybody's records are listed, whatever user_id says" =>
        |on, _| on.violations.v1.records.person_ignored = true;
    "v1.records.card-wins", "R-V1-28", RECORDS, [],
        "ic_number counts before job_number, and that before user_id" =>
        |on, _| on.violations.v1.records.card_wins = true;
    "v1.records.offset-ignored", "R-V1-28", RECORDS, [],
        "the first records are listed, whatever offset says" =>
        |on, _| on.violations.v1.records.offset_ignored = true;
    "v1.records.limit-exceeded", "R-V1-28", RECORDS, [],
        "one record more than limit is listed" =>
        |on, _| on.violations.v1.records.limit_exceeded = true;
    "v1.records.default-limit", "R-V1-28", RECORDS, [],
        "without limit at most 50 records are listed" =>
        |on, _| on.violations.v1.records.other_default = true;
    "v1.records.no-ceiling", "R-V1-28", RECORDS, [],
        "a limit over 200 is served in full" =>
        |on, _| on.violations.v1.records.no_ceiling = true;
    "v1.records.sort-reversed", "R-V1-28", RECORDS, [],
        "the newest come first where the oldest should, and the other way round" =>
        |on, _| on.violations.v1.records.sort_reversed = true;
    "v1.records.total-of-page", "R-V1-28", RECORDS, [],
        "total counts the records of the page" =>
        |on, _| on.violations.v1.records.total_of_page = true;
    "v1.records.groups-missing", "R-V1-28", RECORDS, [],
        "a listed record has no groups" =>
        |on, _| always(on, Part::Listed, "groups", Change::Remove);
    "v1.records.private", "R-V1-28", RECORDS, [],
        "a listed record shows its user's PIN and remark" => |on, _| {
            always(on, Part::Listed, "user.pin", set("000000"));
            always(on, Part::Listed, "user.remark", set("private"));
        };
    "v1.records.other-uuid", "R-V1-28", RECORDS, [],
        "a listed record has another uuid than its push" =>
        |on, _| always(on, Part::Listed, "uuid", Change::Append("-0"));
    // Orders.
    "v1.door.hold-refused", "R-V1-29", OTHER, [],
        "an order to hold the door open is refused" =>
        |on, _| on.violations.v1.orders.hold_refused = true;
    "v1.door.takes-any-mode", "R-V1-29", OTHER, [],
        "an order to the door with an unknown open_mode is answered with code 200" =>
        |on, _| on.violations.v1.orders.takes_any_mode = true;
    "v1.reboot.unanswered", "R-V1-30", OTHER, [],
        "a device that is told to restart does so without an answer" =>
        |on, _| on.violations.v1.orders.reboot_unanswered = true;
    // The live feed.
    "v1.feed.loses-first", "R-V1-31", OTHER, [],
        "the first record after a live feed was opened is not carried" =>
        |on, _| on.violations.v1.feed.loses_first = true;
    "v1.feed.alarms", "R-V1-31", OTHER, [],
        "a live feed carries alarms, too" => |on, _| on.violations.v1.feed.alarms_too = true;
    "v1.feed.other-uuid", "R-V1-31", OTHER, [],
        "a record has another uuid in a live feed than in its push" =>
        |on, _| always(on, Part::Carried, "data.uuid", Change::Append("-0"));
    "v1.feed.fourth-served", "R-V1-31", OTHER, [],
        "a live feed is opened for a fourth client, too" =>
        |on, _| on.violations.v1.feed.any_number = true;
    // What the device is.
    "v1.info.field-missing", "R-V1-27", OTHER, [field(INFO_FIELDS, "device_sn")],
        "the answer about the device lacks a field" => |on, args| {
            let path = format!("data.{}", args.word("field"));
            always(on, Part::V1Answer, &path, Change::Remove);
        };
}
