//! `vestibule ctl` does from a shell what the control API does, and its exit codes say how it went.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::running::Running;
use crate::support::vestibule;

struct Done {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Done {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{}", self.stdout))
    }
}

fn ctl(control: &str, args: &[&str]) -> Done {
    let mut command = vestibule(&["ctl", "--control", control]);
    let output = command.args(args).output().expect("the command runs");
    Done {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is text"),
        stderr: String::from_utf8(output.stderr).expect("stderr is text"),
    }
}

#[test]
fn every_action_does_its_part() {
    let device = Running::start(&["--rate", "0", "--seed", "7"]);
    let control = device.told("control");
    let ok = |args: &[&str]| {
        let done = ctl(control, args);
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.stderr);
        done
    };
    let emitted = ok(&["emit", "face", "--count", "3", "--person", "any", "--reason", "expired"]);
    assert_eq!(emitted.json()["events"].as_array().expect("events").len(), 3);
    let shown = ok(&["events", "--limit", "2"]).stdout;
    assert_eq!(shown.lines().count(), 2);
    assert!(shown.lines().all(|line| line.contains("face") && line.ends_with("expired")));
    assert_eq!(ok(&["events", "--json"]).json()["events"][2]["v3"]["state"], 2);
    assert_eq!(ok(&["offline"]).json()["online"], false);
    let status = ok(&["status"]).stdout;
    assert!(status.starts_with("DEVICE") && status.contains("offline"), "{status}");
    assert_eq!(ok(&["--device", "all", "online"]).json()["devices"][0]["online"], true);
    ok(&["flap", "--up", "10ms", "--down", "10ms", "--times", "2"]);
    let traffic = ok(&["traffic", "--traffic", "steady", "--speed", "2"]).json();
    assert_eq!(traffic, json!({"traffic": "steady", "rate_per_minute": 0.0, "speed": 2.0}));
    let shown = ok(&["traffic"]).stdout;
    assert!(shown.ends_with("  steady 0.0/min x2\n"), "{shown}");
    assert_eq!(ok(&["--device", "all", "traffic"]).stdout, shown);
    assert_eq!(ok(&["traffic", "--json"]).json(), traffic);
    ok(&["expect", "face", "--from", "1", "--count", "3", "--state", "2"]);
    ok(&["deliveries"]);
    assert_eq!(ok(&["restart"]).json()["next_index"], 5);
    assert_eq!(ok(&["reset"]).json()["next_index"], 2);
    ok(&["rewind"]);
    assert_eq!(ok(&["status", "--json"]).json()["devices"][0]["next_index"], 1);
}

#[test]
fn faults_are_set_listed_and_cleared() {
    let device = Running::start(&["--rate", "0"]);
    let ok = |args: &[&str]| {
        let done = ctl(device.told("control"), args);
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.stderr);
        done
    };
    let set = ok(&["faults", "set", "v3.info.stale", "v1.cache.small,records=20,first=3"]).json();
    assert_eq!(set["faults"][1]["params"], json!({"records": 20}));
    assert_eq!(set["faults"][1]["scope"], json!({"first": 3}));
    let listed = ok(&["faults"]).stdout;
    assert!(listed.contains("v1.cache.small,records=20,first=3  struck 0 of 0"), "{listed}");
    assert_eq!(ok(&["--device", "all", "faults", "list"]).stdout, listed);
    assert_eq!(ok(&["faults", "list", "--json"]).json(), set);
    assert_eq!(ok(&["faults", "clear"]).json(), json!({"faults": []}));
    assert_eq!(ok(&["faults"]).stdout, "");
}

#[test]
fn what_fails_has_its_code_and_says_why() {
    let device = Running::start(&["--rate", "0", "--control-token", "secret"]);
    let control = device.told("control");
    let token = ["--control-token", "secret"];
    let with_token = |args: &[&str]| ctl(control, &[&token, args].concat());
    for (done, code, says) in [
        (ctl(control, &["status"]), 2, "--control-token"),
        (ctl("http://127.0.0.1:9", &["status"]), 3, "vestibule run"),
        (ctl("nonsense", &["status"]), 2, "http://127.0.0.1:7900"),
        (ctl(device.told("url"), &["status"]), 3, "not the device's"),
        (with_token(&["emit", "nap"]), 2, "face, card"),
        (with_token(&["faults", "set", "v3.info.stael"]), 2, "did you mean `v3.info.stale`?"),
        (with_token(&["--device", "XYZ", "restart"]), 2, "VSB0000001"),
        (with_token(&["--device", "XYZ", "watch"]), 2, "VSB0000001"),
        (with_token(&["--device", "all", "emit", "face", "--state", "9"]), 2, "state 9"),
        (with_token(&["expect", "face", "--within", "10ms"]), 1, "0 of 1"),
        (with_token(&["--device", "all", "expect", "face", "--within", "10ms"]), 1, "0 of 1"),
    ] {
        assert_eq!(done.code, Some(code), "{says}: {}", done.stderr);
        let line = done.stderr.lines().last().expect("a line says why");
        assert!(line.starts_with("vestibule: ") && line.contains(says), "{line}");
    }
}

