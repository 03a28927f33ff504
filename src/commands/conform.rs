//! `vestibule conform`: judge a device, and what belongs to that.

mod check;

use crate::cli::conform::{ConformAction, ConformArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Runs one of the actions.
pub(crate) fn run(args: &ConformArgs, output: &Output) -> Result<Exit, Failure> {
    match &args.action {
        ConformAction::Check(args) => check::run(args, output),
    }
}
