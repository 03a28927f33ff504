//! What the OpenAPI documents of both device APIs have in common.
//!
//! Their schemas are made of the very types that are read and written, so that they cannot lag behind. They
//! describe the documented device: where a quirk or a fault makes it answer otherwise, its row says so.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// OpenAPI whose schemas are plain JSON Schema.
const OPENAPI: &str = "3.1.1";

/// The schemas of a document: of what is read, and of what is written.
pub(super) struct Schemas {
    pub(super) read: SchemaGenerator,
    pub(super) written: SchemaGenerator,
    named: Map<String, Value>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = || {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings
        };
        let bounded = RecursiveTransform(Bounded);
        let never_null = RecursiveTransform(AbsentNotNull);
        Self {
            read: settings().for_deserialize().with_transform(bounded).into_generator(),
            written: settings().for_serialize().with_transform(never_null).into_generator(),
            named: Map::new(),
        }
    }

    /// What that type is written as.
    pub(super) fn written<T: JsonSchema>(&mut self) -> Value {
        self.written.subschema_for::<T>().to_value()
    }

    /// What that type is read from.
    pub(super) fn read<T: JsonSchema>(&mut self) -> Value {
        self.read.subschema_for::<T>().to_value()
    }

    /// Gives a schema a name, and refers to it.
    pub(super) fn name(&mut self, name: &str, schema: Value) -> Value {
        let before = self.named.insert(name.to_owned(), schema);
        debug_assert!(before.is_none(), "{name} is described once");
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// All of them, by name.
    fn into_components(mut self) -> Map<String, Value> {
        let mut all = self.named;
        all.extend(self.read.take_definitions(true));
        for (name, schema) in self.written.take_definitions(true) {
            let before = all.insert(name.clone(), schema.clone());
            debug_assert!(
                before.is_none_or(|before| before == schema),
                "{name} is not the same in both directions"
            );
        }
        all
    }
}

/// A whole number that is read has the bounds of its type.
#[derive(Clone, Debug)]
struct Bounded;

impl Transform for Bounded {
    fn transform(&mut self, schema: &mut Schema) {
        let bounds = match schema.get("format").and_then(Value::as_str) {
            Some("uint64" | "uint") => [("minimum", json!(0)), ("maximum", json!(u64::MAX))],
            Some("int64") => [("minimum", json!(i64::MIN)), ("maximum", json!(i64::MAX))],
            _ => return,
        };
        for (bound, value) in bounds {
            if schema.get(bound).is_none() {
                schema.insert(bound.to_owned(), value);
            }
        }
    }
}

/// What a type leaves out when it is none is never null.
#[derive(Clone, Debug)]
struct AbsentNotNull;

impl Transform for AbsentNotNull {
    fn transform(&mut self, schema: &mut Schema) {
        let required = schema.get("required").cloned().unwrap_or_else(|| json!([]));
        let is_required = |name: &String| {
            required.as_array().is_some_and(|all| all.iter().any(|one| one == name.as_str()))
        };
        let Some(Value::Object(properties)) = schema.get_mut("properties") else {
            return;
        };
        for (_, property) in properties.iter_mut().filter(|(name, _)| !is_required(name)) {
            drop_null(property);
        }
    }
}

fn drop_null(property: &mut Value) {
    if let Some(types) = property.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            property["type"] = only.clone();
        }
    }
}

/// A document, but for its schemas.
pub(super) struct Document {
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) security_schemes: Value,
    pub(super) paths: Map<String, Value>,
    /// What the device sends by itself.
    pub(super) webhooks: Value,
}

impl Document {
    pub(super) fn with(self, schemas: Schemas) -> Value {
        json!({
            "openapi": OPENAPI,
            "info": {
                "title": self.title,
                "version": env!("CARGO_PKG_VERSION"),
                "description": self.description,
                "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
            },
            "servers": [
                {"url": "http://127.0.0.1:8000", "description": "where `vestibule run` listens"},
            ],
            "paths": self.paths,
            "webhooks": self.webhooks,
            "components": {
                "securitySchemes": self.security_schemes,
                "schemas": schemas.into_components(),
            },
        })
    }
}

/// What is sent as JSON.
pub(super) fn content(schema: &Value) -> Value {
    json!({"application/json": {"schema": schema}})
}
