//! Violations of the v3.x document and of the rulings on it.

use super::{
    EVENTS, Family, Fault, HOUR_SECONDS, Param, Site, Takes, always, edit, field, kind, kind_of,
    rows, set,
};
use crate::behaviour::violations::Images;
use crate::behaviour::{BadField, Change, Part, ReportReqid, When};
use crate::event::Kind;

const LOGIN: &[Site] = &[Site::Login];
const INFO: &[Site] = &[Site::Info];
const FETCH: &[Site] = &[Site::Fetch];
const LOG: &[Site] = &[Site::Info, Site::Fetch];
const OTHER: &[Site] = &[Site::OtherV3];
const APPEND: &[Site] = &[Site::Append];
const REPORT: &[Site] = &[Site::Report];
const NUMBERED: &[Site] = &[Site::Info, Site::Fetch, Site::Report];
const TOKEN: &[Site] = &[Site::Info, Site::Fetch, Site::OtherV3];
const CALLS: &[Site] = &[Site::Login, Site::Info, Site::Fetch, Site::OtherV3];

/// Every field that some kind must have (table A).
const MUST: &[&str] = &["uid", "score", "sharp", "state", "data", "qrcode", "therm"];
/// The kinds that must have a field.
const FIELD_KINDS: &[&str] =
    &["face", "card", "qrcode", "therm", "door", "push", "fire", "disa", "remote"];
const STATE_KINDS: &[&str] = &["face", "card", "door", "push", "fire", "disa", "remote"];
const REPORTED: &[&str] = &["uid", "timestamp", "state"];

/// Settings that a device may keep as they are.
const STUCK: Param = Param {
    name: "key",
    takes: Takes::Word(&["log-mode", "manager-mode", "report-state-server"]),
    default: "log-mode",
    meaning: "the setting",
};
const DEFAULT_LIMIT: Param = Param {
    name: "limit",
    takes: Takes::Whole(0, 1000),
    default: "20",
    meaning: "how many a fetch without limit gives",
};
const FIELD_KIND: Param = Param {
    name: "kind",
    takes: Takes::Word(FIELD_KINDS),
    default: "face",
    meaning: "the v3 kind of event",
};
const STATE_KIND: Param = Param {
    name: "kind",
    takes: Takes::Word(STATE_KINDS),
    default: "face",
    meaning: "the v3 kind of event",
};

