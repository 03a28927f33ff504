//! POST `/devices/{sn}/events`: exactly the events that are asked for, or a whole scene.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use vestibule_core::calls::control::{Command, Emitted, Playing, Reply};
use vestibule_core::clock::UnixMillis;
use vestibule_core::world::{EventName, Refusal, Whom, Wish};

use super::app::App;
use super::commands::command;
use super::extract::Json;
use super::problem::Problem;
use super::target::{ALL, OneOrAll, Sn, Turns, on_each_stored};
use crate::fleet::Handle;

/// The most events one request makes at `all` devices together: the answer names each, and would otherwise
/// outgrow the memory.
const EVENTS_MAX: u64 = 1_000_000;

/// The body.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Wish)]
pub(super) struct Body {
    /// What happens.
    #[schema(schema_with = event_names)]
    event: String,
    #[serde(default = "once")]
    #[schema(minimum = 1, maximum = 100_000)]
    count: u32,
    /// Of a switch, 1 begins and 0 ends; else the verdict's (table C of the rulings).
    #[schema(maximum = 4)]
    state: Option<u8>,
    person: Option<Named>,
    reason: Option<String>,
    entry_mode: Option<u8>,
    therm: Option<f64>,
    card: Option<String>,
    qrcode: Option<String>,
    code: Option<u32>,
    status: Option<u8>,
    at: Option<Moment>,
    /// The whole scene, with what follows.
    #[serde(default)]
    episode: bool,
}

/// The names of what can be emitted.
fn event_names() -> Schema {
    let names = EventName::ALL.map(EventName::name);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
}

const fn once() -> u32 {
    1
}

/// A person's uid or a name for a kind of person.
#[derive(Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "expected a uid, \"any\", \"stranger\", \"visitor\" or \"blocklisted\""
)]
pub(super) enum Named {
    Uid(u32),
    Name(String),
}

impl Named {
    /// Whom it means.
    pub(super) fn whom(&self) -> Result<Whom, Refusal> {
        match self {
            Self::Uid(uid) => Ok(Whom::Uid((*uid).into())),
            Self::Name(name) => name.parse(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "expected an RFC 3339 time such as \"2026-03-02T08:00:00+08:00\", or milliseconds since 1970"
)]
enum Moment {
    Millis(i64),
    Text(String),
}

impl Moment {
    fn at(&self) -> Result<UnixMillis, Problem> {
        let bad = |given: &dyn std::fmt::Display, why: &str| {
            let detail = format!("at {given} {why}");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        };
        let millis = match self {
            Self::Millis(millis) => *millis,
            // A command line has no numbers.
            Self::Text(text) if is_number(text) => text.parse().unwrap_or(-1),
            Self::Text(text) => {
                text.parse::<Timestamp>().map_err(|_| bad(text, why_unread(text)))?.as_millisecond()
            }
        };
        if (0..=UnixMillis::MAX.millis()).contains(&millis) {
            return Ok(UnixMillis::new(millis));
        }
        match self {
            Self::Text(text) => Err(bad(text, OUTSIDE)),
            Self::Millis(millis) => Err(bad(millis, OUTSIDE)),
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The times there are.
const OUTSIDE: &str = "is outside 1970 to 9999-12-30";

/// Why a text was not read as an instant: the last day of 9999 is well written, and beyond what is counted.
fn why_unread(text: &str) -> &'static str {
    match Pieces::parse(text) {
        Ok(pieces) if pieces.time().is_some() && pieces.offset().is_some() => OUTSIDE,
        _ => "is no RFC 3339 time with an offset, like 2026-03-02T08:00:00+08:00",
    }
}

impl Body {
    fn wish(self) -> Result<(Wish, Playing), Problem> {
        let refuse = |refusal: Refusal| Problem::unprocessable(refusal.to_string());
        let event: EventName = self.event.parse().map_err(refuse)?;
        let person = self.person.as_ref().map(Named::whom).transpose();
        let reason = self.reason.as_deref().map(str::parse).transpose();
        let wish = Wish {
            event,
            count: self.count,
            state: self.state,
            person: person.map_err(refuse)?,
            reason: reason.map_err(refuse)?,
            entry_mode: self.entry_mode,
            therm: self.therm,
            card: self.card,
            qrcode: self.qrcode,
            code: self.code,
            status: self.status,
            at: self.at.as_ref().map(Moment::at).transpose()?,
        };
        let playing = if self.episode { Playing::Episode } else { Playing::Exactly };
        Ok((wish, playing))
    }
}

/// The answer: what was made, in order.
#[derive(Serialize, ToSchema)]
#[schema(as = Emitted)]
struct Answer {
    events: Vec<Made>,
}

#[derive(Serialize, ToSchema)]
struct Made {
    index: u64,
    seqnum: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    uuid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trace_id: Option<String>,
}

impl From<Emitted> for Made {
    fn from(emitted: Emitted) -> Self {
        Self {
            index: emitted.index.get(),
            seqnum: emitted.seqnum.map(|seqnum| seqnum.get()),
            uuid: emitted.uuid,
            trace_id: emitted.trace_id,
        }
    }
}

/// Makes events happen, and answers once they are durable.
#[utoipa::path(
    post,
    path = "/devices/{sn}/events",
    operation_id = "emit",
    params(Sn),
    request_body = Body,
    responses((status = OK, description = "what was made", body = OneOrAll<Answer>), Problem),
)]
pub(super) async fn emit(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
    Json(body): Json<Body>,
) -> Result<Response, Problem> {
    let (wish, playing) = body.wish()?;
    let devices = app.fleet.devices.len() as u64;
    if sn == ALL && u64::from(wish.count) * devices > EVENTS_MAX {
        return Err(Problem::unprocessable(format!(
            "count {} at {devices} devices is over {EVENTS_MAX} events; ask for fewer at a time",
            wish.count
        )));
    }
    let act = |handle: &Handle| command(handle, Command::Emit(Box::new(wish.clone()), playing));
    on_each_stored(&app, &sn, Turns::Entries, act, |_, reply| match reply {
        Reply::Emitted(emitted) => Answer { events: emitted.into_iter().map(Made::from).collect() },
        Reply::Done | Reply::Traffic(..) => Answer { events: Vec::new() },
    })
    .await
}
