//! The calls of the v3.x API.

use std::sync::Arc;

use crate::clock::{Mono, UnixMillis};
use crate::delivery::line::LineId;
use crate::dest::BrokerFields;
use crate::event::Entry;
use crate::world::{Enrolment, Hold, Roster};

/// One request's action, with its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `auth-login`.
    Login(Credentials),
    /// `auth-passwd`: changes a password.
    SetPassword(Credentials),
    /// `device-info`.
    DeviceInfo,
    /// `config-fetch`.
    ConfigFetch,
    /// `config-set`: keys with their new values.
    ConfigSet(Vec<(String, String)>),
    /// `mqtt-get`.
    MqttGet,
    /// `mqtt-set`: fields with their new values (R-V3-18).
    MqttSet(MqttFields),
    /// `device-reboot`: a power cycle, once the answer has left (R-V3-33).
    Reboot,
    /// `device-reset`: a factory reset, once the answer has left (R-V3-33).
    Reset,
    /// `device-synctime`: the device's clock shows that (R-V3-35).
    SyncTime(UnixMillis),
    /// `device-opendoor` (R-V3-34).
    OpenDoor(DoorOrder),
    /// `device-download` (R-V3-38).
    Download(Download),
    /// `user-fetch` (R-V3-37).
    UserFetch {
        /// How many to leave out.
        offset: u64,
        /// How many at most; 10 if left out.
        limit: Option<u64>,
    },
    /// `user-insert`: each user, or under which id what could not be understood came.
    UserInsert(Vec<Result<Enrolment, Box<str>>>),
    /// `user-remove`: the ids, none where one could not be understood.
    UserRemove(Vec<Option<Box<str>>>),
    /// `user-lookup`: the same.
    UserLookup(Vec<Option<Box<str>>>),
    /// `user-clear`.
    UserClear,
    /// `event-info`.
    EventInfo,
    /// `event-fetch`.
    EventFetch(Fetch),
}

impl Call {
    /// Whether it is served without a token (R-V3-02).
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Login(_) | Self::DeviceInfo)
    }
}

/// Some of the fields of [`BrokerFields`], by name. Their values are not shown: one is a password.
#[derive(Clone, PartialEq, Eq)]
pub struct MqttFields(pub Vec<(&'static str, String)>);

impl std::fmt::Debug for MqttFields {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// What a call comes with, in place of a proof of who makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass<'a> {
    /// Nothing.
    Nothing,
    /// A token, good or not (R-V3-02).
    Token(&'a str),
    /// It comes on the connection that the device itself opened: no token is needed (R-V3-18).
    Line(LineId),
}

impl<'a> From<Option<&'a str>> for Pass<'a> {
    fn from(token: Option<&'a str>) -> Self {
        token.map_or(Self::Nothing, Self::Token)
    }
}

/// A user and the upper-case MD5 digest of a password, as both travel.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The digest: 32 hex digits.
    pub digest: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Which page of the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fetch {
    /// The first event's number; wins over `offset` (R-V3-08).
    pub seqnum: Option<u64>,
    /// How many to skip from the oldest kept (R-V3-10).
    pub offset: Option<u64>,
    /// How many at most; 10 if left out (R-V3-11).
    pub limit: Option<u64>,
}

/// A slice of an event's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Download {
    /// The event's number; wins over `timestamp`. One of them is there.
    pub seqnum: Option<u64>,
    /// When it happened.
    pub timestamp: Option<Moment>,
    /// Where the slice begins.
    pub offset: u64,
    /// How long it is at most: 1 to [`SLICE_BYTES_MAX`].
    pub size: usize,
}

/// A moment as an event shows it, in whichever unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub i64);

/// The longest slice (the vendor's manual).
pub const SLICE_BYTES_MAX: usize = 64 * 1024;

/// An order to the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorOrder {
    /// In whose name, if in anybody's: never empty.
    pub userid: Option<Box<str>>,
    /// What.
    pub what: DoorMove,
}

/// What an order to the door asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorMove {
    /// It opens for so long; as long as it usually does, if that is left out.
    Open(Option<Hold>),
    /// It closes.
    Close,
}

