//! Reports that fail on their way.

use super::{CONTENT_TYPE, DELAY, Family, Fault, Site, TIMES, always, field, rows};
use crate::behaviour::{Change, Part};

const REPORTS: &[Site] = &[Site::Report];

/// Fields that a report may lack.
const OPTIONAL: &[&str] = &["ip-addr", "therm"];

rows! { Family::Report;
    "report.ack-lost", "", REPORTS, [],
        "the answer to a report is lost on its way: it was delivered, and is repeated after a second" =>
        |on, _| on.failures.delivery.answer_lost = true;
    "report.duplicate", "", REPORTS, [TIMES],
        "a report is sent again right away" =>
        |on, args| on.failures.delivery.copies = args.whole("times");
    "report.reordered", "", REPORTS, [],
        "a report goes after the one behind it, if one waits" =>
        |on, _| on.failures.delivery.reordered = true;
    "report.delayed", "", REPORTS, [DELAY],
        "a report is under way for a while before it leaves" =>
        |on, args| on.failures.delivery.delay = Some(args.span("by"));
    "report.truncated", "", REPORTS, [],
        "half of a report's body is missing" =>
        |on, _| on.failures.delivery.truncated = true;
    "report.content-type", "", REPORTS, [CONTENT_TYPE],
        "a report is said to be of another type" =>
        |on, args| on.failures.delivery.content_type = Some(args.word("type"));
    "report.corrupted", "", REPORTS, [],
        "a report's body is no JSON" => |on, _| on.failures.delivery.corrupted = true;
    "report.optional-missing", "", REPORTS, [field(OPTIONAL, "ip-addr")],
        "a report lacks a field that nobody demands" => |on, args| {
            let path = format!("body.{}", args.word("field"));
            always(on, Part::Report, &path, Change::Remove);
        };
}
