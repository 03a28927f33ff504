//! Comparing a value with what is expected of it.
//!
//! Promises that every place that differs is told, each with its path, what was expected and what
//! was seen; that members beyond the expected ones are drift and no failure; and that nothing is
//! kept from a value that did not match.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use uuid::Uuid;

use super::form::{Bound, Bounds, Find, Hex, Items, Matcher, Near, Text, Timestamp, Typed, Unit};
use super::template::{Scope, Template, kind};
use crate::case::span::Spans;

/// What the comparison needs beside the two values.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What earlier steps kept.
    pub scope: &'a Scope,
    /// Now by the device's clock, in milliseconds since 1970.
    pub device_ms: i64,
    /// The lengths of the words for waits.
    pub spans: &'a Spans,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The places that differ; none: the value is as expected.
    pub mismatches: Vec<Mismatch>,
    /// The paths of members that nothing was expected of.
    pub drift: Vec<String>,
    /// What is kept, by name.
    pub kept: Vec<(String, Value)>,
    /// The readings seen, by the name they are told under.
    pub readings: Vec<(String, String)>,
}

/// A place that differs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mismatch {
    /// Where, such as `body.events[0].uid`; empty for the whole.
    pub path: String,
    /// What was expected there.
    pub expected: String,
    /// What was there.
    pub seen: String,
}

/// The longest piece of a value that is shown: a photo would bury the line.
const SHOWN_CHARS_MAX: usize = 120;

/// Compares `seen` (none: the member is not there) with what is expected.
#[must_use]
pub fn compare(expected: &Matcher, seen: Option<&Value>, with: Seen<'_>) -> Comparison {
    let mut comparison = Comparison::default();
    Comparer { with, out: &mut comparison }.compare(expected, seen, "");
    comparison
}

struct Comparer<'a> {
    with: Seen<'a>,
    out: &'a mut Comparison,
}

