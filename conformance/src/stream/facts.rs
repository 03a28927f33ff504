//! What a message or event says, as far as checks compare it: small numbers, and names.
//!
//! Promises to take each field only with its documented type; another type is as if it were not
//! there, since whether a field is as documented is judged elsewhere, by the matchers.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use super::entry::Shape;
use super::names::{Name, Names};

/// The longest text kept, in bytes: the documents' longest is a uuid. Longer ones would let one
/// message fill the memory.
const TEXT_BYTES_MAX: usize = 256;

/// What a message or event says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts {
    /// `recognition`, `alarm`, or the v3 event's name; none of what is neither.
    pub kind: Option<Name>,
    /// `deviceSN` or the header `sn` (v1), `device-id` (v3).
    pub device: Option<Name>,
    /// `user.user_id`, an alarm's `user_id`, or `uid`; empty where the message has it so.
    pub person: Option<Name>,
    /// `user.ic_number` or `data`.
    pub card: Option<Name>,
    /// `timestamp` or `event_time`, in whichever unit.
    pub stamp: Option<u64>,
    /// `score` or `recognizeScore`.
    pub score: Option<f32>,
    /// `therm` or `bodyTemperature`.
    pub therm: Option<f32>,
    /// `abnormal_type` or an alarm's `code`.
    pub code: Option<i32>,
    /// A v3 event's `state` or an alarm's `status`.
    pub state: Option<i16>,
    /// `recognitionType`.
    pub recognition: Option<i16>,
    /// `entry_mode`.
    pub entry_mode: Option<i16>,
    /// `pass`.
    pub pass: Option<bool>,
    /// Which kind of message it is.
    pub shape: Shape,
}

impl Facts {
    /// Of something that says nothing.
    pub(crate) fn none(shape: Shape) -> Self {
        Self {
            kind: None,
            device: None,
            person: None,
            card: None,
            stamp: None,
            score: None,
            therm: None,
            code: None,
            state: None,
            recognition: None,
            entry_mode: None,
            pass: None,
            shape,
        }
    }

    /// Of a message to a listener; `sn` is the header of that name.
    pub(crate) fn of_message(names: &mut Names, sn: Option<&str>, value: &Value) -> Self {
        let data = value.get("data").and_then(Value::as_object);
        match (value.get("type").and_then(Value::as_i64), data) {
            (Some(0), Some(data)) => Self::of_recognition(names, sn, data),
            (Some(1), Some(data)) => Self::of_alarm(names, sn, data),
            _ if value.get("action").is_some_and(|action| action == "event-report") => {
                match value.get("body").and_then(Value::as_object) {
                    Some(event) => Self::of_event(names, event, Shape::Report),
                    None => Self::none(Shape::Report),
                }
            }
            _ => Self::none(Shape::Other),
        }
    }

    fn of_recognition(names: &mut Names, sn: Option<&str>, data: &Map<String, Value>) -> Self {
        let user = data.get("user").and_then(Value::as_object);
        let mut of_user = |name: &str| text(names, user.and_then(|user| user.get(name)));
        let (person, card) = (of_user("user_id"), of_user("ic_number"));
        Self {
            kind: Some(names.name("recognition")),
            device: text(names, data.get("deviceSN")).or_else(|| sn.map(|sn| names.name(cut(sn)))),
            person,
            card,
            stamp: data.get("timestamp").and_then(Value::as_u64),
            score: real(data.get("recognizeScore")),
            therm: real(data.get("bodyTemperature")),
            code: integer(data.get("abnormal_type")),
            recognition: integer(data.get("recognitionType")),
            entry_mode: integer(data.get("entry_mode")),
            pass: data.get("pass").and_then(Value::as_bool),
            ..Self::none(Shape::Push)
        }
    }

    fn of_alarm(names: &mut Names, sn: Option<&str>, data: &Map<String, Value>) -> Self {
        let person = match data.get("user_id") {
            Some(Value::Number(id)) => Some(names.name(&id.to_string())),
            other => text(names, other),
        };
        Self {
            kind: Some(names.name("alarm")),
            device: sn.map(|sn| names.name(cut(sn))),
            person,
            stamp: data.get("event_time").and_then(Value::as_u64),
            code: integer(data.get("code")),
            state: integer(data.get("status")),
            ..Self::none(Shape::Push)
        }
    }

