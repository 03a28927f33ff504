//! `vestibule flood` sends what was planned, knows what became of each record, and its exit code says so.

use std::net::{TcpListener, TcpStream};

use crate::flooding::{Flooded, Platform, count, flood};
use crate::support::vestibule;

#[track_caller]
fn adds_up(flooded: &Flooded) {
    let sum = ["acknowledged", "failed", "in_flight"].map(|name| flooded.count(name));
    assert_eq!(flooded.count("sent"), sum.iter().sum::<u64>(), "{}", flooded.stderr);
    let rows = flooded.report["seconds"].as_array().expect("there are rows");
    for name in ["sent", "acknowledged", "failed"] {
        let sum: u64 = rows.iter().map(|row| count(row, name)).sum();
        assert_eq!(flooded.count(name), sum, "{name}");
    }
    let errors = flooded.report["errors"].as_object().expect("there are kinds");
    let errors: u64 = errors.values().map(|count| count.as_u64().expect("a count")).sum();
    assert_eq!(flooded.count("failed"), errors);
}

#[test]
fn what_is_acknowledged_is_what_came() {
    for args in [
        &["--rate", "400", "--events", "200", "--devices", "20"][..],
        &["--api", "v3", "--rate", "400", "--duration", "500ms", "--devices", "20"],
        &["--max", "--events", "200", "--devices", "7"],
        &["--shape", "storm", "--events", "200", "--devices", "30"],
        &["--shape", "rush", "--rate", "400", "--events", "200", "--devices", "300"],
        &["--shape", "burst", "--rate", "400", "--events", "200", "--burst-every", "100ms"],
        &["--api", "v3", "--shape", "storm", "--events", "200", "--devices", "1"],
    ] {
        let receive = Platform::start(&["--strict"]);
        let flooded = flood(&receive.address, args);
        assert_eq!(flooded.code, Some(0), "{args:?}: {}", flooded.stderr);
        adds_up(&flooded);
        assert_eq!((flooded.count("sent"), flooded.count("acknowledged")), (200, 200), "{args:?}");
        assert_eq!(receive.distinct(), 200, "{args:?}");
    }
}

#[test]
fn a_closed_loop_ends_with_its_time() {
    let receive = Platform::start(&[]);
    let flooded = flood(&receive.address, &["--max", "--duration", "300ms", "--devices", "4"]);
    assert_eq!(flooded.code, Some(0), "{}", flooded.stderr);
    adds_up(&flooded);
    assert!(flooded.report["planned"].is_null() && flooded.count("sent") > 0);
    assert_eq!(receive.distinct(), flooded.count("acknowledged"));
}

#[test]
fn each_refusal_of_a_record_is_told_by_its_kind() {
    for (api, answer, kind) in [
        ("v1", "code=500", "code-500"),
        ("v1", "http=503", "http-503"),
        ("v1", "empty", "no-code"),
        ("v1", "garbage", "no-code"),
        ("v3", "code=105", "retcode-105"),
        ("v3", "http=500", "http-500"),
    ] {
        let receive = Platform::start(&["--answer", answer]);
        let args = ["--api", api, "--rate", "1000", "--events", "30", "--devices", "5"];
        let flooded = flood(&receive.address, &args);
        assert_eq!(flooded.code, Some(1), "{answer}: {}", flooded.stderr);
        adds_up(&flooded);
        assert_eq!(flooded.report["errors"][kind], 30, "{}", flooded.report["errors"]);
        assert!(flooded.stderr.contains("0 acknowledged, 30 failed"), "{}", flooded.stderr);
        assert!(flooded.report["latency_ms"]["p50"].is_null());
    }
}

#[test]
fn a_platform_that_fails_at_first_is_sent_nothing_twice() {
    let receive = Platform::start(&["--fail-first", "10", "--strict"]);
    let flooded = flood(&receive.address, &["--rate", "500", "--events", "100", "--devices", "3"]);
    assert_eq!(flooded.code, Some(1), "{}", flooded.stderr);
    adds_up(&flooded);
    assert_eq!((flooded.count("failed"), flooded.count("acknowledged")), (10, 90));
    assert_eq!(receive.distinct(), 100, "each record came once, those that failed too");
}

#[test]
fn a_platform_that_is_silent_is_not_waited_for_without_end() {
    let receive = Platform::start(&["--answer", "hang"]);
    let args = ["--rate", "100", "--events", "20", "--devices", "4", "--drain", "2s"];
    let flooded = flood(&receive.address, &args);
    assert_eq!(flooded.code, Some(1), "{}", flooded.stderr);
    adds_up(&flooded);
    assert_eq!(flooded.report["progress"], "cut-off");
    assert_eq!(["in_flight", "unsent", "sent"].map(|name| flooded.count(name)), [4, 16, 4]);
    assert!(flooded.stderr.contains("4 not answered, 16 not sent"), "{}", flooded.stderr);
}

#[test]
fn where_nobody_is_nothing_begins() {
    // The port of a connection's near end: taken, and nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
    let address = taken.local_addr().expect("bound").to_string();
    let flooded = flood(&address, &["--events", "5"]);
    assert_eq!(flooded.code, Some(3), "{}", flooded.stderr);
    assert!(flooded.report.is_null() && flooded.stderr.contains("--to"), "{}", flooded.stderr);
}

#[test]
fn what_cannot_be_sent_is_refused_and_says_what_to_try() {
    let receive = Platform::start(&[]);
    for (args, code, hint) in [
        (&["--rate", "0"][..], 2, "--rate"),
        (&["--rate", "-5"], 2, "--rate"),
        (&["--rate", "5", "--max"], 2, "--max"),
        (&["--events", "5", "--duration", "1s"], 2, "--duration"),
        (&["--duration", "25h"], 2, "24h"),
        (&["--max", "--shape", "storm"], 2, "leave --max out"),
        (&["--max", "--shape", "rush"], 2, "--rate instead"),
        (&["--shape", "tide"], 2, "steady, rush, burst and storm"),
        (&["--shard", "4/4"], 2, "like 0/4"),
        (&["--start-at", "noon"], 2, "2026-03-02T08:00:00Z"),
        (&["--start-at", "2020-01-01T00:00:00Z"], 2, "give a later --start-at"),
        (&["--report", "pdf"], 2, "human, json, html"),
        (&["--report", "json=/nowhere/at/all.json", "--events", "1"], 2, "can be written"),
        (&["--ca", "/nowhere/at/all.pem"], 2, "--ca"),
        (&["--devices", "2", "--shard", "2/4", "--events", "9"], 4, "fewer shards"),
        (&["--rate", "1", "--duration", "500ms"], 4, "no record to send"),
    ] {
        let to = format!("http://{}/Record", receive.address);
        let all = [&["flood", "--to", &to], args].concat();
        let output = vestibule(&all).output().expect("the command runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(hint), "{args:?}: {stderr}");
    }
    assert_eq!(receive.end()["received"], 0, "none of them sent anything");
}
