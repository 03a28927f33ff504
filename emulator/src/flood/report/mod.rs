//! What a flood says at its end: one [`Document`], for programs as JSON, for people as text or as a page.
//!
//! Several documents, of the shards of one flood, are merged into that of the whole without loss.

mod document;
mod html;
mod human;
mod merge;

pub use self::document::{
    Document, LatencyMs, Pace, Progress, Row, Setting, Shards, Subject, schema,
};
pub use self::html::html;
pub use self::human::human;
pub use self::merge::{MergeError, merge};
