//! Rows of `people`: what was changed about the people of a life, each change as the core's user object.
//!
//! A row stays as long as an entry may speak of its state. The row of the number -1 says at which revision
//! everybody was removed. A store of form 1 has no such table: nobody was ever changed in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, Transaction};
use vestibule_core::device::State;
use vestibule_core::event::PersonRef;
use vestibule_core::wire::accounts;
use vestibule_core::world::{Changes, Edit, Edited, UserId};

use super::rows::{Bad, CHECKSUM, Sum};

/// The table, and the form with which it came.
pub(super) const TABLE: &str = "
CREATE TABLE people (
    life INTEGER NOT NULL,
    number INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    enrolled INTEGER NOT NULL,
    user TEXT NOT NULL,
    crc INTEGER NOT NULL,
    PRIMARY KEY (life, number, revision)
) STRICT, WITHOUT ROWID;
";

const PUT: &str = "INSERT OR REPLACE INTO people (life, number, revision, enrolled, user, crc) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const SELECT: &str = "SELECT life, number, revision, enrolled, user, crc FROM people";

/// The number of the row that says when everybody was removed.
const EVERYBODY: i64 = -1;

/// What was changed about the people of a life.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    /// Each change.
    pub(super) edits: Vec<Edit>,
    /// When everybody was removed; 0 if never.
    pub(super) cleared_at: u32,
}

/// A row but for its checksum.
struct Columns {
    life: i64,
    number: i64,
    revision: i64,
    enrolled: i64,
    user: String,
}

impl Columns {
    fn sum(&self) -> i64 {
        let mut sum = Sum::new();
        sum.number(self.life).number(self.number).number(self.revision);
        sum.number(self.enrolled).text(Some(&self.user)).end()
    }

    fn of(life: i64, edit: &Edit) -> Self {
        let (enrolled, user) = match &edit.what {
            Edited::Enrolled(one) => (1, accounts::stored(one)),
            Edited::Removed(userid) => (0, userid.to_string()),
        };
        let (number, revision) = (edit.person.number.into(), edit.person.revision.into());
        Self { life, number, revision, enrolled, user }
    }

    fn put(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut put = transaction.prepare_cached(PUT)?;
        let Self { life, number, revision, enrolled, user } = self;
        put.execute(rusqlite::params![life, number, revision, enrolled, user, self.sum()])?;
        Ok(())
    }

    /// The change that it is.
    fn edit(self) -> Result<Edit, Bad> {
        let range = |_| "a number is out of range";
        let person = PersonRef {
            number: u32::try_from(self.number).map_err(range)?,
            revision: u32::try_from(self.revision).map_err(range)?,
        };
        let what = match self.enrolled {
            0 => UserId::new(&self.user).map(Edited::Removed),
            _ => accounts::enrolment(&self.user).map(|one| Edited::Enrolled(Arc::new(one))),
        };
        Ok(Edit { person, what: what.ok_or("it says nobody")? })
    }
}

/// Writes what changed about the people of a life.
pub(super) fn put(
    transaction: &Transaction<'_>,
    life: i64,
    changes: &Changes,
    state: Option<&State>,
) -> rusqlite::Result<()> {
    for edit in &changes.edits {
        Columns::of(life, edit).put(transaction)?;
    }
    if !changes.forgotten.is_empty() {
        let sql = "DELETE FROM people WHERE life = ?1 AND number = ?2 AND revision = ?3";
        let mut forget = transaction.prepare_cached(sql)?;
        for person in &changes.forgotten {
            forget.execute([life, person.number.into(), person.revision.into()])?;
        }
    }
    if let Some(state) = state.filter(|state| state.cleared_at > 0) {
        let (number, revision) = (EVERYBODY, state.cleared_at.into());
        let everybody = Columns { life, number, revision, enrolled: 0, user: String::new() };
        everybody.put(transaction)?;
    }
    Ok(())
}

/// A life is over.
pub(super) fn void(transaction: &Transaction<'_>, life: i64) -> rusqlite::Result<()> {
    transaction.prepare_cached("DELETE FROM people WHERE life = ?1")?.execute([life])?;
    Ok(())
}

/// Writes all there is about a life.
pub(super) fn put_all(
    transaction: &Transaction<'_>,
    life: i64,
    people: &People,
) -> rusqlite::Result<()> {
    let changes = Changes { edits: people.edits.clone(), forgotten: Vec::new() };
    let state = State { cleared_at: people.cleared_at, ..State::default() };
    put(transaction, life, &changes, Some(&state))
}

/// Reads everything, by life; what is damaged is told to `bad`.
pub(super) fn read(
    connection: &Connection,
    mut bad: impl FnMut(i64, Bad),
) -> rusqlite::Result<BTreeMap<i64, People>> {
    let mut lives: BTreeMap<i64, People> = BTreeMap::new();
    if !connection.table_exists(None, "people")? {
        return Ok(lives);
    }
    let mut statement = connection.prepare(SELECT)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let columns = Columns {
            life: row.get(0)?,
            number: row.get(1)?,
            revision: row.get(2)?,
            enrolled: row.get(3)?,
            user: row.get(4)?,
        };
        let life = columns.life;
        if columns.sum() != row.get::<_, i64>(5)? {
            bad(life, CHECKSUM);
            continue;
        }
        let people = lives.entry(life).or_default();
        if columns.number == EVERYBODY {
            let at = u32::try_from(columns.revision).unwrap_or(0);
            people.cleared_at = people.cleared_at.max(at);
            continue;
        }
        match columns.edit() {
            Ok(edit) => people.edits.push(edit),
            Err(why) => bad(life, why),
        }
    }
    Ok(lives)
}
