//! Rows with their checksums: what is written is what is read, or damage.
//!
//! A checksum covers the row's key and every column but `waiting`, which alone changes: its four values are
//! code words, any two of which differ in eight bits.

use std::collections::BTreeMap;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Row, Statement, ToSql};
use vestibule_core::calls::v1::Subscription;
use vestibule_core::clock::UnixMillis;
use vestibule_core::dest::EventDest;
use vestibule_core::device::{Given, Position, State};
use vestibule_core::event::flat::{Detail, Flat};
use vestibule_core::event::{Entry, Index, Seqnum};
use vestibule_core::journal::{Place, Waiting};

/// How `waiting` is written, by [`Waiting::number`].
const WAITING: [i64; 4] = [0x33cc, 0x3c3c, 0x55aa, 0x5a5a];

/// What is wrong with a row, in words.
pub(super) type Bad = &'static str;

pub(super) const CHECKSUM: Bad = "its checksum does not fit";

/// A checksum over values with their kinds.
pub(super) struct Sum(Vec<u8>);

impl Sum {
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(128))
    }

    pub(super) fn number(&mut self, number: i64) -> &mut Self {
        self.0.push(1);
        self.0.extend(number.to_le_bytes());
        self
    }

    fn option(&mut self, number: Option<i64>) -> &mut Self {
        match number {
            Some(number) => self.number(number),
            None => {
                self.0.push(0);
                self
            }
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.push(2);
        self.0.extend((bytes.len() as u64).to_le_bytes());
        self.0.extend(bytes);
        self
    }

    pub(super) fn text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.bytes(text.as_bytes()),
            None => self.option(None),
        }
    }

    fn detail(&mut self, detail: &Detail) -> &mut Self {
        match detail {
            Detail::Nothing => self.option(None),
            Detail::Number(number) => self.number(*number),
            Detail::Text(text) => self.bytes(text.as_bytes()),
        }
    }

    pub(super) fn end(&self) -> i64 {
        i64::from(crc32fast::hash(&self.0))
    }
}

/// A number as SQLite has it. Those of a device are far below 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> Result<u64, Bad> {
    u64::try_from(number).map_err(|_| "a number is negative")
}

/// The number by which `waiting` is written.
pub(super) const fn waiting_code(waiting: Waiting) -> i64 {
    WAITING[waiting.number()]
}

pub(super) const INSERT_ENTRY: &str = "INSERT INTO entries (id, life, number, seqnum, at, what, subject, \
     detail, alarm, crc, waiting) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

pub(super) const SELECT_ENTRIES: &str = "SELECT id, life, number, seqnum, at, what, subject, detail, alarm, \
     crc, waiting FROM entries";

impl<'a> From<&'a Text<'a>> for ToSqlOutput<'a> {
    fn from(text: &'a Text<'a>) -> Self {
        match text.0 {
            Detail::Nothing => Self::Owned(Value::Null),
            Detail::Number(number) => Self::Owned(Value::Integer(*number)),
            Detail::Text(text) => Self::Borrowed(ValueRef::Text(text.as_bytes())),
        }
    }
}

/// A detail as a column.
struct Text<'a>(&'a Detail);

impl ToSql for Text<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.into())
    }
}

/// Writes an entry.
pub(super) fn insert_entry(
    statement: &mut Statement<'_>,
    id: i64,
    life: i64,
    entry: &Entry,
    waiting: Waiting,
) -> rusqlite::Result<()> {
    let flat = Flat::from(&entry.fact);
    let stored = StoredEntry {
        id,
        life,
        number: signed(entry.index.get()),
        seqnum: entry.seqnum.map(|seqnum| signed(seqnum.get())),
        at: entry.at.millis(),
        flat,
    };
    let crc = stored.sum();
    let StoredEntry { number, seqnum, at, flat, .. } = &stored;
    let (what, detail) = (signed(flat.what), Text(&flat.detail));
    let waiting = waiting_code(waiting);
    statement.execute(rusqlite::params![
        id,
        life,
        number,
        seqnum,
        at,
        what,
        flat.subject,
        detail,
        flat.alarm,
        crc,
        waiting
    ])?;
    Ok(())
}

/// An entry as its row says.
struct StoredEntry {
    id: i64,
    life: i64,
    number: i64,
    seqnum: Option<i64>,
    at: i64,
    flat: Flat,
}

impl StoredEntry {
    fn sum(&self) -> i64 {
        let mut sum = Sum::new();
        sum.number(self.id).number(self.life).number(self.number).option(self.seqnum);
        sum.number(self.at).number(signed(self.flat.what)).option(self.flat.subject);
        sum.detail(&self.flat.detail).option(self.flat.alarm.map(i64::from)).end()
    }
}

/// A row of `entries`, checked.
pub(super) struct EntryRow {
    pub(super) place: Place,
    pub(super) life: i64,
    pub(super) entry: Entry,
    pub(super) waiting: Waiting,
}

