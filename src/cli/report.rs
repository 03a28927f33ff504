//! The arguments of `vestibule report`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Put the reports of several processes together
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(subcommand)]
    pub(crate) command: ReportCommand,
}

/// What to do with reports.
#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Make one report of those of a flood's shards
    Merge(MergeArgs),
}

/// `vestibule report merge`.
///
/// Nothing is estimated: counts and histograms are added, and percentiles taken of the sums.
#[derive(Debug, Args)]
#[command(after_help = MERGE_EXAMPLES)]
pub(crate) struct MergeArgs {
    /// The reports of `vestibule flood --report json=FILE`, one of each shard
    #[arg(value_names = ["A.json", "B.json"], required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// What to make: human | json | html, each with =FILE, one of them without [default: json]
    #[arg(long = "report", value_name = "KIND[=FILE]")]
    pub(crate) reports: Vec<String>,
}

const MERGE_EXAMPLES: &str = "\
Examples:
  vestibule report merge shard-0.json shard-1.json
  vestibule report merge shard-*.json --report human --report html=flood.html

Exit codes: 0 every record of every shard was acknowledged; 1 some were not; 2 the reports are not
those of one flood, or a shard is there twice; 4 nothing was sent, or a shard is missing.";
