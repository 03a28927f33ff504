//! For programs: a flood as one JSON document.
//!
//! `emulator/flood.schema.json` describes it and is made from the types here; its descriptions are their
//! comments. Members are added, never renamed or given another meaning, as long as `format` is 1.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vestibule_core::flood::{self, Schedule, Shard};
use vestibule_core::picture::ImageBytes;

use crate::flood::{Ending, Finished, Percentiles, Second, Settings, Totals};

/// The one there is.
pub(super) const FORMAT: u32 = 1;

/// What a flood did to a platform. At every moment, `sent` = `acknowledged` + `failed` + `in_flight`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Flood")]
pub struct Document {
    /// Of the document; grows when a member gets another meaning.
    pub format: u32,
    /// Where the records went.
    pub target: String,
    /// What was sent; the same in all shards of one flood.
    pub setting: Setting,
    /// Which part of the devices this is about.
    pub shards: Shards,
    /// When it began, as RFC 3339.
    pub started: String,
    /// Whether it came to its end.
    pub progress: Progress,
    /// How long it took, in seconds, from the start of the schedule.
    pub elapsed_s: f64,
    /// How many records these devices had to send; null where time alone ended it.
    pub planned: Option<u64>,
    /// Records whose one attempt began.
    pub sent: u64,
    /// Records that the platform acknowledged: a push by HTTP 2xx and the `code` 200 (R-V1-06), a report by
    /// HTTP 2xx without a `retcode` other than 0.
    pub acknowledged: u64,
    /// Records whose attempt ended otherwise.
    pub failed: u64,
    /// Records whose attempt had not ended.
    pub in_flight: u64,
    /// Records that were due and whose attempt never began.
    pub unsent: u64,
    /// Acknowledged records a second.
    pub rate: f64,
    /// From the moment a record was due to its acknowledgement; in a closed loop, from the begin of its attempt.
    pub latency_ms: LatencyMs,
    /// The same in microseconds: an HdrHistogram, V2, in base64.
    pub histogram: String,
    /// The failed records by what went wrong: `refused`, `connect-timeout`, `unreachable`, `tls`, `reset`,
    /// `closed`, `not-http`, `timeout`, `http-N`, `code-N`, `no-code`, `retcode-N`, `other`.
    pub errors: BTreeMap<String, u64>,
    /// A row for each second, from the start of the schedule.
    pub seconds: Vec<Row>,
    /// What a reader has to know.
    pub warnings: Vec<String>,
}

/// What was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// `v1` or `v3`.
    pub api: String,
    /// The seed: the same one gives the same records.
    pub seed: u64,
    /// How many bytes an image has, before base64; null where records carry none.
    pub image_bytes: Option<u32>,
    /// How many devices there are in all shards.
    pub devices: u32,
    /// `steady`, `rush`, `burst` or `storm`.
    pub shape: String,
    /// Whose word it is when the next record goes.
    pub pace: Pace,
    /// How many records the devices of all shards have to send; null where time alone ends it.
    pub records: Option<u64>,
    /// For how long, in seconds, where that was said.
    pub duration_s: Option<f64>,
}

/// Whose word it is when the next record goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Pace {
    /// The schedule's, whatever the platform does.
    Open {
        /// Records a second, on average, by the devices of all shards.
        rate: f64,
    },
    /// The platform's: each device sends the next record when the last has ended.
    Closed,
}

/// Which part of the devices a document is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shards {
    /// In how many shards the devices are divided.
    pub of: u32,
    /// Those that are in this document, from 0, in order.
    pub taken: Vec<u32>,
}

/// Whether a flood came to its end.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Every record had its attempt.
    Complete,
    /// The platform took no more, or the time for the rest was over.
    CutOff,
    /// It was stopped.
    Interrupted,
}

/// Latencies in milliseconds; null where nothing was acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyMs {
    /// Half took at most so long.
    pub p50: Option<f64>,
    /// 90 of a hundred.
    pub p90: Option<f64>,
    /// 99 of a hundred.
    pub p99: Option<f64>,
    /// 999 of a thousand.
    pub p99_9: Option<f64>,
    /// All.
    pub max: Option<f64>,
}

impl From<Option<Percentiles>> for LatencyMs {
    fn from(percentiles: Option<Percentiles>) -> Self {
        percentiles.map_or_else(Self::default, |Percentiles { p50, p90, p99, p99_9, max }| Self {
            p50: Some(p50),
            p90: Some(p90),
            p99: Some(p99),
            p99_9: Some(p99_9),
            max: Some(max),
        })
    }
}

/// One second of a flood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Which one, from 0.
    pub second: u64,
    /// Records that became due in it; in a closed loop, that began.
    pub due: u64,
    /// Records whose attempt began in it.
    pub sent: u64,
    /// Records acknowledged in it.
    pub acknowledged: u64,
    /// Records whose attempt ended otherwise in it.
    pub failed: u64,
    /// Records whose attempt went on at its end.
    pub in_flight: u64,
    /// Records that were due at its end and whose attempt had not begun.
    pub backlog: u64,
    /// Of the records acknowledged in it.
    pub latency_ms: LatencyMs,
    /// The same in microseconds, as in the whole.
    pub histogram: String,
    /// What failed in it, by what went wrong.
    pub errors: BTreeMap<String, u64>,
}

