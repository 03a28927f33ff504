//! The v1 API over HTTP: the third-party push page's path, and those of the vendor's manual.

use std::sync::Arc;

use http::{Request, StatusCode};
use hyper::body::Incoming;
use vestibule_core::behaviour::ErrorStatus;
use vestibule_core::calls::v1::{self as calls, Access, Operation, Refusal, Reply};
use vestibule_core::wire::View;
use vestibule_core::wire::v1::{Unrouted, decode, encode, encode_error, refusal, route, site};

use super::credentials::{credential, sign};
use super::exchange::{
    Answer, Silent, Unserved, error_status, going_down, json, json_shaped, read_body, stay_silent,
};
use super::live::{self, Taken};
use crate::fleet::Handle;
use crate::uplink::identity_headers;

/// Answers a request; every answer carries the identity headers (R-V1-19).
pub(super) async fn serve(
    handle: &Arc<Handle>,
    view: Arc<View>,
    request: Request<Incoming>,
) -> Result<Answer, Silent> {
    let (view, mut answer) = match route(request.method(), request.uri().path()) {
        Ok((operation, access)) => {
            let view = handle.exchange(view, || site(operation));
            let answer = perform(handle, &view, operation, access, request).await?;
            (view, answer)
        }
        Err(Unrouted::Path) => {
            let answer = unserved(&view, Unserved::NotFound);
            (view, answer)
        }
        Err(Unrouted::Method(allowed)) => {
            let answer = unserved(&view, Unserved::MethodNotAllowed(allowed));
            (view, answer)
        }
    };
    let now = handle.read(|device, mono| device.now(mono));
    answer.headers_mut().extend(identity_headers(&view, now));
    Ok(answer)
}

/// Answers a request that leads somewhere.
async fn perform(
    handle: &Arc<Handle>,
    view: &Arc<View>,
    operation: Operation,
    access: Access,
    request: Request<Incoming>,
) -> Result<Answer, Silent> {
    let credential = credential(handle, request.headers());
    let upgrade = (operation == Operation::Watch).then(|| live::handshake(&head(&request)));
    let body = match read_body(request).await {
        Ok(body) => body,
        Err(reason) => return Ok(unserved(view, reason)),
    };
    let failing = &view.behaviour.failures.api;
    if failing.hangs {
        return stay_silent().await;
    }
    if let Some(status) = failing.http_status {
        let status = error_status(status);
        return Ok(error(view, status, status.canonical_reason().unwrap_or("Error")));
    }
    let call = decode(operation, &body);
    let turn = match operation {
        Operation::Subscribe if call.is_ok() => Some(handle.rare_turn().await),
        Operation::Door if call.is_ok() => Some(handle.entry_turn().await),
        _ => None,
    };
    let request = calls::Request { access, credential, call };
    let (result, receipt) =
        handle.change(|device, mono, effects| device.handle_v1(view, request, mono, effects));
    let stored = receipt.stored().await;
    drop(turn);
    let going = match &result {
        Ok(Reply::GoingDown(going)) => Some(*going),
        Ok(Reply::Watch) if let Some(upgrade) = upgrade => return Ok(watch(handle, view, upgrade)),
        Err(Refusal::Silence) => return stay_silent().await,
        _ => None,
    };
    let mut answer = match result {
        Ok(_) if let Err(reason) = &stored => {
            error(view, StatusCode::INSUFFICIENT_STORAGE, &reason.to_string())
        }
        Ok(reply) => json_shaped(StatusCode::OK, encode(reply, view, sign), view),
        Err(reason) => refused(view, &reason),
    };
    if let Some(going) = going {
        going_down(&mut answer, going);
    }
    Ok(answer)
}

/// A request without its body.
fn head(request: &Request<Incoming>) -> Request<()> {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.version_mut() = request.version();
    *head.headers_mut() = request.headers().clone();
    head
}

/// R-V1-31: makes the connection the live feed, where it can be one and there is a place.
fn watch(handle: &Arc<Handle>, view: &Arc<View>, upgrade: Result<Answer, String>) -> Answer {
    let mut answer = match upgrade {
        Ok(answer) => answer,
        Err(reason) => {
            let message = format!("this path is a WebSocket's: {reason}");
            let mut answer = error(view, StatusCode::UPGRADE_REQUIRED, &message);
            live::mark(&mut answer);
            return answer;
        }
    };
    match handle.sit_down(&view.behaviour.violations.v1.feed) {
        Some(seat) => {
            answer.extensions_mut().insert(Taken::new(seat, Arc::clone(view)));
            answer
        }
        None => error(view, StatusCode::SERVICE_UNAVAILABLE, "as many watch as may: three"),
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

/// R-V1-02, R-V1-26: a code that is no status of HTTP is a login's.
fn refused(view: &View, reason: &Refusal) -> Answer {
    let (code, message) = refusal(reason);
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::UNAUTHORIZED);
    coded(view, status, code, &message)
}

fn error(view: &View, status: StatusCode, message: &str) -> Answer {
    coded(view, status, status.as_u16(), message)
}

/// R-V1-02.
fn coded(view: &View, status: StatusCode, code: u16, message: &str) -> Answer {
    let shown = match view.behaviour.v1.error_status {
        ErrorStatus::Matching => status,
        ErrorStatus::Ok => StatusCode::OK,
    };
    json(shown, encode_error(code, message, view))
}
