//! A device under test: an emulator in this process on free ports, driven as the control API drives it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vestibule_core::calls::control::{Command, Emitted, Network, Playing, Reply, Status};
use vestibule_core::world::{EventName, Whom, Wish};
use vestibule_emulator::clock::{Clock, pause};
use vestibule_emulator::config::{Config, QuirkValue};
use vestibule_emulator::emulator::Emulator;
use vestibule_emulator::fleet::Handle;
use vestibule_emulator::uplink::Logged;

/// How long a test waits for anything: far above what it takes, on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a state that tells nobody when it changes.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How a test wants its device.
pub(crate) struct Wanted(pub(crate) Config);

impl Wanted {
    /// No traffic of its own, quick retries.
    pub(crate) fn quiet() -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config =
            Config { listen: Some(free), control: Some(free), seed: Some(7), ..Config::default() };
        config.traffic.rate_per_minute = Some(0.0);
        Self(config).quirk("v1.retry-first", "2ms").quirk("v1.retry-max", "20ms")
    }

    pub(crate) fn quirk(mut self, name: &str, value: &str) -> Self {
        self.0.quirks.insert(name.to_owned(), QuirkValue::Text(value.to_owned()));
        self
    }

    pub(crate) fn push_to(mut self, url: String) -> Self {
        self.0.push.to = Some(url);
        self
    }

    pub(crate) fn report_to(mut self, url: String) -> Self {
        self.0.report.to = Some(url);
        self
    }

    pub(crate) fn start(self) -> Bench {
        let clock = Clock::default();
        let plan = self.0.plan(1).expect("a good configuration");
        let emulator = Emulator::start(plan, clock).expect("free ports");
        let url = emulator.ready()[0].url.clone();
        let address = url.strip_prefix("http://").expect("http").parse().expect("an address");
        let handle = emulator.fleet().devices.values().next().expect("one device");
        Bench { handle: Arc::clone(handle), clock, emulator, address }
    }
}

/// A running device.
pub(crate) struct Bench {
    pub(crate) emulator: Emulator,
    pub(crate) handle: Arc<Handle>,
    pub(crate) clock: Clock,
    /// Where both device APIs are.
    pub(crate) address: SocketAddr,
}

impl Bench {
    pub(crate) fn command(&self, command: Command) -> Reply {
        self.handle
            .with(|device, mono, effects| device.handle_control(command, mono, effects))
            .expect("a command that can be")
    }

    /// Emits so many accepted faces.
    pub(crate) fn emit(&self, count: u32) -> Vec<Emitted> {
        let person = Some(Whom::Any);
        let wish = Wish { count, person, ..Wish::new(EventName::Face) };
        match self.command(Command::Emit(Box::new(wish), Playing::Exactly)) {
            Reply::Emitted(emitted) => emitted,
            other => panic!("{other:?}"),
        }
    }

    /// The same, by their `uuid`s.
    pub(crate) fn emit_uuids(&self, count: u32) -> Vec<String> {
        let emitted = self.emit(count).into_iter();
        emitted.map(|emitted| emitted.uuid.expect("a face has a record")).collect()
    }

    /// The same, by their numbers.
    pub(crate) fn emit_seqnums(&self, count: u32) -> Vec<u64> {
        let emitted = self.emit(count).into_iter();
        emitted.map(|emitted| emitted.seqnum.expect("a face has a v3 form").get()).collect()
    }

    pub(crate) fn network(&self, network: Network) {
        self.command(Command::Network(network));
    }

    pub(crate) async fn offline(&self) {
        self.network(Network::Offline);
        self.handle.settled().await;
    }

    pub(crate) async fn online(&self) {
        self.network(Network::Online);
        self.handle.settled().await;
    }

    pub(crate) fn status(&self) -> Status {
        self.handle.read(|device, mono| device.status(mono))
    }

    /// Waits until the device is in a state.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Status) -> bool) -> Status {
        let wait = async {
            loop {
                let status = self.status();
                if holds(&status) {
                    return status;
                }
                pause(LOOK_EVERY).await;
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(status) => status,
            Err(_) => panic!("waited in vain until {what}: {:?}", self.status()),
        }
    }

