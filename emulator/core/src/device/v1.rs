//! The v1 API's calls.

use std::time::Duration;

use super::Device;
use super::actions::NoOrder;
use super::effects::Effects;
use super::storing::Rare;
use crate::behaviour::{EnabledDefault, SubscribeAuth, SubscribeGet, violations};
use crate::calls::v1::{
    Access, Call, Claims, Credential, DoorMode, DoorOrder, Login, Refusal, Reply, Request,
    Subscription, TokenKey, Unreadable,
};
use crate::calls::v3::{Down, GoingDown};
use crate::clock::Mono;
use crate::dest::{DestError, EventDest};
use crate::event::{Opener, Subject};
use crate::wire::View;
use crate::world::{Hold, Order};

type Answer = Result<Reply, Refusal>;

impl Device {
    /// Serves a call of the v1 API as `view` has it: that of the exchange (see [`Device::exchange`]).
    ///
    /// # Errors
    /// When it is not let in, or not taken; then nothing has changed (R-V1-02, R-V1-25).
    pub fn handle_v1(
        &mut self,
        view: &View,
        request: Request,
        mono: Mono,
        effects: &mut Effects,
    ) -> Answer {
        let Request { access, credential, call } = request;
        if !self.is_let_in(view, access, &credential, mono) {
            return Err(Refusal::Unauthorized);
        }
        let is_taken = view.behaviour.violations.v1.orders.takes_any_mode;
        match misread(&view.behaviour.violations.v1.subscribe, call) {
            Err(Unreadable::Field(_)) if is_taken => Ok(Reply::Done),
            Ok(Some(call)) => self.serve_v1(view, call, mono, effects),
            Ok(None) => Ok(Reply::Done),
            Err(unreadable) => {
                self.spoil_subscription(&view.behaviour.violations.v1.subscribe, mono, effects);
                Err(Refusal::Unreadable(unreadable))
            }
        }
    }

    fn serve_v1(&mut self, view: &View, call: Call, mono: Mono, effects: &mut Effects) -> Answer {
        match call {
            Call::GetSubscription => Ok(Reply::Subscription(self.shown_subscription(view))),
            Call::Subscribe { destination, enabled } => {
                let enabled = enabled.unwrap_or_else(|| self.enabled_default());
                let subscription = Subscription { destination, enabled };
                if !self.faults.is_empty() {
                    self.remembered.previous.clone_from(&self.subscription);
                }
                self.change(Rare::Subscription(Some(subscription)), mono, effects);
                self.deliver(mono, effects);
                Ok(Reply::Done)
            }
            Call::Login { login, valid } => self.log_in(view, &login, valid, mono),
            Call::ListCodes => Ok(Reply::Codes),
            Call::Records(query) => Ok(Reply::Records(self.records(view, query))),
            Call::Door(order) => self.set_door(view, order, mono, effects),
            Call::Reboot => self.reboot(view, mono, effects),
            Call::Watch => Ok(Reply::Watch),
            Call::DeviceInfo => Ok(Reply::DeviceInfo),
            Call::Ping => Ok(Reply::Done),
        }
    }

    /// R-V1-29: the orders that v3 has, too.
    fn set_door(
        &mut self,
        view: &View,
        order: DoorOrder,
        mono: Mono,
        effects: &mut Effects,
    ) -> Answer {
        let DoorOrder { mode, card } = order;
        self.takes_orders().map_err(|reason| match reason {
            NoOrder::Leaving => Refusal::Busy,
            NoOrder::Full => Refusal::Full,
        })?;
        let order = match mode {
            DoorMode::HeldOpen if view.behaviour.violations.v1.orders.hold_refused => {
                return Err(Refusal::Busy);
            }
            DoorMode::HeldOpen => Order::Open(Hold::UntilTold),
            DoorMode::Normal | DoorMode::HeldClosed => Order::Close,
        };
        let card = card.and_then(|card| card.parse().ok());
        let owner = card.and_then(|card| self.world.roster().by_card(card));
        let by = Opener::Known(owner.map_or(Subject::Nobody, Subject::Person));
        self.order_door(by, order, mono, effects);
        Ok(Reply::Done)
    }

    /// R-V1-30: says that it restarts, and does so only when whoever asked has the answer.
    fn reboot(&mut self, view: &View, mono: Mono, effects: &mut Effects) -> Answer {
        let going = GoingDown { what: Down::Restart, asked: mono };
        if view.behaviour.violations.v1.orders.reboot_unanswered {
            self.handle_going_down(going, mono, effects);
            return Err(Refusal::Silence);
        }
        Ok(Reply::GoingDown(going))
    }

