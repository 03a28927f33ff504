//! `vestibule conform`: judge a device, and what belongs to that.

mod bench;
mod check;
mod device;
mod diff;
mod interruption;
mod list;
mod own;
mod person;
mod record;
mod reporting;
mod settings;
mod underway;

use crate::cli::conform::{ConformAction, ConformArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Runs one of the actions.
pub(crate) async fn run(args: ConformArgs, output: &Output) -> Result<Exit, Failure> {
    match args.action {
        ConformAction::Device(args) => Box::pin(device::run(*args, output)).await,
        ConformAction::Check(args) => check::run(&args, output),
        ConformAction::Record(args) => Box::pin(record::run(*args, output)).await,
        ConformAction::Diff(args) => diff::run(&args, output),
    }
}
