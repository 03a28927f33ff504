//! The command `vestibule`.
//!
//! Owns the order of a run: read the arguments, set up logging, run one subcommand, turn what it
//! says into an exit code. Promises that nothing is printed but through `output`, and that each
//! exit code other than 0 comes with a line that says what was tried, why it failed and what to
//! try. Leaves every subcommand's own work to `commands`.

mod cli;
mod commands;
mod exit;
mod output;
mod ready_file;
mod reporting;
mod signals;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::exit::{Exit, Failure};
use crate::output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => return output::usage(&refusal).into(),
    };
    let output = Output::new(cli.verbosity(), cli.command.log_format());
    let exit = run(cli, &output).unwrap_or_else(|failure| {
        output.failure(&failure);
        failure.exit
    });
    exit.into()
}

fn run(cli: Cli, output: &Output) -> Result<Exit, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
            Failure::new(Exit::Unreachable, "starting the runtime", error)
                .hint("raise the limits on threads and open files (`ulimit -a`)")
        })?;
    let outcome = runtime.block_on(commands::run(cli.command, output));
    // A thread still blocked, in a name look-up say, must not keep a finished command alive.
    runtime.shutdown_background();
    outcome
}