/// Reads a row of [`SELECT_ENTRIES`].
pub(super) fn read_entry(row: &Row<'_>) -> rusqlite::Result<Result<EntryRow, Bad>> {
    let id = row.get(0)?;
    let detail = match row.get_ref(7)? {
        ValueRef::Null => Detail::Nothing,
        ValueRef::Integer(number) => Detail::Number(number),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Detail::Text(text.into()),
            Err(_) => return Ok(Err("a text is not UTF-8")),
        },
        ValueRef::Real(_) | ValueRef::Blob(_) => return Ok(Err("a column has another kind")),
    };
    let what: i64 = row.get(5)?;
    let alarm: Option<i64> = row.get(8)?;
    let (Ok(what), Ok(alarm)) = (u64::try_from(what), alarm.map(u32::try_from).transpose()) else {
        return Ok(Err(CHECKSUM));
    };
    let stored = StoredEntry {
        id,
        life: row.get(1)?,
        number: row.get(2)?,
        seqnum: row.get(3)?,
        at: row.get(4)?,
        flat: Flat { what, subject: row.get(6)?, detail, alarm },
    };
    if stored.sum() != row.get::<_, i64>(9)? {
        return Ok(Err(CHECKSUM));
    }
    let code: i64 = row.get(10)?;
    let Some(waiting) = Waiting::ALL.into_iter().find(|each| waiting_code(*each) == code) else {
        return Ok(Err("what waits of it is no code word"));
    };
    Ok(checked(stored, waiting))
}

fn checked(stored: StoredEntry, waiting: Waiting) -> Result<EntryRow, Bad> {
    let place = unsigned(stored.id).ok().and_then(Place::new).ok_or("its key is out of range")?;
    let seqnum = stored.seqnum.map(|seqnum| unsigned(seqnum).and_then(seqnum_of)).transpose()?;
    let entry = Entry {
        index: Index::new(unsigned(stored.number)?),
        seqnum,
        at: UnixMillis::new(stored.at),
        fact: stored.flat.fact().map_err(|_| "it says nothing that can happen")?,
    };
    Ok(EntryRow { place, life: stored.life, entry, waiting })
}

fn seqnum_of(number: u64) -> Result<Seqnum, Bad> {
    Seqnum::new(number).ok_or("a sequence number is 0")
}

pub(super) const PUT_POSITION: &str = "INSERT OR REPLACE INTO positions (life, next_index, next_seqnum, \
     oldest_seqnum, latest, world, crc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

pub(super) const SELECT_POSITIONS: &str =
    "SELECT life, next_index, next_seqnum, oldest_seqnum, latest, world, crc FROM positions";

fn position_sum(life: i64, position: &Position) -> i64 {
    let mut sum = Sum::new();
    sum.number(life).number(signed(position.next_index.get()));
    sum.number(signed(position.next_seqnum.get())).number(signed(position.oldest_seqnum.get()));
    sum.number(position.latest.millis()).bytes(&position.world).end()
}

/// Writes where a life stands.
pub(super) fn put_position(
    statement: &mut Statement<'_>,
    life: i64,
    position: &Position,
) -> rusqlite::Result<()> {
    statement.execute(rusqlite::params![
        life,
        signed(position.next_index.get()),
        signed(position.next_seqnum.get()),
        signed(position.oldest_seqnum.get()),
        position.latest.millis(),
        position.world,
        position_sum(life, position)
    ])?;
    Ok(())
}

/// Reads a row of [`SELECT_POSITIONS`]: the life, and where it stands.
pub(super) fn read_position(row: &Row<'_>) -> rusqlite::Result<(i64, Result<Position, Bad>)> {
    let life = row.get(0)?;
    let number = |column| Ok::<_, rusqlite::Error>(unsigned(row.get(column)?));
    let (index, next, oldest) = (number(1)?, number(2)?, number(3)?);
    let (latest, world, crc): (i64, Vec<u8>, i64) = (row.get(4)?, row.get(5)?, row.get(6)?);
    let position = || {
        let position = Position {
            next_index: Index::new(index?),
            next_seqnum: seqnum_of(next?)?,
            oldest_seqnum: seqnum_of(oldest?)?,
            latest: UnixMillis::new(latest),
            world,
        };
        if position_sum(life, &position) == crc { Ok(position) } else { Err(CHECKSUM) }
    };
    Ok((life, position()))
}

pub(super) const PUT_DEVICE: &str = "INSERT OR REPLACE INTO devices (sn, device_id, life, factory_resets, \
     starts, push_to, push_enabled, passwords, settings, given_push_to, given_report_to, crc) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

pub(super) const SELECT_DEVICES: &str = "SELECT sn, device_id, life, factory_resets, starts, push_to, \
     push_enabled, passwords, settings, given_push_to, given_report_to, crc FROM devices ORDER BY sn";

/// A row of `devices`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeviceRow {
    pub(super) sn: String,
    pub(super) device_id: String,
    pub(super) life: i64,
    pub(super) state: State,
}

