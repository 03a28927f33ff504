//! The uplink: performs deliveries, by HTTP requests or on the connection that the device keeps for reports.
//!
//! For requests a device keeps at most one connection per delivery that may be in flight, opened when it has something
//! to send and closed after a while without; with many devices they take turns, as `turns` says. A kept connection is checked before use, and a dead one is
//! replaced within the same attempt. A push that fails on a kept connection before any of the answer came
//! is sent once more on a fresh one. A report is never sent twice: it uses a connection only shortly after
//! its last use, and goes on a fresh one only if nothing of it was written.

mod connection;
mod heard;
mod line;
mod log;
mod tls;
mod turns;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::Full;
use tracing::{Instrument, Span};
use vestibule_core::behaviour::failures;
use vestibule_core::clock::{Mono, Now};
use vestibule_core::delivery::line::{Dial, LineId};
use vestibule_core::delivery::{Attempt, AttemptId, Delivery, Destination, NoAnswer, Outcome};
use vestibule_core::dest::EventDest;
use vestibule_core::wire::{View, v1, v3};

use self::connection::{Connection, Failure, Target, Way};
use self::line::{Line, Orders};
use self::log::Logging;
pub use self::log::{DeliveryLog, Logged};
pub(crate) use self::tls::Verify;
pub use self::tls::{Tls, TlsError};
pub use self::turns::Turns;
use self::turns::{Entrance, OPENING_TIME_MAX, TURN_TIME_MAX};
use crate::clock::{Clock, Elapsed, pause, within};
use crate::fleet::Handle;

/// Platforms close idle connections after some seconds; a device lets go before.
const IDLE_MAX: Duration = Duration::from_secs(2);

/// A report uses a kept connection only this soon after its last use: what has been idle longer may be
/// closing on the other side, and a report is not sent twice.
const REPORT_REUSE_MAX: Duration = Duration::from_secs(1);

/// What the devices of a process share on their way out.
#[derive(Debug)]
pub struct Outside {
    /// Whom they trust.
    pub tls: Arc<Tls>,
    /// What was delivered.
    pub log: Arc<DeliveryLog>,
    /// Who may hold a connection.
    pub turns: Arc<Turns>,
    /// The clock of this process.
    pub clock: Clock,
}

/// One device's way out.
#[derive(Debug)]
pub struct Uplink {
    kept: Vec<Connection>,
    line: Option<Line>,
    /// That of its deliveries, once there was one: it names the device.
    span: Option<Span>,
    outside: Arc<Outside>,
}

/// An attempt that is under way.
pub(crate) type UnderWay = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// An attempt that has ended.
pub struct Finished {
    id: AttemptId,
    outcome: Outcome,
    connection: Option<Connection>,
}

impl Uplink {
    /// A way out with no connection yet.
    #[must_use]
    pub const fn new(outside: Arc<Outside>) -> Self {
        Self { kept: Vec::new(), line: None, span: None, outside }
    }

    /// Starts an attempt.
    pub(crate) fn start(&mut self, attempt: Attempt, now: Now, handle: Arc<Handle>) -> UnderWay {
        let way = self.way(&attempt, now.mono);
        let outside = Arc::clone(&self.outside);
        let span = || tracing::info_span!("delivery", sn = handle.identity().sn);
        let span = self.span.get_or_insert_with(span).clone();
        let begun = async move {
            let id = attempt.id;
            let Some((way, now)) = way.begun(&attempt, &outside, now, &handle).await else {
                // It never left: the process stops.
                return Finished::cut(id);
            };
            let log = Arc::clone(&outside.log);
            let logging = Logging::new(attempt, now, outside.clock, log);
            let attempt = &logging.attempt;
            let result = match way {
                Begun::Post(posting, over) => {
                    let Posting { dest, target } = *posting;
                    let message = Message::new(attempt, &dest, now);
                    let way = Way { target: &target, outside: &outside, handle: &handle };
                    let delivered = deliver(&message, &way, attempt, over).await;
                    delivered.map(|(answer, connection)| (Some(answer), connection))
                }
                Begun::Line(orders) => {
                    line::report(orders, attempt, body(attempt)).await.map(|()| (None, None))
                }
            };
            logging.end(result.as_ref().map(|(answer, _)| answer.as_ref()));
            match result {
                Ok((Some(answer), connection)) => {
                    Finished { id, outcome: Outcome::Answered(answer), connection }
                }
                Ok((None, connection)) => Finished { id, outcome: Outcome::Left, connection },
                Err(failure) => {
                    let outcome = Outcome::NoAnswer(failure.no_answer());
                    Finished { id, outcome, connection: None }
                }
            }
        };
        Box::pin(begun.instrument(span))
    }

