//! Reading matchers: JSON in which an object with one member that begins with `$` says what a value
//! must be like.
//!
//! Promises that a matcher that was read is one that can be compared, that a mistake is told at its
//! place, and that there is no matcher for "whatever": each one names a type at least.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

use super::template::Template;
use crate::case::span::Span;

/// What a value must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// Exactly this: null or a boolean.
    Literal(Value),
    /// This number; a whole one must be written as a whole one.
    Number(Number),
    /// This text, or the value that the reference gives.
    Text(Template),
    /// These elements, in this order, and no others.
    Array(Vec<Self>),
    /// These members; others are drift.
    Object(BTreeMap<String, Self>),
    /// A typed matcher.
    Typed(Box<Typed>),
}

/// A matcher by type.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    /// `$integer`.
    Integer(Bounds),
    /// `$number`.
    Number(Bounds),
    /// `$string`.
    String(Text),
    /// `$boolean`.
    Boolean,
    /// `$object`: an object, whatever its members.
    Object,
    /// `$timestamp`.
    Timestamp(Timestamp),
    /// `$uuid`.
    Uuid,
    /// `$hex`.
    Hex(Hex),
    /// `$jpeg`: a JPEG in base64.
    Jpeg,
    /// `$one_of`: one of these.
    OneOf(Vec<Matcher>),
    /// `$reading`: one of these by name, and the name is told.
    Reading(Readings),
    /// `$each`: an array of these, perhaps an empty one.
    Each(Matcher),
    /// `$array`: an array by its length and elements.
    Array(Items),
    /// `$find`: an array in which the first element that is so must be so, too.
    Find(Find),
    /// `$near`: a moment close to another, each in seconds or milliseconds.
    Near(Near),
    /// `$absent`: no such member.
    Absent,
    /// `$optional`: no such member, or this.
    Optional(Matcher),
    /// `$capture`: this, and it is kept.
    Capture(Capture),
    /// `$differs`: not the value that the reference gives, but of the same type.
    Differs(Template),
}

/// The least and the greatest value allowed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// The least.
    #[serde(default)]
    pub min: Option<Bound>,
    /// The greatest.
    #[serde(default)]
    pub max: Option<Bound>,
}

/// A number, or a reference to one.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(untagged, expecting = "a number, or a reference such as \"${info.json.body.min}\"")]
pub enum Bound {
    /// A number.
    Number(f64),
    /// A reference.
    Reference(Template),
}

/// What a text must be like.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The least number of characters.
    #[serde(default)]
    pub min: Option<usize>,
    /// The greatest number of characters.
    #[serde(default)]
    pub max: Option<usize>,
    /// The greatest number of bytes in UTF-8.
    #[serde(default)]
    pub max_bytes: Option<usize>,
    /// How it begins.
    #[serde(default)]
    pub starts: Option<Template>,
}

/// A moment since 1970.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Timestamp {
    /// Its unit.
    pub unit: Unit,
    /// The name under which the unit seen is told.
    #[serde(default)]
    pub observe_as: Option<String>,
    /// How far it may be from now by the device's clock.
    #[serde(default)]
    pub within: Option<Span>,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Seconds: 9 or 10 digits.
    S,
    /// Milliseconds: 12 or 13 digits.
    Ms,
    /// Either of them, told apart by the number of digits.
    Either,
}

/// Hexadecimal digits.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Hex {
    /// What stands before the digits.
    #[serde(default)]
    pub prefix: String,
    /// The least number of digits.
    pub min: usize,
    /// The greatest number of digits.
    pub max: usize,
    /// Whether their number must be even.
    #[serde(default)]
    pub even: bool,
}

/// Readings of a ruling, of which one must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Readings {
    /// The name under which the reading is told.
    pub observe_as: String,
    /// The readings; the first that holds is told.
    #[schemars(length(min = 2))]
    pub of: Vec<Alternative>,
}

