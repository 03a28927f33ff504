//! `vestibule conform check`: the case files, without a device.

use std::path::Path;

use vestibule_conformance::case::collection::{Collection, CollectionError};
use vestibule_conformance::case::schema::schema;

use crate::cli::conform::CheckArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Checks the cases of a directory, or those built in.
pub(crate) fn run(args: &CheckArgs, output: &Output) -> Result<Exit, Failure> {
    if args.schema {
        let schema = serde_json::to_string_pretty(&schema());
        let schema =
            schema.map_err(|error| Failure::new(Exit::FallsShort, "writing the schema", error))?;
        output.line(&schema)?;
        return Ok(Exit::Done);
    }
    let collection = read(args.dir.as_deref(), output)?;
    let (cases, clauses) = (collection.cases.len(), collection.clauses.clauses.len());
    output.line(&format!("{cases} cases and {clauses} clauses are in order"))?;
    Ok(Exit::Done)
}

/// The cases of a directory, or those built in; each mistake is printed with its place.
pub(super) fn read(directory: Option<&Path>, output: &Output) -> Result<Collection, Failure> {
    let collection = match directory {
        Some(directory) => Collection::read(directory),
        None => Collection::embedded(),
    };
    let error = match collection {
        Ok(collection) => return Ok(collection),
        Err(error) => error,
    };
    let name =
        directory.map_or_else(|| "the built-in cases".into(), |one| one.display().to_string());
    let tried = format!("reading {name}");
    Err(match error {
        CollectionError::Mistakes(mistakes) => {
            for mistake in &mistakes {
                output.complaint(&mistake.excerpt);
            }
            let why = match mistakes.as_slice() {
                [only] => only.to_string(),
                [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
                [] => "mistakes".to_owned(),
            };
            Failure::new(Exit::Usage, tried, why).hint("fixtures/README.md describes the format")
        }
        error @ CollectionError::Empty { .. } => Failure::new(Exit::NothingExamined, tried, error)
            .hint("cases stand in files such as v3/event-fetch/limit.json below it"),
        error @ CollectionError::Read { .. } => Failure::new(Exit::Usage, tried, error)
            .hint("name a directory of cases that can be read"),
    })
}
