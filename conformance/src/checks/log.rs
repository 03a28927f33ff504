//! Checks of the device's log (v3): its order, its numbers, its pages.

use super::stamp::Unit;
use super::{CheckError, Found, Params};
use crate::stream::{Identity, Shape, Stream};

fn numbers(stream: &Stream) -> Vec<u64> {
    let number = |identity: &Identity| match identity {
        Identity::Seqnum(seqnum) => Some(*seqnum),
        _ => None,
    };
    stream.entries().iter().filter_map(|entry| number(&entry.identity)).collect()
}

/// R-V3-10: the events of each page ascend, none comes twice.
pub(super) fn ascending(streams: &[&Stream], _: &Params) -> Result<Found, CheckError> {
    let mut found = Found::default();
    for stream in streams {
        if stream.entries().is_empty() {
            return Ok(Found::nothing("events in the log"));
        }
        for (number, page) in stream.pages().iter().enumerate() {
            let events = &stream.entries()[page.first..page.first + page.count];
            for pair in events.windows(2) {
                let [Identity::Seqnum(before), Identity::Seqnum(after)] =
                    [&pair[0].identity, &pair[1].identity]
                else {
                    continue;
                };
                if after <= before {
                    let path = format!("page {}", number + 1);
                    found.wrong(path, format!("a number above {before}"), after.to_string());
                }
            }
        }
    }
    Ok(found)
}

/// R-V3-15: every number once, and growing from page to page.
pub(super) fn unique_numbers(streams: &[&Stream], _: &Params) -> Result<Found, CheckError> {
    let mut found = Found::default();
    for stream in streams {
        let mut numbers = numbers(stream);
        if numbers.is_empty() {
            return Ok(Found::nothing("events with a number"));
        }
        numbers.sort_unstable();
        for pair in numbers.windows(2).filter(|pair| pair[0] == pair[1]) {
            found.wrong("seqnum", "each number once", format!("{} twice", pair[0]));
        }
    }
    Ok(found)
}

/// Pages of any size give the same events, without gap and overlap. What came or went while the
/// pages were read is left out: only what all of them span is compared.
pub(super) fn pages_tile(streams: &[&Stream], _: &Params) -> Result<Found, CheckError> {
    let mut found = Found::default();
    let logs: Vec<Vec<u64>> = streams.iter().map(|stream| numbers(stream)).collect();
    let first = logs.iter().filter_map(|log| log.iter().min()).max().copied();
    let last = logs.iter().filter_map(|log| log.iter().max()).min().copied();
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(Found::nothing("events in the log"));
    };
    let spanned = |log: &[u64]| -> Vec<u64> {
        log.iter().copied().filter(|seqnum| (first..=last).contains(seqnum)).collect()
    };
    let wanted = spanned(&logs[0]);
    for (log, stream) in logs.iter().zip(streams).skip(1) {
        let seen = spanned(log);
        let place = (0..wanted.len().max(seen.len())).find(|at| wanted.get(*at) != seen.get(*at));
        if let Some(at) = place {
            let size = stream.pages().first().and_then(|page| page.limit).unwrap_or_default();
            let number = |log: &[u64]| log.get(at).map_or("nothing".to_owned(), u64::to_string);
            let path = format!("pages of {size}, event {}", at + 1);
            found.wrong(path, number(&wanted), number(&seen));
        }
    }
    Ok(found)
}

/// R-V3-04, R-V1-11: one unit throughout, of v3 events and v1 recognitions each.
pub(super) fn one_unit(streams: &[&Stream], _: &Params) -> Result<Found, CheckError> {
    let mut found = Found::default();
    for stream in streams {
        let is_alarm = |entry: &crate::stream::Entry| {
            entry.facts.kind.is_some_and(|kind| stream.text(kind) == "alarm")
        };
        let stamped = stream.entries().iter().filter(|entry| !is_alarm(entry));
        let mut stamps = stamped.filter_map(|entry| Some((entry.facts.stamp?, entry.facts.shape)));
        let Some((first, shape)) = stamps.next() else {
            return Ok(Found::nothing("events or records with a timestamp"));
        };
        let unit = Unit::of(first);
        if let Some((other, _)) = stamps.find(|(stamp, _)| Unit::of(*stamp) != unit) {
            found.wrong("timestamp", format!("{} as in {first}", unit.word()), other.to_string());
        }
        let name = if shape == Shape::Push { "v1.timestamp-unit" } else { "v3.timestamp-unit" };
        found.observe(name, unit.word());
    }
    Ok(found)
}
