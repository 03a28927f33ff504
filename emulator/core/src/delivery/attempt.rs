//! One attempt to deliver something, and how it ended.

use std::sync::Arc;
use std::time::Duration;

use super::line::LineId;
use crate::dest::{EventDest, LineTo};
use crate::event::{Entry, RecordId};
use crate::wire::View;

/// An attempt's number within a device's life: never used twice, so that the outcome of an attempt
/// from before a restart cannot be taken for a newer one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptId(pub u64);

/// What the shell is to send, and where.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Which attempt this is.
    pub id: AttemptId,
    /// Where to.
    pub destination: Destination,
    /// What: the entry it is made of.
    pub entry: Entry,
    /// In which form.
    pub delivery: Delivery,
    /// The how-manieth attempt at this delivery, from 1.
    pub number: u32,
    /// How long connecting, and then answering, may each take, in real time.
    pub timeout: Duration,
    /// Whether the certificate of an https destination is verified (R-V1-21).
    pub tls_verify: bool,
    /// How the device behaves in this attempt.
    pub view: Arc<View>,
}

/// Where an attempt goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To an address, which answers.
    Post(EventDest),
    /// Onto an open connection, on which nothing answers a report.
    Line(LineId, LineTo),
}

impl Destination {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Post(dest) => dest.as_str(),
            Self::Line(_, to) => to.as_str(),
        }
    }
}

/// The form in which an entry is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A v1 record.
    Push(RecordId),
    /// A v3 `event-report`.
    Report(ReportId),
}

/// A report's `reqid` (R-V3-31).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportId(pub String);

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The platform answered.
    Answered(Answer),
    /// It left whole, to where nothing is answered (R-V3-17).
    Left,
    /// There was no answer.
    NoAnswer(NoAnswer),
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// No connection could be opened.
    Unreachable,
    /// None came in time.
    Silence,
    /// The connection broke, or what came was not HTTP.
    Broken,
}

/// What the platform answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
}
