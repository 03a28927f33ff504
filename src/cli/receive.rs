//! The arguments of `vestibule receive`.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use vestibule_conformance::receiver::answer::Answer;
use vestibule_conformance::receiver::broker::Broker;
use vestibule_conformance::receiver::fetch;

use super::values;

/// Be a reference platform: take pushes and reports, and count them.
///
/// Takes POSTs and WebSockets on any path, with --mqtt also what devices publish to a broker, and
/// prints a JSON line for each message; the first line has the URL, the last one the counts. A
/// report on a kept connection is not answered. Ends on --expect, --timeout, SIGINT or SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ReceiveArgs {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000", value_parser = address)]
    pub(crate) listen: String,

    /// How to answer: ok | code=N | http=N | hang | reset | empty | garbage
    ///
    /// ok: as the documents say. code=N: HTTP 200 with this code (retcode for a report). http=N:
    /// this HTTP status. empty, garbage: HTTP 200 without a body, or with one that is not JSON.
    #[arg(long, default_value = "ok")]
    pub(crate) answer: Answer,

    /// Fail only the first N messages, then answer ok
    ///
    /// They fail as --answer says, or with HTTP 500 when that is ok. When a device sends one of
    /// them again, that is a duplicate.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    #[arg(value_parser = values::whole)]
    pub(crate) fail_first: u64,

    /// Fail on any duplicate, disorder, gap or unreadable message
    #[arg(long)]
    pub(crate) strict: bool,

    /// End when N distinct messages came, and fail when they do not
    #[arg(long, value_name = "N", value_parser = values::positive)]
    pub(crate) expect: Option<NonZeroU64>,

    /// End after this time: 10s, 5m, 2h
    #[arg(long, value_name = "D", value_parser = values::duration)]
    pub(crate) timeout: Option<Duration>,

    /// Fetch what reports left out from this device, and fail on what it does not have
    ///
    /// Logs in to the v3 API with the factory account. What was fetched counts as distinct, not as
    /// received.
    #[arg(long, value_name = "DEVICE_URL", value_parser = device_url)]
    pub(crate) fetch: Option<String>,

    /// Send these requests to the device that keeps a connection: one JSON message a line, - for
    /// standard input
    ///
    /// Each goes to the device that connected first and still is, after the answer to the one
    /// before, and is printed with its answer. Ends when all are answered and what --expect says
    /// came; fails when one is not answered within 10 s. At a terminal each line that is typed is
    /// sent so without this.
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,

    /// Show the URL for devices that report by WebSocket in the first line, too
    ///
    /// WebSockets are taken on any path, with or without this.
    #[arg(long)]
    pub(crate) ws: bool,

    /// Meet devices at this broker, too: an mqtt or mqtts URL
    ///
    /// The one that devices are given, mqtt://USER:PASSWORD@HOST:PORT/?topic_pub=...&topic_sub=..., of
    /// which all but the host may be left out. Devices publish to topic_pub and subscribe to topic_sub;
    /// one that ends in / goes on with a device's id (vestibule/up/ and vestibule/down/ by themselves).
    /// Devices that ask to be let in are.
    #[arg(long, value_name = "URL")]
    pub(crate) mqtt: Option<Broker>,

    /// Believe a broker's certificate by these, in place of the system's roots: a PEM file
    #[arg(long, value_name = "FILE", requires = "mqtt")]
    pub(crate) mqtt_ca: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) tls: TlsArgs,

    /// Keep every message as it came: a JSON object a line, with time, path, headers and body
    #[arg(long, value_name = "FILE.ndjson")]
    pub(crate) save: Option<PathBuf>,

    /// Write the first line to this file too, once it listens; it appears whole
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,
}

/// How it is spoken to over TLS.
#[derive(Debug, clap::Args)]
pub(crate) struct TlsArgs {
    /// Listen for https and wss
    ///
    /// With a certificate that is made for this run, unless --tls-cert and --tls-key give one.
    #[arg(long)]
    pub(crate) tls: bool,

    /// The certificate, and those between it and a root: a PEM file
    #[arg(long, value_name = "FILE", requires_all = ["tls", "tls_key"])]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Its private key: a PEM file
    #[arg(long, value_name = "FILE", requires_all = ["tls", "tls_cert"])]
    pub(crate) tls_key: Option<PathBuf>,

    /// Write down what signed the certificate made for this run, for devices to trust
    /// (`run --push-ca FILE`)
    #[arg(long, value_name = "FILE", requires = "tls", conflicts_with = "tls_cert")]
    pub(crate) ca_out: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Example:
  vestibule receive --listen 127.0.0.1:9000 --expect 100 --timeout 1m --strict
  vestibule receive --ws --request requests.ndjson
  vestibule receive --mqtt mqtt://127.0.0.1/ --request requests.ndjson
  vestibule receive --tls --ca-out platform.pem

Exit codes: 0 all well; 1 fewer than --expect came, a --request was not answered, something is
missing after --fetch, or --strict found a fault; 2 bad usage; 3 port taken, or the
broker or the device to fetch from unreachable; 4 nothing came.";

fn address(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    match port.map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(_)) => Ok(text.to_owned()),
        _ => Err("not HOST:PORT".to_owned()),
    }
}

fn device_url(text: &str) -> Result<String, String> {
    fetch::check_url(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for good in ["127.0.0.1:0", "localhost:9000", "[::1]:65535"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in ["", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "a:b"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
