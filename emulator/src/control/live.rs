//! GET `/events?sn=`: what happens, as it happens, as server-sent events.
//!
//! Each entry is a message whose data is the entry with its `sn`. A watcher that falls behind is told by an
//! event `missed` how many it missed, and goes on with what is newest.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::app::App;
use super::entries::Shown;
use super::extract::Params;
use super::feed::News;
use super::problem::Problem;
use super::target::{ALL, one};

/// How often a comment shows that the connection lives: proxies close one that is silent for a minute.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// The query.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// Of which device; left out, or `all`, of every one.
    #[param(nullable = false)]
    sn: Option<String>,
}

#[derive(Serialize)]
struct Told<'a> {
    sn: &'a str,
    #[serde(flatten)]
    entry: Shown,
}

/// Streams what happens, until the watcher leaves or the emulator stops.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "watch",
    params(Query),
    responses(
        (
            status = OK,
            description = "a message for each entry",
            body = String,
            content_type = "text/event-stream",
        ),
        Problem,
    ),
)]
pub(super) async fn watch(
    State(app): State<Arc<App>>,
    Params(query): Params<Query>,
) -> Result<Response, Problem> {
    let sn = query.sn.filter(|sn| sn != ALL);
    if let Some(sn) = &sn {
        one(&app.fleet, sn)?;
    }
    let feed = app.fleet.feed.watch();
    let hello = stream::iter([Event::default().comment("watching")]);
    let events = hello.chain(told(feed, sn)).map(Ok::<_, Infallible>);
    let events = events.take_until(Box::pin(async move { app.stopped().await }));
    let heartbeat = KeepAlive::new().interval(HEARTBEAT_EVERY).text("heartbeat");
    Ok(Sse::new(events).keep_alive(heartbeat).into_response())
}

fn told(
    feed: broadcast::Receiver<Arc<News>>,
    sn: Option<String>,
) -> impl Stream<Item = Event> + Send {
    stream::unfold((feed, sn), |(mut feed, sn)| async move {
        loop {
            let event = match feed.recv().await {
                Ok(news) if sn.as_ref().is_none_or(|sn| *sn == news.sn) => tell(&news),
                Ok(_) => continue,
                Err(RecvError::Lagged(missed)) => {
                    Event::default().event("missed").data(json!({"missed": missed}).to_string())
                }
                Err(RecvError::Closed) => return None,
            };
            return Some((event, (feed, sn)));
        }
    })
}

fn tell(news: &News) -> Event {
    let entry = Shown::new(&news.view, &news.entry);
    let told = Told { sn: &news.sn, entry };
    let data = serde_json::to_string(&told).expect("text keys, and memory has no errors");
    Event::default().data(data)
}
