//! Whatever is armed, a device serves, pushes, reports and comes to rest: no fault makes it panic or spin, and
//! once all are cleared everything that waits arrives.

use serde_json::{Value, json};
use vestibule_core::behaviour::Behaviour;
use vestibule_core::calls::control::{Command, Network, Playing};
use vestibule_core::calls::v1::Call;
use vestibule_core::delivery::{NoAnswer, Outcome};
use vestibule_core::faults::{FaultSet, Wanted, all};
use vestibule_core::journal::Capacity;
use vestibule_core::wire::v3::Service;
use vestibule_core::world::{EventName, Wish};

use crate::support::{DIGEST, RECORDS, REPORTS, Rig, accepted, answered, dest, sent};

/// An image of its usual size would only take time.
const SMALL_IMAGE: &str = "push.oversized-image";

fn set(names: &[&str], scope: &Value) -> FaultSet {
    let wanted: Vec<Wanted> = names
        .iter()
        .map(|name| {
            let params = if *name == SMALL_IMAGE { json!({"bytes": 100}) } else { json!({}) };
            let wanted = json!({"name": name, "params": params, "scope": scope});
            serde_json::from_value(wanted).expect("a fault as it is written")
        })
        .collect();
    FaultSet::read(&wanted).expect("faults of the table")
}

fn device() -> Rig {
    Rig::made(|config| {
        config.capacity = Capacity::new(20).expect("a capacity");
        config.push_to = Some(dest(RECORDS));
        config.report_to = Some(dest(REPORTS).into());
    })
}

/// Ends what is under way, each in another way.
fn settle(rig: &mut Rig) {
    let outcomes = [
        accepted(),
        answered(500, ""),
        Outcome::NoAnswer(NoAnswer::Silence),
        answered(200, r#"{"code":500}"#),
        Outcome::NoAnswer(NoAnswer::Unreachable),
    ];
    for outcome in &outcomes {
        for attempt in rig.take_attempts() {
            sent(&attempt);
            rig.settle(&attempt, outcome);
        }
    }
}

/// Requests good and bad, with numbers at both ends of what there is.
fn ask(rig: &mut Rig) {
    let login = json!({"action": "auth-login", "body": {"user": "admin", "passwd": DIGEST}});
    let answer = rig.serve(Service::Auth, login.to_string().as_bytes(), None);
    let answer: Value =
        answer.and_then(|answer| serde_json::from_slice(&answer).ok()).unwrap_or_default();
    let token = answer["body"]["token"].as_str().unwrap_or("none").to_owned();
    let numbers = [json!(0), json!(1), json!(7), json!(u64::MAX), json!(-1), json!("x")];
    for number in &numbers {
        for body in [
            json!({"seqnum": number}),
            json!({"offset": number}),
            json!({"limit": number}),
            json!({"seqnum": number, "offset": number, "limit": number}),
        ] {
            let fetch = json!({"action": "event-fetch", "header": {"reqid": "1"}, "body": body});
            rig.serve(Service::Event, fetch.to_string().as_bytes(), Some(&token));
        }
    }
    for garbage in ["", "{", r#"{"action":"event-info"}"#, r#"{"action":"nothing"}"#] {
        rig.serve(Service::Event, garbage.as_bytes(), Some(&token));
    }
    rig.subscribe_to(RECORDS, Some(true));
}

/// A hard day. What a fault refuses is refused.
fn live(rig: &mut Rig) {
    for event in EventName::ALL {
        drop(rig.try_emit(Wish::new(event), Playing::Exactly));
        settle(rig);
    }
    ask(rig);
    rig.call_v1(Ok(Call::Subscribe { destination: dest(RECORDS), enabled: Some(false) })).ok();
    drop(rig.try_emit(Wish::new(EventName::Face), Playing::Exactly));
    rig.wait(60_000);
    settle(rig);
    rig.wait(60_000);
    rig.subscribe_to(RECORDS, Some(true));
    rig.network(Network::Offline);
    drop(rig.try_emit(Wish { count: 30, ..Wish::new(EventName::Face) }, Playing::Exactly));
    rig.network(Network::Online);
    settle(rig);
    for command in [Command::Restart, Command::FactoryReset] {
        rig.control(command).expect("it can be");
        drop(rig.try_emit(Wish::new(EventName::Face), Playing::Episode));
        rig.wait(60_000);
        settle(rig);
        ask(rig);
    }
    rig.wait(3_600_000);
}

fn survives(names: &[&str]) {
    for scope in [json!({}), json!({"probability": 0.5}), json!({"for": "90s"})] {
        survives_in(names, &scope);
    }
}

fn survives_in(names: &[&str], scope: &Value) {
    let mut rig = device();
    rig.control(Command::Arm(set(names, scope))).expect("they can be armed");
    live(&mut rig);
    rig.control(Command::Arm(FaultSet::default())).expect("they can be cleared");
    rig.faces(3);
    for _ in 0..100 {
        rig.drain();
        rig.wait(60_000);
    }
    assert_eq!(rig.backlog(), 0, "{names:?}: something waits for ever");
    let view = rig.device.view();
    assert_eq!(*view.behaviour, Behaviour::default(), "{names:?}: something stays");
}

#[test]
fn alone() {
    for fault in all() {
        survives(&[fault.name]);
    }
}

#[test]
fn with_its_neighbours() {
    let names: Vec<&str> = all().map(|fault| fault.name).collect();
    for neighbours in names.windows(5).step_by(2) {
        survives(neighbours);
    }
}

#[test]
fn all_at_once() {
    let names: Vec<&str> = all().map(|fault| fault.name).collect();
    survives(&names);
}
