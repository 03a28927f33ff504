//! A device's network cable, as its sockets see it: plugged in or not, and how often it was cut.

use std::sync::Arc;

use vestibule_core::device::Link;

use super::level::Level;

/// What everything that holds a socket of a device watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Whether the cable is plugged in.
    pub link: Link,
    /// How often everything open was cut.
    pub cuts: u64,
}

/// The end that the driver holds.
#[derive(Debug)]
pub struct Cable {
    state: Arc<Level<State>>,
    /// What the device's port has come to; none while nobody serves it.
    port: Level<Option<Link>>,
}

impl Cable {
    /// A cable in that state.
    #[must_use]
    pub fn new(link: Link) -> Self {
        Self { state: Arc::new(Level::new(State { link, cuts: 0 })), port: Level::new(None) }
    }

    /// Its state now.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.get()
    }

    /// Cuts what is open.
    pub fn cut(&self) {
        self.state.change(|state| state.cuts += 1);
    }

    /// Plugs in or out; out also cuts.
    pub fn set(&self, link: Link) {
        self.state.change(|state| {
            state.link = link;
            state.cuts += u64::from(link == Link::Down);
        });
    }

    /// Notes that the device's port now listens, or refuses; none when nobody serves it any more.
    pub(crate) fn port_is(&self, link: Option<Link>) {
        self.port.change(|port| *port = link);
    }

    /// Waits until the device's port is as the link is.
    pub(super) async fn settled(&self) {
        self.port.wait_for(|port| port.is_none_or(|port| port == self.state.get().link)).await;
    }

    /// The end that a socket holds.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch { state: Arc::clone(&self.state) }
    }
}

/// The end that a socket holds.
#[derive(Clone, Debug)]
pub struct Watch {
    state: Arc<Level<State>>,
}

impl Watch {
    /// The state now.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.get()
    }

    /// Waits until the link is as given.
    pub async fn link(&self, link: Link) {
        self.state.wait_for(|state| state.link == link).await;
    }

    /// Waits until everything that was open when `cuts` cuts had been made is cut.
    pub async fn cut_after(&self, cuts: u64) {
        self.state.wait_for(|state| state.cuts > cuts).await;
    }
}
