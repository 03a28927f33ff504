//! The knobs of a device: how it behaves where the two documents leave room.
//!
//! One struct of typed values per API, whose default is the documented device. The rulings say what each
//! knob means; `quirks` is the table of names that sets them. Rules read the knob where they are
//! applied and know no names. What no quirk may set stands apart: [`violations`] breaks rulings,
//! [`failures`] is what goes wrong without one, and only a fault sets them.

mod edit;
pub mod failures;
pub mod violations;

use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

pub use self::edit::{Change, Edit, Part, When};
use self::failures::Failures;
use self::violations::Violations;

/// Everything about a device that a quirk or a fault can change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Behaviour {
    /// Knobs of the v3.x event management API.
    pub v3: V3,
    /// Knobs of the v1 third-party push API.
    pub v1: V1,
    /// What breaks rulings; no quirk sets it.
    pub violations: Violations,
    /// What fails; no quirk sets it.
    pub failures: Failures,
}

impl Behaviour {
    /// The documented device, which all that have nothing to differ by share.
    #[must_use]
    pub fn documented() -> Arc<Self> {
        static DOCUMENTED: LazyLock<Arc<Behaviour>> = LazyLock::new(Arc::default);
        Arc::clone(&DOCUMENTED)
    }
}

/// Knobs of the v3.x API, by ruling.
#[derive(Clone, Debug, PartialEq)]
pub struct V3 {
    /// R-V3-01: which paths are served.
    pub path: Path,
    /// R-V3-02: the `retcode` of a missing, unknown or expired token.
    pub bad_token: u16,
    /// R-V3-02: how long a token lives after its last use.
    pub token_ttl: Duration,
    /// R-V3-03: the HTTP status of an answer whose `retcode` is not 0.
    pub error_status: ErrorStatus,
    /// R-V3-04: the unit of `timestamp`.
    pub timestamp_unit: TimeUnit,
    /// R-V3-06: what an unknown action meets.
    pub unknown_action: UnknownAction,
    /// R-V3-07: what a field of the wrong type meets.
    pub bad_field: BadField,
    /// R-V3-11: the most events one fetch gives.
    pub fetch_ceiling: u32,
    /// R-V3-12: what a `seqnum` older than the oldest kept meets.
    pub evicted_seqnum: EvictedSeqnum,
    /// R-V3-13: what a start past the newest event meets.
    pub past_end: PastEnd,
    /// R-V3-14: what `event-info` says of an empty journal.
    pub empty_info: EmptyInfo,
    /// R-V3-17: how long an answer to a report is waited for.
    pub report_timeout: Duration,
    /// R-V3-18: how long a connection for reports is not there before it is opened again.
    pub reconnect: Duration,
    /// R-V3-18: how long a WebSocket may be quiet before the device asks whether anybody is there.
    pub socket_ping: Duration,
    /// R-V3-19: what the door's events are called.
    pub door_name: DoorName,
    /// R-V3-20: whether every event has every field.
    pub fill_absent_fields: bool,
    /// R-V3-21: what a stranger's `uid` looks like.
    pub stranger_uid: StrangerUid,
    /// R-V3-23: how many hex digits a card has.
    pub card_digits: usize,
    /// R-V3-25: whether JSON goes out with trailing commas, as in the document's samples.
    pub trailing_commas: bool,
    /// R-V3-26: when a new `log-mode` takes effect.
    pub log_mode_applies: LogModeApplies,
    /// R-V3-28: whether fetched events carry `device-id` and `ip-addr`.
    pub device_fields: bool,
    /// R-V3-30: the codes of a refused login.
    pub login_errors: LoginErrors,
    /// R-V3-31: what a report's `reqid` looks like.
    pub report_reqid: ReportReqid,
    /// R-V3-32: what a login's `timestamp` counts.
    pub login_time: LoginTime,
}

/// Knobs of the v1 API, by ruling.
#[derive(Clone, Debug, PartialEq)]
pub struct V1 {
    /// R-V1-01: what GET says once a subscription is set.
    pub subscribe_get: SubscribeGet,
    /// R-V1-02: the HTTP status of an answer whose `code` is not 200.
    pub error_status: ErrorStatus,
    /// R-V1-03: what a missing `enabled` means.
    pub enabled_default: EnabledDefault,
    /// R-V1-04: whether records are cached while pushing is disabled.
    pub cache_while_disabled: bool,
    /// R-V1-06: what counts as an acknowledgement besides the documented answer.
    pub ack_lenient: AckLenient,
    /// R-V1-07: how long connecting, and answering, may each take.
    pub push_timeout: Duration,
    /// R-V1-07: the wait before the first retry.
    pub retry_first: Duration,
    /// R-V1-07: the longest wait between retries.
    pub retry_max: Duration,
    /// R-V1-07: the most pushes a second; none is full speed.
    pub replay_rate: Option<NonZeroU32>,
    /// R-V1-08: how many pushes may be in flight.
    pub window: usize,
    /// R-V1-09: which record a full backlog loses.
    pub overflow: Overflow,
    /// R-V1-11: the unit of a recognition's `timestamp`.
    pub timestamp_unit: TimeUnit,
    /// R-V1-12: what stands for an absent image.
    pub empty_image: EmptyImage,
    /// R-V1-13: which alarm records carry `code`.
    pub alarm_code: AlarmCode,
    /// R-V1-16: what stands for an unknown person.
    pub unknown_user: UnknownUser,
    /// R-V1-16: `recognitionType` of nobody.
    pub nobody: u8,
    /// R-V1-20: whether the subscription is anybody's.
    pub subscribe_auth: SubscribeAuth,
    /// R-V1-21: whether the certificate of an https destination is verified.
    pub tls_verify: bool,
}

