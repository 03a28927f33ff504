//! Records as a platform asks for them (R-V1-28): the request, and the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::requests::read;
use crate::behaviour::Part;
use crate::calls::v1::{Call, Found, Listing, RecordOrder, RecordQuery, Unreadable};
use crate::event::{Entry, PersonRef};
use crate::wire::View;
use crate::wire::edits::About;
use crate::wire::fields::Field;
use crate::wire::record::{Listed, is_whose, person};
use crate::world::Person;

#[derive(Deserialize, JsonSchema)]
#[serde(expecting = "a JSON object")]
pub(super) struct RecordsBody {
    /// Not before this second; 0 for any.
    #[serde(default)]
    begin_time: Field<u64>,
    /// Not after this second; 0 for any.
    #[serde(default)]
    end_time: Field<u64>,
    #[serde(default)]
    user_id: Field<String>,
    #[serde(default)]
    job_number: Field<String>,
    #[serde(default)]
    ic_number: Field<String>,
    #[serde(default)]
    offset: Field<u64>,
    #[serde(default)]
    limit: Field<u64>,
    /// 0 for the oldest first, 1 for the newest.
    #[serde(default)]
    #[schemars(range(max = 1))]
    sort: Field<u64>,
}

const SORT: &str = "sort must be 0 for the oldest first, or 1 for the newest";

/// Reads what is asked for.
pub(super) fn decode(body: &[u8]) -> Result<Call, Unreadable> {
    let body: RecordsBody = read(body)?;
    let time = |field, must| Ok(given(field, must)?.filter(|seconds| *seconds > 0));
    let name = |field: Field<String>, must| Ok(given(field, must)?.filter(|name| !name.is_empty()));
    Ok(Call::Records(RecordQuery {
        begin: time(body.begin_time, "begin_time must be a whole number of seconds, 0 or more")?,
        end: time(body.end_time, "end_time must be a whole number of seconds, 0 or more")?,
        user: name(body.user_id, "user_id must be a string")?,
        job: name(body.job_number, "job_number must be a string")?,
        card: name(body.ic_number, "ic_number must be a string")?,
        offset: given(body.offset, "offset must be a whole number, 0 or more")?.unwrap_or(0),
        limit: given(body.limit, "limit must be a whole number, 0 or more")?,
        order: match given(body.sort, SORT)? {
            None | Some(0) => RecordOrder::OldestFirst,
            Some(1) => RecordOrder::NewestFirst,
            Some(_) => return Err(Unreadable::Field(SORT)),
        },
    }))
}

/// A field, if it is there.
fn given<T>(field: Field<T>, must: &'static str) -> Result<Option<T>, Unreadable> {
    match field {
        Field::Absent => Ok(None),
        Field::Good(value) => Ok(Some(value)),
        Field::Bad => Err(Unreadable::Field(must)),
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Records")]
pub(super) struct RecordsData<'a> {
    offset: u64,
    limit: u64,
    count: usize,
    total: usize,
    items: Vec<Item<'a>>,
}

/// A record, as it is or as the faults in force have it.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ListedRecord")]
enum Item<'a> {
    AsItIs(Box<Listed<'a>>),
    #[schemars(skip)]
    Edited(Value),
}

/// The records that were asked for, each with its person.
pub(super) struct Page {
    offset: u64,
    limit: u64,
    total: usize,
    shown: Vec<(Entry, Option<Arc<Person>>)>,
}

impl Page {
    /// What was found. Where people are meant by a number of theirs, they are looked up here, without the
    /// device.
    pub(super) fn of(view: &View, listing: Listing) -> Self {
        let Listing { offset, limit, .. } = listing;
        let (total, entries) = found(view, listing);
        let with_person = |entry: Entry| {
            let person = person(view, &entry);
            (entry, person)
        };
        Self { offset, limit, total, shown: entries.into_iter().map(with_person).collect() }
    }
}

impl<'a> RecordsData<'a> {
    pub(super) fn new(view: &'a View, page: &'a Page) -> Self {
        let item = |(entry, person): &'a (Entry, Option<Arc<Person>>)| {
            Item::new(view, entry, person.as_deref())
        };
        let items: Vec<Item<'_>> = page.shown.iter().filter_map(item).collect();
        let is_page = view.behaviour.violations.v1.records.total_of_page;
        let total = if is_page { items.len() } else { page.total };
        Self { offset: page.offset, limit: page.limit, count: items.len(), total, items }
    }
}

/// How many records there are, and those of the page.
fn found(view: &View, listing: Listing) -> (usize, Vec<Entry>) {
    let Listing { offset, limit, found } = listing;
    match found {
        Found::Page { total, entries } => (total, entries),
        Found::Candidates { whose, mut entries } => {
            let mut people: BTreeMap<PersonRef, Arc<Person>> = BTreeMap::new();
            entries.retain(|entry| is_whose(view, entry, &whose, &mut people));
            (entries.len(), Listing::page(offset, limit, entries))
        }
    }
}

impl<'a> Item<'a> {
    fn new(view: &'a View, entry: &'a Entry, person: Option<&'a Person>) -> Option<Self> {
        let listed = Listed::new(view, entry, person)?;
        let about = About::event(view, entry);
        Some(if about.is_edited() {
            Self::Edited(about.edit(&listed, &[Part::Listed]))
        } else {
            Self::AsItIs(Box::new(listed))
        })
    }
}
