//! The v3.x API's calls.

use std::sync::Arc;

use super::Device;
use super::effects::Effects;
use super::log::Log;
use super::settings::Settings;
use super::storing::Rare;
use crate::behaviour::violations;
use crate::behaviour::{EmptyInfo, EvictedSeqnum, LoginErrors, LoginTime, PastEnd, UnknownAction};
use crate::calls::v3::{Call, Credentials, Down, Fetch, MqttFields, Pass, Refusal, Reply, Retcode};
use crate::clock::Mono;
use crate::event::{Entry, Seqnum};
use crate::wire::View;
use crate::wire::v3::Unreadable;

/// How many events a fetch without `limit` gives (v3 document; R-V3-11).
const LIMIT_DEFAULT: u64 = 10;

/// A digest is 32 hex digits: MD5.
const DIGEST_DIGITS: usize = 32;

pub(super) type Answer = Result<Reply, Refusal>;

pub(super) const fn refuse(retcode: Retcode) -> Answer {
    Err(Refusal::Retcode(retcode))
}

impl Device {
    /// Serves a call of the v3.x API, with what came with it, as `view` has it: that of the exchange (see
    /// [`Device::exchange`]).
    ///
    /// # Errors
    /// A `retcode` other than 0, or silence (R-V3-06).
    pub fn handle_v3(
        &mut self,
        view: &View,
        call: Result<Call, Unreadable>,
        pass: Pass<'_>,
        mono: Mono,
        effects: &mut Effects,
    ) -> Answer {
        let needs_token = match &call {
            Ok(call) => !call.is_open(),
            Err(unreadable) => *unreadable == Unreadable::BadField,
        };
        match pass {
            // Nobody waits on a connection that was given up meanwhile.
            Pass::Line(id) if !self.line.is_open(id) => return Err(Refusal::Silence),
            Pass::Line(_) if self.line.is_let_in() || matches!(call, Ok(Call::DeviceInfo)) => {}
            Pass::Line(_) => return refuse(Retcode::NOT_REGISTERED),
            Pass::Nothing | Pass::Token(_) if !needs_token => {}
            Pass::Nothing if view.behaviour.violations.v3.access.no_token_needed => {}
            Pass::Token(token) if self.is_token_good(view, token, mono) => {}
            Pass::Nothing | Pass::Token(_) => {
                return refuse(Retcode(view.behaviour.v3.bad_token));
            }
        }
        let violations = &view.behaviour.violations.v3.calls;
        let was_stuck = std::mem::take(&mut self.remembered.is_stuck);
        match call {
            Ok(_) if violations.garbage_sticks && was_stuck => refuse(Retcode::BUSY),
            Ok(call) => self.serve(view, call, mono, effects),
            Err(Unreadable::UnknownAction) => Self::unknown_action(view),
            Err(unreadable) => {
                self.remembered.is_stuck = violations.garbage_sticks;
                self.unreadable(unreadable, violations)
            }
        }
    }

    /// R-V3-02; a good token lives on.
    fn is_token_good(&mut self, view: &View, token: &str, mono: Mono) -> bool {
        let violations = &view.behaviour.violations.v3.access;
        if view.behaviour.failures.api.tokens_expire {
            self.sessions.close(token);
        }
        if violations.tokens_live_on && self.sessions.knows(token) {
            return true;
        }
        self.sessions.renew(token, view.behaviour.v3.token_ttl, mono) || violations.any_token
    }

    /// R-V3-07.
    fn unreadable(&self, unreadable: Unreadable, violations: &violations::Calls) -> Answer {
        match unreadable {
            Unreadable::Malformed if violations.garbage_succeeds => Ok(Reply::Done),
            Unreadable::BadField if violations.bad_field_misread => {
                let newest = self.journal.len().saturating_sub(1);
                Ok(self.events(self.journal.events(newest, 1).cloned().collect()))
            }
            _ => refuse(Retcode::BAD_PARAMETER),
        }
    }

    fn serve(&mut self, view: &View, call: Call, mono: Mono, effects: &mut Effects) -> Answer {
        match call {
            Call::Login(credentials) => self.login(view, &credentials, mono),
            Call::SetPassword(credentials) => self.set_password(credentials, mono, effects),
            Call::DeviceInfo => Ok(Reply::DeviceInfo { people: self.world.roster().len() }),
            Call::ConfigFetch => Ok(Reply::Configs(self.settings.all())),
            Call::ConfigSet(configs) => self.set_configs(view, configs, mono, effects),
            Call::MqttGet => Ok(Reply::Mqtt(self.settings.mqtt())),
            Call::MqttSet(fields) => self.set_mqtt(fields, mono, effects),
            Call::OpenDoor(order) => self.open_door(view, order, mono, effects),
            Call::SyncTime(to) => self.sync_time(view, to, mono, effects),
            Call::Reboot => self.go_down(view, Down::Restart, mono, effects),
            Call::Reset => self.go_down(view, Down::FactoryReset, mono, effects),
            Call::Download(asked) => self.download(view, asked),
            Call::UserFetch { offset, limit } => Ok(self.user_fetch(view, offset, limit)),
            Call::UserLookup(userids) => self.user_lookup(userids),
            Call::UserInsert(users) => self.user_insert(view, users, mono, effects),
            Call::UserRemove(userids) => self.user_remove(view, userids, mono, effects),
            Call::UserClear => self.user_clear(mono, effects),
            Call::EventInfo => self.event_info(view),
            Call::EventFetch(fetch) => self.event_fetch(view, fetch),
        }
    }

