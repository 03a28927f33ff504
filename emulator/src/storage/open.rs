//! Opening a store, and reading what is in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use vestibule_core::device::{Position, State, Stored};
use vestibule_core::journal::{Capacity, Recovery};

use super::people::{self, People};
use super::rows::{self, DeviceRow};
use super::schema::{self, Access};
use super::sweep::Sweep;
use super::{DeviceNumber, Durability, Lock, Sqlite, StoreError, wal};

/// What all devices of a store have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The root of every random choice.
    pub seed: u64,
    /// Employees of the roster.
    pub employees: u32,
    /// Visitors of the roster.
    pub visitors: u32,
    /// Blocklisted people of the roster.
    pub blocklisted: u32,
}

/// How a store is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening {
    /// What a commit survives.
    pub durability: Durability,
    /// The most pages of 4 KiB that the database may have; the disk's limit if none. Beyond it the store is
    /// as full as on a full disk.
    pub pages_max: Option<u32>,
}

/// A store that is this process's, not read yet.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    dir: PathBuf,
    lock: Lock,
    meta: Option<Meta>,
}

/// What was read.
#[derive(Debug)]
pub struct Loaded {
    /// The storage, to go on with.
    pub storage: Sqlite,
    /// The devices that were asked for and are there, by serial number.
    pub devices: BTreeMap<String, Stored>,
    /// How many are there that were not asked for.
    pub resting: usize,
}

/// What a device is asked for with, beside its serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The device id that it has to have.
    pub device_id: String,
    /// How much it keeps.
    pub capacity: Capacity,
}

impl Store {
    /// The name of the database in the directory.
    pub const FILE: &'static str = schema::FILE;

