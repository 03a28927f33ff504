//! Whatever arrives, in whatever bytes, is read or refused: arbitrary bytes, and valid messages spoiled.

use proptest::prelude::*;
use serde_json::Value;
use vestibule_core::behaviour::{BadField, V3};
use vestibule_core::calls::v1::Operation;
use vestibule_core::delivery::Answer;
use vestibule_core::delivery::push::acknowledges;
use vestibule_core::dest::{EventDest, ReportTo};
use vestibule_core::wire::discovery::heard;
use vestibule_core::wire::v1::{answer_code, decode as decode_v1};
use vestibule_core::wire::v3::{Service, answered, decode};

use crate::support::Rig;

const SERVICES: [Service; 5] =
    [Service::Auth, Service::Device, Service::Accounts, Service::Event, Service::Any];

/// What of v1 reads a body.
const OPERATIONS: [Operation; 4] =
    [Operation::Subscribe, Operation::Login, Operation::Records, Operation::Door];

/// Good messages of every kind, to be spoiled.
const MESSAGES: [&str; 25] = [
    r#"{"action":"auth-login","header":{"reqid":"1"},"body":{"user":"admin","passwd":"00"}}"#,
    r#"{"action":"auth-passwd","header":{"reqid":7},"body":{"user":"a","passwd":"0"}}"#,
    r#"{"action":"device-info","header":{"reqid":null}}"#,
    r#"{"action":"device-opendoor","body":{"userid":"1","type":"open","delay":-1}}"#,
    r#"{"action":"device-synctime","body":{"timezone":-480,"timestamp":1717466400}}"#,
    r#"{"action":"device-reboot","header":{"reqid":"1"}}"#,
    r#"{"action":"device-reset","header":{"reqid":"1"}}"#,
    r#"{"action":"config-set","body":{"configs":[{"key":"manager-mode","value":"none"}]}}"#,
    r#"{"action":"device-download","body":{"type":"logr","chanel":0,"offset":0,"size":99,"seqnum":1}}"#,
    r#"{"action":"user-fetch","body":{"offset":1,"limit":2}}"#,
    r#"{"action":"user-insert","body":{"users":[{"userid":"7","name":"a","desc":"b","effect":0,"expire":-1,"state":0,"cards":[{"id":"0xff","type":"ic","hex":1}],"rules":[]}]}}"#,
    r#"{"action":"user-lookup","body":{"users":[{"userid":"7"}]}}"#,
    r#"{"action":"user-remove","body":{"users":[{"userid":"100001"},{"userid":"7"}]}}"#,
    r#"{"action":"event-info","header":{"reqid":{"a":[1,2.5e3]}}}"#,
    r#"{"action":"event-fetch","header":{"reqid":"é"},"body":{"seqnum":6,"offset":1,"limit":2}}"#,
    r#"{"event_dest":"https://[::1]:8443/Record?x=1","enabled":true}"#,
    r#"{"username":"admin","password":"admin","validTime":0.5}"#,
    r#"{"begin_time":1717466400,"end_time":0,"user_id":"7","offset":0,"limit":9,"sort":1}"#,
    r#"{"open_mode":1,"card_number":"4289595462"}"#,
    r#"{"code":200,"msg":"success","message":"success","data":{}}"#,
    r#"{"code":2e2}"#,
    r#"{"action":"scan"}"#,
    r#"{"retcode":0,"header":{"reqid":"sync-time-1"}}"#,
    "mqtts://user:p%40ss@[::1]:8883/?topic_pub=up/&topic_sub=down/&client_id=c",
    "wss://host:1/devices?x=1",
];

/// Everything that reads what arrives.
fn read(bytes: &[u8]) {
    for service in SERVICES {
        for bad_field in [BadField::Error, BadField::Absent] {
            let knobs = V3 { bad_field, ..V3::default() };
            let request = decode(bytes, service, &knobs);
            if let Some(reqid) = request.reqid {
                let echo: Value = serde_json::from_str(reqid.get()).expect("a JSON value");
                drop(echo);
            }
        }
    }
    for operation in OPERATIONS {
        let _ = decode_v1(operation, bytes);
    }
    let _ = (answer_code(bytes), answered(bytes), heard(bytes));
    let text = String::from_utf8_lossy(bytes);
    let _ = (EventDest::parse(&text), ReportTo::parse(&text));
}

