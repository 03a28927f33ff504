//! What a secret looks like under any name: an image in base64, a token, credentials in a URL.

use std::ops::Range;

/// How a JPEG and a PNG begin in base64.
const IMAGES: [&str; 2] = ["/9j/", "iVBORw0KGgo"];

/// The shortest image taken for one; below it a path may look the same.
const IMAGE_BYTES_MIN: usize = 12;

/// The longest run of base64 characters that is shown: longer ones are images or files. The longest
/// identity of either document is a uuid of 36.
const BASE64_BYTES_MAX: usize = 256;

/// How a JWT begins: `{"` in base64.
const JWT: &str = "eyJ";

/// The shortest JWT taken for one.
const JWT_BYTES_MIN: usize = 20;

/// The words before credentials in an `Authorization` header.
const SCHEMES: [&str; 2] = ["basic ", "bearer "];

/// The places in `text` that look like a secret, in their order.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|byte| is_base64(**byte)).count();
        if run == 0 {
            at += 1;
            continue;
        }
        found.extend(in_run(text, at..at + run));
        at += run;
    }
    found.extend(user_infos(text));
    found
}

/// A piece of a run of base64 characters and dots.
fn in_run(text: &str, run: Range<usize>) -> Option<Range<usize>> {
    let word = &text[run.clone()];
    let image = IMAGES.iter().filter_map(|start| word.find(start)).min();
    if let Some(at) = image.filter(|at| word.len() - at >= IMAGE_BYTES_MIN) {
        return Some(run.start + at..run.end);
    }
    let is_jwt = word.starts_with(JWT) && word.len() >= JWT_BYTES_MIN;
    let is_credential = SCHEMES.iter().any(|scheme| {
        let start = run.start.checked_sub(scheme.len());
        let before = start.and_then(|start| text.get(start..run.start));
        before.is_some_and(|before| before.eq_ignore_ascii_case(scheme))
    });
    let longest = word.split('.').map(str::len).max().unwrap_or_default();
    (is_jwt || is_credential || longest > BASE64_BYTES_MAX).then_some(run)
}

/// `user:password` in URLs.
fn user_infos(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(move |(at, mark)| {
        let start = at + mark.len();
        let authority = text[start..].split(['/', '?', '#', '"', ' ', '\\']).next()?;
        let end = authority.rfind('@')?;
        (end > 0).then_some(start..start + end)
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_shape() {
        let long = "A".repeat(257);
        for (text, expected) in [
            ("data:image/jpeg;base64,/9j/4AAQSkZJRg==", vec!["/9j/4AAQSkZJRg=="]),
            ("x iVBORw0KGgoAAAA y", vec!["iVBORw0KGgoAAAA"]),
            ("Authorization: Bearer abc.def", vec!["abc.def"]),
            ("basic YWRtaW46eA==", vec!["YWRtaW46eA=="]),
            ("\"eyJhbGciOiJIUzI1NiJ9.e30.sig\"", vec!["eyJhbGciOiJIUzI1NiJ9.e30.sig"]),
            ("http://u:p@host/x?y=u@v", vec!["u:p"]),
            (long.as_str(), vec![long.as_str()]),
            ("http://127.0.0.1:8000/api/v3.x/event", vec![]),
            ("4d3987c1-a3b3-470b-9fb7-e114772c069c", vec![]),
            ("/9j/", vec![]),
        ] {
            let found: Vec<&str> = find(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