/// One reading.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Alternative {
    /// Its name, as it is told.
    pub reading: String,
    /// What the value is then.
    pub is: Matcher,
}

/// An array by its length and elements.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// What each element must be.
    pub each: Matcher,
    /// The least number of elements.
    #[serde(default)]
    pub min: Option<Bound>,
    /// The greatest number of elements.
    #[serde(default)]
    pub max: Option<Bound>,
}

/// An element of an array.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// Which element: the first that is so.
    #[serde(rename = "where")]
    pub only: Matcher,
    /// What it must be.
    pub is: Matcher,
}

/// A moment close to another.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Near {
    /// The other; where it is no moment of a calendar (a device may count from its start), any
    /// moment is taken.
    pub of: Template,
    /// How far apart they may be.
    pub within: Span,
}

/// A value that is kept.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// The name it is kept under.
    #[serde(rename = "as")]
    pub name: String,
    /// What it must be.
    pub is: Matcher,
}

/// Nothing more to say: `{}`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// The names, for whoever writes a wrong one.
const NAMES: [&str; 19] = [
    "$integer",
    "$number",
    "$string",
    "$boolean",
    "$object",
    "$timestamp",
    "$uuid",
    "$hex",
    "$jpeg",
    "$one_of",
    "$reading",
    "$each",
    "$array",
    "$find",
    "$near",
    "$absent",
    "$optional",
    "$capture",
    "$differs",
];

impl Matcher {
    /// Everything in it, itself first.
    pub fn parts(&self) -> Vec<&Self> {
        let mut parts = vec![self];
        match self {
            Self::Literal(_) | Self::Number(_) | Self::Text(_) => {}
            Self::Array(items) => parts.extend(items.iter().flat_map(Self::parts)),
            Self::Object(members) => parts.extend(members.values().flat_map(Self::parts)),
            Self::Typed(typed) => match &**typed {
                Typed::OneOf(of) => parts.extend(of.iter().flat_map(Self::parts)),
                Typed::Reading(readings) => {
                    parts.extend(readings.of.iter().flat_map(|one| one.is.parts()));
                }
                Typed::Find(find) => {
                    parts.extend(find.only.parts());
                    parts.extend(find.is.parts());
                }
                Typed::Each(inner) | Typed::Optional(inner) => parts.extend(inner.parts()),
                Typed::Array(Items { each: inner, .. })
                | Typed::Capture(Capture { is: inner, .. }) => parts.extend(inner.parts()),
                _ => {}
            },
        }
        parts
    }

