//! One device behind one short lock, never held across an await.
//!
//! Whoever changes the device does so through [`Handle::with`]: under the lock the device's effects go to
//! its outbox, in order; after it the driver is woken and performs them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};
use vestibule_core::clock::Mono;
use vestibule_core::device::{Device, Effect, Effects};
use vestibule_core::faults::Site;
use vestibule_core::seed::Seed;
use vestibule_core::wire::{FaultsArmed, Identity, View};

use super::cable::Cable;
use crate::clock::Clock;
use crate::control::feed::Feed;

/// A device, shared between its servers, its driver and the control API.
#[derive(Debug)]
pub struct Handle {
    state: Mutex<State>,
    wake: Notify,
    /// How many effects the driver has carried out.
    performed: watch::Sender<u64>,
    clock: Clock,
    identity: Arc<Identity>,
    /// How many connections there were while faults were armed.
    connections: AtomicU64,
    /// The network cable, as the sockets see it.
    pub cable: Cable,
    /// Who watches what happens.
    pub feed: Arc<Feed>,
}

#[derive(Debug)]
struct State {
    device: Device,
    outbox: VecDeque<Effect>,
    /// How many effects were ever put there.
    posted: u64,
}

impl Handle {
    /// A device that has just come up.
    #[must_use]
    pub fn new(device: Device, clock: Clock, feed: Arc<Feed>) -> Self {
        let link = if device.status(clock.mono()).online {
            vestibule_core::device::Link::Up
        } else {
            vestibule_core::device::Link::Down
        };
        Self {
            identity: Arc::clone(&device.view().identity),
            state: Mutex::new(State { device, outbox: VecDeque::new(), posted: 0 }),
            wake: Notify::new(),
            performed: watch::Sender::new(0),
            connections: AtomicU64::new(0),
            clock,
            cable: Cable::new(link),
            feed,
        }
    }

    /// Lets `change` change the device now; its effects are performed in order. The driver is woken only
    /// if there is something new for it: most calls of the APIs only read.
    pub fn with<T>(&self, change: impl FnOnce(&mut Device, Mono, &mut Effects) -> T) -> T {
        let (result, is_news) = {
            let mut state = self.lock();
            // Asked under the lock: who watches first and then reads the device misses nothing.
            let mut effects = Effects::new(self.feed.is_watched());
            let deadline = state.device.next_deadline();
            // Read under the lock, so that a device's time never goes back.
            let result = change(&mut state.device, self.clock.mono(), &mut effects);
            let effects = effects.into_vec();
            let is_news = !effects.is_empty() || state.device.next_deadline() != deadline;
            state.posted += effects.len() as u64;
            state.outbox.extend(effects);
            (result, is_news)
        };
        if is_news {
            self.wake.notify_one();
        }
        result
    }

    /// Reads from the device; `read` copies what it needs.
    pub fn read<T>(&self, read: impl FnOnce(&Device, Mono) -> T) -> T {
        read(&self.lock().device, self.clock.mono())
    }

    /// Waits until what was changed before is also true of the device's sockets: the effects are carried
    /// out, and the port listens or refuses.
    pub async fn settled(&self) {
        let posted = self.lock().posted;
        let mut performed = self.performed.subscribe();
        let reached = performed.wait_for(|performed| *performed >= posted).await;
        drop(reached.expect("this holds the sender"));
        self.cable.settled().await;
    }

    /// What the device's entries are shown with now.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.lock().device.view()
    }

    /// The view of an exchange that begins now, where `view` is the device's. Nothing is asked unless
    /// faults are armed.
    pub(crate) fn exchange(&self, view: Arc<View>, site: impl FnOnce() -> Site) -> Arc<View> {
        match view.faults {
            FaultsArmed::No => view,
            FaultsArmed::Yes => {
                let site = site();
                let mut state = self.lock();
                state.device.exchange(site, self.clock.mono())
            }
        }
    }

    /// What the chances of a connection hang from. Nothing is counted unless faults are armed.
    pub(crate) fn connection_dice(&self, view: &View) -> Seed {
        let seed = view.seed.named("connection");
        match view.faults {
            FaultsArmed::No => seed,
            FaultsArmed::Yes => seed.numbered(self.connections.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Who the device is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The clock of this process.
    #[must_use]
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// What is to be done now, and when the device wants to be woken next.
    pub(super) fn take_effects(&self) -> (VecDeque<Effect>, Option<Mono>) {
        let mut state = self.lock();
        (std::mem::take(&mut state.outbox), state.device.next_deadline())
    }

    /// Notes that so many effects were carried out.
    pub(super) fn performed(&self, effects: usize) {
        self.performed.send_modify(|performed| *performed += effects as u64);
    }

    /// Waits until somebody changed the device.
    pub(super) async fn changed(&self) {
        self.wake.notified().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic under the lock is a defect of ours; the device as it stands is the best there is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
