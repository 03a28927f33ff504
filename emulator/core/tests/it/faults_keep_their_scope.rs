//! A fault strikes where its scope says and nowhere else, a set is armed whole or not at all, and the same
//! seed meets the same faults.

use serde_json::{Value, json};
use vestibule_core::calls::control::{Command, Reply};
use vestibule_core::faults::{ArmedStatus, FaultSet, Takes, Wanted, all};

use crate::support::{INFO, RECORDS, Rig, answered};

/// A fault that every `event-info` shows.
const FAULT: &str = "v3.info.text";

fn wanted(fault: &Value) -> Wanted {
    serde_json::from_value(fault.clone()).expect("a fault as it is written")
}

fn read(faults: &[Value]) -> Result<FaultSet, String> {
    let wanted: Vec<Wanted> = faults.iter().map(wanted).collect();
    FaultSet::read(&wanted).map_err(|error| error.to_string())
}

fn arm(rig: &mut Rig, faults: &[Value]) {
    let set = read(faults).expect("faults that can be armed");
    assert_eq!(rig.control(Command::Arm(set)), Ok(Reply::Done));
}

/// A device with one event and that fault in that scope.
fn armed(scope: &Value) -> Rig {
    let mut rig = Rig::new();
    rig.faces(1);
    arm(&mut rig, &[json!({"name": FAULT, "scope": scope})]);
    rig
}

/// At which of so many `event-info` it struck.
fn strikes(rig: &mut Rig, calls: usize) -> Vec<bool> {
    (0..calls).map(|_| rig.info()["body"]["max"].is_string()).collect()
}

fn status(rig: &Rig) -> ArmedStatus {
    rig.device.armed_faults().remove(0)
}

#[test]
fn each_scope_strikes_where_it_says() {
    let mut rig = armed(&json!({}));
    assert_eq!(strikes(&mut rig, 3), [true, true, true]);
    let mut rig = armed(&json!({"first": 2}));
    assert_eq!(strikes(&mut rig, 4), [true, true, false, false]);
    let mut rig = armed(&json!({"every": 3}));
    assert_eq!(strikes(&mut rig, 7), [false, false, true, false, false, true, false]);
    let mut rig = armed(&json!({"probability": 0.0}));
    assert!(!strikes(&mut rig, 50).contains(&true));
    let mut rig = armed(&json!({"probability": 1.0}));
    assert!(!strikes(&mut rig, 50).contains(&false));
    let mut rig = armed(&json!({"probability": 0.5}));
    let struck = strikes(&mut rig, 400).iter().filter(|struck| **struck).count();
    assert!((150..250).contains(&struck), "{struck} of 400");
    let status = status(&rig);
    assert_eq!((status.met, status.struck), (400, struck as u64));
}

#[test]
fn a_scope_of_time_ends_by_itself() {
    let mut rig = armed(&json!({"for": "10s"}));
    assert_eq!(strikes(&mut rig, 1), [true]);
    rig.wait(9_999);
    assert_eq!(strikes(&mut rig, 1), [true]);
    rig.wait(1);
    assert_eq!(strikes(&mut rig, 2), [false, false]);
    assert_eq!((status(&rig).met, status(&rig).struck), (2, 2), "what is over meets nothing");
}

/// A push that a fault held back goes when the fault ends, not at the next input.
#[test]
fn what_was_held_back_goes_when_the_time_is_over() {
    let mut rig = Rig::new();
    rig.subscribe();
    arm(&mut rig, &[json!({"name": "v1.push.never", "scope": {"for": "100s"}})]);
    rig.faces(1);
    rig.wait(99_999);
    assert_eq!(rig.attempts.len(), 0);
    rig.wait(1);
    assert_eq!(rig.attempts.len(), 1);
}

/// Once the scope is over, a retry that is due does not keep the device awake.
#[test]
fn a_disabled_device_comes_to_rest_again() {
    let mut rig = Rig::new();
    rig.subscribe_to(RECORDS, Some(false));
    arm(&mut rig, &[json!({"name": "v1.push.while-disabled", "scope": {"first": 1}})]);
    rig.faces(1);
    let attempt = rig.take_attempt();
    rig.settle(&attempt, &answered(500, ""));
    rig.wait(100_000);
    assert_eq!((rig.attempts.len(), rig.backlog()), (0, 1));
    assert_eq!(rig.device.next_deadline(), None);
}

#[test]
fn a_scope_counts_the_exchanges_of_its_fault_alone() {
    let mut rig = armed(&json!({"first": 1}));
    for _ in 0..3 {
        rig.fetch(&json!({}));
        rig.token();
    }
    assert_eq!(strikes(&mut rig, 2), [true, false]);
}

#[test]
fn the_same_seed_meets_the_same_faults() {
    let dice = json!({"probability": 0.5});
    let mut first = strikes(&mut armed(&dice), 64);
    assert_eq!(strikes(&mut armed(&dice), 64), first);
    let mut again = armed(&dice);
    // What else happens moves no dice.
    again.faces(5);
    again.fetch(&json!({}));
    assert_eq!(strikes(&mut again, 64), first);
    let mut other = Rig::made(|config| config.seed = config.seed.named("another"));
    other.faces(1);
    arm(&mut other, &[json!({"name": FAULT, "scope": dice})]);
    assert_ne!(strikes(&mut other, 64), first);
    // Armed twice, each throws its own.
    let twice = [
        json!({"name": FAULT, "scope": dice}),
        json!({"name": "v3.info.max-wrong", "scope": dice}),
    ];
    let mut rig = Rig::new();
    rig.faces(1);
    arm(&mut rig, &twice);
    first = strikes(&mut rig, 64);
    let [text, wrong] = &rig.device.armed_faults()[..] else { panic!("two are armed") };
    assert_eq!(text.met, wrong.met);
    assert_eq!(text.struck, first.iter().filter(|struck| **struck).count() as u64);
}

