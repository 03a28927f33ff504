//! Devices that fail.

use std::time::Duration;

use super::{Family, Fault, Param, Site, Takes, rows};

const NUMBERED: &[Site] = &[Site::Info, Site::Fetch, Site::Report];
/// Where the device says what time it is.
const STAMPED: &[Site] = &[
    Site::Append,
    Site::Login,
    Site::ReadSubscription,
    Site::Subscribe,
    Site::Recognition,
    Site::Alarm,
];
const APPEND: &[Site] = &[Site::Append];
const RESTART: &[Site] = &[Site::Restart];

const BY: Param = Param {
    name: "by",
    takes: Takes::Shift(Duration::from_secs(10 * 365 * 24 * 3600)),
    default: "1h",
    meaning: "how far ahead; a negative one is behind",
};
const NUMBERS: Param = Param {
    name: "numbers",
    takes: Takes::Whole(1, 1_000_000),
    default: "10",
    meaning: "how many are left out",
};
const EVERY: Param = Param {
    name: "interval",
    takes: Takes::Span(Duration::from_millis(100), Duration::from_secs(24 * 3600)),
    default: "10s",
    meaning: "the time between two restarts",
};

rows! { Family::Device;
    "device.clock-skew", "", STAMPED, [BY],
        "the device's clock is ahead or behind: new events, headers and logins show its time" =>
        |on, args| on.failures.device.skew_millis = args.shift_millis("by");
    "device.clock-1970", "", STAMPED, [],
        "the device's clock began in 1970 when the device started: new events, headers and logins show that time" =>
        |on, _| on.failures.device.from_1970 = true;
    "device.time-zone", "", STAMPED, [],
        "the device takes its local time for UTC: new events, headers and logins show that time" =>
        |on, _| on.failures.device.zone_ignored = true;
    "device.numbering-gap", "", NUMBERED, [NUMBERS],
        "numbers are left out once, before the first event after the fault was armed" =>
        |on, args| on.violations.v3.log.gap = args.whole("numbers");
    "device.restart-loop", "", RESTART, [EVERY],
        "the device restarts by itself, again and again: connections and tokens are gone each time" =>
        |on, args| on.failures.device.restarts_every = Some(args.span("interval"));
    "device.storage-full", "", APPEND, [],
        "the storage is full: emits are refused, and what happens by itself is lost and counted" =>
        |on, _| on.failures.device.full = true;
}
