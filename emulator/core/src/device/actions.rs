//! The v3.x API's device actions: what a platform tells a device to do, beyond reading and setting.
//!
//! Leaves out what they come to: restarts are `storing`'s.

use super::Device;
use super::effects::Effects;
use super::v3::Answer;
use crate::calls::v3::{Down, GoingDown, Refusal, Reply};
use crate::clock::Mono;
use crate::wire::View;

impl Device {
    /// R-V3-33: says that it goes down, and does so only when whoever asked has the answer.
    pub(super) fn go_down(
        &mut self,
        view: &View,
        what: Down,
        mono: Mono,
        effects: &mut Effects,
    ) -> Answer {
        let going = GoingDown { what, asked: mono };
        if view.behaviour.violations.v3.actions.down_unanswered {
            self.handle_going_down(going, mono, effects);
            return Err(Refusal::Silence);
        }
        Ok(Reply::GoingDown(going))
    }

    /// Goes down, now that the answer has left, and comes up again. Whatever it was asked for, once is
    /// enough: a device that has restarted since does not do so again.
    pub fn handle_going_down(&mut self, going: GoingDown, mono: Mono, effects: &mut Effects) {
        let has_come_up_since = self.started > going.asked;
        if self.is_leaving() || has_come_up_since {
            return;
        }
        match going.what {
            Down::Restart => self.restart(self.clock.at(mono), effects),
        }
        self.deliver(mono, effects);
    }
}
