//! The knobs that no quirk sets: each breaks one ruling, or one plain clause of a document.
//!
//! All are off by default. `faults` is the table of names that sets them; what only changes the look of a
//! message is an [`Edit`], and everything else a field here, read where the rule is applied.

use super::Edit;
use crate::event::Kind;

/// What a device does that no device may.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Violations {
    /// In the v3.x API.
    pub v3: V3,
    /// In the v1 API.
    pub v1: V1,
    /// What is changed in messages before they are sent.
    pub edits: Vec<Edit>,
}

/// In the v3.x API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct V3 {
    /// Logins and tokens.
    pub access: Access,
    /// What holds for every call.
    pub calls: Calls,
    /// `event-info`.
    pub info: Info,
    /// `event-fetch`.
    pub fetch: Fetch,
    /// What the log shows of the journal.
    pub log: Log,
    /// `event-report`.
    pub report: Report,
    /// What a platform tells the device to do.
    pub actions: Actions,
    /// `config-fetch` and `config-set`.
    pub settings: Settings,
    /// The people that a platform enrols.
    pub accounts: Accounts,
    /// Whether pictures are taken (R-V3-26).
    pub images: Images,
    /// `device-download`.
    pub download: Download,
}

/// Logins and tokens (R-V3-02, R-V3-30).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Any password logs in.
    pub any_password: bool,
    /// Any user logs in.
    pub any_user: bool,
    /// The token of a login is not valid.
    pub useless_token: bool,
    /// A call without a token is served.
    pub no_token_needed: bool,
    /// A call with any token is served.
    pub any_token: bool,
    /// Tokens do not expire.
    pub tokens_live_on: bool,
}

/// What holds for every v3 call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// The literal path is not served (R-V3-01).
    pub path_moved: bool,
    /// Answers are plain text (R-V3-03).
    pub plain_text: bool,
    /// An unknown action is answered with `retcode` 0 (R-V3-06).
    pub unknown_action_succeeds: bool,
    /// A body that is no request is answered with `retcode` 0 (R-V3-07).
    pub garbage_succeeds: bool,
    /// After a request that could not be read the next good one fails (R-V3-07).
    pub garbage_sticks: bool,
    /// A fetch with a bad field is answered with the newest event (R-V3-07).
    pub bad_field_misread: bool,
}

/// `event-info` (R-V3-14).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// `min` is off by one.
    pub min_wrong: bool,
    /// `max` is one too many.
    pub max_wrong: bool,
    /// `max` stays as it was when the fault was armed.
    pub stale: bool,
    /// An empty log has `min` 1 and `max` 0.
    pub empty_nonsense: bool,
}

/// `event-fetch` (R-V3-08 to R-V3-13).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetch {
    /// The number of events without `limit`.
    pub default_limit: Option<u64>,
    /// `limit` does not matter.
    pub limit_ignored: bool,
    /// One fewer than `limit`.
    pub limit_short: bool,
    /// One more than `limit`.
    pub limit_exceeded: bool,
    /// `offset` decides, not `seqnum`.
    pub offset_wins: bool,
    /// Without `seqnum` and `offset`, the newest events.
    pub default_newest: bool,
    /// `offset` counts back from the newest.
    pub offset_from_newest: bool,
    /// `offset` 1 is the first.
    pub offset_from_one: bool,
    /// The page begins after `seqnum`.
    pub seqnum_exclusive: bool,
    /// `seqnum` is taken for an offset.
    pub seqnum_as_offset: bool,
    /// The newest of a page comes first.
    pub descending: bool,
    /// The first of a page comes again in place of its last.
    pub repeats: bool,
    /// Every second of a page has its predecessor's number (R-V3-15).
    pub shares_numbers: bool,
    /// One in the middle of a page is left out.
    pub skips: bool,
    /// A `seqnum` older than the oldest kept gives the newest page.
    pub evicted_newest: bool,
    /// A start past the newest gives the oldest page.
    pub past_end_wraps: bool,
}

/// What the log shows of the journal. The journal itself stays true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Kinds that cannot be fetched.
    pub lost: Vec<Kind>,
    /// Kinds that are in v3 at no place.
    pub hidden: Vec<Kind>,
    /// What happened while offline cannot be fetched (R-V3-16).
    pub gap_lost: bool,
    /// Numbering begins again at a restart (R-V3-15).
    pub restarts: bool,
    /// A job number with a PIN is an event (R-V3-27).
    pub pins: bool,
    /// How many numbers are left out once.
    pub gap: u64,
}

/// `event-report` (R-V3-16, R-V3-31).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// None is sent.
    pub never: bool,
    /// What could not be sent is sent when the platform is back.
    pub replayed: bool,
    /// Every `reqid` is the same.
    pub reqid_repeats: bool,
}

/// What a platform tells the device to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    /// An order to the door is answered, and nothing happens (R-V3-34).
    pub door_stays_shut: bool,
    /// The clock is not set, though that is answered (R-V3-35).
    pub clock_stays: bool,
    /// A device that is told to go down does so without an answer (R-V3-33).
    pub down_unanswered: bool,
}

/// `config-fetch` and `config-set` (R-V3-36).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Numbers are shown as numbers.
    pub typed: bool,
    /// A key that is taken as a good device takes it, and keeps its value.
    pub stuck: Option<&'static str>,
    /// What was taken is not told.
    pub untold: bool,
}

