//! Values that were seen in secret members, to be found wherever else they turn up.
//!
//! Promises to hold a bounded number of values, and to find a card's number in hex and in decimal.
//! What is too short to be told from an ordinary word or number is not looked for.

use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::fields::Kind;

/// The values.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// In lower case.
    values: BTreeSet<String>,
    finder: Option<AhoCorasick>,
}

/// Values kept: a roster's names, cards and PINs many times over, and each code of a long run. More
/// would cost memory; those are still found in the members that hold them.
const VALUES_MAX: usize = 20_000;

/// A longer value is an image or a file, and found by its shape.
const VALUE_BYTES_MAX: usize = 512;

/// The shortest run of digits looked for: the emulator's PINs. Shorter ones would blot out counts,
/// ports and statuses.
const DIGITS_MIN: usize = 6;

/// The shortest word looked for; two characters suffice for a name in another script.
const LETTERS_MIN: usize = 4;

/// The shortest password or token that is looked for after it was seen: shorter ones are words such
/// as `admin`, which are names of accounts too. What the user gave as a password is always looked for.
const CREDENTIAL_MIN: usize = 8;

/// A value of this length is looked for inside longer words as well.
const ALONE_BYTES_MAX: usize = 11;

/// Words of both documents, which somebody may have taken as a name or written on a card.
const WORDS: [&str; 20] = [
    "card", "code", "data", "disa", "door", "event", "face", "fire", "http", "https", "invalid",
    "null", "push", "qrcode", "remote", "reset", "test", "therm", "unknown", "visitor",
];

impl Known {
    /// Keeps a value that the user gave as a password or token.
    pub(super) fn add_given(&mut self, value: &str) {
        self.insert(value);
    }

    /// Keeps what was seen in a member of this kind.
    pub(super) fn add(&mut self, kind: Kind, value: &str) {
        let value = value.trim();
        let worth = match kind {
            Kind::Image => false,
            Kind::Credential => value.chars().count() >= CREDENTIAL_MIN,
            Kind::Name | Kind::Number => is_worth(value),
        };
        if worth {
            self.insert(value);
        }
        if kind == Kind::Number {
            card_forms(value).iter().for_each(|form| self.insert(form));
        }
    }

    /// Whether `value` is one of them.
    pub(super) fn holds(&self, value: &str) -> bool {
        self.values.contains(&value.to_lowercase())
    }

    /// Makes what was added findable.
    pub(super) fn prepare(&mut self) {
        if self.finder.is_some() || self.values.is_empty() {
            return;
        }
        // Fails only on more patterns than `VALUES_MAX` short ones can be.
        self.finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&self.values)
            .ok();
    }

    /// The places in `text` where one stands, in their order.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let Some(finder) = &self.finder else { return Vec::new() };
        let found = finder.find_iter(text).map(|found| found.range());
        found.filter(|range| stands_alone(text, range)).collect()
    }

    fn insert(&mut self, value: &str) {
        let value = value.to_lowercase();
        let fits = !value.trim().is_empty() && value.len() <= VALUE_BYTES_MAX;
        if fits && self.values.len() < VALUES_MAX && self.values.insert(value) {
            self.finder = None;
        }
    }
}

fn is_worth(value: &str) -> bool {
    let least = if value.bytes().all(|byte| byte.is_ascii_digit()) {
        DIGITS_MIN
    } else if value.is_ascii() {
        LETTERS_MIN
    } else {
        2
    };
    value.chars().count() >= least && !WORDS.contains(&value.to_lowercase().as_str())
}

/// The other ways to write a card's number: v3 has hex, v1 has decimal (table D of the rulings).
fn card_forms(value: &str) -> Vec<String> {
    let hex = value.strip_prefix("0x").or_else(|| value.strip_prefix("0X"));
    let number = match hex {
        Some(digits) => u128::from_str_radix(digits, 16).ok(),
        None => value.parse().ok(),
    };
    let Some(number) = number else { return Vec::new() };
    let forms = [
        format!("{number}"),
        format!("{number:x}"),
        format!("{number:08x}"),
        format!("0x{number:08x}"),
    ];
    let digits = hex.map(str::to_owned);
    forms.into_iter().chain(digits).filter(|form| form.len() >= DIGITS_MIN).collect()
}

/// Whether what was found is not part of a longer word. Scripts without spaces have no such thing,
/// and a long value is no coincidence.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let value = &text[range.clone()];
    let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    !value.is_ascii()
        || value.len() > ALONE_BYTES_MAX
        || !(word(range.start.checked_sub(1).and_then(|at| bytes.get(at)))
            || word(bytes.get(range.end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: Kind, value: &str, text: &str) -> Vec<String> {
        let mut known = Known::default();
        known.add(kind, value);
        known.prepare();
        known.find(text).into_iter().map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn a_value_is_found_where_it_stands_alone() {
        for (kind, value, text, expected) in [
            (Kind::Name, "Anna", "to anna, Annas and Anna.", vec!["anna", "Anna"]),
            (Kind::Name, "王五", "请王五进", vec!["王五"]),
            (Kind::Number, "698904", "pin 698904, 16989041", vec!["698904"]),
            (Kind::Number, "4711", "pin 4711", vec![]),
            (Kind::Number, "0xffae0846", "4289595462 FFAE0846", vec!["4289595462", "FFAE0846"]),
            (Kind::Number, "4289595462", "0xffae0846", vec!["0xffae0846"]),
            (Kind::Name, "Door", "the door", vec![]),
            (Kind::Credential, "admin", "user admin", vec![]),
            (Kind::Credential, "s3cr3t-t0k3n", "xs3cr3t-t0k3ny", vec!["s3cr3t-t0k3n"]),
            (Kind::Name, " ", "a b", vec![]),
        ] {
            assert_eq!(found(kind, value, text), expected, "{value} in {text}");
        }
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let mut known = Known::default();
        (0..VALUES_MAX + 10).for_each(|n| known.add(Kind::Name, &format!("person {n}")));
        assert_eq!(known.values.len(), VALUES_MAX);
    }
}
