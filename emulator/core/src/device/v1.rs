//! The v1 API's calls.

use super::Device;
use super::effects::Effects;
use super::storing::Rare;
use crate::behaviour::{EnabledDefault, SubscribeGet};
use crate::calls::v1::{Call, Reply, Subscription};
use crate::clock::Mono;

impl Device {
    /// Serves a call of the v1 API.
    pub fn handle_v1(&mut self, call: Call, mono: Mono, effects: &mut Effects) -> Reply {
        match call {
            Call::GetSubscription => Reply::Subscription(self.shown_subscription()),
            Call::Subscribe { destination, enabled } => {
                let enabled = enabled.unwrap_or_else(|| self.enabled_default());
                let subscription = Subscription { destination, enabled };
                self.change(Rare::Subscription(subscription), mono, effects);
                self.deliver(mono, effects);
                Reply::Done
            }
        }
    }

    /// R-V1-01.
    fn shown_subscription(&self) -> Option<Subscription> {
        match self.view.behaviour.v1.subscribe_get {
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
