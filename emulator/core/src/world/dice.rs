//! Draws from one generator, by algorithms of our own.
//!
//! `rand` may change how it makes a range or a float out of bits; these few lines may not, so a seed
//! keeps its day across upgrades.

use std::time::Duration;

use rand::Rng;
use rand_pcg::Pcg64;

use crate::seed::Seed;

/// A range of whole numbers, both ends included; of delays, milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) min: u32,
    pub(super) max: u32,
}

/// A generator for one purpose.
#[derive(Clone, Debug)]
pub(super) struct Dice {
    generator: Pcg64,
    /// How often it was drawn from: where its stream stands.
    draws: u64,
}

impl Dice {
    /// The dice of the purpose that `seed` stands for.
    pub(super) fn new(seed: Seed) -> Self {
        Self { generator: seed.generator(), draws: 0 }
    }

    /// The same dice after so many draws.
    pub(super) fn after(seed: Seed, draws: u64) -> Self {
        let mut generator = seed.generator();
        generator.advance(draws.into());
        Self { generator, draws }
    }

    /// How often they were drawn from.
    pub(super) const fn draws(&self) -> u64 {
        self.draws
    }

    fn next(&mut self) -> u64 {
        self.draws += 1;
        self.generator.next_u64()
    }

    /// 0 to 1, never 1.
    pub(super) fn fraction(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
        let fraction = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        fraction
    }

    /// 0 to `bound`, never `bound`; 0 if that is 0. The bias is under 2^-32: nobody can see it.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let product = (self.next() >> 32) * u64::from(bound);
        u32::try_from(product >> 32).expect("the product of two 32-bit numbers has 64 bits")
    }

    /// Whether something of that probability happens.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// A whole number of the span, both ends included.
    pub(super) fn within(&mut self, span: Span) -> u32 {
        span.min + self.below((span.max - span.min).saturating_add(1))
    }

    /// A time of the span, whose ends are milliseconds.
    pub(super) fn millis(&mut self, span: Span) -> Duration {
        Duration::from_millis(u64::from(self.within(span)))
    }

    /// Exponentially distributed with mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.fraction())
    }

    /// Six bytes, for a stranger's number.
    pub(super) fn six_bytes(&mut self) -> [u8; 6] {
        let [_, _, bytes @ ..] = self.next().to_be_bytes();
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_go_on_where_they_were() {
        let seed = Seed::root(7).named("dice");
        let mut dice = Dice::new(seed);
        for _ in 0..1000 {
            let mut again = Dice::after(seed, dice.draws());
            assert_eq!(again.fraction().to_bits(), dice.clone().fraction().to_bits());
            dice.six_bytes();
        }
    }
}
