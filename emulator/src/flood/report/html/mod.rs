//! For people, in a browser: one file, without a script and without the network.
//!
//! `page` is the whole, `chart` one picture of a figure over time. All text is escaped by the template
//! language; the page forbids itself scripts and anything from elsewhere, in case that were not so.

mod chart;
mod page;

pub use self::page::html;
