//! What both APIs do alike: read a body within bounds, answer in JSON, say what cannot be served.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;

use vestibule_core::calls::v3::GoingDown;
use vestibule_core::wire::View;

use super::body::{self, Body};
use super::limits;
use crate::clock::{Elapsed, pause, within};

pub(super) type Answer = Response<Body>;

/// What cannot be served at all, whatever the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unserved {
    /// No such path.
    NotFound,
    /// Another method is meant; which.
    MethodNotAllowed(&'static str),
    /// The body is too large.
    TooLarge,
    /// The body did not come in time, or broke off.
    TooSlow,
}

impl Unserved {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// What it adds to an answer's headers.
    pub(super) fn mark(self, answer: &mut Answer) {
        match self {
            Self::MethodNotAllowed(allowed) => {
                answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
            }
            // What is left of the body is not read, so nothing can follow it.
            Self::TooLarge | Self::TooSlow => {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(header::CONNECTION, close);
            }
            Self::NotFound => {}
        }
    }
}

/// Reads a body within the bounds of [`limits`].
pub(super) async fn read_body(request: Request<Incoming>) -> Result<Bytes, Unserved> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limits::BODY_BYTES_MAX as u64) {
        return Err(Unserved::TooLarge);
    }
    let body = Limited::new(request.into_body(), limits::BODY_BYTES_MAX);
    match within(limits::READ_TIME_MAX, body.collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unserved::TooLarge),
        Ok(Err(_)) | Err(Elapsed) => Err(Unserved::TooSlow),
    }
}

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: Vec<u8>) -> Answer {
    json_of(status, body::whole(body))
}

/// An answer with a JSON body, as the faults in force have it.
pub(super) fn json_shaped(status: StatusCode, bytes: Vec<u8>, view: &View) -> Answer {
    let length = HeaderValue::from(bytes.len());
    let mut answer = json_of(status, body::shaped(bytes, &view.behaviour.failures.api));
    answer.headers_mut().insert(header::CONTENT_LENGTH, length);
    answer
}

fn json_of(status: StatusCode, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

/// Marks an answer as a device's last one before it goes down: the connection ends with it, and then the
/// device does so.
pub(super) fn going_down(answer: &mut Answer, going: GoingDown) {
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer.extensions_mut().insert(going);
}

/// An HTTP status of a call that a fault keeps from being served.
pub(super) fn error_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

/// Checks the method; both APIs have few.
pub(super) fn require(
    method: &Method,
    wanted: &Method,
    name: &'static str,
) -> Result<(), Unserved> {
    if method == wanted { Ok(()) } else { Err(Unserved::MethodNotAllowed(name)) }
}

/// Withholds an answer for as long as anybody could wait, then ends the connection.
pub(super) async fn stay_silent() -> Result<Answer, Silent> {
    pause(limits::SILENCE_MAX).await;
    Err(Silent)
}

/// Why a request gets no answer.
#[derive(Debug, thiserror::Error)]
#[error("the device does not answer this (R-V3-06)")]
pub(super) struct Silent;
