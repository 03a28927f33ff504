//! A store recovers to the last whole commit, and refuses what is damaged, newer or full.

use std::fs;

use vestibule_core::calls::v3::{Call, Credentials, Reply};
use vestibule_core::clock::Mono;
use vestibule_core::device::Device;
use vestibule_core::world::{EventName, UserId};
use vestibule_emulator::storage::{CommitError, Opening, StoreError};

use crate::support::kept::{Kept, copy, device_config, try_open};

fn next(device: &Device) -> u64 {
    device.status(Mono::default()).next_index.get()
}

#[test]
fn a_log_cut_at_any_byte_goes_back_to_the_last_whole_commit() {
    let mut kept = Kept::new(100);
    let mut commits = vec![(kept.bytes().1, next(&kept.device))];
    for count in 1..5 {
        kept.emit_and_commit(EventName::Face, count);
        commits.push((kept.bytes().1, next(&kept.device)));
    }
    let dir = copy(kept.dir.path());
    let log = dir.path().join("vestibule.db-wal");
    let whole = fs::read(&log).expect("a log");
    let first = commits[0].0;
    // Every byte of a frame's header, where a cut is likeliest to be mistaken, and every 97th otherwise.
    let is_tried =
        |cut: &u64| (cut - 32) % 4120 < 26 || cut.is_multiple_of(97) || *cut == whole.len() as u64;
    for cut in (first..=whole.len() as u64).filter(is_tried) {
        let length = usize::try_from(cut).expect("it is small");
        fs::write(&log, &whole[..length]).expect("written");
        let expected = commits.iter().rev().find(|(end, _)| *end <= cut).expect("the first").1;
        let device = try_open(dir.path(), 100).unwrap_or_else(|error| panic!("{cut}: {error}"));
        assert_eq!(next(&device), expected, "cut at {cut}");
    }
}

#[test]
fn a_newer_form_is_refused_by_name() {
    let mut kept = Kept::new(100);
    kept.emit_and_commit(EventName::Face, 1);
    let dir = copy(kept.dir.path());
    let db = rusqlite::Connection::open(dir.path().join("vestibule.db")).expect("a database");
    db.pragma_update(None, "user_version", 99).expect("written");
    drop(db);
    match try_open(dir.path(), 100) {
        Err(StoreError::Newer { found: 99, .. }) => {}
        other => panic!("{other:?}"),
    }
}

