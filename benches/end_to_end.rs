//! From what happens at a door to a platform that has it, over TCP, all in this process: pushes in order, the backlog
//! of an outage, `event-fetch`, and fleets.
//!
//! The platform answers and does nothing else, so what is measured is the device with its sockets and both ends'
//! kernel. Beside the pushes, in the same run, the least that could send them: one kept connection of the same client
//! library, on which a constant body of the same size goes to the same platform.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use vestibule_core::calls::control::{Command, Network, Playing};
use vestibule_core::world::{EventName, Whom, Wish};
use vestibule_emulator::clock::Clock;
use vestibule_emulator::config::{Addressing, Config, DeviceCount};
use vestibule_emulator::emulator::Emulator;
use vestibule_emulator::fleet::Handle;

/// A full backlog of the default size.
const BACKLOG: u32 = 50_000;

/// Pushes at a time, as many as a busy quarter of an hour has.
const PUSHES: u32 = 1000;

/// More than this many connections of a fleet are not needed to keep two cores busy.
const CONNECTIONS: u32 = 256;

/// What a platform has received.
#[derive(Default)]
struct Received {
    messages: AtomicU64,
    wanted: AtomicU64,
    all: Notify,
}

impl Received {
    /// From here on so many are waited for.
    fn want(&self, messages: u32) {
        let seen = self.messages.load(Ordering::SeqCst);
        self.wanted.store(seen + u64::from(messages), Ordering::SeqCst);
    }

    fn add(&self) {
        if self.messages.fetch_add(1, Ordering::SeqCst) + 1 == self.wanted.load(Ordering::SeqCst) {
            self.all.notify_one();
        }
    }

    async fn all(&self) {
        self.all.notified().await;
    }
}

/// A platform that acknowledges everything, and where it is.
async fn platform() -> (Arc<Received>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let received = Arc::new(Received::default());
    let counting = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream.set_nodelay(true));
            tokio::spawn(acknowledge(stream, Arc::clone(&counting)));
        }
    });
    (received, address)
}

async fn acknowledge(stream: TcpStream, received: Arc<Received>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let received = Arc::clone(&received);
        async move {
            drop(request.into_body().collect().await);
            received.add();
            let acknowledged = r#"{"code":200,"msg":"success","message":"success","data":{}}"#;
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(
                acknowledged.as_bytes(),
            ))))
        }
    });
    // Whoever measures goes away in the middle.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

/// Devices without traffic of their own, which push to that platform.
fn emulator(devices: u32, platform: SocketAddr) -> Emulator {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut config = Config { listen: Some(free), control: Some(free), ..Config::default() };
    config.traffic.rate_per_minute = Some(0.0);
    config.push.to = Some(format!("http://{platform}/Record"));
    if devices > 1 {
        config.devices = DeviceCount { all: Some(devices), ..DeviceCount::default() };
        config.addressing = Addressing::Loopback;
        config.connections = Some(CONNECTIONS);
    }
    let plan = config.plan(7).expect("it can be run");
    Emulator::start(plan, Clock::default()).expect("free ports")
}

fn devices(emulator: &Emulator) -> Vec<Arc<Handle>> {
    emulator.fleet().devices.values().map(Arc::clone).collect()
}

fn command(handle: &Handle, command: Command) {
    let done = handle.with(|device, mono, effects| device.handle_control(command, mono, effects));
    done.expect("a command that can be");
}

/// Faces, each of which has one record.
fn emit(handle: &Handle, count: u32) {
    let wish = Wish { count, person: Some(Whom::Any), ..Wish::new(EventName::Face) };
    command(handle, Command::Emit(Box::new(wish), Playing::Exactly));
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn now() -> Instant {
    Instant::now()
}

/// What all of `turns` took.
fn times(runtime: &Runtime, turns: u64, turn: impl AsyncFn() -> Duration) -> Duration {
    runtime.block_on(async {
        let mut total = Duration::ZERO;
        for _ in 0..turns {
            total += turn().await;
        }
        total
    })
}

async fn connected(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.expect("somebody listens");
    drop(stream.set_nodelay(true));
    let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("it was just opened");
    tokio::spawn(connection);
    sender
}

async fn posted(
    sender: &mut SendRequest<Full<Bytes>>,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Bytes {
    let mut request = Request::post(path).header(HOST, "127.0.0.1");
    request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body)).expect("a good request");
    sender.ready().await.expect("the connection is kept");
    let answer = sender.send_request(request).await.expect("an answer");
    answer.into_body().collect().await.expect("a whole one").to_bytes()
}