    /// By which way an attempt leaves.
    fn way(&mut self, attempt: &Attempt, now: Mono) -> Leaving {
        match &attempt.destination {
            Destination::Post(dest) => {
                let target = Target::new(dest, Verify::of(&attempt.view.behaviour.v1));
                let kept = self.take(&target, &attempt.delivery, now);
                Leaving::Post(Box::new(Posting { dest: dest.clone(), target }), kept)
            }
            Destination::Line(id, _) => Leaving::Line(self.orders(*id)),
        }
    }

    /// Opens a connection for reports in place of the one there was.
    pub fn dial(&mut self, dial: Dial, handle: Arc<Handle>) {
        // The earlier one ends first.
        self.hang_up();
        self.line = Some(Line::open(dial, Arc::clone(&self.outside), handle));
    }

    /// Lets a message of the device's own leave on that connection for reports.
    pub fn say(&self, id: LineId, bytes: Vec<u8>) {
        if let Some(line) = self.line.as_ref().filter(|line| line.id() == id) {
            line.say(bytes);
        }
    }

    /// Ends the connection for reports.
    pub fn hang_up(&mut self) {
        self.line = None;
    }

    fn orders(&self, id: LineId) -> Option<Orders> {
        self.line.as_ref().filter(|line| line.id() == id).map(Line::orders)
    }

    /// Keeps the connection of an attempt that ended, if it can be used again.
    pub fn finish(&mut self, finished: Finished, now: Mono) -> (AttemptId, Outcome) {
        if let Some(mut connection) = finished.connection {
            connection.last_used = now;
            self.kept.push(connection);
        }
        (finished.id, finished.outcome)
    }

    /// Closes every kept connection.
    pub fn close(&mut self) {
        self.kept.clear();
        self.hang_up();
    }

    /// Lets the connections rest that nothing was found for; where others wait for one, it is closed.
    pub fn rest(&mut self) {
        self.kept.retain_mut(|connection| connection.rest(&self.outside.turns));
    }

    /// Closes the connections that have been idle for long enough.
    pub fn close_idle(&mut self, now: Mono) {
        self.kept.retain(|connection| now < connection.last_used + IDLE_MAX);
    }

    /// When the next connection has been idle for long enough.
    #[must_use]
    pub fn idle_deadline(&self) -> Option<Mono> {
        self.kept.iter().map(|connection| connection.last_used + IDLE_MAX).min()
    }

    /// A kept connection to the target that may be used for such a delivery.
    fn take(&mut self, target: &Target, delivery: &Delivery, now: Mono) -> Option<Connection> {
        self.kept.retain(Connection::is_open);
        let place = self.kept.iter().position(|connection| {
            let fresh = match delivery {
                Delivery::Push(_) => true,
                Delivery::Report(_) => now.since(connection.last_used) <= REPORT_REUSE_MAX,
            };
            connection.target == *target && fresh
        })?;
        let mut connection = self.kept.swap_remove(place);
        if now.since(connection.opened) > TURN_TIME_MAX && self.outside.turns.are_wanted() {
            // It was this device's turn for long enough.
            return None;
        }
        connection.resume().then_some(connection)
    }
}

impl Finished {
    /// One that did not begin.
    const fn cut(id: AttemptId) -> Self {
        Self { id, outcome: Outcome::NoAnswer(NoAnswer::Broken), connection: None }
    }
}

/// By which way an attempt leaves.
enum Leaving {
    /// By a request, on a kept connection if there is one.
    Post(Box<Posting>, Option<Connection>),
    /// On the connection for reports, if that is there.
    Line(Option<Orders>),
}

/// By which way one leaves whose turn it is.
enum Begun {
    Post(Box<Posting>, Over),
    Line(Option<Orders>),
}

/// Over which connection a request leaves.
enum Over {
    Kept(Connection),
    Fresh(Entrance),
}

/// A request that is about to leave.
struct Posting {
    dest: EventDest,
    target: Target,
}

impl Leaving {
    /// Waits for the device's turn, if it needs one, and says when that has come.
    async fn begun(
        self,
        attempt: &Attempt,
        outside: &Outside,
        now: Now,
        handle: &Handle,
    ) -> Option<(Begun, Now)> {
        Some(match self {
            Self::Line(orders) => (Begun::Line(orders), now),
            Self::Post(posting, Some(kept)) => (Begun::Post(posting, Over::Kept(kept)), now),
            Self::Post(posting, None) => {
                let entrance = outside.turns.enter(attempt.entry.at).await?;
                let now = handle.read(|device, mono| device.now(mono));
                (Begun::Post(posting, Over::Fresh(entrance)), now)
            }
        })
    }
}

type Delivered = (vestibule_core::delivery::Answer, Option<Connection>);