impl Comparer<'_> {
    fn compare(&mut self, expected: &Matcher, seen: Option<&Value>, path: &str) {
        if let Matcher::Typed(typed) = expected {
            return self.compare_typed(typed, seen, path);
        }
        let Some(seen) = seen else {
            return self.differs(path, self.show(expected), "nothing");
        };
        match (expected, seen) {
            (Matcher::Literal(literal), _) if literal == seen => {}
            (Matcher::Number(number), Value::Number(other)) if same_number(number, other) => {}
            (Matcher::Text(template), _) => self.compare_text(template, seen, path),
            (Matcher::Array(items), Value::Array(others)) => {
                self.compare_items(items, others, path);
            }
            (Matcher::Object(members), Value::Object(others)) => {
                for (key, member) in members {
                    self.compare(member, others.get(key), &join(path, key));
                }
                let beyond = others.keys().filter(|key| !members.contains_key(*key));
                self.out.drift.extend(beyond.map(|key| join(path, key)));
            }
            _ => self.differs(path, self.show(expected), shown(seen)),
        }
    }

    fn compare_text(&mut self, template: &Template, seen: &Value, path: &str) {
        match template.fill(self.with.scope) {
            Ok(value) if value == *seen => {}
            Ok(value) => self.differs(path, shown(&value), shown(seen)),
            Err(error) => self.differs(path, format!("a value, but {error}"), shown(seen)),
        }
    }

    fn compare_items(&mut self, items: &[Matcher], others: &[Value], path: &str) {
        if items.len() != others.len() {
            let count = |count: usize| format!("an array of {count}");
            return self.differs(path, count(items.len()), count(others.len()));
        }
        for (at, (item, other)) in items.iter().zip(others).enumerate() {
            self.compare(item, Some(other), &format!("{path}[{at}]"));
        }
    }

    fn compare_typed(&mut self, typed: &Typed, seen: Option<&Value>, path: &str) {
        match (typed, seen) {
            (Typed::Absent | Typed::Optional(_), None) => {}
            (Typed::Absent, Some(seen)) => self.differs(path, "no such member", shown(seen)),
            (Typed::Optional(inner), Some(_)) => self.compare(inner, seen, path),
            (Typed::OneOf(of), _) => self.one_of(of, seen, path),
            (Typed::Reading(readings), _) => {
                let of: Vec<&Matcher> = readings.of.iter().map(|one| &one.is).collect();
                let expected = || {
                    let names: Vec<&str> =
                        readings.of.iter().map(|one| one.reading.as_str()).collect();
                    format!("one of the readings {}", names.join(", "))
                };
                if let Some(at) = self.first_of(&of, seen, path, expected) {
                    let reading = readings.of[at].reading.clone();
                    self.out.readings.push((readings.observe_as.clone(), reading));
                }
            }
            (Typed::Capture(capture), _) => {
                let before = self.out.mismatches.len();
                self.compare(&capture.is, seen, path);
                if let (Some(seen), true) = (seen, self.out.mismatches.len() == before) {
                    self.out.kept.push((capture.name.clone(), seen.clone()));
                }
            }
            (_, None) => self.differs(path, self.show_typed(typed), "nothing"),
            (_, Some(seen)) => self.compare_value(typed, seen, path),
        }
    }

    fn compare_value(&mut self, typed: &Typed, seen: &Value, path: &str) {
        let good = match typed {
            Typed::Integer(bounds) => {
                (seen.is_i64() || seen.is_u64()) && self.within(bounds, seen.as_f64())
            }
            Typed::Number(bounds) => seen.is_number() && self.within(bounds, seen.as_f64()),
            Typed::String(text) => seen.as_str().is_some_and(|seen| self.is_text(text, seen)),
            Typed::Boolean => seen.is_boolean(),
            Typed::Object => seen.is_object(),
            Typed::Uuid => seen.as_str().is_some_and(|seen| Uuid::try_parse(seen).is_ok()),
            Typed::Hex(hex) => seen.as_str().is_some_and(|seen| is_hex(hex, seen)),
            Typed::Jpeg => seen.as_str().is_some_and(is_jpeg),
            Typed::Differs(template) => {
                let other = template.fill(self.with.scope);
                other.is_ok_and(|other| other != *seen && kind(&other) == kind(seen))
            }
            Typed::Timestamp(timestamp) => {
                return self.compare_timestamp(timestamp, seen, path);
            }
            Typed::Near(near) => return self.compare_near(near, seen, path),
            Typed::Find(find) => return self.compare_found(find, seen, path),
            Typed::Each(each) => return self.compare_each(each, seen, path),
            Typed::Array(items) => return self.compare_array(items, seen, path),
            // Each of these was dealt with where a missing member is one of its answers.
            Typed::OneOf(_)
            | Typed::Reading(_)
            | Typed::Absent
            | Typed::Optional(_)
            | Typed::Capture(_) => true,
        };
        if !good {
            self.differs(path, self.show_typed(typed), shown(seen));
        }
    }

    fn one_of(&mut self, of: &[Matcher], seen: Option<&Value>, path: &str) {
        let of: Vec<&Matcher> = of.iter().collect();
        let with = self.with;
        let names = of.iter().map(|one| show(one, with)).collect::<Vec<_>>().join(" or ");
        self.first_of(&of, seen, path, || names);
    }

    /// The first that fits; when none does, one mismatch for all of them.
    fn first_of(
        &mut self,
        of: &[&Matcher],
        seen: Option<&Value>,
        path: &str,
        expected: impl FnOnce() -> String,
    ) -> Option<usize> {
        for (at, one) in of.iter().enumerate() {
            let mut tried = Comparison::default();
            Comparer { with: self.with, out: &mut tried }.compare(one, seen, path);
            if tried.mismatches.is_empty() {
                self.out.drift.extend(tried.drift);
                self.out.kept.extend(tried.kept);
                self.out.readings.extend(tried.readings);
                return Some(at);
            }
        }
        self.differs(path, expected(), seen.map_or_else(|| "nothing".to_owned(), shown));
        None
    }

    fn compare_each(&mut self, each: &Matcher, seen: &Value, path: &str) {
        let Value::Array(items) = seen else {
            return self.differs(path, "an array", shown(seen));
        };
        for (at, item) in items.iter().enumerate() {
            self.compare(each, Some(item), &format!("{path}[{at}]"));
        }
    }

    fn compare_array(&mut self, items: &Items, seen: &Value, path: &str) {
        let length = seen.as_array().map(|items| items.len() as f64);
        let bounds = Bounds { min: items.min.clone(), max: items.max.clone() };
        if !length.is_some_and(|length| self.within(&bounds, Some(length))) {
            let expected = show_array(&bounds, self.with);
            let seen = length.map_or_else(|| shown(seen), |length| format!("an array of {length}"));
            return self.differs(path, expected, seen);
        }
        self.compare_each(&items.each, seen, path);
    }

    fn compare_timestamp(&mut self, expected: &Timestamp, seen: &Value, path: &str) {
        let Some((unit, moment_ms)) = moment(seen, expected.unit) else {
            return self.differs(path, show_timestamp(expected), shown(seen));
        };
        if let Some(within) = expected.within {
            let far = moment_ms.abs_diff(self.with.device_ms);
            if far > millis(self.with.spans.length(within)) {
                let length = humantime::format_duration(self.with.spans.length(within));
                let near = format!("a moment within {length} of {} ms", self.with.device_ms);
                return self.differs(path, near, shown(seen));
            }
        }
        if let Some(name) = &expected.observe_as {
            self.out.readings.push((name.clone(), unit.to_owned()));
        }
    }

    /// The element of the array that is looked for, compared at its own path.
    fn compare_found(&mut self, find: &Find, seen: &Value, path: &str) {
        let Value::Array(items) = seen else {
            return self.differs(path, "an array", shown(seen));
        };
        let is_it = |item: &&Value| {
            let mut tried = Comparison::default();
            Comparer { with: self.with, out: &mut tried }.compare(&find.only, Some(item), "");
            tried.mismatches.is_empty()
        };
        match items.iter().position(|item| is_it(&item)) {
            Some(at) => self.compare(&find.is, Some(&items[at]), &format!("{path}[{at}]")),
            None => {
                let expected = format!("an element that is {}", self.explain(&find.only));
                self.differs(path, expected, format!("none among {}", items.len()));
            }
        }
    }

    fn compare_near(&mut self, near: &Near, seen: &Value, path: &str) {
        let other = near.of.fill(self.with.scope);
        let Some((_, seen_ms)) = moment(seen, Unit::Either) else {
            return self.differs(path, "a moment in seconds or milliseconds", shown(seen));
        };
        let Ok(other) = other else {
            return self.differs(
                path,
                "a moment close to another, which is not there",
                shown(seen),
            );
        };
        let far = |(_, other_ms): (_, i64)| {
            seen_ms.abs_diff(other_ms) > millis(self.with.spans.length(near.within))
        };
        if moment(&other, Unit::Either).is_some_and(far) {
            let length = humantime::format_duration(self.with.spans.length(near.within));
            self.differs(path, format!("a moment within {length} of {other}"), shown(seen));
        }
    }

    /// A small matcher in full, a large one in words.
    fn explain(&self, matcher: &Matcher) -> String {
        let Matcher::Object(members) = matcher else {
            return self.show(matcher);
        };
        let member = |(key, member): (&String, &Matcher)| format!("{key} {}", self.show(member));
        format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
    }

    fn within(&self, bounds: &Bounds, number: Option<f64>) -> bool {
        let Some(number) = number else {
            return false;
        };
        let holds = |bound: &Option<Bound>, good: fn(f64, f64) -> bool| match bound {
            None => true,
            Some(bound) => self.bound(bound).is_some_and(|bound| good(number, bound)),
        };
        holds(&bounds.min, |number, min| number >= min)
            && holds(&bounds.max, |number, max| number <= max)
    }

    fn bound(&self, bound: &Bound) -> Option<f64> {
        match bound {
            Bound::Number(number) => Some(*number),
            Bound::Reference(template) => template.fill(self.with.scope).ok()?.as_f64(),
        }
    }

    fn is_text(&self, text: &Text, seen: &str) -> bool {
        let length = seen.chars().count();
        let starts = text.starts.as_ref().is_none_or(|starts| {
            starts.fill_text(self.with.scope).is_ok_and(|start| seen.starts_with(&start))
        });
        text.min.is_none_or(|min| length >= min)
            && text.max.is_none_or(|max| length <= max)
            && text.max_bytes.is_none_or(|max| seen.len() <= max)
            && starts
    }

    fn differs(&mut self, path: &str, expected: impl Into<String>, seen: impl Into<String>) {
        let (path, expected, seen) = (path.to_owned(), expected.into(), seen.into());
        self.out.mismatches.push(Mismatch { path, expected, seen });
    }

    fn show(&self, matcher: &Matcher) -> String {
        show(matcher, self.with)
    }

    fn show_typed(&self, typed: &Typed) -> String {
        show_typed(typed, self.with)
    }
}

