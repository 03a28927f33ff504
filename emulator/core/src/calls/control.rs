//! What the control API asks of a device.

use std::time::Duration;

use crate::calls::v1::Subscription;
use crate::clock::{Now, Speed};
use crate::delivery::line::Standing;
use crate::event::{Index, Photo, Seqnum};
use crate::faults::FaultSet;
use crate::world::{Profile, Refusal, Traffic, Wish};

/// One command.
#[derive(Clone, Debug)]
pub enum Command {
    /// Plug the network in or out, or let it flap.
    Network(Network),
    /// Make events happen.
    Emit(Box<Wish>, Playing),
    /// Change what happens by itself.
    SetTraffic(TrafficChange),
    /// Arm these faults in place of those that are armed.
    Arm(FaultSet),
    /// Power cycle.
    Restart,
    /// Factory reset (R-V3-29).
    FactoryReset,
}

/// A state of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Plugged in.
    Online,
    /// Unplugged: cut both ways.
    Offline,
    /// Down and up in turn.
    Flap(Flap),
}

/// Down for a while and up for a while, some times; online in the end. Real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flap {
    /// How long it is up each time.
    pub up: Duration,
    /// How long it is down each time.
    pub down: Duration,
    /// How many times.
    pub times: u32,
}

/// Exactly the events asked for, or all that follows from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playing {
    /// `count` of the event and nothing else.
    Exactly,
    /// The whole scene, `count` times.
    Episode,
}

/// The parts of the traffic that change.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrafficChange {
    /// The shape of a day.
    pub profile: Option<Profile>,
    /// v3 events a minute.
    pub events_per_minute: Option<f64>,
    /// How fast the device's clock runs.
    pub speed: Option<Speed>,
}

/// What a command answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Nothing but success.
    Done,
    /// What was emitted.
    Emitted(Vec<Emitted>),
    /// The traffic as it is now.
    Traffic(Traffic, Speed),
}

/// One entry that a command made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// Its place among all entries.
    pub index: Index,
    /// Its v3 number, if it has a v3 form.
    pub seqnum: Option<Seqnum>,
    /// Its recognition record's `uuid`, if it has one.
    pub uuid: Option<String>,
    /// Its alarm record's `trace_id`, if it has one.
    pub trace_id: Option<String>,
}

/// Why a command was refused; nothing has changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// Tables B, C and E lack such an event.
    #[error(transparent)]
    Wish(#[from] Refusal),
    /// There is no room for another event.
    #[error("the device's storage is full: nothing can be added until there is room")]
    Full,
    /// Another device is about to take its place, by a factory reset or a rewind.
    #[error("the device is being reset; ask again when that is done")]
    Leaving,
    /// The traffic cannot be so.
    #[error(transparent)]
    Traffic(#[from] crate::world::TrafficError),
}

/// A device at one moment.
#[derive(Clone, Debug)]
pub struct Status {
    /// Whether the network is plugged in.
    pub online: bool,
    /// The oldest and newest sequence number kept.
    pub bounds: Option<(Seqnum, Seqnum)>,
    /// How many v3 events are kept.
    pub events: usize,
    /// The size of each window.
    pub capacity: usize,
    /// The index the next entry will have.
    pub next_index: Index,
    /// Records not acknowledged.
    pub backlog: usize,
    /// What was counted.
    pub counters: Counters,
    /// Where records go.
    pub subscription: Option<Subscription>,
    /// Where reports go.
    pub report_to: Option<String>,
    /// How the connection stands that reports leave by; none where they need none.
    pub report_line: Option<Standing>,
    /// Whether pictures are taken of those who come (R-V3-26).
    pub photo: Photo,
    /// What happens by itself.
    pub traffic: Traffic,
    /// How fast the device's clock runs.
    pub speed: Speed,
    /// The two times.
    pub now: Now,
}

/// What a device counts, since its start or last factory reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records acknowledged.
    pub pushed: u64,
    /// Records lost to overflow.
    pub dropped: u64,
    /// Events that were lost since they could not be stored.
    pub refused: u64,
    /// Events that left the journal for newer ones.
    pub evicted: u64,
    /// Reports answered.
    pub reported: u64,
    /// Reports that were never sent though reporting was on (R-V3-16).
    pub reports_dropped: u64,
}
