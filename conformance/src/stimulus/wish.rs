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
    let what = match (wish.event, wish.state) {
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
        (EventName::Alarm, _) => "set off the alarm",
        (EventName::Network, Some(0)) => "unplug the network cable",
        (EventName::Network, _) => "plug the network cable in",
    };
    let mut words = what.to_owned();
    let details = [
        wish.person.as_ref().map(|person| format!("by: {person}")),
        wish.reason.as_ref().map(|reason| format!("ending in: {reason}")),
        wish.entry_mode.map(|mode| format!("entry_mode {mode}")),
        wish.code.map(|code| format!("code {code}")),
        wish.status.map(|status| format!("status {status}")),
        (wish.count > 1).then(|| format!("{} times", wish.count)),
    ];
    let details: Vec<String> = details.into_iter().flatten().collect();
    if !details.is_empty() {
        words.push_str(&format!(" ({})", details.join(", ")));
    }
    words
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
}
