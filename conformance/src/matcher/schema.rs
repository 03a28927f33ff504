//! The JSON Schema of a matcher, for editors and for whoever checks a fixture without this program.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::form::{
    Bounds, Capture, Find, Hex, Items, Matcher, Near, Nothing, Readings, Text, Timestamp,
};
use super::template::Template;

impl JsonSchema for Matcher {
    fn schema_name() -> Cow<'static, str> {
        "Matcher".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let itself = generator.subschema_for::<Self>();
        let nothing = generator.subschema_for::<Nothing>();
        let template = generator.subschema_for::<Template>();
        let rows: [(&str, Value); 19] = [
            ("$integer", generator.subschema_for::<Bounds>().into()),
            ("$number", generator.subschema_for::<Bounds>().into()),
            ("$string", generator.subschema_for::<Text>().into()),
            ("$boolean", nothing.clone().into()),
            ("$object", nothing.clone().into()),
            ("$timestamp", generator.subschema_for::<Timestamp>().into()),
            ("$uuid", nothing.clone().into()),
            ("$hex", generator.subschema_for::<Hex>().into()),
            ("$jpeg", nothing.clone().into()),
            ("$one_of", json!({"type": "array", "items": itself})),
            ("$reading", generator.subschema_for::<Readings>().into()),
            ("$each", itself.clone().into()),
            ("$array", generator.subschema_for::<Items>().into()),
            ("$find", generator.subschema_for::<Find>().into()),
            ("$near", generator.subschema_for::<Near>().into()),
            ("$absent", nothing.into()),
            ("$optional", itself.clone().into()),
            ("$capture", generator.subschema_for::<Capture>().into()),
            ("$differs", template.clone().into()),
        ];
        let typed: Map<String, Value> =
            rows.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
        json_schema!({
            "description": "A value, or an object with one member that begins with `$`: a typed matcher.",
            "anyOf": [
                {"type": ["null", "boolean", "number"]},
                template,
                {"type": "array", "items": itself},
                {
                    "type": "object",
                    "propertyNames": {"pattern": "^[^$]"},
                    "additionalProperties": itself
                },
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "properties": typed,
                    "additionalProperties": false
                }
            ]
        })
    }
}