    /// Waits until so many records are acknowledged and none is left.
    pub(crate) async fn until_pushed(&self, count: usize) -> Status {
        let pushed = count as u64;
        self.until(&format!("{count} records were pushed"), |status| {
            status.backlog == 0 && status.counters.pushed >= pushed
        })
        .await
    }

    /// The attempts so far; the last 10,000 at most.
    pub(crate) fn attempts(&self) -> Vec<Logged> {
        let fleet = self.emulator.fleet();
        fleet.log.read(&self.emulator.ready()[0].sn, 0, usize::MAX)
    }

    /// Waits until an attempt was logged that is as wanted.
    pub(crate) async fn until_attempts(&self, count: usize, is_wanted: impl Fn(&Logged) -> bool) {
        self.until(&format!("{count} such attempts were made"), |_| {
            self.attempts().iter().filter(|logged| is_wanted(logged)).count() >= count
        })
        .await;
    }

    pub(crate) async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.expect("the device listens");
        Client { stream, buffer: Vec::new() }
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Reading {
        let mut client = self.connect().await;
        client.send(&request(method, path, headers, body)).await;
        client.answer().await.expect("an answer")
    }

    /// A v3 call with a token, and its answer's `body`.
    pub(crate) async fn event_call(&self, token: &str, body: &str) -> serde_json::Value {
        let token = format!("token: {token}\r\n");
        let reading = self.ask("POST", "/api/v3.x/event", &token, body).await;
        reading.json()
    }

    pub(crate) async fn log_in(&self) -> String {
        let digest = "9990BC737DD5B17E7A5F01B48B2C08AE";
        let body =
            format!(r#"{{"action":"auth-login","body":{{"user":"admin","passwd":"{digest}"}}}}"#);
        let answer = self.ask("POST", "/api/v3.x/auth", "", &body).await.json();
        answer["body"]["token"].as_str().expect("a token").to_owned()
    }
}

/// A request's bytes.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: device\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// An answer of the device.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) status: u16,
    /// As they came, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reading {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("an answer is JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// A connection to the device that knows only bytes.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Writes as much as the device takes.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let sent = tokio::time::timeout(PATIENCE, self.stream.write_all(bytes)).await;
        // A device may answer and close before it has taken everything.
        drop(sent.expect("the device takes or refuses what is sent"));
    }

    /// The next answer; none if the connection ends without one.
    pub(crate) async fn answer(&mut self) -> Option<Reading> {
        let read = tokio::time::timeout(PATIENCE, self.read()).await;
        read.expect("the device answers or closes")
    }

    /// The head of the next answer, to a request whose answer has no body.
    pub(crate) async fn head(&mut self) -> Option<Reading> {
        let read = tokio::time::timeout(PATIENCE, self.read_head()).await;
        read.expect("the device answers or closes")
    }

    pub(crate) async fn close_sending(&mut self) {
        self.stream.shutdown().await.expect("open");
    }

    /// Writes more; false once the device has closed.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> bool {
        let sent = tokio::time::timeout(PATIENCE, self.stream.write_all(bytes)).await;
        sent.expect("the device takes or refuses what is sent").is_ok()
    }

    async fn read_head(&mut self) -> Option<Reading> {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let head = String::from_utf8(head).expect("a head is text");
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().expect("a status");
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Some(Reading { status, headers, body: Vec::new() })
    }

    async fn read(&mut self) -> Option<Reading> {
        let mut reading = self.read_head().await?;
        let length =
            reading.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        // An interim answer has none, and the final one follows it.
        if reading.status != 100 {
            while self.buffer.len() < length {
                self.more().await?;
            }
            reading.body = self.buffer.drain(..length).collect();
        }
        Some(reading)
    }

    /// Waits for the end of the connection; says how it ended.
    pub(crate) async fn end(&mut self) -> std::io::Result<()> {
        let mut rest = Vec::new();
        let read = self.stream.read_to_end(&mut rest);
        let read = tokio::time::timeout(PATIENCE, read).await.expect("the device closes");
        read.map(drop)
    }

    async fn more(&mut self) -> Option<()> {
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(1..) => Some(()),
            _ => None,
        }
    }
}
