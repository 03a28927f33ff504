//! `vestibule receive`: a reference platform.

use crate::cli::receive::ReceiveArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Takes pushes and reports until told to stop.
pub(crate) async fn run(args: ReceiveArgs, output: &Output) -> Result<Exit, Failure> {
    let _ = output;
    Err(Failure::new(Exit::Usage, format!("listening on {}", args.listen), "not built yet"))
}
