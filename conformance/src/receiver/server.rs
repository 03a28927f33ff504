//! The sockets of the reference platform.
//!
//! Promises that a message is handed to the owner of the `Receiver` before it is answered, so that
//! nothing is acknowledged and not counted; that a stop answers what was counted; and that
//! connections, bodies, waits and the queue to the owner are bounded.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock;
use crate::platform::ServerTls;
use crate::receiver::answer::{self, Answers, Reply};
use crate::receiver::broker::Broker;
use crate::receiver::conversation::{Known, Opening, converse};
use crate::receiver::message::{self, Message, Unparsable};
use crate::receiver::mqtt::{Line, MqttError};
use crate::receiver::requests::{Giving, Requests, Told};
use crate::receiver::socket::{self, WebSocket};
use crate::socket::Socket;
use crate::trust::Trust;

/// The longest body read, in bytes: a push carries an image in base64, a few hundred kB on
/// hardware. Shorter would refuse a camera's largest picture, longer would only cost memory.
pub(super) const BODY_BYTES_MAX: u64 = 16 << 20;

/// The bodies in memory at once, in kB. A message waits for its share before it is read, so less
/// than one body would read none.
pub(super) const BODIES_KB_MAX: u32 = 256 << 10;

/// Open connections: a fleet of ten thousand devices keeps one each. Further ones wait unaccepted.
pub(super) const CONNECTIONS_MAX: usize = 16_384;

/// Messages read and not yet taken by the owner; a longer queue only hides that the owner is slow.
const ARRIVALS_MAX: usize = 64;

/// How long a connection may be silent between requests. Shorter than a minute would cut the kept
/// connection of a device with little traffic again and again.
const IDLE_MAX: Duration = Duration::from_secs(75);

/// How long a body may take: a device gives up after 10 s, so nobody waits for a longer one.
const BODY_WAIT_MAX: Duration = Duration::from_secs(30);

/// How long a TLS handshake may take: a device gives up after 10 s.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// How long an unanswered message holds its connection: far beyond any device's patience.
const HANG_MAX: Duration = Duration::from_secs(600);

/// How long answers under way may take once the receiver stops.
const STOP_WAIT_MAX: Duration = Duration::from_secs(2);

/// The pause after a failed accept (no file descriptor left, say): without it the loop would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A message that came.
#[derive(Debug)]
pub struct Arrival {
    /// When, by this machine's clock.
    pub at: SystemTime,
    /// The request's path and query.
    pub path: String,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The body, empty when it was too long.
    pub body: Bytes,
    /// What the body says.
    pub message: Result<Message, Unparsable>,
    /// The body's share of `BODIES_KB_MAX`, until the owner is done with it.
    pub(super) _share: OwnedSemaphorePermit,
}

/// What the owner learns.
#[derive(Debug)]
pub enum Heard {
    /// A message came.
    Arrival(Box<Arrival>),
    /// A request was answered, or will not be.
    Told(Told),
}

/// A running reference platform.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    security: Security,
    heard: mpsc::Receiver<Heard>,
    giving: Giving,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// What a receiver is.
#[derive(Debug)]
pub struct Options {
    /// Where it listens: `host:port`.
    pub listen: String,
    /// How it answers.
    pub answers: Answers,
    /// What it shows to those who connect; none: it listens for plain HTTP.
    pub tls: Option<ServerTls>,
    /// Where it meets devices besides, and whose certificates it believes there.
    pub broker: Option<(Broker, Trust)>,
}

/// Whether the listener is plain or within TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Security {
    Plain,
    Tls,
}

