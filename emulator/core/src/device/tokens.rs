//! Tokens of the v1 API (R-V1-26): each lives for the time that was asked for, and no longer for being used.
//!
//! What a token says is signed, and not believed for that alone: its life is real time, which no claim
//! tells, and a restart ends it.

use std::collections::BTreeMap;

use rand::Rng;

use crate::calls::v1::{Claims, TokenKey};
use crate::clock::Mono;
use crate::seed::Seed;

/// At most this many tokens live at once: a platform that logs in for every call would otherwise grow
/// the device by one a call for a day. The one that would end first goes.
const TOKENS_MAX: usize = 1000;

/// Restarts that a device is thought to have between two starts of the process at most: the keys of the
/// next start are others.
const RESTARTS_PER_START: u64 = 1 << 40;

/// The tokens that are good.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    expiries: BTreeMap<Claims, Mono>,
    /// Which key they are signed with.
    key: u64,
}

impl Tokens {
    /// No token yet, after so many earlier starts: theirs are signed with other keys.
    pub(super) const fn of_start(starts: u64) -> Self {
        Self { expiries: BTreeMap::new(), key: starts.saturating_mul(RESTARTS_PER_START) }
    }

    /// What they are signed with.
    pub(super) fn key(&self, seed: Seed) -> TokenKey {
        let mut key = [0; 32];
        seed.named("v1-token-key").numbered(self.key).generator().fill_bytes(&mut key);
        TokenKey(key)
    }

    /// A token is good until `end`. One that says the same was given in the same second, and is the same:
    /// it ends with the later one.
    pub(super) fn give(&mut self, claims: Claims, end: Mono) {
        if self.expiries.len() >= TOKENS_MAX && !self.expiries.contains_key(&claims) {
            let first = self.expiries.iter().min_by_key(|(_, end)| **end);
            if let Some(claims) = first.map(|(claims, _)| claims.clone()) {
                self.expiries.remove(&claims);
            }
        }
        let known = self.expiries.entry(claims).or_insert(end);
        *known = end.max(*known);
    }

    /// Whether a token that says so is good.
    pub(super) fn is_good(&self, claims: &Claims, now: Mono) -> bool {
        self.expiries.get(claims).is_some_and(|end| now < *end)
    }

    /// Whether such a token was given and nobody has met its end.
    pub(super) fn knows(&self, claims: &Claims) -> bool {
        self.expiries.contains_key(claims)
    }

    /// Ends one.
    pub(super) fn end(&mut self, claims: &Claims) {
        self.expiries.remove(claims);
    }

    /// No token, and another key: none that was given out is good again.
    pub(super) const fn ended(&self) -> Self {
        Self { expiries: BTreeMap::new(), key: self.key + 1 }
    }
}
