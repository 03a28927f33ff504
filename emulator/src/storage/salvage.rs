//! Looking at a store that may be damaged, and saving what is whole of it.
//!
//! Nothing is repaired in place: what is whole goes to a new store, so that nothing is lost by trying. An
//! event that is damaged leaves a hole, and the journal promises to have none: the newest events without a
//! hole are its window afterwards, and of the older ones those that a record still waits of. Numbering goes
//! on where it was.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use vestibule_core::clock::UnixMillis;
use vestibule_core::device::Position;
use vestibule_core::event::{Index, Seqnum};
use vestibule_core::journal::Waiting;

use super::open::{Meta, read_devices, read_meta, read_positions, write_meta};
use super::people::{self, People};
use super::rows::{self, DeviceRow, EntryRow};
use super::schema::{self, Access};
use super::{Durability, Lock, StoreError, wal};

/// Problems that are listed; more would hide the first ones.
const LISTED_MAX: usize = 100;

/// The widest run of keys that is searched one by one behind a damaged page: some seconds.
const SEARCHED_MAX: i64 = 10_000_000;

/// What a store holds, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Devices that are whole.
    pub devices: u64,
    /// Entries that are whole.
    pub entries: u64,
    /// What is damaged, in words; the first hundred.
    pub problems: Vec<String>,
    /// How many problems there are.
    pub problem_count: u64,
}

/// What was saved, and what not.
#[derive(Clone, Debug, Default)]
pub struct Salvaged {
    /// What was found.
    pub found: Found,
    /// Entries that were saved.
    pub saved: u64,
    /// Whole entries that were left out: behind a hole, or of a device that is lost.
    pub left_out: u64,
}

/// Everything that is whole.
struct Whole {
    meta: Option<Meta>,
    devices: Vec<DeviceRow>,
    positions: BTreeMap<i64, Position>,
    entries: BTreeMap<i64, Vec<EntryRow>>,
    people: BTreeMap<i64, People>,
    found: Found,
}

impl Found {
    fn problem(&mut self, problem: String) {
        self.problem_count += 1;
        if self.problems.len() < LISTED_MAX {
            self.problems.push(problem);
        }
    }
}

/// Looks at everything in the store in `dir`.
///
/// # Errors
/// When another process holds it, or nothing of it can be read.
pub fn check(dir: &Path) -> Result<Found, StoreError> {
    let (whole, _lock) = read(dir)?;
    Ok(whole.found)
}

/// Saves what is whole of the store in `dir` to a new one in `to`, which is empty or not there.
///
/// # Errors
/// When another process holds it, nothing of it can be read, its seed is lost, or `to` cannot be written.
pub fn salvage(dir: &Path, to: &Path) -> Result<Salvaged, StoreError> {
    let unusable = |source| StoreError::Directory { dir: to.to_owned(), source };
    std::fs::create_dir_all(to).map_err(unusable)?;
    if std::fs::read_dir(to).map_err(unusable)?.next().is_some() {
        return Err(unusable(std::io::Error::other("it is not empty")));
    }
    let (whole, _lock) = read(dir)?;
    let Some(meta) = whole.meta else {
        let damage = "its seed is lost, and without it no entry can be shown as it was".to_owned();
        return Err(StoreError::Damaged { file: dir.join(schema::FILE), damage });
    };
    let _new_lock = Lock::take(to)?;
    let mut connection = schema::open(to, Access::Use(Durability::Power))?;
    let failed = |source| schema::failed(to, source);
    write_meta(&connection, meta).map_err(failed)?;
    let salvaged = write(&mut connection, whole).map_err(failed)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).map_err(failed)?;
    Ok(salvaged)
}

