//! Recording: what a device answers, as cases.
//!
//! `QUESTIONS` is what is asked, and only reads. An answer becomes what the case expects with every
//! value that may be private, or that differs from day to day, put down by its type alone: a
//! recording has no name, number, code or token in it, whatever the device sent.

use serde_json::{Map, Value, json};

use crate::case::types::Level;

/// Something that a device is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The id of the case.
    pub id: &'static str,
    /// What holds, in one line.
    pub title: &'static str,
    /// What the case rests on.
    pub source: &'static [&'static str],
    /// The faults that must turn it red.
    pub killed_by: &'static [&'static str],
    /// The request, as the case's `call`.
    pub call: &'static str,
}

/// The questions.
pub const QUESTIONS: [Question; 5] = [
    Question {
        id: "v3.recorded.login",
        title: "A login is answered as on the recorded device",
        source: &["R-V3-02"],
        killed_by: &["v3.login.token-missing"],
        call: r#"{"v3": {"service": "auth", "action": "auth-login",
            "body": {"user": "${target.v3.user}", "passwd": "${target.v3.digest}"}}}"#,
    },
    Question {
        id: "v3.recorded.info",
        title: "event-info is answered as on the recorded device",
        source: &["v3.info.answer"],
        killed_by: &["v3.info.text"],
        call: r#"{"v3": {"action": "event-info"}}"#,
    },
    Question {
        id: "v3.recorded.fetch",
        title: "event-fetch is answered as on the recorded device",
        source: &["v3.fetch.answer"],
        killed_by: &["v3.fetch.events-missing"],
        call: r#"{"v3": {"action": "event-fetch", "body": {"offset": 0, "limit": 5}}}"#,
    },
    Question {
        id: "v3.recorded.refusal",
        title: "A request without a token is refused as on the recorded device",
        source: &["R-V3-03"],
        killed_by: &["v3.token.not-required"],
        call: r#"{"v3": {"action": "event-info", "token": "none"}}"#,
    },
    Question {
        id: "v1.recorded.subscription",
        title: "The subscription is shown as on the recorded device",
        source: &["v1.get.answer"],
        killed_by: &["v1.answer.code-missing"],
        call: r#"{"v1": {"method": "GET"}}"#,
    },
];

/// Where a recording comes from.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The device and its firmware, without a serial number.
    pub device: String,
    /// The day.
    pub on: String,
    /// The program.
    pub by: String,
}

/// The case that demands what was answered; none when the answer was no JSON.
#[must_use]
pub fn case(question: &Question, status: u16, answer: &Value, from: &Provenance) -> Option<Value> {
    answer.as_object()?;
    let mut call: Value = serde_json::from_str(question.call).ok()?;
    let inner = call.as_object_mut()?.values_mut().next()?.as_object_mut()?;
    let expect = json!({"is": "anything", "status": status, "json": by_type("", answer)});
    inner.insert("expect".to_owned(), expect);
    let (device, on, by) = (&from.device, &from.on, &from.by);
    Some(json!({
        "id": question.id,
        "rev": 1,
        "title": question.title,
        "source": question.source,
        "level": Level::Must.word(),
        "provenance": "recorded",
        "recorded": {"device": device, "on": on, "by": by},
        "safety": "safe",
        "killed_by": question.killed_by,
        "steps": [{"call": call}],
    }))
}

/// Members whose values are the same on every device of a kind: the messages' own words. All others
/// may be private or change.
const WORDS: [&str; 5] = ["retcode", "code", "msg", "action", "event"];

/// A value as the matcher of its type; the messages' own words as they are.
fn by_type(name: &str, value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => json!({"$boolean": {}}),
        Value::Number(_) | Value::String(_) if WORDS.contains(&name) => value.clone(),
        Value::Number(number) if number.is_f64() => json!({"$number": {}}),
        Value::Number(_) => json!({"$integer": {}}),
        Value::String(_) => json!({"$string": {}}),
        Value::Array(items) => json!({"$each": elements(items)}),
        Value::Object(members) => {
            let member = |(key, one): (&String, &Value)| (key.clone(), by_type(key, one));
            Value::Object(members.iter().map(member).collect::<Map<String, Value>>())
        }
    }
}

/// What each element is: the different forms that were seen.
fn elements(items: &[Value]) -> Value {
    let mut forms: Vec<Value> = Vec::new();
    for form in items.iter().map(|item| by_type("", item)) {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    match forms.len() {
        0 => json!({"$object": {}}),
        1 => forms.remove(0),
        _ => json!({"$one_of": forms}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::read;

    fn provenance() -> Provenance {
        let text = |text: &str| text.to_owned();
        Provenance { device: text("a device"), on: text("2026-03-02"), by: text("vestibule 0") }
    }

    #[test]
    fn a_recording_is_a_case_without_anything_private() {
        let answer = json!({"retcode": 0, "header": {"reqid": "129393"}, "body": {"events": [
            {"seqnum": 6, "event": "face", "uid": "SECRET-1", "score": 0.5, "state": 4},
            {"seqnum": 7, "event": "qrcode", "qrcode": "SECRET-2"},
            {"seqnum": 8, "event": "qrcode", "qrcode": "SECRET-3"},
        ]}});
        for question in &QUESTIONS {
            let case = case(question, 200, &answer, &provenance()).expect("it is an object");
            let text = serde_json::to_string_pretty(&case).unwrap();
            assert!(!text.contains("SECRET"), "{text}");
            read::case(question.id, &text).expect("it can be read");
        }
    }

    #[test]
    fn different_elements_are_different_forms() {
        let items = json!([{"event": "a"}, {"event": "b"}, {"event": "a"}]);
        let form = by_type("", &items);
        assert_eq!(form, json!({"$each": {"$one_of": [{"event": "a"}, {"event": "b"}]}}));
    }

    #[test]
    fn what_is_no_json_is_no_case() {
        assert_eq!(case(&QUESTIONS[0], 200, &Value::Null, &provenance()), None);
    }
}
