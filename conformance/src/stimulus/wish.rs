//! What is to happen, in the words of the control API and in those of people.

use serde_json::{Map, Value, json};

use crate::case::step::{EventName, Stimulus as Wish};

/// The name of an event.
#[must_use]
pub const fn word(event: EventName) -> &'static str {
    match event {
        EventName::Face => "face",
        EventName::Card => "card",
        EventName::Qrcode => "qrcode",
        EventName::Visitor => "visitor",
        EventName::Therm => "therm",
        EventName::Door => "door",
        EventName::Remote => "remote",
        EventName::Push => "push",
        EventName::Fire => "fire",
        EventName::Disa => "disa",
        EventName::Pin => "pin",
        EventName::Alarm => "alarm",
        EventName::Network => "network",
    }
}

/// The body for the control API.
pub(super) fn body(wish: &Wish) -> Value {
    let mut body = Map::new();
    body.insert("event".to_owned(), word(wish.event).into());
    body.insert("count".to_owned(), wish.count.into());
    // A person is named by a word, or by a uid, which is a number there.
    let person = wish.person.as_ref().map(|person| match person.parse::<u32>() {
        Ok(uid) => json!(uid),
        Err(_) => json!(person),
    });
    for (key, value) in [
        ("state", wish.state.map(Value::from)),
        ("person", person),
        ("reason", wish.reason.clone().map(Value::from)),
        ("entry_mode", wish.entry_mode.map(Value::from)),
        ("therm", wish.therm.map(Value::from)),
        ("code", wish.code.map(Value::from)),
        ("status", wish.status.map(Value::from)),
        ("card", wish.card.clone().map(Value::from)),
        ("qrcode", wish.qrcode.clone().map(Value::from)),
    ] {
        if let Some(value) = value {
            body.insert(key.to_owned(), value);
        }
    }
    Value::Object(body)
}

/// What a person is asked to do.
pub(super) fn words(wish: &Wish) -> String {
    let what = match (wish.event, wish.state.or(ended(wish))) {
        (EventName::Face, _) => "show a face",
        (EventName::Card, _) => "hold up a card",
        (EventName::Qrcode, _) => "show a QR code",
        (EventName::Visitor, _) => "show a visitor's code",
        (EventName::Therm, _) => "have a temperature taken",
        (EventName::Door, Some(0)) => "close the door",
        (EventName::Door, _) => "open the door",
        (EventName::Remote, _) => "open the door from afar",
        (EventName::Push, Some(0)) => "release the exit button",
        (EventName::Push, _) => "press the exit button",
        (EventName::Fire, Some(0)) => "end the fire alarm",
        (EventName::Fire, _) => "set off the fire alarm",
        (EventName::Disa, Some(0)) => "end the tamper alarm",
        (EventName::Disa, _) => "set off the tamper alarm",
        (EventName::Pin, _) => "enter a job number and a PIN",
        (EventName::Alarm, Some(0)) => "end the alarm",
        (EventName::Alarm, _) if wish.status == Some(FAILED) => "fail to end the alarm",
        (EventName::Alarm, _) => "set off the alarm",
        (EventName::Network, Some(0)) => "unplug the network cable",
        (EventName::Network, _) => "plug the network cable in",
    };
    let mut words = what.to_owned();
    let reason = wish.reason.as_ref().map(|reason| format!("ending in: {reason}"));
    let times = (wish.count > 1).then(|| format!("{} times", wish.count));
    let details: Vec<String> = details(wish).into_iter().chain(reason).chain(times).collect();
    if !details.is_empty() {
        words.push_str(&format!(" ({})", details.join(", ")));
    }
    words
}

/// The first thing asked for that neither the event's name nor its state nor its reason says: whoever is
/// told those alone would make something else happen, and the device be blamed for it.
pub(super) fn unsaid(wish: &Wish) -> Option<String> {
    let usual = Wish { entry_mode: None, ..wish.clone() };
    let is_usual = wish.entry_mode == usual_entry_mode(wish.event);
    details(if is_usual { &usual } else { wish }).into_iter().next()
}

