//! What is said on a connection that a device keeps to the platform, whatever carries it.
//!
//! Reports are handed to the owner as those over HTTP are; nothing answers them. Requests are sent one at a
//! time, each after the answer to the one before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::watch;

use super::message;
use super::requests::{ANSWER_WAIT_MAX, Floor, Told};
use super::server::{Arrival, BODIES_KB_MAX, Heard, Shared};
use crate::{clock, json};

/// How long a device that said it goes down may keep its connection: longer than it takes to say goodbye.
const LEAVING_MAX: Duration = Duration::from_secs(10);

/// Something that carries whole messages, either way.
pub(super) trait Carrier {
    /// The next message; none when there are no more. Dropping the future loses nothing.
    async fn hear(&mut self) -> Option<Bytes>;

    /// Lets one leave.
    async fn say(&mut self, text: String) -> Result<(), Gone>;
}

/// The connection is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Gone;

/// What a connection was opened with.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    /// Path and query, or what stands for them.
    pub(super) path: String,
    /// The headers.
    pub(super) headers: HeaderMap,
}

/// Talks until the connection ends or the platform stops.
pub(super) async fn converse(
    carrier: &mut impl Carrier,
    opening: &Opening,
    shared: &Arc<Shared>,
) -> Result<(), Gone> {
    let mut stop = shared.stop.clone();
    let mut floor = std::pin::pin!(shared.requests.clone().floor());
    let mut asking = Asking { floor: None, asked: None, leaving: None };
    let ended = loop {
        let left = asking.time_left();
        tokio::select! {
            () = stopped(&mut stop) => break Ok(()),
            floor = &mut floor, if asking.floor.is_none() => asking.floor = Some(floor),
            Some(request) = next(&mut asking.floor), if asking.may_ask() => {
                let said = carrier.say(request.clone()).await;
                asking.asked = Some((request, clock::mono() + ANSWER_WAIT_MAX));
                if said.is_err() {
                    break Err(Gone);
                }
            }
            () = clock::wait(left), if left.is_some() => {
                asking.leaving = None;
                asking.told(None, shared).await;
            }
            heard = carrier.hear() => match heard {
                None => break Err(Gone),
                Some(bytes) => match sort(&bytes) {
                    Sort::Answer => {
                        let answer = String::from_utf8_lossy(&bytes).into_owned();
                        asking.leaving = asking.leaves().then(|| clock::mono() + LEAVING_MAX);
                        asking.told(Some(answer), shared).await;
                    }
                    Sort::Message => take(bytes, opening, shared).await?,
                },
            },
        }
    };
    asking.told(None, shared).await;
    ended
}

/// Waits until the platform stops, also by being gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The right to ask, and what was asked and not answered yet.
struct Asking {
    floor: Option<Floor>,
    /// With the moment from which on no answer is waited for.
    asked: Option<(String, Instant)>,
    /// Until when the device is left alone, which has said that it goes down.
    leaving: Option<Instant>,
}

impl Asking {
    /// For how long an answer, or the end, is still waited for; none while neither is due.
    fn time_left(&self) -> Option<Duration> {
        let asked = self.asked.as_ref().map(|(_, deadline)| *deadline);
        Some(asked.or(self.leaving)?.saturating_duration_since(clock::mono()))
    }

    /// Whether the next request may leave on this connection.
    const fn may_ask(&self) -> bool {
        self.asked.is_none() && self.leaving.is_none()
    }

    /// Whether what was asked takes the device down: its connection ends behind the answer, and what is
    /// asked next would be lost with it.
    fn leaves(&self) -> bool {
        let asked =
            self.asked.as_ref().and_then(|(request, _)| json::read(request.as_bytes()).ok());
        asked.is_some_and(|request| {
            ["device-reboot", "device-reset"].iter().any(|down| request.value["action"] == *down)
        })
    }

    /// Tells the owner what came of what was asked, if anything was.
    async fn told(&mut self, answer: Option<String>, shared: &Shared) {
        if let Some((request, _)) = self.asked.take() {
            // The owner may have stopped; then nobody wants to know.
            let _ = shared.heard.send(Heard::Told(Told { request, answer })).await;
        }
    }
}

/// The next request; waits for ever without the right to ask. None when there are no more.
async fn next(floor: &mut Option<Floor>) -> Option<String> {
    match floor {
        Some(requests) => requests.recv().await,
        None => std::future::pending().await,
    }
}

/// What kind of message came.
enum Sort {
    /// To a request: only answers have a `retcode`.
    Answer,
    /// Something to be counted.
    Message,
}

fn sort(bytes: &[u8]) -> Sort {
    let document = json::read(bytes);
    match document.as_ref().map(|document| document.value.get("retcode")) {
        Ok(Some(_)) => Sort::Answer,
        _ => Sort::Message,
    }
}

/// Hands a message to the owner.
async fn take(body: Bytes, opening: &Opening, shared: &Shared) -> Result<(), Gone> {
    let kilobytes = u32::try_from(body.len().div_ceil(1024)).unwrap_or(BODIES_KB_MAX);
    let bodies = Arc::clone(&shared.bodies);
    let share = bodies.acquire_many_owned(kilobytes.min(BODIES_KB_MAX)).await;
    let arrival = Arrival {
        at: clock::wall(),
        path: opening.path.clone(),
        headers: opening.headers.clone(),
        message: message::read(None, &body),
        body,
        _share: share.map_err(|_| Gone)?,
    };
    shared.heard.send(Heard::Arrival(Box::new(arrival))).await.map_err(|_| Gone)
}
