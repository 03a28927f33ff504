//! Checks of what a device sends: retries, reports, identifiers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{CheckError, Found, Params};
use crate::stream::{Arrival, Entry, Identity, Shape, Stream};

/// The members that table A demands of an event, and what every event has. What a kind lacks is in
/// neither form. A `qrcode` that cannot be fetched is left alone.
const COMPARED: [&str; 9] =
    ["event", "timestamp", "uid", "score", "sharp", "state", "data", "therm", "device-id"];

/// What makes two messages attempts at one record: an alarm's `event_time` is a field like others.
fn attempt_of(entry: &Entry) -> Option<String> {
    match &entry.identity {
        Identity::Alarm(alarm) => Some(format!("trace_id {}, status {}", alarm.0, alarm.1)),
        Identity::Uuid(_) | Identity::Text(_) => Some(entry.identity.to_string()),
        Identity::Unknown | Identity::Seqnum(_) => None,
    }
}

/// R-V1-10: what is tried again has the same fields.
pub(super) fn retries_equal(streams: &[&Stream], _: &Params) -> Result<Found, CheckError> {
    let mut found = Found::default();
    let mut first: BTreeMap<String, &Entry> = BTreeMap::new();
    let (mut retries, mut other_bytes) = (0, 0);
    for entry in streams.iter().flat_map(|stream| stream.entries()) {
        let Some(attempt) = attempt_of(entry) else { continue };
        let Some(earlier) = first.get(&attempt) else {
            first.insert(attempt, entry);
            continue;
        };
        retries += 1;
        other_bytes += u32::from(earlier.bytes_digest != entry.bytes_digest);
        if earlier.fields_digest != entry.fields_digest {
            found.wrong(attempt, "the fields of the first attempt", "other ones");
        }
    }
    if retries == 0 {
        return Ok(Found::nothing("a second attempt at one record"));
    }
    found.observe("v1.retry-bytes", if other_bytes == 0 { "same" } else { "differ" });
    Ok(found)
}

/// R-V1-08: tells the order in which records came for the first time, and whether one waited for the
/// answer to another.
pub(super) fn v1_order(streams: &[&Stream], _: &Params) -> Result<Found, CheckError> {
    let mut found = Found::default();
    let pushes = streams[0].entries().iter().filter(|entry| entry.facts.shape == Shape::Push);
    let pushes: Vec<&Entry> = pushes.collect();
    let stamps: Vec<u64> = pushes.iter().filter_map(|entry| entry.facts.stamp).collect();
    let is_oldest_first = stamps.windows(2).all(|pair| pair[0] <= pair[1]);
    found.observe("v1.order", if is_oldest_first { "oldest-first" } else { "other" });
    let is_one = came_in_turn(pushes.into_iter());
    found.observe("v1.in-flight", if is_one { "one" } else { "several" });
    Ok(found)
}

/// Whether each came after the answer to the one before it: else their order tells nothing.
pub(super) fn came_in_turn<'s>(mut entries: impl Iterator<Item = &'s Entry>) -> bool {
    let mut before = entries.next();
    entries.all(|entry| {
        let done = before.replace(entry).and_then(Entry::arrival).and_then(Arrival::done);
        done.is_some_and(|done| done <= entry.at())
    })
}

/// No two messages have the same text in `field`.
pub(super) fn unique_ids(streams: &[&Stream], params: &Params) -> Result<Found, CheckError> {
    let takes = "a path of members, such as \"header.reqid\"";
    let field = params.get("field").and_then(Value::as_str);
    let field = field.ok_or(CheckError::Param { param: "field", takes })?;
    let pointer = format!("/{}", field.replace('.', "/"));
    let mut found = Found::default();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for stream in streams {
        for index in 0..stream.entries().len() {
            let message = stream.json(index)?;
            if let Some(value) = message.as_ref().and_then(|message| message.pointer(&pointer)) {
                *seen.entry(value.to_string()).or_default() += 1;
            }
        }
    }
    if seen.values().sum::<usize>() < 2 {
        return Ok(Found::nothing(&format!("two messages with {field}")));
    }
    for (value, times) in seen.iter().filter(|(_, times)| **times > 1) {
        found.wrong(field, "another one in each message", format!("{value} in {times} messages"));
    }
    Ok(found)
}

/// What was reported is what the log shows under that number.
pub(super) fn report_equals_fetch(streams: &[&Stream], _: &Params) -> Result<Found, CheckError> {
    let (reports, log) = (streams[0], streams[1]);
    let mut fetched: BTreeMap<u64, usize> = BTreeMap::new();
    for (index, entry) in log.entries().iter().enumerate() {
        if let Identity::Seqnum(seqnum) = entry.identity {
            fetched.insert(seqnum, index);
        }
    }
    let mut found = Found::default();
    let mut compared = 0;
    for (index, entry) in reports.entries().iter().enumerate() {
        let Identity::Seqnum(seqnum) = entry.identity else { continue };
        // What the log has no more, or had before it was read, cannot be compared.
        if fetched.keys().next().is_some_and(|oldest| seqnum < *oldest) {
            continue;
        }
        let Some(at) = fetched.get(&seqnum) else {
            found.wrong(format!("seqnum {seqnum}"), "the event in the log", "none");
            continue;
        };
        let (Some(report), Some(event)) = (reports.json(index)?, log.json(*at)?) else { continue };
        compared += 1;
        for member in COMPARED {
            // Whether fetched events name the device is only observed (R-V3-28).
            let (told, kept) = (&report["body"][member], &event[member]);
            if told != kept && !(member == "device-id" && kept.is_null()) {
                let path = format!("seqnum {seqnum}: {member}");
                found.wrong(path, kept.to_string(), told.to_string());
            }
        }
    }
    if compared == 0 && found.mismatches.is_empty() {
        return Ok(Found::nothing("a report whose event is in the log"));
    }
    Ok(found)
}

/// Table D: each of the device's names is one throughout; whether they are equal is told.
pub(super) fn device_names(streams: &[&Stream], _: &Params) -> Result<Found, CheckError> {
    let mut found = Found::default();
    let mut names = Vec::new();
    for stream in streams {
        let devices = stream.entries().iter().filter_map(|entry| entry.facts.device);
        let mut devices: Vec<&str> = devices.map(|name| stream.text(name)).collect();
        devices.sort_unstable();
        devices.dedup();
        if devices.len() > 1 {
            found.wrong("the device's name", "one throughout", devices.join(" and "));
        }
        names.extend(devices.first().copied());
    }
    if names.is_empty() {
        return Ok(Found::nothing("messages or events that name their device"));
    }
    let equal = names.windows(2).all(|pair| pair[0] == pair[1]) && names.len() == streams.len();
    found.observe("device-names-equal", if equal { "yes" } else { "no" });
    Ok(found)
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
