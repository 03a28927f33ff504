//! A scripted platform: it records every request and answers as it is told, over HTTP or HTTPS.

mod connection;
mod port;
mod script;
mod tls;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

pub(crate) use self::script::Answer;
use self::script::Script;
pub(crate) use self::tls::{Certificate, TlsVersions};
use crate::bench_device::PATIENCE;

/// One request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Which connection it came on, from 1.
    pub(crate) connection: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// What it was answered.
    pub(crate) answer: Answer,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a delivery is JSON")
    }

    /// The `uuid` of a recognition record.
    pub(crate) fn uuid(&self) -> String {
        let uuid = &self.json()["data"]["uuid"];
        uuid.as_str().expect("a recognition has a uuid").to_owned()
    }

    /// The `seqnum` of a report.
    pub(crate) fn seqnum(&self) -> u64 {
        self.json()["body"]["seqnum"].as_u64().expect("a report has a seqnum")
    }
}

/// What the connections share.
struct Shared {
    state: Mutex<State>,
    /// Counts what changes: requests, connections, the script.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    script: Script,
    requests: Vec<Request>,
    /// Connections accepted.
    connections: u64,
    /// Connections that have ended.
    ended: u64,
    tls: Option<TlsAcceptor>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics under the lock")
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changes.send_modify(|changes| *changes += 1);
        result
    }

    async fn until(&self, what: &str, mut holds: impl FnMut(&State) -> bool) {
        let mut changes = self.changes.subscribe();
        let wait = changes.wait_for(|_| holds(&self.lock()));
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "the platform waited in vain until {what}");
    }
}

/// A platform on a port of its own, which stays its own while nothing listens there.
pub(crate) struct Platform {
    shared: Arc<Shared>,
    port: port::Port,
    accepting: Mutex<Option<AbortHandle>>,
    scheme: &'static str,
}

impl Platform {
    /// Listens and answers everything with success.
    pub(crate) fn start() -> Self {
        let platform = Self::start_down();
        platform.listen();
        platform
    }

    /// Has a port, and does not listen yet.
    pub(crate) fn start_down() -> Self {
        let state = Mutex::new(State::default());
        let shared = Arc::new(Shared { state, changes: watch::Sender::new(0) });
        Self { shared, port: port::Port::reserve(), accepting: Mutex::new(None), scheme: "http" }
    }

    /// The same over TLS.
    pub(crate) fn start_tls(certificate: &Certificate, versions: TlsVersions) -> Self {
        let mut platform = Self::start_down();
        platform.scheme = "https";
        platform.use_certificate(certificate, versions);
        platform.listen();
        platform
    }

    /// Connections from now on are greeted with this certificate.
    pub(crate) fn use_certificate(&self, certificate: &Certificate, versions: TlsVersions) {
        self.shared.lock().tls = Some(certificate.acceptor(versions));
    }

    pub(crate) fn listen(&self) {
        let listener = self.port.listen();
        let task = tokio::spawn(connection::accept(listener, Arc::clone(&self.shared)));
        *self.accepting.lock().expect("unpoisoned") = Some(task.abort_handle());
    }

    /// Stops listening and resets what is open.
    pub(crate) async fn shut(&self) {
        if let Some(task) = self.accepting.lock().expect("unpoisoned").take() {
            task.abort();
        }
        self.shared
            .until("all connections are gone", |state| state.connections == state.ended)
            .await;
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}/Record", self.scheme, self.port.address())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Every request from now on is answered so.
    pub(crate) fn answer(&self, answer: Answer) {
        self.shared.change(|state| state.script = Script::always(answer));
    }

    /// The next requests are answered so, then `then`.
    pub(crate) fn script(&self, next: &[Answer], then: Answer) {
        self.shared.change(|state| state.script = Script::new(next, then));
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// How many connections were accepted so far.
    pub(crate) fn connections(&self) -> u64 {
        self.shared.lock().connections
    }

    /// Waits until so many requests have come.
    pub(crate) async fn until_requests(&self, count: usize) {
        let what = format!("it had {count} requests");
        self.shared.until(&what, |state| state.requests.len() >= count).await;
    }

    /// Waits until every connection has ended.
    pub(crate) async fn until_idle(&self) {
        let what = "every connection had ended";
        self.shared.until(what, |state| state.connections == state.ended).await;
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if let Some(task) = self.accepting.lock().expect("unpoisoned").take() {
            task.abort();
        }
    }
}
