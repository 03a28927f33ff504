//! The faults of a device: which are armed, and how often each struck.
//!
//! A set is taken whole or not at all, and in place of the one before: counts and times begin anew. The answer
//! comes once the sockets have followed.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use vestibule_core::calls::control::Command;
use vestibule_core::faults::{ArmedStatus, FaultSet, Wanted};

use super::app::App;
use super::commands::command;
use super::extract::{Empty, Json, Object};
use super::problem::Problem;
use super::target::{OneOrAll, Sn, on_each, on_each_and_settle};
use crate::fleet::{Handle, Receipt};

/// The body of PUT `/devices/{sn}/faults`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultsBody {
    #[schema(value_type = Vec<WantedFault>)]
    faults: Vec<Object<Wanted>>,
}

/// A fault as it is asked for; `vestibule faults` lists them with their parameters.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it only describes: the core reads the fault itself")]
struct WantedFault {
    name: String,
    /// By name; what is left out has its default.
    #[schema(required = false)]
    params: Map<String, Value>,
    /// At which exchanges it strikes: one of `probability`, `first`, `every` and `for`; left out, at all.
    #[schema(required = false)]
    scope: Map<String, Value>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Faults)]
struct Answer {
    faults: Vec<Shown>,
}

/// One armed fault.
#[derive(Serialize, ToSchema)]
#[schema(as = ArmedFault)]
pub(super) struct Shown {
    name: &'static str,
    params: Map<String, Value>,
    scope: Map<String, Value>,
    /// How many exchanges it could have struck at since it was armed.
    exchanges: u64,
    /// At how many it did.
    struck: u64,
}

impl Shown {
    pub(super) fn new(status: &ArmedStatus) -> Self {
        let named = |(name, value): (&str, Value)| (name.to_owned(), value);
        Self {
            name: status.fault.name,
            params: status.args.shown().map(named).collect(),
            scope: status.scope.shown().into_iter().map(named).collect(),
            exchanges: status.met,
            struck: status.struck,
        }
    }
}

fn armed(handle: &Handle) -> Answer {
    let faults = handle.read(|device, _| device.armed_faults());
    Answer { faults: faults.iter().map(Shown::new).collect() }
}

fn replace(handle: &Handle, faults: FaultSet) -> Result<((), Receipt), Problem> {
    command(handle, Command::Arm(faults)).map(|(_, receipt)| ((), receipt))
}

/// Lists the armed faults.
#[utoipa::path(
    get,
    path = "/devices/{sn}/faults",
    operation_id = "listFaults",
    params(Sn),
    responses(
        (status = OK, description = "those that are armed", body = OneOrAll<Answer>),
        Problem,
    ),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
) -> Result<Response, Problem> {
    on_each(&app, &sn, |handle| Ok(armed(handle))).await
}

/// Arms faults in place of those before, all at once.
#[utoipa::path(
    put,
    path = "/devices/{sn}/faults",
    operation_id = "armFaults",
    params(Sn),
    request_body = FaultsBody,
    responses(
        (status = OK, description = "those that are armed now", body = OneOrAll<Answer>),
        Problem,
    ),
)]
pub(super) async fn arm(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
    Json(body): Json<FaultsBody>,
) -> Result<Response, Problem> {
    let wanted: Vec<Wanted> = body.faults.into_iter().map(|Object(wanted)| wanted).collect();
    let faults = FaultSet::read(&wanted);
    let faults = faults.map_err(|error| Problem::unprocessable(error.to_string()))?;
    on_each_and_settle(&app, &sn, |handle| replace(handle, faults.clone()), armed).await
}

/// Clears every fault.
#[utoipa::path(
    delete,
    path = "/devices/{sn}/faults",
    operation_id = "clearFaults",
    params(Sn),
    responses((status = OK, description = "none", body = OneOrAll<Answer>), Problem),
)]
pub(super) async fn clear(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
    _: Empty,
) -> Result<Response, Problem> {
    on_each_and_settle(&app, &sn, |handle| replace(handle, FaultSet::default()), armed).await
}
