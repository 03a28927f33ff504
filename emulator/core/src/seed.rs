//! The tree of seeds: every random choice hangs from one printed number.
//!
//! A [`Seed`] is a point in a tree. Its children are derived by name or by number, so that drawing
//! for one purpose never moves another, and device n's day does not depend on how many devices there
//! are. The derivation is UUID version 5 (RFC 9562, SHA-1) and the generator is PCG-64: both are
//! fixed by their specifications, so the same seed gives the same bytes on every machine and release.
//!
//! Nothing here is meant to be unpredictable: tokens and PINs of an emulated device are test data.

use rand::SeedableRng;
use rand_pcg::Pcg64;
use sha1::{Digest, Sha1};
use uuid::{Builder, Uuid};

/// A point in the tree of seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(Uuid);

impl Seed {
    /// The root that a user names with one number.
    #[must_use]
    pub fn root(number: u64) -> Self {
        Self(Uuid::nil()).numbered(number)
    }

    /// The child for one purpose, such as `"roster"`.
    #[must_use]
    pub fn named(self, purpose: &str) -> Self {
        self.child(purpose.as_bytes())
    }

    /// The child for one thing of many, such as an event's index.
    #[must_use]
    pub fn numbered(self, number: u64) -> Self {
        self.child(&number.to_be_bytes())
    }

    /// By a hash that uses what the processor has for it, as that of `uuid` does not: a record takes several.
    fn child(self, name: &[u8]) -> Self {
        let hash = Sha1::new().chain_update(self.0.as_bytes()).chain_update(name).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Self(Builder::from_sha1_bytes(bytes).into_uuid())
    }

    /// A generator of its own. Two calls give two generators with the same stream.
    #[must_use]
    pub fn generator(self) -> Pcg64 {
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(self.0.as_bytes());
        seed[16..].copy_from_slice(self.named("stream").0.as_bytes());
        Pcg64::from_seed(seed)
    }

    /// This point as a random (version 4) UUID, for identifiers that are shown.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        Builder::from_random_bytes(*self.0.as_bytes()).into_uuid()
    }

    /// This point as 64 bits, for one decision that needs no generator.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0.as_u64_pair().0 ^ self.0.as_u64_pair().1
    }

    /// This point as a fraction in 0..1.
    #[must_use]
    pub fn fraction(self) -> f64 {
        // 53 bits: all that the mantissa holds, so 1.0 is never reached by rounding.
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
        let fraction = (self.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        fraction
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn children_differ_and_repeat() {
        let seed = Seed::root(7);
        assert_eq!(seed.named("a"), Seed::root(7).named("a"));
        assert_ne!(seed.named("a"), seed.named("b"));
        assert_ne!(seed.numbered(1), seed.numbered(2));
        assert_ne!(Seed::root(7), Seed::root(8));
    }

    /// The example that RFC 9562 has of version 5, in its appendix.
    #[test]
    fn a_child_is_a_uuid_of_version_5() {
        let dns = Seed(Uuid::from_u128(0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8));
        let child = dns.named("www.example.com").0;
        assert_eq!(child, Uuid::from_u128(0x2ed6_657d_e927_568b_95e1_2665_a8ae_a6a2));
    }

    /// The stream is part of what users rely on: the same seed gives the same day in every release.
    #[test]
    fn the_stream_is_pinned() {
        let mut generator = Seed::root(7).named("pinned").generator();
        let draws = [generator.next_u64(), generator.next_u64()];
        assert_eq!(draws, [12_011_586_621_794_209_784, 6_053_947_974_348_888_389]);
    }
}
