//! A port that devices push and report to.
//!
//! Promises that a message is in the stream before it is answered, that an outage is in force when
//! the call that begins it returns, and that a port that refuses stays this listener's: it is bound
//! all the while. Connections, bodies and the stream are bounded.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::answer::Answer;
use super::connection::{self, Ended};
use super::plan::Plan;
use super::tls::ServerTls;
use crate::clock;
use crate::socket;
use crate::stream::{Added, Came, Fate, Stream};

/// Open connections. A device has one, or a few; each may hold a body of 16 MiB, so many more could
/// fill the memory. Further ones wait unaccepted.
const CONNECTIONS_MAX: usize = 128;

/// Connections that the system holds ready to be accepted: during a black hole a device may try
/// every second for a quarter of an hour.
const BACKLOG: u32 = 1024;

/// Connections whose times are kept; of further ones only the number is.
const CONNECTIONS_KEPT_MAX: usize = 100_000;

/// How long open connections may take to end when an outage begins: they end at once, unless the
/// machine is overloaded.
const END_WAIT_MAX: Duration = Duration::from_secs(5);

/// The pause after a failed accept or listen: without it the loop would spin.
const PAUSE: Duration = Duration::from_millis(100);

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address of this machine; port 0 picks a free one.
    pub listen: SocketAddr,
    /// What devices are told, where that is another address: behind a router, say.
    pub public_url: Option<String>,
    /// The certificate of an https listener.
    pub tls: Option<ServerTls>,
    /// When the run began: what all times count from.
    pub origin: Instant,
}

/// In which way a platform cannot be reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outage {
    /// Connections are refused, and those that are open are reset.
    Refused,
    /// Nothing is accepted, read or written any more, and nothing is refused.
    BlackHole,
    /// Connections are accepted and reset.
    Reset,
    /// Messages are taken and never answered.
    Hang,
}

/// Why a listener could not be opened, or put back.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Every address of the machine is none that a device could be told.
    #[error("{0} is no address that a device could connect to: say what it is to be told")]
    Nowhere(SocketAddr),
    /// The listener is closed, or has failed.
    #[error("the listener is gone")]
    Gone,
}

/// A listener.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    url: String,
    shared: Arc<Shared>,
    applied: watch::Receiver<u64>,
    acceptor: JoinHandle<()>,
}

/// One connection to a listener.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Connection {
    /// When it was accepted, since the run began.
    pub opened: Duration,
    /// When and how it ended.
    pub ended: Option<(Duration, Ended)>,
}

/// What connections are to do, with a number that grows at each change.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mode {
    number: u64,
    pub(super) outage: Option<Outage>,
    /// Connections end as when the listener is closed: a device that was cut might lose what it says next.
    pub(super) resting: bool,
    pub(super) closed: bool,
}

/// How an outage ends what is open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ending {
    Cut,
    Closed,
}

/// What connections, the acceptor and the owner share.
#[derive(Debug)]
pub(super) struct Shared {
    origin: Instant,
    pub(super) tls: Option<ServerTls>,
    record: Mutex<Record>,
    /// Grows whenever the record changes.
    changed: watch::Sender<u64>,
    mode: watch::Sender<Mode>,
}

#[derive(Debug, Default)]
struct Record {
    stream: Stream,
    plan: Plan,
    /// Messages that `plan` was asked about.
    planned: u64,
    /// Begins when so many more messages have been answered.
    coming: Option<(u64, Outage)>,
    connections: Vec<Connection>,
    connections_beyond: u32,
    trouble: Option<String>,
}

/// The port, open or shut.
enum Door {
    Open(TcpListener),
    /// Bound and not listening: whoever connects is refused, and nobody else can take the port.
    Shut(TcpSocket),
}

