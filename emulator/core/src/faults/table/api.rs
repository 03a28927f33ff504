//! Device APIs that fail.

use std::time::Duration;

use super::{Family, Fault, Param, Site, Takes, rows};
use crate::behaviour::failures::Pace;

const V3: &[Site] = &[Site::Login, Site::Info, Site::Fetch, Site::OtherV3];
const TOKEN: &[Site] = &[Site::Info, Site::Fetch, Site::OtherV3];
const CALLS: &[Site] = &[
    Site::Login,
    Site::Info,
    Site::Fetch,
    Site::OtherV3,
    Site::ReadSubscription,
    Site::Subscribe,
    Site::LoginV1,
    Site::Records,
    Site::OtherV1,
];

const STATUS: Param = Param {
    name: "status",
    takes: Takes::Whole(400, 599),
    default: "503",
    meaning: "the HTTP status",
};
const RETCODE: Param =
    Param { name: "retcode", takes: Takes::Whole(1, 999), default: "110", meaning: "the retcode" };
const BYTES: Param = Param {
    name: "bytes",
    takes: Takes::Whole(1, 65_536),
    default: "16",
    meaning: "how many bytes come at a time",
};
const PAUSE: Param = Param {
    name: "pause",
    takes: Takes::Span(Duration::from_millis(1), Duration::from_secs(60)),
    default: "100ms",
    meaning: "the wait before each time",
};

rows! { Family::Api;
    "api.http-status", "", CALLS, [STATUS],
        "a call is not served, and answered with an HTTP status such as 500 or 503" =>
        |on, args| on.failures.api.http_status = u16::try_from(args.whole("status")).ok();
    "api.retcode", "", V3, [RETCODE],
        "a v3 call is not served, and answered with a retcode" =>
        |on, args| on.failures.api.retcode = u16::try_from(args.whole("retcode")).ok();
    "api.hang", "", CALLS, [],
        "a call is not answered" => |on, _| on.failures.api.hangs = true;
    "api.slow-body", "", CALLS, [BYTES, PAUSE],
        "an answer's body comes slowly" => |on, args| {
            let bytes = usize::try_from(args.whole("bytes")).unwrap_or(usize::MAX);
            on.failures.api.pace = Some(Pace { bytes, pause: args.span("pause") });
        };
    "api.truncated", "", CALLS, [],
        "an answer breaks off in the middle of its body, and the connection with it" =>
        |on, _| on.failures.api.breaks_off = true;
    "api.tokens-expired", "", TOKEN, [],
        "the token that comes with a call expires with it" =>
        |on, _| on.failures.api.tokens_expire = true;
}
