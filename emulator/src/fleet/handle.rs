//! One device behind one short lock, never held across an await.
//!
//! Whoever changes the device does so through [`Handle::with`]: under the lock the device's effects go to
//! its outbox, in order, and what it has to store takes its place in the writer's queue; after it the driver
//! is woken and performs the effects. Who must know that a change is stored makes it through
//! [`Handle::change`] and waits for the [`Receipt`], without the lock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::{Notify, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, oneshot};
use vestibule_core::behaviour::violations;
use vestibule_core::calls::v3::GoingDown;
use vestibule_core::clock::Mono;
use vestibule_core::device::{Batch, Device, Effect, Effects};
use vestibule_core::faults::Site;
use vestibule_core::journal::Place;
use vestibule_core::seed::Seed;
use vestibule_core::wire::{FaultsArmed, Identity, View};

use super::cable::Cable;
use super::connections::Connections;
use super::level::Level;
use super::live::{Live, Seat};
use crate::clock::Clock;
use crate::control::feed::{Feed, News};
use crate::storage::writer::{Left, Queue, Stores};
use crate::storage::{CommitError, DeviceNumber, NotStored, StoreStatus};

/// A device, shared between its servers, its driver and the control API.
#[derive(Debug)]
pub struct Handle {
    state: Mutex<State>,
    wake: Notify,
    /// How many effects the driver has carried out.
    performed: Level<u64>,
    clock: Clock,
    identity: Arc<Identity>,
    /// How many connections there were while faults were armed.
    faulty_connections: AtomicU64,
    /// Those that are open.
    connections: Arc<Connections>,
    /// Where it is stored, if it is.
    kept: Option<Kept>,
    /// The network cable, as the sockets see it.
    pub cable: Cable,
    /// Who watches what happens.
    pub feed: Arc<Feed>,
    /// Who watches over v1; nobody did so yet if there is none.
    live: OnceLock<Live>,
}

#[derive(Debug)]
struct State {
    device: Device,
    outbox: VecDeque<Effect>,
    /// How many effects were ever put there.
    posted: u64,
    queued: Queued,
    /// Who waits until the device's changes up to that ticket are stored, in order.
    waiting: VecDeque<(u64, oneshot::Sender<Result<(), NotStored>>)>,
}

/// Whether the device is in the writer's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queued {
    No,
    Yes,
}

/// The way to the writer of the device's store.
#[derive(Debug)]
struct Kept {
    number: DeviceNumber,
    queue: Queue,
    /// Held by whoever changes something rare until that is stored, and for a moment by whoever adds
    /// entries: a reset is decided on a device that stays as it is.
    turn: Arc<RwLock<()>>,
}

/// The right to change a device, for as long as it is held.
#[derive(Debug)]
pub struct Turn(
    #[expect(dead_code, reason = "held, not read")] Option<OwnedRwLockReadGuard<()>>,
    #[expect(dead_code, reason = "held, not read")] Option<OwnedRwLockWriteGuard<()>>,
);

/// What a change is stored with, or nothing to wait for.
#[derive(Debug)]
pub struct Receipt(Option<oneshot::Receiver<Result<(), NotStored>>>);

