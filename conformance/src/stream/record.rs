//! The stream itself: what came is added at the end, and what became of an answer is noted later.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::bodies::{Bodies, BodiesError, Kept};
use super::entry::{Arrival, Entry, Fate, Identity, Origin, Shape};
use super::facts::{self, Facts};
use super::names::{Name, Names};
use crate::http1::{Headers, RequestHead};
use crate::json;
use crate::receiver::message;

/// Entries kept: ten times the longest log and backlog. Further ones are counted and not kept; what
/// is judged over such a stream is not judged at all.
const ENTRIES_MAX: usize = 500_000;

/// Different answers kept by name: plans of cases are short.
const ANSWERS_MAX: usize = 10_000;

/// Messages or events in the order in which they came.
#[derive(Debug, Default)]
pub struct Stream {
    entries: Vec<Entry>,
    untaken: u64,
    names: Names,
    bodies: Bodies,
    attempts: BTreeMap<u64, u32>,
    answers: Vec<Answered>,
    pages: Vec<Page>,
}

/// An answer that was given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered {
    /// In words, for reports.
    pub name: String,
    /// What it tells the device.
    pub claim: Claim,
}

impl Answered {
    /// During an outage.
    fn none() -> Self {
        Self { name: "none, in an outage".to_owned(), claim: Claim::Failure }
    }
}

/// What an answer tells a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Claim {
    /// It has the record: it must not come again.
    Success,
    /// It has not: the record must come again (R-V1-06).
    Failure,
    /// Which of these a device takes it for is only observed (R-V1-06).
    Unclear,
}

/// A message as it came to a listener.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers, as they were written.
    pub headers: Headers,
    /// The body, without the marks of chunks.
    pub body: Bytes,
}

/// A message that has come, before it is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Came<'a> {
    pub(crate) at: Duration,
    pub(crate) connection: u32,
    pub(crate) head: &'a RequestHead,
    pub(crate) head_bytes: &'a [u8],
    pub(crate) body: &'a [u8],
}

/// A message that was added to a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Added {
    /// Where; none when the stream is full.
    pub(crate) index: Option<usize>,
    pub(crate) shape: Shape,
    /// How often this one came before.
    pub(crate) earlier: u32,
    /// The report's `reqid` as JSON text.
    pub(crate) reqid: Option<String>,
}

/// One page of a log that was fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Page {
    /// `seqnum` as it was asked for.
    pub seqnum: Option<u64>,
    /// `offset` as it was asked for.
    pub offset: Option<u64>,
    /// `limit` as it was asked for.
    pub limit: Option<u64>,
    /// The index of its first entry.
    pub first: usize,
    /// How many events it brought.
    pub count: usize,
}

impl Stream {
    /// The entries so far.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many came that are not kept, because the stream is full.
    #[must_use]
    pub fn untaken(&self) -> u64 {
        self.untaken
    }

