//! Networks that fail: for connections to the device, for its own, or for both.

use std::time::Duration;

use super::super::arming::WAY;
use super::{Family, Fault, Param, Site, Takes, rows};
use crate::behaviour::failures::{Flapping, Latency, Reset};

const CONNECTIONS: &[Site] = &[Site::Accept, Site::Connect];

const ON: Param = Param {
    name: WAY,
    takes: Takes::Word(&["both", "in", "out"]),
    default: "both",
    meaning: "which connections: those to the device (in), its own (out), or both",
};
const LATENCY_MAX: Duration = Duration::from_secs(60);
const DELAY: Param = Param {
    name: "delay",
    takes: Takes::Span(Duration::from_millis(1), LATENCY_MAX),
    default: "200ms",
    meaning: "how late bytes arrive, each way",
};
const JITTER: Param = Param {
    name: "jitter",
    takes: Takes::Span(Duration::ZERO, LATENCY_MAX),
    default: "50ms",
    meaning: "up to how much later still",
};
const BANDWIDTH: Param = Param {
    name: "bytes-per-second",
    takes: Takes::Whole(1, 1_000_000_000),
    default: "1024",
    meaning: "how many bytes pass a second, each way",
};
const AT: Param = Param {
    name: "at",
    takes: Takes::Word(&["before", "middle", "after"]),
    default: "middle",
    meaning: "before, in the middle of, or after what the device sends first",
};
const FLAP_MIN: Duration = Duration::from_millis(10);
const FLAP_MAX: Duration = Duration::from_secs(24 * 3600);
const UP: Param = Param {
    name: "up",
    takes: Takes::Span(FLAP_MIN, FLAP_MAX),
    default: "5s",
    meaning: "how long there is a network each time",
};
const DOWN: Param = Param {
    name: "down",
    takes: Takes::Span(FLAP_MIN, FLAP_MAX),
    default: "5s",
    meaning: "how long there is none each time",
};

rows! { Family::Network;
    "net.latency", "", CONNECTIONS, [DELAY, JITTER, ON],
        "bytes arrive late, each way" => |on, args| {
            let (delay, jitter) = (args.span("delay"), args.span("jitter"));
            on.failures.network.latency = Some(Latency { delay, jitter });
        };
    "net.bandwidth", "", CONNECTIONS, [BANDWIDTH, ON],
        "few bytes pass a second, each way" =>
        |on, args| on.failures.network.bytes_per_second = Some(args.whole("bytes-per-second"));
    "net.reset", "", CONNECTIONS, [AT, ON],
        "a connection is reset: before, in the middle of, or after what the device sends first" =>
        |on, args| on.failures.network.reset = Some(match args.word("at") {
            "before" => Reset::Before,
            "after" => Reset::After,
            _ => Reset::Middle,
        });
    "net.refused", "", CONNECTIONS, [ON],
        "connections are refused; those to the device are reset as soon as they are there" =>
        |on, _| on.failures.network.refused = true;
    "net.black-hole", "", CONNECTIONS, [ON],
        "connections lead nowhere: to the device, they are accepted and never answered; from it, \
         they do not come about" =>
        |on, _| on.failures.network.black_hole = true;
    "net.flapping", "", CONNECTIONS, [UP, DOWN, ON],
        "connections are reset and refused for a while, and not for a while, in turn" =>
        |on, args| {
            let (up, down) = (args.span("up"), args.span("down"));
            on.failures.network.flapping = Some(Flapping { up, down });
        };
}
