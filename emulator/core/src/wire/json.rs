//! JSON to bytes: compact, or with the trailing commas of the document's samples (R-V3-25).

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

/// Writes compact JSON.
#[must_use]
pub fn compact<T: Serialize + ?Sized>(message: &T) -> Vec<u8> {
    write(message, CompactFormatter)
}

/// Writes JSON with a comma behind the last member of every object and array.
#[must_use]
pub fn with_trailing_commas<T: Serialize + ?Sized>(message: &T) -> Vec<u8> {
    write(message, TrailingCommas::default())
}

fn write<T: Serialize + ?Sized, F: Formatter>(message: &T, formatter: F) -> Vec<u8> {
    // A usual page of ten events; most messages are smaller, and larger pages grow it.
    let mut bytes = Vec::with_capacity(2048);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    message
        .serialize(&mut serializer)
        .expect("our messages have text keys and memory has no errors");
    bytes
}

/// Remembers whether the innermost object or array has a member yet.
#[derive(Default)]
struct TrailingCommas {
    has_member: bool,
}

impl TrailingCommas {
    fn end<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        if self.has_member {
            writer.write_all(b",")?;
        }
        // What was just closed is a member of what is around it.
        self.has_member = true;
        writer.write_all(bracket)
    }
}

impl Formatter for TrailingCommas {
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.has_member = false;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"}")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.has_member = true;
        Ok(())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.has_member = false;
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"]")
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.has_member = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn r_v3_25_trailing_commas_stand_where_the_samples_have_them() {
        let message = json!({"a": {"max": 9, "min": 1}, "b": [], "c": [{"d": 1}, {}]});
        assert_eq!(
            String::from_utf8(with_trailing_commas(&message)).expect("utf-8"),
            r#"{"a":{"max":9,"min":1,},"b":[],"c":[{"d":1,},{},],}"#
        );
        assert_eq!(compact(&message), serde_json::to_vec(&message).expect("json"));
    }
}