/// What a matcher wants, in words.
fn show(matcher: &Matcher, with: Seen<'_>) -> String {
    match matcher {
        Matcher::Literal(value) => shown(value),
        Matcher::Number(number) => number.to_string(),
        Matcher::Text(template) => match template.fill(with.scope) {
            Ok(value) => shown(&value),
            Err(error) => format!("a value, but {error}"),
        },
        Matcher::Array(items) => format!("an array of {}", items.len()),
        Matcher::Object(members) if members.is_empty() => "an object".to_owned(),
        Matcher::Object(members) => {
            let names: Vec<&str> = members.keys().map(String::as_str).collect();
            cut(&format!("an object with {}", names.join(", ")))
        }
        Matcher::Typed(typed) => show_typed(typed, with),
    }
}

fn show_typed(typed: &Typed, with: Seen<'_>) -> String {
    match typed {
        Typed::Integer(bounds) => format!("an integer{}", show_bounds(bounds, with)),
        Typed::Number(bounds) => format!("a number{}", show_bounds(bounds, with)),
        Typed::String(text) => show_text(text, with),
        Typed::Boolean => "a boolean".to_owned(),
        Typed::Object => "an object".to_owned(),
        Typed::Timestamp(timestamp) => show_timestamp(timestamp),
        Typed::Uuid => "a uuid".to_owned(),
        Typed::Hex(hex) => format!(
            "\"{}\" and {} to {} hexadecimal digits{}",
            hex.prefix,
            hex.min,
            hex.max,
            if hex.even { ", an even number" } else { "" }
        ),
        Typed::Jpeg => "a JPEG in base64".to_owned(),
        Typed::OneOf(of) => of.iter().map(|one| show(one, with)).collect::<Vec<_>>().join(" or "),
        Typed::Reading(readings) => {
            let names = readings.of.iter().map(|one| one.reading.as_str());
            format!("one of the readings {}", names.collect::<Vec<_>>().join(", "))
        }
        Typed::Each(_) | Typed::Find(_) => "an array".to_owned(),
        Typed::Near(_) => "a moment close to another".to_owned(),
        Typed::Array(items) => {
            let bounds = Bounds { min: items.min.clone(), max: items.max.clone() };
            show_array(&bounds, with)
        }
        Typed::Absent => "no such member".to_owned(),
        Typed::Optional(inner) => show(inner, with),
        Typed::Capture(capture) => show(&capture.is, with),
        Typed::Differs(template) => match template.fill(with.scope) {
            Ok(value) => format!("{} other than {}", kind(&value), shown(&value)),
            Err(error) => format!("another value, but {error}"),
        },
    }
}

