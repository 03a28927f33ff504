//! The v3.x event management API: over HTTP, and what a call is answered whatever it came by.

use std::sync::Arc;

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use vestibule_core::behaviour::{ErrorStatus, Path, V3};
use vestibule_core::calls::v3::{Call, GoingDown, Pass, Refusal, Reply, Retcode, retcode_of};
use vestibule_core::wire::v3::{
    Service, decode, encode, encode_retcode, is_literal, made, route as service_of, site,
};
use vestibule_core::wire::{View, v1};

use super::exchange::{
    Answer, Silent, Unserved, error_status, going_down, json, json_shaped, read_body, require,
    stay_silent,
};
use crate::fleet::Handle;

/// Where a path leads.
pub(super) enum Route {
    /// To a service of this API.
    Service(Service),
    /// To this API, but to nothing in it.
    Unknown,
    /// To the other API.
    NotV3,
}

/// R-V3-01, R-V3-03.
pub(super) fn route(path: &str, view: &View) -> Route {
    let knob = view.behaviour.v3.path;
    let is_v1 = v1::is_own(path) || knob == Path::Versioned && !path.starts_with("/api/");
    if is_v1 {
        return Route::NotV3;
    }
    service_of(path, knob).map_or(Route::Unknown, Route::Service)
}

/// Answers a request to a service.
pub(super) async fn serve(
    handle: &Arc<Handle>,
    view: Arc<View>,
    service: Service,
    request: Request<Incoming>,
) -> Result<Answer, Silent> {
    if let Err(reason) = require(request.method(), &Method::POST, "POST") {
        return Ok(unserved(&view, reason));
    }
    let is_literal = is_literal(request.uri().path());
    let token = request.headers().get("token").cloned();
    let body = match read_body(request).await {
        Ok(body) => body,
        Err(reason) => return Ok(unserved(&view, reason)),
    };
    let view = handle.exchange(view, || site(&body));
    if is_literal && view.behaviour.violations.v3.calls.path_moved {
        return Ok(unserved(&view, Unserved::NotFound));
    }
    let token = token.as_ref().and_then(|token| token.to_str().ok());
    let Some(served) = call(handle, &view, service, token.into(), &body).await else {
        return stay_silent().await;
    };
    let mut answer = match served.shape {
        Shape::AsFaultsHaveIt => json_shaped(served.status, served.bytes, &view),
        Shape::Whole => json(served.status, served.bytes),
    };
    if let Some(going) = served.going {
        going_down(&mut answer, going);
    }
    Ok(answer)
}

/// What a call is answered, whatever it came by.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) status: StatusCode,
    pub(crate) bytes: Vec<u8>,
    pub(crate) shape: Shape,
    /// What the device does once whoever asked has the answer.
    pub(crate) going: Option<GoingDown>,
}

/// Whether the faults of answers concern one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    AsFaultsHaveIt,
    Whole,
}

/// Serves a call as `view` has it, that of the exchange; none where the device stays silent (R-V3-06).
pub(crate) async fn call(
    handle: &Arc<Handle>,
    view: &View,
    service: Service,
    pass: Pass<'_>,
    body: &[u8],
) -> Option<Served> {
    let failing = &view.behaviour.failures.api;
    let whole = |status, bytes| Served { status, bytes, shape: Shape::Whole, going: None };
    if failing.hangs {
        return None;
    }
    if let Some(status) = failing.http_status {
        return Some(whole(error_status(status), encode_retcode(Retcode::BUSY, None, view)));
    }
    let knobs = &view.behaviour.v3;
    let request = decode(body, service, knobs);
    if let Some(retcode) = failing.retcode {
        let bytes = encode_retcode(Retcode(retcode), request.reqid.as_deref(), view);
        return Some(whole(StatusCode::OK, bytes));
    }
    let turn = match &request.call {
        Ok(
            Call::SetPassword(_)
            | Call::ConfigSet(_)
            | Call::UserInsert(_)
            | Call::UserRemove(_)
            | Call::UserClear,
        ) => Some(handle.rare_turn().await),
        Ok(Call::OpenDoor(_) | Call::SyncTime(_)) => Some(handle.entry_turn().await),
        Ok(Call::MqttSet(_)) => Some(handle.rare_turn().await),
        _ => None,
    };
    let (result, receipt) = handle
        .change(|device, mono, effects| device.handle_v3(view, request.call, pass, mono, effects));
    let result = match receipt.stored().await {
        Ok(()) => result,
        Err(error) => {
            tracing::warn!(%error, "a call was refused");
            Err(Refusal::Retcode(Retcode::OVER_CAPACITY))
        }
    };
    drop(turn);
    let result = made(result, view);
    // A factory reset may have come in between: what is shown is shown as it was then.
    let bytes = encode(&result, request.reqid.as_deref(), view)?;
    let going = match result {
        Ok(Reply::GoingDown(going)) => Some(going),
        _ => None,
    };
    Some(Served { status: status(&result, knobs), bytes, shape: Shape::AsFaultsHaveIt, going })
}

/// R-V3-03.
fn status(result: &Result<Reply, Refusal>, knobs: &V3) -> StatusCode {
    let retcode = match result {
        Err(Refusal::Retcode(retcode)) => *retcode,
        Ok(Reply::UserBatch(batch)) => retcode_of(batch),
        _ => Retcode::SUCCESS,
    };
    match (retcode, knobs.error_status) {
        (Retcode::SUCCESS, _) | (_, ErrorStatus::Ok) => StatusCode::OK,
        (Retcode(code), _) if code == knobs.bad_token => StatusCode::UNAUTHORIZED,
        (Retcode::NO_SUCH_OBJECT, _) => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// What cannot be served at all, in this API's form.
pub(super) fn unserved(view: &View, reason: Unserved) -> Answer {
    let retcode = match reason {
        Unserved::NotFound | Unserved::MethodNotAllowed(_) => Retcode::UNSUPPORTED,
        Unserved::TooLarge => Retcode::OVER_CAPACITY,
        Unserved::TooSlow => Retcode::BAD_PARAMETER,
    };
    let mut answer = json(reason.status(), encode_retcode(retcode, None, view));
    reason.mark(&mut answer);
    answer
}