/// Reads everything, and notes what cannot be.
fn read(dir: &Path) -> Result<(Whole, Lock), StoreError> {
    if !dir.join(schema::FILE).exists() {
        return Err(StoreError::Absent { dir: dir.to_owned() });
    }
    let lock = Lock::take(dir)?;
    let mut found = Found::default();
    if let Err(StoreError::Damaged { file, damage }) = wal::check(dir) {
        found.problem(format!("{}: {damage}", file.display()));
    }
    let connection = schema::open(dir, Access::Look)?;
    match integrity(&connection) {
        Ok(problems) => problems.into_iter().for_each(|problem| found.problem(problem)),
        Err(error) => found.problem(format!("the database cannot be checked: {error}")),
    }
    let meta = match read_meta(&connection, dir) {
        Ok(meta) => meta,
        Err(error) => {
            found.problem(error.to_string());
            None
        }
    };
    let devices = devices(&connection, &mut found);
    let positions = positions(&connection, &mut found);
    let entries = entries(&connection, &mut found);
    for device in &devices {
        let rows = entries.get(&device.life).map_or(&[][..], Vec::as_slice);
        match positions.get(&device.life) {
            None => found.problem(format!("of device {}, its position is missing", device.sn)),
            Some(position) => {
                let oldest = window(rows, position.next_seqnum);
                if oldest > position.oldest_seqnum {
                    let missing = oldest.get() - position.oldest_seqnum.get();
                    found.problem(format!(
                        "of device {}, the events {} to {} have a hole or are missing ({missing} in all)",
                        device.sn,
                        position.oldest_seqnum.get(),
                        oldest.get() - 1
                    ));
                }
            }
        }
    }
    let people = people(&connection, &mut found);
    Ok((Whole { meta, devices, positions, entries, people, found }, lock))
}

fn integrity(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let lines = statement.query_map((), |row| row.get::<_, String>(0))?;
    let lines: Vec<String> = lines.collect::<rusqlite::Result<_>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

fn devices(connection: &Connection, found: &mut Found) -> Vec<DeviceRow> {
    let mut whole = Vec::new();
    match read_devices(connection) {
        Ok(rows) => {
            for (sn, row) in rows {
                match row {
                    Ok(row) => whole.push(row),
                    Err(bad) => found.problem(format!("device {sn}: {bad}")),
                }
            }
        }
        Err(error) => found.problem(format!("table devices: {error}")),
    }
    found.devices = whole.len() as u64;
    whole
}

fn positions(connection: &Connection, found: &mut Found) -> BTreeMap<i64, Position> {
    let mut whole = BTreeMap::new();
    match read_positions(connection) {
        Ok(rows) => {
            for (life, position) in rows {
                match position {
                    Ok(position) => drop(whole.insert(life, position)),
                    Err(bad) => found.problem(format!("position of life {life}: {bad}")),
                }
            }
        }
        Err(error) => found.problem(format!("table positions: {error}")),
    }
    whole
}

/// What was changed about people, as far as it can be read: of one who cannot, entries show the made-up person
/// of the same number.
fn people(connection: &Connection, found: &mut Found) -> BTreeMap<i64, People> {
    let mut problems = Vec::new();
    let whole = people::read(connection, |life, bad| {
        problems.push(format!("of life {life}, somebody in table people: {bad}"));
    });
    problems.into_iter().for_each(|problem| found.problem(problem));
    whole.unwrap_or_else(|error| {
        found.problem(format!("table people: {error}"));
        BTreeMap::new()
    })
}

/// Every entry that can be read, by life, in the order of their commits: through the table, and where that
/// breaks off one by one.
fn entries(connection: &Connection, found: &mut Found) -> BTreeMap<i64, Vec<EntryRow>> {
    let mut whole: BTreeMap<i64, Vec<EntryRow>> = BTreeMap::new();
    let mut last = 0;
    let mut take = |row: &rusqlite::Row<'_>, found: &mut Found| -> rusqlite::Result<i64> {
        let id: i64 = row.get(0)?;
        match rows::read_entry(row) {
            Ok(Ok(entry)) => {
                found.entries += 1;
                whole.entry(entry.life).or_default().push(entry);
            }
            Ok(Err(bad)) => found.problem(format!("entry {id}: {bad}")),
            Err(error) => found.problem(format!("entry {id}: {error}")),
        }
        Ok(id)
    };
    let mut through = |found: &mut Found| -> rusqlite::Result<()> {
        let sql = format!("{} ORDER BY id", rows::SELECT_ENTRIES);
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            last = take(row, found)?;
        }
        Ok(())
    };
    let Err(error) = through(found) else {
        return whole;
    };
    found.problem(format!("table entries breaks off after entry {last}: {error}"));
    let newest = "SELECT id FROM entries ORDER BY id DESC LIMIT 1";
    let newest = connection.query_row(newest, (), |row| row.get::<_, i64>(0)).unwrap_or(last);
    let sql = format!("{} WHERE id = ?1", rows::SELECT_ENTRIES);
    if let Ok(mut statement) = connection.prepare(&sql) {
        for id in (last + 1..=newest).take_while(|id| id - last <= SEARCHED_MAX) {
            // What is not there, or cannot be reached, was counted above.
            drop(statement.query_row([id], |row| take(row, found)));
        }
    }
    whole
}