    /// R-V3-06.
    fn unknown_action(view: &View) -> Answer {
        if view.behaviour.violations.v3.calls.unknown_action_succeeds {
            return Ok(Reply::Done);
        }
        match view.behaviour.v3.unknown_action {
            UnknownAction::Retcode => refuse(Retcode::UNSUPPORTED),
            UnknownAction::Hang => Err(Refusal::Silence),
        }
    }

    /// R-V3-02, R-V3-30, R-V3-32.
    fn login(&mut self, view: &View, credentials: &Credentials, mono: Mono) -> Answer {
        let knobs = &view.behaviour.v3;
        let violations = &view.behaviour.violations.v3.access;
        let digest = self.accounts.get(&credentials.user);
        let is_known = digest.is_some() || violations.any_user;
        let is_right = digest.is_none_or(|digest| {
            digest.eq_ignore_ascii_case(&credentials.digest) || violations.any_password
        });
        if !(is_known && is_right) {
            return refuse(match (knobs.login_errors, digest) {
                (LoginErrors::BadParameter, _) => Retcode::BAD_PARAMETER,
                (LoginErrors::UserThenPassword, None) => Retcode::NO_SUCH_OBJECT,
                (LoginErrors::UserThenPassword, Some(_)) => Retcode::DATABASE,
            });
        }
        let timestamp = match knobs.login_time {
            LoginTime::Unix => view.shown_time(self.clock.at(mono)).seconds(),
            LoginTime::Uptime => {
                i64::try_from(mono.since(self.started).as_secs()).unwrap_or(i64::MAX)
            }
        };
        let token = self.sessions.open(self.view.seed, knobs.token_ttl, mono);
        if violations.useless_token {
            self.sessions.close(&token);
        }
        Ok(Reply::Token { token, timestamp })
    }

    fn set_password(
        &mut self,
        credentials: Credentials,
        mono: Mono,
        effects: &mut Effects,
    ) -> Answer {
        let Credentials { user, digest } = credentials;
        let is_digest =
            digest.len() == DIGEST_DIGITS && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_digest {
            return refuse(Retcode::BAD_PARAMETER);
        }
        if !self.accounts.contains_key(&user) {
            return refuse(Retcode::NO_SUCH_OBJECT);
        }
        self.change(Rare::Password(user, digest), mono, effects);
        Ok(Reply::Done)
    }

    /// R-V3-36: takes what it can and says what that was; an error if that is nothing.
    fn set_configs(
        &mut self,
        view: &View,
        configs: Vec<(String, String)>,
        mono: Mono,
        effects: &mut Effects,
    ) -> Answer {
        let taken = Settings::check(configs);
        if taken.is_empty() {
            return refuse(Retcode::BAD_PARAMETER);
        }
        let violations = &view.behaviour.violations.v3.settings;
        let kept = taken.iter().filter(|config| violations.stuck != Some(config.key));
        let settings = kept.map(|config| (config.key, config.value.clone())).collect();
        self.change(Rare::Settings(settings), mono, effects);
        Ok(if violations.untold { Reply::Done } else { Reply::ConfigsTaken(taken) })
    }

    /// R-V3-18: takes all of it or nothing.
    fn set_mqtt(
        &mut self,
        MqttFields(fields): MqttFields,
        mono: Mono,
        effects: &mut Effects,
    ) -> Answer {
        let Some(settings) = self.settings.check_mqtt(fields) else {
            return refuse(Retcode::BAD_PARAMETER);
        };
        self.change(Rare::Settings(settings), mono, effects);
        Ok(Reply::Done)
    }

    /// R-V3-14.
    fn event_info(&self, view: &View) -> Answer {
        let violations = &view.behaviour.violations.v3;
        let mut bounds = self.log(view).bounds();
        if violations.info.stale {
            let newest = self.remembered.newest;
            bounds = bounds.filter(|_| newest > 0).map(|(min, _)| (min, newest));
        }
        let off_by_one = |(min, max): (u64, u64)| {
            let wrong = if min == 1 { 2 } else { min - 1 };
            let min = if violations.info.min_wrong { wrong } else { min };
            (min, max + u64::from(violations.info.max_wrong))
        };
        match (bounds, view.behaviour.v3.empty_info) {
            (Some(bounds), _) => Ok(Reply::Bounds(Some(off_by_one(bounds)))),
            (None, _) if violations.info.empty_nonsense => Ok(Reply::Bounds(Some((1, 0)))),
            (None, EmptyInfo::Zero) => Ok(Reply::Bounds(Some((0, 0)))),
            (None, EmptyInfo::Null) => Ok(Reply::Bounds(None)),
            (None, EmptyInfo::Error) => refuse(Retcode::NO_SUCH_OBJECT),
        }
    }

