//! The table of quirks: the names that set the knobs of [`Behaviour`], and the presets.
//!
//! A quirk is a row: name, ruling, values, meaning, and how it sets and shows its knob. A preset is a
//! row that names quirks, so another firmware adds data and no code. No other module knows a
//! quirk's name.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::behaviour::{
    AckLenient, AlarmCode, BadField, Behaviour, DoorName, EmptyImage, EmptyInfo, EnabledDefault,
    ErrorStatus, EvictedSeqnum, LogModeApplies, LoginErrors, LoginTime, Overflow, PastEnd, Path,
    ReportReqid, StrangerUid, SubscribeAuth, SubscribeGet, TimeUnit, UnknownAction, UnknownUser,
};

/// The name that sets several quirks at once, in place of a quirk's own.
pub const PRESET: &str = "preset";

/// One way in which devices differ.
pub struct Quirk {
    /// What it is called on the command line and in the configuration.
    pub name: &'static str,
    /// The ruling it belongs to.
    pub ruling: &'static str,
    /// The values it takes, for people.
    pub values: &'static str,
    /// What it changes.
    pub meaning: &'static str,
    set: fn(&mut Behaviour, &str) -> Option<()>,
    show: fn(&Behaviour) -> String,
}

impl Quirk {
    /// The value the documented device has.
    #[must_use]
    pub fn default_value(&self) -> String {
        (self.show)(&Behaviour::default())
    }

    /// The value that `behaviour` has.
    #[must_use]
    pub fn value(&self, behaviour: &Behaviour) -> String {
        (self.show)(behaviour)
    }
}

/// Several quirks under one name.
pub struct Preset {
    /// What it is called.
    pub name: &'static str,
    /// Which device it stands for.
    pub meaning: &'static str,
    /// The quirks it sets, with their values.
    pub sets: &'static [(&'static str, &'static str)],
}

/// A setting that cannot be taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuirkError {
    /// There is no such quirk.
    #[error("there is no quirk `{name}`{}; `vestibule quirks` lists them", nearest(.name))]
    UnknownName {
        /// The name that was given.
        name: String,
    },
    /// There is no such preset.
    #[error("there is no preset `{name}`; there are {}", preset_names())]
    UnknownPreset {
        /// The name that was given.
        name: String,
    },
    /// The quirk does not take that value.
    #[error("quirk `{name}` does not take `{value}`; it takes {values}")]
    BadValue {
        /// The quirk.
        name: &'static str,
        /// The value that was given.
        value: String,
        /// The values it takes.
        values: &'static str,
    },
}

/// Sets one quirk, or all that a preset names. On an error nothing has changed.
///
/// # Errors
/// When there is no such quirk or preset, or the quirk does not take the value.
pub fn set(behaviour: &mut Behaviour, name: &str, value: &str) -> Result<(), QuirkError> {
    if name == PRESET {
        let preset = PRESETS.iter().find(|preset| preset.name == value);
        let preset = preset.ok_or_else(|| QuirkError::UnknownPreset { name: value.to_owned() })?;
        let mut changed = behaviour.clone();
        for (name, value) in preset.sets {
            set(&mut changed, name, value)?;
        }
        *behaviour = changed;
        return Ok(());
    }
    let quirk = QUIRKS.iter().find(|quirk| quirk.name == name);
    let quirk = quirk.ok_or_else(|| QuirkError::UnknownName { name: name.to_owned() })?;
    (quirk.set)(behaviour, value).ok_or_else(|| QuirkError::BadValue {
        name: quirk.name,
        value: value.to_owned(),
        values: quirk.values,
    })
}

/// A shorter name is a part of too many to be a hint at one.
const HINT_LENGTH_MIN: usize = 3;

fn nearest(name: &str) -> String {
    let wanted = name.rsplit('.').next().unwrap_or(name);
    let close = QUIRKS.iter().find(|quirk| {
        let own = quirk.name.rsplit('.').next().unwrap_or(quirk.name);
        wanted.len() >= HINT_LENGTH_MIN && (own.contains(wanted) || wanted.contains(own))
    });
    close.map(|quirk| format!(" (did you mean `{}`?)", quirk.name)).unwrap_or_default()
}