/// Why a receiver could not start.
#[derive(Debug, thiserror::Error)]
pub enum ReceiverError {
    /// The address is taken, not this machine's, or not one at all.
    #[error("cannot listen")]
    Bind(#[source] io::Error),
    /// The socket does not say which port it got.
    #[error("cannot tell the port")]
    Address(#[source] io::Error),
    /// The broker cannot be reached, or does not let the platform in.
    #[error("cannot join the broker")]
    Broker(#[source] MqttError),
}

pub(super) struct Shared {
    answers: Answers,
    pub(super) heard: mpsc::Sender<Heard>,
    pub(super) requests: Requests,
    pub(super) bodies: Arc<Semaphore>,
    pub(super) stop: watch::Receiver<bool>,
}

/// What becomes of a connection once no more requests are read from it.
#[derive(Debug, Default)]
struct Fate {
    reset: AtomicBool,
    /// It is a WebSocket, opened so.
    upgraded: OnceLock<Opening>,
}

/// What ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection ends without an answer")]
struct Unanswered;

/// Why a body is not there.
enum BodyError {
    TooLong,
    Broken,
}

impl Receiver {
    /// Listens, joins the broker if there is one, and takes messages from then on.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, or the broker not be joined.
    pub async fn start(options: Options) -> Result<Self, ReceiverError> {
        let Options { listen, answers, tls, broker } = options;
        let listener = TcpListener::bind(&listen).await.map_err(ReceiverError::Bind)?;
        let address = listener.local_addr().map_err(ReceiverError::Address)?;
        let line = match broker {
            Some((broker, trust)) => Some(Line::open(broker, trust).await),
            None => None,
        };
        let line = line.transpose().map_err(ReceiverError::Broker)?;
        let (heard_sender, heard) = mpsc::channel(ARRIVALS_MAX);
        let (giving, requests) = Requests::new();
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            answers,
            heard: heard_sender,
            requests,
            bodies: Arc::new(Semaphore::new(BODIES_KB_MAX as usize)),
            stop: stopped,
        });
        let security = if tls.is_some() { Security::Tls } else { Security::Plain };
        let mut tasks = vec![tokio::spawn(accept(listener, tls, Arc::clone(&shared)))];
        tasks.extend(line.map(|line| tokio::spawn(line.serve(shared))));
        Ok(Self { address, security, heard, giving, stop, tasks })
    }

    /// Where it listens: `http://127.0.0.1:9000`, or `https`.
    #[must_use]
    pub fn url(&self) -> String {
        match self.security {
            Security::Plain => format!("http://{}", self.address),
            Security::Tls => format!("https://{}", self.address),
        }
    }

    /// Where devices reach it by WebSocket: `ws://127.0.0.1:9000`, or `wss`.
    #[must_use]
    pub fn socket_url(&self) -> String {
        match self.security {
            Security::Plain => format!("ws://{}", self.address),
            Security::Tls => format!("wss://{}", self.address),
        }
    }

    /// Where requests are given: each goes, as it is, to the device that connected first and still is.
    #[must_use]
    pub fn giving(&self) -> Giving {
        self.giving.clone()
    }

    /// What comes next; none once it was stopped. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }

    /// Accepts nothing more, and gives what came and was not taken yet; call `finish` after it.
    pub async fn stop(&mut self) -> Vec<Heard> {
        // Fails only when nobody is left to be stopped.
        let _ = self.stop.send(true);
        self.heard.close();
        let mut rest = Vec::new();
        while let Some(heard) = self.heard.recv().await {
            rest.push(heard);
        }
        rest
    }

    /// Waits until what is under way is answered, 2 s at most.
    pub async fn finish(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            // Fails only when it panicked, which leaves nothing to wait for.
            let _ = task.await;
        }
    }
}

async fn accept(listener: TcpListener, tls: Option<ServerTls>, shared: Arc<Shared>) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stop = shared.stop.clone();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept_one(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((stream, slot)) => {
                let (shared, tls) = (Arc::clone(&shared), tls.clone());
                connections.spawn(async move {
                    match secured(stream, tls).await {
                        Ok(socket) => serve(socket, shared).await,
                        Err(error) => tracing::warn!(%error, "a TLS handshake failed"),
                    }
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                clock::wait(Some(ACCEPT_PAUSE)).await;
            }
        }
    }
    drop(listener);
    let answered = async { while connections.join_next().await.is_some() {} };
    if clock::within(STOP_WAIT_MAX, answered).await.is_none() {
        tracing::debug!("some connections were cut");
    }
}

async fn accept_one(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, slot))
}

/// The connection as it is read from: with TLS, after the handshake.
async fn secured(stream: TcpStream, tls: Option<ServerTls>) -> io::Result<Socket> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "answers may be delayed");
    }
    let Some(tls) = tls else {
        return Ok(Socket::Plain(stream));
    };
    let accepted = clock::within(HANDSHAKE_MAX, tls.acceptor().accept(stream)).await;
    let stream = accepted.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?;
    Ok(Socket::Tls(Box::new(stream.into())))
}

