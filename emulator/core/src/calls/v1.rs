//! The calls of the v1 API.

use crate::dest::EventDest;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// GET `/v1/event/subscribe`.
    GetSubscription,
    /// POST `/v1/event/subscribe`.
    Subscribe {
        /// Where records go.
        destination: EventDest,
        /// Whether they go; left out, R-V1-03 decides.
        enabled: Option<bool>,
    },
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing but success.
    Done,
    /// The configuration, if one is set and shown (R-V1-01).
    Subscription(Option<Subscription>),
}