fn preset_names() -> String {
    PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ")
}

/// A quirk with a few named values.
macro_rules! choice {
    ($name:literal, $ruling:literal, $api:ident.$knob:ident,
     $values:literal: [$($text:literal => $value:expr),+ $(,)?], $meaning:literal) => {
        Quirk {
            name: $name,
            ruling: $ruling,
            values: $values,
            meaning: $meaning,
            set: |behaviour, text| {
                behaviour.$api.$knob = match text {
                    $($text => $value,)+
                    _ => return None,
                };
                Some(())
            },
            show: |behaviour| {
                [$(($text, $value)),+]
                    .into_iter()
                    .find(|(_, value)| *value == behaviour.$api.$knob)
                    .map_or_else(|| "?".to_owned(), |(text, _)| text.to_owned())
            },
        }
    };
}

/// A quirk that is a duration above zero.
macro_rules! duration {
    ($name:literal, $ruling:literal, $api:ident.$knob:ident, $meaning:literal) => {
        Quirk {
            name: $name,
            ruling: $ruling,
            values: "a duration from 1ms to 24h, such as 500ms, 10s, 5m",
            meaning: $meaning,
            set: |behaviour, text| {
                behaviour.$api.$knob = parse_duration(text)?;
                Some(())
            },
            show: |behaviour| show_duration(behaviour.$api.$knob),
        }
    };
}

