//! Whose turn it is to hold a connection, where the devices of a process may not hold one each.
//!
//! A turn belongs to the connection that was opened with it, and ends when that is really closed. When there
//! are no more, devices wait, and that with the oldest record is next. One that has nothing to send gives its
//! connection up for those who wait; one that sends without end does so after a while.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::AbortHandle;
use vestibule_core::clock::UnixMillis;

/// How long a device that has always something to send keeps its turn while others wait. With less, most of
/// the time went into opening connections; with more, the last of a thousand would wait for minutes.
pub(super) const TURN_TIME_MAX: Duration = Duration::from_secs(1);

/// Connections that are opened at once. With more, the queue of a platform that accepts 128 in advance
/// overflows when it is busy, and who does not fit waits a second for the system's next try.
const OPENING_MAX: usize = 32;

/// So long a connection counts as being opened while its first answer has not come: until then the platform
/// may not have accepted it. With more, a platform that is silent would hold up the way to the others; with
/// less, one that takes a millisecond for each would have more to accept than fits.
pub(super) const OPENING_TIME_MAX: Duration = Duration::from_millis(50);

/// The turns of a process.
#[derive(Debug)]
pub struct Turns {
    state: Mutex<State>,
    opening: Arc<Semaphore>,
}

/// Who waits: by the stamp of its oldest record, and those of one stamp as they came.
type Place = (UnixMillis, u64);

#[derive(Debug)]
struct State {
    free: usize,
    numbers: u64,
    waiting: BTreeMap<Place, oneshot::Sender<Turn>>,
    /// Connections with nothing to send, in the order in which they came to it.
    resting: BTreeMap<u64, AbortHandle>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Nobody begins anything any more.
    Closed,
}

/// The right to hold a connection, as long as it is held.
#[derive(Debug)]
pub(super) struct Turn(Option<Arc<Turns>>);

/// The right to open a connection now, and then to hold it.
#[derive(Debug)]
pub(super) struct Entrance {
    pub(super) turn: Turn,
    /// Given back once the platform has accepted.
    pub(super) opening: OwnedSemaphorePermit,
}

/// A connection that rests may be closed for those who wait.
#[derive(Debug)]
pub(super) struct Resting {
    turns: Arc<Turns>,
    number: u64,
}

impl Turns {
    /// So many.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let state = State {
            free: count,
            numbers: 0,
            waiting: BTreeMap::new(),
            resting: BTreeMap::new(),
            phase: Phase::Open,
        };
        Self { state: Mutex::new(state), opening: Arc::new(Semaphore::new(OPENING_MAX)) }
    }

    /// Waits for a turn to deliver a record of that stamp, and until a connection may be opened. None once
    /// nothing begins any more.
    pub(super) async fn enter(self: &Arc<Self>, oldest: UnixMillis) -> Option<Entrance> {
        let turn = self.take(oldest).await?;
        Some(Entrance { turn, opening: self.opening().await })
    }

    /// Waits until a connection may be opened.
    pub(super) async fn opening(&self) -> OwnedSemaphorePermit {
        let opening = Arc::clone(&self.opening).acquire_owned().await;
        opening.expect("the semaphore is never closed")
    }

    async fn take(self: &Arc<Self>, oldest: UnixMillis) -> Option<Turn> {
        let (waiting, turn, rested) = {
            let mut state = self.lock();
            if state.phase == Phase::Closed {
                return None;
            }
            if state.free > 0 {
                state.free -= 1;
                return Some(Turn(Some(Arc::clone(self))));
            }
            let place = (oldest, state.number());
            let (sender, receiver) = oneshot::channel();
            state.waiting.insert(place, sender);
            (Waiting { turns: self, place }, receiver, state.resting.pop_first())
        };
        if let Some((_, connection)) = rested {
            connection.abort();
        }
        let turn = turn.await;
        drop(waiting);
        turn.ok()
    }

    /// Whether somebody waits.
    pub(super) fn are_wanted(&self) -> bool {
        !self.lock().waiting.is_empty()
    }

    /// Notes that a connection has nothing to send; none if it is to be closed, since somebody waits.
    pub(super) fn rest(self: &Arc<Self>, connection: AbortHandle) -> Option<Resting> {
        let mut state = self.lock();
        if !state.waiting.is_empty() {
            return None;
        }
        let number = state.number();
        state.resting.insert(number, connection);
        Some(Resting { turns: Arc::clone(self), number })
    }

    /// Sends away whoever waits, now and later.
    pub fn close(&self) {
        let mut state = self.lock();
        state.phase = Phase::Closed;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        drop(waiting);
    }

    fn give_back(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            let Some((_, waiting)) = state.waiting.pop_first() else {
                state.free += 1;
                return;
            };
            drop(state);
            match waiting.send(Turn(Some(Arc::clone(self)))) {
                Ok(()) => return,
                // It has just gone; the next one, then.
                Err(mut turn) => drop(turn.0.take()),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock can be left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

/// A place among those who wait, left when this is dropped.
struct Waiting<'a> {
    turns: &'a Turns,
    place: Place,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.turns.lock().waiting.remove(&self.place);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.give_back();
        }
    }
}

