//! Whole messages as they go over the wire, from one seed and clock: each row of table B in both APIs, the
//! variants that quirks make, reports and every form of answer.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};
use vestibule_core::calls::control::Command;
use vestibule_core::calls::v1::{Call, Claims, Reply, Subscription, TokenKey};
use vestibule_core::event::{HealthCodes, Mode};
use vestibule_core::wire;
use vestibule_core::wire::v3::Service;
use vestibule_core::world::Setup;

use crate::rulings_tables::TABLE_B;
use crate::support::{DIGEST, RECORDS, Rig, accepted, dest, parsed, quirk, reporting, sent, wish};

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a value")
}

fn rig(mode: u8, quirks: &[(&str, &str)]) -> Rig {
    let mut rig = Rig::made(|config| {
        config.setup = Arc::new(Setup {
            mode: Mode::new(mode).expect("a mode"),
            health_codes: HealthCodes::On,
            ..Setup::default()
        });
        for (name, value) in quirks {
            quirk(&mut config.behaviour, name, value);
        }
    });
    rig.subscribe();
    rig
}

/// The rows of table B that begin with one of these events.
fn group(events: &[&str]) -> String {
    let mut text = String::new();
    for (mode, wishes, ..) in TABLE_B {
        let event = wishes.split(' ').next().expect("an event comes first");
        if !events.contains(&event.trim_end_matches(';')) {
            continue;
        }
        let mut rig = rig(*mode, &[]);
        let mut shown = (Value::Null, Vec::new());
        for (at, each) in wishes.split("; ").enumerate() {
            rig.wait(if at == 0 { 0 } else { 90_000 });
            shown = rig.both(wish(each));
        }
        writeln!(text, "=== mode {mode}: {wishes}").expect("memory");
        writeln!(text, "v3 {}", pretty(&shown.0)).expect("memory");
        for record in shown.1 {
            writeln!(text, "v1 {}", pretty(&record)).expect("memory");
        }
    }
    text
}

#[test]
fn table_b_faces() {
    insta::assert_snapshot!(group(&["face"]));
}

#[test]
fn table_b_cards() {
    insta::assert_snapshot!(group(&["card"]));
}

#[test]
fn table_b_codes() {
    insta::assert_snapshot!(group(&["qrcode", "visitor"]));
}

#[test]
fn table_b_pins() {
    insta::assert_snapshot!(group(&["pin"]));
}

#[test]
fn table_b_what_is_switched_and_taken() {
    insta::assert_snapshot!(group(&["therm", "push", "remote", "door"]));
}

#[test]
fn table_b_alarms() {
    insta::assert_snapshot!(group(&["alarm", "disa", "fire"]));
}

