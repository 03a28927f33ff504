//! `run --devices` is that many devices, each by itself, at one control API.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::running::Running;
use crate::support::vestibule;

fn ctl(device: &Running, args: &[&str]) -> String {
    let mut command = vestibule(&["ctl", "--control", device.told("control")]);
    let output = command.args(args).output().expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
    String::from_utf8(output.stdout).expect("stdout is text")
}

fn ctl_json(device: &Running, args: &[&str]) -> Value {
    serde_json::from_str(&ctl(device, args)).expect("the answer is JSON")
}

fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().expect("the ready line has it")
}

fn is_served(line: &Value) -> bool {
    TcpStream::connect(text(line, "url").trim_start_matches("http://")).is_ok()
}

/// What a run that does not come up says.
fn refused(args: &[&str]) -> (Option<i32>, String) {
    let output = vestibule(&[&["run"], args].concat()).output().expect("it ends");
    assert!(output.stdout.is_empty(), "{args:?}");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn each_device_has_a_line_a_name_and_a_port() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ready");
    let file = path.to_str().expect("a path in UTF-8");
    let run = Running::start_many(4, &["--rate", "0", "--seed", "7", "--ready-file", file]);
    let lines: Vec<&Value> = run.all().collect();
    let all = |key| lines.iter().map(|line| text(line, key)).collect::<Vec<_>>();
    assert_eq!(all("sn"), ["VSB0000001", "VSB0000002", "VSB0000003", "VSB0000004"]);
    assert_eq!(all("device_id"), ["00vsb00001", "00vsb00002", "00vsb00003", "00vsb00004"]);
    assert_eq!(all("url").iter().collect::<BTreeSet<_>>().len(), 4);
    assert_eq!(all("control"), [run.told("control"); 4]);
    assert!(lines.iter().all(|line| line["seed"] == 7 && is_served(line)));
    let written = std::fs::read_to_string(&path).expect("ready, so it is there");
    let written = written.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    assert_eq!(written.collect::<Vec<Value>>(), lines.into_iter().cloned().collect::<Vec<_>>());
    run.signal("TERM");
    assert_eq!(run.end(), (Some(0), String::new()));
}

#[test]
fn one_goes_while_the_others_serve() {
    let run = Running::start_many(3, &["--rate", "0"]);
    let emitted = ctl_json(&run, &["--device", "all", "emit", "face", "--count", "2"]);
    let devices = emitted["devices"].as_array().expect("a list");
    assert!(devices.len() == 3 && devices.iter().all(|line| line["ok"] == true), "{emitted}");
    ctl(&run, &["--device", "VSB0000002", "offline"]);
    let served = |run: &Running| run.all().map(is_served).collect::<Vec<_>>();
    assert_eq!(served(&run), [true, false, true]);
    ctl(&run, &["--device", "VSB0000003", "emit", "card"]);
    ctl(&run, &["--device", "VSB0000001", "reset"]);
    let status = ctl_json(&run, &["status", "--json"]);
    let shown = status["devices"].as_array().expect("a list").iter();
    let shown = shown.map(|device| json!([device["online"], device["journal"]["max"]]));
    let expected = [json!([true, 1]), json!([false, 2]), json!([true, 3])];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    ctl(&run, &["--device", "all", "restart"]);
    assert_eq!(served(&run), [true, false, true], "a restart does not plug it in");
    ctl(&run, &["rewind"]);
    assert_eq!(served(&run), [true; 3]);
    let status = ctl_json(&run, &["--device", "all", "status", "--json"]);
    let shown = status["devices"].as_array().expect("a list").iter();
    assert_eq!(shown.map(|device| device["next_index"].as_u64()).collect::<Vec<_>>(), [Some(1); 3]);
}

#[test]
fn the_people_are_those_of_one_site() {
    let run = Running::start_many(2, &["--rate", "0", "--seed", "7"]);
    let card = |sn: &str, person: &str| {
        let emit = ["--device", sn, "emit", "card", "--person", person];
        ctl(&run, &emit);
        let shown = ctl_json(&run, &["--device", sn, "events", "--json"]);
        let last = shown["events"].as_array().expect("a list").last().expect("an event");
        (text(&last["v3"], "uid").to_owned(), text(&last["v3"], "data").to_owned())
    };
    let (uid, data) = card("VSB0000001", "any");
    assert_eq!(card("VSB0000002", &uid), (uid, data));
}

/// What one does follows from the seed and its name alone.
#[test]
fn a_devices_day_does_not_depend_on_the_others() {
    let day = ["--seed", "7", "--clock", "2026-03-02T18:00:00+08:00", "--backfill", "200"];
    let events = |run: &Running, sn: &str| {
        let page = ["--device", sn, "events", "--json", "--from", "1", "--limit", "100"];
        ctl_json(run, &page)["events"].take()
    };
    let (alone, many) = (Running::start(&day), Running::start_many(3, &day));
    assert_eq!(events(&alone, "VSB0000001"), events(&many, "VSB0000001"));
    let more = Running::start_many(4, &day);
    let third = events(&more, "VSB0000003");
    assert_eq!(third, events(&many, "VSB0000003"));
    assert_ne!(third, events(&many, "VSB0000001"));
}

