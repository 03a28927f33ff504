//! What a platform orders a door to do (R-V3-34).

use std::time::Duration;

/// An order to the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It opens, for so long.
    Open(Hold),
    /// It closes.
    Close,
}

/// How long a door stands open that was ordered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// For so long.
    For(Duration),
    /// Until another order.
    UntilTold,
}
