//! The reports of `vestibule flood`: one schema, whole files, a page without a network; also when it was
//! interrupted.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::flooding::{Directory, Platform, count, interrupt};
use crate::running::until;
use crate::support::vestibule;

const SCHEMA: &str = include_str!("../../emulator/flood.schema.json");

#[track_caller]
fn valid(text: &str) -> Value {
    let report: Value = serde_json::from_str(text).expect("it is JSON");
    let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("the schema is one");
    let problems: Vec<String> =
        schema.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
    report
}

#[test]
fn each_form_that_was_asked_for_is_there_and_whole() {
    let directory = Directory::new();
    let receive = Platform::start(&["--answer", "http=503"]);
    let to = format!("http://{}/Record", receive.address);
    let reports = ["json", "html"].map(|form| format!("{form}={}", directory.text(form)));
    let args = ["flood", "--to", &to, "--events", "50", "--rate", "500"];
    let args =
        [&args[..], &["--report", "human", "--report", &reports[0], "--report", &reports[1]]];
    let output = vestibule(&args.concat()).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let human = String::from_utf8_lossy(&output.stdout);
    assert!(human.contains("failed       50 (http-503 50)"), "{human}");
    assert!(human.contains("not every record was acknowledged"), "{human}");
    let report = valid(&fs::read_to_string(directory.path("json")).expect("it was written"));
    assert_eq!(count(&report, "failed"), 50);
    let html = fs::read_to_string(directory.path("html")).expect("it was written");
    assert_eq!(html.matches("<svg").count(), 4, "rate, latency, backlog, errors");
    for network in ["<script", "<link", "<img", "src=", "@import", "url("] {
        assert!(!html.contains(network), "{network}");
    }
    let left: Vec<_> = fs::read_dir(directory.path("")).expect("it is a directory").collect();
    assert_eq!(left.len(), 2, "nothing is left aside: {left:?}");
}

#[test]
fn an_interrupted_flood_tells_what_it_had() {
    let directory = Directory::new();
    let receive = Platform::keeping(&directory, "saved");
    let to = format!("http://{}/Record", receive.address);
    let report = format!("json={}", directory.text("json"));
    let args = ["flood", "--to", &to, "--rate", "50", "--duration", "1h", "--report", &report];
    let mut flood = vestibule(&args).spawn().expect("the command starts");
    until(|| {
        fs::read_to_string(directory.path("saved")).is_ok_and(|text| text.lines().count() > 9)
    });
    interrupt(&flood);
    assert_eq!(flood.wait().expect("it ends").code(), Some(130));
    let report = valid(&fs::read_to_string(directory.path("json")).expect("it was written"));
    assert_eq!(report["progress"], "interrupted");
    let [sent, acknowledged, failed, in_flight] =
        ["sent", "acknowledged", "failed", "in_flight"].map(|name| count(&report, name));
    assert!(acknowledged > 9, "{report}");
    assert_eq!((sent, failed), (acknowledged + in_flight, 0));
    let came = receive.distinct();
    assert!((acknowledged..=sent).contains(&came), "{acknowledged} <= {came} <= {sent}");
}

#[test]
fn the_schema_is_printed() {
    let output = vestibule(&["flood", "--schema"]).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(0));
    let printed: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let stored: Value = serde_json::from_str(SCHEMA).expect("it is JSON");
    assert!(printed == stored, "run: vestibule flood --schema > emulator/flood.schema.json");
}

/// Asks for the metrics; their lines without comments.
fn metrics(address: &str) -> Vec<String> {
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut stream = TcpStream::connect(address).expect("the metrics are there");
    stream.write_all(request.as_bytes()).expect("it can be asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is text");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer.lines().filter(|line| line.starts_with("vestibule_flood_")).map(str::to_owned).collect()
}

#[test]
fn prometheus_sees_it_while_it_goes_on() {
    let platform = Platform::start(&["--answer", "hang"]);
    let to = format!("http://{}/Record", platform.address);
    let args = ["flood", "--to", &to, "--shape", "storm", "--events", "300", "--devices", "5"];
    let args = [&args[..], &["--metrics", "127.0.0.1:0"]].concat();
    let mut flood = vestibule(&args).spawn().expect("the command starts");
    let mut log = BufReader::new(flood.stderr.take().expect("stderr is piped"));
    let mut line = String::new();
    log.read_line(&mut line).expect("the log is text");
    let (_, address) = line.split_once("http://").expect("it says where they are");
    let (address, _) = address.split_once("/metrics").expect("it says where they are");
    let has = |line: &str| metrics(address).iter().any(|seen| seen == line);
    until(|| has("vestibule_flood_in_flight 5"));
    for line in [
        "vestibule_flood_due_total 300",
        "vestibule_flood_sent_total 5",
        "vestibule_flood_acknowledged_total 0",
        "vestibule_flood_backlog 295",
        "vestibule_flood_latency_seconds_bucket{le=\"+Inf\"} 0",
        "vestibule_flood_latency_seconds_count 0",
    ] {
        assert!(has(line), "{line} in {:?}", metrics(address));
    }
    interrupt(&flood);
    interrupt(&flood);
    assert_eq!(flood.wait().expect("it ends").code(), Some(130));
}
