//! `vestibule openapi`: the documents of the APIs that are served.

use vestibule_core::wire;
use vestibule_emulator::control;

use crate::cli::openapi::{Api, OpenapiArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Prints the document.
pub(crate) fn run(args: &OpenapiArgs, output: &Output) -> Result<Exit, Failure> {
    let document = match args.api {
        Api::V1 => wire::v1::openapi(),
        Api::V3 => wire::v3::openapi(),
        Api::Control => control::openapi(),
    };
    output.json(&document)?;
    Ok(Exit::Done)
}
