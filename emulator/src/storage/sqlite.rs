//! Storage on SQLite.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use vestibule_core::device::{Batch, Life};
use vestibule_core::journal::Place;

use super::people;
use super::rows::{self, DeviceRow};
use super::sweep::Sweep;
use super::{CommitError, DeviceNumber, Lock, Storage};

/// A store that is open.
#[derive(Debug)]
pub struct Sqlite {
    pub(super) connection: Connection,
    pub(super) dir: PathBuf,
    pub(super) devices: Vec<DeviceRow>,
    /// The devices that have a row already, by serial number.
    pub(super) by_sn: BTreeMap<String, DeviceNumber>,
    pub(super) sweep: Sweep,
    /// The key of the next entry.
    pub(super) next_id: i64,
    pub(super) next_life: i64,
    /// Held as long as the store is open.
    pub(super) _lock: Lock,
}

/// What a commit changes in memory, once it is one.
struct Changed {
    next_id: i64,
    next_life: i64,
    devices: Vec<(DeviceNumber, DeviceRow)>,
    places: Vec<Option<Place>>,
}

impl Storage for Sqlite {
    fn device(&mut self, sn: &str, device_id: &str) -> DeviceNumber {
        if let Some(number) = self.by_sn.get(sn) {
            return *number;
        }
        let number = DeviceNumber(self.devices.len());
        self.by_sn.insert(sn.to_owned(), number);
        self.devices.push(DeviceRow {
            sn: sn.to_owned(),
            device_id: device_id.to_owned(),
            life: 0,
            state: vestibule_core::device::State::default(),
        });
        number
    }

    fn commit(
        &mut self,
        batches: &[(DeviceNumber, Batch)],
    ) -> Result<Vec<Option<Place>>, CommitError> {
        let added: usize = batches.iter().map(|(_, batch)| batch.entries.len()).sum();
        let swept = self.sweep.take(added);
        match self.write(batches, &swept) {
            Ok(changed) => {
                self.next_id = changed.next_id;
                self.next_life = changed.next_life;
                for (number, row) in changed.devices {
                    self.devices[number.0] = row;
                }
                self.sweep.add_rows(added);
                for (_, batch) in batches {
                    self.sweep.bury(batch.dead.iter().copied());
                }
                Ok(changed.places)
            }
            Err(error) => {
                self.sweep.put_back(swept);
                Err(commit_error(&error))
            }
        }
    }

    fn probe(&mut self) -> Result<(), CommitError> {
        // A few pages, there and gone in one commit: they are written all the same.
        let write = "BEGIN IMMEDIATE;
            INSERT INTO positions VALUES (-1, 1, 1, 1, 0, zeroblob(16384), 0);
            DELETE FROM positions WHERE life = -1;
            COMMIT;";
        self.connection.execute_batch(write).map_err(|error| {
            if !self.connection.is_autocommit() {
                drop(self.connection.execute_batch("ROLLBACK"));
            }
            commit_error(&error)
        })
    }

    fn close(&mut self) {
        // What is not brought into the database now is at the next start.
        let cut = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
        if let Err(error) = cut {
            tracing::warn!(%error, dir = %self.dir.display(), "the store was closed with its log");
        }
    }
}

impl Sqlite {
    fn write(
        &mut self,
        batches: &[(DeviceNumber, Batch)],
        swept: &[Place],
    ) -> rusqlite::Result<Changed> {
        let Self { connection, devices, next_id, next_life, .. } = self;
        let mut changed = Changed {
            next_id: *next_id,
            next_life: *next_life,
            devices: Vec::new(),
            places: Vec::with_capacity(batches.len()),
        };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(rows::INSERT_ENTRY)?;
            let mut wait =
                transaction.prepare_cached("UPDATE entries SET waiting = ?2 WHERE id = ?1")?;
            let mut position = transaction.prepare_cached(rows::PUT_POSITION)?;
            let mut device = transaction.prepare_cached(rows::PUT_DEVICE)?;
            for (number, batch) in batches {
                let row = &devices[number.0];
                let mut life = row.life;
                if batch.life == Life::Begins {
                    let mut void =
                        transaction.prepare_cached("DELETE FROM positions WHERE life = ?1")?;
                    void.execute([life])?;
                    people::void(&transaction, life)?;
                    life = changed.next_life;
                    changed.next_life += 1;
                }
                let first = changed.next_id;
                for staged in &batch.entries {
                    let id = changed.next_id;
                    rows::insert_entry(&mut insert, id, life, &staged.entry, staged.waiting)?;
                    changed.next_id += 1;
                }
                for (place, waiting) in &batch.waiting {
                    let id = rows::signed(place.get());
                    wait.execute([id, rows::waiting_code(*waiting)])?;
                }
                if batch.state.is_some() || batch.life == Life::Begins {
                    let state = batch.state.as_ref().unwrap_or(&row.state).clone();
                    let row = DeviceRow { life, state, ..row.clone() };
                    rows::put_device(&mut device, &row)?;
                    changed.devices.push((*number, row));
                }
                people::put(&transaction, life, &batch.people, batch.state.as_ref())?;
                if let Some(at) = &batch.position {
                    rows::put_position(&mut position, life, at)?;
                }
                let place = u64::try_from(first).ok().and_then(Place::new);
                changed.places.push(place.filter(|_| !batch.entries.is_empty()));
            }
            let mut delete = transaction.prepare_cached("DELETE FROM entries WHERE id = ?1")?;
            for place in swept {
                delete.execute([rows::signed(place.get())])?;
            }
        }
        transaction.commit()?;
        Ok(changed)
    }
}

/// What the engine's words mean for whoever waits.
fn commit_error(error: &rusqlite::Error) -> CommitError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => CommitError::Full,
        _ => CommitError::Failed { reason: error.to_string() },
    }
}
