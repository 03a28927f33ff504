//! The v1 API's calls.

use super::Device;
use super::effects::Effects;
use super::storing::Rare;
use crate::behaviour::{EnabledDefault, SubscribeGet, violations};
use crate::calls::v1::{Call, Reply, Subscription};
use crate::clock::Mono;
use crate::dest::{DestError, EventDest};
use crate::wire::View;
use crate::wire::v1::SubscribeError;

impl Device {
    /// Serves a call of the v1 API as `view` has it: that of the exchange (see [`Device::exchange`]).
    ///
    /// # Errors
    /// When a subscription is not taken; the one before stays (R-V1-02).
    pub fn handle_v1(
        &mut self,
        view: &View,
        call: Result<Call, SubscribeError>,
        mono: Mono,
        effects: &mut Effects,
    ) -> Result<Reply, SubscribeError> {
        let violations = &view.behaviour.violations.v1.subscribe;
        match misread(violations, call) {
            Ok(Some(Call::GetSubscription)) => {
                Ok(Reply::Subscription(self.shown_subscription(view)))
            }
            Ok(Some(Call::Subscribe { destination, enabled })) => {
                let enabled = enabled.unwrap_or_else(|| self.enabled_default());
                let subscription = Subscription { destination, enabled };
                if !self.faults.is_empty() {
                    self.remembered.previous.clone_from(&self.subscription);
                }
                self.change(Rare::Subscription(subscription), mono, effects);
                self.deliver(mono, effects);
                Ok(Reply::Done)
            }
            Ok(None) => Ok(Reply::Done),
            Err(refused) => {
                if violations.refusal_clears {
                    self.subscription = None;
                }
                if let Some(subscription) = self.subscription.clone()
                    && violations.refusal_applies
                {
                    let subscription = Subscription { enabled: false, ..subscription };
                    self.change(Rare::Subscription(subscription), mono, effects);
                }
                Err(refused)
            }
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
    call: Result<Call, SubscribeError>,
) -> Result<Option<Call>, SubscribeError> {
    let is_longest =
        |destination: &EventDest| destination.as_str().chars().count() == EventDest::CHARACTERS_MAX;
    match call {
        Ok(Call::Subscribe { destination, .. })
            if violations.refuses_longest && is_longest(&destination) =>
        {
            let characters = EventDest::CHARACTERS_MAX;
            Err(SubscribeError::BadDestination(DestError::TooLong { characters }))
        }
        Ok(Call::Subscribe { destination, .. })
            if violations.refuses_https && destination.is_https() =>
        {
            Err(SubscribeError::BadDestination(DestError::Scheme))
        }
        Err(SubscribeError::BadDestination(DestError::TooLong { .. }))
            if violations.takes_too_long =>
        {
            Ok(None)
        }
        Err(SubscribeError::BadDestination(DestError::Scheme)) if violations.takes_scheme => {
            Ok(None)
        }
        Err(
            SubscribeError::NotJson(_) | SubscribeError::NoDestination | SubscribeError::BadEnabled,
        ) if violations.takes_bad_body => Ok(None),
        call => call.map(Some),
    }
}