    pub(crate) fn of_event(names: &mut Names, event: &Map<String, Value>, shape: Shape) -> Self {
        Self {
            kind: text(names, event.get("event")),
            device: text(names, event.get("device-id")),
            person: text(names, event.get("uid")),
            card: text(names, event.get("data")),
            stamp: event.get("timestamp").and_then(Value::as_u64),
            score: real(event.get("score")),
            therm: real(event.get("therm")),
            state: integer(event.get("state")),
            ..Self::none(shape)
        }
    }
}

fn text(names: &mut Names, value: Option<&Value>) -> Option<Name> {
    value?.as_str().map(|text| names.name(cut(text)))
}

/// At most `TEXT_BYTES_MAX` bytes of it.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, reason = "scores and temperatures have few digits")]
fn real(value: Option<&Value>) -> Option<f32> {
    value?.as_f64().map(|number| number as f32)
}

fn integer<N: TryFrom<i64>>(value: Option<&Value>) -> Option<N> {
    N::try_from(value?.as_i64()?).ok()
}

/// Stands for the fields of `value`, whatever their order; for a push without its `rgb_image`, which
/// a device may encode anew on a retry (R-V1-10).
pub(crate) fn fields_digest(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    digest(value, &["data", "rgb_image"], &mut hasher);
    hasher.finish()
}

/// Stands for bytes.
pub(crate) fn bytes_digest(bytes: &[u8]) -> u32 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).unwrap_or_default()
}

/// `without` is the path of a member that is left out.
fn digest(value: &Value, without: &[&str], hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 0_u8.hash(hasher),
        Value::Bool(flag) => (1_u8, flag).hash(hasher),
        // 1 and 1.0 are one number, and so are 0 and -0. Beyond 2^53 not every integer is a double.
        Value::Number(number) => match number.as_f64() {
            Some(real) if real.abs() < 9e15 => (2_u8, (real + 0.0).to_bits()).hash(hasher),
            _ => (3_u8, number.to_string()).hash(hasher),
        },
        Value::String(text) => (4_u8, text).hash(hasher),
        Value::Array(values) => {
            (5_u8, values.len()).hash(hasher);
            values.iter().for_each(|value| digest(value, &[], hasher));
        }
        Value::Object(members) => {
            6_u8.hash(hasher);
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            for (name, value) in members {
                match without {
                    [last] if *last == name => continue,
                    [first, rest @ ..] if *first == name => {
                        name.hash(hasher);
                        digest(value, rest, hasher);
                    }
                    _ => {
                        name.hash(hasher);
                        digest(value, &[], hasher);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_fields_have_equal_digests_whatever_their_image() {
        let push = json!({"type": 0, "data": {"uuid": "u", "rgb_image": "a", "pass": true, "user": {"rgb_image": 1}}});
        let digest = fields_digest(&push);
        for (pointer, value, same) in [
            ("/data/rgb_image", json!("b"), true),
            ("/data/pass", json!(false), false),
            ("/data/user/rgb_image", json!(2), false),
            ("/type", json!("0"), false),
        ] {
            let mut other = push.clone();
            *other.pointer_mut(pointer).unwrap() = value;
            assert_eq!(fields_digest(&other) == digest, same, "{pointer}");
        }
        assert_ne!(fields_digest(&json!({"a": 0.5})), fields_digest(&json!({"a": 0.25})));
        assert_eq!(fields_digest(&json!([1.0])), fields_digest(&json!([1])));
    }

    #[test]
    fn a_field_of_another_type_is_not_there() {
        let mut names = Names::default();
        let push = json!({"type": 0, "data": {"uuid": "u", "recognizeScore": "0.5", "pass": 1, "abnormal_type": 70001, "user": null}});
        let facts = Facts::of_message(&mut names, Some("sn"), &push);
        assert_eq!(
            (facts.score, facts.pass, facts.code, facts.person),
            (None, None, Some(70001), None)
        );
        assert_eq!(names.text(facts.device.unwrap()), "sn");
        assert_eq!(cut(&"é".repeat(200)).len(), 256);
    }
}
