//! The live feed of v1 in a case: opening it, and what it says next.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Auth;
use crate::case::span::Span;
use crate::matcher::Matcher;

/// A live feed at the device (v1). It is closed at the end of the case.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// The check's name within its case, for lists of known failures; by itself its number.
    #[serde(default)]
    pub id: Option<String>,
    /// Its name, for `hear`.
    #[serde(rename = "as")]
    pub name: String,
    /// Whether the request carries the account.
    #[serde(default)]
    pub auth: Auth,
    /// What must come of it.
    #[serde(default)]
    pub is: FeedIs,
}

/// What must come of asking for a live feed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum FeedIs {
    /// A WebSocket.
    #[default]
    Open,
    /// An answer, and no WebSocket.
    Refused,
}

/// The next message of a live feed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hear {
    /// The check's name within its case, for lists of known failures; by itself its number.
    #[serde(default)]
    pub id: Option<String>,
    /// The feed.
    pub at: String,
    /// Only a message like this; others before it are passed over. Left out: the next one, whatever it is.
    #[serde(default, rename = "where")]
    pub only: Option<Matcher>,
    /// What it must be.
    #[serde(default)]
    pub json: Option<Matcher>,
    /// How long to wait for it.
    #[serde(default = "prompt")]
    pub within: Span,
    /// What it is kept as: `json`.
    #[serde(rename = "as", default)]
    pub keep: Option<String>,
}

const fn prompt() -> Span {
    Span::Prompt
}
