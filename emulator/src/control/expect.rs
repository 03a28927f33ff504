//! POST `/devices/{sn}/expect`: waits until enough entries of a kind were made.
//!
//! What was made before is read from the device, what is made after comes from the live feed; whoever
//! subscribes first and reads then misses nothing. (Entries that only ever had a v1 form are gone from the
//! device once acknowledged, so the feed alone shows all.) When the wait is over without success, the answer
//! names what came instead and in what it differs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::future::join_all;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;
use vestibule_core::event::{Entry, Index};
use vestibule_core::wire::View;

use super::app::App;
use super::commands::duration;
use super::emit::Named;
use super::entries::{LIMIT_MAX, Shown};
use super::extract::Json;
use super::feed::News;
use super::matcher::Matcher;
use super::problem::Problem;
use super::target::{ALL, Line, Lines, OneOrAll, Sn, answer_json, one};
use crate::clock::{Elapsed, within};
use crate::fleet::Handle;

/// How long is waited when nothing is said.
const WITHIN_USUAL: Duration = Duration::from_secs(5);

/// The longest wait: a connection is held for it.
const WITHIN_MAX: Duration = Duration::from_secs(600);

/// The most entries that can be waited for: the answer holds them all.
const COUNT_MAX: u32 = 10_000;

/// Near misses that are named: the nearest; a longer list hides them.
const NEAR_MISSES_MAX: usize = 10;

/// The body.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Expectation)]
pub(super) struct Body {
    event: Option<String>,
    #[serde(default = "once")]
    #[schema(minimum = 1, maximum = 10_000)]
    count: u32,
    /// Such as `5s`, which is usual; at most `10m`.
    within: Option<String>,
    /// The first index that counts; left out, whatever comes from now on.
    from: Option<u64>,
    person: Option<Named>,
    reason: Option<String>,
    state: Option<u8>,
    entry_mode: Option<u8>,
    therm: Option<f64>,
    card: Option<String>,
    qrcode: Option<String>,
    code: Option<u32>,
    status: Option<u8>,
    pass: Option<bool>,
    abnormal_type: Option<u32>,
    seqnum: Option<u64>,
    index: Option<u64>,
}

const fn once() -> u32 {
    1
}

/// The body, checked.
struct Expectation {
    matcher: Matcher,
    count: usize,
    within: Duration,
    from: Option<Index>,
}

impl Body {
    fn expectation(self) -> Result<Expectation, Problem> {
        let within = self.within.as_deref();
        let within = within.map_or(Ok(WITHIN_USUAL), |text| duration("within", text))?;
        if within > WITHIN_MAX {
            return Err(Problem::unprocessable("within is longer than 10m"));
        }
        if !(1..=COUNT_MAX).contains(&self.count) {
            let detail = format!("count {} is outside 1 to {COUNT_MAX}", self.count);
            return Err(Problem::unprocessable(detail));
        }
        Ok(Expectation {
            count: usize::try_from(self.count).expect("10,000 fits"),
            within,
            from: self.from.map(Index::new),
            matcher: self.matcher()?,
        })
    }

    fn matcher(&self) -> Result<Matcher, Problem> {
        let refuse =
            |refusal: vestibule_core::world::Refusal| Problem::unprocessable(refusal.to_string());
        let event = self.event.as_deref().map(str::parse).transpose();
        let person = self.person.as_ref().map(Named::whom).transpose();
        let reason = self.reason.as_deref().map(str::parse).transpose();
        let properties = [
            ("state", json!(self.state)),
            ("entry_mode", json!(self.entry_mode)),
            ("therm", json!(self.therm)),
            ("card", json!(self.card)),
            ("qrcode", json!(self.qrcode)),
            ("code", json!(self.code)),
            ("status", json!(self.status)),
            ("pass", json!(self.pass)),
            ("abnormal_type", json!(self.abnormal_type)),
            ("seqnum", json!(self.seqnum)),
            ("index", json!(self.index)),
        ];
        let given = properties.into_iter().filter(|(_, value)| !value.is_null());
        Ok(Matcher {
            event: event.map_err(refuse)?,
            person: person.map_err(refuse)?,
            reason: reason.map_err(refuse)?,
            properties: given.map(|(name, value)| (name.to_owned(), value)).collect(),
        })
    }
}

/// The answer: the matches, in order.
#[derive(Serialize, ToSchema)]
#[schema(as = Matches)]
struct Answer {
    events: Vec<Shown>,
}

/// An entry that is not what was expected.
#[derive(Serialize)]
struct NearMiss {
    #[serde(flatten)]
    entry: Shown,
    differs: Map<String, Value>,
}

