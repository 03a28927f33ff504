//! The arguments of `vestibule store`.

use std::path::PathBuf;

/// Look at what `vestibule run --data` keeps, or save what is whole of it.
///
/// No process may run on the directory meanwhile. Nothing is repaired in place.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    pub(crate) action: StoreAction,
}

/// What to do with it.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum StoreAction {
    /// Look at everything in it; 1 if something is damaged
    Check {
        /// The directory
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// Save what is whole of it to a new directory
    Salvage {
        /// The directory
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// The new one, empty or not there yet
        #[arg(long, value_name = "NEW")]
        to: PathBuf,
    },
}

const AFTER_HELP: &str = "\
Examples:
  vestibule store check ./door
  vestibule store salvage ./door --to ./door-saved";