#[test]
fn arming_again_begins_anew() {
    let scope = json!({"first": 1});
    let mut rig = armed(&scope);
    assert_eq!(strikes(&mut rig, 2), [true, false]);
    arm(&mut rig, &[json!({"name": FAULT, "scope": scope})]);
    assert_eq!(status(&rig).met, 0);
    assert_eq!(strikes(&mut rig, 2), [true, false]);
    arm(&mut rig, &[]);
    assert_eq!(rig.device.armed_faults().len(), 0);
}

#[test]
fn faults_outlive_a_restart_and_a_factory_reset_and_not_a_rewind() {
    let mut rig = armed(&json!({}));
    for command in [Command::Restart, Command::FactoryReset] {
        rig.control(command).expect("it can be");
        rig.forget_token();
        assert_eq!(strikes(&mut rig, 1), [true]);
    }
    let fresh = vestibule_core::device::Device::new(rig.device.config(), rig.device.now(rig.mono));
    rig.input(|device, mono, effects| device.rewind(fresh, mono, effects));
    rig.forget_token();
    assert_eq!(rig.device.armed_faults().len(), 0, "those of the configuration: none");
    assert_eq!(strikes(&mut rig, 1), [false]);
}

#[test]
fn what_cannot_be_armed_is_refused_whole_and_says_why() {
    let mut rig = armed(&json!({}));
    let good = json!({"name": "v3.info.stale"});
    let bad = [
        json!({"name": "v3.info.stael"}),
        json!({"name": "nonsense"}),
        json!({"name": "v3.info.stale", "params": {"limit": 3}}),
        json!({"name": "v3.fetch.default-limit", "params": {"limits": 3}}),
        json!({"name": "v3.fetch.default-limit", "params": {"limit": 1001}}),
        json!({"name": "v3.fetch.default-limit", "params": {"limit": "many"}}),
        json!({"name": "v3.event.field-missing", "params": {"kind": "door", "field": "uid"}}),
        json!({"name": "v3.event.field-missing", "params": {"kind": "reset"}}),
        json!({"name": "v3.event.lost", "params": {"kind": "pin"}}),
        json!({"name": "v3.info.stale", "scope": {"probability": 1.5}}),
        json!({"name": "v3.info.stale", "scope": {"first": 0}}),
        json!({"name": "v3.info.stale", "scope": {"for": "soon"}}),
        json!({"name": "v3.info.stale", "scope": {"often": 3}}),
        json!({"name": "v3.info.stale", "scope": {"first": 1, "every": 2}}),
    ];
    let said: Vec<String> =
        bad.iter().map(|bad| read(&[good.clone(), bad.clone()]).expect_err("refused")).collect();
    insta::assert_snapshot!(said.join("\n"));
    let many = vec![good; 1001];
    assert!(read(&many).is_err());
    assert_eq!(status(&rig).fault.name, FAULT, "what is armed stays");
    assert_eq!(strikes(&mut rig, 1), [true]);
}

/// A field that is not said is one that the kind has.
#[test]
fn a_default_follows_the_kind() {
    let mut rig = Rig::new();
    let door = json!({"name": "v3.event.field-missing", "params": {"kind": "door"}});
    arm(&mut rig, &[door]);
    let shown: Vec<(&str, Value)> = status(&rig).args.shown().collect();
    assert_eq!(shown, [("field", json!("state")), ("kind", json!("door"))]);
}

#[test]
fn the_table_holds_together() {
    let mut names: Vec<&str> = all().map(|fault| fault.name).collect();
    for fault in all() {
        let params = fault.params.iter().map(|param| (param.name, param.default));
        let params: serde_json::Map<String, Value> =
            params.map(|(name, default)| (name.to_owned(), default.into())).collect();
        let whole = json!({"name": fault.name, "params": params});
        read(&[whole]).unwrap_or_else(|error| panic!("its defaults can be armed: {error}"));
        assert!(!fault.sites.is_empty() && !fault.meaning.is_empty(), "{}", fault.name);
        for param in fault.params {
            let Takes::Word(words) = param.takes else { continue };
            assert!(words.contains(&param.default), "{} {}", fault.name, param.name);
        }
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all().count(), "every name is one fault's");
}

/// Every fault has what it does at some exchange: none is a name alone.
#[test]
fn every_fault_sets_a_knob() {
    for fault in all() {
        let mut rig = Rig::new();
        arm(&mut rig, &[json!({"name": fault.name})]);
        let before = rig.device.view();
        let changed = fault
            .sites
            .iter()
            .any(|site| rig.device.exchange(*site, rig.mono).behaviour != before.behaviour);
        assert!(changed, "{}", fault.name);
    }
}

/// Without faults an exchange has the device's own view: nothing is made for it.
#[test]
fn without_faults_nothing_is_made() {
    let mut rig = Rig::new();
    let standing = rig.device.view();
    let site = vestibule_core::wire::v3::site(INFO.as_bytes());
    let own = rig.device.exchange(site, rig.mono);
    assert!(std::sync::Arc::ptr_eq(&standing, &own));
}
