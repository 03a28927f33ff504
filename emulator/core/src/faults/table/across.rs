//! Violations of what holds between the two APIs: tables B and D.

use super::{
    EVENTS, Family, Fault, MINUTE_SECONDS, PUSHES, Param, Site, Takes, always, kind, kind_of, rows,
};
use crate::behaviour::violations::Unkept;
use crate::behaviour::{Change, Part};

const RECOGNITION: &[Site] = &[Site::Recognition];
const APPEND: &[Site] = &[Site::Append];

/// The v3 kinds that some record belongs to (table B).
const RECORDED: &[&str] = &["face", "card", "qrcode", "visitor", "push", "door", "fire", "disa"];

const RECORDED_KIND: Param = Param {
    name: "kind",
    takes: Takes::Word(RECORDED),
    default: "face",
    meaning: "the v3 kind of event",
};

rows! { Family::Protocol;
    "x.time-differs", "table D", PUSHES, [],
        "a record's time is a minute after its event's" => |on, _| {
            let later = || Change::LaterSeconds(MINUTE_SECONDS);
            always(on, Part::Recognition, "data.timestamp", later());
            always(on, Part::Alarm, "data.event_time", later());
        };
    "x.uid-differs", "table D", RECOGNITION, [],
        "a record's user.user_id is not its event's uid" =>
        |on, _| always(on, Part::Recognition, "data.user.user_id", Change::Differ);
    "x.score-differs", "table D", RECOGNITION, [],
        "a record's recognizeScore is not its event's score" =>
        |on, _| always(on, Part::Recognition, "data.recognizeScore", Change::Times(0.5));
    "x.card-differs", "table D", RECOGNITION, [],
        "a record's user.ic_number is another card than its event's" =>
        |on, _| always(on, Part::Recognition, "data.user.ic_number", Change::Differ);
    "x.therm-differs", "table D", RECOGNITION, [],
        "a record's bodyTemperature is a degree higher than its event's" =>
        |on, _| always(on, Part::Recognition, "data.bodyTemperature", Change::Add(1.0));
    "x.record-missing", "table B", APPEND, [RECORDED_KIND],
        "events of that kind have no record" =>
        |on, args| on.violations.v1.backlog.unkept.push(Unkept::Of(kind_of(args)));
    "x.event-missing", "table B", EVENTS, [kind("face")],
        "events of that kind are neither fetched nor reported" =>
        |on, args| on.violations.v3.log.hidden.push(kind_of(args));
}