/// Enrols that user.
fn enrol(kept: &mut Kept, userid: &str) {
    let user = format!(r#"{{"userid":"{userid}","name":"Ann","cards":[{{"id":"0xeeeeeeee"}}]}}"#);
    let user = vestibule_core::wire::accounts::enrolment(&user).expect("a user");
    account(kept, Call::UserInsert(vec![Ok(user)]));
}

/// An account call with a good token.
fn account(kept: &mut Kept, call: Call) {
    let credentials = Credentials {
        user: "admin".to_owned(),
        digest: "9990BC737DD5B17E7A5F01B48B2C08AE".to_owned(),
    };
    let mut ask = |call, token: Option<&str>| {
        let answer = kept.input(|device, mono, effects| {
            let view = device.view();
            device.handle_v3(&view, Ok(call), token.into(), mono, effects)
        });
        answer.expect("it is served")
    };
    let Reply::Token { token, .. } = ask(Call::Login(credentials), None) else {
        panic!("a login gives a token");
    };
    ask(call, Some(&token));
}

/// Whether somebody is enrolled under that id.
fn is_there(device: &Device, userid: &str) -> bool {
    let userid = UserId::new(userid).expect("an id");
    device.view().roster.by_uid(&userid).is_some()
}

#[test]
fn who_is_enrolled_survives_a_kill_once_that_is_committed() {
    let mut kept = Kept::new(100);
    enrol(&mut kept, "E-7");
    assert!(!is_there(&kept.device, "E-7"), "not before it is stored");
    kept.kill();
    assert!(!is_there(&kept.device, "E-7"));
    enrol(&mut kept, "E-7");
    kept.commit().expect("there is room");
    kept.kill();
    assert!(is_there(&kept.device, "E-7"));
    account(&mut kept, Call::UserRemove(vec![Some("E-7".into()), Some("100001".into())]));
    kept.commit().expect("there is room");
    kept.kill();
    assert!(!is_there(&kept.device, "E-7") && !is_there(&kept.device, "100001"));
    account(&mut kept, Call::UserClear);
    enrol(&mut kept, "E-8");
    kept.commit().expect("there is room");
    kept.kill();
    assert_eq!(kept.device.view().roster.len(), 1);
    let found = vestibule_emulator::storage::check(copy(kept.dir.path()).path()).expect("a store");
    assert_eq!(found.problems, [""; 0]);
    let to = tempfile::tempdir().expect("a directory");
    vestibule_emulator::storage::salvage(copy(kept.dir.path()).path(), to.path()).expect("whole");
    let salvaged = try_open(to.path(), 100).expect("a store");
    assert!(is_there(&salvaged, "E-8") && salvaged.view().roster.len() == 1);
}

#[test]
fn whoever_does_not_fit_their_checksum_is_named() {
    let mut kept = Kept::new(100);
    enrol(&mut kept, "E-7");
    kept.commit().expect("there is room");
    let dir = copy(kept.dir.path());
    let db = rusqlite::Connection::open(dir.path().join("vestibule.db")).expect("a database");
    db.execute("UPDATE people SET user = replace(user, 'Ann', 'Eve')", ()).expect("written");
    drop(db);
    match try_open(dir.path(), 100) {
        Err(StoreError::Damaged { damage, .. }) => assert!(damage.contains("people"), "{damage}"),
        other => panic!("{other:?}"),
    }
    let found = vestibule_emulator::storage::check(dir.path()).expect("it can be read");
    assert_eq!(found.problem_count, 1, "{:?}", found.problems);
}

#[test]
fn a_store_of_the_first_form_is_brought_into_this_one() {
    let mut kept = Kept::new(100);
    kept.emit_and_commit(EventName::Face, 3);
    let dir = copy(kept.dir.path());
    let db = rusqlite::Connection::open(dir.path().join("vestibule.db")).expect("a database");
    let first = "DROP VIEW journal; DROP TABLE people;
        CREATE VIEW journal AS SELECT id FROM entries; PRAGMA user_version = 1;";
    db.execute_batch(first).expect("written");
    drop(db);
    let found = vestibule_emulator::storage::check(dir.path()).expect("it can be looked at");
    assert_eq!((found.problem_count, found.entries), (0, 3));
    let device = try_open(dir.path(), 100).expect("a whole store");
    assert_eq!((next(&device), is_there(&device, "100001")), (4, true));
    kept.dir = dir;
    kept.kill();
    let db = rusqlite::Connection::open(kept.dir.path().join("vestibule.db")).expect("a database");
    let form: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a form");
    let uids = "SELECT count(uid) FROM journal WHERE what = 'access'";
    let uids: i64 = db.query_row(uids, (), |row| row.get(0)).expect("a view");
    assert_eq!((form, uids), (2, 3));
}

#[test]
fn a_full_store_gives_up_what_waits_and_numbers_on_without_a_gap() {
    let opening = Opening { pages_max: Some(40), ..Opening::default() };
    let mut kept = Kept::opened(device_config(50_000), opening);
    let (mut stored, full) = loop {
        let before = next(&kept.device);
        kept.emit(EventName::Face, 200);
        if let Err(error) = kept.commit() {
            break (before, error);
        }
    };
    assert_eq!(full, CommitError::Full);
    assert_eq!(next(&kept.device), stored, "numbering goes back to what is stored");
    kept.kill();
    assert_eq!(next(&kept.device), stored);
    stored += 1;
    kept.emit(EventName::Face, 1);
    if kept.commit().is_ok() {
        assert_eq!(next(&kept.device), stored);
    }
}