    /// Takes the store in `dir`, and makes one if there is none.
    ///
    /// # Errors
    /// When another process has it, or it cannot be used.
    pub fn open(dir: &Path, opening: Opening) -> Result<Self, StoreError> {
        let unusable = |source| StoreError::Directory { dir: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(unusable)?;
        let lock = Lock::take(dir)?;
        wal::check(dir)?;
        let connection = schema::open(dir, Access::Use(opening.durability))?;
        if let Some(pages) = opening.pages_max {
            let limit =
                connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
            limit.map_err(|source| schema::failed(dir, source))?;
        }
        let meta = read_meta(&connection, dir)?;
        Ok(Self { connection, dir: dir.to_owned(), lock, meta })
    }

    /// What it was made with; none while it is new.
    #[must_use]
    pub const fn meta(&self) -> Option<Meta> {
        self.meta
    }

    /// Where it is.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads everything and checks it, and gives the devices that are `wanted`, by serial number. A new store
    /// notes `meta`.
    ///
    /// # Errors
    /// When something is damaged, or stored otherwise than asked for.
    pub fn load(self, meta: Meta, wanted: &BTreeMap<String, Wanted>) -> Result<Loaded, StoreError> {
        let Self { connection, dir, lock, meta: stored } = self;
        match stored {
            Some(stored) => agree(&dir, stored, meta)?,
            None => write_meta(&connection, meta).map_err(|source| schema::failed(&dir, source))?,
        }
        let mut reading = Reading::new(&connection, &dir, wanted)?;
        let mut people = read_people(&connection, &dir)?;
        reading.entries(&connection)?;
        let Reading { lives, devices, sweep, next_id, next_life, .. } = reading;
        let mut found = BTreeMap::new();
        for (number, life) in lives {
            let Life { sn, mut state, position, recovery } = life;
            let People { edits, cleared_at } = people.remove(&number).unwrap_or_default();
            state.cleared_at = cleared_at;
            if let Some(recovery) = recovery {
                let (journal, lost) =
                    recovery.finish().map_err(|damage| of_device(&dir, &sn, &damage))?;
                if lost > 0 {
                    tracing::info!(sn, lost, "the backlog had lost records when the power went");
                }
                found.insert(sn, Stored { state, position, journal, people: edits });
            }
        }
        let resting = devices.len() - found.len();
        let by_sn = devices.iter().enumerate();
        let by_sn = by_sn.map(|(number, row)| (row.sn.clone(), DeviceNumber(number))).collect();
        let storage =
            Sqlite { connection, dir, devices, by_sn, sweep, next_id, next_life, _lock: lock };
        Ok(Loaded { storage, devices: found, resting })
    }
}

fn damaged(dir: &Path, damage: String) -> StoreError {
    StoreError::Damaged { file: dir.join(schema::FILE), damage }
}

fn of_device(dir: &Path, sn: &str, damage: &dyn std::fmt::Display) -> StoreError {
    damaged(dir, format!("of device {sn}, {damage}"))
}

/// What stands in `store`.
pub(super) fn read_meta(connection: &Connection, dir: &Path) -> Result<Option<Meta>, StoreError> {
    let read = || -> rusqlite::Result<BTreeMap<String, Result<u64, rows::Bad>>> {
        let mut statement = connection.prepare("SELECT name, value, crc FROM store")?;
        let rows = statement.query_map((), rows::read_meta)?;
        rows.collect()
    };
    let values = read().map_err(|source| schema::failed(dir, source))?;
    if values.is_empty() {
        return Ok(None);
    }
    let value = |name: &str| match values.get(name) {
        Some(Ok(value)) => Ok(*value),
        Some(Err(bad)) => Err(damaged(dir, format!("{name} in table store: {bad}"))),
        None => Err(damaged(dir, format!("{name} is missing from table store"))),
    };
    let narrow = |name: &str| {
        let number = u32::try_from(value(name)?);
        number.map_err(|_| damaged(dir, format!("{name} in table store is too large")))
    };
    Ok(Some(Meta {
        seed: value("seed")?,
        employees: narrow("employees")?,
        visitors: narrow("visitors")?,
        blocklisted: narrow("blocklisted")?,
    }))
}

pub(super) fn write_meta(connection: &Connection, meta: Meta) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    {
        let mut statement = transaction.prepare(rows::PUT_META)?;
        rows::put_meta(&mut statement, "seed", meta.seed)?;
        rows::put_meta(&mut statement, "employees", meta.employees.into())?;
        rows::put_meta(&mut statement, "visitors", meta.visitors.into())?;
        rows::put_meta(&mut statement, "blocklisted", meta.blocklisted.into())?;
    }
    transaction.commit()
}

/// Entries speak of people by their place in the roster, and identifiers follow from the seed: another of
/// either would make other entries of those that are stored.
fn agree(dir: &Path, stored: Meta, given: Meta) -> Result<(), StoreError> {
    let pairs = [
        ("seed", stored.seed, given.seed),
        ("roster.employees", stored.employees.into(), given.employees.into()),
        ("roster.visitors", stored.visitors.into(), given.visitors.into()),
        ("roster.blocklisted", stored.blocklisted.into(), given.blocklisted.into()),
    ];
    match pairs.into_iter().find(|(_, stored, given)| stored != given) {
        Some((what, stored, given)) => Err(StoreError::Contradiction {
            dir: dir.to_owned(),
            what,
            stored: stored.to_string(),
            given: given.to_string(),
        }),
        None => Ok(()),
    }
}

/// One life that is being read.
struct Life {
    sn: String,
    state: State,
    position: Position,
    /// None for a device that is not asked for.
    recovery: Option<Recovery>,
}

/// What has been read so far.
struct Reading<'a> {
    dir: &'a Path,
    lives: BTreeMap<i64, Life>,
    devices: Vec<DeviceRow>,
    sweep: Sweep,
    next_id: i64,
    next_life: i64,
}