/// Every quirk, in the order of the rulings.
pub const QUIRKS: &[Quirk] = &[
    choice!("v3.path", "R-V3-01", v3.path,
        "versioned|any": ["versioned" => Path::Versioned, "any" => Path::Any],
        "which paths are served: /api/v3.x and /api/v3.<digits>, or any (only the action routes)"),
    choice!("v3.bad-token", "R-V3-02", v3.bad_token, "105|101": ["105" => 105, "101" => 101],
        "the retcode of a missing, unknown or expired token"),
    duration!(
        "v3.token-ttl",
        "R-V3-02",
        v3.token_ttl,
        "how long a token lives after its last use, in real time"
    ),
    choice!("v3.error-status", "R-V3-03", v3.error_status,
        "200|4xx": ["200" => ErrorStatus::Ok, "4xx" => ErrorStatus::Matching],
        "the HTTP status of an answer whose retcode is not 0"),
    choice!("v3.timestamp-unit", "R-V3-04", v3.timestamp_unit,
        "ms|s": ["ms" => TimeUnit::Millis, "s" => TimeUnit::Seconds],
        "the unit of an event's timestamp"),
    choice!("v3.unknown-action", "R-V3-06", v3.unknown_action,
        "retcode|hang": ["retcode" => UnknownAction::Retcode, "hang" => UnknownAction::Hang],
        "an unknown action: retcode 111, or no answer"),
    choice!("v3.bad-field", "R-V3-07", v3.bad_field,
        "error|default": ["error" => BadField::Error, "default" => BadField::Absent],
        "a field of the wrong type or negative: retcode 101, or served as if it were absent"),
    Quirk {
        name: "v3.fetch-ceiling",
        ruling: "R-V3-11",
        values: "a number from 10 to 50000",
        meaning: "the most events one event-fetch gives",
        // Below 10 the documented default limit could not be served; above the journal's default
        // size a larger number changes nothing but the memory an answer may take.
        set: |behaviour, text| {
            behaviour.v3.fetch_ceiling = text.parse().ok().filter(|n| (10..=50_000).contains(n))?;
            Some(())
        },
        show: |behaviour| behaviour.v3.fetch_ceiling.to_string(),
    },
    choice!("v3.evicted-seqnum", "R-V3-12", v3.evicted_seqnum,
        "clamp|error|window": [
            "clamp" => EvictedSeqnum::Clamp,
            "error" => EvictedSeqnum::Error,
            "window" => EvictedSeqnum::Window,
        ],
        "a seqnum older than the oldest kept: start there, an error, or what is left of its page"),
    choice!("v3.past-end", "R-V3-13", v3.past_end,
        "empty|error": ["empty" => PastEnd::Empty, "error" => PastEnd::Error],
        "a seqnum or offset past the newest: no events, or an error"),
    choice!("v3.empty-info", "R-V3-14", v3.empty_info,
        "zero|null|error": [
            "zero" => EmptyInfo::Zero,
            "null" => EmptyInfo::Null,
            "error" => EmptyInfo::Error,
        ],
        "event-info of an empty journal: min and max 0, null, or an error"),
    duration!(
        "v3.report-timeout",
        "R-V3-17",
        v3.report_timeout,
        "how long the answer to an event-report is waited for"
    ),
    duration!(
        "v3.reconnect",
        "R-V3-18",
        v3.reconnect,
        "how long a device whose connection for reports ended waits before it opens another"
    ),
    duration!(
        "v3.socket-ping",
        "R-V3-18",
        v3.socket_ping,
        "how long a WebSocket may be quiet before the device sends a ping; three in vain end it"
    ),
    choice!("v3.door-name", "R-V3-19", v3.door_name,
        "door|open": ["door" => DoorName::Door, "open" => DoorName::Open],
        "what the door's events are called"),
    choice!("v3.fill-absent-fields", "R-V3-20", v3.fill_absent_fields,
        "false|true": ["false" => false, "true" => true],
        "whether every event has every field, with zero values where it has none"),
    choice!("v3.stranger-uid", "R-V3-21", v3.stranger_uid,
        "hex|constant": ["hex" => StrangerUid::Hex, "constant" => StrangerUid::Constant],
        "a stranger's uid: 0000 and 12 hex digits, or 0000-STRANGER"),
    choice!("v3.card-digits", "R-V3-23", v3.card_digits, "8|14": ["8" => 8, "14" => 14],
        "how many hex digits a card number has after 0x"),
    choice!("v3.trailing-commas", "R-V3-25", v3.trailing_commas,
        "false|true": ["false" => false, "true" => true],
        "whether JSON goes out with trailing commas, as in the document's samples"),
    choice!("v3.log-mode-applies", "R-V3-26", v3.log_mode_applies,
        "reboot|at-once": ["reboot" => LogModeApplies::Reboot, "at-once" => LogModeApplies::AtOnce],
        "when a new log-mode takes effect: with the next restart, or with the answer"),
    choice!("v3.device-fields", "R-V3-28", v3.device_fields,
        "true|false": ["true" => true, "false" => false],
        "whether fetched events carry device-id and ip-addr"),
    choice!("v3.login-errors", "R-V3-30", v3.login_errors,
        "101|103-102": [
            "101" => LoginErrors::BadParameter,
            "103-102" => LoginErrors::UserThenPassword,
        ],
        "a refused login: 101, or 103 for an unknown user and 102 for a wrong password"),
    choice!("v3.report-reqid", "R-V3-31", v3.report_reqid,
        "uuid|counter": ["uuid" => ReportReqid::Uuid, "counter" => ReportReqid::Counter],
        "a report's reqid: a UUID, or a number counted up"),
    choice!("v3.login-time", "R-V3-32", v3.login_time,
        "unix|uptime": ["unix" => LoginTime::Unix, "uptime" => LoginTime::Uptime],
        "the login's timestamp: seconds since 1970, or since the device started"),
    choice!("v1.subscribe-get", "R-V1-01", v1.subscribe_get,
        "config|null": ["config" => SubscribeGet::Config, "null" => SubscribeGet::Null],
        "GET of the subscription: the configuration, or data null as in the document's sample"),
    choice!("v1.error-status", "R-V1-02", v1.error_status,
        "4xx|200": ["4xx" => ErrorStatus::Matching, "200" => ErrorStatus::Ok],
        "the HTTP status of an answer whose code is not 200"),
    choice!("v1.enabled-default", "R-V1-03", v1.enabled_default,
        "true|unchanged": [
            "true" => EnabledDefault::True,
            "unchanged" => EnabledDefault::Unchanged,
        ],
        "a subscription without enabled: enabled, or as it was"),
    choice!("v1.cache-while-disabled", "R-V1-04", v1.cache_while_disabled,
        "false|true": ["false" => false, "true" => true],
        "whether new records are cached while pushing is disabled"),
    Quirk {
        name: "v1.ack-lenient",
        ruling: "R-V1-06",
        values: "none, or one or more of empty|text-200|any-status|redirect, joined by commas",
        meaning: "what else counts as an acknowledgement: a 2xx answer without a body, code as \
                  text, code 200 under any HTTP status, a 3xx answer",
        set: |behaviour, text| {
            behaviour.v1.ack_lenient = parse_lenient(text)?;
            Some(())
        },
        show: |behaviour| show_lenient(behaviour.v1.ack_lenient),
    },
    duration!(
        "v1.push-timeout",
        "R-V1-07",
        v1.push_timeout,
        "how long connecting, and answering a push, may each take"
    ),
    duration!("v1.retry-first", "R-V1-07", v1.retry_first, "the wait before the first retry"),
    duration!("v1.retry-max", "R-V1-07", v1.retry_max, "the longest wait between retries"),
    Quirk {
        name: "v1.replay-rate",
        ruling: "R-V1-07",
        values: "unlimited, or a number of records a second from 1 to 1000000",
        meaning: "the most pushes a second",
        set: |behaviour, text| {
            behaviour.v1.replay_rate = match text {
                "unlimited" => None,
                number => Some(number.parse::<NonZeroU32>().ok().filter(|n| n.get() <= 1_000_000)?),
            };
            Some(())
        },
        show: |behaviour| {
            behaviour.v1.replay_rate.map_or_else(|| "unlimited".to_owned(), |rate| rate.to_string())
        },
    },
    Quirk {
        name: "v1.window",
        ruling: "R-V1-08",
        values: "a number from 1 to 64",
        meaning: "how many pushes may be in flight at once",
        // Each takes a connection, and no device is known to open more than a few.
        set: |behaviour, text| {
            behaviour.v1.window = text.parse().ok().filter(|n| (1..=64).contains(n))?;
            Some(())
        },
        show: |behaviour| behaviour.v1.window.to_string(),
    },
    choice!("v1.overflow", "R-V1-09", v1.overflow,
        "drop-oldest|drop-newest": [
            "drop-oldest" => Overflow::DropOldest,
            "drop-newest" => Overflow::DropNewest,
        ],
        "which record a full backlog loses"),
    choice!("v1.timestamp-unit", "R-V1-11", v1.timestamp_unit,
        "s|ms": ["s" => TimeUnit::Seconds, "ms" => TimeUnit::Millis],
        "the unit of a recognition's timestamp"),
    choice!("v1.empty-image", "R-V1-12", v1.empty_image,
        "space|empty|null|absent": [
            "space" => EmptyImage::Space,
            "empty" => EmptyImage::Empty,
            "null" => EmptyImage::Null,
            "absent" => EmptyImage::Absent,
        ],
        "what stands for an absent image"),
    choice!("v1.alarm-code", "R-V1-13", v1.alarm_code,
        "always|raised-only": [
            "always" => AlarmCode::Always,
            "raised-only" => AlarmCode::RaisedOnly,
        ],
        "which alarm records carry code"),
    choice!("v1.unknown-user", "R-V1-16", v1.unknown_user,
        "empty|null": ["empty" => UnknownUser::Empty, "null" => UnknownUser::Null],
        "user of an unknown person or nobody: an object of empty values, or null"),
    choice!("v1.nobody", "R-V1-16", v1.nobody, "3|0": ["3" => 3, "0" => 0],
        "recognitionType of nobody (exit button, unknown card, invalid code)"),
    choice!("v1.auth", "R-V1-20", v1.subscribe_auth,
        "none|required": [
            "none" => SubscribeAuth::None,
            "required" => SubscribeAuth::Required,
        ],
        "whether the subscription is anybody's, or asks for the v1 account (Bearer or Basic)"),
    choice!("v1.tls-verify", "R-V1-21", v1.tls_verify,
        "true|false": ["true" => true, "false" => false],
        "whether the certificate of an https destination is verified"),
];

