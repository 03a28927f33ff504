//! Both APIs tell the same story: v3 events and v1 records, paired and compared by table D.
//!
//! Events and records are paired within a class that table B gives: in order where there are as many
//! of one as of the other and the records came one after the other, else by person and time, each used
//! once. What stays unpaired is judged by the
//! comparisons `records` and `events` alone.

use std::collections::BTreeMap;

use serde_json::Value;

use super::messages::came_in_turn;
use super::stamp::{millis, same_instant};
use super::{CheckError, Found, Params};
use crate::stream::{Entry, Identity, Shape, Stream};

/// Two views of one moment are this close (table D), in milliseconds; the coarser unit adds its own
/// second.
const APART_MS_MAX: u64 = 2_000;

/// How alike two scores are: four decimals are told.
const SCORE_DIFFERENCE_MAX: f32 = 0.000_1;

/// How alike two temperatures are (table D), with room for binary fractions.
const THERM_DIFFERENCE_MAX: f32 = 0.1 + 0.000_1;

/// What one event and one record have to do with each other (table B).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Class {
    Face,
    Card,
    Code,
    Button,
    Alarm(i32, i16),
}

/// Codes of the alarms that v3 shows under kinds of their own.
const TAMPER: i32 = 10_001;
const FIRE: i32 = 20_003;

fn class_of_event(stream: &Stream, entry: &Entry) -> Option<Class> {
    let status = if entry.facts.state == Some(1) { 1 } else { 3 };
    match stream.text(entry.facts.kind?) {
        "face" => Some(Class::Face),
        "card" => Some(Class::Card),
        "qrcode" | "visitor" => Some(Class::Code),
        "push" => (status == 1).then_some(Class::Button),
        "disa" => Some(Class::Alarm(TAMPER, status)),
        "fire" => Some(Class::Alarm(FIRE, status)),
        _ => None,
    }
}

/// The codes of the alarms that were raised, by their `trace_id`: what comes of one later may be without
/// (R-V1-13).
fn raised(stream: &Stream) -> BTreeMap<&str, i32> {
    let code = |entry: &'_ Entry| match &entry.identity {
        Identity::Alarm(alarm) if alarm.1 == 1 => entry.facts.code,
        _ => None,
    };
    let entries = stream.entries().iter();
    entries.filter_map(|entry| Some((trace(entry)?, code(entry)?))).collect()
}

fn trace(entry: &Entry) -> Option<&str> {
    match &entry.identity {
        Identity::Alarm(alarm) => Some(&alarm.0),
        _ => None,
    }
}

fn class_of_record(stream: &Stream, entry: &Entry, raised: &BTreeMap<&str, i32>) -> Option<Class> {
    if stream.text(entry.facts.kind?) == "alarm" {
        let told = || raised.get(trace(entry)?).copied();
        let (code, status) = (entry.facts.code.or_else(told)?, entry.facts.state?);
        return ([TAMPER, FIRE].contains(&code) && status != 2)
            .then_some(Class::Alarm(code, status));
    }
    match entry.facts.entry_mode? {
        1 | 4 | 6 | 8 | 10 => Some(Class::Face),
        3 | 5 | 9 => Some(Class::Card),
        2 | 7 => Some(Class::Code),
        11 => Some(Class::Button),
        _ => None,
    }
}

/// One event or record with its stream.
#[derive(Clone, Copy)]
struct Told<'s> {
    stream: &'s Stream,
    entry: &'s Entry,
    class: Class,
}

impl Told<'_> {
    fn at(&self) -> Option<u64> {
        self.entry.facts.stamp.map(millis)
    }

    fn person(&self) -> &str {
        self.entry.facts.person.map_or("", |name| self.stream.text(name))
    }

    fn card(&self) -> Option<&str> {
        self.entry.facts.card.map(|name| self.stream.text(name))
    }

    fn name(&self) -> String {
        self.entry.identity.to_string()
    }
}

