//! A device's network cable, as its sockets see it: plugged in or not, and how often it was cut.

use tokio::sync::watch;
use vestibule_core::device::Link;

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
    state: watch::Sender<State>,
    /// What the device's port has come to; none while nobody serves it.
    port: watch::Sender<Option<Link>>,
}

impl Cable {
    /// A cable in that state.
    #[must_use]
    pub fn new(link: Link) -> Self {
        let state = watch::Sender::new(State { link, cuts: 0 });
        Self { state, port: watch::Sender::new(None) }
    }

    /// Its state now.
    #[must_use]
    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Cuts what is open.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Plugs in or out; out also cuts.
    pub fn set(&self, link: Link) {
        self.state.send_modify(|state| {
            state.link = link;
            state.cuts += u64::from(link == Link::Down);
        });
    }

    /// Notes that the device's port now listens, or refuses; none when nobody serves it any more.
    pub(crate) fn port_is(&self, link: Option<Link>) {
        self.port.send_replace(link);
    }

    /// Waits until the device's port is as the link is.
    pub(super) async fn settled(&self) {
        let mut port = self.port.subscribe();
        let is_settled =
            |port: &Option<Link>| port.is_none_or(|port| port == self.state.borrow().link);
        drop(port.wait_for(is_settled).await.expect("this holds the sender"));
    }

    /// The end that a socket holds.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch { state: self.state.subscribe() }
    }
}

/// The end that a socket holds.
#[derive(Clone, Debug)]
pub struct Watch {
    state: watch::Receiver<State>,
}

impl Watch {
    /// The state now.
    #[must_use]
    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Waits until the link is as given.
    pub async fn link(&mut self, link: Link) {
        if self.state.wait_for(|state| state.link == link).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until everything that was open when `cuts` cuts had been made is cut.
    pub async fn cut_after(&mut self, cuts: u64) {
        if self.state.wait_for(|state| state.cuts > cuts).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
