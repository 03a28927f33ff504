//! One device of a flood: makes its records when their turn comes, sends them, and says what came of each.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use http_body_util::Full;
use vestibule_core::clock::{Mono, Now, UnixMillis};
use vestibule_core::dest::EventDest;
use vestibule_core::flood::{Api, Record, Records, Schedule};

use super::answer;
use super::figures::Figures;
use super::gate::{Gate, Pass};
use super::kind::Kind;
use super::line::{Line, Way};
use crate::clock::{Clock, Elapsed, within};
use crate::uplink::identity_headers;

/// Platforms close idle connections after some seconds; a device lets go before.
const IDLE_MAX: Duration = Duration::from_secs(2);

/// How long a device that found nobody waits before it tries again: this, then twice as long, up to the
/// longest. Without it a platform that is down would be asked for every waiting record at once.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(1);

/// What all devices of a flood share.
pub(super) struct Common {
    pub(super) to: EventDest,
    /// Its path and query.
    pub(super) path: Uri,
    pub(super) api: Api,
    pub(super) schedule: Arc<Schedule>,
    pub(super) figures: Arc<Figures>,
    pub(super) way: Arc<Way>,
    pub(super) clock: Clock,
    pub(super) start: Mono,
}

/// One device.
pub(super) struct Device {
    common: Arc<Common>,
    number: u32,
    records: Records,
    headers: HeaderMap,
    line: Line,
    /// Tries to connect that failed, one after the other.
    in_vain: u32,
}

impl Device {
    pub(super) fn new(common: Arc<Common>, number: u32, records: Records) -> Self {
        let headers = headers(&common, &records);
        let line = Line::new(Arc::clone(&common.way));
        Self { common, number, records, headers, line, in_vain: 0 }
    }

    /// Sends its records until there are no more, or none may begin.
    pub(super) async fn run(mut self, gates: Arc<[Gate]>, place: usize) {
        let gate = &gates[place];
        let records = self.common.schedule.records_of(self.number).unwrap_or(u64::MAX);
        for number in 0..records {
            if self.rest(gate).await == Pass::End || self.turn(gate, number).await == Pass::End {
                return;
            }
            self.deliver(number).await;
        }
    }

    /// Waits for the record's turn. What is idle meanwhile is closed.
    async fn turn(&mut self, gate: &Gate, number: u64) -> Pass {
        loop {
            let pass = gate.pass(number);
            if pass != Pass::Wait {
                return pass;
            }
            if !self.line.is_open() {
                gate.changed().await;
                continue;
            }
            let changed_or_closed = async {
                tokio::select! {
                    () = gate.changed() => {}
                    () = self.line.closed() => {}
                }
            };
            if within(IDLE_MAX, changed_or_closed).await == Err(Elapsed) {
                self.line.close();
            }
        }
    }

    /// Waits after tries to connect that failed.
    async fn rest(&mut self, gate: &Gate) -> Pass {
        if self.in_vain == 0 {
            return Pass::Go;
        }
        let after = AGAIN_AFTER.saturating_mul(1 << (self.in_vain - 1).min(10));
        let ended = async {
            while gate.pass(0) != Pass::End {
                gate.changed().await;
            }
        };
        match within(after.min(AGAIN_AFTER_MAX), ended).await {
            Ok(()) => Pass::End,
            Err(Elapsed) => Pass::Go,
        }
    }

    async fn deliver(&mut self, number: u64) {
        let common = Arc::clone(&self.common);
        let now = || common.clock.mono().since(common.start);
        let Record { stamp, body } = self.records.next(common.schedule.stamp(self.number, number));
        let body = Bytes::from(body);
        if common.api == Api::V1 {
            let name = HeaderName::from_static("timestamp");
            self.headers.insert(name, HeaderValue::from(stamp.seconds()));
        }
        self.headers.insert(header::CONTENT_LENGTH, body.len().into());
        let begun = now();
        let due = common.schedule.due(self.number, number).unwrap_or(begun);
        common.figures.send(begun);
        let headers = &self.headers;
        let request = || request(common.path.clone(), headers.clone(), body.clone());
        let sent = self.line.send(request).await;
        let ended = now();
        let outcome = sent.and_then(|sent| answer::judge(common.api, sent.status, &sent.body));
        self.in_vain = match outcome {
            Err(Kind::Refused | Kind::Unreachable | Kind::ConnectTimeout | Kind::Tls) => {
                self.in_vain + 1
            }
            _ => 0,
        };
        common.figures.settle(ended, ended.saturating_sub(due), outcome);
    }
}

/// Those that are the same for all records of a device (R-V1-19, R-V1-23).
fn headers(common: &Common, records: &Records) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(7);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let host = HeaderValue::from_str(common.to.authority());
    headers.insert(header::HOST, host.expect("an authority is visible ASCII"));
    if common.api == Api::V1 {
        // The time among them is each record's own.
        let never = Now { mono: Mono::default(), wall: UnixMillis::default() };
        headers.extend(identity_headers(records.view(), never));
    }
    headers
}

fn request(path: Uri, headers: HeaderMap, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = path;
    *request.headers_mut() = headers;
    request
}
