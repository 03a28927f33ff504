//! The reports of `vestibule flood`: one schema, whole files, a page without a network; also when it was
//! interrupted.

use std::fs;

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
