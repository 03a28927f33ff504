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
pub(super) struct Dice(Pcg64);

impl Dice {
    /// The dice of the purpose that `seed` stands for.
    pub(super) fn new(seed: Seed) -> Self {
        Self(seed.generator())
    }

    /// 0 to 1, never 1.
    pub(super) fn fraction(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
        let fraction = (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        fraction
    }

    /// 0 to `bound`, never `bound`; 0 if that is 0. The bias is under 2^-32: nobody can see it.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let product = (self.0.next_u64() >> 32) * u64::from(bound);
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
        let [_, _, bytes @ ..] = self.0.next_u64().to_be_bytes();
        bytes
    }
}
