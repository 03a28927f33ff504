//! The connection that a device keeps for its reports, and on which its platform asks.
//!
//! A task of its own opens it and carries both, tells the device when it is open and when it has ended, and
//! ends with it: when to open it again is the core's decision. Dropping the [`Line`] ends it at once.

mod mqtt;
mod socket;
mod talk;
mod websocket;

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tracing::Instrument;
use vestibule_core::delivery::Attempt;
use vestibule_core::delivery::line::{Dial, LineId, News};

use self::socket::Socket;
use self::talk::{End, talk};
use super::Outside;
use super::connection::Failure;
use super::turns::OPENING_TIME_MAX;
use crate::clock::{Elapsed, pause, within};
use crate::fleet::Handle;

/// Messages that wait to be written: a device has one report under way at a time (R-V3-16), and through a
/// broker asks at most two things in the time after which a connection that takes nothing ends.
const ORDERS_MAX: usize = 8;

/// A connection for reports, from the moment it is opened.
#[derive(Debug)]
pub(super) struct Line {
    id: LineId,
    orders: Orders,
    task: AbortHandle,
}

/// The way onto an open connection.
pub(super) type Orders = mpsc::Sender<Order>;

/// Something to be written.
#[derive(Debug)]
pub(super) struct Order {
    bytes: Bytes,
    /// Told when it has left whole, where anybody wants to know.
    left: Option<oneshot::Sender<()>>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    /// Opens one.
    pub(super) fn open(dial: Dial, outside: Arc<Outside>, handle: Arc<Handle>) -> Self {
        let (orders, taken) = mpsc::channel(ORDERS_MAX);
        let id = dial.id;
        let span = tracing::info_span!("line", sn = handle.identity().sn);
        let kept = keep(dial, outside, handle, taken).instrument(span);
        let task = tokio::spawn(kept).abort_handle();
        Self { id, orders, task }
    }

    pub(super) const fn id(&self) -> LineId {
        self.id
    }

    /// Lets a message of the device's own leave.
    pub(super) fn say(&self, bytes: Vec<u8>) {
        // Full: the connection takes nothing any more, and ends when that has gone on for long enough.
        let _ = self.orders.try_send(Order { bytes: bytes.into(), left: None });
    }

    pub(super) fn orders(&self) -> Orders {
        self.orders.clone()
    }
}

/// Opens a connection and keeps it to its end.
async fn keep(
    dial: Dial,
    outside: Arc<Outside>,
    handle: Arc<Handle>,
    orders: mpsc::Receiver<Order>,
) {
    let id = dial.id;
    let (sn, to) = (&handle.identity().sn, dial.to.as_str());
    let tell = |news| handle.with(|device, mono, fx| device.handle_line(id, news, mono, fx));
    match open(&dial, &outside, &handle).await {
        Ok(socket) => {
            tracing::info!(sn, to, "the connection for reports is open");
            tell(News::Opened);
            match talk(socket, id, &handle, orders).await {
                End::Lost(why) => tracing::info!(sn, to, "the connection for reports ended: {why}"),
                End::GoingDown(going) => {
                    // The restart cuts this connection, and its task with it.
                    let handle = Arc::clone(&handle);
                    tokio::spawn(async move { handle.go_down(going).await });
                }
            }
        }
        // An outage is told once, not at every retry.
        Err(failure) if dial.number == 1 => {
            tracing::info!(sn, to, "no connection for reports: {}", failure.whole());
        }
        Err(_) => {}
    }
    tell(News::Ended);
}

/// Opens a connection when its turn to be opened has come.
async fn open(dial: &Dial, outside: &Outside, handle: &Handle) -> Result<Socket, Failure> {
    let opening = outside.turns.opening().await;
    let mut connecting = pin!(Socket::open(dial, outside, handle));
    match within(OPENING_TIME_MAX, &mut connecting).await {
        Ok(opened) => opened,
        Err(Elapsed) => {
            drop(opening);
            connecting.await
        }
    }
}

/// Lets a report leave on a connection, as often and as late as the faults in force have it.
pub(super) async fn report(
    orders: Option<Orders>,
    attempt: &Attempt,
    bytes: Bytes,
) -> Result<(), Failure> {
    let orders = orders.ok_or(Failure::NotConnected)?;
    let failing = &attempt.view.behaviour.failures.delivery;
    if let Some(delay) = failing.delay {
        pause(delay).await;
    }
    for _ in 0..=failing.copies {
        let (left, has_left) = oneshot::channel();
        let leave = async {
            let order = Order { bytes: bytes.clone(), left: Some(left) };
            orders.send(order).await.map_err(|_| Failure::LineEnded)?;
            has_left.await.map_err(|_| Failure::LineEnded)
        };
        let limit = attempt.timeout;
        within(limit, leave).await.map_err(|Elapsed| Failure::LeaveTimeout(limit))??;
    }
    Ok(())
}
