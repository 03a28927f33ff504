//! The tables, and how a connection is set up.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{Durability, StoreError, people};

/// The version of the form, in `user_version`.
pub(super) const FORM: i64 = 2;

/// Whose database it is, in `application_id`: "VSTB".
pub(super) const APPLICATION: i64 = 0x5653_5442;

/// The database within its directory.
pub(super) const FILE: &str = "vestibule.db";

/// Pages of the write-ahead log after which it is brought into the database: 4 MiB. Fewer cost a sync of both
/// more often, more make a start after a power cut longer.
const CHECKPOINT_PAGES: u32 = 1000;

/// What the write-ahead log is cut to when a large commit has made it grow.
const WAL_BYTES_MAX: u32 = 8 << 20;

/// How long a tool that reads the database may be in the way.
const BUSY_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(5);

const TABLES: &str = "
CREATE TABLE store (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    crc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    sn TEXT PRIMARY KEY,
    device_id TEXT NOT NULL,
    life INTEGER NOT NULL,
    factory_resets INTEGER NOT NULL,
    starts INTEGER NOT NULL,
    push_to TEXT,
    push_enabled INTEGER,
    passwords TEXT NOT NULL,
    settings TEXT NOT NULL,
    given_push_to TEXT,
    given_report_to TEXT,
    crc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE positions (
    life INTEGER PRIMARY KEY,
    next_index INTEGER NOT NULL,
    next_seqnum INTEGER NOT NULL,
    oldest_seqnum INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    world BLOB NOT NULL,
    crc INTEGER NOT NULL
) STRICT;

CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    life INTEGER NOT NULL,
    number INTEGER NOT NULL,
    seqnum INTEGER,
    at INTEGER NOT NULL,
    what INTEGER NOT NULL,
    subject INTEGER,
    detail ANY,
    alarm INTEGER,
    crc INTEGER NOT NULL,
    waiting INTEGER NOT NULL
) STRICT;
";

const VIEW: &str = "
CREATE VIEW journal AS
SELECT
    entries.id,
    devices.sn,
    number,
    seqnum,
    strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS at,
    CASE what & 15
        WHEN 1 THEN 'access' WHEN 2 THEN 'pin attack' WHEN 3 THEN 'temperature' WHEN 4 THEN 'door'
        WHEN 5 THEN 'alarm' WHEN 6 THEN 'button' WHEN 7 THEN 'remote' WHEN 8 THEN 'reset'
    END AS what,
    CASE WHEN what & 15 IN (4, 6, 7) THEN what >> 4 & 1 END AS state,
    CASE WHEN subject >= 0 THEN coalesce(
        (SELECT user ->> '$.userid' FROM people WHERE people.life = entries.life
            AND people.number = (subject & 4294967295) AND people.revision = subject >> 32),
        100001 + (subject & 4294967295)
    ) END AS uid,
    CASE WHEN what >> 16 & 511 > 0 THEN (what >> 16 & 511) / 10.0 END AS therm,
    CASE WHEN what >> 25 & 1 THEN (what >> 26 & 16383) / 10000.0 END AS score,
    CASE WHEN what & 15 IN (1, 2) THEN what >> 9 & 31 = 1 END AS accepted,
    alarm,
    CASE waiting
        WHEN 13260 THEN 0 WHEN 15420 THEN 1 WHEN 21930 THEN 1 WHEN 23130 THEN 2
    END AS records_waiting
FROM entries JOIN devices USING (life);
";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// To use it; it is made if there is none.
    Use(Durability),
    /// To look at what there is.
    Look,
}

/// Opens the database in `dir`, and makes its tables if there are none.
pub(super) fn open(dir: &Path, access: Access) -> Result<Connection, StoreError> {
    let file = dir.join(FILE);
    let flags = match access {
        Access::Use(_) => OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_READ_WRITE,
        // Not read-only: the write-ahead log of a killed process must be read, too.
        Access::Look => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(&file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|source| failed(dir, source))?;
    prepare(&connection, &file, access).map_err(|error| match error {
        Unfit::Store(error) => error,
        Unfit::Engine(source) => failed(dir, source),
    })?;
    Ok(connection)
}

/// What is wrong with the database in `dir`, by what the engine says.
pub(super) fn failed(dir: &Path, source: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let file = dir.join(FILE);
    match source.sqlite_error_code() {
        Some(NotADatabase) => StoreError::Foreign { file },
        Some(DatabaseCorrupt) => StoreError::Damaged { file, damage: source.to_string() },
        _ => StoreError::Engine { file, source },
    }
}

enum Unfit {
    Store(StoreError),
    Engine(rusqlite::Error),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

fn prepare(connection: &Connection, file: &Path, access: Access) -> Result<(), Unfit> {
    connection.busy_timeout(BUSY_TIME_MAX)?;
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get(0));
    let (application, form): (i64, i64) = (number("application_id")?, number("user_version")?);
    let pages: i64 = number("page_count")?;
    let file = file.to_owned();
    let is_empty = pages == 0 && access != Access::Look;
    if !is_empty && application != APPLICATION {
        return Err(Unfit::Store(StoreError::Foreign { file }));
    }
    if form > FORM {
        return Err(Unfit::Store(StoreError::Newer { file, found: form, known: FORM }));
    }
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_MAX)?;
    if let Access::Use(durability) = access {
        // In this mode of the log, `normal` syncs only when the log is brought into the database, which
        // keeps that whole through a power loss.
        let synchronous = match durability {
            Durability::Process => "normal",
            Durability::Power => "full",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        // Where a sync otherwise stops at the disk's own cache.
        connection.pragma_update(None, "fullfsync", true)?;
    }
    if is_empty {
        let version =
            format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORM};");
        let people = people::TABLE;
        let all = format!("BEGIN IMMEDIATE; {version} {TABLES} {people} {VIEW} COMMIT;");
        connection.execute_batch(&all)?;
    } else if form < FORM && access != Access::Look {
        // Form 1 had neither people nor a view that looks at them.
        let people = people::TABLE;
        let version = format!("PRAGMA user_version = {FORM};");
        let all = format!("BEGIN IMMEDIATE; {version} {people} DROP VIEW journal; {VIEW} COMMIT;");
        connection.execute_batch(&all)?;
    }
    Ok(())
}