#[test]
fn watching_shows_a_line_an_event_until_the_end() {
    let device = Running::start(&["--rate", "0"]);
    let control = device.told("control").to_owned();
    let mut command = vestibule(&["ctl", "--control", &control, "watch", "--json"]);
    let mut watching = command.spawn().expect("the command starts");
    let stdout = watching.stdout.take().expect("stdout is piped");
    let mut lines = BufReader::new(stdout).lines();
    // Events are made until one is seen: watching begins a moment after the command.
    let first = std::thread::scope(|scope| {
        let seeing = scope.spawn(|| lines.next().expect("a line").expect("stdout is text"));
        while !seeing.is_finished() {
            assert_eq!(ctl(&control, &["emit", "card"]).code, Some(0));
        }
        seeing.join().expect("it was seen")
    });
    let first: Value = serde_json::from_str(&first).expect("a line is JSON");
    assert_eq!((&first["kind"], &first["v3"]["event"]), (&json!("card"), &json!("card")));
    device.signal("TERM");
    assert_eq!(device.end().0, Some(0));
    let ended = watching.wait_with_output().expect("the command ends");
    assert_eq!(ended.status.code(), Some(3), "the emulator is gone");
}

#[test]
fn the_address_needs_no_scheme_and_an_empty_variable_is_unset() {
    let device = Running::start(&["--rate", "0"]);
    let control = device.told("control");
    let address = control.strip_prefix("http://").expect("the URL is plain");
    assert_eq!(ctl(address, &["status"]).code, Some(0));
    assert_eq!(ctl(&format!("{address}/"), &["status"]).code, Some(0));
    let output = vestibule(&["ctl", "--control", control, "online"])
        .envs([("VESTIBULE_SN", ""), ("VESTIBULE_CONTROL_TOKEN", "")])
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn of_several_devices_one_must_be_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let several = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut lines = BufReader::new(&stream).lines();
        while lines.next().is_some_and(|line| !line.expect("a head is text").is_empty()) {}
        let body = r#"{"devices":[{"sn":"A1"},{"sn":"B2"}]}"#;
        let length = body.len();
        write!(&stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}")
    });
    let done = ctl(&address, &["reset"]);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    for says in ["A1, B2", "--device"] {
        assert!(done.stderr.contains(says), "{}", done.stderr);
    }
    several.join().expect("it was asked").expect("it answered");
}

#[test]
fn a_negative_number_is_a_value_and_outside_the_range() {
    let device = Running::start(&["--rate", "0"]);
    let control = device.told("control");
    for (args, says) in [
        ("flap --up 1s --down 1s --times -1", "-1 is not in 0..=4294967295"),
        ("emit face --count -1", "-1 is not in 0..=4294967295"),
        ("emit face --state -1", "-1 is not in 0..=255"),
        ("emit face --entry-mode -1", "-1 is not in 0..=255"),
        ("emit therm --therm -1", "therm"),
        ("emit face --at -1", "-1 is outside 1970"),
        ("traffic --rate -1", "-1 events per minute is outside 0 to"),
        ("traffic --speed -1", "speed -1 is outside"),
        ("events --from -1", "a whole number, 0 or more"),
        ("deliveries --limit -1", "-1 is not in 0..=4294967295"),
        ("expect --count -1", "-1 is not in 0..=4294967295"),
        ("expect --from -1", "a whole number, 0 or more"),
        ("expect --seqnum -1", "a whole number, 0 or more"),
        ("expect --within -1", "expected a duration"),
    ] {
        let done = ctl(control, &args.split(' ').collect::<Vec<_>>());
        assert_eq!(done.code, Some(2), "{args}: {}", done.stderr);
        assert!(done.stderr.contains(says), "{args}: {}", done.stderr);
    }
}