async fn deliver(
    message: &Message<'_>,
    way: &Way<'_>,
    attempt: &Attempt,
    over: Over,
) -> Result<Delivered, Failure> {
    let failing = &attempt.view.behaviour.failures.delivery;
    let mut over = Some(over);
    if let Some(delay) = failing.delay {
        pause(delay).await;
        // Too old by now to be trusted.
        over = over.filter(|over| matches!(over, Over::Fresh(_)));
    }
    let mut delivered = deliver_once(message, way, attempt, over).await?;
    for _ in 0..failing.copies {
        let (_, kept) = delivered;
        delivered = deliver_once(message, way, attempt, kept.map(Over::Kept)).await?;
    }
    Ok(delivered)
}

async fn deliver_once(
    message: &Message<'_>,
    way: &Way<'_>,
    attempt: &Attempt,
    over: Option<Over>,
) -> Result<Delivered, Failure> {
    let entrance = match over {
        Some(Over::Kept(connection)) => {
            match connection.send(message.request(), attempt.timeout).await {
                Err(failure) if failure.allows_another(&attempt.delivery) => None,
                result => return result,
            }
        }
        Some(Over::Fresh(entrance)) => Some(entrance),
        None => None,
    };
    let entrance = match entrance {
        Some(entrance) => entrance,
        None => way.outside.turns.enter(attempt.entry.at).await.ok_or(Failure::Unplugged)?,
    };
    deliver_freshly(message, way, attempt, entrance).await
}

/// Delivers on a connection of its own. It counts as being opened until the first answer, or for a while.
async fn deliver_freshly(
    message: &Message<'_>,
    way: &Way<'_>,
    attempt: &Attempt,
    Entrance { turn, opening }: Entrance,
) -> Result<Delivered, Failure> {
    let exchange = async {
        let connection = Connection::open(way, attempt, turn).await?;
        connection.send(message.request(), attempt.timeout).await
    };
    let mut exchange = pin!(exchange);
    match within(OPENING_TIME_MAX, &mut exchange).await {
        Ok(delivered) => delivered,
        Err(Elapsed) => {
            drop(opening);
            exchange.await
        }
    }
}

/// As many headers as a push has.
const HEADERS: usize = 7;

const fn is_push(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Push(_))
}

/// What is sent: the body is made once, and sent again as it is if the connection was dead.
struct Message<'a> {
    attempt: &'a Attempt,
    dest: &'a EventDest,
    now: Now,
    body: Bytes,
}

impl<'a> Message<'a> {
    fn new(attempt: &'a Attempt, dest: &'a EventDest, now: Now) -> Self {
        Self { attempt, dest, now, body: body(attempt) }
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let view = &*self.attempt.view;
        let is_push = is_push(&self.attempt.delivery);
        let (mut method, mut content_type) = (Method::POST, "application/json");
        if is_push {
            let violations = &view.behaviour.violations.v1.push;
            method = if violations.put { Method::PUT } else { method };
            content_type = violations.content_type.unwrap_or(content_type);
        }
        let failing = &view.behaviour.failures.delivery;
        content_type = failing.content_type.unwrap_or(content_type);
        let mut headers = HeaderMap::with_capacity(HEADERS);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let host = HeaderValue::from_str(self.dest.authority());
        headers.insert(header::HOST, host.expect("an authority is visible ASCII"));
        if is_push {
            headers.extend(identity_headers(view, self.now));
        }
        headers.insert(header::CONTENT_LENGTH, self.body.len().into());
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = method;
        *request.uri_mut() = self.dest.target();
        *request.headers_mut() = headers;
        request
    }
}

/// What an attempt sends, as the faults in force have it.
fn body(attempt: &Attempt) -> Bytes {
    let view = &*attempt.view;
    let body = match &attempt.delivery {
        Delivery::Push(record) => v1::encode_push(view, &attempt.entry, *record, attempt.number),
        Delivery::Report(reqid) => v3::encode_report(view, &attempt.entry, &reqid.0),
    };
    let body = body.expect("the core attempts only forms that an entry has");
    spoilt(body, &view.behaviour.failures.delivery)
}

/// A body as the faults in force have it.
fn spoilt(mut body: Vec<u8>, failing: &failures::Delivery) -> Bytes {
    if failing.truncated {
        body.truncate(body.len() / 2);
    }
    // The first of what holds names and values together: nothing is JSON without it.
    let colon = body.iter().position(|byte| *byte == b':').filter(|_| failing.corrupted);
    if let Some(colon) = colon {
        body[colon] = b';';
    }
    body.into()
}

/// The headers that go with every v1 answer and push (R-V1-19).
pub(crate) fn identity_headers(
    view: &View,
    now: Now,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
    let identity = &view.identity;
    let text =
        |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("?"));
    [
        (HeaderName::from_static("model"), text(&identity.model)),
        (HeaderName::from_static("sn"), text(&identity.sn)),
        (HeaderName::from_static("timestamp"), HeaderValue::from(view.shown_time(now).seconds())),
        (HeaderName::from_static("account"), text(&identity.account)),
    ]
    .into_iter()
}
