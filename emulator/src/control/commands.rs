//! What is done to a device besides emitting: its network, its traffic, restart, reset, rewind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vestibule_core::calls::control::{Command, CommandError, Flap, Network, Reply, TrafficChange};
use vestibule_core::clock::{Now, Speed};
use vestibule_core::device::{self, Device};
use vestibule_core::world::Profile;

use super::app::App;
use super::devices::TrafficShown;
use super::extract::{Empty, Json, Object};
use super::problem::Problem;
use super::target::{ALL, Lines, OneOrAll, Sn, Turns, on_each_and_settle, on_each_stored};
use crate::fleet::{Fleet, Handle, Receipt};

/// The shortest and longest time of a flap: shorter, sockets would not see it; a longer one is an outage.
const FLAP_TIME_MIN: Duration = Duration::from_millis(10);
const FLAP_TIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The most times of a flap: with the longest day's flapping still an end in sight.
const FLAP_TIMES_MAX: u32 = 100_000;

/// Where a device is after a command.
#[derive(Serialize, ToSchema)]
struct After {
    online: bool,
    next_index: u64,
}

impl After {
    fn of(handle: &Handle) -> Self {
        let status = handle.read(|device, mono| device.status(mono));
        Self { online: status.online, next_index: status.next_index.get() }
    }
}

/// Carries out a command; what the tables or ranges do not have is 422.
pub(super) fn command(handle: &Handle, command: Command) -> Result<(Reply, Receipt), Problem> {
    let (result, receipt) =
        handle.change(|device, mono, effects| device.handle_control(command, mono, effects));
    result.map(|reply| (reply, receipt)).map_err(|error| refused(&error))
}

/// The same, of which only success is told.
fn done(handle: &Handle, asked: Command) -> Result<((), Receipt), Problem> {
    command(handle, asked).map(|(_, receipt)| ((), receipt))
}

fn refused(error: &CommandError) -> Problem {
    let status = match error {
        CommandError::Wish(_) | CommandError::Traffic(_) => StatusCode::UNPROCESSABLE_ENTITY,
        CommandError::Full => StatusCode::INSUFFICIENT_STORAGE,
        CommandError::Leaving => StatusCode::SERVICE_UNAVAILABLE,
    };
    Problem::new(status, error.to_string())
}

/// A span of time such as `5s`.
pub(super) fn duration(field: &str, text: &str) -> Result<Duration, Problem> {
    humantime::parse_duration(text).map_err(|error| {
        Problem::unprocessable(format!("{field} {text:?} is no duration such as 5s or 2m: {error}"))
    })
}

/// The body of POST `/devices/{sn}/network`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkBody {
    state: Option<Switched>,
    #[schema(value_type = Option<FlapBody>)]
    flap: Option<Object<FlapBody>>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(rename_all = "lowercase")]
enum Switched {
    Online,
    Offline,
}

impl TryFrom<String> for Switched {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "online" => Ok(Self::Online),
            "offline" => Ok(Self::Offline),
            _ => Err(format!("{text:?} is neither online nor offline")),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FlapBody {
    /// Such as `5s`: from 10ms to 24h.
    up: String,
    /// Likewise.
    down: String,
    #[serde(default = "once")]
    #[schema(minimum = 1, maximum = 100_000)]
    times: u32,
}

const fn once() -> u32 {
    1
}

impl NetworkBody {
    fn network(&self) -> Result<Network, Problem> {
        match (self.state, &self.flap) {
            (Some(Switched::Online), None) => Ok(Network::Online),
            (Some(Switched::Offline), None) => Ok(Network::Offline),
            (None, Some(Object(flap))) => flap.flap().map(Network::Flap),
            _ => Err(Problem::unprocessable(
                "give either state (online or offline) or flap (up, down, times)",
            )),
        }
    }
}

impl FlapBody {
    fn flap(&self) -> Result<Flap, Problem> {
        let time = |field: &str, text: &str| {
            let time = duration(field, text)?;
            if (FLAP_TIME_MIN..=FLAP_TIME_MAX).contains(&time) {
                return Ok(time);
            }
            Err(Problem::unprocessable(format!("{field} {text:?} is outside 10ms to 24h")))
        };
        if !(1..=FLAP_TIMES_MAX).contains(&self.times) {
            return Err(Problem::unprocessable(format!(
                "times {} is outside 1 to {FLAP_TIMES_MAX}",
                self.times
            )));
        }
        Ok(Flap { up: time("up", &self.up)?, down: time("down", &self.down)?, times: self.times })
    }
}

/// Switches a device's network, or lets it flap.
#[utoipa::path(
    post,
    path = "/devices/{sn}/network",
    operation_id = "switchNetwork",
    params(Sn),
    request_body = NetworkBody,
    responses(
        (status = OK, description = "done, and the sockets have followed", body = OneOrAll<After>),
        Problem,
    ),
)]
pub(super) async fn network(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
    Json(body): Json<NetworkBody>,
) -> Result<Response, Problem> {
    let network = body.network()?;
    on_each_and_settle(&app, &sn, |handle| done(handle, Command::Network(network)), After::of).await
}

