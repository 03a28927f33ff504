//! Latencies, as a histogram that can be added to others without loss.
//!
//! Values are microseconds, with three significant digits. All histograms have the same bounds, so that
//! adding is exact.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};

/// A day: longer than any flood. What waited longer counts as that.
const MICROS_MAX: u64 = 24 * 3600 * 1_000_000;

/// A part in a thousand: finer than a machine repeats itself, and a megabyte would buy one digit more.
const DIGITS: u8 = 3;

/// How long records took from the moment they were due to their acknowledgement.
#[derive(Clone, Debug, PartialEq)]
pub struct Latencies(Histogram<u64>);

/// Text that is no histogram of latencies.
#[derive(Debug, thiserror::Error)]
pub enum BadHistogram {
    /// It is not base64.
    #[error("it is not base64")]
    Base64(#[source] base64::DecodeError),
    /// It is not a serialised histogram.
    #[error("it is not an HdrHistogram of version 2")]
    Histogram(#[source] hdrhistogram::serialization::DeserializeError),
    /// It holds values that no flood has.
    #[error("its values do not fit")]
    Bounds(#[source] hdrhistogram::AdditionError),
}

/// Some of what a histogram says, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// Half took at most so long.
    pub p50: f64,
    /// 90 of a hundred.
    pub p90: f64,
    /// 99 of a hundred.
    pub p99: f64,
    /// 999 of a thousand.
    pub p99_9: f64,
    /// All.
    pub max: f64,
}

impl Default for Latencies {
    fn default() -> Self {
        let bounds = Histogram::new_with_bounds(1, MICROS_MAX, DIGITS);
        Self(bounds.expect("the bounds are a power of two and more apart"))
    }
}

impl Latencies {
    /// Adds one.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(MICROS_MAX);
        self.0.saturating_record(micros.max(1));
    }

    /// Adds all of the others'.
    pub fn add(&mut self, others: &Self) {
        self.0.add(&others.0).expect("all have the same bounds");
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The percentiles; none of nothing.
    #[must_use]
    pub fn percentiles(&self) -> Option<Percentiles> {
        let at = |quantile| millis(self.0.value_at_quantile(quantile));
        (!self.is_empty()).then(|| Percentiles {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: millis(self.0.max()),
        })
    }

    /// How many took at most so long, as far as three digits tell.
    #[must_use]
    pub(super) fn at_most(&self, limit: Duration) -> u64 {
        let micros = u64::try_from(limit.as_micros()).unwrap_or(MICROS_MAX);
        self.0.count_between(0, micros.min(MICROS_MAX))
    }

    /// All of them together, in seconds.
    #[must_use]
    pub(super) fn sum_seconds(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a sum of rounded values")]
        let count = self.len() as f64;
        self.0.mean() * count / 1e6
    }

    /// As text: an HdrHistogram of version 2, in base64.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut bytes = Vec::new();
        let written = V2Serializer::new().serialize(&self.0, &mut bytes);
        written.expect("a vector takes everything");
        STANDARD.encode(bytes)
    }

    /// From text.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_text(text: &str) -> Result<Self, BadHistogram> {
        let bytes = STANDARD.decode(text).map_err(BadHistogram::Base64)?;
        let read = Deserializer::new().deserialize::<u64, _>(&mut bytes.as_slice());
        let read = read.map_err(BadHistogram::Histogram)?;
        let mut latencies = Self::default();
        latencies.0.add(&read).map_err(BadHistogram::Bounds)?;
        Ok(latencies)
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits of it count")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        millis.into_iter().for_each(|millis| latencies.record(Duration::from_millis(millis)));
        latencies
    }

    #[test]
    fn halves_added_are_the_whole_also_through_text() {
        let whole = of(1..=1000);
        let mut sum = Latencies::from_text(&of(1..=400).to_text()).expect("a histogram");
        sum.add(&Latencies::from_text(&of(401..=1000).to_text()).expect("a histogram"));
        assert_eq!(sum, whole);
        assert_eq!(sum.to_text(), whole.to_text());
        let told = whole.percentiles().expect("there are some");
        assert!((told.p50 - 500.0).abs() < 1.0 && (told.p99 - 990.0).abs() < 1.0, "{told:?}");
        assert!((told.max - 1000.0).abs() < 1.0 && of([]).percentiles().is_none());
    }

    #[test]
    fn none_is_counted_on_both_sides_of_a_limit() {
        let latencies = of([1, 9_999, 10_000, 10_001, 10_002, 86_400_000]);
        assert_eq!(latencies.at_most(Duration::from_millis(9_000)), 1);
        assert!((3..=5).contains(&latencies.at_most(Duration::from_millis(10_000))));
        assert_eq!(latencies.at_most(Duration::MAX), 6);
    }

    #[test]
    fn what_is_no_histogram_is_refused() {
        for bad in
            ["", "no base64!", "AAAA", "aGVsbG8gd29ybGQsIHRoaXMgaXMgbm8gaGlzdG9ncmFtIGF0IGFsbA=="]
        {
            assert!(Latencies::from_text(bad).is_err(), "{bad}");
        }
        assert_eq!(of([u64::MAX / 1_000_000]).len(), 1, "even the longest wait is counted");
    }
}