impl Listener {
    /// Opens a listener that answers by `plan`.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, or is one that no device could be told.
    pub async fn open(options: Options, plan: Plan) -> Result<Self, ListenError> {
        let bind = |source| ListenError::Bind { address: options.listen, source };
        let listener = bound(options.listen).and_then(|socket| socket.listen(BACKLOG));
        let listener = listener.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let url = match options.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if address.ip().is_unspecified() => return Err(ListenError::Nowhere(address)),
            None => {
                let scheme = if options.tls.is_some() { "https" } else { "http" };
                format!("{scheme}://{address}")
            }
        };
        let shared = Arc::new(Shared {
            origin: options.origin,
            tls: options.tls,
            record: Mutex::new(Record { plan, ..Record::default() }),
            changed: watch::Sender::new(0),
            mode: watch::Sender::new(Mode::default()),
        });
        let (apply, applied) = watch::channel(0);
        let acceptor = Acceptor {
            address,
            shared: Arc::clone(&shared),
            door: Some(Door::Open(listener)),
            stale: false,
            connections: JoinSet::new(),
        };
        let acceptor = tokio::spawn(acceptor.run(apply));
        Ok(Self { address, url, shared, applied, acceptor })
    }

    /// What devices are to be told, without a slash at its end. Every path below it is taken.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers by `plan` from the next message on.
    pub fn plan(&self, plan: Plan) {
        let mut record = self.shared.record();
        record.plan = plan;
        record.planned = 0;
    }

    /// Cannot be reached from now on, in this way.
    ///
    /// # Errors
    ///
    /// When the listener is gone.
    pub async fn outage(&self, outage: Outage) -> Result<(), ListenError> {
        self.change(Some(outage)).await
    }

    /// Cannot be reached, in this way, as soon as `messages` further messages have been answered.
    pub fn outage_after(&self, messages: u64, outage: Outage) {
        self.shared.record().coming = Some((messages, outage));
    }

    /// Can be reached again, and forgets about an outage that was to come.
    ///
    /// # Errors
    ///
    /// When the listener is gone.
    pub async fn heal(&self) -> Result<(), ListenError> {
        self.shared.record().coming = None;
        self.change(None).await
    }

    /// The outage there is.
    #[must_use]
    pub fn outage_now(&self) -> Option<Outage> {
        self.shared.mode.borrow().outage
    }

    /// Looks at what came so far. Messages wait meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&Stream) -> T) -> T {
        look(&self.shared.record().stream)
    }

    /// Looks again at each change, until `look` finds something or `within` has passed.
    pub async fn until<T>(
        &self,
        within: Duration,
        mut look: impl FnMut(&Stream) -> Option<T>,
    ) -> Option<T> {
        let mut changed = self.shared.changed.subscribe();
        let found = async {
            loop {
                changed.mark_unchanged();
                if let Some(found) = self.look(&mut look) {
                    return Some(found);
                }
                // Fails never: the sender is in `self`.
                changed.changed().await.ok()?;
            }
        };
        match clock::within(within, found).await {
            Some(found) => found,
            // What came in the last instant counts.
            None => self.look(look),
        }
    }

    /// The connections so far, the first hundred thousand of them.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection> {
        self.shared.record().connections.clone()
    }

    /// What went wrong on our side, which voids what is judged: the port could not be put back, or
    /// messages could not be kept.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let record = self.shared.record();
        let full = record.stream.untaken();
        let full = (full > 0).then(|| format!("{full} messages more than a stream can hold"));
        record.trouble.clone().or(full)
    }

    /// Ends what is open, refuses everybody from now on, gives what came, and keeps the port.
    ///
    /// # Errors
    ///
    /// When the listener is gone.
    pub async fn rest(&self) -> Result<Stream, ListenError> {
        self.shared.record().coming = None;
        let number = self.shared.begin(Some(Outage::Refused), Ending::Closed);
        self.applied(number).await?;
        let mut record = self.shared.record();
        let plan = record.plan.clone();
        Ok(std::mem::replace(&mut *record, Record { plan, ..Record::default() }).stream)
    }

    /// Accepts and answers nothing more, and gives what came.
    pub async fn close(mut self) -> Stream {
        self.shared.mode.send_modify(|mode| mode.closed = true);
        // Fails only when the acceptor panicked, which leaves nothing to wait for.
        let _ = (&mut self.acceptor).await;
        std::mem::take(&mut self.shared.record().stream)
    }

    async fn change(&self, outage: Option<Outage>) -> Result<(), ListenError> {
        let number = self.shared.set(outage);
        self.applied(number).await
    }

    async fn applied(&self, number: u64) -> Result<(), ListenError> {
        let mut applied = self.applied.clone();
        match applied.wait_for(|applied| *applied >= number).await {
            Ok(_) => Ok(()),
            Err(_) => Err(ListenError::Gone),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Ends the acceptor and every connection by itself.
        self.shared.mode.send_modify(|mode| mode.closed = true);
    }
}

