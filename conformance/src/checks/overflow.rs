//! What is left of a backlog that was more than full (R-V1-09).

use serde_json::Value;

use super::{CheckError, Found, Params};
use crate::stream::{Entry, Shape, Stream};

/// What tells neighbours apart where all of them happened in one moment: who, and how alike.
type Mark = (String, Option<u32>);

fn mark(stream: &Stream, entry: &Entry) -> Mark {
    let person = entry.facts.person.map(|name| stream.text(name).to_owned());
    (person.unwrap_or_default(), entry.facts.score.map(f32::to_bits))
}

/// Distinct records arrive in one run without a hole, at least so many; which were lost is told.
pub(super) fn adjoining(streams: &[&Stream], params: &Params) -> Result<Found, CheckError> {
    let takes = "a whole number of records";
    let at_least = params.get("at_least").and_then(Value::as_u64);
    let at_least = at_least.ok_or(CheckError::Param { param: "at_least", takes })?;
    let (receiver, log) = (streams[0], streams[1]);
    let mut known = std::collections::BTreeSet::new();
    let pushed = receiver.entries().iter().filter(|entry| entry.facts.shape == Shape::Push);
    let pushed = pushed.filter(|entry| known.insert(entry.identity.clone()));
    let records: Vec<Mark> = pushed.map(|entry| mark(receiver, entry)).collect();
    let is_face = |entry: &&Entry| entry.facts.kind.is_some_and(|kind| log.text(kind) == "face");
    let faces = log.entries().iter().filter(is_face);
    let events: Vec<Mark> = faces.map(|entry| mark(log, entry)).collect();
    if records.is_empty() || events.is_empty() {
        return Ok(Found::nothing("records, and the faces of the log"));
    }
    let mut found = Found::default();
    if (records.len() as u64) < at_least {
        found.wrong("records", format!("{at_least} at least"), records.len().to_string());
    }
    match alignment(&records, &events) {
        Some(Alignment::Later(0)) => found.observe("v1.overflow", "drop-oldest"),
        Some(Alignment::Later(_)) => found.observe("v1.overflow", "drop-oldest of fewer"),
        Some(Alignment::Earlier(_)) => found.observe("v1.overflow", "drop-newest"),
        None => found.wrong("records", "one run of the log without a hole", "holes"),
    }
    Ok(found)
}

/// Where two runs of the same story lie to each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Alignment {
    /// The records begin with this event of the log.
    Later(usize),
    /// The log begins with this record.
    Earlier(usize),
}

fn alignment(records: &[Mark], events: &[Mark]) -> Option<Alignment> {
    let agree =
        |one: &[Mark], other: &[Mark]| one.iter().zip(other).all(|(one, other)| one == other);
    let later =
        (0..events.len()).find(|at| events[*at] == records[0] && agree(&events[*at..], records));
    let earlier = || {
        (0..records.len()).find(|at| records[*at] == events[0] && agree(&records[*at..], events))
    };
    later.map(Alignment::Later).or_else(|| earlier().map(Alignment::Earlier))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(people: &str) -> Vec<Mark> {
        people.chars().map(|person| (person.to_string(), None)).collect()
    }

    #[test]
    fn runs_are_laid_over_each_other() {
        for (records, events, expected) in [
            ("bcd", "bcd", Some(Alignment::Later(0))),
            ("cd", "bcd", Some(Alignment::Later(1))),
            ("abc", "bcd", Some(Alignment::Earlier(1))),
            ("bd", "bcd", None),
        ] {
            assert_eq!(alignment(&marks(records), &marks(events)), expected, "{records} {events}");
        }
    }
}
