//! Pushes that fail on their way.

use super::{CONTENT_TYPE, DELAY, Family, Fault, PUSHES, Param, TIMES, Takes, always, field, rows};
use crate::behaviour::{Change, Part};

/// Fields that a recognition or an alarm may lack.
const OPTIONAL: &[&str] = &[
    "recognizeScore",
    "mask",
    "mode",
    "rgb_image",
    "bodyTemperature",
    "entry_mode",
    "abnormal_type",
    "user",
    "user.name",
    "user.ic_number",
    "user.job_number",
    "user.id_number",
    "user.remark",
    "user.pin",
    "user.groups",
    "description",
    "user_id",
    "alarm_photo",
];

const BYTES: Param = Param {
    name: "bytes",
    takes: Takes::Whole(4, 67_108_864),
    default: "8388608",
    meaning: "the length of the image",
};

rows! { Family::Push;
    "push.ack-lost", "", PUSHES, [],
        "the acknowledgement of a push is lost on its way: it was delivered, and is repeated" =>
        |on, _| on.failures.delivery.answer_lost = true;
    "push.duplicate", "", PUSHES, [TIMES],
        "a push is sent again right away" =>
        |on, args| on.failures.delivery.copies = args.whole("times");
    "push.reordered", "", PUSHES, [],
        "a push goes after the one behind it, if one waits" =>
        |on, _| on.failures.delivery.reordered = true;
    "push.delayed", "", PUSHES, [DELAY],
        "a push is under way for a while before it leaves" =>
        |on, args| on.failures.delivery.delay = Some(args.span("by"));
    "push.truncated", "", PUSHES, [],
        "half of a push's body is missing" =>
        |on, _| on.failures.delivery.truncated = true;
    "push.content-type", "", PUSHES, [CONTENT_TYPE],
        "a push is said to be of another type" =>
        |on, args| on.failures.delivery.content_type = Some(args.word("type"));
    "push.corrupted", "", PUSHES, [],
        "a push's body is no JSON" => |on, _| on.failures.delivery.corrupted = true;
    "push.oversized-image", "", PUSHES, [BYTES],
        "a push has an image of many bytes" => |on, args| {
            let length = usize::try_from(args.whole("bytes")).unwrap_or(usize::MAX);
            always(on, Part::Recognition, "data.rgb_image", Change::Image(length));
            always(on, Part::Alarm, "data.alarm_photo", Change::Image(length));
        };
    "push.optional-missing", "", PUSHES, [field(OPTIONAL, "rgb_image")],
        "a push lacks a field that nobody demands" => |on, args| {
            let path = format!("data.{}", args.word("field"));
            always(on, Part::Push, &path, Change::Remove);
        };
}