impl Shared {
    pub(super) fn now(&self) -> Duration {
        clock::mono().saturating_duration_since(self.origin)
    }

    pub(super) fn mode(&self) -> watch::Receiver<Mode> {
        self.mode.subscribe()
    }

    /// Keeps a message, and says how to answer it; without an answer during an outage, or when it
    /// could not be kept: what is not in the stream must not be acknowledged.
    pub(super) fn take(&self, came: &Came<'_>) -> (Added, Option<Answer>) {
        let mut record = self.record();
        let added = match record.stream.arrive(came) {
            Ok(added) => added,
            Err(error) => {
                record.trouble.get_or_insert_with(|| error.to_string());
                Added::default()
            }
        };
        let reachable = self.mode.borrow().outage.is_none();
        let answer = (added.index.is_some() && reachable).then(|| {
            let answer = record.plan.answer(record.planned, u64::from(added.earlier)).clone();
            record.planned += 1;
            answer
        });
        drop(record);
        self.tell();
        (added, answer)
    }

    /// Notes what became of an answer, and begins an outage that was waiting for it.
    pub(super) fn done(&self, added: &Added, answer: Option<&Answer>, fate: Fate) {
        let mut record = self.record();
        if let Some(index) = added.index {
            let answered = answer.map(|answer| answer.answered(added.shape));
            record.stream.done(index, self.now(), fate, answered);
        }
        record.coming = match record.coming {
            Some((0 | 1, outage)) if answer.is_some() => {
                // Under the lock: the next message of any connection is within the outage.
                self.set(Some(outage));
                None
            }
            Some((messages, outage)) if answer.is_some() => Some((messages - 1, outage)),
            coming => coming,
        };
        drop(record);
        self.tell();
    }

    /// Notes that a connection broke after the answer to a message was written.
    pub(super) fn doubt(&self, index: Option<usize>) {
        if let Some(index) = index {
            self.record().stream.doubt(index);
            self.tell();
        }
    }

    pub(super) fn ended(&self, connection: u32, ended: Ended) {
        let now = self.now();
        let at = usize::try_from(connection).unwrap_or(usize::MAX);
        if let Some(connection) = self.record().connections.get_mut(at) {
            connection.ended = Some((now, ended));
        }
        self.tell();
    }

    fn opened(&self) -> u32 {
        let opened = self.now();
        let mut record = self.record();
        let kept = u32::try_from(record.connections.len()).unwrap_or(u32::MAX);
        if record.connections.len() < CONNECTIONS_KEPT_MAX {
            record.connections.push(Connection { opened, ended: None });
        } else {
            record.connections_beyond = record.connections_beyond.saturating_add(1);
        }
        kept.saturating_add(record.connections_beyond)
    }

    fn set(&self, outage: Option<Outage>) -> u64 {
        self.begin(outage, Ending::Cut)
    }

    fn begin(&self, outage: Option<Outage>, ending: Ending) -> u64 {
        self.mode.send_modify(|mode| {
            mode.outage = outage;
            mode.resting = ending == Ending::Closed;
            mode.number += 1;
        });
        self.mode.borrow().number
    }

    fn trouble(&self, trouble: String) {
        self.record().trouble.get_or_insert(trouble);
    }