/// Every preset. The first is the default.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "documented",
        meaning: "the two documents and the rulings on them; the default",
        sets: &[],
    },
    Preset {
        name: "walos-demo",
        meaning: "a v3 device as its vendor's public demonstration application shows it",
        sets: &[
            ("v3.path", "any"),
            ("v3.bad-token", "101"),
            ("v3.unknown-action", "hang"),
            ("v3.login-time", "uptime"),
            ("v3.login-errors", "103-102"),
            ("v3.stranger-uid", "constant"),
            ("v3.report-reqid", "counter"),
            ("v3.bad-field", "default"),
            ("v3.evicted-seqnum", "window"),
            ("v3.empty-info", "null"),
            ("v3.log-mode-applies", "at-once"),
        ],
    },
];

fn parse_duration(text: &str) -> Option<Duration> {
    let signed: jiff::SignedDuration = text.parse().ok()?;
    let duration = Duration::try_from(signed).ok()?;
    (Duration::from_millis(1)..=Duration::from_secs(24 * 3600))
        .contains(&duration)
        .then_some(duration)
}

fn show_duration(duration: Duration) -> String {
    jiff::SignedDuration::try_from(duration)
        .map_or_else(|_| format!("{duration:?}"), |signed| format!("{signed:#}"))
}

type LenientFlag = (&'static str, fn(&mut AckLenient) -> &mut bool);

const LENIENT: [LenientFlag; 4] = [
    ("empty", |lenient| &mut lenient.empty),
    ("text-200", |lenient| &mut lenient.text_200),
    ("any-status", |lenient| &mut lenient.any_status),
    ("redirect", |lenient| &mut lenient.redirect),
];

fn parse_lenient(text: &str) -> Option<AckLenient> {
    let mut lenient = AckLenient::default();
    if text == "none" {
        return Some(lenient);
    }
    for part in text.split(',') {
        let (_, flag) = LENIENT.iter().find(|(name, _)| *name == part.trim())?;
        *flag(&mut lenient) = true;
    }
    Some(lenient)
}

fn show_lenient(mut lenient: AckLenient) -> String {
    let set: Vec<&str> =
        LENIENT.iter().filter_map(|(name, flag)| (*flag(&mut lenient)).then_some(*name)).collect();
    if set.is_empty() { "none".to_owned() } else { set.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_value_can_be_set_and_is_shown() {
        for quirk in QUIRKS.iter().filter(|quirk| !quirk.values.contains(' ')) {
            for value in quirk.values.split('|') {
                let mut behaviour = Behaviour::default();
                set(&mut behaviour, quirk.name, value).expect("a listed value is taken");
                assert_eq!(quirk.value(&behaviour), value, "{}", quirk.name);
            }
            let first = quirk.values.split('|').next().expect("split gives one at least");
            assert_eq!(quirk.default_value(), first, "{}: the default stands first", quirk.name);
        }
    }

    #[test]
    fn what_a_quirk_shows_it_takes() {
        for quirk in QUIRKS {
            let mut behaviour = Behaviour::default();
            set(&mut behaviour, quirk.name, &quirk.default_value())
                .expect("a shown value is taken");
            assert_eq!(behaviour, Behaviour::default(), "{}", quirk.name);
        }
    }

    #[test]
    fn every_preset_is_made_of_quirks() {
        for preset in PRESETS {
            set(&mut Behaviour::default(), PRESET, preset.name).expect("a preset can be set");
        }
    }

    #[test]
    fn what_cannot_be_taken_changes_nothing_and_says_why() {
        let mut behaviour = Behaviour::default();
        let cases = [
            ("v3.paht", "any"),
            ("path", "any"),
            ("v3.path", "some"),
            ("v1.push-timeout", "-1s"),
            ("v1.push-timeout", "0s"),
            ("v3.fetch-ceiling", "9"),
            ("v1.window", "0"),
            ("v1.replay-rate", "0"),
            ("v1.ack-lenient", "empty,nothing"),
            ("preset", "unheard-of"),
        ];
        let mut said = Vec::new();
        for (name, value) in cases {
            let error = set(&mut behaviour, name, value).expect_err("refused");
            said.push(format!("{name}={value}: {error}"));
        }
        assert_eq!(behaviour, Behaviour::default());
        insta::assert_snapshot!(said.join("\n"));
    }
}
