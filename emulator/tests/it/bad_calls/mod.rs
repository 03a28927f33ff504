//! Bad input of every kind, on every v3 action and v1 route: a clear answer, and nothing has changed.
//!
//! The actions and routes are those of the OpenAPI documents, so one that is added without a row here fails.

mod around_v3;
mod before_and_after;
mod bodies_v3;
mod v1;
