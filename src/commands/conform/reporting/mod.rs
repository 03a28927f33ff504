//! The reports of a run, as `--report` and `--transcript` ask for them.
//!
//! `asked` reads the arguments, `again` is the command line that reports give for running a case alone.
//! What stands in a report is the library's.

mod again;
mod asked;

pub(super) use again::again;
pub(super) use asked::Asked;