impl Default for V3 {
    fn default() -> Self {
        Self {
            path: Path::Versioned,
            bad_token: 105,
            token_ttl: Duration::from_secs(3600),
            error_status: ErrorStatus::Ok,
            timestamp_unit: TimeUnit::Millis,
            unknown_action: UnknownAction::Retcode,
            bad_field: BadField::Error,
            fetch_ceiling: 1000,
            evicted_seqnum: EvictedSeqnum::Clamp,
            past_end: PastEnd::Empty,
            empty_info: EmptyInfo::Zero,
            report_timeout: Duration::from_secs(10),
            reconnect: Duration::from_secs(30),
            socket_ping: Duration::from_secs(10),
            door_name: DoorName::Door,
            fill_absent_fields: false,
            stranger_uid: StrangerUid::Hex,
            card_digits: 8,
            trailing_commas: false,
            log_mode_applies: LogModeApplies::Reboot,
            device_fields: true,
            login_errors: LoginErrors::BadParameter,
            report_reqid: ReportReqid::Uuid,
            login_time: LoginTime::Unix,
        }
    }
}

impl Default for V1 {
    fn default() -> Self {
        Self {
            subscribe_get: SubscribeGet::Config,
            error_status: ErrorStatus::Matching,
            enabled_default: EnabledDefault::True,
            cache_while_disabled: false,
            ack_lenient: AckLenient::default(),
            push_timeout: Duration::from_secs(10),
            retry_first: Duration::from_secs(1),
            retry_max: Duration::from_secs(30),
            replay_rate: None,
            window: 1,
            overflow: Overflow::DropOldest,
            timestamp_unit: TimeUnit::Seconds,
            empty_image: EmptyImage::Space,
            alarm_code: AlarmCode::Always,
            unknown_user: UnknownUser::Empty,
            nobody: 3,
            subscribe_auth: SubscribeAuth::None,
            tls_verify: true,
        }
    }
}

/// Which v3 paths are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// `/api/v3.x/...` and `/api/v3.<digits>/...`.
    Versioned,
    /// Any path that is not the v1 API's: only `action` routes.
    Any,
}

/// The HTTP status of an answer that reports an error in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorStatus {
    /// 200, whatever the body says.
    Ok,
    /// A 4xx status that matches.
    Matching,
}

/// The unit of a time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
}

/// What an unknown action meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownAction {
    /// `retcode` 111.
    Retcode,
    /// No answer.
    Hang,
}

/// When a new `log-mode` takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogModeApplies {
    /// With the next restart.
    Reboot,
    /// With the answer.
    AtOnce,
}

/// What a field of the wrong type, or a negative one, meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadField {
    /// `retcode` 101.
    Error,
    /// It counts as absent.
    Absent,
}

/// What a `seqnum` older than the oldest kept meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvictedSeqnum {
    /// The fetch starts at the oldest kept.
    Clamp,
    /// An error.
    Error,
    /// What is left of `seqnum` to `seqnum + limit - 1`.
    Window,
}

/// What a start past the newest event meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastEnd {
    /// No events.
    Empty,
    /// An error.
    Error,
}

/// What `event-info` says of an empty journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyInfo {
    /// `min` and `max` 0.
    Zero,
    /// `min` and `max` null.
    Null,
    /// An error.
    Error,
}

/// What the door's events are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorName {
    /// As in the document's list.
    Door,
    /// As in the comment beside `state`.
    Open,
}

/// What a stranger's `uid` looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrangerUid {
    /// `0000` and 12 hex digits, one per stranger.
    Hex,
    /// `0000-STRANGER`, for all of them.
    Constant,
}

/// The codes of a refused login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginErrors {
    /// 101 for both.
    BadParameter,
    /// 103 for an unknown user, 102 for a wrong password.
    UserThenPassword,
}

/// What a report's `reqid` looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportReqid {
    /// A UUID.
    Uuid,
    /// A number, counted up.
    Counter,
}

/// What a login's `timestamp` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginTime {
    /// Seconds since 1970.
    Unix,
    /// Seconds since the device started.
    Uptime,
}

/// What GET says once a subscription is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscribeGet {
    /// The configuration.
    Config,
    /// `data` null, as in the document's sample.
    Null,
}

/// What the subscription asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscribeAuth {
    /// Nothing.
    None,
    /// The account, by a token or a password.
    Required,
}

/// What a missing `enabled` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnabledDefault {
    /// Enabled.
    True,
    /// As it was; disabled before the first subscription.
    Unchanged,
}

/// What counts as an acknowledgement besides the documented answer; all off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AckLenient {
    /// A 2xx answer without a body.
    pub empty: bool,
    /// `code` as the text "200".
    pub text_200: bool,
    /// `code` 200 under any HTTP status.
    pub any_status: bool,
    /// A 3xx answer.
    pub redirect: bool,
}

/// Which record a full backlog loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The oldest one not acknowledged.
    DropOldest,
    /// The one that would have been added.
    DropNewest,
}

/// What stands for an absent image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyImage {
    /// A single space, as in the document's samples.
    Space,
    /// An empty string.
    Empty,
    /// Null.
    Null,
    /// No field.
    Absent,
}

/// Which alarm records carry `code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmCode {
    /// Each.
    Always,
    /// Those with `status` 1.
    RaisedOnly,
}

/// What stands for an unknown person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownUser {
    /// An object of empty strings and zeros.
    Empty,
    /// Null.
    Null,
}
