//! A WebSocket that a device opened to the platform.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::Request;
use http::response::Response;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::conversation::{Carrier, Gone};

/// The largest message taken, in bytes: as large as the largest body over HTTP.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// What is read at once: a report has some hundred bytes, and a fleet keeps thousands of connections.
const READ_BYTES: usize = 4 << 10;

/// An open WebSocket.
#[derive(Debug)]
pub(super) struct WebSocket<S>(WebSocketStream<S>);

/// Whether a request wants to become a WebSocket.
pub(super) fn is_upgrade<B>(request: &Request<B>) -> bool {
    let upgrade = request.headers().get(http::header::UPGRADE);
    let upgrade = upgrade.and_then(|upgrade| upgrade.to_str().ok());
    upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"))
}

/// The answer with which it does; an error says what is wrong with the request.
pub(super) fn accept<B>(request: &Request<B>) -> Result<Response<()>, Box<Error>> {
    let mut bare = Request::new(());
    *bare.method_mut() = request.method().clone();
    *bare.version_mut() = request.version();
    *bare.headers_mut() = request.headers().clone();
    create_response(&bare).map_err(Box::new)
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The WebSocket that a connection has become, of which those bytes were read already.
    pub(super) async fn new(stream: S, read: Bytes) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let (read, role) = (read.to_vec(), Role::Server);
        Self(WebSocketStream::from_partially_read(stream, read, role, Some(config)).await)
    }

    /// Says goodbye, and reads on until the device does.
    pub(super) async fn close(mut self) {
        if self.0.close(None).await.is_ok() {
            while let Some(Ok(_)) = self.0.next().await {}
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Carrier for WebSocket<S> {
    async fn hear(&mut self) -> Option<Bytes> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) => return Some(text.into()),
                Ok(Message::Binary(bytes)) => return Some(bytes),
                // The library answers pings and goodbyes when it reads on.
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "a WebSocket ended");
                    return None;
                }
            }
        }
    }

    async fn say(&mut self, text: String) -> Result<(), Gone> {
        self.0.send(Message::text(text)).await.map_err(|_| Gone)
    }
}