#[test]
fn ports_follow_the_first() {
    // Nobody promises that the ports behind a free one are free, too.
    let run = (0..50).find_map(|_| {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr();
        let free = free.expect("bound").port();
        let listen = format!("127.0.0.1:{free}");
        let args = ["run", "--listen", &listen, "--control", "127.0.0.1:0", "--devices", "3"];
        Running::spawn(vestibule(&args), 3).map(|run| (run, free))
    });
    let (run, first) = run.expect("three free ports in a row");
    let urls: Vec<&str> = run.all().map(|line| text(line, "url")).collect();
    assert_eq!(urls, [0, 1, 2].map(|by| format!("http://127.0.0.1:{}", first + by)));
    assert!(run.all().all(is_served));
}

#[test]
fn what_cannot_be_many_is_2_and_says_why() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = |text: &str| {
        let path = directory.path().join(text.len().to_string());
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a path in UTF-8").to_owned()
    };
    let door = config("devices = 2\naddressing = \"port\"\n[device]\nsn = \"DOOR\"\n");
    let id = config("devices = 2\n[device]\ndevice_id = \"left\"\n");
    let circle = config("addressing = \"circle\"");
    let free = ["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"];
    let cases: [(&[&str], &str); 11] = [
        (&["--devices", "0"], "the number of devices cannot be 0"),
        (&["--devices", "65536"], "1 to 65535"),
        (&["--devices", "-1"], "-1"),
        (&["--devices", "2", "--addressing", "circle"], "[possible values: port, loopback]"),
        (&["--devices", "1000", "--backfill", "10001"], "10000 events for each"),
        (&["--config", &door], "like DOOR-01"),
        (&["--config", &id], "the device id cannot be left"),
        (&["--config", &circle], "expected `port` or `loopback`"),
        (&["--connections", "0"], "the number of connections cannot be 0"),
        (&["--listen", "127.0.0.1:65534", "--devices", "3"], "at most 2 from port 65534 on"),
        (
            &["--listen", "127.0.0.1:8000", "--control", "127.0.0.1:8002", "--devices", "3"],
            "none of the devices' ports, 8000 to 8002",
        ),
    ];
    for (args, why) in cases {
        let args = if args.contains(&"--listen") { args.to_vec() } else { [&free, args].concat() };
        let (code, said) = refused(&args);
        assert_eq!(code, Some(2), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {said}");
    }
}

/// A run for which there are too few descriptors does not begin, and says how many devices there may be.
#[test]
fn descriptors_are_counted_before_the_start() {
    let limited = |limits: &str, devices: &str| {
        let run = format!("{limits}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &run, env!("CARGO_BIN_EXE_vestibule"), "run", "--rate", "0"]);
        command.args(["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
        command.args(["--devices", devices]).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let output = limited("ulimit -n 96", "1000").output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("2288 file descriptors are needed, and 96 are allowed"), "{said}");
    let (_, fitting) = said.split_once("enough for ").expect("it says what fits");
    let fitting = fitting.split(' ').next().expect("a number");
    let count = fitting.parse().expect("a number");
    let run = Running::spawn(limited("ulimit -n 96", fitting), count).expect("so many fit");
    let emitted = ctl_json(&run, &["--device", "all", "emit", "face"]);
    assert_eq!(emitted["devices"].as_array().expect("a list").len(), count);
    assert!(run.all().all(is_served));

    let mut capped = limited("ulimit -n 96", "30");
    capped.args(["--connections", "4"]);
    let capped = Running::spawn(capped, 30).expect("30 ports, 30 callers and 4 connections fit");
    assert!(capped.all().all(is_served));

    let raised = Running::spawn(limited("ulimit -Sn 64", "20"), 20).expect("the limit is raised");
    assert!(raised.all().all(is_served));
}

/// However many there are: a log with a line for each would hide everything else.
#[test]
fn the_log_has_one_line_for_all() {
    let mut command = vestibule(&["run", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
    command.args(["--devices", "30", "--rate", "0"]);
    let run = Running::spawn(command, 30).expect("it becomes ready");
    run.signal("TERM");
    let said = run.end_with_log();
    assert!(said.contains("30 devices, VSB0000001 to VSB0000030, are at their doors"), "{said}");
    assert!(said.lines().count() < 5, "{said}");
}

#[test]
fn exec_names_the_first() {
    let script = "echo $VESTIBULE_SN $VESTIBULE_URL";
    let mut command = vestibule(&["exec", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
    let output = command.args(["--devices", "12", "--", "sh", "-c", script]).output();
    let output = output.expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("VSB0000001 http://127.0.0.1:"), "{said}");
}
