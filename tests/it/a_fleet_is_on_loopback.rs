//! `run --addressing loopback`: one port, and the address that is called names the device.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::running::{Running, until};
use crate::support::vestibule;

fn loopback(count: usize, args: &[&str]) -> Running {
    Running::start_many(count, &[&["--addressing", "loopback"], args].concat())
}

/// Where a device is, without the scheme.
fn place(line: &Value) -> &str {
    line["url"].as_str().expect("a URL").trim_start_matches("http://")
}

/// Who answers there: the `sn` that goes with every v1 answer; none if the connection is reset.
fn who_answers(place: &str) -> Option<String> {
    let mut stream = TcpStream::connect(place).expect("it is accepted");
    let request = "POST /v1/event/subscribe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
                   Content-Length: 2\r\n\r\n{}";
    let mut answer = String::new();
    let asked = stream.write_all(request.as_bytes());
    match asked.and_then(|()| stream.read_to_string(&mut answer)) {
        Ok(_) => {}
        Err(error) => {
            let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
            assert!(kinds.contains(&error.kind()), "{error}");
            return None;
        }
    }
    let sn = answer.lines().find_map(|line| line.strip_prefix("sn: "));
    Some(sn.unwrap_or_else(|| panic!("no sn in {answer}")).to_owned())
}

fn ctl(run: &Running, args: &[&str]) -> Value {
    let mut command = vestibule(&["ctl", "--control", run.told("control")]);
    let output = command.args(args).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

#[test]
fn the_address_names_the_device() {
    let run = loopback(300, &["--rate", "0"]);
    let port = place(&run.ready).rsplit_once(':').expect("a port").1.to_owned();
    for (number, line) in run.all().enumerate().filter(|(number, _)| number % 50 < 2) {
        let (high, low) = ((number + 1) / 256, (number + 1) % 256);
        assert_eq!(place(line), format!("127.0.{high}.{low}:{port}"));
        assert_eq!(who_answers(place(line)).as_deref(), line["sn"].as_str());
    }
    assert_eq!(who_answers(&format!("127.0.1.45:{port}")), None, "the 301st");
    assert_eq!(who_answers(&format!("127.99.0.1:{port}")), None);
}

#[test]
fn one_that_is_unplugged_resets_and_the_others_answer() {
    let run = loopback(3, &["--rate", "0"]);
    let all: Vec<&Value> = run.all().collect();
    ctl(&run, &["--device", "VSB0000002", "offline"]);
    let answered = |line: &&Value| who_answers(place(line));
    let sn = |number: u8| Some(format!("VSB000000{number}"));
    assert_eq!(all.iter().map(answered).collect::<Vec<_>>(), [sn(1), None, sn(3)]);
    let mut open = TcpStream::connect(place(all[2])).expect("accepted");
    ctl(&run, &["--device", "VSB0000003", "offline"]);
    let cut = open.read(&mut [0]).expect_err("it is cut");
    assert_eq!(cut.kind(), ErrorKind::ConnectionReset);
    ctl(&run, &["--device", "all", "online"]);
    assert_eq!(all.iter().map(answered).collect::<Vec<_>>(), [sn(1), sn(2), sn(3)]);
}

#[test]
fn what_cannot_be_is_told_before_anything_is_bound() {
    let refused = |args: &[&str]| {
        let output = vestibule(&[&["run", "--addressing", "loopback"], args].concat()).output();
        let output = output.expect("it ends");
        assert!(output.stdout.is_empty(), "{args:?}");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let taken = Running::start(&["--rate", "0"]);
    let taken = place(&taken.ready).to_owned();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--listen", "127.0.0.1:7900"], 2, "7900 of every address"),
        (&["--listen", "192.0.2.1:0"], 2, "an IPv4 loopback address"),
        (&["--listen", "[::1]:0"], 2, "an IPv4 loopback address"),
        (&["--listen", "127.255.255.250:0", "--devices", "6"], 2, "1 to 5 from 127.255.255.250"),
        (&["--listen", &taken, "--control", "127.0.0.1:0"], 3, "cannot listen on"),
    ];
    for (args, exit, why) in cases {
        let (code, said) = refused(args);
        assert_eq!(code, Some(exit), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {said}");
    }
}

/// Some hundred devices that may hold some connections only: each has its turns, and nothing is lost, whatever
/// is cut.
#[test]
fn a_fleet_with_few_connections_loses_nothing() {
    let receive = ["receive", "--listen", "127.0.0.1:0", "--expect", "1500", "--timeout", "2m"];
    let receiver = Running::spawn(vestibule(&receive), 1).expect("a receiver");
    let push_to = format!("{}/Record", receiver.told("url"));
    // Its lines are read as they come: in a full pipe it would stop.
    let receiving = std::thread::spawn(move || receiver.end());
    let run = loopback(300, &["--rate", "0", "--push-to", &push_to, "--connections", "7"]);
    let emit = |count: &str| {
        let emitted =
            ctl(&run, &["--device", "all", "emit", "face", "--count", count, "--person", "any"]);
        let devices = emitted["devices"].as_array().expect("a list");
        assert!(devices.len() == 300 && devices.iter().all(|line| line["ok"] == true));
    };
    let all_pushed = || {
        let status = ctl(&run, &["--device", "all", "status", "--json"]);
        let devices = status["devices"].as_array().expect("a list");
        devices.iter().all(|device| device["backlog"] == 0)
    };
    emit("3");
    until(all_pushed);
    ctl(&run, &["--device", "all", "offline"]);
    emit("2");
    assert!(!all_pushed());
    ctl(&run, &["--device", "all", "online"]);
    until(all_pushed);
    let (code, said) = receiving.join().expect("it is read to its end");
    assert_eq!(code, Some(0), "{said}");
    let counted = said.lines().last().expect("the counts");
    let counted: Value = serde_json::from_str(counted).expect("JSON");
    assert_eq!(counted["distinct"], 1500, "{counted}");
    assert_eq!(counted["out_of_order"], 0, "{counted}");
}
