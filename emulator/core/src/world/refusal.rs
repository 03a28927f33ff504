//! Why a wish cannot be granted: what was asked, why not, what to try.

use super::enrolment::UserId;
use super::reason::ReasonName;
use crate::event::Therm;

/// The most events one wish may ask for: what is asked for is made in one go, and more would let one
/// request hold a device for seconds.
pub const COUNT_MAX: u32 = 100_000;

/// The most bytes of a `qrcode`: more than a QR code on a telephone holds legibly.
pub const QRCODE_BYTES_MAX: usize = 256;

/// Why a wish is refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// No such event.
    #[error(
        "there is no event {given:?}; emit one of face, card, qrcode, visitor, therm, door, remote, \
         push, fire, disa, pin, alarm"
    )]
    Event {
        /// What was given.
        given: String,
    },
    /// No such person's name.
    #[error(
        "person {given:?} is neither a uid of at most 32 bytes nor any, stranger, visitor or blocklisted"
    )]
    Person {
        /// What was given.
        given: String,
    },
    /// No such reason.
    #[error("there is no reason {given:?}; table C has {}", ReasonName::names())]
    Reason {
        /// What was given.
        given: String,
    },
    /// A count outside the range.
    #[error("count {count} is outside 1 to {COUNT_MAX}")]
    Count {
        /// What was given.
        count: u32,
    },
    /// A field that the event does not have.
    #[error("{event} takes no {field}; {hint}")]
    Field {
        /// The event.
        event: &'static str,
        /// The field.
        field: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// A field that is needed.
    #[error("{event} needs {field}; {hint}")]
    Missing {
        /// The event.
        event: &'static str,
        /// The field.
        field: &'static str,
        /// What it may be.
        hint: &'static str,
    },
    /// A state outside the event's range.
    #[error("state {state} is outside 0 to {state_max} of {event}")]
    State {
        /// The event.
        event: &'static str,
        /// What was given.
        state: u8,
        /// The highest.
        state_max: u8,
    },
    /// A state that is not the reason's.
    #[error("state {state} is not that of reason {reason}, which has {expected} (table C)")]
    StateOfReason {
        /// What was given.
        state: u8,
        /// The reason.
        reason: &'static str,
        /// Its state.
        expected: u8,
    },
    /// A state that no reason has for this event and person.
    #[error("no reason of table C gives {event} of {who} the state {state}; leave state out")]
    NoReasonForState {
        /// The event.
        event: &'static str,
        /// Who it is about.
        who: &'static str,
        /// What was given.
        state: u8,
    },
    /// The mode does not offer the `entry_mode`.
    #[error("entry_mode {entry_mode} is not offered in mode {mode}; it offers {offered} (table E)")]
    EntryMode {
        /// What was given.
        entry_mode: u8,
        /// The device's mode.
        mode: u8,
        /// What the mode offers.
        offered: String,
    },
    /// The `entry_mode` makes another event.
    #[error("entry_mode {entry_mode} makes no {event}; {event} has {fitting} (table B)")]
    EntryModeOfEvent {
        /// What was given.
        entry_mode: u8,
        /// The event.
        event: &'static str,
        /// What makes this event here.
        fitting: String,
    },
    /// The mode has no method that makes the event.
    #[error(
        "{event} is not offered in mode {mode}, whose entry_modes are {offered} (table E); \
         {hint}"
    )]
    NotOffered {
        /// The event.
        event: &'static str,
        /// The device's mode.
        mode: u8,
        /// What the mode offers.
        offered: String,
        /// What to try.
        hint: &'static str,
    },
    /// Nobody has that uid.
    #[error(
        "nobody with uid {uid} is enrolled; the roster's uids are {first} to {last}, and those inserted"
    )]
    NotEnrolled {
        /// What was given.
        uid: UserId,
        /// The first one of the configuration.
        first: UserId,
        /// The last one of the configuration.
        last: UserId,
    },
    /// The roster has nobody of that category.
    #[error("the roster has no {who}; enrol one or name somebody else")]
    Nobody {
        /// Who is missing.
        who: &'static str,
    },
    /// The reason does not happen to such a person by such a method.
    #[error("reason {reason} does not happen to {who} at entry_mode {entry_mode}; {hint}")]
    Combination {
        /// The reason.
        reason: &'static str,
        /// Who it is about.
        who: &'static str,
        /// By what.
        entry_mode: u8,
        /// What to try.
        hint: &'static str,
    },
    /// A temperature that the sensor cannot show.
    #[error(
        "therm {celsius} is outside {} to {} degrees Celsius",
        f64::from(Therm::MIN_TENTHS) / 10.0,
        f64::from(Therm::MAX_TENTHS) / 10.0
    )]
    Therm {
        /// What was given.
        celsius: f64,
    },
    /// A temperature that contradicts the reason.
    #[error(
        "therm {celsius} contradicts reason {reason}: from {} degrees on it is fever, below it is \
         not; leave one of them out",
        Therm::FEVER.celsius()
    )]
    ThermOfReason {
        /// What was given.
        celsius: f64,
        /// The reason.
        reason: &'static str,
    },
    /// No temperatures are taken.
    #[error("this device takes no temperatures; switch screening on")]
    ScreeningOff,
    /// Not a card.
    #[error("card {given:?} is not 0x and an even number of hex digits, 8 to 20 (R-V3-23)")]
    Card {
        /// What was given.
        given: String,
    },
    /// Not a code.
    #[error("qrcode has {bytes} bytes; give 1 to {QRCODE_BYTES_MAX}")]
    Qrcode {
        /// How many were given.
        bytes: usize,
    },
    /// What is presented contradicts the reason or the event.
    #[error("{field} {given:?} contradicts {with}; {hint}")]
    Presented {
        /// The field.
        field: &'static str,
        /// What was given.
        given: String,
        /// What it contradicts.
        with: &'static str,
        /// What to try.
        hint: &'static str,
    },
    /// No such alarm.
    #[error("there is no alarm {code}; the codes are 10001, 10002, 10003, 10004, 20003")]
    AlarmCode {
        /// What was given.
        code: u32,
    },
    /// No such status.
    #[error("status {status} is none of 1 (raised), 2 (clearing failed), 3 (cleared)")]
    AlarmStatus {
        /// What was given.
        status: u8,
    },
    /// Clearing what is not raised.
    #[error("alarm {code} is open {open} times, too few to clear it {asked} times; raise it first")]
    NotOpen {
        /// The alarm.
        code: u32,
        /// How many are open.
        open: usize,
        /// How many would be needed.
        asked: u32,
    },
    /// Too many scenes wait.
    #[error("{waiting} moments of earlier scenes still wait; play {asked} more scenes later")]
    Busy {
        /// How many beats wait.
        waiting: usize,
        /// How many scenes were asked for.
        asked: u32,
    },
}
