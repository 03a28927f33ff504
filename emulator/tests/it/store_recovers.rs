//! A store recovers to the last whole commit, and refuses what is damaged, newer or full.

use std::fs;

use vestibule_core::clock::Mono;
use vestibule_core::device::Device;
use vestibule_core::world::EventName;
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
