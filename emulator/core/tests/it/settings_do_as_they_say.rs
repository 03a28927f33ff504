//! Settings (R-V3-36): a device takes those it knows, says which, and does as they say when they say it.

use serde_json::{Value, json};
use vestibule_core::calls::control::Command;
use vestibule_core::wire::v3::Service;
use vestibule_core::world::{MaskDetection, Screening, Setup};

use crate::support::{BAD_PARAMETER, BAD_TOKEN, REPORTS, Rig, reporting, retcode, wish};

/// `config-set` with that batch.
fn set(rig: &mut Rig, configs: &Value) -> Value {
    rig.ask(Service::Device, &json!({"action": "config-set", "body": {"configs": configs}}))
}

/// What `config-fetch` shows.
fn all(rig: &mut Rig) -> Vec<Value> {
    let answer = rig.ask(Service::Device, &json!({"action": "config-fetch"}));
    assert_eq!(answer["retcode"], 0);
    answer["body"]["configs"].as_array().expect("a list").clone()
}

fn value(rig: &mut Rig, key: &str) -> String {
    let all = all(rig);
    let found = all.iter().find(|config| config["key"] == key).expect("a setting");
    found["value"].as_str().expect("all values are texts").to_owned()
}

#[test]
fn r_v3_36_every_setting_is_shown_and_can_be_set() {
    let rows = [
        ("door-id", "Vestibule", "Tür 3 东门"),
        ("volume-out", "100", "0"),
        ("turnoff-screen", "disable", "enable"),
        ("tips-duration", "5", "-1"),
        ("show-mode", "user", "none"),
        ("log-mode", "none", "image"),
        ("therm-mode", "enable", "disable"),
        ("mask-mode", "disable", "enable"),
        ("manager-mode", "mqtt", "none"),
        ("report-state-server", "", REPORTS),
    ];
    let mut rig = Rig::new();
    let keys: Vec<Value> = all(&mut rig).iter().map(|config| config["key"].clone()).collect();
    assert_eq!(json!(keys), json!(rows.map(|(key, ..)| key)));
    for (key, shipped, other) in rows {
        assert_eq!(value(&mut rig, key), shipped, "{key}");
        let answer = set(&mut rig, &json!([{"key": key, "value": other}]));
        assert_eq!(answer["retcode"], 0, "{answer}");
        assert_eq!(answer["body"]["configs"][0]["key"], key);
        assert_eq!(answer["body"]["configs"][0]["value"], other);
        assert_eq!(value(&mut rig, key), other, "it is stored at once");
    }
    rig.control(Command::FactoryReset).expect("always");
    rig.forget_token();
    for (key, shipped, _) in rows {
        assert_eq!(value(&mut rig, key), shipped, "R-V3-29: {key}");
    }
}

#[test]
fn r_v3_36_a_value_that_no_row_takes_is_not_taken() {
    let long = "é".repeat(33);
    let bad = [
        ("manager-mode", "http"),
        ("manager-mode", ""),
        ("manager-mode", "NONE"),
        ("report-state-server", "ftp://a/"),
        ("report-state-server", "nowhere"),
        ("log-mode", "images"),
        ("log-mode", "1"),
        ("volume-out", "101"),
        ("volume-out", "-1"),
        ("volume-out", "+5"),
        ("volume-out", "05"),
        ("volume-out", "5.0"),
        ("volume-out", " 5"),
        ("volume-out", ""),
        ("volume-out", "99999999999999999999"),
        ("tips-duration", "-2"),
        ("tips-duration", "86401"),
        ("therm-mode", "true"),
        ("door-id", long.as_str()),
        ("door-id", "a\nb"),
        ("Log-Mode", "image"),
        ("log-mode ", "image"),
        ("", ""),
        ("no-such-key", "1"),
    ];
    for quirks in [&[][..], &[("v3.bad-field", "default")]] {
        let mut rig = Rig::with(quirks);
        let before = all(&mut rig);
        for (key, value) in bad {
            assert_eq!(rig.set_config(key, value)["retcode"], BAD_PARAMETER, "{key}={value:?}");
        }
        assert_eq!(all(&mut rig), before);
    }
}

