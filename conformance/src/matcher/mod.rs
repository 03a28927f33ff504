//! Expected JSON with typed matchers in it, and JSON with references in it.
//!
//! `template` fills references to what earlier steps kept; `form` reads matchers; `compare` says in
//! which places a value is not as expected, what it has beyond it (drift), and which readings were
//! seen. All pure.

mod compare;
mod form;
mod schema;
pub mod template;

pub use compare::{Comparison, Mismatch, Seen, compare};
pub use form::{Alternative, Bounds, Hex, Matcher, Timestamp, Typed, Unit};
pub use template::{Request, Scope, Template, TemplateError};
