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

    let (address, file) =
        (device.told("url").replace("http://", ""), path.to_str().expect("UTF-8"));
    let second = ["run", "--listen", &address, "--control", "127.0.0.1:0", "--ready-file", file];
    assert_eq!(vestibule(&second).output().expect("it ends").status.code(), Some(3));
    assert!(path.exists(), "a start that failed leaves the file of whoever has the port");

    device.signal("INT");
    assert_eq!(device.end().0, Some(0));
    assert!(!path.exists(), "nobody finds a device that has ended");
}

/// A long past is made while signals are heard.
#[test]
fn a_signal_ends_a_long_start() {
    let args = ["run", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"];
    let past = ["--backfill", "10000000", "--rate", "1000000"];
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ready");
    std::fs::write(&path, "of an earlier run").expect("written");
    let mut command = vestibule(&args);
    let mut child =
        command.args(past).arg("--ready-file").arg(&path).spawn().expect("the command starts");
    // The file goes once the ports are open and the signals are heard, before the past is made.
    while path.exists() {
        std::thread::yield_now();
    }
    let kill = format!("kill -TERM {}", child.id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().expect("sh").success());
    let mut printed = String::new();
    let stdout = child.stdout.as_mut().expect("stdout is piped");
    std::io::Read::read_to_string(stdout, &mut printed).expect("text");
    assert_eq!((child.wait().expect("it ends").code(), printed.as_str()), (Some(0), ""));
}

/// TOML has its own ways to write a time and a dotted name, and both are taken.
#[test]
fn a_configuration_may_be_written_as_toml_is() {
    let text =
        "clock = 2026-03-02T08:00:00Z\n[quirks]\nv3.timestamp-unit = \"s\"\nv3.bad-token = 101\n";
    let config: vestibule_emulator::config::Config = toml::from_str(text).expect("it is read");
    let plan = config.plan(7).expect("it can be run");
    assert_eq!(plan.clock.expect("given").millis(), 1_772_438_400_000);
    assert_eq!(plan.devices[0].device.behaviour.v3.bad_token, 101);
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
    let cases: [(&[&str], &str); 14] = [
        (&["--backfill", "1000000", "--rate", "0.001"], "raise --rate"),
        (&["--control-token", "a b"], "visible ASCII"),
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
