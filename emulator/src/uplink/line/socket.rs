//! The connection that a device keeps, whatever carries its messages.

use bytes::Bytes;
use vestibule_core::behaviour::failures::Api;
use vestibule_core::delivery::line::Dial;
use vestibule_core::dest::LineTo;
use vestibule_core::faults::Site;

use super::super::Outside;
use super::super::connection::{Failure, Target, Way, connect};
use super::super::tls::Verify;
use super::mqtt::Mqtt;
use super::websocket::WebSocket;
use crate::clock::{Elapsed, within};
use crate::fleet::Handle;

/// An open connection.
pub(super) enum Socket {
    WebSocket(Box<WebSocket>),
    Mqtt(Box<Mqtt>),
}

/// What comes next on a connection.
pub(super) enum Heard {
    /// A message.
    Message(Bytes),
    /// A message that is too large to be read.
    TooLarge,
    /// Nothing more; why.
    End(String),
}

impl Socket {
    /// Opens one. Name look-up, TCP, TLS and what follows have the dial's time together.
    pub(super) async fn open(
        dial: &Dial,
        outside: &Outside,
        handle: &Handle,
    ) -> Result<Self, Failure> {
        let view = handle.exchange(dial.view.clone(), || Site::Connect);
        let verify = Verify::of(&view.behaviour.v1);
        let target = match &dial.to {
            LineTo::WebSocket(dest) => Target::new(dest.request(), verify),
            LineTo::Mqtt(broker) => Target::at(broker.host(), broker.port(), verify),
        };
        let way = Way { target: &target, outside, handle };
        let opened = within(dial.timeout, async {
            let stream = connect(&way, &view).await?;
            Ok(match &dial.to {
                LineTo::WebSocket(dest) => {
                    let ping_every = view.behaviour.v3.socket_ping;
                    let opened = WebSocket::open(stream, dest, ping_every, handle.clock()).await?;
                    Self::WebSocket(Box::new(opened))
                }
                LineTo::Mqtt(broker) => {
                    let device_id = &view.identity.device_id;
                    Self::Mqtt(Box::new(Mqtt::open(stream, broker, device_id).await?))
                }
            })
        });
        opened.await.map_err(|Elapsed| Failure::ConnectTimeout(dial.timeout))?
    }

    /// What comes next. Pings are answered meanwhile. What was not waited for to its end is not lost.
    pub(super) async fn hear(&mut self) -> Heard {
        match self {
            Self::WebSocket(socket) => socket.hear().await,
            Self::Mqtt(socket) => socket.hear().await,
        }
    }

    /// Lets a message leave whole; an error says why the connection is over.
    pub(super) async fn say(&mut self, bytes: Bytes) -> Result<(), String> {
        match self {
            Self::WebSocket(socket) => socket.say(bytes).await,
            Self::Mqtt(socket) => socket.say(bytes).await,
        }
    }

    /// The same as the faults in force have it: late, or broken off, with which the connection ends.
    pub(super) async fn say_as(&mut self, bytes: Bytes, failing: &Api) -> Result<(), String> {
        match self {
            Self::WebSocket(socket) => socket.say_as(bytes, failing).await,
            Self::Mqtt(socket) => socket.say_as(bytes, failing).await,
        }
    }

    /// Closes it, and waits a while for the other side to have read everything.
    pub(super) async fn close(&mut self) {
        match self {
            Self::WebSocket(socket) => socket.close().await,
            Self::Mqtt(socket) => socket.close().await,
        }
    }

    /// The same, since a message was too large.
    pub(super) async fn close_for_size(&mut self) {
        match self {
            Self::WebSocket(socket) => socket.close_for_size().await,
            Self::Mqtt(socket) => socket.close().await,
        }
    }
}
