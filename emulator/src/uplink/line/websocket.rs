//! A WebSocket to a platform: whole messages, either way.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use vestibule_core::behaviour::failures::{Api, Pace};
use vestibule_core::delivery::heartbeat::{Due, Heartbeat};
use vestibule_core::dest::SocketDest;

use super::super::connection::{Failure, Stream};
use super::socket::Heard;
use crate::api::limits::{BODY_BYTES_MAX, LINGER_BYTES_MAX, LINGER_TIME_MAX, WRITE_TIME_MAX};
use crate::clock::{Clock, Elapsed, pause, within};

/// What is read at once. The library's own 128 KiB would be the largest part of a device's memory, in a
/// process of thousands.
const READ_BYTES: usize = 4 * 1024;

/// An open connection.
pub(super) struct WebSocket {
    stream: WebSocketStream<Stream>,
    heartbeat: Heartbeat,
    clock: Clock,
}

impl WebSocket {
    /// What a connection becomes by an upgrade.
    /// Quiet for `ping_every`, the platform is asked whether it is there.
    pub(super) async fn open(
        stream: Stream,
        dest: &SocketDest,
        ping_every: Duration,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let upgrade = |error| Failure::Upgrade(Box::new(error));
        let request = dest.as_str().into_client_request().map_err(upgrade)?;
        let upgraded = client_async_with_config(request, stream, Some(config())).await;
        let (stream, _) = upgraded.map_err(upgrade)?;
        Ok(Self { stream, heartbeat: Heartbeat::new(ping_every, clock.mono()), clock })
    }

    /// What comes next. Pings are answered meanwhile. What was not waited for to its end is not lost.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            let quiet_until = self.clock.sleep_until(Some(self.heartbeat.deadline()));
            let next = tokio::select! {
                // What has come is a sign of life, however late it is read.
                biased;
                next = self.stream.next() => next,
                () = quiet_until => match self.heartbeat.due(self.clock.mono()) {
                    None => continue,
                    Some(Due::Ping) => match self.write(Message::Ping(Bytes::new())).await {
                        Ok(()) => continue,
                        Err(why) => return Heard::End(why),
                    },
                    Some(Due::GiveUp) => {
                        return Heard::End("the platform gave no sign of life".to_owned());
                    }
                },
            };
            self.heartbeat.heard(self.clock.mono());
            match next {
                Some(Ok(Message::Text(text))) => return Heard::Message(text.into()),
                Some(Ok(Message::Binary(bytes))) => return Heard::Message(bytes),
                // The library answers a ping and a close when it reads on.
                Some(Ok(_)) => {}
                Some(Err(Error::Capacity(_))) => return Heard::TooLarge,
                Some(Err(error)) => return Heard::End(error.to_string()),
                None => return Heard::End("the platform closed it".to_owned()),
            }
        }
    }

    /// Lets a message leave whole; an error says why the connection is over.
    pub(super) async fn say(&mut self, bytes: Bytes) -> Result<(), String> {
        // What a fault cut within a character is no text any more.
        let message = match Utf8Bytes::try_from(bytes.clone()) {
            Ok(text) => Message::Text(text),
            Err(_) => Message::Binary(bytes),
        };
        self.write(message).await
    }

    /// The same as the faults in force have it: in pieces, or broken off, with which the connection ends.
    pub(super) async fn say_as(&mut self, bytes: Bytes, failing: &Api) -> Result<(), String> {
        let Api { pace, breaks_off, .. } = failing;
        if pace.is_none() && !breaks_off {
            return self.say(bytes).await;
        }
        let at_once = Pace { bytes: bytes.len().max(1), pause: Duration::ZERO };
        let Pace { bytes: piece, pause: wait } = pace.unwrap_or(at_once);
        let mut rest = bytes.clone();
        rest.truncate(if *breaks_off { bytes.len() / 2 } else { bytes.len() });
        let mut opcode = OpCode::Data(Data::Text);
        while !rest.is_empty() {
            pause(wait).await;
            let part = rest.split_to(piece.min(rest.len()));
            let is_last = rest.is_empty() && !breaks_off;
            self.write(Message::Frame(Frame::message(part, opcode, is_last))).await?;
            opcode = OpCode::Data(Data::Continue);
        }
        if *breaks_off { Err("a fault broke an answer off".to_owned()) } else { Ok(()) }
    }

    /// Closes it, and waits a while for the platform to have read everything.
    pub(super) async fn close(&mut self) {
        self.end(None).await;
    }

    /// The same, since a message was too large.
    pub(super) async fn close_for_size(&mut self) {
        let reason = Utf8Bytes::from_static("a message is at most 1 MiB");
        self.end(Some(CloseFrame { code: CloseCode::Size, reason })).await;
        // The rest of it is read and forgotten: closed with bytes unread, a connection is reset, and the
        // reset would overtake the goodbye.
        let _ = within(LINGER_TIME_MAX, self.forget_rest()).await;
    }

    async fn forget_rest(&mut self) {
        let mut rest = [0; READ_BYTES];
        let mut left = LINGER_BYTES_MAX;
        while left > 0 {
            match self.stream.get_mut().read(&mut rest).await {
                Ok(count @ 1..) => left = left.saturating_sub(count),
                _ => return,
            }
        }
    }

    async fn end(&mut self, why: Option<CloseFrame>) {
        let ended = within(LINGER_TIME_MAX, async {
            if self.stream.close(why).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        });
        // An impatient end is one too.
        let _ = ended.await;
    }

    async fn write(&mut self, message: Message) -> Result<(), String> {
        match within(WRITE_TIME_MAX, self.stream.send(message)).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(Elapsed) => Err(format!("nothing could be written for {WRITE_TIME_MAX:?}")),
        }
    }
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(BODY_BYTES_MAX))
        .max_frame_size(Some(BODY_BYTES_MAX))
}