fn pushes(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("threads");
    let (received, platform) = runtime.block_on(platform());
    let emulator = runtime.block_on(async { emulator(1, platform) });
    let device = devices(&emulator).remove(0);
    let mut group = criterion.benchmark_group("pushes in order");
    group.sample_size(20).throughput(Throughput::Elements(PUSHES.into()));
    group.bench_function("a device", |bencher| {
        bencher.iter_custom(|turns| {
            times(&runtime, turns, async || {
                received.want(PUSHES);
                let begun = now();
                emit(&device, PUSHES);
                received.all().await;
                now() - begun
            })
        });
    });
    let constant = Bytes::from(vec![b'x'; 530]);
    group.bench_function("the client library alone", |bencher| {
        bencher.iter_custom(|turns| {
            times(&runtime, turns, async || {
                let mut sender = connected(platform).await;
                let begun = now();
                for _ in 0..PUSHES {
                    posted(&mut sender, "/Record", &[], constant.clone()).await;
                }
                now() - begun
            })
        });
    });
    group.finish();
    let mut group = criterion.benchmark_group("the backlog of an outage");
    group.sample_size(10).throughput(Throughput::Elements(BACKLOG.into()));
    group.bench_function(BenchmarkId::new("drained in order", BACKLOG), |bencher| {
        bencher.iter_custom(|turns| {
            times(&runtime, turns, async || {
                command(&device, Command::Network(Network::Offline));
                device.settled().await;
                emit(&device, BACKLOG);
                received.want(BACKLOG);
                let begun = now();
                command(&device, Command::Network(Network::Online));
                received.all().await;
                now() - begun
            })
        });
    });
    group.finish();
    runtime.block_on(emulator.stop());
}

fn fetches(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("threads");
    // Nobody is there: what happens is fetched alone.
    let emulator = runtime.block_on(async { emulator(1, SocketAddr::from(([127, 0, 0, 1], 9))) });
    emit(&devices(&emulator)[0], BACKLOG);
    let url = &emulator.ready()[0].url;
    let address = url.strip_prefix("http://").and_then(|address| address.parse().ok());
    let mut sender = runtime.block_on(connected(address.expect("it says where it is")));
    let digest = "9990BC737DD5B17E7A5F01B48B2C08AE";
    let login = json!({"action": "auth-login", "body": {"user": "admin", "passwd": digest}});
    let login = Bytes::from(login.to_string());
    let answer = runtime.block_on(posted(&mut sender, "/api/v3.x/auth", &[], login));
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    let token = answer["body"]["token"].as_str().expect("the factory account logs in");
    let fetch = json!({"action": "event-fetch", "body": {"seqnum": BACKLOG / 2, "limit": 10}});
    let fetch = Bytes::from(fetch.to_string());
    let mut group = criterion.benchmark_group("event-fetch of ten over TCP");
    group.throughput(Throughput::Elements(10));
    group.bench_function("one connection", |bencher| {
        bencher.iter_custom(|turns| {
            let begun = now();
            for _ in 0..turns {
                let headers = [("token", token)];
                let asked = posted(&mut sender, "/api/v3.x/event", &headers, fetch.clone());
                let page = runtime.block_on(asked);
                assert!(page.len() > 1000, "no page: {page:?}");
            }
            now() - begun
        });
    });
    group.finish();
    runtime.block_on(emulator.stop());
}

fn fleets(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("threads");
    let (received, platform) = runtime.block_on(platform());
    for count in [1000, 10_000] {
        let mut group = criterion.benchmark_group("a fleet");
        group.sample_size(10).throughput(Throughput::Elements(count.into()));
        group.bench_function(BenchmarkId::new("from nothing to ready", count), |bencher| {
            bencher.iter_custom(|turns| {
                times(&runtime, turns, async || {
                    let begun = now();
                    let started = emulator(count, platform);
                    let took = now() - begun;
                    started.stop().await;
                    took
                })
            });
        });
        let emulator = runtime.block_on(async { emulator(count, platform) });
        let devices = devices(&emulator);
        group.bench_function(
            BenchmarkId::new("a record of each device, pushed", count),
            |bencher| {
                bencher.iter_custom(|turns| {
                    times(&runtime, turns, async || {
                        received.want(count);
                        let begun = now();
                        devices.iter().for_each(|device| emit(device, 1));
                        received.all().await;
                        now() - begun
                    })
                });
            },
        );
        group.finish();
        runtime.block_on(emulator.stop());
    }
}

criterion_group!(benches, pushes, fetches, fleets);
criterion_main!(benches);