/// What a document is about: taken from the settings before the flood begins.
#[derive(Clone, Debug)]
pub struct Subject {
    target: String,
    setting: Setting,
    schedule: Schedule,
    shard: Shard,
}

impl Subject {
    /// That of a flood with these settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let schedule = settings.schedule.clone();
        let setting = Setting {
            api: settings.api.name().to_owned(),
            seed: settings.seed,
            image_bytes: settings.images.map(ImageBytes::get),
            devices: schedule.devices(),
            shape: schedule.shape().name().to_owned(),
            pace: match schedule.pace() {
                flood::Pace::Open { rate } => Pace::Open { rate },
                flood::Pace::Closed => Pace::Closed,
            },
            records: schedule.records(Shard::WHOLE),
            duration_s: settings.duration.map(|duration| duration.as_secs_f64()),
        };
        Self { target: settings.to.as_str().to_owned(), setting, schedule, shard: settings.shard }
    }

    fn due_before(&self, time: Duration) -> Option<u64> {
        self.schedule.due_before(self.shard, time)
    }

    fn rows(&self, finished: &Finished) -> Vec<Row> {
        let end = |second: u64| Duration::from_secs(second).min(finished.took);
        let due = |second| self.due_before(end(second));
        let row = |(number, second): (u64, &Second)| {
            let Second { totals, in_flight, sent_so_far, latencies, histogram } = second;
            let due_now = due(number + 1);
            Row {
                second: number,
                due: due_now
                    .zip(due(number))
                    .map_or(totals.sent, |(now, before)| now.saturating_sub(before)),
                sent: totals.sent,
                acknowledged: totals.acknowledged,
                failed: totals.failed,
                in_flight: *in_flight,
                backlog: due_now.map_or(0, |due| due.saturating_sub(*sent_so_far)),
                latency_ms: (*latencies).into(),
                histogram: histogram.clone(),
                errors: named(totals),
            }
        };
        (0..).zip(&finished.seconds).map(row).collect()
    }
}

impl Document {
    /// The document of a flood that is over.
    #[must_use]
    pub fn new(subject: &Subject, finished: &Finished) -> Self {
        let Finished { ending, started, took, totals, latencies, .. } = finished;
        let planned = subject.schedule.records(subject.shard);
        let due = match ending {
            Ending::Interrupted => subject.due_before(*took),
            Ending::Complete | Ending::CutOff => planned,
        };
        Self {
            format: FORMAT,
            target: subject.target.clone(),
            setting: subject.setting.clone(),
            shards: Shards { of: subject.shard.of(), taken: vec![subject.shard.index()] },
            started: Timestamp::from_millisecond(started.millis()).unwrap_or_default().to_string(),
            progress: match ending {
                Ending::Complete => Progress::Complete,
                Ending::Interrupted => Progress::Interrupted,
                Ending::CutOff => Progress::CutOff,
            },
            elapsed_s: took.as_secs_f64(),
            planned,
            sent: totals.sent,
            acknowledged: totals.acknowledged,
            failed: totals.failed,
            in_flight: totals.in_flight(),
            unsent: due.map_or(0, |due| due.saturating_sub(totals.sent)),
            rate: rate(totals.acknowledged, took.as_secs_f64()),
            latency_ms: latencies.percentiles().into(),
            histogram: latencies.to_text(),
            errors: named(totals),
            seconds: subject.rows(finished),
            warnings: Vec::new(),
        }
    }

    /// Whether every record that was planned was sent and acknowledged.
    #[must_use]
    pub const fn is_green(&self) -> bool {
        self.sent > 0 && self.failed == 0 && self.in_flight == 0 && self.unsent == 0
    }
}

/// Records a second; 0 in no time.
pub(super) fn rate(records: u64, seconds: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate is not exact")]
    let records = records as f64;
    if seconds > 0.0 { records / seconds } else { 0.0 }
}

fn named(totals: &Totals) -> BTreeMap<String, u64> {
    totals.errors.iter().map(|(kind, count)| (kind.to_string(), *count)).collect()
}

/// The document's JSON Schema.
#[must_use]
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<Document>().to_value()
}

#[cfg(test)]
mod tests {
    use super::schema;

    /// What is published describes what is written.
    #[test]
    fn the_schema_is_that_of_the_types() {
        let stored = include_str!("../../../flood.schema.json");
        let stored: serde_json::Value = serde_json::from_str(stored).expect("it is JSON");
        let hint = "run: vestibule flood --schema > emulator/flood.schema.json";
        assert!(stored == schema(), "{hint}");
    }
}