/// The people that a platform enrols (R-V3-37).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Who was inserted is not there, though that is answered.
    pub insert_ignored: bool,
    /// Who was removed is still there, though that is answered.
    pub remove_ignored: bool,
    /// The cards of who is inserted are lost.
    pub cards_lost: bool,
    /// Who is removed is let in by their cards as before.
    pub cards_outlive: bool,
    /// A batch of which a part succeeded has the `retcode` of the part that did not.
    pub part_fails_all: bool,
    /// The parts of a batch have no `retcode`.
    pub parts_untold: bool,
    /// `limit` does not matter.
    pub limit_ignored: bool,
}

/// Whether pictures are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Images {
    /// As `log-mode` says.
    #[default]
    AsSet,
    /// Never.
    Never,
    /// Always.
    Always,
}

/// `device-download` (R-V3-38).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Download {
    /// Every slice is the first.
    pub offset_ignored: bool,
    /// A slice has one byte more than was asked for.
    pub size_exceeded: bool,
    /// `timestamp` decides, not `seqnum`.
    pub timestamp_wins: bool,
}

/// In the v1 API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct V1 {
    /// Logins, tokens and who is let in.
    pub access: V1Access,
    /// `/v1/event/subscribe`.
    pub subscribe: Subscribe,
    /// Pushing.
    pub push: Push,
    /// What is taken for an acknowledgement.
    pub acknowledging: Acknowledging,
    /// The backlog.
    pub backlog: Backlog,
    /// Records that are asked for.
    pub records: Records,
    /// What a platform tells the device to do.
    pub orders: Orders,
    /// The live feed.
    pub feed: Feed,
}

/// The live feed (R-V1-31).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// Its first record is not carried.
    pub loses_first: bool,
    /// It carries alarms, too.
    pub alarms_too: bool,
    /// A fourth client is let in.
    pub any_number: bool,
}

/// What a platform tells the device to do (R-V1-29, R-V1-30).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// The door is not held open.
    pub hold_refused: bool,
    /// A mode that there is not is answered with success.
    pub takes_any_mode: bool,
    /// A device that is told to restart does so without an answer.
    pub reboot_unanswered: bool,
}

/// Records that are asked for (R-V1-28).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// The times do not matter.
    pub time_ignored: bool,
    /// Whose they are does not matter.
    pub person_ignored: bool,
    /// A card counts before a job number, and that before a user.
    pub card_wins: bool,
    /// `offset` does not matter.
    pub offset_ignored: bool,
    /// One more than `limit`.
    pub limit_exceeded: bool,
    /// Another number without `limit`.
    pub other_default: bool,
    /// There is no highest `limit`.
    pub no_ceiling: bool,
    /// The newest come first where the oldest should, and the other way round.
    pub sort_reversed: bool,
    /// `total` counts the page.
    pub total_of_page: bool,
}

/// Logins, tokens and who is let in (R-V1-25, R-V1-26).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct V1Access {
    /// Any password logs in.
    pub any_password: bool,
    /// Any user logs in.
    pub any_user: bool,
    /// The token of a login is not good.
    pub useless_token: bool,
    /// Whoever shows nothing is let in.
    pub nothing_needed: bool,
    /// Whoever shows any token is let in.
    pub any_token: bool,
    /// A password is not enough.
    pub password_refused: bool,
    /// Tokens do not end.
    pub tokens_live_on: bool,
    /// What is anybody's asks for the account.
    pub nothing_open: bool,
}

/// `/v1/event/subscribe` (R-V1-01, R-V1-02).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscribe {
    /// GET shows what was in force before the last POST.
    pub get_stale: bool,
    /// An address of the longest length is refused.
    pub refuses_longest: bool,
    /// An address that is too long is taken.
    pub takes_too_long: bool,
    /// Another scheme is taken.
    pub takes_scheme: bool,
    /// A body without what is needed is taken.
    pub takes_bad_body: bool,
    /// https is refused.
    pub refuses_https: bool,
    /// What is refused erases the configuration.
    pub refusal_clears: bool,
    /// What is refused disables pushing.
    pub refusal_applies: bool,
}

/// Pushing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Push {
    /// None is sent.
    pub never: bool,
    /// Pushes go on while disabled (R-V1-04).
    pub while_disabled: bool,
    /// They go to the destination before the last POST.
    pub old_destination: bool,
    /// None is sent to an https destination (R-V1-21).
    pub https_fails: bool,
    /// The method is PUT (R-V1-23).
    pub put: bool,
    /// The type that the body is said to be of (R-V1-23).
    pub content_type: Option<&'static str>,
}

/// What is taken for an acknowledgement though it is none (R-V1-06).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledging {
    /// HTTP 2xx with any integer `code`.
    pub any_code: bool,
    /// Any 4xx.
    pub client_error: bool,
    /// Any 5xx.
    pub server_error: bool,
    /// No answer in time.
    pub silence: bool,
    /// A connection that broke.
    pub reset: bool,
    /// No connection.
    pub refused: bool,
    /// And what is one is not taken for one the first time.
    pub ignored: bool,
}

/// The backlog (R-V1-07, R-V1-09).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// A record that failed is not tried again.
    pub never_retried: bool,
    /// A failure loses all that waits.
    pub none: bool,
    /// How many records it holds, if fewer than it should.
    pub records_max: Option<u64>,
    /// An overflow empties it.
    pub overflow_clears: bool,
    /// The first record of an outage is lost.
    pub loses_first: bool,
    /// Records that are never kept.
    pub unkept: Vec<Unkept>,
}

/// Records that are never kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unkept {
    /// Those of events of that kind.
    Of(Kind),
    /// The clearing of an alarm.
    Clearings,
}
