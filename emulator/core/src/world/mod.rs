//! The people at one door: who comes when, by what, and what follows from it.
//!
//! [`World`] is a clockwork: it is asked when the next thing is due and hands out [`Happening`]s in
//! order, each stamped with the time it was due. Besides its own traffic it takes wishes ([`Wish`]):
//! checked as a whole by [`World::prepare`], then [`World::emit`]ted as exactly one event or
//! [`World::play`]ed as a whole scene; and a platform's [`World::order`]s. It promises that every fact obeys tables B, C and E of the
//! rulings, that the same seed, roster, setup and calls give the same facts, and that its own door
//! opens and closes in turn. It neither numbers, stores nor sends anything: that is the device's.

mod agenda;
mod alarms;
mod arrivals;
mod casting;
mod chosen;
mod dice;
mod door;
mod edits;
mod enrolment;
mod made;
mod numbers;
mod odds;
mod order;
mod people;
mod plan;
mod position;
mod prepare;
mod program;
mod reason;
mod refusal;
mod roster;
mod rules;
mod scenes;
mod seeded;
mod setup;
mod stage;
mod standing;
mod traffic;
mod wish;

pub use edits::{Changes, EDITS_MAX, Edit, Edited, NoEdit};
pub use enrolment::{CardNumber, EnrolledCard, Enrolment, NoCard, UserId};
pub use numbers::Code;
pub use order::{Hold, Order};
pub use people::{GROUPS, Group, REMARK_BYTES_MAX};
pub use position::BadPosition;
pub use prepare::Prepared;
pub use reason::ReasonName;
pub use refusal::{COUNT_MAX, QRCODE_BYTES_MAX, Refusal};
pub use roster::{Person, Roster, RosterSizes, ShownUid, Window};
pub use seeded::PEOPLE_MAX;
pub use setup::{Happening, MaskDetection, Screening, Setup};
pub use stage::World;
pub use standing::{Category, Standing};
pub use traffic::{EVENTS_PER_MINUTE_MAX, Profile, Traffic, TrafficError};
pub use wish::{EventName, Whom, Wish};

#[cfg(test)]
mod tests;