/// The oldest of the newest events without a hole: the number after the last, if that is missing.
fn window(rows: &[EntryRow], next: Seqnum) -> Seqnum {
    let mut oldest = next;
    for row in rows.iter().rev() {
        match row.entry.seqnum {
            Some(seqnum) if seqnum.next() == oldest => oldest = seqnum,
            Some(seqnum) if seqnum < oldest => break,
            Some(_) | None => {}
        }
    }
    oldest
}

fn write(connection: &mut Connection, whole: Whole) -> rusqlite::Result<Salvaged> {
    let Whole { devices, positions, mut entries, people, found, .. } = whole;
    let mut salvaged = Salvaged { found, saved: 0, left_out: 0 };
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare(rows::INSERT_ENTRY)?;
        let mut put_position = transaction.prepare(rows::PUT_POSITION)?;
        let mut put_device = transaction.prepare(rows::PUT_DEVICE)?;
        let mut id = 1;
        for device in &devices {
            let rows = entries.remove(&device.life).unwrap_or_default();
            let mut position = match positions.get(&device.life) {
                Some(position) => position.clone(),
                None => guessed(&rows),
            };
            let oldest = window(&rows, position.next_seqnum);
            position.oldest_seqnum = position.oldest_seqnum.max(oldest);
            let mut last = Index::new(0);
            for row in rows {
                let shows = row.entry.seqnum.is_some_and(|seqnum| seqnum >= position.oldest_seqnum);
                let fits = last < row.entry.index && row.entry.index < position.next_index;
                if !fits || !(shows || row.waiting != Waiting::NONE) {
                    salvaged.left_out += 1;
                    continue;
                }
                last = row.entry.index;
                rows::insert_entry(&mut insert, id, device.life, &row.entry, row.waiting)?;
                salvaged.saved += 1;
                id += 1;
            }
            rows::put_position(&mut put_position, device.life, &position)?;
            rows::put_device(&mut put_device, device)?;
            if let Some(people) = people.get(&device.life) {
                people::put_all(&transaction, device.life, people)?;
            }
        }
    }
    transaction.commit()?;
    salvaged.left_out += entries.values().map(|rows| rows.len() as u64).sum::<u64>();
    Ok(salvaged)
}

/// Where a device stands by its entries alone; its world is lost.
fn guessed(rows: &[EntryRow]) -> Position {
    let index = rows.iter().map(|row| row.entry.index).max();
    let seqnum = rows.iter().filter_map(|row| row.entry.seqnum).max();
    Position {
        next_index: index.map_or(Index::FIRST, Index::next),
        next_seqnum: seqnum.map_or(Seqnum::FIRST, Seqnum::next),
        oldest_seqnum: Seqnum::FIRST,
        latest: rows.iter().map(|row| row.entry.at).max().unwrap_or(UnixMillis::new(0)),
        world: Vec::new(),
    }
}
