//! `fixtures/clauses.json`: every clause of both vendor pages in our own words.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::place::Mistake;
use super::read;

/// The clauses, by the ids that cases cite.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clauses {
    /// The clauses, by id: `v3.fetch.limit`.
    pub clauses: BTreeMap<String, Clause>,
}

/// One clause.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Which page.
    pub document: Document,
    /// The heading it stands under, in English.
    pub section: String,
    /// What it says, in our own words.
    pub says: String,
    /// Why no case can be made of it.
    #[serde(default)]
    pub none: Option<String>,
}

/// One of the two vendor pages.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Document {
    /// Event management, v3.
    V3,
    /// Third-party push, v1.
    V1,
}

/// Reads the file; `file` is its name for messages.
///
/// # Errors
///
/// The first mistake in it, with its place.
pub fn clauses(file: &str, text: &str) -> Result<Clauses, Mistake> {
    read::typed(file, text)
}
