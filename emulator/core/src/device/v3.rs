//! The v3.x API's calls.

use super::Device;
use super::effects::Effects;
use super::settings::Settings;
use super::storing::Rare;
use crate::behaviour::{EmptyInfo, EvictedSeqnum, LoginErrors, LoginTime, PastEnd, UnknownAction};
use crate::calls::v3::{Call, Credentials, Fetch, Refusal, Reply, Retcode};
use crate::clock::Mono;
use crate::event::Seqnum;
use crate::wire::v3::Unreadable;

/// How many events a fetch without `limit` gives (v3 document; R-V3-11).
const LIMIT_DEFAULT: u64 = 10;

/// A digest is 32 hex digits: MD5.
const DIGEST_DIGITS: usize = 32;

type Answer = Result<Reply, Refusal>;

const fn refuse(retcode: Retcode) -> Answer {
    Err(Refusal::Retcode(retcode))
}

impl Device {
    /// Serves a call of the v3.x API, with the token that came with it.
    ///
    /// # Errors
    /// A `retcode` other than 0, or silence (R-V3-06).
    pub fn handle_v3(
        &mut self,
        call: Result<Call, Unreadable>,
        token: Option<&str>,
        mono: Mono,
    ) -> Answer {
        let knobs = &self.view.behaviour.v3;
        let needs_token = match &call {
            Ok(call) => !call.is_open(),
            Err(unreadable) => *unreadable == Unreadable::BadField,
        };
        let (ttl, bad_token) = (knobs.token_ttl, knobs.bad_token);
        if needs_token && !token.is_some_and(|token| self.sessions.renew(token, ttl, mono)) {
            return refuse(Retcode(bad_token));
        }
        match call {
            Ok(call) => self.serve(call, mono),
            Err(Unreadable::UnknownAction) => self.unknown_action(),
            Err(Unreadable::Malformed | Unreadable::BadField | Unreadable::BadOpenField) => {
                refuse(Retcode::BAD_PARAMETER)
            }
        }
    }

    fn serve(&mut self, call: Call, mono: Mono) -> Answer {
        match call {
            Call::Login(credentials) => self.login(&credentials, mono),
            Call::SetPassword(credentials) => self.set_password(credentials, mono),
            Call::DeviceInfo => Ok(Reply::DeviceInfo { people: self.config.roster.len() }),
            Call::ConfigFetch => Ok(Reply::Configs(self.settings.all())),
            Call::ConfigSet(configs) => self.set_configs(configs, mono),
            Call::EventInfo => self.event_info(),
            Call::EventFetch(fetch) => self.event_fetch(fetch),
        }
    }

    /// R-V3-06.
    fn unknown_action(&self) -> Answer {
        match self.view.behaviour.v3.unknown_action {
            UnknownAction::Retcode => refuse(Retcode::UNSUPPORTED),
            UnknownAction::Hang => Err(Refusal::Silence),
        }
    }

    /// R-V3-02, R-V3-30, R-V3-32.
    fn login(&mut self, credentials: &Credentials, mono: Mono) -> Answer {
        let knobs = &self.view.behaviour.v3;
        let digest = self.accounts.get(&credentials.user);
        if !digest.is_some_and(|digest| digest.eq_ignore_ascii_case(&credentials.digest)) {
            return refuse(match (knobs.login_errors, digest) {
                (LoginErrors::BadParameter, _) => Retcode::BAD_PARAMETER,
                (LoginErrors::UserThenPassword, None) => Retcode::NO_SUCH_OBJECT,
                (LoginErrors::UserThenPassword, Some(_)) => Retcode::DATABASE,
            });
        }
        let timestamp = match knobs.login_time {
            LoginTime::Unix => self.clock.at(mono).wall.seconds(),
            LoginTime::Uptime => {
                i64::try_from(mono.since(self.started).as_secs()).unwrap_or(i64::MAX)
            }
        };
        let token = self.sessions.open(self.view.seed, knobs.token_ttl, mono);
        Ok(Reply::Token { token, timestamp })
    }

    fn set_password(&mut self, credentials: Credentials, mono: Mono) -> Answer {
        let Credentials { user, digest } = credentials;
        let is_digest =
            digest.len() == DIGEST_DIGITS && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_digest {
            return refuse(Retcode::BAD_PARAMETER);
        }
        if !self.accounts.contains_key(&user) {
            return refuse(Retcode::NO_SUCH_OBJECT);
        }
        self.change(Rare::Password(user, digest), mono, &mut Effects::default());
        Ok(Reply::Done)
    }

    /// Takes what it can and says what that was; an error if that is nothing.
    fn set_configs(&mut self, configs: Vec<(String, String)>, mono: Mono) -> Answer {
        let taken: Vec<_> =
            configs.into_iter().filter_map(|(key, value)| Settings::check(&key, value)).collect();
        if taken.is_empty() {
            return refuse(Retcode::BAD_PARAMETER);
        }
        let settings = taken.iter().map(|config| (config.key, config.value.clone())).collect();
        self.change(Rare::Settings(settings), mono, &mut Effects::default());
        Ok(Reply::ConfigsTaken(taken))
    }

    /// R-V3-14.
    fn event_info(&self) -> Answer {
        match (self.journal.bounds(), self.view.behaviour.v3.empty_info) {
            (Some((min, max)), _) => Ok(Reply::Bounds(Some((min.get(), max.get())))),
            (None, EmptyInfo::Zero) => Ok(Reply::Bounds(Some((0, 0)))),
            (None, EmptyInfo::Null) => Ok(Reply::Bounds(None)),
            (None, EmptyInfo::Error) => refuse(Retcode::NO_SUCH_OBJECT),
        }
    }

    /// R-V3-08 to R-V3-13.
    fn event_fetch(&self, fetch: Fetch) -> Answer {
        let ceiling = u64::from(self.view.behaviour.v3.fetch_ceiling);
        let limit = fetch.limit.unwrap_or(LIMIT_DEFAULT).min(ceiling);
        let (place, limit) = match fetch.seqnum {
            Some(seqnum) => match self.page_by_seqnum(seqnum, limit) {
                Some(page) => page,
                None => return refuse(Retcode::NO_SUCH_OBJECT),
            },
            None => (fetch.offset.unwrap_or(0), limit),
        };
        // An empty journal has no newest event to be past: its first page is empty.
        if place >= self.journal.len() as u64 && place > 0 {
            return match self.view.behaviour.v3.past_end {
                PastEnd::Empty => Ok(Reply::Events(Vec::new())),
                PastEnd::Error => refuse(Retcode::NO_SUCH_OBJECT),
            };
        }
        // Both are under the journal's length or the ceiling.
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(Reply::Events(self.journal.events(place, limit).cloned().collect()))
    }

    /// The place and size of a page that begins with `seqnum`; none where R-V3-12 makes it an error.
    fn page_by_seqnum(&self, seqnum: u64, limit: u64) -> Option<(u64, u64)> {
        let oldest = self.journal.bounds().map_or(Seqnum::FIRST, |(oldest, _)| oldest).get();
        let Some(missing) = oldest.checked_sub(seqnum).filter(|missing| *missing > 0) else {
            return Some((seqnum - oldest, limit));
        };
        match self.view.behaviour.v3.evicted_seqnum {
            EvictedSeqnum::Clamp => Some((0, limit)),
            EvictedSeqnum::Error => None,
            EvictedSeqnum::Window => Some((0, limit.saturating_sub(missing))),
        }
    }
}
