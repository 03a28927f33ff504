//! The calls of the v1 API.

use std::time::Duration;

use super::v3::GoingDown;
use crate::dest::EventDest;
use crate::event::Entry;

/// What there is to ask for: a row of the table of routes names one for each method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// GET of the subscription.
    GetSubscription,
    /// POST of the subscription.
    Subscribe,
    /// POST of an account's password, for a token.
    Login,
    /// GET of the list of codes.
    ListCodes,
    /// GET of what the device is.
    DeviceInfo,
    /// GET of nothing: whether the device is there.
    Ping,
    /// POST of a query, for records.
    Records,
    /// POST of an order to the door.
    Door,
    /// GET of a restart.
    Reboot,
    /// GET of the live feed.
    Watch,
}

/// Who may ask for it (R-V1-25).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// As the knob of R-V1-20 says.
    AsConfigured,
    /// Whoever has the account.
    Account,
}

/// One request.
#[derive(Debug)]
pub struct Request {
    /// Who may ask so.
    pub access: Access,
    /// What came with it to say who asks.
    pub credential: Credential,
    /// What is asked, or why that cannot be told.
    pub call: Result<Call, Unreadable>,
}

/// One request's question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// GET of the subscription.
    GetSubscription,
    /// POST of the subscription.
    Subscribe {
        /// Where records go.
        destination: EventDest,
        /// Whether they go; left out, R-V1-03 decides.
        enabled: Option<bool>,
    },
    /// A login.
    Login {
        /// Who.
        login: Login,
        /// For how long, in real time (R-V1-26).
        valid: Duration,
    },
    /// The codes that there are.
    ListCodes,
    /// What the device is.
    DeviceInfo,
    /// Whether it is there.
    Ping,
    /// Records.
    Records(RecordQuery),
    /// An order to the door (R-V1-29).
    Door(DoorOrder),
    /// A power cycle, once the answer has left (R-V1-30).
    Reboot,
    /// Everything that happens, from now on (R-V1-31).
    Watch,
}

/// An order to the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorOrder {
    /// What it is to do from now on.
    pub mode: DoorMode,
    /// Whose card it is given by, if by anybody's; never empty.
    pub card: Option<String>,
}

/// What a door does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorMode {
    /// It opens for whoever is let in.
    Normal,
    /// It stands open.
    HeldOpen,
    /// It is shut.
    HeldClosed,
}

/// Which records, as it was asked for (R-V1-28).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordQuery {
    /// Not before this second.
    pub begin: Option<u64>,
    /// Not after this second.
    pub end: Option<u64>,
    /// Those of the person with this id; never empty, as the next two.
    pub user: Option<String>,
    /// Those of the person with this job number.
    pub job: Option<String>,
    /// Those that show this card.
    pub card: Option<String>,
    /// How many to skip.
    pub offset: u64,
    /// How many at most.
    pub limit: Option<u64>,
    /// Which come first.
    pub order: RecordOrder,
}

/// Which records come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordOrder {
    /// The oldest.
    OldestFirst,
    /// The newest.
    NewestFirst,
}

/// Whose records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of the person with this id.
    User(String),
    /// Those of the person with this job number.
    Job(String),
    /// Those that show this card.
    Card(String),
}

/// Records, as they were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// How many were skipped.
    pub offset: u64,
    /// How many there are at most.
    pub limit: u64,
    /// The records.
    pub found: Found,
}

/// Entries with a record of `type` 0, in the order that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// The page, and how many there are in all.
    Page {
        /// How many there are.
        total: usize,
        /// Those of the page.
        entries: Vec<Entry>,
    },
    /// All of which some may be that person's.
    Candidates {
        /// Whose are meant.
        whose: Whose,
        /// All of them.
        entries: Vec<Entry>,
    },
}

impl Listing {
    /// The page of a list.
    pub fn page<T>(offset: u64, limit: u64, all: Vec<T>) -> Vec<T> {
        let number = |number| usize::try_from(number).unwrap_or(usize::MAX);
        all.into_iter().skip(number(offset)).take(number(limit)).collect()
    }
}

/// Why a request's body is none. Nothing changes (R-V1-02).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not a JSON object.
    #[error("the body is not a JSON object: {0}")]
    NotJson(String),
    /// A field is missing, of another type or out of its range; what it must be.
    #[error("{0}")]
    Field(&'static str),
    /// `event_dest` is no address.
    #[error("event_dest: {0}")]
    Destination(crate::dest::DestError),
}

/// An account's name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What a request brings to say who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    None,
    /// Name and password.
    Password(Login),
    /// A token whose signature is this device's; its claims.
    Token(Claims),
    /// A token that is not signed, or not by this device.
    Forged,
    /// Anything else.
    Bad,
}

/// What a token says. The signature around it is the shell's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claims {
    /// Whose it is.
    pub account: String,
    /// Who gave it.
    pub issuer: String,
    /// When, in seconds by the device's clock.
    pub issued: i64,
    /// When it ends, by the same clock; what counts is real time (R-V1-26).
    pub expires: i64,
}

/// What the device signs its tokens with; another one after each restart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenKey(pub [u8; 32]);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenKey(..)")
    }
}

/// Where records go, and whether they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Where to.
    pub destination: EventDest,
    /// Whether pushing is on.
    pub enabled: bool,
}

/// What a call answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Nothing but success.
    Done,
    /// The configuration, if one is set and shown (R-V1-01).
    Subscription(Option<Subscription>),
    /// A token: what it says, and what it is to be signed with.
    Token(Claims, TokenKey),
    /// Every code, with its meaning.
    Codes,
    /// What the device is.
    DeviceInfo,
    /// Records.
    Records(Listing),
    /// Success, and what the device does once this has been written to whoever asked (R-V1-30).
    GoingDown(GoingDown),
    /// The connection becomes the live feed, if it can and there is a place.
    Watch,
}

/// Why a call did not succeed; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be understood.
    Unreadable(Unreadable),
    /// It says nothing that shows who asks, or something wrong.
    Unauthorized,
    /// There is no such account.
    NoSuchAccount,
    /// The account has another password.
    WrongPassword,
    /// The device is about to be another one.
    Busy,
    /// There is no room for what would happen.
    Full,
    /// There is no answer.
    Silence,
}
