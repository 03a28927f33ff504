//! A device's line to the platform: one connection at most, kept, and one request on it at a time.
//!
//! A request of which anything may have been written is not sent again. One that finds its kept
//! connection closed, and of which nothing was written, goes on a fresh one: that is still one attempt.

use std::io;
use std::pin::Pin;
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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vestibule_core::dest::EventDest;

use super::kind::Kind;
use crate::clock::{Elapsed, Limit, within};
use crate::uplink::{Tls, TlsError, Verify};

/// As long as a device waits for either (R-V1-07, R-V3-17).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// At most this much of an answer is read, as by a device.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Connections that are opened at once. With more, the queue of a platform that accepts 128 in advance
/// overflows when it is busy, and who does not fit waits a second for the system's next try.
const CONNECTING_MAX: usize = 32;

/// So long a connection counts as being opened while its first answer has not come: until then the
/// platform may not have accepted it. No longer: a slow platform must not slow the schedule.
const RAMP: Duration = Duration::from_millis(10);

/// Where all lines of a flood lead.
#[derive(Debug)]
pub(super) struct Way {
    host: String,
    addresses: Vec<std::net::SocketAddr>,
    tls: Option<Tls>,
    bodies: Bodies,
    opening: Arc<Semaphore>,
}

/// How large the bodies are that take a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bodies {
    /// Copying one behind its head costs less than to tell the system of two places.
    Small,
    /// They hold images.
    Large,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The host's name leads nowhere.
    #[error("the name {host} cannot be resolved")]
    Name {
        /// The host.
        host: String,
        /// Why not.
        source: io::Error,
    },
    /// No connection in time.
    #[error("connecting took longer than {CONNECT_TIMEOUT:?}")]
    Timeout,
    /// No connection.
    #[error("cannot connect")]
    Tcp(#[source] io::Error),
    /// No TLS.
    #[error("there is a connection, but no TLS")]
    Tls(#[source] TlsError),
    /// No HTTP.
    #[error("the connection ended at once")]
    Http(#[source] hyper::Error),
}

impl ConnectError {
    fn kind(&self) -> Kind {
        match self {
            Self::Timeout => Kind::ConnectTimeout,
            Self::Tcp(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => Kind::Refused,
                io::ErrorKind::ConnectionReset => Kind::Reset,
                io::ErrorKind::TimedOut => Kind::ConnectTimeout,
                _ => Kind::Unreachable,
            },
            Self::Tls(_) => Kind::Tls,
            Self::Name { .. } => Kind::Unreachable,
            Self::Http(error) => broken(error),
        }
    }
}

impl Way {
    /// To that address, whose host's name is looked up once; within TLS where that is given.
    pub(super) async fn new(
        to: &EventDest,
        tls: Option<Tls>,
        bodies: Bodies,
    ) -> Result<Self, ConnectError> {
        let host = to.host().to_owned();
        let found = tokio::net::lookup_host((to.host(), to.port())).await;
        let addresses = match found {
            Ok(found) => found.collect(),
            Err(source) => return Err(ConnectError::Name { host, source }),
        };
        let opening = Arc::new(Semaphore::new(CONNECTING_MAX));
        Ok(Self { host, addresses, tls, bodies, opening })
    }

    /// Whether it leads to this machine, as far as the address tells.
    pub(super) fn ends_here(&self) -> bool {
        self.addresses.iter().all(|address| address.ip().is_loopback())
    }

    /// Opens a connection and closes it again, to see whether that can be done.
    pub(super) async fn try_out(&self) -> Result<(), ConnectError> {
        self.open().await.map(drop)
    }

    async fn open(&self) -> Result<Connection, ConnectError> {
        match within(CONNECT_TIMEOUT, self.connect()).await {
            Ok(connected) => connected,
            Err(Elapsed) => Err(ConnectError::Timeout),
        }
    }

    async fn connect(&self) -> Result<Connection, ConnectError> {
        let stream = TcpStream::connect(self.addresses.as_slice()).await;
        let stream = stream.map_err(ConnectError::Tcp)?;
        // A record is one small write that waits for its answer: nothing is gained by delaying it. If the
        // connection was reset meanwhile this fails, and so does the first write, which says why.
        drop(stream.set_nodelay(true));
        match &self.tls {
            None => Connection::new(Box::new(stream), self.bodies).await,
            Some(tls) => {
                let stream = tls.connect(&self.host, Verify::Yes, stream).await;
                Connection::new(Box::new(stream.map_err(ConnectError::Tls)?), self.bodies).await
            }
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Driver = http1::Connection<TokioIo<Box<dyn Stream>>, Full<Bytes>>;

/// A connection that is open, as far as is known. What drives it is polled by its user, so that a request
/// costs no change of threads.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// None once it has come to its end: only when it is gone does the sender know.
    driver: Option<Pin<Box<Driver>>>,
}

/// How a request went.
enum Sent {
    Answered(Answer),
    /// Nothing of it was written: the connection was closed before.
    Unsent,
    Failed(Kind),
}

/// An answer as far as it was read.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: BytesMut,
    is_whole: bool,
}

impl Connection {
    async fn new(stream: Box<dyn Stream>, bodies: Bodies) -> Result<Self, ConnectError> {
        let handshake = http1::Builder::new()
            .max_buf_size(ANSWER_BYTES_MAX)
            .writev(bodies == Bodies::Large)
            .handshake(TokioIo::new(stream))
            .await;
        let (sender, driver) = handshake.map_err(ConnectError::Http)?;
        Ok(Self { sender, driver: Some(Box::pin(driver)) })
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Sent {
        let Self { sender, driver } = self;
        let mut exchange = std::pin::pin!(exchange(sender, request));
        tokio::select! {
            biased;
            // What is wrong with the connection, its request says.
            () = driven(driver) => exchange.await,
            sent = &mut exchange => sent,
        }
    }

    /// Waits until the other side closes it.
    async fn closed(&mut self) {
        driven(&mut self.driver).await;
    }
}

/// Drives a connection to its end, and lets go of it.
async fn driven(driver: &mut Option<Pin<Box<Driver>>>) {
    if let Some(driver) = driver {
        drop(driver.await);
    }
    *driver = None;
}

async fn exchange(sender: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> Sent {
    if sender.ready().await.is_err() {
        return Sent::Unsent;
    }
    match sender.try_send_request(request).await {
        Ok(response) => match read(response).await {
            Ok(answer) => Sent::Answered(answer),
            Err(error) => Sent::Failed(broken(&error)),
        },
        Err(error) => unanswered(error),
    }
}

fn unanswered(error: TrySendError<Request<Full<Bytes>>>) -> Sent {
    if error.message().is_some() { Sent::Unsent } else { Sent::Failed(broken(&error.into_error())) }
}

async fn read(response: Response<Incoming>) -> Result<Answer, hyper::Error> {
    let status = response.status().as_u16();
    let mut incoming = response.into_body();
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        let room = ANSWER_BYTES_MAX - body.len();
        body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Ok(Answer { status, body, is_whole: false });
        }
    }
    Ok(Answer { status, body, is_whole: true })
}

/// What a connection broke by.
fn broken(error: &hyper::Error) -> Kind {
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        if let Some(error) = source.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Kind::Reset,
                _ => Kind::Closed,
            };
        }
        cause = source.source();
    }
    if error.is_parse() { Kind::NotHttp } else { Kind::Closed }
}

