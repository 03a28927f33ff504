//! The arguments of `vestibule flood`.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use vestibule_core::clock::UnixMillis;
use vestibule_core::dest::EventDest;
use vestibule_core::flood::{Api, Shape, Shard};
use vestibule_core::picture::ImageBytes;

use super::values;

/// Load a platform with the records of many devices, and measure how it bears that.
///
/// Records leave when they are due, however slow the platform is, and latencies count from that moment.
/// Each record has one attempt: sent = acknowledged + failed + in flight.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct FloodArgs {
    /// Where to push or report to
    #[arg(long, value_name = "URL", value_parser = destination, required_unless_present = "schema")]
    pub(crate) to: Option<EventDest>,

    /// Send v1 pushes, or v3 reports
    ///
    /// A push is acknowledged by HTTP 2xx and the `code` 200 in a JSON body; a report by HTTP 2xx, unless
    /// the body names a `retcode` other than 0.
    #[arg(long, value_name = "API", default_value = "v1")]
    api: ApiName,

    /// How many devices send; each holds one connection and has one record in flight
    #[arg(long, value_name = "N", default_value = "100", value_parser = devices)]
    pub(crate) devices: NonZeroU32,

    /// Records a second, on average, by all devices together [default: 100]
    #[arg(long, value_name = "EVENTS_PER_SECOND", conflicts_with = "max")]
    pub(crate) rate: Option<f64>,

    /// As fast as the platform takes them: each device sends the next when the last was answered
    #[arg(long)]
    pub(crate) max: bool,

    /// Send for so long: 10s, 5m, 2h [default: 30s, unless --events is given]
    #[arg(long, value_name = "D", value_parser = values::duration, conflicts_with = "events")]
    pub(crate) duration: Option<Duration>,

    /// Send so many records, by all devices together
    #[arg(long, value_name = "N", value_parser = values::positive)]
    pub(crate) events: Option<NonZeroU64>,

    /// How the records lie in time: steady | rush | burst | storm
    ///
    /// steady: equally far apart. rush: a morning, most of them in the middle. burst: all devices at once,
    /// every so often. storm: every device was cut off until its backlog held its share of the records,
    /// and all come back at once; --rate is how fast the backlog grew.
    #[arg(long, value_name = "SHAPE", default_value = "steady")]
    pub(crate) shape: Shape,

    /// The time from one burst to the next
    #[arg(long, value_name = "D", default_value = "10s", value_parser = values::duration)]
    pub(crate) burst_every: Duration,

    /// Send an image of so many bytes with each record that can carry one [default: none]
    ///
    /// A drawn figure, unmistakably nobody, as a JPEG that differs from record to record; 6000 to 1000000.
    #[arg(long, value_name = "N", value_parser = image_bytes)]
    pub(crate) image_bytes: Option<ImageBytes>,

    /// Send the same records again [default: random, in the report]
    ///
    /// A platform that knows a record takes it as a duplicate.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Take only the devices whose number leaves the remainder I by N
    ///
    /// With the same seed, N processes with a shard each send exactly what one sends without.
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE, hide_default_value = true)]
    pub(crate) shard: Shard,

    /// Start at this moment, for several processes together
    #[arg(long, value_name = "RFC3339", value_parser = moment)]
    pub(crate) start_at: Option<UnixMillis>,

    /// How long, once the last record was due, to wait for a platform that acknowledges none
    ///
    /// With --duration, how long to wait at all.
    #[arg(long, value_name = "D", default_value = "30s", value_parser = values::duration)]
    pub(crate) drain: Duration,

    /// Trust these root certificates for an https destination, besides the system's (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Show the counts to Prometheus here while the flood goes on, at /metrics; port 0 picks a free one
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,

    /// What to tell at the end: human | json | html, each with =FILE, one of them without
    #[arg(long = "report", value_name = "KIND[=FILE]")]
    pub(crate) reports: Vec<String>,

    /// Print the JSON Schema of a report, and send nothing
    #[arg(long, conflicts_with = "to")]
    pub(crate) schema: bool,
}

impl FloodArgs {
    /// In which form records are sent.
    pub(crate) const fn api(&self) -> Api {
        match self.api {
            ApiName::V1 => Api::V1,
            ApiName::V3 => Api::V3,
        }
    }
}

const AFTER_HELP: &str = "\
Examples:
  vestibule flood --to http://127.0.0.1:9000/Record --rate 500 --duration 1m
  vestibule flood --to http://127.0.0.1:9000/Record --max --devices 64 --report html=flood.html
  vestibule flood --to http://127.0.0.1:9000/Record --shape storm --devices 1000 --events 100000
  vestibule flood --to http://127.0.0.1:9000/Record --image-bytes 30000 --rate 50
  vestibule flood --to http://127.0.0.1:9000/Record --seed 7 --shard 0/4 --report json=0.json

Exit codes: 0 every record was acknowledged; 1 some failed, or were not sent or answered in time; 2 bad
usage; 3 the platform was unreachable from the start; 4 there was nothing to send; 130 interrupted.";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ApiName {
    V1,
    V3,
}

fn destination(text: &str) -> Result<EventDest, String> {
    EventDest::parse(text).map_err(|error| error.to_string())
}

fn devices(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "expected a whole number, 1 or more, like 100".to_owned())
}

fn image_bytes(text: &str) -> Result<ImageBytes, String> {
    text.parse().ok().and_then(ImageBytes::new).ok_or_else(|| {
        format!("expected a number of bytes, {} to {}", ImageBytes::MIN, ImageBytes::MAX)
    })
}

fn moment(text: &str) -> Result<UnixMillis, String> {
    match text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond) {
        Ok(millis) if (0..=UnixMillis::MAX.millis()).contains(&millis) => {
            Ok(UnixMillis::new(millis))
        }
        _ => Err("expected a time, like 2026-03-02T08:00:00Z".to_owned()),
    }
}