    /// How many different ones came: retries of a record count once, and each message without an
    /// identity for itself.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.attempts.len()
    }

    /// The pages so far, for a stream that was fetched.
    #[must_use]
    pub fn pages(&self) -> &[Page] {
        &self.pages
    }

    /// What a name of one of this stream's entries stands for.
    #[must_use]
    pub fn text(&self, name: Name) -> &str {
        self.names.text(name)
    }

    /// The answer that an entry was given.
    #[must_use]
    pub fn answered(&self, entry: &Entry) -> Option<&Answered> {
        let arrival = entry.arrival().filter(|arrival| arrival.fate != Fate::Pending)?;
        self.answers.get(usize::from(arrival.answer))
    }

    /// A message word for word; none for an event, or when it was not kept.
    ///
    /// # Errors
    ///
    /// When it cannot be read back.
    pub fn message(&self, index: usize) -> Result<Option<Message>, BodiesError> {
        let Some((head, body)) = self.kept(index)? else {
            return Ok(None);
        };
        let head = RequestHead::parse(&head).ok().flatten();
        Ok(head.map(|(head, _)| Message {
            method: head.method,
            path: head.path,
            headers: head.headers,
            body: body.into(),
        }))
    }

    /// What an entry says, as JSON: a message's body, or an event; none when it is no JSON or was
    /// not kept.
    ///
    /// # Errors
    ///
    /// When it cannot be read back.
    pub fn json(&self, index: usize) -> Result<Option<Value>, BodiesError> {
        let kept = self.kept(index)?;
        Ok(kept.and_then(|(_, body)| json::read(&body).ok().map(|document| document.value)))
    }

    /// Adds a page of events that were fetched.
    ///
    /// # Errors
    ///
    /// When they cannot be kept.
    pub fn add_page(
        &mut self,
        at: Duration,
        asked: [Option<u64>; 3],
        events: &[Value],
    ) -> Result<(), BodiesError> {
        let [seqnum, offset, limit] = asked;
        let number = u32::try_from(self.pages.len()).unwrap_or(u32::MAX);
        let page = Page { seqnum, offset, limit, first: self.entries.len(), count: events.len() };
        self.pages.push(page);
        for event in events {
            self.add_event(at, number, event)?;
        }
        Ok(())
    }

    pub(crate) fn arrive(&mut self, came: &Came<'_>) -> Result<Added, BodiesError> {
        let sn = came.head.headers.get("sn");
        let document = json::read(came.body).ok();
        let message = document.as_ref().and_then(|document| message::of(sn, document).ok());
        let identity = message.as_ref().map_or(Identity::Unknown, |m| Identity::of(&m.identity));
        let facts = match &document {
            Some(document) => Facts::of_message(&mut self.names, sn, &document.value),
            None => Facts::none(Shape::Other),
        };
        let added = Added {
            index: None,
            shape: facts.shape,
            earlier: self.count(&identity),
            reqid: document.as_ref().and_then(|document| message::reqid(&document.text)),
        };
        let fields_digest =
            document.as_ref().map_or(0, |document| facts::fields_digest(&document.value));
        let arrival = Arrival {
            connection: came.connection,
            done_ms: 0,
            answer: 0,
            fate: Fate::Pending,
            again: added.earlier > 0,
        };
        let index = self.add(
            Entry {
                identity,
                facts,
                fields_digest,
                bytes_digest: facts::bytes_digest(came.body),
                at_ms: milliseconds(came.at),
                origin: Origin::Arrived(arrival),
                place: Bodies::NOWHERE,
            },
            came.head_bytes,
            came.body,
        )?;
        Ok(Added { index, ..added })
    }

    /// Notes what became of the answer to an entry.
    pub(crate) fn done(
        &mut self,
        index: usize,
        at: Duration,
        fate: Fate,
        answered: Option<Answered>,
    ) {
        let answer = self.answer_number(answered.unwrap_or_else(Answered::none));
        if let Some(Entry { origin: Origin::Arrived(arrival), .. }) = self.entries.get_mut(index) {
            *arrival = Arrival { done_ms: milliseconds(at), answer, fate, ..*arrival };
        }
    }

    /// Notes that the connection broke after the answer to an entry was written.
    pub(crate) fn doubt(&mut self, index: usize) {
        if let Some(Entry { origin: Origin::Arrived(arrival), .. }) = self.entries.get_mut(index)
            && arrival.fate == Fate::Written
        {
            arrival.fate = Fate::Doubtful;
        }
    }

    fn add_event(&mut self, at: Duration, page: u32, event: &Value) -> Result<(), BodiesError> {
        let empty = serde_json::Map::new();
        let members = event.as_object().unwrap_or(&empty);
        let seqnum = members.get("seqnum").and_then(Value::as_u64);
        let identity = seqnum.map_or(Identity::Unknown, Identity::Seqnum);
        self.count(&identity);
        let body = event.to_string();
        let entry = Entry {
            identity,
            facts: Facts::of_event(&mut self.names, members, Shape::Event),
            fields_digest: facts::fields_digest(event),
            bytes_digest: facts::bytes_digest(body.as_bytes()),
            at_ms: milliseconds(at),
            origin: Origin::Fetched(page),
            place: Bodies::NOWHERE,
        };
        self.add(entry, b"", body.as_bytes()).map(drop)
    }

    fn add(
        &mut self,
        mut entry: Entry,
        head: &[u8],
        body: &[u8],
    ) -> Result<Option<usize>, BodiesError> {
        if self.entries.len() >= ENTRIES_MAX {
            self.untaken += 1;
            return Ok(None);
        }
        entry.place = self.bodies.keep(head, body)?;
        self.entries.push(entry);
        Ok(Some(self.entries.len() - 1))
    }

    /// How often this one came before.
    fn count(&mut self, identity: &Identity) -> u32 {
        let key = match identity {
            // Each is one of its own.
            Identity::Unknown => (self.entries.len() as u64).wrapping_add(self.untaken),
            known => known.hash(),
        };
        let attempts = self.attempts.entry(key).or_default();
        *attempts = attempts.saturating_add(1);
        *attempts - 1
    }

    fn answer_number(&mut self, answered: Answered) -> u16 {
        let known = self.answers.iter().position(|one| *one == answered);
        let number = known.unwrap_or_else(|| {
            if self.answers.len() < ANSWERS_MAX {
                self.answers.push(answered);
            }
            self.answers.len() - 1
        });
        u16::try_from(number).unwrap_or(u16::MAX)
    }

    fn kept(&self, index: usize) -> Result<Option<Kept>, BodiesError> {
        match self.entries.get(index) {
            Some(entry) => self.bodies.read(entry.place),
            None => Ok(None),
        }
    }
}

fn milliseconds(at: Duration) -> u32 {
    u32::try_from(at.as_millis()).unwrap_or(u32::MAX)
}
