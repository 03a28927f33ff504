//! What came of judging a device: the model that the runner fills and the reports show.
//!
//! `judgement` has the outcomes and the checks they follow from, `exchange` what was said on the
//! wire, `case` how one case's material becomes its result, `run` the sum of all, with the verdict
//! that decides the exit code. `redact` stands between material and result: whatever comes from a
//! device, or may hold what did, is a `Redacted` text in a result, and only the redactor makes one.
//! So a report cannot show a secret, whoever writes it. Reads no clock, writes nothing.

mod case;
mod exchange;
mod judgement;
mod redact;
mod run;

pub use case::{CaseDraft, CaseHead, CaseResult, Ending, Known};
pub use exchange::{
    AnswerDraft, BODY_BYTES_MAX, Direction, Exchange, ExchangeDraft, Exchanges, Message,
    RequestDraft, Response,
};
pub use judgement::{Check, CheckDraft, Level, Mismatch, MismatchDraft, Outcome, Place, Skip};
pub use redact::{Redacted, Redactor};
pub use run::{Progress, Run, RunError, RunStart, Stale, Summary, Target, Verdict};
