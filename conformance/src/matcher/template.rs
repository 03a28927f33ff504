//! References in texts: `${page.json.body.events.0.seqnum + 1}`.
//!
//! A text that is one reference becomes the value itself, with its type; in a longer text the value
//! is put in as text. A reference is a name that a step kept, a path into it by members and
//! positions, and perhaps an operator with blanks around it (`+`, `-`, `*`) and a whole number or a
//! second path. Where a reference leads nowhere, that is told and nothing is guessed.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// What steps kept, by name.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    values: BTreeMap<String, Value>,
}

/// A text with references.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// JSON to send, with references in its texts, and `{"$pad": ...}` for a text of a given length.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A value as it is.
    Plain(Value),
    /// A text.
    Text(Template),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(BTreeMap<String, Self>),
    /// A text of an exact length.
    Pad(Pad),
}

/// A text of an exact length.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Pad {
    /// How it begins.
    pub start: Template,
    /// Its length in characters.
    pub to: usize,
    /// The character it is filled with.
    pub with: char,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Piece {
    Text(String),
    Reference(Expression),
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Expression {
    first: Path,
    then: Option<(Operator, Operand)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Operator {
    Plus,
    Minus,
    Times,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Operand {
    Number(i64),
    Path(Path),
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Path {
    name: String,
    steps: Vec<String>,
}

/// Why a text cannot be read, or not be filled.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// `${` without `}`.
    #[error("`${{` is not closed by `}}`")]
    Open,
    /// Not a reference.
    #[error(
        "`${{{given}}}` is no reference: write a name and a path, such as `${{page.json.retcode}}`, \
         or such a path, ` + ` and a number"
    )]
    Form {
        /// What stands between the braces.
        given: String,
    },
    /// Nothing has that name.
    #[error("no step kept `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The value has no such member.
    #[error("`{path}` leads nowhere: there is no `{at}`")]
    Nowhere {
        /// The whole path.
        path: String,
        /// The part that is missing.
        at: String,
    },
    /// Arithmetic on something else than whole numbers.
    #[error("`{path}` is {seen}, not a whole number")]
    NoNumber {
        /// The path.
        path: String,
        /// What is there.
        seen: String,
    },
    /// Outside of what 64 bits hold.
    #[error("the result of `{path}` is too large")]
    Overflow {
        /// The path.
        path: String,
    },
}

impl Scope {
    /// Keeps a value under a name, in place of an earlier one.
    pub fn keep(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// What was kept under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// When something in `${}` is no reference.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (inside, behind) = after.split_once('}').ok_or(TemplateError::Open)?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Reference(expression(inside)?));
            rest = behind;
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self { pieces })
    }

    /// The text, when it has no reference.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Fills the references.
    ///
    /// # Errors
    ///
    /// When one leads nowhere, or counts with something that is no whole number.
    pub fn fill(&self, scope: &Scope) -> Result<Value, TemplateError> {
        if let [Piece::Reference(expression)] = self.pieces.as_slice() {
            return expression.value(scope);
        }
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Reference(expression) => text.push_str(&as_text(&expression.value(scope)?)),
            }
        }
        Ok(Value::String(text))
    }

    /// Fills the references and makes a text of the whole.
    ///
    /// # Errors
    ///
    /// As [`Self::fill`].
    pub fn fill_text(&self, scope: &Scope) -> Result<String, TemplateError> {
        self.fill(scope).map(|value| as_text(&value))
    }

    /// The names it refers to.
    pub fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        for piece in &self.pieces {
            if let Piece::Reference(expression) = piece {
                names.insert(expression.first.name.as_str());
                if let Some((_, Operand::Path(path))) = &expression.then {
                    names.insert(path.name.as_str());
                }
            }
        }
        names
    }
}

impl Request {
    /// Whether each of its texts has the run's own id in it, and there is one.
    #[must_use]
    pub fn is_of_this_run(&self) -> bool {
        match self {
            Self::Text(template) => template.names().contains("run"),
            Self::Array(items) => !items.is_empty() && items.iter().all(Self::is_of_this_run),
            Self::Object(members) => {
                !members.is_empty() && members.values().all(Self::is_of_this_run)
            }
            Self::Plain(_) | Self::Pad(_) => false,
        }
    }