/// Compares the story that a receiver heard with the one that the log tells.
pub(super) fn same_story(streams: &[&Stream], params: &Params) -> Result<Found, CheckError> {
    let takes = "time, person, score, card, therm, verdict, events or records";
    let wrong = || CheckError::Param { param: "compare", takes };
    let compare = params.get("compare").and_then(Value::as_str).ok_or_else(wrong)?;
    let (receiver, log) = (streams[0], streams[1]);
    let mut events = Vec::new();
    for entry in log.entries() {
        let class = class_of_event(log, entry);
        events.extend(class.map(|class| Told { stream: log, entry, class }));
    }
    let mut known = std::collections::BTreeSet::new();
    let mut records = Vec::new();
    let raised = raised(receiver);
    for entry in receiver.entries().iter().filter(|entry| entry.facts.shape == Shape::Push) {
        let class = class_of_record(receiver, entry, &raised);
        let is_first = known.insert(entry.identity.clone());
        records.extend(class.filter(|_| is_first).map(|class| Told {
            stream: receiver,
            entry,
            class,
        }));
    }
    let pairs = pair(&events, &records);
    let unpaired = |of: &[Told<'_>], side: usize| -> Vec<String> {
        let paired = |at: usize| pairs.iter().any(|pair| [pair.0, pair.1][side] == at);
        (0..of.len()).filter(|at| !paired(*at)).map(|at| of[at].name()).collect()
    };
    let mut found = Found::default();
    match compare {
        "records" => {
            for event in unpaired(&events, 0) {
                found.wrong(event, "its record", "none");
            }
        }
        "events" => {
            for record in unpaired(&records, 1) {
                found.wrong(record, "its event in the log", "none");
            }
        }
        _ => {
            let judge = comparison(compare).ok_or_else(wrong)?;
            for (event, record) in &pairs {
                let (event, record) = (&events[*event], &records[*record]);
                if let Some((expected, seen)) = judge(event, record) {
                    found.wrong(format!("{}: {compare}", event.name()), expected, seen);
                }
            }
        }
    }
    if pairs.is_empty() && found.mismatches.is_empty() {
        return Ok(Found::nothing("an event and its record"));
    }
    Ok(found)
}

/// Pairs of positions, an event's and a record's.
fn pair(events: &[Told<'_>], records: &[Told<'_>]) -> Vec<(usize, usize)> {
    let mut classes: Vec<Class> = events.iter().map(|event| event.class).collect();
    classes.sort_unstable();
    classes.dedup();
    let of = |told: &[Told<'_>], class: Class| -> Vec<usize> {
        (0..told.len()).filter(|at| told[*at].class == class).collect()
    };
    let mut pairs = Vec::new();
    for class in classes {
        let (mut ours, mut theirs) = (of(events, class), of(records, class));
        if ours.len() == theirs.len() && came_in_order(theirs.iter().map(|at| records[*at].entry)) {
            pairs.extend(ours.into_iter().zip(theirs));
            continue;
        }
        let is_close = |event: usize, record: usize| {
            let moments = events[event].at().zip(records[record].at());
            moments.is_some_and(|(one, other)| one.abs_diff(other) <= APART_MS_MAX)
        };
        let is_one = |event: usize, record: usize| {
            is_close(event, record) && events[event].person() == records[record].person()
        };
        // Who it was first: else an event whose record is missing takes its neighbour's.
        take_pairs(&mut ours, &mut theirs, is_one, &mut pairs);
        take_pairs(&mut ours, &mut theirs, is_close, &mut pairs);
    }
    pairs
}

/// Whether the order in which records came is the one in which they were sent: one at a time, on one
/// connection. On several they may overtake each other.
fn came_in_order<'s>(entries: impl Iterator<Item = &'s Entry> + Clone) -> bool {
    let connection = |entry: &'s Entry| entry.arrival().map(|arrival| arrival.connection);
    let mut connections = entries.clone().map(connection);
    let first = connections.next();
    connections.all(|one| Some(one) == first) && came_in_turn(entries)
}

