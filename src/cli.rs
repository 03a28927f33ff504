//! What a user may type: the arguments, and nothing done with them.
//!
//! Owns the subcommands' list and the flags that all of them take; each subcommand's own arguments
//! are a file of `cli/`. Adding a subcommand is a variant here, a file in `cli/` and one in
//! `commands/`, and an arm in `commands/mod.rs`.

pub(crate) mod conform;
pub(crate) mod ctl;
pub(crate) mod exec;
pub(crate) mod faults;
pub(crate) mod flood;
pub(crate) mod openapi;
pub(crate) mod quirks;
pub(crate) mod receive;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod store;
pub(crate) mod values;

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::output::{LogFormat, Verbosity};

/// An emulated face-recognition access device, and the judge of real ones.
#[derive(Debug, Parser)]
#[command(name = "vestibule", version, propagate_version = true, max_term_width = 100)]
#[command(arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    loudness: Loudness,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    what was examined falls short
  2    bad usage, configuration or fixture
  3    target or network: unreachable, port taken, store held
  4    nothing was examined, or less than planned
  130  interrupted";

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
struct Loudness {
    /// Log errors only, and show no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Log more; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Be a device at a door
    #[command(allow_negative_numbers = true)]
    Run(Box<run::RunArgs>),
    /// Run a command beside a device
    Exec(Box<exec::ExecArgs>),
    /// Be a reference platform: take pushes and reports, and count them
    #[command(allow_negative_numbers = true)]
    Receive(Box<receive::ReceiveArgs>),
    /// Drive a running device from a shell
    Ctl(Box<ctl::CtlArgs>),
    /// Judge a device, emulated or real
    Conform(Box<conform::ConformArgs>),
    /// Load a platform, and measure how it bears that
    #[command(allow_negative_numbers = true)]
    Flood(Box<flood::FloodArgs>),
    /// Put the reports of several processes together
    Report(report::ReportArgs),
    /// List the quirks and presets
    Quirks(quirks::QuirksArgs),
    /// List the faults
    Faults(faults::FaultsArgs),
    /// Describe the APIs that are served, as OpenAPI
    Openapi(openapi::OpenapiArgs),
    /// Look at what a device is kept in, or save what is whole of it
    Store(store::StoreArgs),
}

impl Cli {
    /// How much to log.
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.loudness.quiet, self.loudness.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Everything,
        }
    }
}

impl Command {
    /// The form of the log: text, unless the subcommand has a flag for it.
    pub(crate) fn log_format(&self) -> LogFormat {
        match self {
            Self::Run(args) => args.log_format(),
            Self::Exec(args) => args.run.log_format(),
            Self::Receive(_) | Self::Ctl(_) | Self::Conform(_) => LogFormat::Text,
            Self::Flood(_) | Self::Report(_) => LogFormat::Text,
            Self::Quirks(_) | Self::Faults(_) => LogFormat::Text,
            Self::Openapi(_) | Self::Store(_) => LogFormat::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_arguments_hold_together() {
        Cli::command().debug_assert();
    }
}