    fn tell(&self) {
        self.changed.send_modify(|number| *number += 1);
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        // A panic in a look leaves the record as it was.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Owns the port.
struct Acceptor {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// None only while it is changed, or when that failed.
    door: Option<Door>,
    /// What waits in the system's backlog came during a black hole, and is given up on by now.
    stale: bool,
    connections: JoinSet<()>,
}

impl Acceptor {
    async fn run(mut self, apply: watch::Sender<u64>) {
        let mut mode = self.shared.mode();
        loop {
            let now = *mode.borrow_and_update();
            if now.closed {
                break;
            }
            if let Err(error) = self.apply(now.outage).await {
                self.shared.trouble(format!("cannot listen on {} again: {error}", self.address));
                clock::wait(Some(PAUSE)).await;
                continue;
            }
            apply.send_replace(now.number);
            self.accept_until_changed(now.outage, &mut mode).await;
        }
        drop(self.door.take());
        self.end_connections().await;
    }

    /// Makes the port as `outage` wants it.
    async fn apply(&mut self, outage: Option<Outage>) -> io::Result<()> {
        match outage {
            Some(Outage::Refused) => {
                if !matches!(self.door, Some(Door::Shut(_))) {
                    self.door = None;
                    self.door = Some(Door::Shut(held(self.address)?));
                }
                self.end_connections().await;
            }
            Some(Outage::BlackHole) => {
                self.open()?;
                self.stale = true;
            }
            Some(Outage::Reset) => {
                self.open()?;
                self.end_connections().await;
            }
            Some(Outage::Hang) | None => self.open()?,
        }
        Ok(())
    }

    /// Opens the door, with nobody waiting who came during a black hole.
    fn open(&mut self) -> io::Result<()> {
        if self.stale {
            self.door = None;
            self.door = Some(Door::Shut(held(self.address)?));
            self.stale = false;
        }
        let listener = match self.door.take() {
            Some(Door::Open(listener)) => listener,
            Some(Door::Shut(socket)) => {
                socket.set_reuseaddr(true)?;
                socket.listen(BACKLOG)?
            }
            None => bound(self.address)?.listen(BACKLOG)?,
        };
        self.door = Some(Door::Open(listener));
        Ok(())
    }

    async fn accept_until_changed(
        &mut self,
        outage: Option<Outage>,
        mode: &mut watch::Receiver<Mode>,
    ) {
        loop {
            let listener = match &self.door {
                Some(Door::Open(listener)) if outage != Some(Outage::BlackHole) => Some(listener),
                _ => None,
            };
            let room = self.connections.len() < CONNECTIONS_MAX;
            let accepted = tokio::select! {
                biased;
                // Fails never: the sender is in `shared`.
                _ = mode.changed() => return,
                Some(_) = self.connections.join_next() => continue,
                accepted = accept(listener.filter(|_| room)) => accepted,
            };
            match accepted {
                Ok(stream) if outage == Some(Outage::Reset) => {
                    let number = self.shared.opened();
                    socket::reset(&stream);
                    drop(stream);
                    self.shared.ended(number, Ended::Reset);
                }
                Ok(stream) => {
                    let number = self.shared.opened();
                    let shared = Arc::clone(&self.shared);
                    self.connections.spawn(connection::serve(stream, number, shared));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    clock::wait(Some(PAUSE)).await;
                }
            }
        }
    }

    /// Waits until the connections have noticed that they are to end.
    async fn end_connections(&mut self) {
        let connections = &mut self.connections;
        let ended = async { while connections.join_next().await.is_some() {} };
        if clock::within(END_WAIT_MAX, ended).await.is_none() {
            tracing::debug!("some connections were cut");
            self.connections.abort_all();
        }
    }
}

/// The next connection; waits for ever without a listener.
async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

/// A socket that is bound and does not listen yet.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // What is left of earlier connections does not keep the port from being taken again.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// A socket that keeps the port from everybody and refuses whoever connects.
fn held(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = bound(address)?;
    // Two that reuse an address may be bound to it, and then the other one could listen.
    socket.set_reuseaddr(false)?;
    Ok(socket)
}
