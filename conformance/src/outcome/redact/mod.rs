//! Taking secrets out of everything that a report can show.
//!
//! Secret are photos, names, card numbers, PINs, codes, passwords and tokens. `fields` knows the
//! members that hold them, `scan` finds these members in text that need not be good JSON, `shapes`
//! knows what an image or a token looks like under any name, `known` keeps the values that were
//! seen in such members, so that they are found elsewhere too. `redactor` joins them. In place of
//! the value stand its length and its SHA-256: two equal values stay equal, and one that is known
//! from elsewhere can be recognised. A short value can be guessed from its SHA-256 by trying all;
//! what must not even be guessed does not belong on a test device.

mod fields;
mod known;
mod redacted;
mod redactor;
mod scan;
mod shapes;

pub use redacted::Redacted;
pub use redactor::Redactor;
