//! The JSON Schema of a case file, made from the types that read one.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::types::Case;

/// The schema, JSON Schema 2020-12.
#[must_use]
pub fn schema() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Case>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{embedded, read};

    const STORED: &str = include_str!("../../../fixtures/case.schema.json");

    #[test]
    fn the_stored_schema_is_that_of_the_types() {
        let stored: Value = serde_json::from_str(STORED).expect("it is JSON");
        let hint = "run: vestibule conform check --schema > fixtures/case.schema.json";
        assert!(stored == schema(), "the schema is not that of the types; {hint}");
    }

    #[test]
    fn the_schema_takes_every_case() {
        let schema = jsonschema::draft202012::new(&schema()).expect("it is a schema");
        let mut count = 0;
        for file in embedded::files() {
            if file.path.contains('/') {
                let value: Value = serde_json::from_str(&file.text).expect("it is JSON");
                let errors: Vec<String> =
                    schema.iter_errors(&value).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "{}: {errors:?}", file.name);
                count += 1;
            }
        }
        assert!(count > 0, "there are cases");
    }

    /// Each row spoils a good case in a way that both the reader and the schema must see.
    #[test]
    fn the_schema_refuses_what_the_reader_refuses() {
        let schema = jsonschema::draft202012::new(&schema()).expect("it is a schema");
        let good = r#"{"id": "v3.auth.login", "rev": 1, "title": "t", "source": ["R-V3-02"],
            "level": "must", "provenance": "document", "safety": "safe", "needs": ["events:1"],
            "steps": [{"call": {"v3": {"action": "x", "expect": {"json": {"a": {"$integer": {}}}}}}},
                {"wait": {"for": "300ms", "because": "of it"}},
                {"listen": {"as": "r", "answers": ["ok", {"code": "200"}, {"http": {"status": 503}}]}}]}"#;
        let refused = |text: &str| {
            let value = serde_json::from_str::<Value>(text);
            value.is_ok_and(|value| !schema.is_valid(&value))
        };
        assert!(read::case("f", good).is_ok() && !refused(good));
        for (from, to) in [
            (r#""rev": 1"#, r#""rev": "1""#),
            (r#""must""#, r#""should""#),
            (r#""safety": "safe","#, ""),
            (r#""title""#, r#""titel""#),
            (r#""events:1""#, r#""events""#),
            (r#"{"wait""#, r#"{"sleep""#),
            (r#""300ms""#, r#""soon""#),
            (r#""because": "of it""#, r#""because": 1"#),
            (r#"{"$integer": {}}"#, r#"{"$int": {}}"#),
            (r#"{"$integer": {}}"#, r#"{"$integer": {"least": 1}}"#),
            (r#"{"$integer": {}}"#, r#"{"$integer": {}, "b": 1}"#),
            (r#"{"$integer": {}}"#, r#"{"$hex": {}}"#),
            (r#""ok""#, r#""okay""#),
            (r#"{"status": 503}"#, r#"{"status": "503"}"#),
            (r#""action": "x","#, r#""action": "x", "bdy": {},"#),
        ] {
            let text = good.replacen(from, to, 1);
            assert_ne!(text, good, "{from} is in it");
            assert!(read::case("f", &text).is_err(), "the reader takes {to}");
            assert!(refused(&text), "the schema takes {to}");
        }
    }
}
