//! `openapi` prints the document of each API that is served.

use serde_json::Value;

use crate::support::vestibule;

#[test]
fn each_api_has_a_document() {
    for (api, path) in
        [("v1", "/v1/event/subscribe"), ("v3", "/api/v3.x/event"), ("control", "/devices")]
    {
        let output = vestibule(&["openapi", api]).output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{api}");
        let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert!(document["openapi"].as_str().expect("a version").starts_with("3.1."), "{api}");
        assert!(document["paths"][path].is_object(), "{api} serves {path}");
    }
}

#[test]
fn another_api_is_bad_usage() {
    for args in [&["openapi"][..], &["openapi", "v2"][..]] {
        let output = vestibule(args).output().expect("it ends");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}