/// Waits for what is expected of a device, or of each.
#[utoipa::path(
    post,
    path = "/devices/{sn}/expect", operation_id = "expect",
    params(Sn),
    request_body = Body,
    responses((status = OK, description = "what came", body = OneOrAll<Answer>), Problem),
)]
pub(super) async fn expect(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
    Json(body): Json<Body>,
) -> Result<Response, Problem> {
    let expectation = body.expectation()?;
    if sn != ALL {
        let handle = one(&app.fleet, &sn)?;
        let answer = Watching::new(handle, &expectation).run(&app).await?;
        return Ok(answer_json(&answer));
    }
    // Every device is watched before the first one is waited for.
    let handles = app.fleet.devices.iter();
    let waits = handles.map(|(sn, handle)| {
        let watching = Watching::new(handle, &expectation);
        async { Line::new(sn, watching.run(&app).await) }
    });
    let waits: Vec<_> = waits.collect();
    let devices = join_all(waits).await;
    Ok(answer_json(&Lines { devices }))
}

/// One device, watched for what is expected.
struct Watching<'a> {
    handle: &'a Handle,
    expectation: &'a Expectation,
    feed: broadcast::Receiver<Arc<News>>,
    /// The first index that was not looked at.
    next: Index,
    came: u64,
    matches: Vec<Shown>,
    /// By how much they differ; the nearest first.
    near_misses: BTreeMap<(usize, u64), NearMiss>,
}

impl<'a> Watching<'a> {
    fn new(handle: &'a Handle, expectation: &'a Expectation) -> Self {
        // Before the device is read: see above.
        let feed = handle.feed.watch();
        let next = expectation
            .from
            .unwrap_or_else(|| handle.read(|device, mono| device.status(mono).next_index));
        Self {
            handle,
            expectation,
            feed,
            next,
            came: 0,
            matches: Vec::new(),
            near_misses: BTreeMap::new(),
        }
    }

    async fn run(mut self, app: &App) -> Result<Answer, Problem> {
        let limit = self.expectation.within;
        let outcome = tokio::select! {
            outcome = within(limit, self.wait()) => outcome,
            () = app.stopped() => return Err(Problem::stopping()),
        };
        match outcome {
            Ok(()) => Ok(Answer { events: self.matches }),
            Err(Elapsed) => Err(self.unmet()),
        }
    }

    /// Waits until there are enough.
    async fn wait(&mut self) {
        self.read_kept().await;
        while !self.is_met() {
            match self.feed.recv().await {
                Ok(news) => {
                    if news.sn == self.handle.identity().sn && self.is_new(&news.entry) {
                        self.look_at(&news.view, &news.entry);
                    }
                }
                // What the feed left out is still in the journal, unless it was more than that holds.
                Err(RecvError::Lagged(_)) => self.read_kept().await,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    fn is_met(&self) -> bool {
        self.matches.len() >= self.expectation.count
    }

    /// Whether it was not read from the device already. After a factory reset the numbers begin again.
    fn is_new(&self, entry: &Entry) -> bool {
        let begins_again = entry.index == Index::FIRST && self.expectation.from.is_none();
        entry.index >= self.next || begins_again
    }

    /// Looks at what the device keeps, a page at a time.
    async fn read_kept(&mut self) {
        while !self.is_met() {
            let from = self.next;
            let (entries, view) =
                self.handle.read(|device, _| (device.entries(from, LIMIT_MAX), device.view()));
            for entry in &entries {
                self.look_at(&view, entry);
            }
            if entries.len() < LIMIT_MAX {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn look_at(&mut self, view: &View, entry: &Entry) {
        self.next = entry.index.next();
        if self.is_met() {
            return;
        }
        self.came += 1;
        let differs = self.expectation.matcher.differences(view, entry);
        if differs.is_empty() {
            self.matches.push(Shown::new(view, entry));
            return;
        }
        let distance = (differs.len(), self.came);
        if self.near_misses.len() == NEAR_MISSES_MAX {
            // Only a nearer one is worth writing out.
            match self.near_misses.last_entry() {
                Some(farthest) if *farthest.key() > distance => drop(farthest.remove()),
                _ => return,
            }
        }
        let entry = Shown::new(view, entry);
        self.near_misses.insert(distance, NearMiss { entry, differs });
    }

    fn unmet(self) -> Problem {
        let (found, wanted) = (self.matches.len(), self.expectation.count);
        let near_misses: Vec<NearMiss> = self.near_misses.into_values().collect();
        let nearest = near_misses.first().map_or_else(String::new, |nearest| {
            let fields: Vec<_> = nearest.differs.keys().map(String::as_str).collect();
            format!("; the nearest other one differs in {}", fields.join(", "))
        });
        let limit = humantime::format_duration(self.expectation.within);
        let detail = format!(
            "{found} of {wanted} expected came within {limit}, of {} events in all{nearest}",
            self.came
        );
        Problem::new(StatusCode::EXPECTATION_FAILED, detail)
            .member("matches", json!(self.matches))
            .member("near_misses", json!(near_misses))
    }
}
