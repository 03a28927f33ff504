//! Changes to messages, as the faults in force say.
//!
//! Without any, a message is written as it is, and nothing is built in between.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::view::View;
use crate::behaviour::{Change, Edit, Part, When};
use crate::event::{Access, Entry, Fact, Phase, RecordId, Subject, Trace, Verdict};

/// A time stamp from here on is in milliseconds: as seconds it would be the year 5138.
const MILLIS_FROM: i64 = 100_000_000_000;

/// How a JPEG begins, as Base64.
const JPEG_BEGINS: &str = "/9j/";

/// What a message is about.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) view: &'a View,
    pub(super) entry: Option<&'a Entry>,
    /// Which record, and the how-manieth attempt at it.
    pub(super) record: Option<(RecordId, u32)>,
}

impl<'a> About<'a> {
    /// An answer, which is about nothing that happened.
    pub(super) const fn answer(view: &'a View) -> Self {
        Self { view, entry: None, record: None }
    }

    /// An event.
    pub(super) const fn event(view: &'a View, entry: &'a Entry) -> Self {
        Self { view, entry: Some(entry), record: None }
    }

    /// A record.
    pub(super) const fn record(
        view: &'a View,
        entry: &'a Entry,
        record: RecordId,
        attempt: u32,
    ) -> Self {
        Self { view, entry: Some(entry), record: Some((record, attempt)) }
    }

    /// Whether anything may be changed at all.
    pub(super) fn is_edited(self) -> bool {
        !self.view.behaviour.violations.edits.is_empty()
    }

    /// A message of these parts with its changes.
    pub(super) fn edit<T: Serialize + ?Sized>(self, message: &T, parts: &[Part]) -> Value {
        let mut value =
            serde_json::to_value(message).expect("our messages have text keys and finite numbers");
        let edits = &self.view.behaviour.violations.edits;
        let concerned = |edit: &&Edit| parts.contains(&edit.part) && self.is(edit.when);
        for edit in edits.iter().filter(concerned) {
            self.apply(&mut value, edit);
        }
        value
    }

    fn is(self, when: When) -> bool {
        let fact = self.entry.map(|entry| &entry.fact);
        let is_refused = |verified: bool| {
            let verdict = access(fact).map(|access| access.verdict);
            verdict.is_some_and(|verdict| {
                verdict != Verdict::Accepted && (verdict.state() == 4) == verified
            })
        };
        match when {
            When::Always => true,
            When::Kind(kind) => fact.and_then(Fact::kind) == Some(kind),
            When::EverySecond => self.entry.is_some_and(|entry| {
                entry.seqnum.map_or(entry.index.get(), |seqnum| seqnum.get()) % 2 == 0
            }),
            When::Stranger => matches!(subject(fact), Some(Subject::Stranger(_))),
            When::Nobody => {
                subject(fact) == Some(Subject::Nobody) || matches!(fact, Some(Fact::Button(_)))
            }
            When::Unknown => !matches!(subject(fact), Some(Subject::Person(_))),
            When::Accepted => {
                access(fact).is_some_and(|access| access.verdict == Verdict::Accepted)
            }
            When::RefusedUnverified => is_refused(false),
            When::RefusedVerified => is_refused(true),
            When::Raised => self.phase() == Some(Phase::Raised),
            When::AfterRaising => self.phase().is_some_and(|phase| phase != Phase::Raised),
            When::Retry => self.record.is_some_and(|(_, attempt)| attempt > 1),
        }
    }

    /// Where in its life the alarm of an alarm record is.
    fn phase(self) -> Option<Phase> {
        match &self.entry?.fact {
            Fact::Alarm(alarm) => Some(alarm.phase),
            Fact::PinAttack(..) => Some(Phase::Raised),
            _ => None,
        }
    }

    fn apply(self, message: &mut Value, edit: &Edit) {
        let (above, name) = edit.path.rsplit_once('.').unwrap_or(("", &edit.path));
        let mut object = message;
        for step in above.split('.').filter(|step| !step.is_empty()) {
            match object.get_mut(step) {
                Some(member) => object = member,
                None => return,
            }
        }
        if let Some(object) = object.as_object_mut() {
            self.change(object, name, &edit.change);
        }
    }

    fn change(self, object: &mut Map<String, Value>, name: &str, change: &Change) {
        match change {
            Change::Set(value) => {
                object.insert(name.to_owned(), value.clone());
                return;
            }
            Change::Remove => {
                object.remove(name);
                return;
            }
            Change::Flatten => {
                if let Some(Value::Object(members)) = object.remove(name) {
                    object.extend(members);
                }
                return;
            }
            _ => {}
        }
        let Some(old) = object.get(name) else {
            return;
        };
        match self.changed(old, change) {
            Some(new) => object.insert(name.to_owned(), new),
            None => object.remove(name),
        };
    }