#[test]
fn r_v3_36_a_batch_gives_what_it_can() {
    let rows = [
        // (the batch, the keys that are taken with their values)
        (json!([["nothing", "1"], ["volume-out", "7"]]), json!([["volume-out", "7"]])),
        (json!([["volume-out", "700"], ["show-mode", "none"]]), json!([["show-mode", "none"]])),
        // Of several for one key the last counts, also where that is not taken.
        (json!([["volume-out", "7"], ["volume-out", "8"]]), json!([["volume-out", "8"]])),
        (
            json!([["volume-out", "7"], ["show-mode", "none"], ["volume-out", "x"]]),
            json!([["show-mode", "none"]]),
        ),
    ];
    for (batch, taken) in rows {
        let mut rig = Rig::new();
        let pairs = |list: &Value, from: fn(&Value) -> Value| -> Value {
            list.as_array().expect("a list").iter().map(from).collect()
        };
        let configs = pairs(&batch, |pair| json!({"key": pair[0], "value": pair[1]}));
        let answer = set(&mut rig, &configs);
        let told = pairs(&answer["body"]["configs"], |one| json!([one["key"], one["value"]]));
        assert_eq!(told, taken, "{batch}");
        let others = all(&mut rig).len() - taken.as_array().expect("a list").len();
        let mut fresh = Rig::new();
        let shipped = all(&mut fresh);
        let same = all(&mut rig).iter().filter(|config| shipped.contains(config)).count();
        assert_eq!(same, others, "{batch}");
    }
}

#[test]
fn what_is_no_batch_changes_nothing() {
    let bad = [
        json!(null),
        json!([]),
        json!({}),
        json!({"configs": null}),
        json!({"configs": {}}),
        json!({"configs": "log-mode"}),
        json!({"configs": []}),
        json!({"configs": [[]]}),
        json!({"configs": [["volume-out", "7"]]}),
        json!({"configs": [{"key": "volume-out"}]}),
        json!({"configs": [{"value": "7"}]}),
        json!({"configs": [{"key": "volume-out", "value": 7}]}),
        json!({"configs": [{"key": "volume-out", "value": null}]}),
        json!({"configs": [{"key": ["volume-out"], "value": "7"}]}),
        // One that cannot be read spoils the batch.
        json!({"configs": [{"key": "volume-out", "value": "7"}, {"key": "show-mode", "value": 1}]}),
        json!({"configs": [{"key": "volume-out", "value": "7"}, null]}),
    ];
    let mut rig = Rig::new();
    let before = all(&mut rig);
    for body in bad {
        let request = json!({"action": "config-set", "body": body});
        assert_eq!(rig.ask(Service::Device, &request)["retcode"], BAD_PARAMETER, "{request}");
    }
    let good = r#"{"action":"config-set","body":{"configs":[{"key":"volume-out","value":"7"}]}}"#;
    assert_eq!(retcode(&mut rig, Service::Device, good, None), BAD_TOKEN);
    assert_eq!(all(&mut rig), before);
}

#[test]
fn r_v3_36_temperatures_and_masks_are_taken_as_they_are_set() {
    let shown = |rig: &mut Rig| {
        rig.emit(wish("face"));
        let entry = rig.entries().pop().expect("a face");
        let event = rig.event(entry.index);
        (event.get("therm").is_some(), rig.records(entry.index)[0]["data"]["mask"] != 0)
    };
    let mut rig = Rig::new();
    assert_eq!(shown(&mut rig), (true, false));
    rig.set_config("therm-mode", "disable");
    rig.set_config("mask-mode", "enable");
    assert_eq!(shown(&mut rig), (false, true), "at once");
    // What is shipped is what the device was configured with.
    let mut rig = Rig::made(|config| {
        let mut setup = Setup::clone(&config.setup);
        (setup.screening, setup.mask_detection) = (Screening::Off, MaskDetection::On);
        config.setup = std::sync::Arc::new(setup);
    });
    assert_eq!(shown(&mut rig), (false, true));
    assert_eq!((value(&mut rig, "therm-mode"), value(&mut rig, "mask-mode")), {
        ("disable".to_owned(), "enable".to_owned())
    });
}

#[test]
fn r_v3_36_a_door_opens_for_as_long_as_is_set() {
    // (the setting, how many events after ten seconds: remote, door opened, door closed)
    for (seconds, events) in [("5", 3), ("20", 2), ("-1", 2), ("0", 3)] {
        let mut rig = Rig::new();
        rig.set_config("tips-duration", seconds);
        let order = json!({"action": "device-opendoor", "body": {"type": "open"}});
        assert_eq!(rig.ask(Service::Device, &order)["retcode"], 0);
        rig.wait(10_000);
        assert_eq!(rig.entries().len(), events, "{seconds}");
    }
}

#[test]
fn r_v3_18_where_reports_go_changes_with_a_restart() {
    let mut rig = reporting(&[]);
    rig.set_config("manager-mode", "mqtt");
    assert_eq!(rig.device.status(rig.mono).report_to.as_deref(), Some(REPORTS));
    rig.control(Command::Restart).expect("always");
    assert_eq!(rig.device.status(rig.mono).report_to, None);
}
