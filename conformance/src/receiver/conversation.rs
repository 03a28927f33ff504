//! What is said on a connection that a device keeps to the platform, whatever carries it.
//!
//! Reports are handed to the owner as those over HTTP are; nothing answers them. What a device asks by itself
//! through a broker, to be let in and whether anybody is there, is answered with `retcode` 0. Requests are sent
//! one at a time, each after the answer to the one before, and to a device that asks to be let in after it was.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer::report_body;
use super::message;
use super::requests::{ANSWER_WAIT_MAX, Floor, Told};
use super::server::{Arrival, BODIES_KB_MAX, Heard, Shared};
use crate::{clock, json};

/// How long a device that said it goes down may keep its connection: longer than it takes to say goodbye.
const LEAVING_MAX: Duration = Duration::from_secs(10);

/// The `retcode` to a platform that did not let the device in.
const NOT_REGISTERED: i64 = 114;

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
    /// Whether the device may be asked from the beginning.
    pub(super) known: Known,
}

/// Whether a device may be asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Known {
    /// It may.
    LetIn,
    /// Not before it was let in. A device that is heard first when it says `ping` may have been, by whoever
    /// was the platform before: it is asked for its log, which it refuses (114) to those who did not let it in.
    AskLetIn {
        /// Its id, which makes the question one of its own.
        device: String,
    },
}

/// Talks until the connection ends or the platform stops.
pub(super) async fn converse(
    carrier: &mut impl Carrier,
    opening: &Opening,
    shared: &Arc<Shared>,
) -> Result<(), Gone> {
    let mut stop = shared.stop.clone();
    let mut floor = std::pin::pin!(shared.requests.clone().floor());
    let known = opening.known.clone();
    let mut asking = Asking { known, floor: None, asked: None, leaving: None };
    let ended = loop {
        let left = asking.time_left();
        tokio::select! {
            () = stopped(&mut stop) => break Ok(()),
            floor = &mut floor, if asking.floor.is_none() && asking.known == Known::LetIn => {
                asking.floor = Some(floor);
            }
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
                    Sort::Answer(reqid) => asking.answered(&bytes, reqid, shared).await,
                    Sort::Question { action, reqid } => {
                        asking.asked_by_device(carrier, action, reqid.as_deref()).await?;
                    }
                    Sort::Message => {
                        // Who was not let in does not report.
                        asking.known = Known::LetIn;
                        take(bytes, opening, shared).await?;
                    }
                },
            },
        }
    };
    asking.told(None, shared).await;
    ended
}

/// Waits until the platform stops, also by being gone.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The right to ask, and what was asked and not answered yet.
struct Asking {
    known: Known,
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

    /// Takes an answer.
    async fn answered(&mut self, bytes: &[u8], answer: Answer, shared: &Shared) {
        if let Known::AskLetIn { device } = &self.known
            && answer.reqid == Some(probe_reqid(device).into())
        {
            if answer.retcode != Some(NOT_REGISTERED) {
                self.known = Known::LetIn;
            }
        } else if self.asked.is_some() {
            self.leaving = self.leaves().then(|| clock::mono() + LEAVING_MAX);
            self.told(Some(String::from_utf8_lossy(bytes).into_owned()), shared).await;
        }
    }

    /// Answers what the device asks by itself.
    async fn asked_by_device(
        &mut self,
        carrier: &mut impl Carrier,
        question: Question,
        reqid: Option<&str>,
    ) -> Result<(), Gone> {
        carrier.say(report_body(0, reqid)).await?;
        match (question, &self.known) {
            (Question::SyncTime, _) => {
                self.known = Known::LetIn;
                self.leaving = None;
            }
            (Question::Ping, Known::AskLetIn { device }) => {
                let header = json!({"reqid": probe_reqid(device)});
                let probe = json!({"action": "event-info", "header": header});
                carrier.say(probe.to_string()).await?;
            }
            (Question::Ping, Known::LetIn) => {}
        }
        Ok(())
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

/// The `reqid` under which a device is asked whether it was let in.
fn probe_reqid(device: &str) -> String {
    format!("vestibule-receive-{device}")
}

/// What kind of message came.
enum Sort {
    /// To a request: only answers have a `retcode`.
    Answer(Answer),
    /// What a device asks by itself, with its `reqid` as JSON.
    Question { action: Question, reqid: Option<String> },
    /// Something to be counted.
    Message,
}

/// What an answer is known by.
struct Answer {
    reqid: Option<Value>,
    retcode: Option<i64>,
}

/// What a device asks by itself.
#[derive(Clone, Copy)]
enum Question {
    /// To be let in.
    SyncTime,
    /// Whether anybody is there.
    Ping,
}

fn sort(bytes: &[u8]) -> Sort {
    let Ok(document) = json::read(bytes) else {
        return Sort::Message;
    };
    let message = document.value;
    let reqid = message.get("header").and_then(|header| header.get("reqid"));
    if let Some(retcode) = message.get("retcode") {
        return Sort::Answer(Answer { reqid: reqid.cloned(), retcode: retcode.as_i64() });
    }
    let action = match message.get("action").and_then(Value::as_str) {
        Some("sync-time") => Question::SyncTime,
        Some("ping") => Question::Ping,
        _ => return Sort::Message,
    };
    Sort::Question { action, reqid: reqid.map(Value::to_string) }
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
