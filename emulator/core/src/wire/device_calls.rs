//! The bodies of the v3.x device actions that make a device act: JSON to calls.
//!
//! What a device would act upon must be understood: whatever `v3.bad-field` says, a field of another type or
//! out of its range is refused and never taken for one that was left out.

use std::ops::RangeInclusive;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fields::{Field, given, read_object};
use crate::calls::v3::{Call, DoorMove, DoorOrder, Download, Moment, SLICE_BYTES_MAX};
use crate::clock::UnixMillis;
use crate::world::Hold;

/// A userid has at most so many bytes (the vendor's manual): a longer one names nobody.
const USERID_BYTES_MAX: usize = 32;

/// Stays open (the vendor's manual).
const DELAY_WITHOUT_END: i64 = -1;

/// The longest time that ends by itself, a day: whoever wants more means without end.
const DELAY_MAX: i64 = 24 * 60 * 60;

/// Minutes from GMT, east negative (the vendor's manual): from UTC+14 to UTC-12.
const TIME_ZONES: RangeInclusive<i64> = -14 * 60..=12 * 60;

/// Seconds since 1970, up to the year 2106: no clock of a door goes further, and milliseconds by mistake are
/// beyond it.
type Seconds = u32;

/// UTC+8 (the vendor's manual).
const TIME_ZONE_DEFAULT: i64 = -480;

#[derive(Default, Deserialize, JsonSchema)]
pub(super) struct OpenDoorBody {
    /// In whose name.
    #[serde(default)]
    #[schemars(length(max = USERID_BYTES_MAX))]
    userid: Field<Box<str>>,
    #[serde(default)]
    #[schemars(extend("enum" = ["open", "silent", "close"]))]
    r#type: Field<String>,
    /// Seconds until it closes; -1 for never.
    #[serde(default)]
    #[schemars(range(min = DELAY_WITHOUT_END, max = DELAY_MAX))]
    delay: Field<i64>,
}

/// R-V3-34: a body that is left out leaves everything to the defaults.
pub(super) fn open_door(body: Option<&RawValue>) -> Option<Call> {
    let body: OpenDoorBody = match body {
        Some(raw) => read_object(raw.get().as_bytes()).ok()?,
        None => OpenDoorBody::default(),
    };
    let userid = given(body.userid)?.filter(|userid| !userid.is_empty());
    if userid.as_ref().is_some_and(|userid| userid.len() > USERID_BYTES_MAX) {
        return None;
    }
    let hold = match given(body.delay)? {
        None => None,
        Some(DELAY_WITHOUT_END) => Some(Hold::UntilTold),
        Some(seconds) if seconds <= DELAY_MAX => {
            Some(Hold::For(Duration::from_secs(u64::try_from(seconds).ok()?)))
        }
        Some(_) => return None,
    };
    let what = match given(body.r#type)?.as_deref() {
        None | Some("open" | "silent") => DoorMove::Open(hold),
        Some("close") => DoorMove::Close,
        Some(_) => return None,
    };
    Some(Call::OpenDoor(DoorOrder { userid, what }))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(extend("required" = ["timestamp"]))]
pub(super) struct SyncTimeBody {
    /// Minutes from GMT, east negative.
    #[serde(default)]
    #[schemars(range(min = *TIME_ZONES.start(), max = *TIME_ZONES.end()))]
    timezone: Field<i64>,
    /// Seconds since 1970.
    #[serde(default)]
    #[schemars(range(max = Seconds::MAX))]
    timestamp: Field<Seconds>,
}

/// R-V3-35: the time is needed; the zone is checked, and decides nothing that either API shows.
pub(super) fn sync_time(body: Option<&RawValue>) -> Option<Call> {
    let body: SyncTimeBody = read_object(body?.get().as_bytes()).ok()?;
    let zone = given(body.timezone)?.unwrap_or(TIME_ZONE_DEFAULT);
    let seconds = given(body.timestamp)??;
    if !TIME_ZONES.contains(&zone) {
        return None;
    }
    Some(Call::SyncTime(UnixMillis::new(i64::from(seconds) * 1000)))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(extend(
    "required" = ["type", "size"],
    "anyOf" = [{"required": ["seqnum"]}, {"required": ["timestamp"]}],
))]
pub(super) struct DownloadBody {
    #[serde(default)]
    #[schemars(extend("const" = "logr"))]
    r#type: Field<String>,
    /// So it is spelt (the vendor's manual).
    #[serde(default)]
    #[schemars(extend("const" = 0))]
    chanel: Field<i64>,
    #[serde(default)]
    offset: Field<u64>,
    #[serde(default)]
    #[schemars(range(min = 1, max = SLICE_BYTES_MAX))]
    size: Field<usize>,
    /// When it happened, as the event shows it.
    #[serde(default)]
    timestamp: Field<i64>,
    /// The event's number; wins over `timestamp`.
    #[serde(default)]
    seqnum: Field<u64>,
}

/// R-V3-38.
pub(super) fn download(body: Option<&RawValue>) -> Option<Call> {
    let body: DownloadBody = read_object(body?.get().as_bytes()).ok()?;
    let (kind, channel) = (given(body.r#type)?, given(body.chanel)?);
    let (seqnum, timestamp) = (given(body.seqnum)?, given(body.timestamp)?.map(Moment));
    let size = given(body.size)?.filter(|size| (1..=SLICE_BYTES_MAX).contains(size))?;
    let is_there = kind.as_deref() == Some("logr")
        && matches!(channel, None | Some(0))
        && (seqnum.is_some() || timestamp.is_some());
    let offset = given(body.offset)?.unwrap_or(0);
    is_there.then_some(Call::Download(Download { seqnum, timestamp, offset, size }))
}
