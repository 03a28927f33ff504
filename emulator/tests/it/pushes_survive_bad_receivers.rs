//! Whatever a receiver does to pushes, once it is well again every record arrives, in order, the same to
//! the byte, and none twice but the one whose answer was lost (R-V1-06, R-V1-07, R-V1-08, R-V1-10, R-V1-21).

use std::collections::BTreeMap;

use vestibule_emulator::uplink::Logged;

use crate::bench_device::{Bench, Wanted};
use crate::platform::{Answer, Certificate, Platform, Request, TlsVersions};

/// Records emitted before, while and after a receiver is bad.
const BEFORE: u32 = 20;
const WHILE: u32 = 2000;
const AFTER: u32 = 2000;

/// So often the device must have tried in vain before the receiver is well again.
const VAIN_ATTEMPTS: usize = 3;

/// Longer than any answer takes on a busy machine, so that only a receiver that hangs meets it.
const TIMEOUT: &str = "1500ms";

fn wanted(platform: &Platform) -> Wanted {
    Wanted::quiet().push_to(platform.url()).quirk("v1.push-timeout", TIMEOUT)
}

fn failed(logged: &Logged) -> bool {
    logged.outcome != "acknowledged"
}

/// Whether a request's answer acknowledged it.
fn acknowledged(request: &Request) -> bool {
    matches!(request.answer, Answer::Ok | Answer::OkAndClose | Answer::OkThenSilentClose)
}

/// How the records that a test emitted have arrived.
struct Arrived {
    /// Requests by `uuid`.
    by_uuid: BTreeMap<String, Vec<Request>>,
    /// `uuid`s in the order of their acknowledgements.
    order: Vec<String>,
}

impl Arrived {
    fn at(platform: &Platform) -> Self {
        let mut arrived = Self { by_uuid: BTreeMap::new(), order: Vec::new() };
        for request in platform.requests() {
            let uuid = request.uuid();
            if acknowledged(&request) {
                arrived.order.push(uuid.clone());
            }
            arrived.by_uuid.entry(uuid).or_default().push(request);
        }
        arrived
    }

    /// All came in order, each acknowledged once, every retry the same to the byte, and only `again` more
    /// than once.
    fn check(&self, emitted: &[String], again: &[String]) {
        assert!(self.order == *emitted, "every record is acknowledged once, in order");
        for (uuid, requests) in &self.by_uuid {
            let first = &requests[0];
            assert!(requests.iter().all(|request| request.body == first.body), "{uuid}");
            assert_eq!(requests.len() > 1, again.contains(uuid), "{uuid}: {requests:?}");
        }
    }
}

/// Lets `bad` begin, emits, lets `heal` end it, emits, and waits until everything has arrived.
async fn live_through(
    device: &Bench,
    bad: impl AsyncFnOnce(),
    heal: impl AsyncFnOnce(),
) -> Vec<String> {
    let mut emitted = device.emit_uuids(BEFORE);
    device.until_pushed(emitted.len()).await;
    bad().await;
    emitted.extend(device.emit_uuids(WHILE));
    device.until_attempts(VAIN_ATTEMPTS, failed).await;
    heal().await;
    emitted.extend(device.emit_uuids(AFTER));
    let status = device.until_pushed(emitted.len()).await;
    assert_eq!(status.counters.pushed, emitted.len() as u64);
    assert_eq!(status.counters.dropped, 0);
    emitted
}

/// A receiver that answers so for a while: the oldest record alone is tried again and again.
async fn survives(answer: Answer) -> (Bench, Platform) {
    let platform = Platform::start();
    let device = wanted(&platform).start();
    let emitted = live_through(
        &device,
        async || platform.answer(answer),
        async || platform.answer(Answer::Ok),
    )
    .await;
    let again = &emitted[BEFORE as usize..=BEFORE as usize];
    Arrived::at(&platform).check(&emitted, again);
    (device, platform)
}

