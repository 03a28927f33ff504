//! Fields read one at a time, so that a bad one can be told from an absent one (R-V3-07).

use serde::Deserialize;
use serde_json::value::RawValue;

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
