//! What the arguments of `conform device` mean for a run.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};

use vestibule_conformance::case::span::Spans;
use vestibule_conformance::case::types::{Cost, Safety};
use vestibule_conformance::clock;
use vestibule_conformance::platform::{Authority, ServerTls, TlsError};
use vestibule_conformance::runner::{
    Allowed, Door, ReceiverSettings, Reports, Settings, V1Restore,
};
use vestibule_conformance::target::discover::{Apis, Wanted};
use vestibule_conformance::target::password_digest;
use vestibule_conformance::trust::{Trust, TrustError};

use super::own::{self, Own};
use crate::cli::conform::{AllowArg, ApiArg, DeviceArgs, ReceiverArgs, TargetArgs};
use crate::exit::{Exit, Failure};

/// The digest of the factory's password.
const FACTORY_DIGEST: &str = "9990BC737DD5B17E7A5F01B48B2C08AE";

/// What is waited for redelivery on our own emulator, and on a device given by its URL.
const REDELIVERY: (Duration, Duration) = (Duration::from_secs(90), Duration::from_secs(600));

/// Five times the longest retry of our own emulator.
const OWN_QUIET: Duration = Duration::from_secs(1);

/// What cases may do: everything but the costliest and the most dangerous on our own emulator, and
/// on a device what was allowed.
pub(super) fn allowed(args: &DeviceArgs) -> Allowed {
    let mut allowed = Allowed::default();
    allowed.safety.insert(Safety::Safe);
    allowed.cost.insert(Cost::Fast);
    if args.target.url.is_none() {
        allowed.safety.extend([Safety::Mutating, Safety::Disruptive]);
        allowed.cost.insert(Cost::Slow);
    }
    for one in &args.stimulus.allow {
        match one {
            AllowArg::Mutating => allowed.safety.insert(Safety::Mutating),
            AllowArg::Disruptive => allowed.safety.insert(Safety::Disruptive),
            AllowArg::Destructive => allowed.safety.insert(Safety::Destructive),
            AllowArg::Slow => allowed.cost.insert(Cost::Slow),
            AllowArg::Capacity => allowed.cost.insert(Cost::Capacity),
        };
    }
    allowed
}

/// What is judged, as the suite is told.
pub(super) fn wanted(args: &TargetArgs, own: Option<&Own>) -> Wanted {
    let url = own.map(|own| own.ready.url.clone()).or_else(|| args.url.clone());
    let control = match own {
        Some(own) => Some((own.ready.control.clone(), None, Some(own.ready.sn.clone()))),
        None => args
            .control
            .as_ref()
            .map(|control| (control.clone(), args.control_token.clone(), args.device.clone())),
    };
    let apis = match args.api {
        None => Apis::Answering,
        Some(ApiArg::V1) => Apis::V1,
        Some(ApiArg::V3) => Apis::V3,
        Some(ApiArg::Both) => Apis::Both,
    };
    let digest = args.password.as_deref().map(password_digest);
    let password = args.v1_password.as_deref().or_else(|| own.map(|_| own::V1_PASSWORD));
    let basic = password.map(|word| format!("{}:{word}", args.v1_user));
    Wanted {
        url: url.unwrap_or_default(),
        v1_url: args.v1_url.clone(),
        v3_path: args.v3_path.clone(),
        apis,
        user: args.user.clone(),
        digest: digest.unwrap_or_else(|| FACTORY_DIGEST.to_owned()),
        v1_basic: basic,
        control,
        trust: None,
        token_ttl: args.token_ttl,
        mode: None,
        health_codes: false,
        short_tokens: own.is_some(),
    }
}

/// Whose certificates are believed; nobody's where there is no https.
pub(super) fn trust(args: &TargetArgs) -> Result<Option<Trust>, Failure> {
    let trust = match &args.ca {
        Some(file) => Trust::file(file),
        None if args.insecure => Trust::anyone(),
        None if [&args.url, &args.v1_url].into_iter().flatten().any(|url| is_https(url)) => {
            Trust::system()
        }
        None => return Ok(None),
    };
    trust.map(Some).map_err(|error: TrustError| {
        Failure::new(Exit::Usage, "preparing TLS", error)
            .hint("give a PEM file with the device's certificate or its authority's after --ca")
    })
}

