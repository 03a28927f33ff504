//! The documents of the shards of one flood, put together into that of the whole.
//!
//! Nothing is estimated: counts are added, rows by their second, histograms bucket by bucket, and the
//! percentiles are those of the sums. The same records sent by one process give the same counts.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, FORMAT, LatencyMs, Row, Shards, rate};
use crate::flood::latencies::{BadHistogram, Latencies};

/// Documents that cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// There are none.
    #[error("there is nothing to merge")]
    Nothing,
    /// One is of another form.
    #[error("{name} has the format {format}, not {FORMAT}")]
    Format {
        /// Which one.
        name: String,
        /// Its form.
        format: u32,
    },
    /// Two are of different floods.
    #[error("{name} is of another flood than {first}: its {what} differs")]
    OtherFlood {
        /// Which one.
        name: String,
        /// The one it was compared with.
        first: String,
        /// What differs.
        what: &'static str,
    },
    /// A shard is there twice.
    #[error("shard {shard} of {of} is in {name} and in {earlier}")]
    Twice {
        /// The shard.
        shard: u32,
        /// How many there are.
        of: u32,
        /// In which.
        name: String,
        /// In which before.
        earlier: String,
    },
    /// A histogram is none.
    #[error("{name} holds a histogram that cannot be read")]
    Histogram {
        /// In which.
        name: String,
        /// Why not.
        source: BadHistogram,
    },
}

/// Puts documents together, each with the name by which its mistakes are told. A shard that is missing is
/// a warning of the result.
///
/// # Errors
/// When they are of different floods, or overlap.
pub fn merge(documents: &[(String, Document)]) -> Result<Document, MergeError> {
    let Some((first_name, first)) = documents.first() else {
        return Err(MergeError::Nothing);
    };
    let mut taken: BTreeMap<u32, &str> = BTreeMap::new();
    for (name, document) in documents {
        same_flood((first_name, first), (name, document))?;
        for shard in &document.shards.taken {
            if let Some(earlier) = taken.insert(*shard, name) {
                let (of, name, earlier) = (first.shards.of, name.clone(), earlier.to_owned());
                return Err(MergeError::Twice { shard: *shard, of, name, earlier });
            }
        }
    }
    let mut sum = Sum::new(first);
    for (name, document) in documents {
        sum.add(document).map_err(|source| MergeError::Histogram { name: name.clone(), source })?;
    }
    Ok(sum.finish(documents, taken.into_keys().collect()))
}

fn same_flood(
    (first, one): (&str, &Document),
    (name, other): (&str, &Document),
) -> Result<(), MergeError> {
    if other.format != FORMAT {
        return Err(MergeError::Format { name: name.to_owned(), format: other.format });
    }
    let (a, b) = (&one.setting, &other.setting);
    let differing = [
        ("seed", a.seed != b.seed),
        ("api", a.api != b.api),
        ("size of images", a.image_bytes != b.image_bytes),
        ("number of devices", a.devices != b.devices),
        ("shape", a.shape != b.shape),
        ("pace", a.pace != b.pace),
        ("number of records", a.records != b.records),
        ("duration", a.duration_s != b.duration_s),
        ("number of shards", one.shards.of != other.shards.of),
        ("setting", a != b),
    ];
    match differing.into_iter().find(|(_, differs)| *differs) {
        Some((what, _)) => {
            Err(MergeError::OtherFlood { name: name.to_owned(), first: first.to_owned(), what })
        }
        None => Ok(()),
    }
}

/// What has been added.
struct Sum {
    document: Document,
    latencies: Latencies,
    rows: Vec<(Row, Latencies)>,
}

impl Sum {
    /// Nothing yet, of the flood that `like` is of.
    fn new(like: &Document) -> Self {
        let document = Document {
            planned: like.planned.map(|_| 0),
            elapsed_s: 0.0,
            sent: 0,
            acknowledged: 0,
            failed: 0,
            in_flight: 0,
            unsent: 0,
            errors: BTreeMap::new(),
            seconds: Vec::new(),
            warnings: Vec::new(),
            ..like.clone()
        };
        Self { document, latencies: Latencies::default(), rows: Vec::new() }
    }

