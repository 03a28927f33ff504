//! What was answered survives `kill -9` at any instant: seen from outside, with the real process, several
//! clients that make events, and a platform that takes records.
//!
//! The gate takes few turns; `ci/kill.sh` takes as many as `VESTIBULE_KILLS` says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::running::Running;
use crate::support::{exchange, vestibule};

const KILLS: usize = 6;
const CLIENTS: usize = 4;

/// How many answers a turn waits for before it kills, at most: others each turn.
const ANSWERS_MAX: usize = 23;

/// A platform that acknowledges every record.
struct Platform {
    url: String,
    records: Arc<Mutex<BTreeSet<String>>>,
}

impl Platform {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/Record", listener.local_addr().expect("bound"));
        let records = Arc::new(Mutex::new(BTreeSet::new()));
        let taken = Arc::clone(&records);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A device that is killed while it sends is what this is about.
                let Some(uuid) = take(&stream) else { continue };
                let body = r#"{"code":200}"#;
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                if (&stream).write_all(answer.as_bytes()).is_ok() {
                    taken.lock().expect("no panic").insert(uuid);
                }
            }
        });
        Self { url, records }
    }
}

/// Reads one record; its uuid.
fn take(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let record: Value = serde_json::from_slice(&body).ok()?;
    record["data"]["uuid"].as_str().map(str::to_owned)
}

/// What was answered, by index: number and record.
type Answered = BTreeMap<u64, (u64, String)>;

/// Makes events until the device is gone. Whether an answer was outstanding then.
fn emit(address: &str, sn: &str, answers: &AtomicUsize, over: &AtomicBool) -> (Answered, bool) {
    let mut answered = Answered::new();
    let path = format!("/devices/{sn}/events");
    while !over.load(Ordering::SeqCst) {
        let answer = match exchange(address, &path, r#"{"event":"face","count":3}"#) {
            Ok(answer) if answer.ends_with('}') => answer,
            Ok(_) => return (answered, true),
            // It was refused: nobody was there any more, and nothing was asked.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                return (answered, false);
            }
            Err(_) => return (answered, true),
        };
        let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let body: Value = serde_json::from_str(body).expect("JSON");
        for event in body["events"].as_array().expect("events") {
            let number = |key: &str| event[key].as_u64().expect("a number");
            let uuid = event["uuid"].as_str().expect("a face has a record").to_owned();
            answered.insert(number("index"), (number("seqnum"), uuid));
        }
        answers.fetch_add(1, Ordering::SeqCst);
    }
    (answered, false)
}

fn ctl(control: &str, args: &[&str]) -> Value {
    let output = vestibule(&["ctl", "--control", control]).args(args).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Everything that the device has from `from` on: numbers by index, none missing. The next index.
fn check_whole(control: &str, from: u64, answered: &Answered) -> u64 {
    let (mut next, mut seqnum) = (from, None);
    loop {
        let page =
            ctl(control, &["events", "--json", "--limit", "1000", "--from", &next.to_string()]);
        let events = page["events"].as_array().expect("events");
        if events.is_empty() {
            break;
        }
        for event in events {
            let index = event["index"].as_u64().expect("an index");
            assert!(from == 0 && next == 0 || index == next, "after {next} comes {index}");
            next = index + 1;
            let this = event["seqnum"].as_u64().expect("only faces were made");
            assert!(seqnum.is_none_or(|last| this == last + 1), "{seqnum:?}, then {this}");
            seqnum = Some(this);
            if let Some((told, uuid)) = answered.get(&index) {
                assert_eq!((this, event["v1"][0]["data"]["uuid"].as_str()), (*told, Some(&**uuid)));
            }
        }
    }
    if let Some((newest, _)) = answered.last_key_value() {
        assert!(*newest < next, "{newest} was answered, and {next} comes next");
    }
    next
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test takes no arguments")]
#[expect(clippy::print_stdout, reason = "how hard it was is part of the result")]
fn what_was_answered_is_there_after_every_kill() {
    let kills =
        std::env::var("VESTIBULE_KILLS").map_or(KILLS, |turns| turns.parse().expect("turns"));
    let platform = Platform::start();
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("door");
    let data = data.to_str().expect("a path in UTF-8");
    let args = ["--rate", "0", "--data", data, "--push-to", &platform.url];
    let args = |seed: &'static str| [&args[..], &["--seed", seed][..]].concat();
    let mut all = Answered::new();
    let (mut outstanding, mut next) = (0, 0);
    for turn in 0..kills {
        let device = Running::start(&args("7"));
        let control = device.told("control");
        let known: Answered = all.range(next..).map(|(at, told)| (*at, told.clone())).collect();
        next = check_whole(control, next, &known);
        let address = control.strip_prefix("http://").expect("plain").to_owned();
        let (answers, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let ended: Vec<(Answered, bool)> = std::thread::scope(|scope| {
            let client = || emit(&address, device.told("sn"), &answers, &over);
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
            while answers.load(Ordering::SeqCst) < turn * 7 % ANSWERS_MAX {
                std::thread::yield_now();
            }
            device.signal("KILL");
            let ended = clients.into_iter().map(|client| client.join().expect("no panic"));
            ended.collect()
        });
        over.store(true, Ordering::SeqCst);
        outstanding += usize::from(ended.iter().any(|(_, cut)| *cut));
        all.extend(ended.into_iter().flat_map(|(answered, _)| answered));
    }
    println!(
        "{kills} kills, {outstanding} of them with an answer outstanding, {} answered",
        all.len()
    );
    assert!(outstanding * 2 >= kills, "{outstanding} of {kills} kills cut an answer off");

    let device = Running::start(&args("7"));
    check_whole(device.told("control"), 0, &all);
    // What nobody acknowledged arrives, whichever process it was made in.
    let backlog = || {
        let status = ctl(device.told("control"), &["status", "--json"]);
        status["devices"][0]["backlog"].as_u64().expect("a number")
    };
    while backlog() != 0 {
        std::thread::yield_now();
    }
    let records = platform.records.lock().expect("no panic");
    let missing = all.values().filter(|(_, uuid)| !records.contains(uuid)).count();
    assert_eq!(missing, 0, "records of {} never arrived", all.len());
    drop(records);
    device.signal("TERM");
    assert_eq!(device.end().0, Some(0));
}
