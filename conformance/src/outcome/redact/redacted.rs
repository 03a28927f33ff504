//! Text that may be shown.

use std::fmt;
use std::ops::Deref;

use sha2::{Digest, Sha256};

/// Text without secrets: one that went through the redactor, or that is the suite's own.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Redacted(String);

/// How the place of a secret begins; nothing that begins so is redacted again.
const OPENING: &str = "[redacted: ";

impl Redacted {
    /// A text that comes from no device and no user.
    pub(in crate::outcome) fn own(text: String) -> Self {
        Self(text)
    }

    pub(super) fn clean(text: String) -> Self {
        Self(text)
    }

    /// Several texts as one.
    pub(in crate::outcome) fn joined<'a>(texts: impl IntoIterator<Item = &'a Self>) -> Self {
        let texts: Vec<&str> = texts.into_iter().map(|text| text.0.as_str()).collect();
        Self(texts.join(", "))
    }

    /// At most `bytes_max` of it, with a word on how much there was.
    #[must_use]
    pub(in crate::outcome) fn cut(mut self, bytes_max: usize) -> Self {
        if self.0.len() > bytes_max {
            let bytes = self.0.len();
            self.0.truncate(self.0.floor_char_boundary(bytes_max));
            self.0.push_str(&format!("... [cut: {bytes} bytes in all]"));
        }
        self
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Redacted {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What stands in place of a secret.
pub(super) fn marker(secret: &[u8]) -> String {
    let bytes = secret.len();
    let mut marker = format!("{OPENING}{bytes} byte{}, sha256 ", if bytes == 1 { "" } else { "s" });
    for byte in Sha256::digest(secret) {
        marker.push_str(&format!("{byte:02x}"));
    }
    marker.push(']');
    marker
}

/// What stands in place of the beginning of a secret, whose end is missing.
pub(super) fn marker_of_part(secret: &str) -> String {
    format!("{OPENING}at least {} bytes, cut short]", secret.len())
}

/// Whether a value is a marker already.
pub(super) fn is_marker(value: &str) -> bool {
    value.starts_with(OPENING) && value.ends_with(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_becomes_its_length_and_its_hash() {
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(marker(b"abc"), format!("[redacted: 3 bytes, sha256 {hash}]"));
        assert!(is_marker(&marker(b"abc")) && !is_marker("abc"));
        assert_eq!(marker_of_part("abc"), "[redacted: at least 3 bytes, cut short]");
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        let text = Redacted::own("王五王五".to_owned());
        assert_eq!(text.clone().cut(12).as_str(), "王五王五");
        assert_eq!(text.cut(7).as_str(), "王五... [cut: 12 bytes in all]");
    }
}
