//! The arguments of `vestibule quirks`.

/// List the quirks: how a device can behave where the documents leave room, and the presets.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct QuirksArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

const AFTER_HELP: &str = "\
Examples:
  vestibule quirks
  vestibule quirks --json | jq '.quirks[].name'
  vestibule run --quirk v3.timestamp-unit=s";