    /// Fills all references.
    ///
    /// # Errors
    ///
    /// As [`Template::fill`].
    pub fn fill(&self, scope: &Scope) -> Result<Value, TemplateError> {
        match self {
            Self::Plain(value) => Ok(value.clone()),
            Self::Text(template) => template.fill(scope),
            Self::Array(items) => items.iter().map(|item| item.fill(scope)).collect(),
            Self::Object(members) => {
                let filled = members.iter().map(|(key, one)| Ok((key.clone(), one.fill(scope)?)));
                filled.collect::<Result<Map<String, Value>, _>>().map(Value::Object)
            }
            Self::Pad(pad) => pad.fill(scope).map(Value::String),
        }
    }

    /// The names it refers to.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        match self {
            Self::Plain(_) => BTreeSet::new(),
            Self::Text(template) => template.names(),
            Self::Array(items) => items.iter().flat_map(Self::names).collect(),
            Self::Object(members) => members.values().flat_map(Self::names).collect(),
            Self::Pad(pad) => pad.start.names(),
        }
    }
}

impl Pad {
    fn fill(&self, scope: &Scope) -> Result<String, TemplateError> {
        let mut text = self.start.fill_text(scope)?;
        let missing = self.to.saturating_sub(text.chars().count());
        text.extend(std::iter::repeat_n(self.with, missing));
        Ok(text)
    }
}

impl Expression {
    fn value(&self, scope: &Scope) -> Result<Value, TemplateError> {
        let first = self.first.value(scope)?;
        let Some((operator, operand)) = &self.then else {
            return Ok(first.clone());
        };
        let left = self.first.number(first)?;
        let right = match operand {
            Operand::Number(number) => *number,
            Operand::Path(path) => path.number(path.value(scope)?)?,
        };
        let result = match operator {
            Operator::Plus => left.checked_add(right),
            Operator::Minus => left.checked_sub(right),
            Operator::Times => left.checked_mul(right),
        };
        result.map(Value::from).ok_or_else(|| TemplateError::Overflow { path: self.first.text() })
    }
}

impl Path {
    fn value<'s>(&self, scope: &'s Scope) -> Result<&'s Value, TemplateError> {
        let unknown = || TemplateError::Unknown { name: self.name.clone() };
        let mut value = scope.get(&self.name).ok_or_else(unknown)?;
        for step in &self.steps {
            let next = match value {
                Value::Object(members) => members.get(step),
                Value::Array(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
                _ => None,
            };
            let nowhere = || TemplateError::Nowhere { path: self.text(), at: step.clone() };
            value = next.ok_or_else(nowhere)?;
        }
        Ok(value)
    }

    fn number(&self, value: &Value) -> Result<i64, TemplateError> {
        let none = || TemplateError::NoNumber { path: self.text(), seen: kind(value).to_owned() };
        value.as_i64().ok_or_else(none)
    }

    fn text(&self) -> String {
        let mut text = self.name.clone();
        for step in &self.steps {
            text.push('.');
            text.push_str(step);
        }
        text
    }
}

/// What a value is, in a word or two.
#[must_use]
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn expression(given: &str) -> Result<Expression, TemplateError> {
    let wrong = || TemplateError::Form { given: given.to_owned() };
    let words: Vec<&str> = given.split_whitespace().collect();
    match words.as_slice() {
        [first] => Ok(Expression { first: path(first).ok_or_else(wrong)?, then: None }),
        [first, operator, second] => {
            let operator = match *operator {
                "+" => Operator::Plus,
                "-" => Operator::Minus,
                "*" => Operator::Times,
                _ => return Err(wrong()),
            };
            let operand = match second.parse() {
                Ok(number) => Operand::Number(number),
                Err(_) => Operand::Path(path(second).ok_or_else(wrong)?),
            };
            let first = path(first).ok_or_else(wrong)?;
            Ok(Expression { first, then: Some((operator, operand)) })
        }
        _ => Err(wrong()),
    }
}

