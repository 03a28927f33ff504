//! From a request to an answer: which API it is for (R-V3-03).

use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;

use super::exchange::{Answer, Silent, Unserved};
use super::{v1, v3};
use crate::fleet::Handle;

/// Answers a request; an error ends the connection without an answer.
pub(super) async fn respond(
    handle: &Arc<Handle>,
    request: Request<Incoming>,
) -> Result<Answer, Silent> {
    let view = handle.view();
    match v3::route(request.uri().path(), &view) {
        v3::Route::Service(service) => v3::serve(handle, view, service, request).await,
        v3::Route::Unknown => Ok(v3::unserved(&view, Unserved::NotFound)),
        v3::Route::NotV3 => v1::serve(handle, view, request).await,
    }
}