/// Schemes are spelt as one likes.
fn is_https(url: &str) -> bool {
    url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
}

/// How the run is done.
pub(super) fn settings(
    args: &DeviceArgs,
    wanted: &Wanted,
    origin: Instant,
    authority: &Authority,
) -> Result<Settings, Failure> {
    let own = args.target.url.is_none();
    let redelivery = if own { REDELIVERY.0 } else { REDELIVERY.1 };
    let mut spans = Spans::new(args.stimulus.redelivery_timeout.unwrap_or(redelivery));
    if own {
        spans.quiet = OWN_QUIET;
    }
    if let Some(ttl) = wanted.token_ttl {
        spans = spans.with_token_ttl(ttl);
    }
    let v1_restore = match args.stimulus.v1_restore.as_deref() {
        Some("disabled") => Some(V1Restore::Disabled),
        Some(url) => Some(V1Restore::Url(url.to_owned())),
        None => own.then_some(V1Restore::Disabled),
    };
    let reports =
        if args.stimulus.reports_configured { Reports::Configured } else { Reports::Configure };
    let emulated = own || args.target.control.is_some();
    Ok(Settings {
        origin,
        spans,
        allowed: allowed(args),
        v1_restore,
        receiver: receiver(&args.receiver, &wanted.url, if own { Some(authority) } else { None })?,
        reports,
        door: if emulated { Door::MayOpen } else { Door::Shut },
        run_id: run_id(),
    })
}

/// Where the suite's receivers are.
fn receiver(
    args: &ReceiverArgs,
    url: &str,
    trusted: Option<&Authority>,
) -> Result<ReceiverSettings, Failure> {
    let tried = "preparing the suite's receivers";
    let failed = |error: TlsError| {
        Failure::new(Exit::Usage, tried, error)
            .hint("give PEM files with --receiver-cert and --receiver-key")
    };
    let facing = SocketAddr::new(facing(url), 0);
    let listen = args.receiver_listen.unwrap_or(facing);
    let hosts = [listen.ip().to_string(), "localhost".to_owned()];
    let files = match (&args.receiver_cert, &args.receiver_key) {
        (Some(cert), Some(key)) => Some(ServerTls::from_files(cert, key).map_err(failed)?),
        _ => None,
    };
    let trusted = match (files, trusted) {
        (Some(files), _) => Some(files),
        (None, Some(authority)) => Some(authority.sign(&hosts).map_err(failed)?),
        (None, None) => None,
    };
    let nobody = Authority::new().and_then(|authority| authority.sign(&hosts)).map_err(failed)?;
    Ok(ReceiverSettings {
        ip: listen.ip(),
        port: listen.port(),
        public_url: args.receiver_url.clone(),
        trusted,
        untrusted: Some(nobody),
    })
}

/// The address of this machine that faces the device: the one that a packet to it would leave from.
/// Nothing is sent.
fn facing(url: &str) -> IpAddr {
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let authority = url.split("://").nth(1).unwrap_or(url).split('/').next().unwrap_or_default();
    let named =
        if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let Some(device) = named.to_socket_addrs().ok().and_then(|mut all| all.next()) else {
        return local;
    };
    let any = if device.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let address = UdpSocket::bind(any).and_then(|socket| {
        socket.connect(device)?;
        socket.local_addr()
    });
    address.map_or(local, |address| address.ip())
}

/// A text of this run's own: messages of an earlier run must not be taken for one of this.
fn run_id() -> String {
    let since = clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("vst-{:x}", since.as_millis())
}

/// The words for what is allowed, for the report.
pub(super) fn words(allowed: &Allowed) -> String {
    let safety: BTreeSet<&str> = allowed.safety.iter().map(|one| one.word()).collect();
    let cost: BTreeSet<&str> = allowed.cost.iter().map(|one| one.word()).collect();
    safety.union(&cost).copied().collect::<Vec<_>>().join(", ")
}
