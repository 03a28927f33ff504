//! The tree keeps its own rules: who may depend on whom, who may print or read a clock, where a quirk may be named,
//! how long a file may be, and that the documents speak of what exists.
//!
//! Each rule is a function from text to a list of problems, tried here on small bad inputs as well, because a check
//! that cannot fail checks nothing. What rustfmt, clippy and cargo-deny check is left to them; here it is only made
//! sure that their limits are the ones STYLE.md gives.

mod dependencies;
mod documents;
mod rulings;
mod sources;
mod tokens;
mod tree;
