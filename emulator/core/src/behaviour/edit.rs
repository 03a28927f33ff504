//! Changes to a message before it is sent: a fault that only changes what is written is one of these.

use serde_json::Value;

use crate::event::Kind;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// In which messages.
    pub part: Part,
    /// In which of these.
    pub when: When,
    /// The member, by the names on the way to it: `data.user.name`.
    pub path: String,
    /// What happens to it. A member that is not there stays so, unless it is set.
    pub change: Change,
}

/// The messages that are written, and the objects that recur in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Every v3 answer.
    Answer,
    /// A v3 answer with `retcode` 0.
    Good,
    /// A v3 answer with another.
    Error,
    /// A v3 event object, fetched or reported.
    Event,
    /// A whole `event-report`.
    Report,
    /// Every v1 answer.
    V1Answer,
    /// A pushed record.
    Push,
    /// A pushed record of `type` 0.
    Recognition,
    /// A pushed record of `type` 1.
    Alarm,
    /// A record of `type` 0 in a list.
    Listed,
    /// A message of the live feed.
    Carried,
}

/// In which messages of a part: by what they are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// In each.
    Always,
    /// Where the v3 event is of that kind.
    Kind(Kind),
    /// In every second entry.
    EverySecond,
    /// Where it is about a stranger.
    Stranger,
    /// Where it is about nobody.
    Nobody,
    /// Where it is about nobody who is enrolled.
    Unknown,
    /// Where somebody was let in.
    Accepted,
    /// Where somebody was refused with a v3 `state` other than 4.
    RefusedUnverified,
    /// Where somebody was refused with a v3 `state` of 4.
    RefusedVerified,
    /// Where an alarm is raised.
    Raised,
    /// Where an alarm is cleared, or its clearing failed.
    AfterRaising,
    /// Where a record is sent again.
    Retry,
}

/// What happens to a member.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is left out.
    Remove,
    /// It is left out if it has no members of its own.
    RemoveEmpty,
    /// It is this.
    Set(Value),
    /// A number becomes text, a text a number, a boolean 0 or 1.
    OtherType,
    /// A text of digits becomes the number.
    Number,
    /// A text ends with this, too.
    Append(&'static str),
    /// A text that begins with the first begins with the second.
    Begin(&'static str, &'static str),
    /// A number is so much more.
    Add(f64),
    /// A number is so many times as large.
    Times(f64),
    /// The first number becomes the second.
    Swap(i64, i64),
    /// It becomes a value of the same type that is another.
    Differ,
    /// Milliseconds become seconds, seconds milliseconds.
    OtherUnit,
    /// A time stamp is so many seconds later, in its own unit.
    LaterSeconds(i64),
    /// A hexadecimal text becomes a decimal one.
    Decimal,
    /// An array becomes an object with its places as names.
    Object,
    /// Its own members stand in its place.
    Flatten,
    /// It is a text of so many characters that looks like the beginning of an image.
    Image(usize),
    /// It is the time at which the alarm was raised.
    RaisedAt,
    /// It is a UUID of this attempt alone.
    UuidOfAttempt,
}
