//! Which path does what.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use http::{Method, StatusCode};
use serde_json::Value;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::guard::{HEALTH_PATH, guard};
use super::problem::{Problem, Written, in_form};
use super::{commands, deliveries, devices, emit, entries, expect, faults, live, metrics, target};

/// The control API.
pub(super) fn router(app: Arc<App>) -> Router {
    let (router, _) = described().split_for_parts();
    router
        .fallback(unknown)
        .layer(from_fn_with_state(Arc::clone(&app), guard))
        .layer(from_fn(in_form))
        // `extract` bounds what it reads.
        .layer(DefaultBodyLimit::disable())
        .with_state(app)
}

/// The paths with what is said of them: what is not described is not served.
fn described() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(About::openapi())
        .routes(routes!(devices::list))
        .routes(routes!(devices::show))
        .routes(routes!(commands::network))
        .routes(routes!(entries::list, emit::emit))
        .routes(routes!(deliveries::list))
        .routes(routes!(expect::expect))
        .routes(routes!(faults::list, faults::arm, faults::clear))
        .routes(routes!(commands::traffic))
        .routes(routes!(commands::restart))
        .routes(routes!(commands::reset))
        .routes(routes!(commands::rewind))
        .routes(routes!(live::watch))
        .routes(routes!(metrics::show))
        .routes(routes!(healthy))
        .routes(routes!(description))
}

/// What the document says of itself.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Control",
        description = "What a test or a developer does to emulated devices. With `--control-token`, every \
                       request but GET /healthz brings it as a bearer token.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "http://127.0.0.1:7900", description = "where `vestibule run` listens")),
    security((), ("token" = [])),
    components(schemas(Written)),
    modifiers(&Token),
)]
struct About;

struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// The OpenAPI document of the control API.
#[must_use]
pub fn openapi() -> Value {
    serde_json::to_value(described().to_openapi()).expect("text keys, and memory has no errors")
}

/// Describes this API.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "describe",
    responses((status = OK, description = "this document", body = Value), Problem),
)]
async fn description() -> axum::response::Response {
    target::answer_json(&openapi())
}

/// Answers: that it can is the answer.
#[utoipa::path(
    get,
    path = HEALTH_PATH,
    operation_id = "health",
    responses((status = OK, description = "it is up", body = Value), Problem),
)]
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
