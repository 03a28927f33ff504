//! Members and their values in text that looks like JSON, wherever it begins and ends.
//!
//! Promises to find the values of a broken message too: cut off, with commas too many, in the
//! middle of a sentence. Panics on no text.

use std::ops::Range;

use super::fields::{self, Kind};

/// A text or number in quotes or bare.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Scalar {
    /// Where it stands, with its quotes.
    pub(super) range: Range<usize>,
    /// What it says.
    pub(super) value: String,
    /// How it is written.
    pub(super) form: Form,
    /// Whether it stands inside an object or array.
    pub(super) inside: bool,
    /// What kind of secret it is, by the member that it is the value of.
    pub(super) kind: Option<Kind>,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// In quotes.
    Quoted,
    /// In quotes, with escapes.
    Escaped,
    /// In quotes, of which the second is missing.
    Unclosed,
    /// Without quotes.
    Bare,
}

/// An object or array that is open.
#[derive(Debug, Default)]
struct Frame {
    /// What everything in it is.
    all: Option<Kind>,
    /// The member whose value comes next.
    member: Option<String>,
    /// What its member `value` is, by what its member `key` said.
    pair: Option<Kind>,
    /// Its member `value`, if that came first.
    value_at: Option<usize>,
}

/// Objects and arrays told apart: no device nests deeper than five, and each costs memory.
const DEPTH_MAX: usize = 256;

/// The texts and numbers in `text`, in their order, member names left out.
pub(super) fn scalars(text: &str) -> Vec<Scalar> {
    let mut scan = Scan { text, frames: vec![Frame::default()], deeper: 0, found: Vec::new() };
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        at = match byte {
            b'"' => scan.quoted(at),
            b'{' | b'[' => scan.open(at),
            b'}' | b']' => scan.close(at),
            b',' => scan.comma(at),
            _ if is_bare(byte) => scan.bare(at),
            _ => at + 1,
        };
    }
    scan.found
}

struct Scan<'a> {
    text: &'a str,
    /// Never empty: the first is the text itself.
    frames: Vec<Frame>,
    /// How many are open beyond the last frame.
    deeper: usize,
    found: Vec<Scalar>,
}

impl Scan<'_> {
    fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    fn open(&mut self, at: usize) -> usize {
        if self.frames.len() >= DEPTH_MAX {
            self.deeper += 1;
            return at + 1;
        }
        let frame = self.frame();
        let member = frame.member.as_deref().filter(|name| fields::holds_all_inside(name));
        let all = frame.all.or_else(|| member.and_then(fields::kind));
        self.frames.push(Frame { all, ..Frame::default() });
        at + 1
    }

    fn close(&mut self, at: usize) -> usize {
        match self.deeper.checked_sub(1) {
            Some(deeper) => self.deeper = deeper,
            None => drop(self.frames.pop()),
        }
        self.frame().member = None;
        at + 1
    }

    fn comma(&mut self, at: usize) -> usize {
        self.frame().member = None;
        at + 1
    }

    fn quoted(&mut self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = at + 1;
        let mut form = Form::Quoted;
        loop {
            match bytes.get(end) {
                Some(b'"') => break end += 1,
                Some(b'\\') => {
                    form = Form::Escaped;
                    end += 2;
                }
                Some(_) => end += 1,
                None => {
                    form = Form::Unclosed;
                    break;
                }
            }
        }
        let end = self.text.ceil_char_boundary(end.min(bytes.len()));
        let value = value(&self.text[at..end], form);
        let after = &self.text[end..];
        if after.trim_start().starts_with(':') {
            self.frame().member = Some(value);
            return end + (after.len() - after.trim_start().len()) + 1;
        }
        self.add(at..end, value, form);
        end
    }

    fn bare(&mut self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let length = bytes[at..].iter().take_while(|byte| is_bare(**byte)).count();
        let end = self.text.ceil_char_boundary(at + length);
        let value = self.text[at..end].to_owned();
        if !matches!(value.as_str(), "true" | "false" | "null") {
            self.add(at..end, value, Form::Bare);
        }
        end
    }

    fn add(&mut self, range: Range<usize>, value: String, form: Form) {
        let inside = self.frames.len() > 1;
        let at = self.found.len();
        let frame = self.frame();
        let member = frame.member.as_deref().unwrap_or_default();
        let mut kind = frame.all.or_else(|| fields::kind(member));
        // A setting is `{"key": its name, "value": ...}`, a header often `{"name": ..., "value": ...}`.
        let mut earlier = None;
        if member == "value" {
            kind = kind.or(frame.pair);
            frame.value_at = Some(at);
        } else if matches!(member, "key" | "name") {
            frame.pair = fields::kind(&value);
            earlier = frame.value_at.zip(frame.pair);
        }
        if let Some((value_at, kind)) = earlier {
            self.found[value_at].kind = Some(kind);
        }
        self.found.push(Scalar { range, value, form, inside, kind });
    }
}

/// What a scalar in quotes says; escapes that are none stay as they are.
fn value(quoted: &str, form: Form) -> String {
    let inner = quoted.strip_prefix('"').unwrap_or(quoted);
    match form {
        Form::Escaped => serde_json::from_str(quoted)
            .unwrap_or_else(|_| inner.strip_suffix('"').unwrap_or(inner).to_owned()),
        Form::Unclosed => {
            serde_json::from_str(&format!("{quoted}\"")).unwrap_or_else(|_| inner.to_owned())
        }
        Form::Quoted | Form::Bare => inner.strip_suffix('"').unwrap_or(inner).to_owned(),
    }
}

/// Numbers and words: what may stand without quotes, and all that is not ASCII.
fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_') || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secrets(text: &str) -> Vec<String> {
        let secret = scalars(text).into_iter().filter(|scalar| scalar.kind.is_some());
        secret.map(|scalar| scalar.value).collect()
    }

    #[test]
    fn values_are_found_in_whole_and_in_broken_messages() {
        for (text, expected) in [
            (r#"{"name": "A B", "user_id": "5"}"#, vec!["A B"]),
            (r#"{"user": {"pin": 1234, "name": "王五",}}"#, vec!["1234", "王五"]),
            (r#"{"data": {"uuid": "u"}, "code": 200}"#, vec![]),
            (r#"{"event": "card", "data": "0xff"}"#, vec!["0xff"]),
            (r#"{"cards": [{"id": 7, "type": "ic"}, 8], "x": 9}"#, vec!["7", "ic", "8"]),
            (r#"{"name": "A \"B\" \u738b", "x": 1}"#, vec!["A \"B\" 王"]),
            (r#"{"name": "cut of"#, vec!["cut of"]),
            (r#"{"name": "\"#, vec!["\\"]),
            (r#"}}]"name" : "late"]"#, vec!["late"]),
            (r#"expected 1, seen {"passwd":"p w"}"#, vec!["p w"]),
            (
                r#"{"configs":[{"key":"wifi-passwd","value":"w"},{"key":"k","value":"v"}]}"#,
                vec!["w"],
            ),
            (r#"[{"value":"w","key":"api-key"}]"#, vec!["w"]),
            (r#"{"name": null, "pin": true, "qrcode": {}}"#, vec![]),
        ] {
            assert_eq!(secrets(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_scan(text in r#"[a"\\\[\]{}:,王 ]{0,40}"#) {
            let mut end = 0;
            for scalar in scalars(&text) {
                prop_assert!(scalar.range.start >= end && scalar.range.end <= text.len());
                prop_assert!(text.get(scalar.range.clone()).is_some());
                end = scalar.range.end;
            }
        }
    }
}