    fn add(&mut self, other: &Document) -> Result<(), BadHistogram> {
        let sum = &mut self.document;
        sum.planned = sum.planned.zip(other.planned).map(|(one, other)| one + other);
        sum.sent += other.sent;
        sum.acknowledged += other.acknowledged;
        sum.failed += other.failed;
        sum.in_flight += other.in_flight;
        sum.unsent += other.unsent;
        sum.elapsed_s = sum.elapsed_s.max(other.elapsed_s);
        sum.progress = sum.progress.max(other.progress);
        if other.started < sum.started {
            sum.started.clone_from(&other.started);
        }
        add_errors(&mut sum.errors, &other.errors);
        sum.warnings.extend(other.warnings.iter().cloned());
        self.latencies.add(&Latencies::from_text(&other.histogram)?);
        self.add_rows(&other.seconds)
    }

    fn add_rows(&mut self, others: &[Row]) -> Result<(), BadHistogram> {
        // Whoever is at its end first stays as it was.
        let ends = [self.rows.last().map(|(row, _)| row), others.last()];
        let [own_end, other_end] =
            ends.map(|row| row.map_or((0, 0), |row| (row.in_flight, row.backlog)));
        for place in self.rows.len()..others.len() {
            let row = Row { in_flight: own_end.0, backlog: own_end.1, ..empty(place as u64) };
            self.rows.push((row, Latencies::default()));
        }
        for (place, (row, latencies)) in self.rows.iter_mut().enumerate() {
            let Some(other) = others.get(place) else {
                row.in_flight += other_end.0;
                row.backlog += other_end.1;
                continue;
            };
            row.due += other.due;
            row.sent += other.sent;
            row.acknowledged += other.acknowledged;
            row.failed += other.failed;
            row.in_flight += other.in_flight;
            row.backlog += other.backlog;
            add_errors(&mut row.errors, &other.errors);
            latencies.add(&Latencies::from_text(&other.histogram)?);
        }
        Ok(())
    }

    fn finish(self, documents: &[(String, Document)], taken: BTreeSet<u32>) -> Document {
        let Self { document, latencies, rows } = self;
        let mut warnings = document.warnings;
        let targets: BTreeSet<&str> =
            documents.iter().map(|(_, document)| document.target.as_str()).collect();
        if targets.len() > 1 {
            let targets = targets.into_iter().collect::<Vec<_>>().join(", ");
            warnings.push(format!("the shards were sent to different places: {targets}"));
        }
        let missing = (0..document.shards.of).filter(|shard| !taken.contains(shard));
        let missing: Vec<String> = missing.map(|shard| shard.to_string()).collect();
        if !missing.is_empty() {
            let (missing, of) = (missing.join(", "), document.shards.of);
            warnings.push(format!("not all shards are here: of {of}, missing {missing}"));
        }
        Document {
            shards: Shards { of: document.shards.of, taken: taken.into_iter().collect() },
            rate: rate(document.acknowledged, document.elapsed_s),
            latency_ms: latencies.percentiles().into(),
            histogram: latencies.to_text(),
            seconds: rows.into_iter().map(of_sum).collect(),
            warnings,
            ..document
        }
    }
}

fn of_sum((row, latencies): (Row, Latencies)) -> Row {
    Row { latency_ms: latencies.percentiles().into(), histogram: latencies.to_text(), ..row }
}

const fn empty(second: u64) -> Row {
    Row {
        second,
        due: 0,
        sent: 0,
        acknowledged: 0,
        failed: 0,
        in_flight: 0,
        backlog: 0,
        latency_ms: LatencyMs { p50: None, p90: None, p99: None, p99_9: None, max: None },
        histogram: String::new(),
        errors: BTreeMap::new(),
    }
}

fn add_errors(sum: &mut BTreeMap<String, u64>, others: &BTreeMap<String, u64>) {
    for (kind, count) in others {
        *sum.entry(kind.clone()).or_insert(0) += count;
    }
}
