//! Which entries an expectation means, and in what another entry differs.

use serde_json::{Map, Value, json};
use vestibule_core::event::{Access, Alarm, Cause, Entry, Fact, Phase, RecordType, Subject};
use vestibule_core::wire::{View, v3};
use vestibule_core::world::{Category, EventName, ReasonName, Refusal, Whom};

/// What an entry must be; whatever is none may be anything.
#[derive(Default)]
pub(super) struct Matcher {
    pub(super) event: Option<Event>,
    pub(super) person: Option<Whom>,
    pub(super) reason: Option<ReasonName>,
    /// Further properties by their names in [`properties`].
    pub(super) properties: Map<String, Value>,
}

/// The name of an event: what can be emitted, and `reset`.
#[derive(Clone, Copy)]
pub(super) struct Event(&'static str);

impl std::str::FromStr for Event {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text == "reset" {
            return Ok(Self("reset"));
        }
        text.parse::<EventName>().map(|event| Self(event.name()))
    }
}

impl Matcher {
    /// What differs, as `{"field": {"expected", "found"}}`; empty for a match.
    pub(super) fn differences(&self, view: &View, entry: &Entry) -> Map<String, Value> {
        let mut differences = Map::new();
        let mut note = |field: &str, expected: Value, found: Value| {
            let both = json!({"expected": expected, "found": found});
            differences.insert(field.to_owned(), both);
        };
        let fact = &entry.fact;
        if let Some(Event(event)) = self.event
            && !is_called(fact, event)
        {
            note("event", json!(event), json!(kind(fact)));
        }
        if let Some(whom) = &self.person
            && !is_about(view, fact, whom)
        {
            note("person", json!(whom_name(whom)), person(view, fact));
        }
        if let Some(wanted) = self.reason
            && !is_reason(fact, wanted)
        {
            note("reason", json!(wanted.name()), json!(reason(fact)));
        }
        if !self.properties.is_empty() {
            let properties = properties(view, entry);
            for (field, expected) in &self.properties {
                let found = properties.get(field).unwrap_or(&Value::Null);
                if !is_equal(expected, found) {
                    note(field, expected.clone(), found.clone());
                }
            }
        }
        differences
    }
}

/// What an entry is called: its v3 kind, or what was emitted where there is none.
pub(super) fn kind(fact: &Fact) -> &'static str {
    match (fact.kind(), fact) {
        (Some(kind), _) => kind.name(),
        (None, Fact::Alarm(_)) => EventName::Alarm.name(),
        (None, _) => EventName::Pin.name(),
    }
}

/// The verdict's name (table C), where somebody asked to be let in.
pub(super) fn reason(fact: &Fact) -> Option<&'static str> {
    access(fact).map(|access| ReasonName::Verdict(access.verdict).name())
}

fn access(fact: &Fact) -> Option<&Access> {
    match fact {
        Fact::Access(access) | Fact::PinAttack(access, _) => Some(access),
        _ => None,
    }
}

fn is_called(fact: &Fact, event: &str) -> bool {
    kind(fact) == event
        || event == EventName::Pin.name() && access(fact).is_some_and(|it| it.method.has_pin())
        || event == EventName::Alarm.name() && fact.records().contains(&RecordType::Alarm)
}

fn is_reason(fact: &Fact, wanted: ReasonName) -> bool {
    let found = access(fact).map(|access| ReasonName::Verdict(access.verdict));
    match (wanted, found) {
        (ReasonName::OutsideWindow, Some(found)) => {
            matches!(found.name(), "visitor-early" | "visitor-late")
        }
        (wanted, found) => found == Some(wanted),
    }
}

fn subject(fact: &Fact) -> Subject {
    match fact {
        Fact::Access(access) | Fact::PinAttack(access, _) => access.subject,
        Fact::Temperature(subject, _) => *subject,
        Fact::Remote(opener, _) => opener.subject(),
        Fact::Alarm(alarm) => alarm.subject,
        Fact::Door(_) | Fact::Button(_) | Fact::Reset => Subject::Nobody,
    }
}

fn is_about(view: &View, fact: &Fact, whom: &Whom) -> bool {
    match (subject(fact), whom) {
        (Subject::Stranger(_), Whom::Stranger) | (Subject::Person(_), Whom::Any) => true,
        (Subject::Person(person), Whom::Uid(uid)) => view.roster.uid(person) == *uid,
        (Subject::Person(person), Whom::Visitor) => {
            view.roster.category(person) == Category::Visitor
        }
        (Subject::Person(person), Whom::Blocklisted) => {
            view.roster.category(person) == Category::Blocklisted
        }
        _ => false,
    }
}

fn whom_name(whom: &Whom) -> String {
    match whom {
        Whom::Any => "any".to_owned(),
        Whom::Stranger => "stranger".to_owned(),
        Whom::Visitor => "visitor".to_owned(),
        Whom::Blocklisted => "blocklisted".to_owned(),
        Whom::Uid(uid) => uid.to_string(),
    }
}

fn person(view: &View, fact: &Fact) -> Value {
    match subject(fact) {
        Subject::Nobody => Value::Null,
        Subject::Person(person) => json!(view.roster.shown_uid(person).to_string()),
        Subject::Stranger(_) => json!("stranger"),
    }
}

/// What else an expectation can name: the v3 fields, as the platform sees them, and the v1 ones that v3 does
/// not have.
fn properties(view: &View, entry: &Entry) -> Map<String, Value> {
    let mut properties = Map::new();
    let event = v3::encode_event(view, entry).map(|bytes| serde_json::from_slice(&bytes));
    if let Some(Ok(Value::Object(mut event))) = event {
        for (name, field) in
            [("state", "state"), ("therm", "therm"), ("card", "data"), ("qrcode", "qrcode")]
        {
            if let Some(value) = event.remove(field) {
                properties.insert(name.to_owned(), value);
            }
        }
    }
    let mut set = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    set("seqnum", json!(entry.seqnum.map(|seqnum| seqnum.get())));
    set("index", json!(entry.index.get()));
    if let Some(access) = access(&entry.fact) {
        let (method, verdict) = (access.method, access.verdict);
        set("entry_mode", json!(method.entry_mode()));
        set("pass", json!(reason(&entry.fact) == Some("accepted")));
        set("abnormal_type", json!(verdict.abnormal_type(method)));
    }
    if let Some((code, status)) = alarm(&entry.fact) {
        set("code", json!(code));
        set("status", json!(status));
    }
    properties
}

/// The alarm record's `code` and `status`.
const fn alarm(fact: &Fact) -> Option<(u32, u8)> {
    match fact {
        Fact::Alarm(Alarm { cause, phase, .. }) => Some((cause.code(), phase.status())),
        Fact::PinAttack(..) => Some((Cause::PinAttack.code(), Phase::Raised.status())),
        _ => None,
    }
}

/// JSON knows one kind of number.
fn is_equal(expected: &Value, found: &Value) -> bool {
    match (expected.as_f64(), found.as_f64()) {
        // Degrees have one decimal; everything else is whole.
        (Some(expected), Some(found)) => (expected - found).abs() < 0.05,
        _ => expected == found,
    }
}