/// What a call that succeeded answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Nothing but success.
    Done,
    /// A login.
    Token {
        /// What goes into the `token` header from now on.
        token: String,
        /// R-V3-32: Unix seconds, or seconds since the start.
        timestamp: i64,
    },
    /// About the device.
    DeviceInfo {
        /// How many people are enrolled.
        people: u32,
    },
    /// All settings.
    Configs(Vec<Config>),
    /// The settings that were taken.
    ConfigsTaken(Vec<Config>),
    /// How the device speaks MQTT; its password is none of it.
    Mqtt(BrokerFields),
    /// Success, and what the device does once this has been written to whoever asked (R-V3-33).
    GoingDown(GoingDown),
    /// The oldest and the newest sequence number; none for an empty journal shown as null (R-V3-14).
    Bounds(Option<(u64, u64)>),
    /// A page of events, and the people they speak of.
    Events(Vec<Entry>, Arc<Roster>),
    /// A slice of that event's picture, not made yet: [`crate::wire::v3::made`] makes it.
    Picture {
        /// The event.
        entry: Entry,
        /// The people it speaks of.
        roster: Arc<Roster>,
        /// Which slice.
        asked: Download,
    },
    /// A slice of a file.
    Slice(Slice),
    /// Enrolled people.
    Users(Vec<Arc<Enrolment>>),
    /// What came of each user of a batch.
    UserBatch(Vec<UserAnswer>),
}

/// A device that goes down as soon as its answer has left: to be handed back to
/// [`Device::handle_going_down`](crate::device::Device::handle_going_down) then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoingDown {
    /// What for.
    pub what: Down,
    /// When it was asked for.
    pub asked: Mono,
}

/// Why a device goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// A power cycle.
    Restart,
    /// A factory reset (R-V3-29).
    FactoryReset,
}

/// A slice of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The file's length.
    pub filesize: usize,
    /// Its name.
    pub filename: String,
    /// Where the slice begins.
    pub offset: u64,
    /// What it holds.
    pub data: Vec<u8>,
}

/// What came of one user of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct UserAnswer {
    /// The id that was given; empty where that could not be read.
    pub userid: Box<str>,
    /// [`Retcode::SUCCESS`], or why not.
    pub retcode: Retcode,
    /// The user that was looked up.
    pub user: Option<Arc<Enrolment>>,
}

/// The `retcode` of a batch: that of success if any of it succeeded, else the first one's (the vendor's manual;
/// R-V3-37).
#[must_use]
pub fn retcode_of(batch: &[UserAnswer]) -> Retcode {
    let succeeded = batch.iter().any(|one| one.retcode == Retcode::SUCCESS);
    let first = batch.first().map_or(Retcode::BAD_PARAMETER, |one| one.retcode);
    if succeeded { Retcode::SUCCESS } else { first }
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its name.
    pub key: &'static str,
    /// Its value, to be used from the next restart on.
    pub value: String,
    /// The group it belongs to.
    pub class: &'static str,
}

/// Why a call did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An answer with a `retcode` other than 0.
    Retcode(Retcode),
    /// No answer at all (R-V3-06).
    Silence,
}

/// A v3 error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retcode(pub u16);

impl Retcode {
    /// All is well.
    pub const SUCCESS: Self = Self(0);
    /// Not JSON, or a field that cannot be.
    pub const BAD_PARAMETER: Self = Self(101);
    /// Something stored does not fit: a wrong password, where devices say so, or a card that is taken.
    pub const DATABASE: Self = Self(102);
    /// No such object.
    pub const NO_SUCH_OBJECT: Self = Self(103);
    /// More than the device takes.
    pub const OVER_CAPACITY: Self = Self(106);
    /// The file is not there.
    pub const FILE: Self = Self(109);
    /// The device is busy.
    pub const BUSY: Self = Self(110);
    /// An action the device does not have.
    pub const UNSUPPORTED: Self = Self(111);
    /// The platform has not let the device in yet.
    pub const NOT_REGISTERED: Self = Self(114);

    /// All of them but success; a bad token's is a knob (R-V3-02).
    pub const REFUSALS: [Self; 8] = [
        Self::BAD_PARAMETER,
        Self::DATABASE,
        Self::NO_SUCH_OBJECT,
        Self::OVER_CAPACITY,
        Self::FILE,
        Self::BUSY,
        Self::UNSUPPORTED,
        Self::NOT_REGISTERED,
    ];
}
