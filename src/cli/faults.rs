//! The arguments of `vestibule faults`.

/// List the faults: how a device can be made to misbehave, and what each breaks.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct FaultsArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

const AFTER_HELP: &str = "\
Examples:
  vestibule faults
  vestibule faults --json | jq -r '.faults[].name'
  vestibule ctl faults set v1.ack.ignored v1.cache.small,records=20";