fn path(text: &str) -> Option<Path> {
    let mut parts = text.split('.').map(str::to_owned);
    let name = parts.next()?;
    let steps: Vec<String> = parts.collect();
    let good = |part: &String| {
        !part.is_empty()
            && part.chars().all(|one| one.is_ascii_alphanumeric() || "_-".contains(one))
    };
    (good(&name) && steps.iter().all(good)).then_some(Path { name, steps })
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RequestVisitor)
    }
}

struct RequestVisitor;

impl<'de> serde::de::Visitor<'de> for RequestVisitor {
    type Value = Request;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Request, E> {
        Ok(Request::Plain(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Request, E> {
        Ok(Request::Plain(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Request, E> {
        Ok(Request::Plain(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Request, E> {
        Ok(Request::Plain(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Request, E> {
        Ok(Request::Plain(value.into()))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Request, E> {
        Template::parse(text).map(Request::Text).map_err(E::custom)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Request, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Request::Array(items))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Request, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "$pad" {
                let pad = map.next_value()?;
                return match map.next_key::<String>()? {
                    None if members.is_empty() => Ok(Request::Pad(pad)),
                    _ => Err(A::Error::custom("`$pad` stands alone in its object")),
                };
            }
            let value = map.next_value()?;
            if members.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format!("`{key}` stands here twice")));
            }
        }
        Ok(Request::Object(members))
    }
}

impl JsonSchema for Template {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A text, with references such as `${page.json.body.min + 1}`."
        })
    }
}

impl JsonSchema for Request {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Request".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let pad = generator.subschema_for::<Pad>();
        schemars::json_schema!({
            "description": "JSON to send, with references in its texts; `{\"$pad\": ...}` is a text of an exact length.",
            "if": {"type": "object", "required": ["$pad"]},
            "then": {"properties": {"$pad": pad}, "additionalProperties": false}
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.keep("info", json!({"json": {"body": {"min": 3, "max": 9, "device-id": "D"}}}));
        scope.keep("list", json!([{"a": 1}, {"a": 2.5}]));
        scope
    }

    #[test]
    fn references_are_filled() {
        for (text, filled) in [
            ("plain", Some(json!("plain"))),
            ("", Some(json!(""))),
            ("${info.json.body.min}", Some(json!(3))),
            ("${info.json.body.min + 2}", Some(json!(5))),
            ("${info.json.body.max - info.json.body.min}", Some(json!(6))),
            ("${info.json.body.device-id}", Some(json!("D"))),
            ("n=${info.json.body.min * 2}, m=${list.1.a}", Some(json!("n=6, m=2.5"))),
            ("${list.0}", Some(json!({"a": 1}))),
            ("${list.2.a}", None),
            ("${nobody}", None),
            ("${list.1.a + 1}", None),
            ("${info.json.body.min * 9223372036854775807}", None),
        ] {
            let template = Template::parse(text).expect("it can be read");
            assert_eq!(template.fill(&scope()).ok(), filled, "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in ["${", "${}", "${a b}", "${a / 2}", "${a..b}", "${a.$b}", "x ${a +2}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_names_are_known() {
        let template = Template::parse("${a.b} ${c + d.e}").unwrap();
        assert_eq!(template.names().into_iter().collect::<Vec<_>>(), ["a", "c", "d"]);
    }

    #[test]
    fn a_pad_has_its_length_exactly() {
        let text = r#"{"url": {"$pad": {"start": "http://${list.0.a}/", "to": 20, "with": "é"}}}"#;
        let request: Request = serde_json::from_str(text).unwrap();
        let filled = request.fill(&scope()).unwrap();
        assert_eq!(filled["url"].as_str().unwrap().chars().count(), 20);
        assert!(
            serde_json::from_str::<Request>(
                r#"{"$pad": {"start": "", "to": 1, "with": "x"}, "a": 1}"#
            )
            .is_err()
        );
    }
}