fn json(map: &BTreeMap<String, String>) -> String {
    serde_json::to_string(map).expect("text keys, and memory has no errors")
}

/// The columns between key and checksum.
struct DeviceColumns {
    factory_resets: i64,
    starts: i64,
    push_to: Option<String>,
    push_enabled: Option<i64>,
    passwords: String,
    settings: String,
    given_push_to: Option<String>,
    given_report_to: Option<String>,
}

impl DeviceColumns {
    fn sum(&self, sn: &str, device_id: &str, life: i64) -> i64 {
        let mut sum = Sum::new();
        sum.text(Some(sn)).text(Some(device_id)).number(life).number(self.factory_resets);
        sum.number(self.starts).text(self.push_to.as_deref()).option(self.push_enabled);
        sum.text(Some(&self.passwords)).text(Some(&self.settings));
        sum.text(self.given_push_to.as_deref()).text(self.given_report_to.as_deref()).end()
    }

    fn state(self) -> Result<State, Bad> {
        let map = |text: &str| serde_json::from_str(text).map_err(|_| "a column is not JSON");
        let subscription = match (self.push_to, self.push_enabled) {
            (Some(push_to), Some(enabled)) => {
                let destination =
                    EventDest::parse(&push_to).map_err(|_| "push_to is no address")?;
                Some(Subscription { destination, enabled: enabled != 0 })
            }
            _ => None,
        };
        Ok(State {
            factory_resets: unsigned(self.factory_resets)?,
            starts: unsigned(self.starts)?,
            subscription,
            passwords: map(&self.passwords)?,
            settings: map(&self.settings)?,
            // Stands with the people.
            cleared_at: 0,
            given: Given { push_to: self.given_push_to, report_to: self.given_report_to },
        })
    }
}

impl From<&State> for DeviceColumns {
    fn from(state: &State) -> Self {
        let subscription = state.subscription.as_ref();
        Self {
            factory_resets: signed(state.factory_resets),
            starts: signed(state.starts),
            push_to: subscription.map(|one| one.destination.as_str().to_owned()),
            push_enabled: subscription.map(|one| i64::from(one.enabled)),
            passwords: json(&state.passwords),
            settings: json(&state.settings),
            given_push_to: state.given.push_to.clone(),
            given_report_to: state.given.report_to.clone(),
        }
    }
}

/// Writes what seldom changes of a device.
pub(super) fn put_device(statement: &mut Statement<'_>, row: &DeviceRow) -> rusqlite::Result<()> {
    let columns = DeviceColumns::from(&row.state);
    let crc = columns.sum(&row.sn, &row.device_id, row.life);
    statement.execute(rusqlite::params![
        row.sn,
        row.device_id,
        row.life,
        columns.factory_resets,
        columns.starts,
        columns.push_to,
        columns.push_enabled,
        columns.passwords,
        columns.settings,
        columns.given_push_to,
        columns.given_report_to,
        crc
    ])?;
    Ok(())
}

/// Reads a row of [`SELECT_DEVICES`]: the serial number, and the row.
pub(super) fn read_device(row: &Row<'_>) -> rusqlite::Result<(String, Result<DeviceRow, Bad>)> {
    let (sn, device_id): (String, String) = (row.get(0)?, row.get(1)?);
    let life = row.get(2)?;
    let columns = DeviceColumns {
        factory_resets: row.get(3)?,
        starts: row.get(4)?,
        push_to: row.get(5)?,
        push_enabled: row.get(6)?,
        passwords: row.get(7)?,
        settings: row.get(8)?,
        given_push_to: row.get(9)?,
        given_report_to: row.get(10)?,
    };
    if columns.sum(&sn, &device_id, life) != row.get::<_, i64>(11)? {
        return Ok((sn, Err(CHECKSUM)));
    }
    let state = columns.state();
    Ok((sn.clone(), state.map(|state| DeviceRow { sn, device_id, life, state })))
}

pub(super) const PUT_META: &str =
    "INSERT OR REPLACE INTO store (name, value, crc) VALUES (?1, ?2, ?3)";

/// Writes a value of the store.
pub(super) fn put_meta(
    statement: &mut Statement<'_>,
    name: &str,
    number: u64,
) -> rusqlite::Result<()> {
    let value = number.to_string();
    let crc = Sum::new().text(Some(name)).text(Some(&value)).end();
    statement.execute(rusqlite::params![name, value, crc])?;
    Ok(())
}

/// Reads `name, value, crc`.
pub(super) fn read_meta(row: &Row<'_>) -> rusqlite::Result<(String, Result<u64, Bad>)> {
    let (name, value): (String, String) = (row.get(0)?, row.get(1)?);
    let crc: i64 = row.get(2)?;
    let fits = Sum::new().text(Some(&name)).text(Some(&value)).end() == crc;
    let number = value.parse().ok().filter(|_| fits).ok_or(CHECKSUM);
    Ok((name, number))
}