impl<'a> Reading<'a> {
    /// Reads devices and positions.
    fn new(
        connection: &Connection,
        dir: &'a Path,
        wanted: &BTreeMap<String, Wanted>,
    ) -> Result<Self, StoreError> {
        let failed = |source| schema::failed(dir, source);
        let mut positions = read_positions(connection).map_err(failed)?;
        let devices = read_devices(connection).map_err(failed)?;
        let mut reading = Self {
            dir,
            lives: BTreeMap::new(),
            devices: Vec::new(),
            sweep: Sweep::default(),
            next_id: 1,
            next_life: 1,
        };
        for (sn, row) in devices {
            let row = row.map_err(|bad| of_device(dir, &sn, &format!("its row: {bad}")))?;
            let position = positions.remove(&row.life).unwrap_or(Err("it is missing"));
            let position =
                position.map_err(|bad| of_device(dir, &sn, &format!("its position: {bad}")))?;
            let recovery = match wanted.get(&sn) {
                Some(Wanted { device_id, .. }) if *device_id != row.device_id => {
                    return Err(StoreError::Contradiction {
                        dir: dir.to_owned(),
                        what: "a device id",
                        stored: row.device_id,
                        given: device_id.clone(),
                    });
                }
                Some(Wanted { capacity, .. }) => {
                    let next = (position.next_index, position.next_seqnum);
                    Some(Recovery::new(*capacity, next, position.oldest_seqnum))
                }
                None => None,
            };
            reading.next_life = reading.next_life.max(row.life + 1);
            let state = row.state.clone();
            reading.lives.insert(row.life, Life { sn, state, position, recovery });
            reading.devices.push(row);
        }
        Ok(reading)
    }

    /// Reads the entries, in the order of their commits.
    fn entries(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let dir = self.dir;
        let failed = |source| schema::failed(dir, source);
        let sql = format!("{} ORDER BY id", rows::SELECT_ENTRIES);
        let mut statement = connection.prepare(&sql).map_err(failed)?;
        let mut found = statement.query(()).map_err(failed)?;
        while let Some(row) = found.next().map_err(failed)? {
            let id: i64 = row.get(0).map_err(failed)?;
            if id < self.next_id {
                return Err(damaged(dir, format!("entry {id} is out of order")));
            }
            self.next_id = id + 1;
            let row = rows::read_entry(row)
                .map_err(failed)?
                .map_err(|bad| damaged(dir, format!("entry {id}: {bad}")))?;
            self.sweep.add_rows(1);
            self.next_life = self.next_life.max(row.life + 1);
            let Some(life) = self.lives.get_mut(&row.life) else {
                self.sweep.bury([row.place]);
                continue;
            };
            if let Some(recovery) = &mut life.recovery {
                recovery
                    .take(row.entry, row.place, row.waiting)
                    .map_err(|damage| of_device(dir, &life.sn, &damage))?;
            }
        }
        Ok(())
    }
}

/// Reads what was changed about people, all of it whole.
fn read_people(connection: &Connection, dir: &Path) -> Result<BTreeMap<i64, People>, StoreError> {
    let mut damage = None;
    let found = people::read(connection, |life, bad| {
        damage.get_or_insert_with(|| format!("of life {life}, somebody in table people: {bad}"));
    });
    let found = found.map_err(|source| schema::failed(dir, source))?;
    damage.map_or(Ok(found), |damage| Err(damaged(dir, damage)))
}

type Positions = BTreeMap<i64, Result<Position, rows::Bad>>;

pub(super) fn read_positions(connection: &Connection) -> rusqlite::Result<Positions> {
    let mut statement = connection.prepare(rows::SELECT_POSITIONS)?;
    statement.query_map((), rows::read_position)?.collect()
}

type Devices = Vec<(String, Result<DeviceRow, rows::Bad>)>;

pub(super) fn read_devices(connection: &Connection) -> rusqlite::Result<Devices> {
    let mut statement = connection.prepare(rows::SELECT_DEVICES)?;
    statement.query_map((), rows::read_device)?.collect()
}