/// The body of PUT `/devices/{sn}/traffic`; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TrafficBody {
    /// `office`, `steady` or `quiet`.
    traffic: Option<String>,
    rate_per_minute: Option<f64>,
    speed: Option<f64>,
}

impl TrafficBody {
    fn change(&self) -> Result<TrafficChange, Problem> {
        let refuse = |error: String| Problem::unprocessable(error);
        let profile = self.traffic.as_deref().map(str::parse::<Profile>);
        let speed = |times: f64| {
            Speed::new(times).ok_or_else(|| {
                let (min, max) = (Speed::MIN, Speed::MAX);
                refuse(format!("speed {times} is outside {min} to {max}"))
            })
        };
        Ok(TrafficChange {
            profile: profile.transpose().map_err(|error| refuse(error.to_string()))?,
            events_per_minute: self.rate_per_minute,
            speed: self.speed.map(speed).transpose()?,
        })
    }
}

/// Changes what happens by itself.
#[utoipa::path(
    put,
    path = "/devices/{sn}/traffic",
    operation_id = "changeTraffic",
    params(Sn),
    request_body = TrafficBody,
    responses(
        (status = OK, description = "how busy it is now", body = OneOrAll<TrafficShown>),
        Problem,
    ),
)]
pub(super) async fn traffic(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
    Json(body): Json<TrafficBody>,
) -> Result<Response, Problem> {
    let change = body.change()?;
    let act = |handle: &Handle| done(handle, Command::SetTraffic(change));
    on_each_stored(&app, &sn, Turns::Entries, act, |handle, ()| {
        let status = handle.read(|device, mono| device.status(mono));
        TrafficShown::new(status.traffic, status.speed)
    })
    .await
}

/// Restarts a device.
#[utoipa::path(
    post,
    path = "/devices/{sn}/restart",
    operation_id = "restart",
    params(Sn),
    responses((status = OK, description = "done", body = OneOrAll<After>), Problem),
)]
pub(super) async fn restart(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
    _: Empty,
) -> Result<Response, Problem> {
    on_each_and_settle(&app, &sn, |handle| done(handle, Command::Restart), After::of).await
}

/// Makes a device as it was shipped (R-V3-29).
#[utoipa::path(
    post,
    path = "/devices/{sn}/reset",
    operation_id = "reset",
    params(Sn),
    responses((status = OK, description = "done", body = OneOrAll<After>), Problem),
)]
pub(super) async fn reset(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
    _: Empty,
) -> Result<Response, Problem> {
    on_each_and_settle(&app, &sn, |handle| done(handle, Command::FactoryReset), After::of).await
}

/// Makes every device as at the start, with the same seed.
#[utoipa::path(
    post,
    path = "/rewind",
    operation_id = "rewind",
    responses((status = OK, description = "done", body = Lines<'static, After>), Problem),
)]
pub(super) async fn rewind(State(app): State<Arc<App>>, _: Empty) -> Result<Response, Problem> {
    let fresh = fresh_devices(&app.fleet).await?;
    let act = |handle: &Handle| {
        let mut fresh = fresh.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = fresh.remove(&handle.identity().sn);
        let fresh = fresh.expect("each device was made anew, and each is asked once");
        Ok(handle.change(|device, mono, effects| device.rewind(fresh, mono, effects)))
    };
    on_each_and_settle(&app, ALL, act, After::of).await
}

/// Every device as at its start, by serial number. A long past takes its time: it is made where nobody
/// waits for a device or a socket.
async fn fresh_devices(fleet: &Fleet) -> Result<Mutex<BTreeMap<String, Device>>, Problem> {
    let wall = fleet.start.unwrap_or_else(|| fleet.clock.wall());
    let now = Now { mono: fleet.clock.mono(), wall };
    let configs: Vec<_> =
        fleet.devices.values().map(|handle| handle.read(|device, _| device.config())).collect();
    let made = tokio::task::spawn_blocking(move || {
        let anew =
            |config: Arc<device::Config>| (config.identity.sn.clone(), Device::new(config, now));
        configs.into_iter().map(anew).collect()
    });
    made.await.map(Mutex::new).map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("no device was made: {error}"))
    })
}
