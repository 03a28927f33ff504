//! A device at this moment.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;
use vestibule_core::calls::control::Status;
use vestibule_core::calls::v1::Subscription;
use vestibule_core::clock::{Speed, UnixMillis};
use vestibule_core::delivery::line::Standing;
use vestibule_core::event::Photo;
use vestibule_core::world::Traffic;

use super::app::App;
use super::faults;
use super::problem::Problem;
use super::target::{ALL, OneOrAll, Sn, answer_json, on_each, one};
use crate::fleet::Handle;
use crate::storage::{CommitError, StoreStatus};

#[derive(Serialize, ToSchema)]
struct Devices<'a> {
    devices: Vec<Named<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Device)]
struct Named<'a> {
    sn: &'a str,
    #[serde(flatten)]
    device: Shown,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DeviceState)]
struct Shown {
    device_id: String,
    online: bool,
    journal: Journal,
    backlog: usize,
    pushed: u64,
    dropped: u64,
    refused: u64,
    evicted: u64,
    reported: u64,
    reports_dropped: u64,
    subscription: Option<SubscriptionShown>,
    report_to: Option<String>,
    /// How the connection stands that reports leave by: `down`, `opening` or `open`; null where they need none.
    #[schema(value_type = Option<String>)]
    report_line: Option<&'static str>,
    images: bool,
    faults: Vec<faults::Shown>,
    traffic: TrafficShown,
    /// RFC 3339, to the millisecond.
    clock: String,
    next_index: u64,
    storage: Storage,
}

/// Where the device is kept.
#[derive(Serialize, ToSchema)]
struct Storage {
    /// `memory`; of a store `ok`, `full` or `failing`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
}

impl From<Option<StoreStatus>> for Storage {
    fn from(status: Option<StoreStatus>) -> Self {
        let Some(status) = status else {
            return Self { state: "memory", error: None };
        };
        let state = match status.failing {
            None => "ok",
            Some(CommitError::Full) => "full",
            Some(CommitError::Failed { .. }) => "failing",
        };
        Self { state, error: status.failing.map(|error| error.to_string()) }
    }
}

/// `min` and `max` are 0 while it is empty, as in `event-info` (R-V3-14).
#[derive(Serialize, ToSchema)]
struct Journal {
    min: u64,
    max: u64,
    len: usize,
    capacity: usize,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Subscription)]
struct SubscriptionShown {
    event_dest: String,
    enabled: bool,
}

/// What happens at a device by itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Traffic)]
pub(super) struct TrafficShown {
    traffic: &'static str,
    rate_per_minute: f64,
    speed: f64,
}

/// Shows every device.
#[utoipa::path(
    get,
    path = "/devices",
    operation_id = "listDevices",
    responses((status = OK, description = "all of them", body = Devices<'static>), Problem),
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let devices = app.fleet.devices.iter();
    let devices = devices.map(|(sn, handle)| Named { sn, device: show_one(handle) }).collect();
    answer_json(&Devices { devices })
}

/// Shows a device, or with `all` every one.
#[utoipa::path(
    get,
    path = "/devices/{sn}",
    operation_id = "showDevice",
    params(Sn),
    responses(
        (status = OK, description = "how it stands", body = OneOrAll<Named<'static>>),
        Problem,
    ),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(sn): Path<String>,
) -> Result<Response, Problem> {
    if sn == ALL {
        return on_each(&app, &sn, |handle| Ok(show_one(handle))).await;
    }
    let device = show_one(one(&app.fleet, &sn)?);
    Ok(answer_json(&Named { sn: &sn, device }))
}

fn show_one(handle: &Handle) -> Shown {
    let (status, view, armed) =
        handle.read(|device, mono| (device.status(mono), device.view(), device.armed_faults()));
    let (min, max) = status.bounds.map_or((0, 0), |(min, max)| (min.get(), max.get()));
    let Status { counters, .. } = status;
    Shown {
        device_id: view.identity.device_id.clone(),
        online: status.online,
        journal: Journal { min, max, len: status.events, capacity: status.capacity },
        backlog: status.backlog,
        pushed: counters.pushed,
        dropped: counters.dropped,
        refused: counters.refused,
        evicted: counters.evicted,
        reported: counters.reported,
        reports_dropped: counters.reports_dropped,
        subscription: status.subscription.map(SubscriptionShown::from),
        report_to: status.report_to,
        report_line: status.report_line.map(|standing| match standing {
            Standing::Down => "down",
            Standing::Coming => "opening",
            Standing::Up(_) => "open",
        }),
        images: status.photo == Photo::Taken,
        faults: armed.iter().map(faults::Shown::new).collect(),
        traffic: TrafficShown::new(status.traffic, status.speed),
        clock: rfc3339(status.now.wall, &view.setup.time_zone),
        next_index: status.next_index.get(),
        storage: Storage::from(handle.store_status()),
    }
}

impl From<Subscription> for SubscriptionShown {
    fn from(subscription: Subscription) -> Self {
        Self {
            event_dest: subscription.destination.as_str().to_owned(),
            enabled: subscription.enabled,
        }
    }
}

impl TrafficShown {
    pub(super) const fn new(traffic: Traffic, speed: Speed) -> Self {
        Self {
            traffic: traffic.profile.name(),
            rate_per_minute: traffic.events_per_minute,
            speed: speed.times(),
        }
    }
}

/// A device's time, to the millisecond, with its offset from UTC.
pub(super) fn rfc3339(at: UnixMillis, time_zone: &TimeZone) -> String {
    let stamp = Timestamp::from_millisecond(at.millis())
        .expect("a device's time is from 1970 to 9999-12-30")
        .to_zoned(time_zone.clone());
    stamp.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_milliseconds_and_its_offset() {
        let shanghai = TimeZone::fixed(jiff::tz::Offset::constant(8));
        assert_eq!(rfc3339(UnixMillis::new(0), &shanghai), "1970-01-01T08:00:00.000+08:00");
        let last = rfc3339(UnixMillis::MAX, &TimeZone::UTC);
        assert_eq!(last, "9999-12-30T22:00:00.000+00:00");
        assert!(rfc3339(UnixMillis::MAX, &shanghai).ends_with("+08:00"));
    }
}
