//! One file a subcommand, each short: check, connect, act, report.

mod receive;

use crate::cli::Command;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Runs one subcommand to its end.
pub(crate) async fn run(command: Command, output: &Output) -> Result<Exit, Failure> {
    match command {
        Command::Receive(args) => Box::pin(receive::run(args, output)).await,
    }
}
