//! What an entry's forms are made with: the device they speak of, and whom it knows.

use std::sync::Arc;

use uuid::Uuid;

use crate::behaviour::Behaviour;
use crate::clock::{Now, UnixMillis};
use crate::event::{Entry, RecordId, Trace};
use crate::seed::Seed;
use crate::world::{Roster, Setup};

/// Who a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// v1 `deviceSN` and header `sn`.
    pub sn: String,
    /// v3 `device-id`.
    pub device_id: String,
    /// Header `model`, and the v3 `product-id`.
    pub model: String,
    /// v3 `ip-addr`.
    pub ip: String,
    /// Header `account`: the v1 account's name.
    pub account: String,
}

/// Whether any fault is armed at a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultsArmed {
    /// None is: every exchange has the same view.
    No,
    /// Some are.
    Yes,
}

/// Whether pictures are part of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// They are, as on a device.
    Shown,
    /// A word stands for each: for who looks at many entries, and would get megabytes.
    LeftOut,
}

/// One device's way of showing entries. Cheap to clone: a reader takes one and lets the device go.
#[derive(Clone, Debug)]
pub struct View {
    /// Who the device is.
    pub identity: Arc<Identity>,
    /// Whom it knows.
    pub roster: Arc<Roster>,
    /// How it is set up.
    pub setup: Arc<Setup>,
    /// How it behaves in this exchange. Devices of one group share it, but where faults strike.
    pub behaviour: Arc<Behaviour>,
    /// Whether faults are armed: then each exchange asks for a view of its own.
    pub faults: FaultsArmed,
    /// What becomes of pictures.
    pub pictures: Pictures,
    /// The root of its identifiers: seed, device and how often it was reset to factory.
    pub seed: Seed,
}

/// A record's `uuid`, where `seed` is the root of its device's identifiers.
#[must_use]
pub fn record_uuid(seed: Seed, record: RecordId) -> Uuid {
    seed.named("record").numbered(record.index.get()).numbered(record.part.into()).uuid()
}

impl View {
    /// What the device takes for the time at `now`.
    #[must_use]
    pub fn shown_time(&self, now: Now) -> UnixMillis {
        let failing = &self.behaviour.failures.device;
        let since_start = i64::try_from(now.mono.since_start().as_millis()).unwrap_or(i64::MAX);
        let millis = if failing.from_1970 { since_start } else { now.wall.millis() };
        let zone = if failing.zone_ignored { self.zone_millis(now.wall) } else { 0 };
        UnixMillis::new(millis.saturating_add(zone).saturating_add(failing.skew_millis))
    }

    /// How far the local time is ahead of UTC.
    fn zone_millis(&self, at: UnixMillis) -> i64 {
        let stamp = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
        i64::from(self.setup.time_zone.to_offset(stamp).seconds()) * 1000
    }

    /// A record's `uuid`: the same on every retry (R-V1-10).
    #[must_use]
    pub fn record_uuid(&self, record: RecordId) -> Uuid {
        record_uuid(self.seed, record)
    }

    /// An alarm's `trace_id`: the same from raising to clearing (R-V1-14).
    #[must_use]
    pub fn trace_id(&self, trace: Trace) -> String {
        let bits = self.seed.named("alarm").numbered(trace.serial.0.into()).bits();
        let millis = trace.raised_at.millis();
        format!("VST-{millis}-{:03}-{:06x}", trace.serial.0, bits & 0xff_ffff)
    }

    /// A report's `reqid`, as a UUID (R-V3-31).
    #[must_use]
    pub fn report_uuid(&self, entry: &Entry) -> Uuid {
        self.seed.named("report").numbered(entry.index.get()).uuid()
    }
}
