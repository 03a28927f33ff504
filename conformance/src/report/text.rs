//! Text from a device made harmless for where it is shown, and numbers made readable.

use std::time::Duration;

use crate::outcome::Level;

/// `text` on one line, with what a terminal would act on written out.
pub(super) fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, one| {
        if acts(one) {
            out.extend(one.escape_default());
        } else {
            out.push(one);
        }
        out
    })
}

/// At most `chars_max` characters of `text`, with a word on how many there were.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}... ({} characters)", &text[..at], text.chars().count()),
        None => text.to_owned(),
    }
}

/// Whole milliseconds, for machines.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A duration for people.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.2}s", duration.as_secs_f64())
}

/// `count` of something, such as `2 cases`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What a case rests on, in one line.
pub(super) fn clause(source: &[String], level: Level) -> String {
    format!("{} ({})", source.join(", "), level.word())
}

/// Control characters, and those that turn the direction of what follows.
fn acts(one: char) -> bool {
    one.is_control() || matches!(one, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_a_terminal() {
        assert_eq!(printable("王 \"a\" \u{1b}[31m\r\n\u{9b}x\u{202e}"), {
            "王 \"a\" \\u{1b}[31m\\r\\n\\u{9b}x\\u{202e}"
        });
    }

    #[test]
    fn a_cut_text_says_how_long_it_was() {
        assert_eq!(cut("王五王五", 4), "王五王五");
        assert_eq!(cut("王五王五", 3), "王五王... (4 characters)");
    }
}