    /// The references directly in it, not in its parts.
    #[must_use]
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Text(template) => vec![template],
            Self::Typed(typed) => match &**typed {
                Typed::Integer(bounds) | Typed::Number(bounds) => {
                    [&bounds.min, &bounds.max].into_iter().filter_map(Bound::template).collect()
                }
                Typed::Array(items) => {
                    [&items.min, &items.max].into_iter().filter_map(Bound::template).collect()
                }
                Typed::String(text) => text.starts.iter().collect(),
                Typed::Differs(template) | Typed::Near(Near { of: template, .. }) => vec![template],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The name it keeps its value under.
    #[must_use]
    pub fn keeps(&self) -> Option<&str> {
        match self {
            Self::Typed(typed) => match &**typed {
                Typed::Capture(capture) => Some(&capture.name),
                _ => None,
            },
            _ => None,
        }
    }

    /// The name it tells what it saw under.
    #[must_use]
    pub fn observes(&self) -> Option<&str> {
        match self {
            Self::Typed(typed) => match &**typed {
                Typed::Reading(readings) => Some(&readings.observe_as),
                Typed::Timestamp(timestamp) => timestamp.observe_as.as_deref(),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Bound {
    fn template(bound: &Option<Self>) -> Option<&Template> {
        match bound {
            Some(Self::Reference(template)) => Some(template),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Matcher;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a matcher")
    }

    fn visit_unit<E>(self) -> Result<Matcher, E> {
        Ok(Matcher::Literal(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Matcher, E> {
        Ok(Matcher::Literal(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Matcher, E> {
        Ok(Matcher::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Matcher, E> {
        Ok(Matcher::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Matcher, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("no finite number"))?;
        Ok(Matcher::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Matcher, E> {
        Template::parse(text).map(Matcher::Text).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Matcher, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Matcher::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Matcher, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            if key.starts_with('$') {
                let typed = typed(&key, &mut map)?;
                return match map.next_key::<String>()? {
                    None if members.is_empty() => Ok(Matcher::Typed(Box::new(typed))),
                    _ => Err(A::Error::custom(format!("`{key}` stands alone in its object"))),
                };
            }
            let value = map.next_value()?;
            if members.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format!("`{key}` stands here twice")));
            }
        }
        Ok(Matcher::Object(members))
    }
}

fn typed<'de, A: MapAccess<'de>>(name: &str, map: &mut A) -> Result<Typed, A::Error> {
    let nothing = |map: &mut A| map.next_value::<Nothing>().map(|_| ());
    Ok(match name {
        "$integer" => Typed::Integer(map.next_value()?),
        "$number" => Typed::Number(map.next_value()?),
        "$string" => Typed::String(map.next_value()?),
        "$boolean" => nothing(map).map(|()| Typed::Boolean)?,
        "$object" => nothing(map).map(|()| Typed::Object)?,
        "$timestamp" => Typed::Timestamp(map.next_value()?),
        "$uuid" => nothing(map).map(|()| Typed::Uuid)?,
        "$hex" => Typed::Hex(map.next_value()?),
        "$jpeg" => nothing(map).map(|()| Typed::Jpeg)?,
        "$one_of" => Typed::OneOf(map.next_value()?),
        "$reading" => Typed::Reading(map.next_value()?),
        "$each" => Typed::Each(map.next_value()?),
        "$array" => Typed::Array(map.next_value()?),
        "$find" => Typed::Find(map.next_value()?),
        "$near" => Typed::Near(map.next_value()?),
        "$absent" => nothing(map).map(|()| Typed::Absent)?,
        "$optional" => Typed::Optional(map.next_value()?),
        "$capture" => Typed::Capture(map.next_value()?),
        "$differs" => Typed::Differs(map.next_value()?),
        _ => {
            let names = NAMES.join(", ");
            let why = format!("`{name}` is no matcher; there are {names}");
            return Err(A::Error::custom(why));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_matcher_is_refused() {
        for (text, why) in [
            (r#"{"$any": {}}"#, "`$any` is no matcher"),
            (r#"{"$integer": {}, "a": 1}"#, "stands alone"),
            (r#"{"a": 1, "$integer": {}}"#, "stands alone"),
            (r#"{"$integer": {"least": 1}}"#, "unknown field `least`"),
            (r#"{"$uuid": {"version": 4}}"#, "unknown field `version`"),
            (r#"{"$timestamp": {}}"#, "missing field `unit`"),
            (r#"{"a": 1, "a": 2}"#, "stands here twice"),
            (r#"{"a": "${"}"#, "is not closed"),
        ] {
            let error = serde_json::from_str::<Matcher>(text).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn parts_and_references_are_found() {
        let text = r#"{"a": {"$each": {"b": "${x.y}", "c": {"$integer": {"min": "${z}"}}}},
            "d": {"$capture": {"as": "kept", "is": {"$uuid": {}}}}}"#;
        let matcher: Matcher = serde_json::from_str(text).unwrap();
        let parts = matcher.parts();
        let names: Vec<&str> =
            parts.iter().flat_map(|part| part.templates()).flat_map(Template::names).collect();
        assert_eq!(names, ["x", "z"]);
        assert_eq!(parts.iter().filter_map(|part| part.keeps()).collect::<Vec<_>>(), ["kept"]);
    }
}