    /// R-V1-20, R-V1-25.
    fn is_let_in(&self, view: &View, access: Access, credential: &Credential, mono: Mono) -> bool {
        let is_open = match access {
            Access::Open => true,
            Access::AsConfigured => view.behaviour.v1.subscribe_auth == SubscribeAuth::None,
            Access::Account => false,
        };
        let violations = &view.behaviour.violations.v1.access;
        (is_open && !violations.nothing_open)
            || match credential {
                Credential::Password(login) => {
                    !violations.password_refused && self.check_v1_login(violations, login).is_ok()
                }
                Credential::Token(claims) => {
                    violations.any_token
                        || self.tokens.is_good(claims, mono)
                        || (violations.tokens_live_on && self.tokens.knows(claims))
                }
                Credential::Forged => violations.any_token,
                Credential::None => violations.nothing_needed,
                Credential::Bad => false,
            }
    }

    /// R-V1-26.
    fn check_v1_login(
        &self,
        violations: &violations::V1Access,
        login: &Login,
    ) -> Result<(), Refusal> {
        if login.user != self.config.identity.account && !violations.any_user {
            return Err(Refusal::NoSuchAccount);
        }
        if login.password != self.config.v1_password && !violations.any_password {
            return Err(Refusal::WrongPassword);
        }
        Ok(())
    }

    /// R-V1-26.
    fn log_in(&mut self, view: &View, login: &Login, valid: Duration, mono: Mono) -> Answer {
        let violations = &view.behaviour.violations.v1.access;
        self.check_v1_login(violations, login)?;
        let issued = view.shown_time(self.clock.at(mono)).seconds();
        // Claims have no parts of a second; a token that says it is over from the start is none.
        let seconds = valid.as_secs() + u64::from(valid.subsec_nanos() > 0);
        let claims = Claims {
            account: login.user.clone(),
            issuer: view.identity.sn.clone(),
            issued,
            expires: issued.saturating_add_unsigned(seconds),
        };
        self.tokens.give(claims.clone(), mono + valid);
        if violations.useless_token {
            self.tokens.end(&claims);
        }
        Ok(Reply::Token(claims, self.token_key()))
    }

    /// What v1 tokens are signed with at present.
    #[must_use]
    pub fn token_key(&self) -> TokenKey {
        self.tokens.key(self.view.seed)
    }

    /// What a device does about what it refuses that should leave the subscription as it is.
    fn spoil_subscription(
        &mut self,
        violations: &violations::Subscribe,
        mono: Mono,
        effects: &mut Effects,
    ) {
        if violations.refusal_clears {
            self.change(Rare::Subscription(None), mono, effects);
        }
        if let Some(subscription) = self.subscription.clone()
            && violations.refusal_applies
        {
            let subscription = Subscription { enabled: false, ..subscription };
            self.change(Rare::Subscription(Some(subscription)), mono, effects);
        }
    }

    /// R-V1-01.
    fn shown_subscription(&self, view: &View) -> Option<Subscription> {
        let previous = self.remembered.previous.clone();
        let is_stale = view.behaviour.violations.v1.subscribe.get_stale;
        match view.behaviour.v1.subscribe_get {
            SubscribeGet::Config if is_stale && previous.is_some() => previous,
            SubscribeGet::Config => self.subscription.clone(),
            SubscribeGet::Null => None,
        }
    }

    /// R-V1-03.
    fn enabled_default(&self) -> bool {
        match self.view.behaviour.v1.enabled_default {
            EnabledDefault::True => true,
            EnabledDefault::Unchanged => {
                self.subscription.as_ref().is_some_and(|subscription| subscription.enabled)
            }
        }
    }
}

/// What a device takes a call for that takes or refuses what it should not; none where it says yes and does
/// nothing.
fn misread(
    violations: &violations::Subscribe,
    call: Result<Call, Unreadable>,
) -> Result<Option<Call>, Unreadable> {
    let is_longest =
        |destination: &EventDest| destination.as_str().chars().count() == EventDest::CHARACTERS_MAX;
    match call {
        Ok(Call::Subscribe { destination, .. })
            if violations.refuses_longest && is_longest(&destination) =>
        {
            let characters = EventDest::CHARACTERS_MAX;
            Err(Unreadable::Destination(DestError::TooLong { characters }))
        }
        Ok(Call::Subscribe { destination, .. })
            if violations.refuses_https && destination.is_https() =>
        {
            Err(Unreadable::Destination(DestError::Scheme))
        }
        Err(Unreadable::Destination(DestError::TooLong { .. })) if violations.takes_too_long => {
            Ok(None)
        }
        Err(Unreadable::Destination(DestError::Scheme)) if violations.takes_scheme => Ok(None),
        Err(Unreadable::NotJson(_) | Unreadable::Field(_)) if violations.takes_bad_body => Ok(None),
        call => call.map(Some),
    }
}
