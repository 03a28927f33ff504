//! Recorded streams: what a device sent or told, in the order in which it came.
//!
//! A stream is what a check is judged over: the messages of one listener, or the events fetched
//! from a device's log. `entry` is one of them in a compact form, `facts` reads that from a body,
//! `names` keeps each text once, `bodies` keeps what was said word for word, outside the memory.
//! Promises that fifty thousand entries cost some 6 MB. Judges nothing.

mod bodies;
mod entry;
mod facts;
mod names;
mod record;

pub use bodies::BodiesError;
pub use entry::{Arrival, Entry, Fate, Identity, Origin, Shape};
pub use facts::Facts;
pub use names::Name;
pub(crate) use record::{Added, Came};
pub use record::{Answered, Claim, Message, Page, Stream};
