//! What a device is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::effects::Link;
use crate::behaviour::Behaviour;
use crate::clock::Speed;
use crate::dest::{EventDest, ReportTo};
use crate::faults::FaultSet;
use crate::journal::Capacity;
use crate::seed::Seed;
use crate::wire::{FaultsArmed, Identity, Pictures, View};
use crate::world::{Roster, Setup, Traffic};

/// Users, each with the upper-case MD5 digest of the password.
pub type Accounts = BTreeMap<String, String>;

/// Everything that is given before a device comes up. A factory reset returns to it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who it is.
    pub identity: Arc<Identity>,
    /// The root of its random choices: of (seed, device id).
    pub seed: Seed,
    /// Whom it knows.
    pub roster: Arc<Roster>,
    /// How it verifies people.
    pub setup: Arc<Setup>,
    /// How it behaves.
    pub behaviour: Arc<Behaviour>,
    /// The faults that are armed from the start.
    pub faults: FaultSet,
    /// The size of journal and backlog.
    pub capacity: Capacity,
    /// What happens by itself.
    pub traffic: Traffic,
    /// How fast its clock runs.
    pub speed: Speed,
    /// The v3 accounts.
    pub accounts: Arc<Accounts>,
    /// The password of the v1 account, whose name is part of the identity.
    pub v1_password: String,
    /// Where records go from the start; a factory reset forgets it.
    pub push_to: Option<EventDest>,
    /// Where reports go from the start; a factory reset forgets it.
    pub report_to: Option<ReportTo>,
    /// Whether the network is plugged in at the start.
    pub link: Link,
    /// How many past v3 events the journal holds at the start.
    pub backfill: u64,
}

impl Config {
    /// How the device shows entries after so many factory resets.
    pub(super) fn view(&self, factory_resets: u64) -> View {
        View {
            identity: Arc::clone(&self.identity),
            roster: Arc::clone(&self.roster),
            setup: Arc::clone(&self.setup),
            behaviour: Arc::clone(&self.behaviour),
            pictures: Pictures::Shown,
            faults: FaultsArmed::No,
            seed: self.seed.numbered(factory_resets),
        }
    }
}
