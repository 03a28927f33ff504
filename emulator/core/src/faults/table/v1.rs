//! Violations of the v1 document and of the rulings on it.

use super::{
    Family, Fault, HOUR_SECONDS, PUSHES, Param, Site, Takes, always, edit, field, rows, set,
};
use crate::behaviour::violations::Unkept;
use crate::behaviour::{Change, Part, When};

const SUBSCRIPTION: &[Site] = &[Site::ReadSubscription, Site::Subscribe];
const READ: &[Site] = &[Site::ReadSubscription];
const SUBSCRIBE: &[Site] = &[Site::Subscribe];
const RECOGNITION: &[Site] = &[Site::Recognition];
const ALARM: &[Site] = &[Site::Alarm];
const APPEND: &[Site] = &[Site::Append];
const APPEND_AND_PUSH: &[Site] = &[Site::Append, Site::Recognition, Site::Alarm];

/// R-V1-24.
const MUST: &[&str] = &["deviceSN", "recognitionType", "uuid", "pass", "timestamp"];

/// Every documented field of a recognition.
const RECORD_FIELDS: &[&str] = &[
    "deviceSN",
    "recognitionType",
    "uuid",
    "recognizeScore",
    "mask",
    "mode",
    "rgb_image",
    "pass",
    "timestamp",
    "bodyTemperature",
    "entry_mode",
    "abnormal_type",
    "user.name",
    "user.user_id",
    "user.type",
    "user.ic_number",
    "user.job_number",
    "user.id_number",
    "user.guest_time_start",
    "user.guest_time_end",
    "user.remark",
    "user.pin",
    "user.groups",
];

/// The fields of an alarm that the document requires.
const ALARM_MUST: &[&str] = &["trace_id", "event_time", "status"];

/// Every documented field of an alarm.
const ALARM_FIELDS: &[&str] =
    &["trace_id", "description", "code", "user_id", "event_time", "status", "alarm_photo"];

const RECORDS: Param = Param {
    name: "records",
    takes: Takes::Whole(1, 50_000),
    default: "15",
    meaning: "how many records wait at most",
};

/// A remark of more than 256 bytes, each character two of them.
const LONG_REMARK: &str = concat!(
    "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
    "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
);

