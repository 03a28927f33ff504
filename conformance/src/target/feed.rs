//! The live feed of v1 (R-V1-31): a WebSocket at the device that carries what happens there.
//!
//! Promises that every wait is bounded and every message recorded. What it must carry is for the cases.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use http::header;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::V1;
use super::wire::Ask;
use crate::clock;
use crate::outcome::{Direction, ExchangeDraft, RequestDraft};

/// Where it is.
pub(crate) const PATH: &str = "/v1/event";

/// The largest message taken, in bytes: as large as the largest push.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// How long a goodbye may take. A device that does not answer it is left.
const GOODBYE_MAX: Duration = Duration::from_secs(2);

/// An open feed.
#[derive(Debug)]
pub(crate) struct Feed {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    name: String,
    url: String,
    origin: Instant,
}

impl V1 {
    /// Asks for a feed, with the headers of `ask`; none where it is refused. `name` is what the case calls it.
    pub(crate) async fn feed(&mut self, mut ask: Ask, name: &str) -> (ExchangeDraft, Option<Feed>) {
        let key = generate_key();
        "GET".clone_into(&mut ask.method);
        PATH.clone_into(&mut ask.path);
        let upgrade = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", &key),
        ];
        ask.headers.extend(upgrade.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let (mut exchange, upgraded) = self.wire.upgrade(ask, name).await;
        let accept = header::SEC_WEBSOCKET_ACCEPT.as_str();
        let accepted = exchange.answer.iter().flat_map(|answer| &answer.headers);
        let accepted = accepted.rev().find(|(name, _)| name.eq_ignore_ascii_case(accept));
        let is_agreed =
            accepted.is_some_and(|(_, told)| *told == derive_accept_key(key.as_bytes()));
        let feed = match upgraded {
            Some(upgraded) if is_agreed => {
                let url = exchange.request.url.clone();
                Some(Feed::new(upgraded, name, url, self.wire.origin()).await)
            }
            Some(_) => {
                exchange.failure =
                    Some("its Sec-WebSocket-Accept is not that of the key".to_owned());
                None
            }
            None => None,
        };
        (exchange, feed)
    }
}

impl Feed {
    async fn new(upgraded: Upgraded, name: &str, url: String, origin: Instant) -> Self {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let upgraded = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        Self { socket, name: name.to_owned(), url, origin }
    }

    /// The next message, as it is recorded; an error says why none came before `deadline`.
    pub(crate) async fn next(&mut self, deadline: Instant) -> Result<ExchangeDraft, String> {
        let message = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(text.as_bytes().to_vec()),
                    Some(Ok(Message::Binary(bytes))) => return Ok(bytes.to_vec()),
                    // The library answers pings and goodbyes when it reads on.
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(format!("the feed ended: {error}")),
                    None => return Err("the feed ended".to_owned()),
                }
            }
        };
        let left = deadline.saturating_duration_since(clock::mono());
        let body = clock::within(left, message).await.unwrap_or_else(|| Err("none".to_owned()))?;
        Ok(ExchangeDraft {
            direction: Direction::Arrival,
            name: self.name.clone(),
            at: clock::mono().saturating_duration_since(self.origin),
            took: Duration::ZERO,
            request: RequestDraft {
                method: "GET".to_owned(),
                url: self.url.clone(),
                headers: Vec::new(),
                body,
            },
            answer: None,
            answered: Some("nothing: it is a feed".to_owned()),
            failure: None,
        })
    }

    /// Says goodbye, and reads on until the device does, so that its place is free again.
    pub(crate) async fn close(mut self) {
        let goodbye = async {
            if self.socket.close(None).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        // A device that does not say goodbye has been told all the same.
        let _ = clock::within(GOODBYE_MAX, goodbye).await;
    }
}
