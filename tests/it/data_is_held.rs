//! A directory with a device is one process's, goes on with what it was made with, and refuses a start on
//! what is damaged.

use std::path::Path;

use serde_json::Value;

use crate::running::Running;
use crate::support::vestibule;

fn refused(args: &[&str]) -> (Option<i32>, String) {
    let mut command = vestibule(&["run", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
    let output = command.args(args).output().expect("it ends");
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn the_second_process_is_3_and_says_who_holds_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = path(directory.path());
    let first = Running::start(&["--data", data]);
    let pid = std::fs::read_to_string(directory.path().join("lock")).expect("a lock");
    let (code, said) = refused(&["--data", data]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(&format!("held by process {}", pid.trim())), "{said}");
    first.signal("KILL");
    assert_eq!(first.end().0, None);
    drop(Running::start(&["--data", data]));
}

#[test]
fn a_start_goes_on_with_the_stored_seed() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = path(directory.path());
    let first = Running::start(&["--data", data, "--durability", "power"]);
    let seed = first.ready["seed"].clone();
    first.signal("TERM");
    assert_eq!(first.end().0, Some(0));
    let second = Running::start(&["--data", data]);
    assert_eq!(second.ready["seed"], seed);
    second.signal("TERM");
    assert_eq!(second.end().0, Some(0));
    let other = (seed.as_u64().expect("a number") ^ 1).to_string();
    let (code, said) = refused(&["--data", data, "--seed", &other]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&seed.to_string()) && said.contains(&other), "{said}");
}

#[test]
fn a_durability_is_one_of_two_and_of_something() {
    for args in [&["--durability", "power"][..], &["--data", "x", "--durability", "disk"][..]] {
        let (code, said) = refused(args);
        assert_eq!(code, Some(2), "{said}");
    }
    assert!(!Path::new("x").exists(), "what is refused makes nothing");
}

#[test]
fn damage_stops_the_start_and_what_is_whole_can_be_saved() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("door");
    let saved = directory.path().join("saved");
    let args = ["--data", path(&data), "--rate", "0", "--backfill", "300"];
    let device = Running::start(&args);
    device.signal("TERM");
    assert_eq!(device.end().0, Some(0));
    let check = |dir: &Path| {
        let output = vestibule(&["store", "check", path(dir)]).output().expect("it ends");
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), found)
    };
    let (code, found) = check(&data);
    assert_eq!((code, &found["problems"]), (Some(0), &Value::from(0)), "{found}");

    rusqlite::Connection::open(data.join("vestibule.db"))
        .and_then(|db| db.execute("UPDATE entries SET at = at + 1 WHERE id = 100", ()))
        .expect("a row is spoilt");
    let (code, said) = refused(&args);
    assert_eq!(code, Some(2), "{said}");
    for part in ["vestibule.db is damaged", "entry 100", "vestibule store salvage"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(check(&data).0, Some(1));

    let output = vestibule(&["store", "salvage", path(&data), "--to", path(&saved)]).output();
    let output = output.expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(check(&saved).0, Some(0));
    drop(Running::start(&["--data", path(&saved), "--rate", "0"]));
}

/// One store for all: each goes on for itself, whichever of the others run.
#[test]
fn a_store_keeps_many_devices() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = path(directory.path());
    let run = |count: usize| {
        Running::start_many(count, &["--data", data, "--rate", "0", "--backfill", "5"])
    };
    let emit = |run: &Running, sn: &str, count: &str| {
        let args = ["ctl", "--control", run.told("control"), "--device", sn];
        let emitted = vestibule(&args).args(["emit", "face", "--count", count]).output();
        assert!(emitted.expect("it ends").status.success());
    };
    let newest = |run: &Running| {
        let args = ["ctl", "--control", run.told("control"), "status", "--json"];
        let status = vestibule(&args).output().expect("it ends").stdout;
        let status: Value = serde_json::from_slice(&status).expect("JSON");
        let devices = status["devices"].as_array().expect("a list").iter();
        devices.map(|device| device["journal"]["max"].as_u64()).collect::<Vec<_>>()
    };
    let stop = |run: Running| {
        run.signal("KILL");
        assert_eq!(run.end().0, None);
    };
    let three = run(3);
    emit(&three, "VSB0000001", "1");
    emit(&three, "VSB0000002", "2");
    emit(&three, "VSB0000003", "3");
    stop(three);
    let two = run(2);
    assert_eq!(newest(&two), [Some(6), Some(7)]);
    emit(&two, "VSB0000002", "1");
    stop(two);
    let four = run(4);
    assert_eq!(newest(&four), [Some(6), Some(8), Some(8), Some(5)]);
    stop(four);
}
