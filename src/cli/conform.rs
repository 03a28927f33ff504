//! `vestibule conform`: its arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to judge, or what to do with cases and results.
#[derive(Debug, Args)]
pub(crate) struct ConformArgs {
    #[command(subcommand)]
    pub(crate) action: ConformAction,
}

/// The actions.
#[derive(Debug, Subcommand)]
pub(crate) enum ConformAction {
    /// Check the case files, without a device
    Check(CheckArgs),
}

/// `vestibule conform check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct CheckArgs {
    /// The directory with the cases; without it those that are built in
    pub(crate) dir: Option<PathBuf>,
    /// Print the JSON Schema of a case file, and check nothing
    #[arg(long, conflicts_with = "dir")]
    pub(crate) schema: bool,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  vestibule conform check
  vestibule conform check my-cases
  vestibule conform check --schema > case.schema.json";