/// A device serves it and shows an answer in JSON.
fn serve(rig: &mut Rig, bytes: &[u8], token: &str) {
    for service in SERVICES {
        let answer = rig.serve(service, bytes, Some(token)).expect("never silent by default");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        assert!(answer["retcode"].is_u64(), "{answer}");
    }
}

fn spoiled() -> impl Strategy<Value = Vec<u8>> {
    let spoil = (0..3_u8, any::<prop::sample::Index>(), any::<u8>());
    let spoils = proptest::collection::vec(spoil, 0..4);
    (0..MESSAGES.len(), spoils).prop_map(|(message, spoils)| {
        let mut bytes = MESSAGES[message].as_bytes().to_vec();
        for (how, place, byte) in spoils {
            let place = place.index(bytes.len());
            match how {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ if bytes.len() > 1 => drop(bytes.remove(place)),
                _ => {}
            }
        }
        bytes
    })
}

/// Actions, of each service.
const ACTIONS: &[&str] = &[
    "auth-login",
    "auth-passwd",
    "device-download",
    "device-info",
    "device-opendoor",
    "device-reboot",
    "device-reset",
    "device-synctime",
    "config-fetch",
    "config-set",
    "user-fetch",
    "user-insert",
    "user-remove",
    "user-lookup",
    "user-clear",
    "event-info",
    "event-fetch",
];

/// Fields of the right names with values of any type.
fn retyped() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("\"\"".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        "[ -~]{0,8}".prop_map(|text| Value::String(text).to_string()),
    ];
    let name = prop::sample::select(vec![
        "seqnum",
        "offset",
        "limit",
        "user",
        "passwd",
        "configs",
        "reqid",
        "code",
        "enabled",
        "username",
        "password",
        "validTime",
        "begin_time",
        "user_id",
        "sort",
        "userid",
        "timezone",
        "timestamp",
        "type",
        "delay",
        "users",
        "cards",
        "rules",
        "name",
        "effect",
        "state",
        "event_dest",
        "header",
        "action",
        "body",
    ]);
    let action = prop::sample::select(ACTIONS.to_vec());
    let members = proptest::collection::vec((name, value), 0..4);
    (action, members, any::<bool>()).prop_map(|(action, members, outside)| {
        let members: Vec<String> =
            members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let members = members.join(",");
        if outside {
            format!("{{{members}}}").into_bytes()
        } else {
            format!(r#"{{"action":"{action}","body":{{{members}}}}}"#).into_bytes()
        }
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes);
    }

    #[test]
    fn arbitrary_text(text in "\\PC{0,80}") {
        read(text.as_bytes());
        let _ = EventDest::parse(&format!("http://{text}"));
        for scheme in ["http", "ws", "wss", "mqtt", "mqtts"] {
            let _ = ReportTo::parse(&format!("{scheme}://{text}"));
            let _ = ReportTo::parse(&format!("{scheme}://user:%4{text}@host/?topic_pub={text}"));
        }
    }

    #[test]
    fn spoiled_messages(bytes in spoiled()) {
        read(&bytes);
        let body = bytes;
        let _ = acknowledges(&Answer { status: 200, body }, Default::default());
    }

    #[test]
    fn r_v3_07_a_device_answers_all_of_it(bytes in prop_oneof![spoiled(), retyped()]) {
        read(&bytes);
        let mut rig = Rig::new();
        let token = rig.token();
        serve(&mut rig, &bytes, &token);
        let info = br#"{"action":"event-info"}"#;
        serve(&mut rig, info, &token);
    }
}

#[test]
fn what_is_deep_is_refused_or_skipped() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(5_000), close.repeat(5_000));
    let nested = deep("[", "]");
    for text in [
        nested.clone(),
        format!(r#"{{"action":"event-fetch","body":{nested}}}"#),
        format!(r#"{{"action":"event-info","header":{{"reqid":{nested}}}}}"#),
        format!(r#"{{"code":{nested}}}"#),
        format!(r#"{{"event_dest":{nested}}}"#),
        format!(r#"{{"other":{nested},"code":200}}"#),
        deep(r#"{"body":"#, "}"),
    ] {
        let _ = decode(text.as_bytes(), Service::Any, &V3::default());
        for operation in OPERATIONS {
            let _ = decode_v1(operation, text.as_bytes());
        }
        let _ = (answer_code(text.as_bytes()), answered(text.as_bytes()), heard(text.as_bytes()));
    }
}