#[test]
fn the_variants_that_quirks_make() {
    let variants: [(&str, &[(&str, &str)]); 12] = [
        ("face", &[("v3.timestamp-unit", "s"), ("v1.timestamp-unit", "ms")]),
        ("face", &[("v3.fill-absent-fields", "true")]),
        ("face", &[("v3.device-fields", "false"), ("v1.empty-image", "empty")]),
        ("face", &[("v1.empty-image", "null")]),
        ("face", &[("v1.empty-image", "absent")]),
        ("face person=stranger", &[("v3.stranger-uid", "constant"), ("v1.unknown-user", "null")]),
        ("card reason=unknown-card", &[("v3.card-digits", "14"), ("v1.nobody", "0")]),
        ("door", &[("v3.door-name", "open"), ("v3.fill-absent-fields", "true")]),
        ("disa", &[("v1.alarm-code", "raised-only")]),
        ("disa; disa state=0", &[("v1.alarm-code", "raised-only")]),
        ("disa", &[("v1.empty-image", "null")]),
        ("disa", &[("v1.empty-image", "absent")]),
    ];
    let mut text = String::new();
    for (wishes, quirks) in variants {
        let mut rig = rig(3, quirks);
        let mut shown = (Value::Null, Vec::new());
        for each in wishes.split("; ") {
            shown = rig.both(wish(each));
        }
        let quirks: Vec<_> = quirks.iter().map(|(name, value)| format!("{name}={value}")).collect();
        writeln!(text, "=== {wishes}: {}", quirks.join(" ")).expect("memory");
        writeln!(text, "v3 {}", pretty(&shown.0)).expect("memory");
        for record in shown.1 {
            writeln!(text, "v1 {}", pretty(&record)).expect("memory");
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn reports() {
    let mut text = String::new();
    let variants: [&[(&str, &str)]; 4] = [
        &[],
        &[("v3.report-reqid", "counter")],
        &[("v3.device-fields", "false")],
        &[("v3.trailing-commas", "true")],
    ];
    for quirks in variants {
        let mut rig = reporting(quirks);
        rig.emit(wish("face"));
        let attempt = rig.take_attempt();
        let bytes = String::from_utf8(sent(&attempt)).expect("utf-8");
        writeln!(text, "=== {quirks:?}\n{bytes}").expect("memory");
        rig.settle(&attempt, &accepted());
        rig.control(Command::Restart).expect("always");
        let attempt = rig.take_attempt();
        let bytes = String::from_utf8(sent(&attempt)).expect("utf-8");
        writeln!(text, "{bytes}").expect("memory");
    }
    insta::assert_snapshot!(text);
}

/// What changes with every release is only checked for its form.
fn without_versions(mut answer: Value) -> Value {
    for field in ["walos-version", "algm-version"] {
        if let Some(version) = answer.pointer_mut(&format!("/body/{field}")) {
            let text = version.as_str().expect("a text");
            assert_eq!(text.split('.').count(), 3, "{text}");
            *version = json!("[version]");
        }
    }
    answer
}

#[test]
fn answers_of_v3() {
    let mut rig = rig(3, &[]);
    let requests = [
        (
            Service::Auth,
            json!({"action": "auth-login", "body": {"user": "admin", "passwd": DIGEST}}),
        ),
        (Service::Auth, json!({"action": "auth-login", "body": {"user": "admin", "passwd": "00"}})),
        (
            Service::Auth,
            json!({"action": "auth-passwd", "body": {"user": "admin", "passwd": DIGEST}}),
        ),
        (Service::Device, json!({"action": "device-info"})),
        (Service::Device, json!({"action": "config-fetch"})),
        (
            Service::Device,
            json!({"action": "config-set", "body": {"configs": [
                {"key": "manager-mode", "value": "none"}, {"key": "unheard-of", "value": "1"},
            ]}}),
        ),
        (Service::Event, json!({"action": "event-info"})),
        (Service::Event, json!({"action": "event-fetch"})),
        (Service::Event, json!({"action": "event-fetch", "body": {"seqnum": 2, "limit": 2}})),
        (Service::Event, json!({"action": "event-fetch", "body": {"seqnum": "2"}})),
        (Service::Event, json!({"action": "event-erase"})),
    ];
    let mut text = String::new();
    for (number, (service, mut request)) in requests.into_iter().enumerate() {
        if number == 7 {
            rig.emit(wish("face"));
            rig.emit(wish("qrcode"));
            rig.emit(wish("therm"));
        }
        request["header"] = json!({"reqid": format!("1293{number:02}")});
        let answer = without_versions(rig.ask(service, &request));
        writeln!(text, "=== {request}\n{}", pretty(&answer)).expect("memory");
    }
    let bare = rig.serve(Service::Event, br#"{"action":"event-info"}"#, None);
    let bare = String::from_utf8(bare.expect("an answer")).expect("utf-8");
    writeln!(text, "=== without token or header\n{bare}").expect("memory");
    insta::assert_snapshot!(text);
}

#[test]
fn answers_of_v1() {
    let subscription = Subscription { destination: dest(RECORDS), enabled: true };
    let (mut rig, refused) =
        (Rig::new(), "event_dest must be a string with the receiver's address");
    let view = rig.device.view();
    let (account, issuer) = ("admin".to_owned(), "VSB0000007".to_owned());
    let claims = Claims { account, issuer, issued: 1_717_466_400, expires: 1_717_466_700 };
    let sign = |claims: &Claims, _: &TokenKey| {
        serde_json::to_string(&wire::v1::TokenClaims::from(claims)).expect("claims are JSON")
    };
    let answers = [
        wire::v1::encode(Reply::Done, &view, sign),
        wire::v1::encode(Reply::Subscription(None), &view, sign),
        wire::v1::encode(Reply::Subscription(Some(subscription)), &view, sign),
        wire::v1::encode(Reply::Token(claims, TokenKey([0; 32])), &view, sign),
        wire::v1::encode(Reply::Codes, &view, sign),
        wire::v1::encode_error(400, refused, &view),
    ];
    let mut text = String::new();
    for bytes in answers {
        parsed(&bytes);
        writeln!(text, "{}", String::from_utf8(bytes).expect("utf-8")).expect("memory");
    }
    insta::assert_snapshot!(text);
    assert_eq!(rig.call_v1(Ok(Call::GetSubscription)), Ok(Reply::Subscription(None)));
}
