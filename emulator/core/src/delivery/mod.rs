//! When the next delivery is due and what its outcome means.
//!
//! Two policies: [`push`] (v1: retried and replayed, in order, until acknowledged) and [`report`] (v3:
//! once, and only while online). Both decide; neither touches a socket or a clock.

mod attempt;
pub mod push;
pub mod report;

pub use self::attempt::{Answer, Attempt, AttemptId, Delivery, NoAnswer, Outcome, ReportId};
