//! The live feed of v1 (R-V1-31): a WebSocket that carries recognitions as they happen.
//!
//! Promises that nobody who watches keeps memory: what is not taken in time is not kept, and who is too far
//! behind is let go. Leaves out who may watch, which is the device's, and how many, which is the fleet's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, Request, StatusCode, header};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use vestibule_core::wire::View;
use vestibule_core::wire::v1::encode_live;

use super::body;
use super::exchange::Answer;
use super::limits;
use super::stream::Stream;
use crate::clock::{pause, within};
use crate::control::feed::News;
use crate::fleet::{Seat, Watch};

/// What a watcher may send at once: nothing it says is read, and a close has 125 bytes.
const HEARD_BYTES_MAX: usize = 4096;

/// After so long without anything to say the device asks whether the watcher is there: one that went without
/// a word would keep its place at a quiet door.
const PING_EVERY: Duration = Duration::from_secs(30);

/// The answer that makes a connection a feed; an error says why a request cannot.
pub(super) fn handshake(head: &Request<()>) -> Result<Answer, String> {
    let agreed = create_response(head).map_err(|error| match error {
        Error::Protocol(reason) => reason.to_string(),
        other => other.to_string(),
    })?;
    let mut answer = Answer::new(body::whole(Vec::new()));
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *answer.headers_mut() = agreed.headers().clone();
    Ok(answer)
}

/// Says that a connection can become a feed.
pub(super) fn mark(answer: &mut Answer) {
    answer.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
}

/// A place at the feed, on its way from the answer that gave it to the connection, with the view by which it
/// was given.
#[derive(Clone, Debug)]
pub(super) struct Taken(Arc<Mutex<Option<Seat>>>, Arc<View>);

impl Taken {
    pub(super) fn new(seat: Seat, view: Arc<View>) -> Self {
        Self(Arc::new(Mutex::new(Some(seat))), view)
    }

    fn seat(&self) -> Option<Seat> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Why a feed ends.
enum Ended {
    /// The device is cut.
    Cut,
    /// The emulator stops.
    Stopping,
    /// The watcher went.
    Gone,
    /// The watcher does not take what it is sent.
    Slow,
    /// The watcher is too far behind.
    Behind,
}

/// Carries what happens on what was a connection, of which `read` was read already, until either ends it.
pub(super) async fn serve(
    taken: &Taken,
    stream: Stream,
    read: &Bytes,
    (cable, cuts): (&Watch, u64),
    stop: &mut watch::Receiver<bool>,
) {
    let Some(mut seat) = taken.seat() else {
        return;
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(HEARD_BYTES_MAX)
        .write_buffer_size(0)
        .max_message_size(Some(HEARD_BYTES_MAX))
        .max_frame_size(Some(HEARD_BYTES_MAX));
    let read = read.to_vec();
    let socket = WebSocketStream::from_partially_read(stream, read, Role::Server, Some(config));
    let mut socket = socket.await;
    let ended = tokio::select! {
        biased;
        () = cable.cut_after(cuts) => Ended::Cut,
        _ = stop.wait_for(|stop| *stop) => Ended::Stopping,
        ended = carry(&mut socket, &mut seat, &taken.1) => ended,
    };
    let (code, reason) = match ended {
        Ended::Cut | Ended::Slow => return socket.get_ref().reset(),
        Ended::Gone => return,
        Ended::Stopping => (CloseCode::Away, "the device stops"),
        Ended::Behind => (CloseCode::Again, "too far behind: connect again"),
    };
    let goodbye = async {
        let frame = CloseFrame { code, reason: reason.into() };
        if socket.close(Some(frame)).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    tokio::select! {
        biased;
        () = cable.cut_after(cuts) => {}
        _ = within(limits::LINGER_TIME_MAX, goodbye) => {}
    }
}

async fn carry(socket: &mut WebSocketStream<Stream>, seat: &mut Seat, opened: &View) -> Ended {
    let mut loses_one = opened.behaviour.violations.v1.feed.loses_first;
    loop {
        let message = tokio::select! {
            news = seat.news.recv() => match news {
                Ok(news) => match text(&news, opened) {
                    Some(_) if std::mem::take(&mut loses_one) => continue,
                    Some(text) => Message::text(text),
                    None => continue,
                },
                Err(RecvError::Lagged(_)) => return Ended::Behind,
                Err(RecvError::Closed) => return Ended::Gone,
            },
            heard = socket.next() => match heard {
                // A close is answered by the library, and its end is the next thing heard.
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return Ended::Gone,
            },
            () = pause(PING_EVERY) => Message::Ping(Bytes::new()),
        };
        match within(limits::WRITE_TIME_MAX, socket.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Ended::Gone,
            Err(_) => return Ended::Slow,
        }
    }
}

/// What is sent of an entry: its recognition, if it is one.
fn text(news: &News, opened: &View) -> Option<String> {
    let bytes = encode_live(&news.view, &news.entry, opened)?;
    Some(String::from_utf8(bytes).expect("JSON is text"))
}