impl Resting {
    /// Ends the rest: whether the connection was not closed meanwhile for somebody who waits.
    pub(super) fn end(self) -> bool {
        self.turns.lock().resting.remove(&self.number).is_some()
    }
}

impl Drop for Resting {
    fn drop(&mut self) {
        self.turns.lock().resting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn got(turn: Poll<Option<Turn>>) -> Turn {
        match turn {
            Poll::Ready(Some(turn)) => turn,
            other => panic!("no turn: {other:?}"),
        }
    }

    #[test]
    fn the_oldest_record_is_next() {
        let turns = Arc::new(Turns::new(1));
        let mut first = pin!(turns.take(UnixMillis::new(9)));
        let turn = got(poll(first.as_mut()));
        let (mut late, mut early) =
            (pin!(turns.take(UnixMillis::new(8))), pin!(turns.take(UnixMillis::new(7))));
        assert!(poll(late.as_mut()).is_pending() && poll(early.as_mut()).is_pending());
        assert!(turns.are_wanted());
        drop(turn);
        assert!(poll(late.as_mut()).is_pending());
        let turn = got(poll(early.as_mut()));
        drop(turn);
        drop(got(poll(late.as_mut())));
        assert!(!turns.are_wanted());
        assert_eq!(turns.lock().free, 1);
    }

    #[test]
    fn a_turn_is_not_lost_with_who_waited_for_it() {
        let turns = Arc::new(Turns::new(1));
        let turn = got(poll(pin!(turns.take(UnixMillis::new(1)))));
        {
            let mut gone = Box::pin(turns.take(UnixMillis::new(2)));
            let mut granted = Box::pin(turns.take(UnixMillis::new(3)));
            assert!(poll(gone.as_mut()).is_pending() && poll(granted.as_mut()).is_pending());
            drop(gone);
            assert_eq!(turns.lock().waiting.len(), 1);
            drop(turn);
            // It was given the turn, and goes without having looked.
            drop(granted);
        }
        assert_eq!(turns.lock().free, 1);
    }

    #[test]
    fn who_waits_at_the_end_is_sent_away() {
        let turns = Arc::new(Turns::new(0));
        let mut waiting = pin!(turns.take(UnixMillis::new(1)));
        assert!(poll(waiting.as_mut()).is_pending());
        turns.close();
        assert!(matches!(poll(waiting.as_mut()), Poll::Ready(None)));
        assert!(matches!(poll(pin!(turns.take(UnixMillis::new(1)))), Poll::Ready(None)));
    }

    #[tokio::test]
    async fn what_rests_is_closed_for_who_waits() {
        let turns = Arc::new(Turns::new(1));
        let turn = turns.take(UnixMillis::new(1)).await;
        let connection = tokio::spawn(async move {
            let _turn = turn;
            std::future::pending::<()>().await;
        });
        let resting = turns.rest(connection.abort_handle()).expect("nobody waits");
        assert!(turns.take(UnixMillis::new(2)).await.is_some());
        assert!(connection.await.expect_err("it was closed").is_cancelled());
        assert!(!resting.end());
    }
}
