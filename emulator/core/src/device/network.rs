//! The network cable: plugged in, unplugged, or flapping on a schedule of real time.

use super::Device;
use super::effects::{Effect, Effects, Link};
use crate::calls::control::{self, Flap};
use crate::clock::{Mono, Now};

/// Whether the device is online, and when that changes by itself.
#[derive(Debug)]
pub(super) struct Network {
    link: Link,
    flapping: Option<Flapping>,
}

#[derive(Debug)]
struct Flapping {
    flap: Flap,
    /// How many times it still goes down.
    left: u32,
    next: Mono,
}

impl Network {
    pub(super) const fn new(link: Link) -> Self {
        Self { link, flapping: None }
    }

    pub(super) const fn link(&self) -> Link {
        self.link
    }

    /// When it changes by itself.
    pub(super) fn deadline(&self) -> Option<Mono> {
        self.flapping.as_ref().map(|flapping| flapping.next)
    }

    /// The state to go to now, if it is time.
    fn step(&mut self, now: Mono) -> Option<Link> {
        let flapping = self.flapping.as_mut().filter(|flapping| flapping.next <= now)?;
        if self.link == Link::Up {
            flapping.next = now + flapping.flap.down;
            flapping.left -= 1;
            return Some(Link::Down);
        }
        flapping.next = now + flapping.flap.up;
        if flapping.left == 0 {
            self.flapping = None;
        }
        Some(Link::Up)
    }
}

impl Device {
    pub(super) fn set_network(&mut self, network: control::Network, now: Now, fx: &mut Effects) {
        self.network.flapping = None;
        match network {
            control::Network::Online => self.set_link(Link::Up, fx),
            // Never down, and online in the end.
            control::Network::Flap(flap) if flap.times == 0 => self.set_link(Link::Up, fx),
            control::Network::Offline => self.set_link(Link::Down, fx),
            control::Network::Flap(flap) => {
                let left = flap.times - 1;
                let next = now.mono + flap.down;
                self.network.flapping = Some(Flapping { flap, left, next });
                self.set_link(Link::Down, fx);
            }
        }
    }

    pub(super) fn step_network(&mut self, now: Now, effects: &mut Effects) {
        if let Some(link) = self.network.step(now.mono) {
            self.set_link(link, effects);
        }
    }

    fn set_link(&mut self, link: Link, effects: &mut Effects) {
        if self.network.link == link {
            return;
        }
        self.network.link = link;
        self.note_link(link);
        match link {
            Link::Up => self.push.wake(),
            Link::Down => {
                self.forget_deliveries();
                self.line.cut();
            }
        }
        effects.add(Effect::Link(link));
    }
}
