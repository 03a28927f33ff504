//! What was answered survives `kill -9` at any instant: seen from outside, with the real process, several
//! devices in one store, clients of each that make events and change what seldom changes, and a platform
//! that takes records and sometimes hangs up.
//!
//! The gate takes few turns; `ci/kill.sh` takes as many as `VESTIBULE_KILLS` says. Every other turn commits
//! with `--durability power`.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::killing::{Answered, Lost, Place, Platform, Rare, key, make_faces};
use crate::running::Running;
use crate::support::vestibule;

const KILLS: usize = 6;
const DEVICES: usize = 3;

/// Clients that make events, for each device; another one changes what seldom changes.
const CLIENTS: usize = 2;

/// How many answers a turn waits for before it kills, at most: others each turn.
const ANSWERS_MAX: usize = 23;

fn ctl(control: &str, args: &[&str]) -> Value {
    let output = vestibule(&["ctl", "--control", control]).args(args).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What the clients of a device know of it.
struct Book {
    answered: Answered,
    rare: Rare,
}

impl Book {
    /// What was told is there, under its numbers, and none of those is missing.
    fn check(&mut self, place: &Place, platform: &Platform) {
        let shown = shown(place);
        let mut numbers = shown.values().filter_map(|(number, _)| *number);
        let first = numbers.next();
        let without_gap = numbers.try_fold(first, |last, number| {
            (last.map(|last| last + 1) == Some(number)).then_some(Some(number))
        });
        assert!(without_gap.is_some(), "numbers of {} are missing", place.sn);
        for (index, told) in &self.answered {
            match shown.get(index) {
                Some(shown) => assert_eq!(shown, told),
                // Nobody needs an alarm any more that the platform has: it has no number.
                None => assert!(told.0.is_none() && platform.has(&told.1), "{index} {told:?}"),
            }
        }
    }
}

/// Everything that the device has.
fn shown(place: &Place) -> Answered {
    let control = format!("http://{}", place.control);
    let (mut shown, mut from) = (Answered::new(), 0);
    loop {
        let at = from.to_string();
        let page = ["--device", &place.sn, "events", "--json", "--limit", "1000", "--from", &at];
        let page = ctl(&control, &page);
        let events = page["events"].as_array().expect("events");
        if events.is_empty() {
            return shown;
        }
        for event in events {
            let index = event["index"].as_u64().expect("an index");
            assert!(index >= from, "after {from} comes {index}");
            from = index + 1;
            let record = key(&event["v1"][0]).expect("a record has a name");
            shown.insert(index, (event["seqnum"].as_u64(), record));
        }
    }
}

fn places(run: &Running) -> Vec<Place> {
    let text = |line: &Value, key: &str| line[key].as_str().expect("a text").to_owned();
    let address = |url: String| url.strip_prefix("http://").expect("plain").to_owned();
    let place = |line| Place {
        device: address(text(line, "url")),
        control: address(text(line, "control")),
        sn: text(line, "sn"),
    };
    run.all().map(place).collect()
}

/// Lets the clients at the devices and kills these after so many answers. How each client lost its device.
fn turn(run: &Running, places: &[Place], books: &mut [Book], answers_max: usize) -> Vec<Lost> {
    let answers = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let answers = &answers;
        let mut faces = Vec::new();
        let mut changes = Vec::new();
        for (place, book) in places.iter().zip(books) {
            let token = book.rare.check(place);
            let Book { answered, rare, .. } = book;
            let makers = (0..CLIENTS).map(|_| scope.spawn(move || make_faces(place, answers)));
            faces.push((answered, makers.collect::<Vec<_>>()));
            changes.push(scope.spawn(move || rare.change(place, &token, answers)));
        }
        while answers.load(Ordering::SeqCst) < answers_max {
            std::thread::yield_now();
        }
        run.signal("KILL");
        let mut lost = Vec::new();
        for (answered, makers) in faces {
            for maker in makers {
                let (told, how) = maker.join().expect("no panic");
                answered.extend(told);
                lost.push(how);
            }
        }
        lost.extend(changes.into_iter().map(|change| change.join().expect("no panic")));
        lost
    })
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
    let start = |durability: &str| {
        let args = ["--rate", "0", "--data", data, "--push-to", &platform.url, "--seed", "7"];
        let quirk = ["--quirk", "v1.retry-first=20ms", "--durability", durability];
        Running::start_many(DEVICES, &[&args[..], &quirk[..]].concat())
    };
    let book = |_| Book { answered: Answered::new(), rare: Rare::new(&platform.url) };
    let mut books: Vec<Book> = (0..DEVICES).map(book).collect();
    let mut outstanding = 0;
    for number in 0..kills {
        let run = start(["process", "power"][number % 2]);
        let places = places(&run);
        for (book, place) in books.iter_mut().zip(&places) {
            book.check(place, &platform);
        }
        let lost = turn(&run, &places, &mut books, number * 7 % ANSWERS_MAX);
        outstanding += usize::from(lost.contains(&Lost::Cut));
        for book in &mut books {
            book.answered.append(&mut book.rare.alarms);
        }
    }
    let answered: usize = books.iter().map(|book| book.answered.len()).sum();
    println!(
        "{kills} kills, {outstanding} of them with an answer outstanding, {answered} answered"
    );
    assert!(outstanding * 2 >= kills, "{outstanding} of {kills} kills cut an answer off");

    let run = start("process");
    for (book, place) in books.iter_mut().zip(places(&run)) {
        book.check(&place, &platform);
        book.rare.check(&place);
    }
    // What nobody acknowledged arrives, whichever process it was made in.
    let backlog = || {
        let status = ctl(run.told("control"), &["status", "--json"]);
        let devices = status["devices"].as_array().expect("a list").iter();
        devices.map(|device| device["backlog"].as_u64().expect("a number")).sum::<u64>()
    };
    while backlog() != 0 {
        std::thread::yield_now();
    }
    let mut records = books.iter().flat_map(|book| book.answered.values());
    let missing = records.find(|(_, record)| !platform.has(record));
    assert_eq!(missing, None, "it never arrived");
    run.signal("TERM");
    assert_eq!(run.end().0, Some(0));
}