/// What is asked for besides event, state and reason, in words.
fn details(wish: &Wish) -> Vec<String> {
    let person = wish.person.as_ref().filter(|person| *person != "any");
    let details = [
        person.map(|person| format!("by: {person}")),
        wish.entry_mode.map(|mode| format!("entry_mode {mode}")),
        wish.therm.map(|therm| format!("at {therm} °C")),
        wish.code.map(|code| format!("code {code}")),
        wish.status.map(|status| format!("status {status}")),
        wish.card.as_ref().map(|card| format!("card {card}")),
        wish.qrcode.as_ref().map(|text| format!("saying {text}")),
    ];
    details.into_iter().flatten().collect()
}

/// How the door is asked to open where nothing else is said (tables B and E).
const fn usual_entry_mode(event: EventName) -> Option<u8> {
    match event {
        EventName::Face => Some(1),
        EventName::Qrcode | EventName::Visitor => Some(2),
        EventName::Card => Some(3),
        EventName::Push => Some(11),
        EventName::Pin => Some(12),
        _ => None,
    }
}

/// The v1 document's `status` of an alarm that somebody failed to end, and of one that was ended.
const FAILED: u8 = 2;
const CLEARED: u8 = 3;

/// The state of an alarm that is over.
fn ended(wish: &Wish) -> Option<u8> {
    (wish.event == EventName::Alarm && wish.status == Some(CLEARED)).then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_told_to_people_and_to_the_control_api() {
        let text = r#"{"event": "face", "count": 2, "person": "7", "reason": "expired"}"#;
        let wish: Wish = serde_json::from_str(text).unwrap();
        let body_of = json!({"event": "face", "count": 2, "person": 7, "reason": "expired"});
        assert_eq!(body(&wish), body_of);
        assert_eq!(words(&wish), "show a face (by: 7, ending in: expired, 2 times)");
    }

    #[test]
    fn people_are_told_all_of_it() {
        for (text, words_of) in [
            (
                r#"{"event": "alarm", "code": 10002, "status": 3}"#,
                "end the alarm (code 10002, status 3)",
            ),
            (r#"{"event": "alarm", "status": 2}"#, "fail to end the alarm (status 2)"),
            (r#"{"event": "face", "person": "any", "therm": 36.6}"#, "show a face (at 36.6 °C)"),
            (r#"{"event": "card", "card": "77"}"#, "hold up a card (card 77)"),
            (r#"{"event": "qrcode", "qrcode": "x"}"#, "show a QR code (saying x)"),
        ] {
            assert_eq!(words(&serde_json::from_str(text).unwrap()), words_of);
        }
    }

    #[test]
    fn what_three_words_cannot_say_is_unsaid() {
        for (text, what) in [
            (r#"{"event": "face", "count": 3, "reason": "accepted"}"#, None),
            (r#"{"event": "network", "state": 0}"#, None),
            (r#"{"event": "face", "person": "any", "entry_mode": 1}"#, None),
            (r#"{"event": "pin", "reason": "wrong-pin", "entry_mode": 12}"#, None),
            (r#"{"event": "face", "person": "visitor"}"#, Some("by: visitor")),
            (r#"{"event": "face", "entry_mode": 4}"#, Some("entry_mode 4")),
            (r#"{"event": "face", "therm": 38.5}"#, Some("at 38.5 °C")),
            (r#"{"event": "alarm", "code": 10003, "status": 1}"#, Some("code 10003")),
            (r#"{"event": "alarm", "status": 3}"#, Some("status 3")),
            (r#"{"event": "card", "card": "77"}"#, Some("card 77")),
            (r#"{"event": "qrcode", "qrcode": "x"}"#, Some("saying x")),
        ] {
            let wish: Wish = serde_json::from_str(text).unwrap();
            assert_eq!(unsaid(&wish).as_deref(), what, "{text}");
        }
    }
}