/// Takes an event and the first record that belongs to it out of what is left, for each event.
fn take_pairs(
    events: &mut Vec<usize>,
    records: &mut Vec<usize>,
    belongs: impl Fn(usize, usize) -> bool,
    pairs: &mut Vec<(usize, usize)>,
) {
    events.retain(|event| {
        let at = records.iter().position(|record| belongs(*event, *record));
        pairs.extend(at.map(|at| (*event, records.remove(at))));
        at.is_none()
    });
}

/// What was expected and what was seen, where they differ.
type Difference = Option<(String, String)>;
type Judge = fn(&Told<'_>, &Told<'_>) -> Difference;

fn comparison(name: &str) -> Option<Judge> {
    Some(match name {
        "time" => time,
        "person" => person,
        "score" => score,
        "card" => card,
        "therm" => therm,
        "verdict" => verdict,
        _ => return None,
    })
}

fn time(event: &Told<'_>, record: &Told<'_>) -> Difference {
    let (one, other) = (event.entry.facts.stamp?, record.entry.facts.stamp?);
    (!same_instant(one, other)).then(|| (one.to_string(), other.to_string()))
}

/// `uid` 0000... or empty is an unknown user (R-V1-16).
fn person(event: &Told<'_>, record: &Told<'_>) -> Difference {
    if matches!(event.class, Class::Alarm(..) | Class::Button) || event.entry.facts.person.is_none()
    {
        return None;
    }
    let uid = event.person();
    let expected = if uid.starts_with("0000") { "" } else { uid };
    (expected != record.person()).then(|| (expected.to_owned(), record.person().to_owned()))
}

fn score(event: &Told<'_>, record: &Told<'_>) -> Difference {
    let seen = record.entry.facts.score?;
    let expected = match event.class {
        Class::Face => event.entry.facts.score?,
        _ => 0.0,
    };
    ((expected - seen).abs() > SCORE_DIFFERENCE_MAX)
        .then(|| (expected.to_string(), seen.to_string()))
}

fn card(event: &Told<'_>, record: &Told<'_>) -> Difference {
    let (data, number) = (event.card()?, record.card().unwrap_or_default());
    let expected = card_number(data)?;
    let decimal = number.parse::<u128>().ok();
    let agrees = decimal == Some(expected) || card_number(number) == Some(expected);
    (!agrees).then(|| (data.to_owned(), number.to_owned()))
}

/// A card's number, from hex.
fn card_number(text: &str) -> Option<u128> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    u128::from_str_radix(digits, 16).ok()
}

fn therm(event: &Told<'_>, record: &Told<'_>) -> Difference {
    let (expected, seen) = (event.entry.facts.therm?, record.entry.facts.therm.unwrap_or(0.0));
    ((expected - seen).abs() > THERM_DIFFERENCE_MAX)
        .then(|| (expected.to_string(), seen.to_string()))
}

/// Table C: `pass` means state 4, and state 4 without `pass` has a reason.
fn verdict(event: &Told<'_>, record: &Told<'_>) -> Difference {
    if !matches!(event.class, Class::Face | Class::Card) {
        return None;
    }
    let (state, pass) = (event.entry.facts.state?, record.entry.facts.pass?);
    match (pass, state, record.entry.facts.code) {
        (true, 4, _) => None,
        (true, state, _) => Some(("state 4, as it passes".to_owned(), format!("state {state}"))),
        (false, 4, None | Some(0)) => {
            let expected = "an abnormal_type, as state 4 does not pass";
            Some((expected.to_owned(), "none".to_owned()))
        }
        (false, _, _) => None,
    }
}

#[cfg(test)]
#[path = "story_tests.rs"]
mod tests;
