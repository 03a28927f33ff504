//! What every page for Prometheus has in common.

use std::time::Duration;

use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::registry::Registry;

/// The form of Prometheus's text.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The bounds of the latencies' buckets, in milliseconds: from a platform next door to one that is down.
pub(crate) const BUCKETS_MILLIS: [u64; 14] =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000];

/// What is registered, as text.
pub(crate) fn text(registry: &Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).expect("a string takes everything");
    text
}

/// How long things took, in the buckets that Prometheus is told of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latency {
    buckets: [u64; BUCKETS_MILLIS.len() + 1],
    sum: Duration,
}

impl Latency {
    /// Adds one.
    pub(crate) fn add(&mut self, took: Duration) {
        let bounds = BUCKETS_MILLIS.map(Duration::from_millis);
        self.buckets[bounds.partition_point(|bound| *bound < took)] += 1;
        self.sum += took;
    }

    /// The sum in seconds.
    pub(crate) const fn sum_seconds(&self) -> f64 {
        self.sum.as_secs_f64()
    }

    /// How many.
    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Each bucket's bound in seconds, and how many are in it and in none before.
    pub(crate) fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = BUCKETS_MILLIS.iter().map(|bound| Duration::from_millis(*bound).as_secs_f64());
        bounds.chain([f64::INFINITY]).zip(self.buckets).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let mut latency = Latency::default();
        for micros in [0, 1_000, 1_001, 61_000_000] {
            latency.add(Duration::from_micros(micros));
        }
        let buckets = latency.buckets();
        assert_eq!((buckets[0].1, buckets[1].1), (2, 1));
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, 1)));
        assert_eq!(latency.count(), 4);
        assert!((latency.sum_seconds() - 61.002_001).abs() < 1e-9);
    }
}
