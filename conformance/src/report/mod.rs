//! Reports of a run, written while it goes on.
//!
//! `sink` hands what happens to each of them: `human` and `github` write a line as a case ends;
//! `json`, `junit`, `html`, `har` and `summary` are whole documents. `document` replaces what stands
//! in a file whenever it is told to catch up and at the end, so that a run that was interrupted leaves
//! a valid one and a run that was killed leaves the last. `clauses` is the table of what both vendor pages say and which cases
//! judge it. Promises that nothing from a device can act in a report: not as markup, nor as a
//! command of a terminal or of a pipeline. That no secret is in one is `outcome`'s. Reads no clock.

mod clauses;
mod document;
mod github;
mod har;
mod html;
mod human;
mod json;
mod junit;
mod sink;
mod summary;
mod text;
mod transcript;

pub use document::{Destination, Document, Form, Stage};
pub use github::Annotations;
pub use human::{Colour, Human};
pub use json::schema;
pub use sink::{ReportError, Reports, Sink};

#[cfg(test)]
mod canary_tests;
#[cfg(test)]
mod sample;
