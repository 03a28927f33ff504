//! Objects, and nothing else, and their fields one at a time, so that a bad one can be told from an absent
//! one (R-V3-07).

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Error as _};
use serde_json::value::RawValue;

/// Reads a JSON object, and nothing that is no text, wherever in it. An array in its place is refused: the
/// reader would take its members for the object's, in the order in which we happen to list them.
pub(super) fn read_object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> serde_json::Result<T> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(serde_json::Error::custom("an array where an object is due"));
    }
    // The reader would not look at the bytes of a text that it leaves out.
    serde_json::from_str(std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?)
}

/// Reads a field that is there, null or not, as it stands.
pub(super) fn as_it_stands<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// A field as it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Field<T> {
    /// It was not there.
    #[default]
    Absent,
    /// It was there, of its type.
    Good(T),
    /// It was there, of another type or out of range.
    Bad,
}

impl<'de, T> Deserialize<'de> for Field<T>
where
    T: for<'any> Deserialize<'any>,
{
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(serde_json::from_str(raw.get()).map_or(Self::Bad, Self::Good))
    }
}

/// What is described is what is good; `serde(default)` beside it says that it may be left out.
impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A field that was left out, or its value; none where it is bad.
pub(super) fn given<T>(field: Field<T>) -> Option<Option<T>> {
    match field {
        Field::Absent => Some(None),
        Field::Good(value) => Some(Some(value)),
        Field::Bad => None,
    }
}