async fn serve(stream: Socket, shared: Arc<Shared>) {
    let fate = Arc::new(Fate::default());
    let mut stop = shared.stop.clone();
    let service = {
        let (shared, fate) = (Arc::clone(&shared), Arc::clone(&fate));
        service_fn(move |request| {
            Box::pin(respond(Arc::clone(&shared), Arc::clone(&fate), request))
        })
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                break;
            }
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    let parts = connection.into_parts();
    let stream = parts.io.into_inner();
    if fate.reset.load(Ordering::Relaxed) {
        stream.reset();
    } else if let Some(opening) = fate.upgraded.get() {
        let mut socket = WebSocket::new(stream, parts.read_buf).await;
        if converse(&mut socket, opening, &shared).await.is_ok() {
            socket.close().await;
        }
    }
}

async fn respond(
    shared: Arc<Shared>,
    fate: Arc<Fate>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Unanswered> {
    if socket::is_upgrade(&request) {
        return Ok(upgrade(&fate, &request));
    }
    if request.method() != Method::POST {
        return Ok(only_post());
    }
    let reply = take(&shared, request).await?;
    match reply {
        Reply::Send { status, body } => Ok(response(status, body)),
        Reply::Hang => {
            let mut stop = shared.stop.clone();
            // Stopped or given up on: either way no answer.
            let _ = clock::within(HANG_MAX, stop.wait_for(|stop| *stop)).await;
            Err(Unanswered)
        }
        Reply::Reset => {
            fate.reset.store(true, Ordering::Relaxed);
            Err(Unanswered)
        }
    }
}

/// Lets a connection become a WebSocket, or says why not.
fn upgrade(fate: &Fate, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    match socket::accept(request) {
        Ok(accepted) => {
            let (path, headers) = (path(request.uri()), request.headers().clone());
            let opening = Opening { path, headers, known: Known::LetIn };
            // The first word stands; nothing is read as a request behind it.
            let _ = fate.upgraded.set(opening);
            accepted.map(|()| Full::default())
        }
        Err(error) => response(StatusCode::BAD_REQUEST, error.to_string()),
    }
}

fn path(uri: &Uri) -> String {
    uri.path_and_query().map_or("/", |path| path.as_str()).to_owned()
}

/// Reads one message, hands it over, and says how to answer it.
async fn take(shared: &Shared, request: Request<Incoming>) -> Result<Reply, Unanswered> {
    let (head, body) = request.into_parts();
    let announced = body.size_hint().upper().unwrap_or(BODY_BYTES_MAX).min(BODY_BYTES_MAX);
    let kilobytes = u32::try_from(announced.div_ceil(1024)).unwrap_or(BODIES_KB_MAX);
    let bodies = Arc::clone(&shared.bodies);
    let share = bodies.acquire_many_owned(kilobytes).await.map_err(|_| Unanswered)?;
    let (body, message) = match read(body).await {
        Ok(body) => {
            let sn = head.headers.get("sn").and_then(|sn| sn.to_str().ok());
            let message = message::read(sn, &body);
            (body, message)
        }
        Err(BodyError::TooLong) => (Bytes::new(), Err(Unparsable::TooLong(BODY_BYTES_MAX))),
        Err(BodyError::Broken) => return Err(Unanswered),
    };
    let reply = match &message {
        Err(Unparsable::TooLong(_)) => {
            Reply::Send { status: StatusCode::PAYLOAD_TOO_LARGE, body: String::new() }
        }
        message => answer::reply(shared.answers.next(), message),
    };
    let (path, headers) = (path(&head.uri), head.headers);
    let arrival = Arrival { at: clock::wall(), path, headers, body, message, _share: share };
    let arrival = Heard::Arrival(Box::new(arrival));
    // The owner has stopped counting: what is not counted must not be acknowledged.
    shared.heard.send(arrival).await.map_err(|_| Unanswered)?;
    Ok(reply)
}

async fn read(body: Incoming) -> Result<Bytes, BodyError> {
    let limit = usize::try_from(BODY_BYTES_MAX).unwrap_or(usize::MAX);
    match clock::within(BODY_WAIT_MAX, Limited::new(body, limit).collect()).await {
        Some(Ok(body)) => Ok(body.to_bytes()),
        Some(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(BodyError::TooLong)
        }
        _ => Err(BodyError::Broken),
    }
}

fn response(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn only_post() -> Response<Full<Bytes>> {
    let mut response = response(StatusCode::METHOD_NOT_ALLOWED, String::new());
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}
