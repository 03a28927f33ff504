//! GET `/metrics`: the devices' counts for Prometheus.
//!
//! By itself sums over all devices, so that a fleet of thousands has no more series than one device.
//! `?by=device` adds a series for each serial number.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use serde::Deserialize;
use utoipa::ToSchema;

use super::app::App;
use super::extract::Params;
use super::problem::Problem;
use crate::fleet::{Fleet, Handle, OpenedBy};
use crate::metrics::{CONTENT_TYPE, text};

/// How the counts are told.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Left out, sums over all devices.
    #[param(inline, nullable = false)]
    by: Option<By>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
enum By {
    Device,
}

/// Tells the devices' counts to Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    params(Asked),
    responses(
        (status = OK, description = "the counts", body = String, content_type = "text/plain"),
        Problem,
    ),
)]
pub(super) async fn show(State(app): State<Arc<App>>, Params(asked): Params<Asked>) -> Response {
    let mut devices = BTreeMap::new();
    for (sn, handle) in &app.fleet.devices {
        let sn = (asked.by == Some(By::Device)).then(|| sn.clone());
        devices.entry(sn).or_insert_with(Counts::default).add(handle);
        // A fleet is asked one device at a time, and others get their turn between.
        tokio::task::yield_now().await;
    }
    let mut registry = Registry::with_prefix("vestibule");
    registry.register_collector(Box::new(Shown { devices, fleet: Arc::clone(&app.fleet) }));
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text(&registry)).into_response()
}

/// Counts of one device, or of all together.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    devices: u64,
    online: u64,
    backlog: u64,
    kept: u64,
    events: u64,
    pushed: u64,
    dropped: u64,
    refused: u64,
    evicted: u64,
    reported: u64,
    reports_dropped: u64,
    by_callers: u64,
    by_device: u64,
}

impl Counts {
    fn add(&mut self, handle: &Handle) {
        let status = handle.read(|device, mono| device.status(mono));
        let counters = status.counters;
        self.devices += 1;
        self.online += u64::from(status.online);
        self.backlog += status.backlog as u64;
        self.kept += status.events as u64;
        self.events += status.events as u64 + counters.evicted;
        self.pushed += counters.pushed;
        self.dropped += counters.dropped;
        self.refused += counters.refused;
        self.evicted += counters.evicted;
        self.reported += counters.reported;
        self.reports_dropped += counters.reports_dropped;
        self.by_callers += handle.connections().count(OpenedBy::Caller) as u64;
        self.by_device += handle.connections().count(OpenedBy::Device) as u64;
    }
}

/// One metric: its name, what it is, and where it comes from.
type Row = (&'static str, &'static str, fn(&Counts) -> u64);

const COUNTERS: [Row; 7] = [
    ("events", "Events that took a sequence number, a past among them", |counts| counts.events),
    ("events_evicted", "Events that left the journal for newer ones", |counts| counts.evicted),
    ("events_refused", "Events that could not be stored", |counts| counts.refused),
    ("records_pushed", "Records that the platform acknowledged", |counts| counts.pushed),
    ("records_dropped", "Records lost to a full backlog", |counts| counts.dropped),
    ("reports", "Reports that were answered, or left where nothing is", |counts| counts.reported),
    ("reports_dropped", "Reports that were never sent", |counts| counts.reports_dropped),
];

const GAUGES: [Row; 4] = [
    ("devices", "Devices of this process", |counts| counts.devices),
    ("devices_online", "Devices whose network cable is plugged in", |counts| counts.online),
    ("backlog", "Records that are not acknowledged", |counts| counts.backlog),
    ("journal_events", "Events that are kept", |counts| counts.kept),
];

/// What is told: taken when it is asked for, so that a device's work costs nothing more.
#[derive(Debug)]
struct Shown {
    /// By serial number, or all under none.
    devices: BTreeMap<Option<String>, Counts>,
    fleet: Arc<Fleet>,
}

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, count) in COUNTERS {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (sn, counts) in &self.devices {
                let value = ConstCounter::new(count(counts));
                value.encode(metric.encode_family(&labels(sn.as_deref()))?)?;
            }
        }
        for (name, help, count) in GAUGES {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (sn, counts) in &self.devices {
                gauge(count(counts)).encode(metric.encode_family(&labels(sn.as_deref()))?)?;
            }
        }
        self.encode_connections(&mut encoder)?;
        self.encode_attempts(&mut encoder)
    }
}

impl Shown {
    fn encode_connections(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Connections that are open, by who opened them";
        let mut metric = encoder.encode_descriptor("connections", help, None, MetricType::Gauge)?;
        for (sn, counts) in &self.devices {
            for (by, count) in [("caller", counts.by_callers), ("device", counts.by_device)] {
                let mut labels = labels(sn.as_deref());
                labels.push(("opened_by", by.to_owned()));
                gauge(count).encode(metric.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    /// Of all devices together: what came of attempts to deliver, and how long they took.
    fn encode_attempts(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let counts = self.fleet.log.counts();
        let help = "Attempts to deliver a push or report, by what came of them";
        let mut metric =
            encoder.encode_descriptor("delivery_attempts", help, None, MetricType::Counter)?;
        for ((delivery, outcome), count) in &counts.attempts {
            let labels = [("delivery", *delivery), ("outcome", *outcome)];
            ConstCounter::new(*count).encode(metric.encode_family(&labels)?)?;
        }
        let help = "How long attempts took that were answered";
        let (unit, form) = (Unit::Seconds, MetricType::Histogram);
        let mut metric = encoder.encode_descriptor("delivery", help, Some(&unit), form)?;
        for (delivery, latency) in &counts.answered {
            let labels = [("delivery", *delivery)];
            let buckets = latency.buckets();
            let (sum, count) = (latency.sum_seconds(), latency.count());
            let mut metric = metric.encode_family(&labels)?;
            metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        }
        Ok(())
    }
}

fn labels(sn: Option<&str>) -> Vec<(&'static str, String)> {
    sn.map(|sn| ("sn", sn.to_owned())).into_iter().collect()
}

fn gauge(count: u64) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX))
}
