//! JSON as devices send it: strict, or with the trailing commas that both documents' samples show.
//!
//! Promises that only a comma directly before a closing bracket is forgiven, and that the caller
//! learns of it (R-V3-25). Comments are not forgiven.

use std::borrow::Cow;

use serde_json::Value;

/// A document that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<'a> {
    /// What it says.
    pub value: Value,
    /// The same as strict JSON text.
    pub text: Cow<'a, [u8]>,
    /// Whether trailing commas had to be taken out.
    pub commas: TrailingCommas,
}

/// Whether a document had trailing commas.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TrailingCommas {
    /// Strict JSON.
    None,
    /// At least one.
    Some,
}

/// Reads `bytes`.
///
/// # Errors
///
/// What strict JSON has against `bytes`, when it is not only trailing commas.
pub fn read(bytes: &[u8]) -> Result<Document<'_>, serde_json::Error> {
    let strict = match serde_json::from_slice(bytes) {
        Ok(value) => {
            let text = Cow::Borrowed(bytes);
            return Ok(Document { value, text, commas: TrailingCommas::None });
        }
        Err(error) => error,
    };
    let text = without_trailing_commas(bytes);
    match serde_json::from_slice(&text) {
        Ok(value) => Ok(Document { value, text: Cow::Owned(text), commas: TrailingCommas::Some }),
        Err(_) => Err(strict),
    }
}

/// `bytes` without each comma that is followed, after white space, by `}` or `]`, outside strings.
fn without_trailing_commas(bytes: &[u8]) -> Vec<u8> {
    let mut kept: Vec<u8> = Vec::with_capacity(bytes.len());
    // Where in `kept` a comma stands that nothing but white space has followed yet.
    let mut comma = None;
    let mut in_string = false;
    let mut escaped = false;
    for &byte in bytes {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else {
            match byte {
                b'}' | b']' => {
                    if let Some(at) = comma.take() {
                        kept.remove(at);
                    }
                }
                b',' => comma = Some(kept.len()),
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => comma = None,
            }
            in_string = byte == b'"';
        }
        kept.push(byte);
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_commas_before_a_closing_bracket_are_forgiven() {
        for (text, value) in [
            (r#"{"a": [1, 2, ], "b": 3,}"#, Some(json!({"a": [1, 2], "b": 3}))),
            (r#"{"a": ",}", }"#, Some(json!({"a": ",}"}))),
            (r#"{"a": "\",]",}"#, Some(json!({"a": "\",]"}))),
            (r#"{"a": "\\",}"#, Some(json!({"a": "\\"}))),
            ("[,]", Some(json!([]))),
            ("[1,,]", None),
            (r#"{"a": 1 // one"#, None),
            (r#"{"a": "x"#, None),
        ] {
            match (read(text.as_bytes()), value) {
                (Ok(document), Some(value)) => {
                    assert_eq!(document.value, value, "{text}");
                    assert_eq!(document.commas, TrailingCommas::Some, "{text}");
                }
                (Err(_), None) => {}
                (read, _) => panic!("{text} was read as {read:?}"),
            }
        }
    }

    #[test]
    fn strict_documents_are_left_alone() {
        let document = read(b"[1, 2]").unwrap();
        assert_eq!(document.commas, TrailingCommas::None);
        assert!(matches!(document.text, Cow::Borrowed(b"[1, 2]")));
    }
}