/// Requests that were not acknowledged, and attempts that failed: the same number, where each attempt sent
/// its request once.
fn vain(device: &Bench, platform: &Platform) -> (usize, usize) {
    let requests = platform.requests().iter().filter(|request| !acknowledged(request)).count();
    (requests, device.attempts().iter().filter(|logged| failed(logged)).count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging() {
    let (device, platform) = survives(Answer::Hang).await;
    let (requests, attempts) = vain(&device, &platform);
    assert_eq!(requests, attempts, "who does not answer in time is asked once an attempt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage() {
    let (device, platform) = survives(Answer::Garbage).await;
    let (requests, attempts) = vain(&device, &platform);
    assert_eq!(requests, attempts, "garbage is an answer: the attempt is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_500() {
    let (device, platform) = survives(Answer::Code(500)).await;
    let (requests, attempts) = vain(&device, &platform);
    assert_eq!(requests, attempts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_500() {
    let (device, platform) = survives(Answer::Http(500)).await;
    let (requests, attempts) = vain(&device, &platform);
    assert_eq!(requests, attempts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resetting_before_the_answer() {
    let (device, platform) = survives(Answer::ResetBefore).await;
    let (requests, attempts) = vain(&device, &platform);
    assert_eq!(requests, attempts + 1, "the kept connection may have been dead: once more at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resetting_within_the_status_line() {
    let (device, platform) = survives(Answer::ResetInHead).await;
    let (requests, attempts) = vain(&device, &platform);
    assert_eq!(requests, attempts, "an answer had begun: the attempt is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resetting_within_the_body() {
    let (device, platform) = survives(Answer::ResetInBody).await;
    let (requests, attempts) = vain(&device, &platform);
    assert_eq!(requests, attempts, "an answer had begun: the attempt is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusing_for_a_while() {
    let platform = Platform::start();
    let device = wanted(&platform).start();
    let emitted =
        live_through(&device, async || platform.shut().await, async || platform.listen()).await;
    Arrived::at(&platform).check(&emitted, &[]);
    let refused = device.attempts().into_iter().filter(failed);
    let kinds: Vec<_> = refused.map(|logged| logged.outcome).collect();
    assert!(kinds.iter().all(|kind| *kind == "connect-failed"), "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_listens_at_first() {
    let platform = Platform::start_down();
    let device = wanted(&platform).start();
    let mut emitted = device.emit_uuids(WHILE);
    device.until_attempts(VAIN_ATTEMPTS, failed).await;
    platform.listen();
    emitted.extend(device.emit_uuids(AFTER));
    device.until_pushed(emitted.len()).await;
    Arrived::at(&platform).check(&emitted, &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_untrusted_certificate() {
    let (trusted, untrusted) = (Certificate::new(), Certificate::new());
    let platform = Platform::start_tls(&trusted, TlsVersions::Both);
    let mut wanted = wanted(&platform);
    wanted.0.push.ca = Some(trusted.path().to_owned());
    let device = wanted.start();
    let bad = async || {
        platform.use_certificate(&untrusted, TlsVersions::Both);
        platform.shut().await;
        platform.listen();
    };
    let heal = async || platform.use_certificate(&trusted, TlsVersions::Both);
    let emitted = live_through(&device, bad, heal).await;
    Arrived::at(&platform).check(&emitted, &[]);
    let mut refused = device.attempts().into_iter().filter(|logged| logged.outcome == "tls-failed");
    let error = refused.next().expect("one was").error.expect("it says why");
    assert!(error.contains("invalid peer certificate"), "{error}");
}

/// R-V1-21: as `openssl req -x509` makes it, marked as an authority.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_given_certificate_is_trusted_for_its_name_and_time_alone() {
    let rows = [("127.0.0.1", 2100, true), ("127.0.0.2", 2100, false), ("127.0.0.1", 2001, false)];
    for (name, last_year, arrives) in rows {
        let certificate = Certificate::of_an_authority(name, last_year);
        let platform = Platform::start_tls(&certificate, TlsVersions::Both);
        let mut wanted = wanted(&platform);
        wanted.0.push.ca = Some(certificate.path().to_owned());
        let device = wanted.start();
        let emitted = device.emit_uuids(1);
        if arrives {
            device.until_pushed(1).await;
            Arrived::at(&platform).check(&emitted, &[]);
        } else {
            device.until_attempts(2, failed).await;
            assert_eq!(platform.requests().len(), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_1_2_and_1_3_with_a_given_root() {
    for versions in [TlsVersions::Only12, TlsVersions::Only13] {
        let certificate = Certificate::new();
        let platform = Platform::start_tls(&certificate, versions);
        let mut wanted = wanted(&platform);
        wanted.0.push.ca = Some(certificate.path().to_owned());
        let device = wanted.start();
        let emitted = device.emit_uuids(50);
        device.until_pushed(emitted.len()).await;
        Arrived::at(&platform).check(&emitted, &[]);
        assert_eq!(platform.connections(), 1, "{versions:?}: the connection is kept");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unverified_tls() {
    for versions in [TlsVersions::Only12, TlsVersions::Only13] {
        let platform = Platform::start_tls(&Certificate::new(), versions);
        let device = wanted(&platform).quirk("v1.tls-verify", "false").start();
        let emitted = device.emit_uuids(50);
        device.until_pushed(emitted.len()).await;
        Arrived::at(&platform).check(&emitted, &[]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_push_says_who_it_is_from() {
    let platform = Platform::start();
    let device = wanted(&platform).start();
    device.emit(3);
    device.until_pushed(3).await;
    for request in platform.requests() {
        assert_eq!(request.path, "/Record");
        let header = |name: &str| request.headers.get(name).map(String::as_str);
        assert_eq!(header("content-type"), Some("application/json"));
        assert_eq!(header("sn"), Some("VSB0000001"));
        assert_eq!(header("host"), Some(platform.address().to_string().as_str()));
        for name in ["model", "timestamp", "account"] {
            assert!(header(name).is_some(), "{name}");
        }
    }
}
