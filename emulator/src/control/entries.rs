//! Entries as both platforms see them, through the same encoders.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use vestibule_core::event::{Entry, Index, RecordId};
use vestibule_core::wire::{Pictures, View, v1, v3};

use super::app::App;
use super::devices::rfc3339;
use super::extract::Params;
use super::matcher;
use super::problem::Problem;
use super::target::{OneOrAll, Sn, on_each};

/// How much is shown when nothing is said.
pub(super) const LIMIT_USUAL: usize = 100;

/// The most of one answer: a megabyte or two; there is a next page.
pub(super) const LIMIT_MAX: usize = 1000;

/// The most where images are shown: each is some 40 kB.
const LIMIT_WITH_IMAGES_MAX: usize = 100;

/// One entry.
#[derive(Serialize, ToSchema)]
#[schema(as = Entry)]
pub(super) struct Shown {
    index: u64,
    seqnum: Option<u64>,
    at: String,
    kind: &'static str,
    /// The verdict's name, where somebody asked to be let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    reason: Option<&'static str>,
    /// As `event-fetch` shows it.
    #[schema(value_type = Option<Object>)]
    v3: Option<Box<RawValue>>,
    /// As it is pushed, each record.
    #[schema(value_type = Vec<Object>)]
    v1: Vec<Box<RawValue>>,
}

impl Shown {
    /// An entry, with a word in place of its image.
    pub(super) fn new(view: &View, entry: &Entry) -> Self {
        Self::whole(&View { pictures: Pictures::LeftOut, ..view.clone() }, entry)
    }

    fn whole(view: &View, entry: &Entry) -> Self {
        let index = entry.index;
        let parts = (0..).take(entry.fact.records().len());
        let records = parts.filter_map(|part| {
            let record = RecordId { index, part };
            v1::encode_push(view, entry, record, 1).map(raw)
        });
        Self {
            index: index.get(),
            seqnum: entry.seqnum.map(|seqnum| seqnum.get()),
            at: rfc3339(entry.at, &view.setup.time_zone),
            kind: matcher::kind(&entry.fact),
            reason: matcher::reason(&entry.fact),
            v3: v3::encode_event(view, entry).map(raw),
            v1: records.collect(),
        }
    }
}

fn raw(bytes: Vec<u8>) -> Box<RawValue> {
    let text = String::from_utf8(bytes).expect("our encoders write UTF-8");
    RawValue::from_string(text).expect("our encoders write JSON")
}

/// Where to begin and how much.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// The first number.
    #[serde(default)]
    pub(super) from: u64,
    /// How many at most: 100 by itself, and never more than 1,000.
    #[param(nullable = false)]
    limit: Option<usize>,
}

/// What of the entries is shown.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The first index.
    #[serde(default)]
    from: u64,
    /// How many at most: 100 by itself, and never more than 1,000, or 100 with images.
    #[param(nullable = false)]
    limit: Option<usize>,
    /// Whether `rgb_image` and `alarm_photo` are there in full; by itself the text `left out` stands for each.
    #[serde(default)]
    images: bool,
}

impl Page {
    /// How many at most.
    pub(super) fn limit(&self) -> usize {
        self.limit.unwrap_or(LIMIT_USUAL).min(LIMIT_MAX)
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Entries)]
struct Answer {
    events: Vec<Shown>,
    /// Where the next page begins.
    next: u64,
}

/// Lists what is kept, by index.
#[utoipa::path(
    get,
    path = "/devices/{sn}/events",
    operation_id = "listEntries",
    params(Sn, Asked),
    responses((status = OK, description = "a page", body = OneOrAll<Answer>), Problem),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let from = Index::new(asked.from);
    let (limit_max, show): (_, fn(&View, &Entry) -> Shown) =
        if asked.images { (LIMIT_WITH_IMAGES_MAX, Shown::whole) } else { (LIMIT_MAX, Shown::new) };
    let limit = asked.limit.unwrap_or(LIMIT_USUAL).min(limit_max);
    on_each(&app, &sn, |handle| {
        let (entries, view) = handle.read(|device, _| (device.entries(from, limit), device.view()));
        let next = entries.last().map_or(from, |entry| entry.index.next());
        let events = entries.iter().map(|entry| show(&view, entry));
        Ok(Answer { events: events.collect(), next: next.get() })
    })
    .await
}