/// One device's line.
pub(super) struct Line {
    way: Arc<Way>,
    kept: Option<Connection>,
    /// For each answer.
    limit: Limit,
}

impl Line {
    pub(super) fn new(way: Arc<Way>) -> Self {
        Self { way, kept: None, limit: Limit::default() }
    }

    /// Sends what `request` makes, and reads the answer.
    pub(super) async fn send(
        &mut self,
        request: impl Fn() -> Request<Full<Bytes>>,
    ) -> Result<Answer, Kind> {
        if let Some(kept) = self.kept.take() {
            match self.exchange(kept, request(), None).await {
                Sent::Answered(answer) => return Ok(answer),
                Sent::Failed(kind) => return Err(kind),
                Sent::Unsent => {}
            }
        }
        let opening = Arc::clone(&self.way.opening).acquire_owned().await;
        let opening = opening.expect("it is never closed");
        let fresh = self.way.open().await.map_err(|error| error.kind())?;
        match self.exchange(fresh, request(), Some(opening)).await {
            Sent::Answered(answer) => Ok(answer),
            Sent::Failed(kind) => Err(kind),
            Sent::Unsent => Err(Kind::Closed),
        }
    }

    /// One request on a connection, which is kept if it can be used again.
    async fn exchange(
        &mut self,
        mut connection: Connection,
        request: Request<Full<Bytes>>,
        opening: Option<OwnedSemaphorePermit>,
    ) -> Sent {
        let sent = {
            let mut sending =
                std::pin::pin!(self.limit.within(ANSWER_TIMEOUT, connection.send(request)));
            let early = match opening {
                Some(opening) => {
                    let early = within(RAMP, &mut sending).await.ok();
                    drop(opening);
                    early
                }
                None => None,
            };
            match early {
                Some(sent) => sent,
                None => sending.await,
            }
        };
        let sent = sent.unwrap_or(Sent::Failed(Kind::Timeout));
        if let Sent::Answered(Answer { is_whole: true, .. }) = sent
            && !connection.sender.is_closed()
        {
            self.kept = Some(connection);
        }
        sent
    }

    /// Waits until the platform closes what is kept, and lets go of it; for ever if nothing is.
    pub(super) async fn closed(&mut self) {
        match &mut self.kept {
            Some(connection) => connection.closed().await,
            None => std::future::pending().await,
        }
        self.kept = None;
    }

    /// Closes what is kept.
    pub(super) fn close(&mut self) {
        self.kept = None;
    }

    pub(super) const fn is_open(&self) -> bool {
        self.kept.is_some()
    }
}
