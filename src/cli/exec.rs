//! The arguments of `vestibule exec`.

use std::ffi::OsString;

use super::run::RunArgs;

/// Run a command beside a device: start it, run the command, stop it.
///
/// The command finds the device in VESTIBULE_URL, VESTIBULE_CONTROL, VESTIBULE_SN (and
/// VESTIBULE_CONTROL_TOKEN): of several devices the first, and all of them in the file that
/// --ready-file names. Ends with the command's exit code.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP, allow_negative_numbers = true)]
pub(crate) struct ExecArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,

    /// The command, with its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

const AFTER_HELP: &str = "\
Example:
  vestibule exec --listen 127.0.0.1:0 --control 127.0.0.1:0 --rate 0 -- pytest tests/

Exit codes: the command's own, 128 + N when signal N ended it; 2 bad usage or configuration, or no
such command; 3 port taken.";
