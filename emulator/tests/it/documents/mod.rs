//! The OpenAPI documents, as tests hold them against a running device: strictly, so that what a document does not
//! name is not there.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// A document.
pub(crate) struct Document {
    whole: Value,
    /// The schemas, with every object closed.
    components: Value,
}

impl Document {
    pub(crate) fn new(whole: Value) -> Self {
        let mut components = whole["components"].clone();
        for (_, schema) in components["schemas"].as_object_mut().expect("schemas") {
            close_below(schema);
        }
        Self { whole, components }
    }

    pub(crate) fn get(&self, pointer: &str) -> &Value {
        self.whole.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is in the document"))
    }

    /// Every path with a method, and what is said of them.
    pub(crate) fn operations(&self) -> Vec<(String, String, Value)> {
        let mut operations = Vec::new();
        for (path, methods) in self.whole["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                operations.push((path.clone(), method.to_uppercase(), operation.clone()));
            }
        }
        operations
    }

    /// The v3 actions: the path, the name, and what is said of it.
    pub(crate) fn actions(&self) -> Vec<(String, String, Value)> {
        let mut all = Vec::new();
        for (path, _, operation) in self.operations() {
            for (name, about) in operation["x-actions"].as_object().expect("actions") {
                all.push((path.clone(), name.clone(), about.clone()));
            }
        }
        all
    }

    /// Whether a value is as the schema says, and has nothing that it does not name.
    pub(crate) fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let mut schema = schema.clone();
        close(&mut schema);
        let errors: Vec<String> =
            self.validator(&schema).iter_errors(value).map(|error| error.to_string()).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
    }

    /// Whether it is as the schema says, whatever else it has.
    pub(crate) fn may_be(&self, schema: &Value, value: &Value) -> bool {
        let schema = json!({"components": self.whole["components"], "allOf": [schema]});
        jsonschema::draft202012::new(&schema).expect("a schema").is_valid(value)
    }

    fn validator(&self, schema: &Value) -> Validator {
        let schema = json!({"components": self.components, "allOf": [schema]});
        jsonschema::draft202012::new(&schema).expect("a schema")
    }

    /// Demands that an answer is one of the operation's.
    pub(crate) fn judge(&self, operation: &Value, status: u16, kind: &str, answer: &Value) {
        let responses = &operation["responses"];
        let response = responses.get(status.to_string()).or_else(|| responses.get("default"));
        let response = response.unwrap_or_else(|| panic!("{status} is none of {responses}"));
        let content = response["content"].get(kind);
        let schema = &content.unwrap_or_else(|| panic!("{kind} is none of {response}"))["schema"];
        if let Err(error) = self.fits(schema, answer) {
            panic!("{status} {answer}: {error}");
        }
    }
}

/// What holds a schema's parts in place: they say something of the same value.
const IN_PLACE: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Closes a schema of a value of its own: it has what is named, here or by reference, and no more.
fn close(schema: &mut Value) {
    close_below(schema);
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let names_members = object.contains_key("properties")
        || object.contains_key("$ref")
        || IN_PLACE.iter().any(|keyword| object.contains_key(*keyword));
    if names_members && !object.contains_key("additionalProperties") {
        object.insert("unevaluatedProperties".to_owned(), json!(false));
    }
}

/// Closes the schemas of what is in a value.
fn close_below(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        close_each(properties);
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(schema) = object.get_mut(keyword) {
            close(schema);
        }
    }
    for keyword in IN_PLACE {
        let parts = object.get_mut(keyword).and_then(Value::as_array_mut);
        parts.into_iter().flatten().for_each(close_below);
    }
}

fn close_each(properties: &mut Map<String, Value>) {
    for (_, schema) in properties {
        close(schema);
    }
}