    /// The new value; none if it is left out.
    fn changed(self, old: &Value, change: &Change) -> Option<Value> {
        let unchanged = || old.clone();
        let text = |change: &dyn Fn(&str) -> Value| old.as_str().map_or_else(unchanged, change);
        let new = match change {
            Change::RemoveEmpty if *old == json!([]) => return None,
            Change::OtherType => other_type(old),
            Change::Number => {
                text(&|old| old.parse::<i64>().map_or_else(|_| unchanged(), Value::from))
            }
            Change::Append(end) => text(&|old| format!("{old}{end}").into()),
            Change::Begin(from, to) => text(&|old| {
                old.strip_prefix(from).map_or_else(unchanged, |rest| format!("{to}{rest}").into())
            }),
            Change::Add(more) => added(old, *more),
            Change::Times(factor) => {
                old.as_f64().map_or_else(unchanged, |old| number(old * factor))
            }
            Change::Swap(from, to) if old.as_i64() == Some(*from) => Value::from(*to),
            Change::Differ => differing(old),
            Change::OtherUnit => old.as_i64().map_or_else(unchanged, |stamp| {
                if stamp >= MILLIS_FROM { stamp / 1000 } else { stamp * 1000 }.into()
            }),
            Change::LaterSeconds(seconds) => old.as_i64().map_or_else(unchanged, |stamp| {
                let unit = if stamp >= MILLIS_FROM { 1000 } else { 1 };
                (stamp + seconds * unit).into()
            }),
            Change::Decimal => text(&|old| {
                let number = u128::from_str_radix(old.trim_start_matches("0x"), 16);
                number.map_or_else(|_| unchanged(), |number| number.to_string().into())
            }),
            Change::Object => old.as_array().map_or_else(unchanged, |array| {
                let places = (1..).map(|place: usize| place.to_string());
                Value::Object(places.zip(array.iter().cloned()).collect())
            }),
            Change::Image(length) => {
                let rest = length.saturating_sub(JPEG_BEGINS.len());
                format!("{JPEG_BEGINS}{}", "A".repeat(rest)).into()
            }
            Change::RaisedAt => self.raised_at().map_or_else(unchanged, Value::from),
            Change::UuidOfAttempt => self.uuid_of_attempt().map_or_else(unchanged, Value::from),
            _ => unchanged(),
        };
        Some(new)
    }

    fn raised_at(self) -> Option<i64> {
        match &self.entry?.fact {
            Fact::Alarm(alarm) => {
                let Trace { raised_at, .. } = alarm.trace;
                Some(raised_at.millis())
            }
            _ => None,
        }
    }

    fn uuid_of_attempt(self) -> Option<String> {
        let (record, attempt) = self.record?;
        let seed = self.view.seed.named("attempt").numbered(record.index.get());
        Some(seed.numbered(attempt.into()).uuid().to_string())
    }
}

fn access(fact: Option<&Fact>) -> Option<&Access> {
    match fact? {
        Fact::Access(access) | Fact::PinAttack(access, _) => Some(access),
        _ => None,
    }
}

fn subject(fact: Option<&Fact>) -> Option<Subject> {
    match fact? {
        Fact::Access(access) | Fact::PinAttack(access, _) => Some(access.subject),
        Fact::Temperature(subject, _) => Some(*subject),
        Fact::Remote(opener, _) => Some(opener.subject()),
        Fact::Alarm(alarm) => Some(alarm.subject),
        Fact::Door(_) | Fact::Button(_) | Fact::Reset => None,
    }
}

fn other_type(old: &Value) -> Value {
    match old {
        Value::Number(number) => number.to_string().into(),
        // A text that is no number has none to become: its length is one.
        Value::String(text) => {
            text.parse::<i64>().unwrap_or_else(|_| text.chars().count() as i64).into()
        }
        Value::Bool(bool) => u8::from(*bool).into(),
        Value::Null => "null".into(),
        Value::Array(_) | Value::Object(_) => old.to_string().into(),
    }
}

/// A whole number stays one where it can.
fn added(old: &Value, more: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "the table's numbers are small")]
    match (old.as_i64(), old.as_f64()) {
        (Some(whole), _) if more.fract() == 0.0 => (whole + more as i64).into(),
        (_, Some(float)) => number(float + more),
        _ => old.clone(),
    }
}

fn differing(old: &Value) -> Value {
    match old {
        Value::Number(_) => added(old, 1.0),
        Value::Bool(bool) => (!bool).into(),
        Value::String(text) => match text.parse::<i64>() {
            Ok(number) => (number + 1).to_string().into(),
            Err(_) => format!("{text}1").into(),
        },
        other => other.clone(),
    }
}

/// A number, whole if it is.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "stamps and scores are far below 2^53")]
    if value.fract() == 0.0 { (value as i64).into() } else { value.into() }
}
