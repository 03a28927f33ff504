//! `[[devices]]` in a configuration: groups of devices, each as it says, and otherwise as the file says.

use std::io::Write;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::running::Running;
use crate::support::vestibule;

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().expect("a path in UTF-8")
}

fn start(count: usize, config: &NamedTempFile, args: &[&str]) -> Running {
    let mut command = vestibule(&["run", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
    command.args(["--config", path(config)]).args(args);
    Running::spawn(command, count).expect("it becomes ready")
}

/// What of each device, in their order.
fn shown(run: &Running, of: impl Fn(&Value) -> Value) -> Vec<Value> {
    let output = vestibule(&["ctl", "--control", run.told("control"), "status", "--json"]).output();
    let status: Value = serde_json::from_slice(&output.expect("it ends").stdout).expect("JSON");
    status["devices"].as_array().expect("a list").iter().map(of).collect()
}

const GROUPS: &str = r#"
seed = 7
[traffic]
rate_per_minute = 0
[quirks]
preset = "walos-demo"

[[devices]]
count = 2

[[devices]]
count = 1
capacity = 9
offline = true
device = { time_zone = "Europe/Berlin", sn = "WEST-01" }
roster = { employees = 3, visitors = 0, blocklisted = 0 }
traffic = { profile = "steady", rate_per_minute = 0.5 }
push = { to = "http://127.0.0.1:9/Record" }
report = { to = "http://127.0.0.1:9/report" }
quirks = { "v3.timestamp-unit" = "s" }
faults = [{ name = "push.delayed", params = { by = "2s" } }]

[[devices]]
"#;

#[test]
fn each_is_as_its_group_says() {
    let config = file(GROUPS);
    let run = start(4, &config, &[]);
    let sns: Vec<&Value> = run.all().map(|line| &line["sn"]).collect();
    assert_eq!(sns, ["VSB0000001", "VSB0000002", "WEST-01", "VSB0000004"]);
    let ids: Vec<&Value> = run.all().map(|line| &line["device_id"]).collect();
    assert_eq!(ids, ["00vsb00001", "00vsb00002", "00vsb00003", "00vsb00004"]);
    let seen = shown(&run, |device| {
        let clock = device["clock"].as_str().expect("a time");
        json!([
            device["sn"],
            device["online"],
            device["journal"]["capacity"],
            device["traffic"]["rate_per_minute"],
            device["subscription"]["event_dest"],
            device["report_to"],
            device["faults"][0]["name"],
            clock.ends_with("+08:00"),
        ])
    });
    let plain = |sn: &str| json!([sn, true, 50000, 0.0, null, null, null, true]);
    let (push, report) = ("http://127.0.0.1:9/Record", "http://127.0.0.1:9/report");
    let west = json!(["WEST-01", false, 9, 0.5, push, report, "push.delayed", false]);
    let expected = [plain("VSB0000001"), plain("VSB0000002"), plain("VSB0000004"), west];
    assert_eq!(seen, expected);
}

#[test]
fn the_command_line_wins_over_groups() {
    let config = file(GROUPS);
    let run = start(4, &config, &["--rate", "0", "--push-to", "http://127.0.0.1:9/x", "--offline"]);
    let seen = shown(&run, |device| {
        let dest = &device["subscription"]["event_dest"];
        json!([device["online"], device["traffic"]["rate_per_minute"], dest])
    });
    assert_eq!(seen, vec![json!([false, 0.0, "http://127.0.0.1:9/x"]); 4]);
    let run = start(4, &config, &["--devices", "4"]);
    assert_eq!(run.all().count(), 4);
}

#[test]
fn what_cannot_be_has_its_place() {
    let cases: [(&str, &[&str], &[&str]); 9] = [
        (
            "[[devices]]\ncount = 0\n",
            &[],
            &["group 1 of [[devices]], at line 1", "count cannot be 0"],
        ),
        (
            "seed = 1\n[[devices]]\n\n[[devices]]\ndevice = { mode = 12 }\n",
            &[],
            &["group 2 of [[devices]], at line 4", "the mode cannot be 12"],
        ),
        ("[[devices]]\ncout = 3\n", &[], &["line 2", "unknown field `cout`"]),
        ("devices = \"many\"\n", &[], &["line 1", "groups of them as [[devices]]"]),
        ("devices = []\n", &[], &["an empty list has no devices"]),
        (
            "[[devices]]\ncount = 2\n[[devices]]\n",
            &["--devices", "4"],
            &["the number of devices cannot be 4", "3, the sum of the 2 [[devices]]"],
        ),
        (
            "[[devices]]\n[[devices]]\ndevice = { sn = \"VSB0000001\" }\n",
            &[],
            &["the serial number cannot be VSB0000001", "one device's only"],
        ),
        (
            "[[devices]]\nquirks = { \"v3.nonsense\" = 1 }\n",
            &[],
            &["group 1 of [[devices]]", "v3.nonsense"],
        ),
        (
            "data = \"nowhere\"\n[[devices]]\nroster = { employees = 1 }\n",
            &[],
            &["group 1 of [[devices]]", "the people of one site"],
        ),
    ];
    for (text, args, whys) in cases {
        let config = file(text);
        let output = vestibule(&[&["run", "--config", path(&config)], args].concat()).output();
        let output = output.expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(whys.iter().all(|why| said.contains(why)), "{text}: {said}");
    }
}
