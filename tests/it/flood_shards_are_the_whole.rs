//! Four processes with a shard each send exactly what one sends, and their merged report is its report.

use std::fs;
use std::process::Child;

use serde_json::{Value, json};

use crate::flooding::{Directory, Platform, count, flood, interrupt, saved};
use crate::support::vestibule;

const SHARDS: u32 = 4;

/// The flood that is divided.
const STORM: [&str; 8] = ["--shape", "storm", "--events", "403", "--devices", "37", "--seed", "7"];

fn shard(receive: &Platform, directory: &Directory, index: u32, args: &[&str]) -> Child {
    let to = format!("http://{}/Record", receive.address);
    let (shard, report) = (format!("{index}/{SHARDS}"), directory.text(&format!("{index}.json")));
    let report = format!("json={report}");
    let own = ["flood", "--to", &to, "--shard", &shard, "--report", &report];
    vestibule(&[&own, args].concat()).spawn().expect("the command starts")
}

fn merge(directory: &Directory, names: &[&str]) -> (Option<i32>, Value, String) {
    let paths: Vec<String> = names.iter().map(|name| directory.text(name)).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let output = vestibule(&[&["report", "merge"], paths.as_slice()].concat()).output();
    let output = output.expect("the command runs");
    let merged = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), merged, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn four_processes_send_what_one_sends_and_merge_into_its_report() {
    for api in ["v1", "v3"] {
        let args = [&STORM[..], &["--api", api]].concat();
        let directory = Directory::new();
        let receive = Platform::keeping(&directory, "whole");
        let whole = flood(&receive.address, &args);
        assert_eq!(whole.code, Some(0), "{}", whole.stderr);
        assert_eq!(receive.distinct(), 403);

        let receive = Platform::keeping(&directory, "shards");
        let shards = (0..SHARDS).map(|index| shard(&receive, &directory, index, &args));
        let shards: Vec<Child> = shards.collect();
        for mut shard in shards {
            assert_eq!(shard.wait().expect("it ends").code(), Some(0));
        }
        assert_eq!(receive.distinct(), 403);
        assert_eq!(saved(&directory.path("whole")), saved(&directory.path("shards")), "{api}");

        let names = ["0.json", "1.json", "2.json", "3.json"];
        let (code, merged, stderr) = merge(&directory, &names);
        assert_eq!(code, Some(0), "{stderr}");
        for name in ["sent", "acknowledged", "failed", "in_flight", "unsent", "planned"] {
            assert_eq!(count(&merged, name), whole.count(name), "{name}");
        }
        assert_eq!(merged["setting"], whole.report["setting"]);
        assert_eq!(merged["shards"], json!({"of": 4, "taken": [0, 1, 2, 3]}));
        let dues = |report: &Value| {
            let rows = report["seconds"].as_array().expect("rows");
            rows.iter().map(|row| count(row, "due")).sum::<u64>()
        };
        assert_eq!(dues(&merged), dues(&whole.report));
    }
}

#[test]
fn whoever_merges_a_part_or_a_stranger_is_told() {
    let directory = Directory::new();
    let receive = Platform::keeping(&directory, "saved");
    for index in 0..2 {
        let mut shard = shard(&receive, &directory, index, &STORM);
        assert_eq!(shard.wait().expect("it ends").code(), Some(0));
    }
    let other = [&STORM[..6], &["--seed", "8", "--shard", "2/4"]].concat();
    let other = flood(&receive.address, &other).report.to_string();
    fs::write(directory.path("other.json"), other).expect("there is room");
    let mut young: Value = serde_json::from_str(
        &fs::read_to_string(directory.path("1.json")).expect("it was written"),
    )
    .expect("it is JSON");
    young["format"] = json!(2);
    fs::write(directory.path("young.json"), young.to_string()).expect("there is room");
    young["format"] = json!(1);
    young["histogram"] = json!("none");
    fs::write(directory.path("broken.json"), young.to_string()).expect("there is room");
    fs::write(directory.path("text.json"), "no report").expect("there is room");
    for (names, code, hint) in [
        (&["0.json", "1.json"][..], 4, "2 of 4 shards are here"),
        (&["0.json", "0.json"], 2, "shard 0 of 4 is in"),
        (&["0.json", "other.json"], 2, "its seed differs"),
        (&["0.json", "young.json"], 2, "format 2"),
        (&["0.json", "broken.json"], 2, "histogram"),
        (&["text.json"], 2, "--report json=FILE"),
        (&["missing.json"], 2, "missing.json"),
    ] {
        let (seen, merged, stderr) = merge(&directory, names);
        assert_eq!(seen, Some(code), "{names:?}: {stderr}");
        assert!(stderr.contains(hint), "{names:?}: {stderr}");
        if code == 4 {
            let warning = &merged["warnings"][0];
            assert!(
                warning.as_str().is_some_and(|text| text.contains("missing 2, 3")),
                "{warning}"
            );
            assert!(count(&merged, "sent") > 0);
        }
    }
}

#[test]
fn processes_that_are_told_when_begin_together() {
    // Far enough that no machine is late; the first signal ends the wait.
    let directory = Directory::new();
    let receive = Platform::keeping(&directory, "saved");
    let mut waiting = shard(&receive, &directory, 0, &["--start-at", "2999-01-01T00:00:00Z"]);
    let mut log = std::io::BufReader::new(waiting.stderr.take().expect("stderr is piped"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut log, &mut line).expect("the log is text");
    assert!(line.contains("begins at 2999-01-01T00:00:00Z"), "{line}");
    interrupt(&waiting);
    assert_eq!(waiting.wait().expect("it ends").code(), Some(130));
    assert_eq!(receive.end()["received"], 0, "nothing was sent before its time");
}
