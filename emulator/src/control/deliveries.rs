//! GET `/devices/{sn}/deliveries`: what was sent, and what came back.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vestibule_core::wire::View;

use super::app::App;
use super::devices::rfc3339;
use super::entries::Page;
use super::extract::Params;
use super::problem::Problem;
use super::target::{OneOrAll, Sn, on_each};
use crate::uplink::Logged;

#[derive(Serialize, ToSchema)]
#[schema(as = Deliveries)]
struct Answer {
    deliveries: Vec<Shown>,
    /// Where the next page begins.
    next: u64,
}

/// One attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
struct Shown {
    number: u64,
    at: String,
    delivery: &'static str,
    index: u64,
    seqnum: Option<u64>,
    uuid: Option<String>,
    attempt: u32,
    destination: String,
    status: Option<u16>,
    answer: Option<String>,
    latency_ms: f64,
    outcome: &'static str,
    error: Option<String>,
}

impl Shown {
    fn new(view: &View, logged: Logged) -> Self {
        Self {
            number: logged.number,
            at: rfc3339(logged.at, &view.setup.time_zone),
            delivery: logged.delivery,
            index: logged.index,
            seqnum: logged.seqnum,
            uuid: logged.uuid,
            attempt: logged.attempt,
            destination: logged.destination,
            status: logged.status,
            answer: logged.answer,
            latency_ms: logged.latency.as_secs_f64() * 1000.0,
            outcome: logged.outcome,
            error: logged.error,
        }
    }
}

/// Lists the attempts that are kept, in the order of their ends.
#[utoipa::path(
    get,
    path = "/devices/{sn}/deliveries",
    operation_id = "listDeliveries",
    params(Sn, Page),
    responses((status = OK, description = "a page", body = OneOrAll<Answer>), Problem),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
    Params(page): Params<Page>,
) -> Result<Response, Problem> {
    let log = &app.fleet.log;
    on_each(&app, &sn, |handle| {
        let view = handle.view();
        let attempts = log.read(&view.identity.sn, page.from, page.limit());
        let next = attempts.last().map_or(page.from, |last| last.number + 1);
        let shown = attempts.into_iter().map(|each| Shown::new(&view, each));
        Ok(Answer { deliveries: shown.collect(), next })
    })
    .await
}