    fn log(&self, view: &View) -> Log<'_> {
        Log::new(&self.journal, &view.behaviour.violations.v3.log, &self.remembered)
    }

    /// R-V3-08 to R-V3-13.
    fn event_fetch(&self, view: &View, fetch: Fetch) -> Answer {
        let log = self.log(view);
        let violations = &view.behaviour.violations.v3.fetch;
        if *violations == violations::Fetch::default() {
            return page(&log, view, fetch).map(|events| self.events(events));
        }
        let fetch = misread(violations, fetch, &log);
        page(&log, view, fetch).map(|events| self.events(garble(violations, events)))
    }

    /// A page with the people it speaks of, as they are known now: a view may be older than its entries.
    fn events(&self, events: Vec<Entry>) -> Reply {
        Reply::Events(events, Arc::clone(self.world.roster()))
    }
}

/// The page that a fetch asks for (R-V3-08 to R-V3-13).
fn page(log: &Log<'_>, view: &View, fetch: Fetch) -> Result<Vec<Entry>, Refusal> {
    let knobs = &view.behaviour.v3;
    let limit = fetch.limit.unwrap_or(LIMIT_DEFAULT).min(knobs.fetch_ceiling.into());
    let missing = |seqnum: u64| {
        let oldest = log.bounds().map_or(Seqnum::FIRST.get(), |(oldest, _)| oldest);
        oldest.saturating_sub(seqnum)
    };
    let gone = fetch.seqnum.map_or(0, missing);
    let limit = match knobs.evicted_seqnum {
        EvictedSeqnum::Error if gone > 0 => {
            return Err(Refusal::Retcode(Retcode::NO_SUCH_OBJECT));
        }
        EvictedSeqnum::Window => limit.saturating_sub(gone),
        EvictedSeqnum::Clamp | EvictedSeqnum::Error => limit,
    };
    let place = match fetch.seqnum {
        Some(seqnum) => log.place(seqnum),
        None => fetch.offset.unwrap_or(0),
    };
    // An empty journal has no newest event to be past: its first page is empty.
    if place >= log.len() && place > 0 && knobs.past_end == PastEnd::Error {
        return Err(Refusal::Retcode(Retcode::NO_SUCH_OBJECT));
    }
    Ok(log.page(place, limit))
}

/// What a fetch is taken for by a device that misreads it.
fn misread(violations: &violations::Fetch, asked: Fetch, log: &Log<'_>) -> Fetch {
    let mut fetch = asked;
    if let (None, Some(limit)) = (fetch.limit, violations.default_limit) {
        fetch.limit = Some(limit);
    }
    let mut limit = fetch.limit.unwrap_or(LIMIT_DEFAULT);
    if violations.limit_ignored {
        limit = LIMIT_DEFAULT;
    }
    limit = limit.saturating_add(u64::from(violations.limit_exceeded || violations.skips));
    limit = limit.saturating_sub(u64::from(violations.limit_short));
    fetch.limit = Some(limit);
    if violations.offset_wins && fetch.offset.is_some() {
        fetch.seqnum = None;
    }
    if violations.seqnum_as_offset && fetch.seqnum.is_some() {
        (fetch.offset, fetch.seqnum) = (fetch.seqnum, None);
    }
    if violations.seqnum_exclusive {
        fetch.seqnum = fetch.seqnum.map(|seqnum| seqnum.saturating_add(1));
    }
    if violations.offset_from_one {
        fetch.offset = fetch.offset.map(|offset| offset.saturating_sub(1));
    }
    let newest = log.len().saturating_sub(limit);
    if violations.offset_from_newest {
        fetch.offset = fetch.offset.map(|offset| newest.saturating_sub(offset));
    }
    let is_evicted = fetch.seqnum.zip(log.bounds()).is_some_and(|(seqnum, (min, _))| seqnum < min);
    let is_bare = fetch.seqnum.is_none() && fetch.offset.is_none();
    if violations.default_newest && is_bare || violations.evicted_newest && is_evicted {
        (fetch.offset, fetch.seqnum) = (Some(newest), None);
    }
    let start = fetch.seqnum.map_or(fetch.offset.unwrap_or(0), |seqnum| log.place(seqnum));
    if violations.past_end_wraps && start >= log.len() {
        (fetch.offset, fetch.seqnum) = (Some(0), None);
    }
    fetch
}

/// A page as a device gives it that garbles it.
fn garble(violations: &violations::Fetch, mut events: Vec<Entry>) -> Vec<Entry> {
    if violations.skips && events.len() > 2 {
        events.remove(events.len() / 2);
    }
    if violations.repeats
        && let [first, .., last] = &mut events[..]
    {
        *last = first.clone();
    }
    if violations.shares_numbers {
        // Counted within the page: which event that is must not hang on how many there are.
        for pair in events.chunks_exact_mut(2) {
            if let [first, second] = pair {
                second.seqnum = first.seqnum;
            }
        }
    }
    if violations.descending {
        events.reverse();
    }
    events
}
