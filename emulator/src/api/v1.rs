//! The v1 third-party push API over HTTP.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use vestibule_core::behaviour::ErrorStatus;
use vestibule_core::calls::v1::Call;
use vestibule_core::faults::Site;
use vestibule_core::wire::View;
use vestibule_core::wire::v1::{
    SUBSCRIBE_PATH, SubscribeError, decode_subscribe, encode, encode_error,
};

use super::exchange::{
    Answer, Silent, Unserved, error_status, json, json_shaped, read_body, stay_silent,
};
use crate::fleet::Handle;
use crate::uplink::identity_headers;

/// Answers a request; every answer carries the identity headers (R-V1-19).
pub(super) async fn serve(
    handle: &Arc<Handle>,
    view: Arc<View>,
    request: Request<Incoming>,
) -> Result<Answer, Silent> {
    let (view, mut answer) = match read(request).await {
        Ok(call) => {
            let view = handle.exchange(view, || site(&call));
            let failing = &view.behaviour.failures.api;
            if failing.hangs {
                return stay_silent().await;
            }
            if let Some(status) = failing.http_status {
                let status = error_status(status);
                return Ok(error(&view, status, status.canonical_reason().unwrap_or("Error")));
            }
            let turn = match call {
                Ok(Call::Subscribe { .. }) => Some(handle.rare_turn().await),
                Ok(Call::GetSubscription) | Err(_) => None,
            };
            let (result, receipt) =
                handle.change(|device, mono, effects| device.handle_v1(&view, call, mono, effects));
            let stored = receipt.stored().await;
            drop(turn);
            let answer = match result {
                Ok(_) if let Err(refused) = &stored => {
                    error(&view, StatusCode::INSUFFICIENT_STORAGE, &refused.to_string())
                }
                Ok(reply) => json_shaped(StatusCode::OK, encode(&reply, &view), &view),
                Err(refused) => error(&view, StatusCode::BAD_REQUEST, &refused.to_string()),
            };
            (view, answer)
        }
        Err(reason) => {
            let answer = unserved(&view, reason);
            (view, answer)
        }
    };
    let now = handle.read(|device, mono| device.now(mono));
    answer.headers_mut().extend(identity_headers(&view, now));
    Ok(answer)
}

async fn read(request: Request<Incoming>) -> Result<Result<Call, SubscribeError>, Unserved> {
    if request.uri().path() != SUBSCRIBE_PATH {
        return Err(Unserved::NotFound);
    }
    if request.method() == Method::GET {
        return Ok(Ok(Call::GetSubscription));
    }
    if request.method() != Method::POST {
        return Err(Unserved::MethodNotAllowed("GET, POST"));
    }
    let body: Bytes = read_body(request).await?;
    Ok(decode_subscribe(&body))
}

const fn site(call: &Result<Call, SubscribeError>) -> Site {
    match call {
        Ok(Call::GetSubscription) => Site::ReadSubscription,
        Ok(Call::Subscribe { .. }) | Err(_) => Site::Subscribe,
    }
}

fn unserved(view: &View, reason: Unserved) -> Answer {
    let message = match reason {
        Unserved::NotFound => "Not Found",
        Unserved::MethodNotAllowed(_) => "Method Not Allowed",
        Unserved::TooLarge => "the body is larger than 1 MiB",
        Unserved::TooSlow => "the body did not come within 10 s, or broke off",
    };
    let mut answer = error(view, reason.status(), message);
    reason.mark(&mut answer);
    answer
}

/// R-V1-02.
fn error(view: &View, status: StatusCode, message: &str) -> Answer {
    let shown = match view.behaviour.v1.error_status {
        ErrorStatus::Matching => status,
        ErrorStatus::Ok => StatusCode::OK,
    };
    json(shown, encode_error(status.as_u16(), message, view))
}
