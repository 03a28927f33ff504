//! For whom a request is: one device by its serial number, or `all`.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::app::App;
use super::problem::Problem;
use crate::clock::{Elapsed, within};
use crate::fleet::{Fleet, Handle, Receipt, Turn};

/// The name for every device.
pub(super) const ALL: &str = "all";

/// Whom a path means.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it only describes")]
pub(super) struct Sn {
    /// A serial number, or `all`.
    sn: String,
}

/// The answer for one device, or for all.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes")]
pub(super) enum OneOrAll<T> {
    One(T),
    All(Lines<'static, T>),
}

/// The most serial numbers that a problem lists: more would hide the one that was meant.
const KNOWN_MAX: usize = 20;

/// The answer of `all`.
#[derive(Serialize, ToSchema)]
pub(super) struct Lines<'a, T> {
    #[schema(value_type = Vec<LineShown<T>>)]
    pub(super) devices: Vec<Line<'a, T>>,
}

/// What one device of `all` answers, as it is described.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes")]
enum LineShown<T> {
    Done(LineDone<T>),
    Refused(LineRefused),
}

/// What it would answer alone.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes")]
struct LineDone<T> {
    sn: String,
    ok: bool,
    #[serde(flatten)]
    answer: T,
}

/// Why it did not do what was asked.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes")]
struct LineRefused {
    sn: String,
    ok: bool,
    error: String,
    /// Those that did come of what was expected.
    #[schema(required = false, value_type = Vec<Object>)]
    matches: Vec<Value>,
    /// And those that came nearest, each with what `differs`.
    #[schema(required = false, value_type = Vec<Object>)]
    near_misses: Vec<Value>,
}

/// What one device of `all` answers: what it would answer alone, or why not.
#[derive(Serialize)]
pub(super) struct Line<'a, T> {
    sn: &'a str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten)]
    members: Map<String, Value>,
    #[serde(flatten)]
    answer: Option<T>,
}

impl<'a, T> Line<'a, T> {
    pub(super) fn new(sn: &'a str, result: Result<T, Problem>) -> Self {
        let ok = result.is_ok();
        let (answer, error, members) = match result {
            Ok(answer) => (Some(answer), None, Map::new()),
            Err(problem) => {
                let (detail, members) = problem.into_line();
                (None, Some(detail), members)
            }
        };
        Self { sn, ok, error, members, answer }
    }
}

/// Does something to the device or the devices that `sn` names, and answers for each.
pub(super) async fn on_each<T: Serialize + Send>(
    app: &App,
    sn: &str,
    act: impl Fn(&Handle) -> Result<T, Problem> + Send + Sync,
) -> Result<Response, Problem> {
    if sn != ALL {
        return act(one(&app.fleet, sn)?).map(|answer| answer_json(&answer));
    }
    let mut devices = Vec::with_capacity(app.fleet.devices.len());
    for (sn, handle) in &app.fleet.devices {
        devices.push(Line::new(sn, act(handle)));
        // A fleet is asked one device at a time, and others get their turn between.
        tokio::task::yield_now().await;
    }
    Ok(answer_json(&Lines { devices }))
}

/// What a change needs before it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turns {
    /// It adds entries.
    Entries,
    /// It is rare, and nothing else may change meanwhile.
    Rare,
}

impl Turns {
    async fn of(self, handle: &Handle) -> Turn {
        match self {
            Self::Entries => handle.entry_turn().await,
            Self::Rare => handle.rare_turn().await,
        }
    }
}

/// Does something to the device or the devices that `sn` names, waits until it is stored, and answers with
/// what `show` says of each then. All devices are changed before the first is waited for: they share commits.
pub(super) async fn on_each_stored<R: Send, T: Serialize + Send>(
    app: &App,
    sn: &str,
    turns: Turns,
    act: impl Fn(&Handle) -> Result<(R, Receipt), Problem> + Send + Sync,
    show: impl Fn(&Handle, R) -> T + Send + Sync,
) -> Result<Response, Problem> {
    if sn != ALL {
        let handle = one(&app.fleet, sn)?;
        let turn = turns.of(handle).await;
        let (result, receipt) = act(handle)?;
        receipt.stored().await?;
        drop(turn);
        return Ok(answer_json(&show(handle, result)));
    }
    let mut acted = Vec::with_capacity(app.fleet.devices.len());
    for (sn, handle) in &app.fleet.devices {
        let turn = turns.of(handle).await;
        acted.push((sn, handle, act(handle), turn));
        // A fleet is asked one device at a time, and others get their turn between.
        tokio::task::yield_now().await;
    }
    let mut devices = Vec::with_capacity(acted.len());
    for (sn, handle, result, turn) in acted {
        let stored = match result {
            Ok((result, receipt)) => receipt.stored().await.map(|()| result).map_err(Problem::from),
            Err(problem) => Err(problem),
        };
        drop(turn);
        devices.push(Line::new(sn, stored.map(|result| show(handle, result))));
    }
    Ok(answer_json(&Lines { devices }))
}

/// How long an answer waits for sockets to follow: they do within milliseconds, and a caller is not left
/// hanging if one does not.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(5);

/// Like [`on_each_stored`], for something that changes sockets: it answers once they have followed, so
/// whoever connects after the answer meets the device as it is said to be.
pub(super) async fn on_each_and_settle<T: Serialize + Send>(
    app: &App,
    sn: &str,
    act: impl Fn(&Handle) -> Result<((), Receipt), Problem> + Send + Sync,
    show: impl Fn(&Handle) -> T + Send + Sync,
) -> Result<Response, Problem> {
    let answer = on_each_stored(app, sn, Turns::Rare, act, |handle, ()| show(handle)).await?;
    let named = app.fleet.devices.iter().filter(|(each, _)| sn == ALL || *each == sn);
    let settled = async {
        for (_, handle) in named {
            handle.settled().await;
        }
    };
    if within(SETTLE_TIME_MAX, settled).await == Err(Elapsed) {
        tracing::warn!(sn, "the sockets have not followed within 5 s");
    }
    Ok(answer)
}

/// The device with that serial number.
pub(super) fn one<'a>(fleet: &'a Fleet, sn: &str) -> Result<&'a Arc<Handle>, Problem> {
    fleet.devices.get(sn).ok_or_else(|| {
        let known: Vec<&String> = fleet.devices.keys().take(KNOWN_MAX).collect();
        let listed = known.iter().map(|sn| sn.as_str()).collect::<Vec<_>>();
        let more = if fleet.devices.len() > KNOWN_MAX { ", ..." } else { "" };
        let detail =
            format!("there is no device {sn:?}; there are {}{more}, and all", listed.join(", "));
        Problem::new(StatusCode::NOT_FOUND, detail).member("known", json!(known))
    })
}

/// An answer in JSON.
pub(super) fn answer_json(answer: &impl Serialize) -> Response {
    axum::Json(answer).into_response()
}
