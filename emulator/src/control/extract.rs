//! Bodies and queries, read strictly and within bounds.
//!
//! What is not as described is refused with its place: an unknown name, so that a misspelt one is not
//! silently without effect, and a value of another type, by the path to it.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};

use super::problem::Problem;
use crate::api::limits;
use crate::clock::{Elapsed, within};

/// What these say of their bodies is read as JSON: `curl -d` and others call everything a form. (A browser
/// sends it unasked only with an `Origin`, which is checked.)
const AS_GOOD_AS_JSON: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        check_type(request.headers())?;
        let bytes = read(request).await?;
        parse(&bytes).map(|Object(body)| Self(body))
    }
}

/// A JSON object. By itself serde would also read its fields from an array, by their order.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// No body, or an empty object: for what has nothing to say.
pub(super) struct Empty;

/// What [`Empty`] reads.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<S: Sync> FromRequest<S> for Empty {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let typed = check_type(request.headers());
        let bytes = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self);
        }
        typed?;
        parse(&bytes).map(|Object(Nothing {})| Self)
    }
}

/// A query string.
pub(super) struct Params<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let refuse = |rejection: QueryRejection| {
            Problem::new(StatusCode::BAD_REQUEST, rejection.body_text())
        };
        Query::try_from_uri(&parts.uri).map(|Query(params)| Self(params)).map_err(refuse)
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let given = given.to_str().unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    let good = |known: &&str| essence.eq_ignore_ascii_case(known);
    if AS_GOOD_AS_JSON.iter().any(good) || essence.ends_with("+json") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!("the body is {given:?}; send application/json, or no content-type"),
    ))
}

async fn read(request: Request) -> Result<Bytes, Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limits::BODY_BYTES_MAX as u64) {
        return Err(too_large());
    }
    let body = Limited::new(request.into_body(), limits::BODY_BYTES_MAX);
    match within(limits::READ_TIME_MAX, body.collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) | Err(Elapsed) => Err(closing(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not come within 10 s, or broke off",
        ))),
    }
}

fn too_large() -> Problem {
    closing(Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "the body is larger than 1 MiB; ask for less at a time",
    ))
}

/// What is left of the body is not read, so nothing can follow it.
fn closing(problem: Problem) -> Problem {
    problem.header(header::CONNECTION, "close")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| describe(&error.path().to_string(), error.inner()));
    let value = parsed?;
    reader.end().map_err(|error| describe(".", &error))?;
    Ok(value)
}

/// What serde calls a number, and what it is to a reader who writes no Rust.
const NUMBERS: [(&str, &str); 5] = [
    (", expected u8 ", ", expected a whole number from 0 to 255 "),
    (", expected u32 ", ", expected a whole number from 0 to 4294967295 "),
    (", expected u64 ", ", expected a whole number, 0 or more "),
    (", expected i64 ", ", expected a whole number "),
    (", expected f64 ", ", expected a number "),
];

fn describe(path: &str, error: &serde_json::Error) -> Problem {
    let kind = error.classify();
    let error =
        NUMBERS.iter().fold(error.to_string(), |text, (name, said)| text.replace(name, said));
    let detail = match (kind, path) {
        (serde_json::error::Category::Data, "." | "?") => format!("the body: {error}"),
        (serde_json::error::Category::Data, path) => format!("{path}: {error}"),
        _ => format!("the body is not JSON: {error}"),
    };
    Problem::new(StatusCode::BAD_REQUEST, detail)
}
