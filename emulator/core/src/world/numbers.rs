//! Numbers that people carry: cards and codes, each a one-to-one function of a place in the roster.
//!
//! The map is affine, so it is unique by construction, and its inverse finds the owner of a card or
//! code without a table. Places beyond the roster give cards and codes that nobody has.

use std::fmt;

use super::dice::Dice;

/// `x -> a x + b` modulo a number to which `a` is prime, and the way back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine {
    modulus: u64,
    factor: u64,
    inverse: u64,
    shift: u64,
}

impl Affine {
    /// A map over `0..modulus` (at least 1), drawn from the dice.
    pub(super) fn draw(modulus: u64, dice: &mut Dice) -> Self {
        let modulus = modulus.max(1);
        let shift = wide(dice) % modulus;
        let start = wide(dice) % modulus;
        // Among any few dozen neighbours one is prime to the modulus (1 is, at the latest).
        let (factor, inverse) = (0..modulus)
            .map(|step| (start + step) % modulus)
            .find_map(|factor| Some((factor, inverse(factor, modulus)?)))
            .unwrap_or((0, 0));
        Self { modulus, factor, inverse, shift }
    }

    /// The image of `x`.
    pub(super) fn forth(&self, x: u64) -> u64 {
        let product = u128::from(self.factor) * u128::from(x) + u128::from(self.shift);
        self.reduce(product)
    }

    /// The `x` whose image is `y`.
    pub(super) fn back(&self, y: u64) -> u64 {
        let above = u128::from(y) + u128::from(self.modulus - self.shift);
        self.reduce(above % u128::from(self.modulus) * u128::from(self.inverse))
    }

    fn reduce(&self, value: u128) -> u64 {
        u64::try_from(value % u128::from(self.modulus)).expect("below a 64-bit modulus")
    }
}

fn wide(dice: &mut Dice) -> u64 {
    u64::from(dice.below(u32::MAX)) << 32 | u64::from(dice.below(u32::MAX))
}

/// The inverse of `value` modulo `modulus`, if they have no common factor (extended Euclid).
fn inverse(value: u64, modulus: u64) -> Option<u64> {
    let (mut old, mut new) = (i128::from(modulus), i128::from(value % modulus));
    let (mut old_factor, mut factor) = (0_i128, 1_i128);
    while new != 0 {
        let quotient = old / new;
        (old, new) = (new, old - quotient * new);
        (old_factor, factor) = (factor, old_factor - quotient * factor);
    }
    (old == 1).then(|| u64::try_from(old_factor.rem_euclid(i128::from(modulus))).ok()).flatten()
}

/// What a person's QR code says: ten lower-case letters, like the document's "aiwksieow".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(u64);

impl Code {
    /// Letters of a code. Fewer than seven could not number all of 32 bits.
    const LETTERS: u32 = 10;
    /// How many codes there are.
    pub(super) const COUNT: u64 = 26_u64.pow(Self::LETTERS);

    /// The code of that number, below [`Code::COUNT`].
    pub(super) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub(super) const fn number(self) -> u64 {
        self.0
    }

    /// The code that reads `text`; none if no code of ours does.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() != usize::try_from(Self::LETTERS).ok()? {
            return None;
        }
        let digit = |letter: u8| letter.is_ascii_lowercase().then(|| u64::from(letter - b'a'));
        text.bytes().try_fold(0, |number, letter| Some(number * 26 + digit(letter)?)).map(Self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in (0..Self::LETTERS).rev() {
            let digit = self.0 / 26_u64.pow(place) % 26;
            let letter = u8::try_from(digit).expect("a digit is below 26") + b'a';
            fmt::Write::write_char(formatter, char::from(letter))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn affine_maps_are_their_own_way_back(seed: u64, modulus in 1..=1_u64 << 48, x: u64) {
            let map = Affine::draw(modulus, &mut Dice::new(Seed::root(seed)));
            let x = x % modulus;
            prop_assert!(map.forth(x) < modulus);
            prop_assert_eq!(map.back(map.forth(x)), x);
        }

        #[test]
        fn codes_read_back(number in 0..Code::COUNT) {
            let text = Code::new(number).to_string();
            prop_assert_eq!(Code::parse(&text), Some(Code::new(number)));
        }
    }

    #[test]
    fn other_texts_are_no_codes() {
        for text in ["", "abc", "abcdefghi1", "ABCDEFGHIJ", "äbcdefghi", "abcdefghijk"] {
            assert_eq!(Code::parse(text), None, "{text}");
        }
    }
}