impl Receipt {
    /// Waits until the change is stored.
    ///
    /// # Errors
    /// When it could not be, and was given up.
    pub async fn stored(self) -> Result<(), NotStored> {
        match self.0 {
            None => Ok(()),
            Some(answer) => answer.await.unwrap_or_else(|_| {
                let reason = "the emulator is stopping".to_owned();
                Err(NotStored { reason: CommitError::Failed { reason } })
            }),
        }
    }
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
            state: Mutex::new(State {
                device,
                outbox: VecDeque::new(),
                posted: 0,
                queued: Queued::No,
                waiting: VecDeque::new(),
            }),
            wake: Notify::new(),
            performed: Level::new(0),
            faulty_connections: AtomicU64::new(0),
            connections: Arc::default(),
            clock,
            kept: None,
            cable: Cable::new(link),
            feed,
            live: OnceLock::new(),
        }
    }

    /// The same device, stored through that queue.
    #[must_use]
    pub fn kept(self, number: DeviceNumber, queue: Queue) -> Self {
        let kept = Some(Kept { number, queue, turn: Arc::default() });
        Self { kept, ..self }
    }

    /// Lets `change` change the device now; its effects are performed in order. The driver is woken only
    /// if there is something new for it: most calls of the APIs only read.
    pub fn with<T>(&self, change: impl FnOnce(&mut Device, Mono, &mut Effects) -> T) -> T {
        let mut state = self.lock();
        self.with_state(&mut state, change)
    }

    fn with_state<T>(
        &self,
        state: &mut State,
        change: impl FnOnce(&mut Device, Mono, &mut Effects) -> T,
    ) -> T {
        let (result, is_news) = {
            // Asked under the lock: who watches first and then reads the device misses nothing.
            let mut effects = Effects::new(self.is_watched());
            let deadline = state.device.next_deadline();
            let unstored = state.device.unstored();
            // Read under the lock, so that a device's time never goes back.
            let result = change(&mut state.device, self.clock.mono(), &mut effects);
            let effects = effects.into_vec();
            // Under the lock: a connection from before a restart must not be asked by anyone who has
            // seen that its tokens are gone (R-V3-33).
            if effects.iter().any(|effect| matches!(effect, Effect::Cut)) {
                self.cable.cut();
            }
            let is_news = !effects.is_empty() || state.device.next_deadline() != deadline;
            state.posted += effects.len() as u64;
            state.outbox.extend(effects);
            if let Some(kept) = &self.kept {
                kept.queue.unstored(unstored, state.device.unstored());
                if state.queued == Queued::No && state.device.has_unstored() {
                    state.queued = Queued::Yes;
                    kept.queue.push(kept.number);
                }
            }
            (result, is_news)
        };
        if is_news {
            self.wake.notify_one();
        }
        result
    }

    /// Like [`Handle::with`], and says when what changed is stored.
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut Device, Mono, &mut Effects) -> T,
    ) -> (T, Receipt) {
        let mut state = self.lock();
        let before = state.device.staged_ticket();
        let result = self.with_state(&mut state, change);
        let ticket = state.device.staged_ticket();
        if ticket == before {
            return (result, Receipt(None));
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push_back((ticket, sender));
        (result, Receipt(Some(receiver)))
    }

    /// Waits for the turn to change something rare.
    pub async fn rare_turn(&self) -> Turn {
        match &self.kept {
            Some(kept) => Turn(None, Some(Arc::clone(&kept.turn).write_owned().await)),
            None => Turn(None, None),
        }
    }

    /// Waits for the turn to add entries, and for room in the writer's queue.
    pub async fn entry_turn(&self) -> Turn {
        match &self.kept {
            Some(kept) => {
                kept.queue.room().await;
                Turn(Some(Arc::clone(&kept.turn).read_owned().await), None)
            }
            None => Turn(None, None),
        }
    }

    /// Lets the device go down as it said it would, once its answer has left.
    pub(crate) async fn go_down(&self, going: GoingDown) {
        let turn = self.rare_turn().await;
        let ((), receipt) =
            self.change(|device, mono, effects| device.handle_going_down(going, mono, effects));
        if let Err(error) = receipt.stored().await {
            tracing::warn!(%error, "a device that said it would go down stays up");
        }
        drop(turn);
    }

    /// Waits until more entries may be added.
    pub(super) async fn room(&self) {
        if let Some(kept) = &self.kept {
            kept.queue.room().await;
        }
    }

    /// A place at the device's v1 live feed, from now on; none while all are taken.
    pub(crate) fn sit_down(&self, bends: &violations::Feed) -> Option<Seat> {
        self.live.get_or_init(Live::default).sit_down(bends)
    }

    fn is_watched(&self) -> bool {
        self.feed.is_watched() || self.live.get().is_some_and(Live::is_watched)
    }

    /// Tells whoever watches what happened.
    pub(super) fn publish(&self, news: News) {
        let news = Arc::new(news);
        if let Some(live) = self.live.get() {
            live.publish(Arc::clone(&news));
        }
        self.feed.publish(news);
    }

    /// How the device's store is; none if it is not stored.
    #[must_use]
    pub fn store_status(&self) -> Option<StoreStatus> {
        self.kept.as_ref().map(|kept| kept.queue.status())
    }

    /// Reads from the device; `read` copies what it needs.
    pub fn read<T>(&self, read: impl FnOnce(&Device, Mono) -> T) -> T {
        read(&self.lock().device, self.clock.mono())
    }

    /// Waits until what was changed before is also true of the device's sockets: the effects are carried
    /// out, and the port listens or refuses.
    pub async fn settled(&self) {
        let posted = self.lock().posted;
        self.performed.wait_for(|performed| performed >= posted).await;
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
            FaultsArmed::Yes => {
                seed.numbered(self.faulty_connections.fetch_add(1, Ordering::Relaxed))
            }
        }
    }

    /// Its connections that are open.
    pub(crate) const fn connections(&self) -> &Arc<Connections> {
        &self.connections
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
        self.performed.change(|performed| *performed += effects as u64);
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

impl Stores for Handle {
    fn take_batch(&self) -> Option<Batch> {
        let mut state = self.lock();
        state.queued = Queued::No;
        state.device.take_batch()
    }

    fn stored(&self, first: Option<Place>) {
        let mut state = self.lock();
        self.with_state(&mut state, |device, mono, effects| {
            device.handle_stored(first, mono, effects);
        });
        let stored = state.device.stored_ticket();
        let done = state.waiting.partition_point(|(ticket, _)| *ticket <= stored);
        let done: Vec<_> = state.waiting.drain(..done).collect();
        drop(state);
        for (_, waiting) in done {
            // Whoever asked may be gone.
            drop(waiting.send(Ok(())));
        }
    }

    fn not_stored(&self, reason: &NotStored) -> Left {
        let mut state = self.lock();
        // What is left, acknowledgements, the writer asks for when it tries again: queueing would make it
        // try without end.
        state.queued = Queued::Yes;
        self.with_state(&mut state, |device, _, _| device.handle_not_stored());
        let left = state.device.has_unstored();
        state.queued = if left { Queued::Yes } else { Queued::No };
        let given_up = std::mem::take(&mut state.waiting);
        drop(state);
        for (_, waiting) in given_up {
            drop(waiting.send(Err(reason.clone())));
        }
        if left { Left::Something } else { Left::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use vestibule_core::calls::control::Command;
    use vestibule_core::clock::Now;

    use super::*;
    use crate::config::Config;

    #[test]
    fn r_v3_33_who_called_is_cut_with_the_restart_and_not_later() {
        let mut plan = Config::default().plan(7).expect("the defaults are a plan");
        let clock = Clock::default();
        let now = Now { mono: clock.mono(), wall: clock.wall() };
        let config = Arc::new(plan.devices.remove(0).device);
        let handle = Handle::new(Device::new(config, now), clock, Arc::default());
        let before = handle.cable.watch().state().cuts;
        // Nobody performs effects here: a driver that is late cannot be told from one that is not there.
        handle.with(|device, mono, effects| {
            drop(device.handle_control(Command::Restart, mono, effects));
        });
        assert_eq!(handle.cable.watch().state().cuts, before + 1);
    }
}
