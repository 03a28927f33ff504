//! When the next delivery is due and what its outcome means.
//!
//! Two policies: [`push`] (v1: retried and replayed, in order, until acknowledged) and [`report`] (v3:
//! once, and only while online), and [`mod@line`], the connection on which reports may leave, with
//! [`heartbeat`], whether anybody is still there. All decide; none
//! touches a socket or a clock.

mod attempt;
pub mod heartbeat;
pub mod line;
pub mod mqtt;
pub mod push;
pub mod report;

pub use self::attempt::{
    Answer, Attempt, AttemptId, Delivery, Destination, NoAnswer, Outcome, ReportId,
};
