//! One connection to a platform: opened, used for one delivery after another, and let go.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite;
use vestibule_core::clock::Mono;
use vestibule_core::delivery::{Answer, Attempt, Delivery, NoAnswer};
use vestibule_core::dest::EventDest;
use vestibule_core::faults::Site;
use vestibule_core::wire::View;

use super::Outside;
use super::heard::{Heard, Listening};
use super::tls::{TlsError, Verify};
use super::turns::{Resting, Turn, Turns};
use crate::clock::{Elapsed, Limit, within};
use crate::fleet::{Handle, OpenedBy};
use crate::transport::{Transport, up_for};

/// At most this much of an answer is read: no platform answers a push with more, and a device has
/// little memory.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// No connection in time.
    #[error("connecting took longer than {0:?}")]
    ConnectTimeout(Duration),
    /// No connection.
    #[error("cannot connect")]
    Connect(#[source] std::io::Error),
    /// No TLS.
    #[error("TLS failed")]
    Tls(#[from] TlsError),
    /// No answer in time.
    #[error("no answer within {0:?}")]
    AnswerTimeout(Duration),
    /// The connection was gone before any of the request was written to it.
    #[error("the connection was already closed")]
    Unsent(#[source] hyper::Error),
    /// The connection broke before an answer began.
    #[error("the connection ended without an answer")]
    Broken(#[source] hyper::Error),
    /// The answer broke off, or was not HTTP.
    #[error("the answer was cut off or is not HTTP")]
    Cut(#[source] hyper::Error),
    /// The platform does not take the connection for a WebSocket.
    #[error("the platform did not accept a WebSocket")]
    Upgrade(#[source] Box<tungstenite::Error>),
    /// The broker does not let the device in.
    #[error("the broker did not let the device in: {0}")]
    Broker(String),
    /// The connection that the report was to leave on is not there.
    #[error("the connection for reports is not open")]
    NotConnected,
    /// That connection ended while the report left.
    #[error("the connection for reports ended before the report had left")]
    LineEnded,
    /// The report did not leave in time.
    #[error("the report had not left within {0:?}")]
    LeaveTimeout(Duration),
    /// The device was unplugged or restarted meanwhile.
    #[error("the device was cut off")]
    Unplugged,
}

impl Failure {
    /// Whether a delivery that failed so on a kept connection goes on a fresh one at once: it may have
    /// been dead before. A report that may have arrived is not sent twice.
    pub(super) const fn allows_another(&self, delivery: &Delivery) -> bool {
        match self {
            Self::Unsent(_) => true,
            Self::Broken(_) => matches!(delivery, Delivery::Push(_)),
            _ => false,
        }
    }

    /// What it means to the device.
    pub(super) const fn no_answer(&self) -> NoAnswer {
        match self {
            Self::ConnectTimeout(_)
            | Self::Connect(_)
            | Self::Tls(_)
            | Self::Upgrade(_)
            | Self::Broker(_)
            | Self::NotConnected => NoAnswer::Unreachable,
            Self::AnswerTimeout(_) | Self::LeaveTimeout(_) => NoAnswer::Silence,
            Self::Unsent(_)
            | Self::Broken(_)
            | Self::Cut(_)
            | Self::LineEnded
            | Self::Unplugged => NoAnswer::Broken,
        }
    }

    /// A word for it.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::ConnectTimeout(_) => "connect-timeout",
            Self::Connect(_) => "connect-failed",
            Self::Tls(_) => "tls-failed",
            Self::AnswerTimeout(_) => "answer-timeout",
            Self::Upgrade(_) => "upgrade-failed",
            Self::Broker(_) => "broker-refused",
            Self::NotConnected => "not-connected",
            Self::LeaveTimeout(_) => "leave-timeout",
            Self::Unsent(_) | Self::Broken(_) | Self::LineEnded => "broken",
            Self::Cut(_) => "answer-cut",
            Self::Unplugged => "cut",
        }
    }

    /// It and what caused it, in one line.
    pub(super) fn whole(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

/// Whom a connection is to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    host: String,
    port: u16,
    tls: Option<Verify>,
}

impl Target {
    pub(super) fn new(destination: &EventDest, verify: Verify) -> Self {
        Self::at(destination, destination.port(), verify)
    }

    /// The same host, at another port.
    pub(super) fn at(destination: &EventDest, port: u16, verify: Verify) -> Self {
        Self {
            host: destination.host().to_owned(),
            port,
            tls: destination.is_https().then_some(verify),
        }
    }
}

/// What leads to a platform.
pub(super) struct Way<'a> {
    pub(super) target: &'a Target,
    pub(super) outside: &'a Outside,
    /// The device, which knows what is wrong with its network.
    pub(super) handle: &'a Handle,
}

/// A connection that is open, as far as is known.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) target: Target,
    pub(super) last_used: Mono,
    pub(super) opened: Mono,
    /// While there is nothing to send on it.
    resting: Option<Resting>,
    sender: SendRequest<Full<Bytes>>,
    heard: Heard,
    limit: Limit,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Connects. Name look-up, TCP and TLS have `limit` together.
    pub(super) async fn open(
        way: &Way<'_>,
        attempt: &Attempt,
        turn: Turn,
    ) -> Result<Self, Failure> {
        let limit = attempt.timeout;
        let view = way.handle.exchange(Arc::clone(&attempt.view), || Site::Connect);
        let connecting = async { handshake(connect(way, &view).await?, turn).await };
        let connected = within(limit, connecting).await;
        let opened = connected.map_err(|Elapsed| Failure::ConnectTimeout(limit))??;
        let Opened { sender, heard, task } = opened;
        let (target, opened) = (way.target.clone(), way.outside.clock.mono());
        Ok(Self {
            target,
            last_used: opened,
            opened,
            resting: None,
            sender,
            heard,
            limit: Limit::default(),
            task,
        })
    }

    /// Lets it rest, if it does not do so yet; says whether it stays open.
    pub(super) fn rest(&mut self, turns: &Arc<Turns>) -> bool {
        if self.resting.is_none() {
            self.resting = turns.rest(self.task.clone());
        }
        self.resting.is_some()
    }

    /// Ends its rest; says whether it is still there to be used.
    pub(super) fn resume(&mut self) -> bool {
        self.resting.take().is_none_or(Resting::end)
    }

    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends a request and reads the answer, both within `limit`. Gives itself back if it can be used
    /// again.
    pub(super) async fn send(
        mut self,
        request: Request<Full<Bytes>>,
        limit: Duration,
    ) -> Result<(Answer, Option<Self>), Failure> {
        let (sender, heard) = (&mut self.sender, &self.heard);
        let exchange = async {
            // The connection's task may still be busy with the end of the last answer, or be closing.
            sender.ready().await.map_err(Failure::Unsent)?;
            heard.forget();
            let sent = sender.try_send_request(request).await;
            read_answer(sent.map_err(|error| unanswered(heard, error))?).await
        };
        let exchanged = self.limit.within(limit, exchange).await;
        let (answer, whole) = exchanged.map_err(|Elapsed| Failure::AnswerTimeout(limit))??;
        let reusable = whole && self.is_open();
        Ok((answer, reusable.then_some(self)))
    }
}

fn unanswered(heard: &Heard, error: TrySendError<Request<Full<Bytes>>>) -> Failure {
    if error.message().is_some() {
        Failure::Unsent(error.into_error())
    } else if heard.anything() {
        Failure::Cut(error.into_error())
    } else {
        Failure::Broken(error.into_error())
    }
}

struct Opened {
    sender: SendRequest<Full<Bytes>>,
    heard: Heard,
    task: AbortHandle,
}

/// A byte stream to a platform, with TLS or without.
pub(super) type Stream = Box<dyn Duplex>;

/// Bytes both ways.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// Opens a connection as the network behaves in `view`.
pub(super) async fn connect(way: &Way<'_>, view: &View) -> Result<Stream, Failure> {
    let Way { target, outside, handle } = way;
    let network = &view.behaviour.failures.network;
    if network.black_hole {
        pending::<()>().await;
    }
    let refused = || Failure::Connect(std::io::ErrorKind::ConnectionRefused.into());
    let up_for = up_for(network, handle.clock().mono()).ok_or_else(refused)?;
    let stream = TcpStream::connect((target.host.as_str(), target.port)).await;
    let stream = stream.map_err(Failure::Connect)?;
    // A push is one small write that waits for its answer: nothing is gained by delaying it. If the connection was
    // reset meanwhile this fails, and so does the first write, which says why.
    drop(stream.set_nodelay(true));
    let open = handle.connections().open(OpenedBy::Device);
    let stream = Transport::new(stream, open, network, handle.connection_dice(view), up_for);
    Ok(match target.tls {
        None => Box::new(stream),
        Some(verify) => Box::new(outside.tls.connect(&target.host, verify, stream).await?),
    })
}

async fn handshake(stream: Stream, turn: Turn) -> Result<Opened, Failure> {
    let heard = Heard::default();
    let stream = TokioIo::new(Listening::new(stream, heard.clone()));
    let handshake = http1::Builder::new().max_buf_size(ANSWER_BYTES_MAX).handshake(stream).await;
    let (sender, connection) = handshake.map_err(Failure::Unsent)?;
    // What goes wrong with the connection, its requests say.
    let task = tokio::spawn(async move {
        // Dropped after the connection: the turn ends when that is closed.
        let _turn = turn;
        drop(connection.await);
    });
    Ok(Opened { sender, heard, task: task.abort_handle() })
}

/// Reads an answer; says whether all of it was read.
async fn read_answer(response: Response<Incoming>) -> Result<(Answer, bool), Failure> {
    let status = response.status().as_u16();
    let mut incoming = response.into_body();
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame.map_err(Failure::Cut)?.into_data() else {
            continue;
        };
        let room = ANSWER_BYTES_MAX - body.len();
        body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Ok((Answer { status, body: body.to_vec() }, false));
        }
    }
    Ok((Answer { status, body: body.to_vec() }, true))
}
