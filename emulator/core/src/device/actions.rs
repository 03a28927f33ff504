//! The v3.x API's device actions: what a platform tells a device to do, beyond reading and setting.
//!
//! Leaves out what they come to: what the door does is the world's, restarts are `storing`'s.

use super::Device;
use super::effects::Effects;
use super::v3::{Answer, refuse};
use crate::calls::v3::{DoorMove, DoorOrder, Down, GoingDown, Refusal, Reply, Retcode};
use crate::clock::{Mono, UnixMillis};
use crate::event::{Opener, Subject};
use crate::wire::View;
use crate::world::Order;

/// Why the door cannot be given an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoOrder {
    /// Another device is about to take this one's place.
    Leaving,
    /// There is no room for what would happen.
    Full,
}

impl Device {
    /// R-V3-34: gives the door an order. What follows at once has happened when this is answered.
    pub(super) fn open_door(
        &mut self,
        view: &View,
        order: DoorOrder,
        mono: Mono,
        effects: &mut Effects,
    ) -> Answer {
        match self.takes_orders() {
            Ok(()) => {}
            Err(NoOrder::Leaving) => return refuse(Retcode::BUSY),
            Err(NoOrder::Full) => return refuse(Retcode::OVER_CAPACITY),
        }
        if view.behaviour.violations.v3.actions.door_stays_shut {
            return Ok(Reply::Done);
        }
        let DoorOrder { userid, what } = order;
        let order = match what {
            DoorMove::Open(hold) => Order::Open(hold.unwrap_or_else(|| self.settings.door_hold())),
            DoorMove::Close => Order::Close,
        };
        let by = match userid {
            None => Opener::Known(Subject::Nobody),
            Some(name) => self.world.enrolled(&name).map_or(Opener::Named(name), Opener::Known),
        };
        self.order_door(by, order, mono, effects);
        Ok(Reply::Done)
    }

    /// Whether the door can be given an order.
    pub(super) fn takes_orders(&self) -> Result<(), NoOrder> {
        if self.is_leaving() {
            return Err(NoOrder::Leaving);
        }
        if !self.has_room() || self.world.room_for(1).is_err() {
            return Err(NoOrder::Full);
        }
        Ok(())
    }

    /// The one way in which an order comes to the door, whichever API it came by.
    pub(super) fn order_door(
        &mut self,
        by: Opener,
        order: Order,
        mono: Mono,
        effects: &mut Effects,
    ) {
        let now = self.clock.at(mono);
        let present = self.present(now, effects);
        self.world.order(by, order, present);
        while let Some(happening) = self.world.advance(present) {
            self.happen(happening.at, happening.fact, now, effects);
        }
        self.world_moved();
        self.deliver(mono, effects);
    }

    /// R-V3-35: sets the clock, forward or back. What was due before has happened, and what happens from
    /// now on bears the new time.
    pub(super) fn sync_time(
        &mut self,
        view: &View,
        to: UnixMillis,
        mono: Mono,
        effects: &mut Effects,
    ) -> Answer {
        if self.is_leaving() {
            return refuse(Retcode::BUSY);
        }
        if view.behaviour.violations.v3.actions.clock_stays {
            return Ok(Reply::Done);
        }
        let from = self.present(self.clock.at(mono), effects);
        self.clock.set(to, mono);
        self.latest = self.latest.min(to);
        self.world.set_clock(from, to);
        self.world_moved();
        self.deliver(mono, effects);
        Ok(Reply::Done)
    }

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

    /// Goes down, now that the answer has left, and comes up again. To restart once is enough: a device that
    /// has come up since it was asked does not do so again.
    pub fn handle_going_down(&mut self, going: GoingDown, mono: Mono, effects: &mut Effects) {
        if self.is_leaving() {
            return;
        }
        let has_come_up_since = self.started > going.asked;
        let now = self.clock.at(mono);
        match going.what {
            Down::Restart if has_come_up_since => return,
            Down::Restart => self.restart(now, effects),
            Down::FactoryReset => self.factory_reset(now, effects),
        }
        self.deliver(mono, effects);
    }
}
