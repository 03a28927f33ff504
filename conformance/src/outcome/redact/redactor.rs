//! Joins the ways to find a secret, and writes a marker in its place.

use std::ops::Range;

use super::fields::{self, Kind};
use super::known::Known;
use super::redacted::{Redacted, is_marker, marker, marker_of_part};
use super::scan::{self, Form, Scalar};
use super::shapes;

/// Takes secrets out of texts, and learns them on the way.
#[derive(Debug, Default)]
pub struct Redactor {
    known: Known,
}

/// How often messages may lie inside texts of messages; what is deeper is taken out whole. No device
/// nests once.
const NESTED_MAX: usize = 3;

/// What stands around a parameter of a URL or a form.
const PARAMETER_ENDS: [char; 9] = ['?', '&', ' ', ';', '#', '"', ',', '\r', '\n'];

impl Redactor {
    /// A redactor that looks for `secrets` everywhere: passwords, their digests and tokens that the
    /// user gave.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut known = Known::default();
        secrets.into_iter().for_each(|secret| known.add_given(secret));
        known.prepare();
        Self { known }
    }

    /// Remembers what secret members of `text` hold.
    pub fn learn(&mut self, text: &str) {
        self.learn_nested(text, 0);
        self.known.prepare();
    }

    /// Remembers the credentials among headers.
    pub fn learn_headers(&mut self, headers: &[(String, String)]) {
        for (name, value) in headers {
            if let Some(kind) = fields::kind(name) {
                let value = value.split_once(' ').map_or(value.as_str(), |(_, value)| value);
                self.known.add(kind, value);
            }
        }
        self.known.prepare();
    }

    /// `text` without secrets: not those in secret members of JSON in it, nor what looks like one,
    /// nor values that were seen in secret members before.
    #[must_use]
    pub fn text(&self, text: &str) -> Redacted {
        Redacted::clean(self.nested(text, None, 0))
    }

    /// What is shown of bytes that are not looked into.
    pub(in crate::outcome) fn whole(bytes: &[u8]) -> Redacted {
        Redacted::clean(marker(bytes))
    }

    /// As `text`, for what was found or expected at `path` of a message: where the path leads to a
    /// secret member, every value in quotes and every longer number is one.
    #[must_use]
    pub fn text_at(&self, path: &str, text: &str) -> Redacted {
        Redacted::clean(self.nested(text, fields::kind_at(path), 0))
    }

    /// A header that can be shown.
    #[must_use]
    pub fn header(&self, name: &str, value: &str) -> (Redacted, Redacted) {
        let secret = fields::kind(name).is_some() && !value.trim().is_empty();
        let value =
            if secret { Redacted::clean(marker(value.as_bytes())) } else { self.text(value) };
        (self.text(name), value)
    }

    fn learn_nested(&mut self, text: &str, depth: usize) {
        for scalar in scan::scalars(text) {
            if let Some(kind) = scalar.kind {
                self.known.add(kind, &scalar.value);
            } else if scalar.form == Form::Escaped && depth < NESTED_MAX {
                self.learn_nested(&scalar.value, depth + 1);
            }
        }
    }

    fn nested(&self, text: &str, all: Option<Kind>, depth: usize) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for scalar in scan::scalars(text) {
            let Some(instead) = self.instead(text, &scalar, all, depth) else { continue };
            out.push_str(&self.plain(&text[at..scalar.range.start]));
            out.push_str(&instead);
            at = scalar.range.end;
        }
        out.push_str(&self.plain(&text[at..]));
        out
    }

    /// What is written in place of a scalar; nothing when it is text like what stands around it.
    fn instead(
        &self,
        text: &str,
        scalar: &Scalar,
        all: Option<Kind>,
        depth: usize,
    ) -> Option<String> {
        let value = &scalar.value;
        if is_marker(value) {
            return Some(text[scalar.range.clone()].to_owned());
        }
        let by_member = scalar.kind.is_some() && says_something(value);
        let by_path = all.is_some() && scalar.kind.is_none() && is_told(scalar);
        // A bare word that is known is quoted only where JSON needs it.
        let by_value = scalar.form == Form::Bare && scalar.inside && self.known.holds(value);
        if by_member || by_path || by_value {
            let marker = match scalar.form {
                Form::Unclosed => marker_of_part(value),
                _ => marker(value.as_bytes()),
            };
            let quoted = scalar.form != Form::Bare || scalar.inside;
            return Some(if quoted { format!("\"{marker}\"") } else { marker });
        }
        if scalar.form != Form::Escaped {
            return None;
        }
        let inner = if depth < NESTED_MAX {
            self.nested(value, None, depth + 1)
        } else {
            marker(value.as_bytes())
        };
        // A string always becomes JSON.
        if inner == *value { None } else { serde_json::to_string(&inner).ok() }
    }

    /// `text` without what looks like a secret or is known as one.
    fn plain(&self, text: &str) -> String {
        let mut ranges = shapes::find(text);
        ranges.extend(queries(text));
        ranges.extend(self.known.find(text));
        ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for Range { start, end } in ranges {
            if end <= at {
                continue;
            }
            let start = start.max(at);
            out.push_str(&text[at..start]);
            out.push_str(&marker(&text.as_bytes()[start..end]));
            at = end;
        }
        out.push_str(&text[at..]);
        out
    }
}

/// Whether a value is one at all: both documents write `""`, `" "` and 0 for nothing.
fn says_something(value: &str) -> bool {
    !matches!(value.trim(), "" | "0")
}

/// Whether a scalar is a value rather than a word of the sentence around it.
fn is_told(scalar: &Scalar) -> bool {
    let is_number = || scalar.value.bytes().all(|byte| byte.is_ascii_digit());
    let long = scalar.value.len() > 3;
    match scalar.form {
        Form::Bare => long && (is_number() || scalar.value.starts_with("0x")),
        _ => long,
    }
}

/// The values of secret parameters, as in `?token=...&name=...`.
fn queries(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(length) = text[start..].find(PARAMETER_ENDS) {
        found.extend(parameter(text, start..start + length));
        // Each of the ends is one byte long.
        start += length + 1;
    }
    found.extend(parameter(text, start..text.len()));
    found
}

/// The value of one parameter, when it is secret.
fn parameter(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let (name, value) = text[range.clone()].split_once('=')?;
    let secret = fields::kind(name).is_some() && says_something(value);
    secret.then(|| range.end - value.len()..range.end)
}

#[cfg(test)]
#[path = "redactor_tests.rs"]
mod tests;