fn show_array(bounds: &Bounds, with: Seen<'_>) -> String {
    match show_bounds(bounds, with).as_str() {
        "" => "an array".to_owned(),
        bounds => format!("an array with a length{bounds}"),
    }
}

fn show_bounds(bounds: &Bounds, with: Seen<'_>) -> String {
    let one = |bound: &Bound| match bound {
        Bound::Number(number) => number.to_string(),
        Bound::Reference(template) => match template.fill(with.scope) {
            Ok(value) => shown(&value),
            Err(error) => format!("({error})"),
        },
    };
    match (&bounds.min, &bounds.max) {
        (None, None) => String::new(),
        (Some(min), None) => format!(" of at least {}", one(min)),
        (None, Some(max)) => format!(" of at most {}", one(max)),
        (Some(min), Some(max)) => format!(" from {} to {}", one(min), one(max)),
    }
}

fn show_text(text: &Text, with: Seen<'_>) -> String {
    let mut words = "a text".to_owned();
    if let Some(starts) = &text.starts {
        let start = starts.fill_text(with.scope).unwrap_or_else(|error| error.to_string());
        words.push_str(&format!(" that begins with \"{start}\""));
    }
    if let Some(min) = text.min {
        words.push_str(&format!(", {min} characters at least"));
    }
    if let Some(max) = text.max {
        words.push_str(&format!(", {max} characters at most"));
    }
    if let Some(max) = text.max_bytes {
        words.push_str(&format!(", {max} bytes at most"));
    }
    words
}

fn show_timestamp(timestamp: &Timestamp) -> String {
    match timestamp.unit {
        Unit::S => "a moment in seconds since 1970 (9 or 10 digits)".to_owned(),
        Unit::Ms => "a moment in milliseconds since 1970 (12 or 13 digits)".to_owned(),
        Unit::Either => "a moment in seconds or milliseconds since 1970".to_owned(),
    }
}

/// A value as JSON, cut when it is long.
fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((at, _)) => format!("{}... ({} characters)", &text[..at], text.chars().count()),
        None => text.to_owned(),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A whole number must be one on both sides: `0` is not `0.0`, since the documents say int.
fn same_number(expected: &serde_json::Number, seen: &serde_json::Number) -> bool {
    if expected.is_f64() { expected.as_f64() == seen.as_f64() } else { expected == seen }
}

fn is_hex(hex: &Hex, seen: &str) -> bool {
    seen.strip_prefix(hex.prefix.as_str()).is_some_and(|digits| {
        (hex.min..=hex.max).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
            && (!hex.even || digits.len().is_multiple_of(2))
    })
}

/// A JPEG begins with these bytes and ends with its own mark.
fn is_jpeg(seen: &str) -> bool {
    STANDARD
        .decode(seen.as_bytes())
        .is_ok_and(|bytes| bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.ends_with(&[0xff, 0xd9]))
}

/// The unit and the moment in milliseconds. Nine digits of seconds begin in 1973, thirteen of
/// milliseconds end in 2286, so the two cannot be taken for one another.
fn moment(seen: &Value, unit: Unit) -> Option<(&'static str, i64)> {
    let number = seen.as_i64().filter(|number| *number > 0)?;
    match (number.to_string().len(), unit) {
        (9 | 10, Unit::S | Unit::Either) => Some(("s", number * 1_000)),
        (12 | 13, Unit::Ms | Unit::Either) => Some(("ms", number)),
        _ => None,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
