//! Reports, as `--report` asks for them: which go where, and files that are replaced whole.
//!
//! What stands in a report is its library's, and which kinds there are its command's.

mod file;
mod value;

pub(crate) use file::ReportFile;
pub(crate) use value::{Wanted, wanted};
