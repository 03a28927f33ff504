//! What a case is: its format, its parser with places, and the rules that a set of cases keeps.
//!
//! `types` is the format as Rust types, which `fixtures/case.schema.json` is generated from; `read`
//! turns a file into a case or says where it is wrong; `collection` holds a directory of them, or
//! the one compiled into the command; `lint` has the rules that need more than one value.

pub mod clauses;
pub mod collection;
mod embedded;
pub mod lint;
pub mod place;
pub mod read;
pub mod schema;
pub mod span;
pub mod step;
pub mod types;
