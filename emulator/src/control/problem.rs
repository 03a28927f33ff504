//! What cannot be done, as RFC 9457 `application/problem+json`.
//!
//! The `type` is always `about:blank`: the status says which kind it is, `detail` says what, why and what to
//! try. Some have further members, such as `known`.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use utoipa::openapi::{Content, Ref, RefOr, Response as Described, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::storage::{CommitError, NotStored};

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Why a request is not answered as asked. Boxed: it is rare, and would make every result large.
#[derive(Debug)]
pub(super) struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    detail: String,
    members: Map<String, Value>,
    headers: HeaderMap,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            detail: detail.into(),
            members: Map::new(),
            headers: HeaderMap::new(),
        }))
    }

    /// What is well formed, and still cannot be done.
    pub(super) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// What could not be stored.
    fn not_stored(not_stored: &NotStored) -> Self {
        let status = match not_stored.reason {
            CommitError::Full => StatusCode::INSUFFICIENT_STORAGE,
            CommitError::Failed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, not_stored.to_string())
    }

    /// The emulator is about to end.
    pub(super) fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the emulator is stopping")
    }

    /// Adds a member besides those of the standard.
    #[must_use]
    pub(super) fn member(mut self, name: &str, value: Value) -> Self {
        self.0.members.insert(name.to_owned(), value);
        self
    }

    #[must_use]
    pub(super) fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.0.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// The detail and the further members, for one line of many.
    pub(super) fn into_line(self) -> (String, Map<String, Value>) {
        (self.0.detail, self.0.members)
    }
}

/// A problem as it is written.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "it only describes: a problem has members of its own, too")]
pub(super) struct Written {
    /// Always `about:blank`.
    r#type: String,
    title: String,
    status: u16,
    /// What, why, and what to try.
    detail: String,
    /// Where there is no such device: those that there are.
    #[schema(required = false)]
    known: Vec<String>,
    /// Where too few came of what was expected: those that did.
    #[schema(required = false, value_type = Vec<Object>)]
    matches: Vec<Value>,
    /// And those that came nearest, each with what `differs`.
    #[schema(required = false, value_type = Vec<Object>)]
    near_misses: Vec<Value>,
}

/// Whatever an operation does not say of itself.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let content = Content::new(Some(Ref::from_schema_name(Written::name())));
        let problem = ResponseBuilder::new()
            .description("it could not be done; the detail says why, and what to try")
            .content("application/problem+json", content);
        BTreeMap::from([("default".to_owned(), problem.build().into())])
    }
}

impl From<NotStored> for Problem {
    fn from(not_stored: NotStored) -> Self {
        Self::not_stored(&not_stored)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Parts { status, detail, members: mut object, headers } = *self.0;
        object.insert("type".to_owned(), json!("about:blank"));
        let title = status.canonical_reason().unwrap_or("Error");
        object.insert("title".to_owned(), json!(title));
        object.insert("status".to_owned(), json!(status.as_u16()));
        object.insert("detail".to_owned(), json!(detail));
        let mut response = Response::new(Body::from(Value::Object(object).to_string()));
        *response.status_mut() = status;
        response.headers_mut().extend(headers);
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        response
    }
}

/// Gives every error the form of a problem, those of the router too.
pub(super) async fn in_form(request: Request, next: Next) -> Response {
    let what = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    let status = response.status();
    let in_form = response.headers().get(header::CONTENT_TYPE) == Some(&PROBLEM_JSON);
    if in_form || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let detail = match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            format!("{what} is not served; the header Allow names the methods of this path")
        }
        _ => format!("{what} cannot be served"),
    };
    let mut problem = Problem::new(status, detail);
    if let Some(allow) = response.headers().get(header::ALLOW) {
        problem.0.headers.insert(header::ALLOW, allow.clone());
    }
    problem.into_response()
}
