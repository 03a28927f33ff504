//! Tokens of the v3 API (R-V3-02): several at once, each living for a while after its last use.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Mono;
use crate::seed::Seed;

/// At most this many tokens live at once: a platform that logs in for every call would otherwise grow
/// the device by one token a call for an hour. The one that would expire first goes.
const SESSIONS_MAX: usize = 1000;

/// The tokens that are valid.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    expiries: BTreeMap<String, Mono>,
    logins: u64,
}

/// Logins that a device is thought to have between two starts at most: the numbers of the next start
/// begin beyond them.
const LOGINS_PER_START: u64 = 1 << 40;

impl Sessions {
    /// No session yet, after so many earlier starts: their tokens are not given out again.
    pub(super) const fn of_start(starts: u64) -> Self {
        let logins = starts.saturating_sub(1).saturating_mul(LOGINS_PER_START);
        Self { expiries: BTreeMap::new(), logins }
    }

    /// A new token.
    pub(super) fn open(&mut self, seed: Seed, ttl: Duration, now: Mono) -> String {
        if self.expiries.len() >= SESSIONS_MAX {
            let first = self.expiries.iter().min_by_key(|(_, expiry)| **expiry);
            if let Some(token) = first.map(|(token, _)| token.clone()) {
                self.expiries.remove(&token);
            }
        }
        self.logins += 1;
        let token = seed.named("token").numbered(self.logins).uuid().simple().to_string();
        self.expiries.insert(token.clone(), now + ttl);
        token
    }

    /// Whether `token` is valid; if so it lives on.
    pub(super) fn renew(&mut self, token: &str, ttl: Duration, now: Mono) -> bool {
        match self.expiries.get_mut(token) {
            Some(expiry) if now < *expiry => {
                *expiry = now + ttl;
                true
            }
            Some(_) => {
                self.expiries.remove(token);
                false
            }
            None => false,
        }
    }

    /// Whether `token` was ever good and nobody has met its end.
    pub(super) fn knows(&self, token: &str) -> bool {
        self.expiries.contains_key(token)
    }

    /// Ends one session.
    pub(super) fn close(&mut self, token: &str) {
        self.expiries.remove(token);
    }

    /// No session; a token given out before is never given out again, also after a rewind.
    pub(super) const fn ended(&self) -> Self {
        Self { expiries: BTreeMap::new(), logins: self.logins }
    }

    /// Ends every session; tokens given out are never given out again.
    pub(super) fn clear(&mut self) {
        self.expiries.clear();
    }
}