rows! { Family::Protocol;
    // Logins and tokens.
    "v3.login.any-password", "R-V3-30", LOGIN, [],
        "a wrong password logs in" => |on, _| on.violations.v3.access.any_password = true;
    "v3.login.any-user", "R-V3-30", LOGIN, [],
        "an unknown user logs in" => |on, _| on.violations.v3.access.any_user = true;
    "v3.login.token-missing", "v3: the token of a login", LOGIN, [],
        "a good login's body has no token" =>
        |on, _| always(on, Part::Good, "body.token", Change::Remove);
    "v3.login.token-useless", "v3: the token of a login", LOGIN, [],
        "the token that a login hands out is refused everywhere" =>
        |on, _| on.violations.v3.access.useless_token = true;
    "v3.token.not-required", "R-V3-02", TOKEN, [],
        "calls are served without a token" =>
        |on, _| on.violations.v3.access.no_token_needed = true;
    "v3.token.any", "R-V3-02", TOKEN, [],
        "calls are served with an unknown token" =>
        |on, _| on.violations.v3.access.any_token = true;
    "v3.token.never-expires", "R-V3-02", TOKEN, [],
        "calls are served with an expired token" =>
        |on, _| on.violations.v3.access.tokens_live_on = true;
    // The envelope.
    "v3.path.moved", "R-V3-01", CALLS, [],
        "the literal path /api/v3.x/... is answered with 404" =>
        |on, _| on.violations.v3.calls.path_moved = true;
    "v3.answer.not-json", "R-V3-03, v3: the answer is JSON", CALLS, [],
        "an answer's body is plain text" => |on, _| on.violations.v3.calls.plain_text = true;
    "v3.answer.retcode-missing", "v3: retcode", CALLS, [],
        "a good answer has no retcode" =>
        |on, _| always(on, Part::Good, "retcode", Change::Remove);
    "v3.answer.retcode-text", "v3: retcode", CALLS, [],
        "the retcode of a good answer is the text \"0\"" =>
        |on, _| always(on, Part::Good, "retcode", Change::OtherType);
    "v3.answer.retcode-nonzero", "v3: retcode 0 is right", CALLS, [],
        "a good answer has retcode 1" => |on, _| always(on, Part::Good, "retcode", set(1));
    "v3.error.retcode-missing", "R-V3-03", CALLS, [],
        "an error's body has no retcode" =>
        |on, _| always(on, Part::Error, "retcode", Change::Remove);
    "v3.reqid.dropped", "R-V3-05", CALLS, [],
        "an answer has no header.reqid" =>
        |on, _| always(on, Part::Answer, "header.reqid", Change::Remove);
    "v3.reqid.changed", "R-V3-05", CALLS, [],
        "an answer has another reqid than its request" =>
        |on, _| always(on, Part::Answer, "header.reqid", Change::Append("-x"));
    "v3.reqid.number", "R-V3-05", CALLS, [],
        "a reqid that is a text of digits comes back as a number" =>
        |on, _| always(on, Part::Answer, "header.reqid", Change::Number);
    "v3.unknown-action.succeeds", "R-V3-06", OTHER, [],
        "an unknown action is answered with retcode 0" =>
        |on, _| on.violations.v3.calls.unknown_action_succeeds = true;
    "v3.garbage.succeeds", "R-V3-07", OTHER, [],
        "a body that is no JSON is answered with retcode 0" =>
        |on, _| on.violations.v3.calls.garbage_succeeds = true;
    "v3.garbage.sticks", "R-V3-07", CALLS, [],
        "after a request that cannot be read the next good one is answered with retcode 110" =>
        |on, _| on.violations.v3.calls.garbage_sticks = true;
    "v3.bad-field.misread", "R-V3-07", FETCH, [],
        "a bad seqnum, offset or limit is answered with the newest event alone" => |on, _| {
            on.v3.bad_field = BadField::Error;
            on.violations.v3.calls.bad_field_misread = true;
        };
    // event-info.
    "v3.info.min-wrong", "v3: min", INFO, [],
        "min is one less than the oldest event's number; one more where that is 1" =>
        |on, _| on.violations.v3.info.min_wrong = true;
    "v3.info.max-wrong", "v3: max", INFO, [],
        "max is one more than the newest event's number" =>
        |on, _| on.violations.v3.info.max_wrong = true;
    "v3.info.stale", "v3: max", INFO, [],
        "max stays at what it was when the fault was armed" =>
        |on, _| on.violations.v3.info.stale = true;
    "v3.info.text", "v3: max and min are numbers", INFO, [],
        "min and max are texts" => |on, _| {
            always(on, Part::Good, "body.min", Change::OtherType);
            always(on, Part::Good, "body.max", Change::OtherType);
        };
    "v3.info.empty-nonsense", "R-V3-14", INFO, [],
        "an empty log has min 1 and max 0" =>
        |on, _| on.violations.v3.info.empty_nonsense = true;
    // event-fetch.
    "v3.fetch.default-limit", "R-V3-11", FETCH, [DEFAULT_LIMIT],
        "a fetch without limit gives another number than 10" =>
        |on, args| on.violations.v3.fetch.default_limit = Some(args.whole("limit"));
    "v3.fetch.limit-ignored", "R-V3-11, v3: limit", FETCH, [],
        "a fetch gives up to 10 events, whatever its limit" =>
        |on, _| on.violations.v3.fetch.limit_ignored = true;
    "v3.fetch.limit-short", "R-V3-11", FETCH, [],
        "a fetch gives one event fewer than its limit" =>
        |on, _| on.violations.v3.fetch.limit_short = true;
    "v3.fetch.limit-exceeded", "v3: limit", FETCH, [],
        "a fetch gives one event more than its limit" =>
        |on, _| on.violations.v3.fetch.limit_exceeded = true;
    "v3.fetch.offset-wins", "R-V3-08", FETCH, [],
        "with both seqnum and offset, offset decides" =>
        |on, _| on.violations.v3.fetch.offset_wins = true;
    "v3.fetch.default-newest", "R-V3-09", FETCH, [],
        "with neither seqnum nor offset, the newest events come" =>
        |on, _| on.violations.v3.fetch.default_newest = true;
    "v3.fetch.offset-from-newest", "R-V3-10", FETCH, [],
        "offset counts back from the newest event" =>
        |on, _| on.violations.v3.fetch.offset_from_newest = true;
    "v3.fetch.offset-from-one", "R-V3-10", FETCH, [],
        "offset 1 is the oldest event" => |on, _| on.violations.v3.fetch.offset_from_one = true;
    "v3.fetch.seqnum-exclusive", "v3: seqnum is the first", FETCH, [],
        "a page begins after seqnum" => |on, _| on.violations.v3.fetch.seqnum_exclusive = true;
    "v3.fetch.seqnum-as-offset", "v3: seqnum is a number", FETCH, [],
        "seqnum is taken for an offset" =>
        |on, _| on.violations.v3.fetch.seqnum_as_offset = true;
    "v3.fetch.descending", "R-V3-10", FETCH, [],
        "the newest event of a page comes first" =>
        |on, _| on.violations.v3.fetch.descending = true;
    "v3.fetch.repeats", "R-V3-10", FETCH, [],
        "the first event of a page comes again in place of the last" =>
        |on, _| on.violations.v3.fetch.repeats = true;
    "v3.fetch.skips", "R-V3-10, v3: the log's entries", FETCH, [],
        "an event in the middle of a page is left out" =>
        |on, _| on.violations.v3.fetch.skips = true;
    "v3.fetch.evicted-newest", "R-V3-12", FETCH, [],
        "a seqnum older than the oldest event gives the newest page" =>
        |on, _| on.violations.v3.fetch.evicted_newest = true;
    "v3.fetch.past-end-wraps", "R-V3-13", FETCH, [],
        "a start past the newest event gives the oldest page" =>
        |on, _| on.violations.v3.fetch.past_end_wraps = true;
    "v3.fetch.events-missing", "R-V3-13, v3: events", FETCH, [],
        "a page without events has no events member" =>
        |on, _| always(on, Part::Good, "body.events", Change::RemoveEmpty);
    "v3.fetch.events-object", "v3: events is an array", FETCH, [],
        "events is an object, its members named by their places" =>
        |on, _| always(on, Part::Good, "body.events", Change::Object);
    // Numbering.
    "v3.seqnum.repeats", "R-V3-15", FETCH, [],
        "every second event of a page has the number of the one before it" =>
        |on, _| on.violations.v3.fetch.shares_numbers = true;
    "v3.seqnum.text", "v3: seqnum is a number", EVENTS, [],
        "seqnum is a text" => |on, _| always(on, Part::Event, "seqnum", Change::OtherType);
    "v3.seqnum.restarts", "R-V3-15", NUMBERED, [],
        "numbering begins again at 1 with a restart, and the log holds what came since" =>
        |on, _| on.violations.v3.log.restarts = true;
    // The event object.
    "v3.event.kind-renamed", "R-V3-19", EVENTS, [kind("face")],
        "events of that kind are called access" =>
        |on, args| edit(on, Part::Event, When::Kind(kind_of(args)), "event", set("access"));
    "v3.event.field-missing", "R-V3-20, R-V3-22, R-V3-24, table A", EVENTS,
        [FIELD_KIND, field(MUST, "uid")],
        "a field that events of that kind must have is left out" => |on, args| {
            edit(on, Part::Event, When::Kind(kind_of(args)), args.word("field"), Change::Remove);
        };
    "v3.event.field-text", "R-V3-22, R-V3-24, table A", EVENTS,
        [FIELD_KIND, field(MUST, "score")],
        "a field of events of that kind has another type: a number is a text, a text a number" =>
        |on, args| {
            edit(on, Part::Event, When::Kind(kind_of(args)), args.word("field"), Change::OtherType);
        };
    "v3.event.timestamp-missing", "v3: timestamp", EVENTS, [],
        "events have no timestamp" =>
        |on, _| always(on, Part::Event, "timestamp", Change::Remove);
    "v3.event.timestamp-text", "v3: timestamp", EVENTS, [],
        "timestamp is a text" =>
        |on, _| always(on, Part::Event, "timestamp", Change::OtherType);
    "v3.event.timestamp-mixed", "R-V3-04", EVENTS, [],
        "every second event's timestamp is in the other unit" =>
        |on, _| edit(on, Part::Event, When::EverySecond, "timestamp", Change::OtherUnit);
    "v3.event.timestamp-off", "v3: timestamp is when it happened", EVENTS, [],
        "timestamp is an hour late" => |on, _| {
            always(on, Part::Event, "timestamp", Change::LaterSeconds(HOUR_SECONDS));
        };
    "v3.event.stranger-uid", "R-V3-21", EVENTS, [],
        "a stranger's uid begins with 9999" => |on, _| {
            edit(on, Part::Event, When::Stranger, "uid", Change::Begin("0000", "9999"));
        };
    "v3.event.card-decimal", "R-V3-23", EVENTS, [],
        "a card's data is decimal, without 0x" =>
        |on, _| always(on, Part::Event, "data", Change::Decimal);
    "v3.event.state-range", "v3: state", EVENTS, [STATE_KIND],
        "the state of events of that kind is 7, or 2 where it can only be 0 or 1" => |on, args| {
            let kind = kind_of(args);
            let state = if matches!(kind, Kind::Face | Kind::Card) { 7 } else { 2 };
            edit(on, Part::Event, When::Kind(kind), "state", set(state));
        };
    "v3.event.accepted-state", "table C", EVENTS, [],
        "a face or card that is let in has state 3" =>
        |on, _| edit(on, Part::Event, When::Accepted, "state", Change::Swap(4, 3));
    "v3.event.pin-kind", "R-V3-27", NUMBERED, [],
        "a job number with a PIN is an event of kind pin" =>
        |on, _| on.violations.v3.log.pins = true;
    "v3.event.device-id-changes", "table D", EVENTS, [],
        "every second event has another device-id" =>
        |on, _| edit(on, Part::Event, When::EverySecond, "device-id", Change::Append("x"));
    "v3.event.lost", "table B, v3: the log", LOG, [kind("door")],
        "events of that kind cannot be fetched" =>
        |on, args| on.violations.v3.log.lost.push(kind_of(args));
    // Actions.
    "v3.opendoor.ignored", "R-V3-34", OTHER, [],
        "an order to the door is answered with retcode 0, and nothing happens" =>
        |on, _| on.violations.v3.actions.door_stays_shut = true;
    "v3.synctime.ignored", "R-V3-35", OTHER, [],
        "setting the clock is answered with retcode 0, and the clock goes on as before" =>
        |on, _| on.violations.v3.actions.clock_stays = true;
    "v3.reboot.unanswered", "R-V3-33", OTHER, [],
        "a device that is told to reboot or to reset does so before it answers" =>
        |on, _| on.violations.v3.actions.down_unanswered = true;
    // Settings.
    "v3.settings.typed", "R-V3-36", OTHER, [],
        "config-fetch shows values that are numbers as numbers" =>
        |on, _| on.violations.v3.settings.typed = true;
    "v3.settings.stuck", "R-V3-36", OTHER, [STUCK],
        "config-set says that it took a value for that key, and the key keeps the one it had" =>
        |on, args| on.violations.v3.settings.stuck = Some(args.word("key"));
    "v3.settings.untold", "R-V3-36", OTHER, [],
        "config-set does not say which keys it took" =>
        |on, _| on.violations.v3.settings.untold = true;
    // Accounts.
    "v3.accounts.insert-ignored", "R-V3-37", OTHER, [],
        "who is inserted is not there, though that is answered with retcode 0" =>
        |on, _| on.violations.v3.accounts.insert_ignored = true;
    "v3.accounts.remove-ignored", "R-V3-37", OTHER, [],
        "who is removed is still there, though that is answered with retcode 0" =>
        |on, _| on.violations.v3.accounts.remove_ignored = true;
    "v3.accounts.cards-lost", "R-V3-37", OTHER, [],
        "the cards of who is inserted are unknown at the door" =>
        |on, _| on.violations.v3.accounts.cards_lost = true;
    "v3.accounts.cards-outlive", "R-V3-37", OTHER, [],
        "who is removed is let in by their cards as before" =>
        |on, _| on.violations.v3.accounts.cards_outlive = true;
    "v3.accounts.part-fails-all", "R-V3-37", OTHER, [],
        "a batch of which some succeeded has the retcode of one that did not" =>
        |on, _| on.violations.v3.accounts.part_fails_all = true;
    "v3.accounts.parts-untold", "R-V3-37", OTHER, [],
        "the users of a batch's answer have no retcode" =>
        |on, _| on.violations.v3.accounts.parts_untold = true;
    "v3.accounts.limit-ignored", "R-V3-37", OTHER, [],
        "user-fetch gives ten users, whatever its limit" =>
        |on, _| on.violations.v3.accounts.limit_ignored = true;
    // Images.
    "v3.images.never", "R-V3-26", APPEND, [],
        "no image is kept, whatever log-mode says" =>
        |on, _| on.violations.v3.images = Images::Never;
    "v3.images.always", "R-V3-26", APPEND, [],
        "images are kept though log-mode says none" =>
        |on, _| on.violations.v3.images = Images::Always;
    "v3.download.offset-ignored", "R-V3-38", OTHER, [],
        "every slice of an image is the first" =>
        |on, _| on.violations.v3.download.offset_ignored = true;
    "v3.download.size-exceeded", "R-V3-38", OTHER, [],
        "a slice of an image is a byte longer than was asked for" =>
        |on, _| on.violations.v3.download.size_exceeded = true;
    "v3.download.timestamp-wins", "R-V3-38", OTHER, [],
        "with both seqnum and timestamp, timestamp decides which image is meant" =>
        |on, _| on.violations.v3.download.timestamp_wins = true;
    // Reports.
    "v3.report.never", "R-V3-16, v3: reported while online", REPORT, [],
        "no report is sent" => |on, _| on.violations.v3.report.never = true;
    "v3.report.replayed", "R-V3-16", REPORT, [],
        "reports missed while offline or unreachable are sent when the platform is back" =>
        |on, _| on.violations.v3.report.replayed = true;
    "v3.report.action", "v3: event-report", REPORT, [],
        "the action of a report is event-push" =>
        |on, _| always(on, Part::Report, "action", set("event-push"));
    "v3.report.reqid-repeats", "R-V3-31", REPORT, [],
        "every report has the same reqid" =>
        |on, _| on.violations.v3.report.reqid_repeats = true;
    "v3.report.reqid-number", "R-V3-31", REPORT, [],
        "the reqid of a report is a number" => |on, _| {
            on.v3.report_reqid = ReportReqid::Counter;
            always(on, Part::Report, "header.reqid", Change::Number);
        };
    "v3.report.device-id-missing", "R-V3-28", REPORT, [],
        "a report has no device-id" =>
        |on, _| always(on, Part::Report, "body.device-id", Change::Remove);
    "v3.report.seqnum-missing", "v3: seqnum of a report", REPORT, [],
        "a report has no seqnum" =>
        |on, _| always(on, Part::Report, "body.seqnum", Change::Remove);
    "v3.report.differs", "v3: one event object", REPORT, [field(REPORTED, "uid")],
        "a field of a report differs from what event-fetch shows" => |on, args| {
            let path = format!("body.{}", args.word("field"));
            always(on, Part::Report, &path, Change::Differ);
        };
    "v3.report.gap-lost", "R-V3-16", LOG, [],
        "what happened while the device was offline cannot be fetched" =>
        |on, _| on.violations.v3.log.gap_lost = true;
}