rows! { Family::Protocol;
    // The subscription.
    "v1.answer.code-missing", "v1: code", SUBSCRIPTION, [],
        "an answer has no code" => |on, _| always(on, Part::V1Answer, "code", Change::Remove);
    "v1.answer.code-text", "v1: code", SUBSCRIPTION, [],
        "the code of an answer is a text" =>
        |on, _| always(on, Part::V1Answer, "code", Change::OtherType);
    "v1.answer.msg-missing", "v1: msg", SUBSCRIPTION, [],
        "an answer has no msg" => |on, _| always(on, Part::V1Answer, "msg", Change::Remove);
    "v1.answer.data-missing", "v1: data", SUBSCRIPTION, [],
        "an answer has no data" => |on, _| always(on, Part::V1Answer, "data", Change::Remove);
    "v1.subscribe.get-stale", "R-V1-01", READ, [],
        "GET shows the configuration before the last POST" =>
        |on, _| on.violations.v1.subscribe.get_stale = true;
    "v1.subscribe.refuses-1024", "R-V1-02", SUBSCRIBE, [],
        "an event_dest of 1,024 characters is refused" =>
        |on, _| on.violations.v1.subscribe.refuses_longest = true;
    "v1.subscribe.takes-1025", "R-V1-02", SUBSCRIBE, [],
        "a longer event_dest than 1,024 characters is answered with code 200" =>
        |on, _| on.violations.v1.subscribe.takes_too_long = true;
    "v1.subscribe.takes-scheme", "R-V1-02", SUBSCRIBE, [],
        "an event_dest of another scheme is answered with code 200" =>
        |on, _| on.violations.v1.subscribe.takes_scheme = true;
    "v1.subscribe.takes-bad-body", "v1: the types of the body", SUBSCRIBE, [],
        "a body that is no JSON, or lacks event_dest, is answered with code 200" =>
        |on, _| on.violations.v1.subscribe.takes_bad_body = true;
    "v1.subscribe.refuses-https", "v1: http and https", SUBSCRIBE, [],
        "an https event_dest is refused" =>
        |on, _| on.violations.v1.subscribe.refuses_https = true;
    "v1.subscribe.refusal-clears", "R-V1-02", SUBSCRIBE, [],
        "a POST that is refused erases the configuration" =>
        |on, _| on.violations.v1.subscribe.refusal_clears = true;
    "v1.subscribe.refusal-applies", "R-V1-02", SUBSCRIBE, [],
        "a POST that is refused sets enabled to false all the same" =>
        |on, _| on.violations.v1.subscribe.refusal_applies = true;
    // Pushing.
    "v1.push.never", "v1: records are pushed", PUSHES, [],
        "no push is sent" => |on, _| on.violations.v1.push.never = true;
    "v1.push.while-disabled", "R-V1-04", PUSHES, [],
        "pushes go on while enabled is false" =>
        |on, _| on.violations.v1.push.while_disabled = true;
    "v1.push.old-destination", "v1: event_dest", PUSHES, [],
        "pushes go to the event_dest before the last POST" =>
        |on, _| on.violations.v1.push.old_destination = true;
    "v1.push.method", "R-V1-23", PUSHES, [],
        "a push is a PUT" => |on, _| on.violations.v1.push.put = true;
    "v1.push.content-type", "R-V1-23", PUSHES, [],
        "the type of a push is text/plain" =>
        |on, _| on.violations.v1.push.content_type = Some("text/plain");
    "v1.push.type-missing", "v1: type", PUSHES, [],
        "a push has no type" => |on, _| always(on, Part::Push, "type", Change::Remove);
    "v1.push.type-text", "v1: type", PUSHES, [],
        "the type of a push is a text" =>
        |on, _| always(on, Part::Push, "type", Change::OtherType);
    "v1.push.data-missing", "v1: data", PUSHES, [],
        "the fields of a push stand at its top, without data" =>
        |on, _| always(on, Part::Push, "data", Change::Flatten);
    "v1.push.https-fails", "R-V1-21", PUSHES, [],
        "no push reaches an https destination" =>
        |on, _| on.violations.v1.push.https_fails = true;
    // What acknowledges.
    "v1.ack.any-code", "R-V1-06", PUSHES, [],
        "HTTP 200 with any integer code is taken for an acknowledgement" =>
        |on, _| on.violations.v1.acknowledging.any_code = true;
    "v1.ack.client-error", "R-V1-06", PUSHES, [],
        "a 4xx answer is taken for an acknowledgement" =>
        |on, _| on.violations.v1.acknowledging.client_error = true;
    "v1.ack.server-error", "R-V1-06", PUSHES, [],
        "a 5xx answer is taken for an acknowledgement" =>
        |on, _| on.violations.v1.acknowledging.server_error = true;
    "v1.ack.silence", "R-V1-06", PUSHES, [],
        "no answer in time is taken for an acknowledgement" =>
        |on, _| on.violations.v1.acknowledging.silence = true;
    "v1.ack.reset", "R-V1-06", PUSHES, [],
        "a connection that breaks is taken for an acknowledgement" =>
        |on, _| on.violations.v1.acknowledging.reset = true;
    "v1.ack.refused", "R-V1-06", PUSHES, [],
        "a refused connection is taken for an acknowledgement" =>
        |on, _| on.violations.v1.acknowledging.refused = true;
    "v1.ack.ignored", "R-V1-06", PUSHES, [],
        "a record that was acknowledged is sent once more" =>
        |on, _| on.violations.v1.acknowledging.ignored = true;
    // Retry, cache, replay.
    "v1.retry.new-uuid", "R-V1-10", RECOGNITION, [],
        "a record sent again has a new uuid" =>
        |on, _| edit(on, Part::Recognition, When::Retry, "data.uuid", Change::UuidOfAttempt);
    "v1.retry.other-fields", "R-V1-10", PUSHES, [],
        "a record sent again has another recognizeScore, an alarm another event_time" =>
        |on, _| {
            edit(on, Part::Recognition, When::Retry, "data.recognizeScore", Change::Add(0.25));
            edit(on, Part::Alarm, When::Retry, "data.event_time", Change::Differ);
        };
    "v1.retry.never", "R-V1-07", PUSHES, [],
        "a record whose push failed is kept and never tried again" =>
        |on, _| on.violations.v1.backlog.never_retried = true;
    "v1.cache.none", "v1: records are cached", APPEND_AND_PUSH, [],
        "what happens while the receiver cannot be reached is lost" =>
        |on, _| on.violations.v1.backlog.none = true;
    "v1.cache.small", "R-V1-09", APPEND, [RECORDS],
        "fewer records wait than should" =>
        |on, args| on.violations.v1.backlog.records_max = Some(args.whole("records"));
    "v1.cache.overflow-clears", "R-V1-09", APPEND, [],
        "an overflow empties the whole backlog" =>
        |on, _| on.violations.v1.backlog.overflow_clears = true;
    "v1.replay.loses-first", "v1: records are uploaded later", PUSHES, [],
        "the first record of an outage is lost" =>
        |on, _| on.violations.v1.backlog.loses_first = true;
    // The record.
    "v1.record.field-missing", "R-V1-24", RECOGNITION, [field(MUST, "uuid")],
        "a field that a record must have is left out" => |on, args| {
            let path = format!("data.{}", args.word("field"));
            always(on, Part::Recognition, &path, Change::Remove);
        };
    "v1.record.field-type", "R-V1-24, v1: the types of a record", RECOGNITION,
        [field(RECORD_FIELDS, "pass")],
        "a field has another type: a number is a text, a text a number, a boolean 0 or 1" =>
        |on, args| {
            let path = format!("data.{}", args.word("field"));
            always(on, Part::Recognition, &path, Change::OtherType);
        };
    "v1.record.timestamp-mixed", "R-V1-11", RECOGNITION, [],
        "every second record's timestamp is in the other unit" => |on, _| {
            edit(on, Part::Recognition, When::EverySecond, "data.timestamp", Change::OtherUnit);
        };
    "v1.record.timestamp-off", "v1: timestamp is when it happened", RECOGNITION, [],
        "timestamp is an hour late" => |on, _| {
            let later = Change::LaterSeconds(HOUR_SECONDS);
            always(on, Part::Recognition, "data.timestamp", later);
        };
    "v1.record.uuid-repeats", "R-V1-10, v1: uuid is unique", RECOGNITION, [],
        "every record has the same uuid" => |on, _| {
            let same = set("00000000-0000-4000-8000-000000000000");
            always(on, Part::Recognition, "data.uuid", same);
        };
    "v1.record.image-nonsense", "R-V1-12", RECOGNITION, [],
        "rgb_image is the text none" =>
        |on, _| always(on, Part::Recognition, "data.rgb_image", set("none"));
    "v1.record.recognition-range", "v1: recognitionType", RECOGNITION, [],
        "recognitionType is 9" =>
        |on, _| always(on, Part::Recognition, "data.recognitionType", set(9));
    "v1.record.entry-mode-range", "v1: entry_mode", RECOGNITION, [],
        "entry_mode is 42" => |on, _| always(on, Part::Recognition, "data.entry_mode", set(42));
    "v1.record.abnormal-range", "v1: abnormal_type", RECOGNITION, [],
        "abnormal_type is 12345" =>
        |on, _| always(on, Part::Recognition, "data.abnormal_type", set(12_345));
    "v1.record.mask-range", "v1: mask", RECOGNITION, [],
        "mask is 7" => |on, _| always(on, Part::Recognition, "data.mask", set(7));
    "v1.record.user-nonsense", "R-V1-16", RECOGNITION, [],
        "the user of somebody unknown is the text unknown" =>
        |on, _| edit(on, Part::Recognition, When::Unknown, "data.user", set("unknown"));
    "v1.record.nobody", "R-V1-16", RECOGNITION, [],
        "the recognitionType of nobody is 1" =>
        |on, _| edit(on, Part::Recognition, When::Nobody, "data.recognitionType", set(1));
    "v1.record.remark-cut", "R-V1-22", RECOGNITION, [],
        "remark has more than 256 bytes" =>
        |on, _| always(on, Part::Recognition, "data.user.remark", set(LONG_REMARK));
    "v1.record.pass-contradicts", "table C", RECOGNITION, [],
        "pass is true where the v3 state is not 4" =>
        |on, _| edit(on, Part::Recognition, When::RefusedUnverified, "data.pass", set(true));
    "v1.record.abnormal-hidden", "table C", RECOGNITION, [],
        "abnormal_type is 0 though pass is false and the v3 state 4" => |on, _| {
            edit(on, Part::Recognition, When::RefusedVerified, "data.abnormal_type", set(0));
        };
    "v1.record.visitor-times", "v1: guest times in milliseconds", RECOGNITION, [],
        "guest_time_start and guest_time_end are in seconds" => |on, _| {
            always(on, Part::Recognition, "data.user.guest_time_start", Change::OtherUnit);
            always(on, Part::Recognition, "data.user.guest_time_end", Change::OtherUnit);
        };
    // Alarms.
    "v1.alarm.field-missing", "v1: what an alarm requires", ALARM,
        [field(ALARM_MUST, "trace_id")],
        "a field that an alarm must have is left out" => |on, args| {
            let path = format!("data.{}", args.word("field"));
            always(on, Part::Alarm, &path, Change::Remove);
        };
    "v1.alarm.field-type", "v1: the types of an alarm", ALARM,
        [field(ALARM_FIELDS, "event_time")],
        "a field of an alarm has another type: a number is a text, a text a number" =>
        |on, args| {
            let path = format!("data.{}", args.word("field"));
            always(on, Part::Alarm, &path, Change::OtherType);
        };
    "v1.alarm.code-missing", "R-V1-13", ALARM, [],
        "an alarm with status 1 has no code" =>
        |on, _| edit(on, Part::Alarm, When::Raised, "data.code", Change::Remove);
    "v1.alarm.code-range", "v1: code of an alarm", ALARM, [],
        "the code of an alarm is 19999" => |on, _| always(on, Part::Alarm, "data.code", set(19_999));
    "v1.alarm.status-range", "v1: status", ALARM, [],
        "the status of an alarm is 7" => |on, _| always(on, Part::Alarm, "data.status", set(7));
    "v1.alarm.event-time-seconds", "R-V1-11", ALARM, [],
        "event_time is in seconds" =>
        |on, _| always(on, Part::Alarm, "data.event_time", Change::OtherUnit);
    "v1.alarm.clearing-time", "R-V1-14", ALARM, [],
        "a clearing has the event_time of the raising" =>
        |on, _| edit(on, Part::Alarm, When::AfterRaising, "data.event_time", Change::RaisedAt);
    "v1.alarm.trace-id-changes", "R-V1-14", ALARM, [],
        "a clearing has another trace_id than the raising" =>
        |on, _| edit(on, Part::Alarm, When::AfterRaising, "data.trace_id", Change::Append("-x"));
    "v1.alarm.trace-id-shared", "R-V1-14, v1: trace_id is unique", ALARM, [],
        "all alarms have one trace_id" =>
        |on, _| always(on, Part::Alarm, "data.trace_id", set("VST-0"));
    "v1.alarm.never-cleared", "v1: status 3", APPEND, [],
        "the clearing of an alarm is not pushed" =>
        |on, _| on.violations.v1.backlog.unkept.push(Unkept::Clearings);
}
