//! Which path does what.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post, put};
use http::{Method, StatusCode};

use super::app::App;
use super::guard::{HEALTH_PATH, guard};
use super::problem::{Problem, in_form};
use super::{commands, deliveries, devices, emit, entries, expect, faults, live, metrics, target};

/// The control API.
pub(super) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/devices", get(devices::list))
        .route("/devices/{sn}", get(devices::show))
        .route("/devices/{sn}/network", post(commands::network))
        .route("/devices/{sn}/events", get(entries::list).post(emit::emit))
        .route("/devices/{sn}/deliveries", get(deliveries::list))
        .route("/devices/{sn}/expect", post(expect::expect))
        .route("/devices/{sn}/faults", get(faults::list).put(faults::arm).delete(faults::clear))
        .route("/devices/{sn}/traffic", put(commands::traffic))
        .route("/devices/{sn}/restart", post(commands::restart))
        .route("/devices/{sn}/reset", post(commands::reset))
        .route("/rewind", post(commands::rewind))
        .route("/events", get(live::watch))
        .route("/metrics", get(metrics::show))
        .route(HEALTH_PATH, get(healthy))
        .fallback(unknown)
        .layer(from_fn_with_state(Arc::clone(&app), guard))
        .layer(from_fn(in_form))
        // `extract` bounds what it reads.
        .layer(DefaultBodyLimit::disable())
        .with_state(app)
}

/// That it can answer is the answer.
async fn healthy() -> axum::response::Response {
    target::answer_json(&serde_json::json!({"status": "ok"}))
}

async fn unknown(method: Method, uri: Uri) -> Problem {
    let path = uri.path();
    Problem::new(
        StatusCode::NOT_FOUND,
        format!("{method} {path} is not of the control API; begin with GET /devices"),
    )
}
