//! For people, in a browser: one file, without a script and without the network.
//!
//! `page` is the whole, `case` one case with what was said, `picture` the outcomes at a glance. All
//! text is escaped by the template language; the page forbids itself scripts and anything from
//! elsewhere, in case that were not so. Cases are filtered by the style sheet alone.

mod case;
mod page;
mod picture;

pub(super) use page::write;

#[cfg(test)]
mod tests;
