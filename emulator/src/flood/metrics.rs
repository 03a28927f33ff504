//! A flood's counts for Prometheus, while it goes on: those of several shards add up there.
//!
//! One asker at a time, one answer a connection: a scraper comes every few seconds, and whoever else comes
//! waits in the system's queue.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::{TcpListener, TcpStream};

use super::run::Handle;
use crate::api::{ListenError, Listener, limits};
use crate::clock::{pause, within};
use crate::metrics::{BUCKETS_MILLIS, CONTENT_TYPE, text};

/// A port for Prometheus that is open, and not served yet.
#[derive(Debug)]
pub struct Metrics {
    listener: Listener,
}

impl Metrics {
    /// Opens a port; 0 picks a free one.
    ///
    /// # Errors
    /// When the address is taken or not this machine's.
    pub fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        Ok(Self { listener: Listener::bind(address)? })
    }

    /// The address, with the port that was picked.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Serves that flood's counts until it is dropped.
    ///
    /// # Errors
    /// When the socket fails for good.
    pub async fn serve(self, flood: Handle) -> io::Result<Infallible> {
        let listener = TcpListener::from_std(self.listener.into_std())?;
        let mut registry = Registry::with_prefix("vestibule_flood");
        registry.register_collector(Box::new(Counts(flood)));
        loop {
            match listener.accept().await {
                Ok((stream, _)) => answer(stream, &registry).await,
                Err(error) => {
                    tracing::warn!(%error, "a connection to the metrics could not be accepted");
                    pause(limits::ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

async fn answer(stream: TcpStream, registry: &Registry) {
    let service = service_fn(|request: Request<Incoming>| async move {
        Ok::<_, Infallible>(respond(&request, registry))
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(limits::READ_TIME_MAX)
        .max_buf_size(limits::HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let limit = limits::READ_TIME_MAX + limits::WRITE_TIME_MAX;
    if let Ok(Err(error)) = within(limit, connection).await {
        tracing::debug!(%error, "a connection to the metrics ended");
    }
}

fn respond(request: &Request<Incoming>, registry: &Registry) -> Response<Full<Bytes>> {
    let known = request.uri().path() == "/metrics" && request.method() == Method::GET;
    if !known {
        let mut response = Response::new(Full::from("GET /metrics is all there is\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    let mut response = Response::new(Full::from(text(registry)));
    let form = header::HeaderValue::from_static(CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, form);
    response
}

/// What is told of a flood: taken when it is asked for, so that sending costs nothing more.
#[derive(Debug)]
struct Counts(Handle);

impl Collector for Counts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (totals, latencies, due) = self.0.so_far();
        for (name, help, count) in [
            ("due", "Records whose time has come", due),
            ("sent", "Records whose attempt began", totals.sent),
            ("acknowledged", "Records that the platform acknowledged", totals.acknowledged),
        ] {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(count).encode(metric)?;
        }
        let help = "Records whose attempt ended otherwise, by what went wrong";
        let mut metric = encoder.encode_descriptor("failed", help, None, MetricType::Counter)?;
        for (kind, count) in &totals.errors {
            let label = [("kind", kind.to_string())];
            ConstCounter::new(*count).encode(metric.encode_family(&label)?)?;
        }
        let backlog = due.saturating_sub(totals.sent);
        for (name, help, count) in [
            ("in_flight", "Records whose attempt goes on", totals.in_flight()),
            ("backlog", "Records that are due and whose attempt has not begun", backlog),
        ] {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX)).encode(metric)?;
        }
        let help = "From when a record was due to its acknowledgement";
        let (unit, form) = (Unit::Seconds, MetricType::Histogram);
        let mut metric = encoder.encode_descriptor("latency", help, Some(&unit), form)?;
        let bounds = BUCKETS_MILLIS.map(Duration::from_millis).into_iter();
        let mut below = 0;
        let mut buckets = Vec::with_capacity(BUCKETS_MILLIS.len() + 1);
        for to in bounds.chain([Duration::MAX]) {
            let bound = if to == Duration::MAX { f64::INFINITY } else { to.as_secs_f64() };
            // Neighbours may share a value of the histogram, so what was below is taken away.
            let at_most = latencies.at_most(to);
            buckets.push((bound, at_most - below));
            below = at_most;
        }
        let (sum, count) = (latencies.sum_seconds(), latencies.len());
        metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}
