//! One file a subcommand, each short: check, connect, act, report.

mod conform;
mod ctl;
mod exec;
mod faults;
mod flood;
mod openapi;
mod quirks;
mod receive;
mod report;
mod run;
mod store;

use crate::cli::Command;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Runs one subcommand to its end.
pub(crate) async fn run(command: Command, output: &Output) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => Box::pin(run::run(*args, output)).await,
        Command::Exec(args) => Box::pin(exec::run(*args, output)).await,
        Command::Ctl(args) => Box::pin(ctl::run(*args, output)).await,
        Command::Conform(args) => Box::pin(conform::run(*args, output)).await,
        Command::Quirks(args) => quirks::run(&args, output),
        Command::Faults(args) => faults::run(&args, output),
        Command::Openapi(args) => openapi::run(&args, output),
        Command::Store(args) => store::run(args, output),
        Command::Flood(args) => Box::pin(flood::run(*args, output)).await,
        Command::Report(args) => report::run(&args, output),
        Command::Receive(args) => Box::pin(receive::run(*args, output)).await,
    }
}
