//! Somebody whom a platform enrolled: what it said, and what follows from that.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::standing::{Category, Standing};
use crate::clock::UnixMillis;

/// A person's name within a device: 1 to [`UserId::BYTES_MAX`] bytes, and not a stranger's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The vendor's manual has 32 bytes: a longer one names nobody.
    pub const BYTES_MAX: usize = 32;

    /// The id that reads so; none if nobody can have it. What begins with 0000 is a stranger (R-V3-21).
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_an_id = (1..=Self::BYTES_MAX).contains(&text.len())
            && !text.starts_with("0000")
            && !text.chars().any(char::is_control);
        is_an_id.then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number that it is, if it is one in the usual form.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        number(&self.0)
    }
}

/// The number that reads so in the usual form: one name for one person, and `+5` is another one.
pub(super) fn number(text: &str) -> Option<u64> {
    let is_usual = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_usual)
}

impl From<u32> for UserId {
    fn from(number: u32) -> Self {
        Self(number.to_string().into())
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A card's number, of at most 80 bits: the 20 hex digits of R-V3-23.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CardNumber(u128);

impl CardNumber {
    /// That number; none if it has more than 80 bits.
    #[must_use]
    pub const fn new(number: u128) -> Option<Self> {
        if number >> 80 == 0 { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u128 {
        self.0
    }
}

/// A text that is no card's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a card is a decimal number of at most 80 bits")]
pub struct NoCard;

impl FromStr for CardNumber {
    type Err = NoCard;

    /// Reads decimal digits, as v1 writes a card.
    fn from_str(text: &str) -> Result<Self, NoCard> {
        let are_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| are_digits);
        number.and_then(Self::new).ok_or(NoCard)
    }
}

impl fmt::LowerHex for CardNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, formatter)
    }
}

impl From<u32> for CardNumber {
    fn from(number: u32) -> Self {
        Self(number.into())
    }
}

/// A card as the platform wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolledCard {
    /// What it is.
    pub number: CardNumber,
    /// The card as it was written, a JSON object.
    pub written: Arc<str>,
}

/// Somebody whom a platform enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Who.
    pub userid: UserId,
    /// At most [`Self::NAME_BYTES_MAX`] bytes.
    pub name: Arc<str>,
    /// At most [`Self::DESC_BYTES_MAX`] bytes.
    pub desc: Arc<str>,
    /// From when on the person may pass, seconds since 1970.
    pub effect: i64,
    /// Until when, seconds since 1970; -1 has no end.
    pub expire: i64,
    /// Negative: on the blocklist.
    pub state: i64,
    /// The cards, at most [`Self::CARDS_MAX`]; the first is the one that is shown.
    pub cards: Vec<EnrolledCard>,
    /// Kept and given back: a JSON array of at most [`Self::RULES_BYTES_MAX`] bytes.
    pub rules: Arc<str>,
}

impl Enrolment {
    /// As the vendor's manual has it.
    pub const NAME_BYTES_MAX: usize = 32;
    /// As the vendor's manual has it.
    pub const DESC_BYTES_MAX: usize = 64;
    /// Nobody carries more; without a bound one person could fill the device.
    pub const CARDS_MAX: usize = 8;
    /// For the same reason.
    pub const RULES_BYTES_MAX: usize = 1024;
    /// The `expire` that has no end (the vendor's manual).
    pub const NEVER: i64 = -1;

    /// What the person is enrolled as.
    #[must_use]
    pub const fn category(&self) -> Category {
        if self.state < 0 { Category::Blocklisted } else { Category::Employee }
    }

    /// What the person may do at that time.
    #[must_use]
    pub fn standing(&self, at: UnixMillis) -> Standing {
        if self.category() == Category::Blocklisted {
            Standing::Blocklisted
        } else if at.seconds() < self.effect {
            Standing::NotYetValid
        } else if self.expire != Self::NEVER && at.seconds() >= self.expire {
            Standing::Expired
        } else {
            Standing::Good
        }
    }

    /// The card that is shown where no other was held to the reader.
    #[must_use]
    pub fn card(&self) -> Option<CardNumber> {
        self.cards.first().map(|card| card.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_no_strangers() {
        let long = "é".repeat(16);
        for good in ["1", "100001", "0001", "+5", "guard 7", "1avsoHu2EeqZmH943F8eUg==", &long] {
            assert_eq!(UserId::new(good).map(|id| id.to_string()).as_deref(), Some(good));
        }
        for bad in ["", "0000", "0000-STRANGER", "a\nb", "\0", &format!("{long}x")] {
            assert_eq!(UserId::new(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn numbers_have_one_form() {
        let rows = [("5", Some(5)), ("+5", None), ("05", None), ("-5", None), ("5 ", None)];
        for (text, expected) in rows {
            assert_eq!(number(text), expected, "{text}");
        }
        assert_eq!(number("18446744073709551616"), None);
    }
}
