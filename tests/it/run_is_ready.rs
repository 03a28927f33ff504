//! `run` says when it is ready, ends when it is told to, and refuses what it cannot run.

use std::net::TcpListener;

use crate::running::Running;
use crate::support::vestibule;

#[test]
fn the_ready_line_has_what_is_promised_and_nothing_follows_it() {
    let device = Running::start(&["--seed", "7", "--rate", "0"]);
    let keys: Vec<&String> = device.ready.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["control", "device_id", "seed", "sn", "url"]);
    assert_eq!(device.ready["seed"], 7);
    device.signal("TERM");
    assert_eq!(device.end(), (Some(0), String::new()));
}

#[test]
fn the_ready_file_has_the_same_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ready");
    let device = Running::start(&["--ready-file", path.to_str().expect("a path in UTF-8")]);
    let text = std::fs::read_to_string(&path).expect("ready, so it is there");
    let line: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(line, device.ready);
    device.signal("INT");
    assert_eq!(device.end().0, Some(0));
}

#[test]
fn a_seed_is_picked_and_printed() {
    let seeds =
        [Running::start(&[]), Running::start(&[])].map(|device| device.ready["seed"].clone());
    assert!(seeds.iter().all(serde_json::Value::is_u64), "{seeds:?}");
    assert_ne!(seeds[0], seeds[1]);
}

#[test]
fn a_taken_port_is_3() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    for (flag, other) in [("--listen", "--control"), ("--control", "--listen")] {
        let args = ["run", flag, &address, other, "127.0.0.1:0"];
        let output = vestibule(&args).output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(&address) && said.contains("port 0 picks a free one"), "{said}");
    }
}

#[test]
fn what_cannot_be_run_is_2_and_says_why() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("v.toml");
    std::fs::write(&file, "[device]\nmood = 3\n").expect("written");
    let file = file.to_str().expect("a path in UTF-8");
    let cases: [(&[&str], &str); 12] = [
        (&["--quirk", "v3.paht=any"], "there is no quirk `v3.paht`"),
        (&["--quirk", "v3.path"], "not NAME=VALUE"),
        (&["--quirk", "preset=none"], "there is no preset `none`"),
        (&["--listen", "nowhere"], "not HOST:PORT"),
        (&["--control", "0.0.0.0:0"], "--control-token"),
        (&["--clock", "yesterday"], "like 2026-03-02T08:00:00Z"),
        (&["--speed", "0"], "0.001 to 1000000"),
        (&["--rate", "-1"], "-1"),
        (&["--capacity", "0"], "1 to 10000000"),
        (&["--push-to", "ftp://x/"], "http:// or https://"),
        (&["--push-ca", "/nonexistent.pem"], "/nonexistent.pem"),
        (&["--config", file], "unknown field `mood`"),
    ];
    for (args, why) in cases {
        let mut command = vestibule(&["run"]);
        for port in ["--listen", "--control"].iter().filter(|port| !args.contains(port)) {
            command.args([port, "127.0.0.1:0"]);
        }
        let output = command.args(args).output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {said}");
        assert!(output.stdout.is_empty());
    }
}
