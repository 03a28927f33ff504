//! Where devices are kept through a power cut: one store for all devices of a data directory.
//!
//! # Form
//!
//! The directory holds `lock`, which the one process that uses the store has locked and whose pid it says,
//! and `vestibule.db`, an SQLite database (with `vestibule.db-wal`, its write-ahead log, and
//! `vestibule.db-shm` beside it while it is open). Its `application_id` is `0x56535442`, its `user_version`
//! the version of this form. Five tables:
//!
//! | table | a row is | written |
//! | --- | --- | --- |
//! | `store` | the seed and the sizes of the roster | once |
//! | `devices` | what seldom changes of a device, and its *life*: the number under which its entries are | when that changes |
//! | `positions` | where a life stands: its next numbers, its oldest event, its world | with each commit of the device |
//! | `people` | what a platform changed about somebody in a life | once; it goes when no entry may speak of it |
//! | `entries` | an entry | once; its `waiting` when a record of it is acknowledged or lost |
//!
//! An entry's key is the process-wide number of its commit, so entries are appended at the end of the table
//! and there is no other index. Its columns are those of the core's `Flat` form; the view `journal` shows them in words.
//! A rewind and a factory reset give a device a new life: entries of a life that no device has are dead.
//!
//! # Commits
//!
//! One thread commits for all devices, see [`writer`]: everything that waits in one transaction. With
//! [`Durability::Process`] that survives the end of the process at any instant, with [`Durability::Power`]
//! it is on the disk before anybody is told.
//!
//! Entries that have left both windows are not deleted at once: that would write a page here and there for
//! each. They are remembered, and once they are half as many as the live ones the oldest are swept with each
//! commit, [`SWEPT_PER_COMMIT`] or twice what it adds, until none is left.
//!
//! # Limits
//!
//! The database stays within four times the live data, the write-ahead log within 8 MiB plus the largest commit.
//! Changes wait for the writer in at most [`writer::UNSTORED_MAX`] entries, and what the last request added.
//!
//! # Recovery
//!
//! | what happened | what the next start does |
//! | --- | --- |
//! | the process was killed, the power went | SQLite goes back to the last whole commit |
//! | the write-ahead log is cut at any byte | the same |
//! | the power went between an acknowledgement and its commit | the record is pushed again |
//! | a page, row or position does not fit its checksum, an event is missing, the log is damaged before its end | stops, names file and damage, and how to salvage what is whole |
//! | the form is of an earlier version | brings it into this one; that release cannot read it then |
//! | the form is of a later version | stops, names both |
//! | another process holds the store | stops, names it |
//! | the disk is full | nothing is lost but what then happens: it is refused and counted until there is room |

mod lock;
mod memory;
mod open;
mod people;
mod rows;
mod salvage;
mod schema;
mod sqlite;
mod sweep;
mod wal;
pub mod writer;

use std::path::PathBuf;

use vestibule_core::device::Batch;
use vestibule_core::journal::Place;

pub use self::lock::Lock;
pub use self::memory::Memory;
pub use self::open::{Loaded, Meta, Opening, Store, Wanted};
pub use self::salvage::{Found, Salvaged, check, salvage};
pub use self::sqlite::Sqlite;
pub use self::sweep::SWEPT_PER_COMMIT;
pub use self::writer::{NotStored, StoreStatus, Writer};

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process at any instant.
    #[default]
    Process,
    /// The loss of power, too: it is synced before anybody is told.
    Power,
}

/// A device of a store, by the order in which it was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceNumber(pub usize);

/// What keeps devices: the one way to it.
pub trait Storage: Send {
    /// Adds a device, or finds it; nothing is written yet.
    fn device(&mut self, sn: &str, device_id: &str) -> DeviceNumber;

    /// Stores every batch, or nothing; where the entries of each begin.
    ///
    /// # Errors
    /// When nothing was stored.
    fn commit(
        &mut self,
        batches: &[(DeviceNumber, Batch)],
    ) -> Result<Vec<Option<Place>>, CommitError>;

    /// Whether there is room again, after a commit that failed.
    ///
    /// # Errors
    /// When there is not.
    fn probe(&mut self) -> Result<(), CommitError>;

    /// Brings everything into its final form. The storage is not used afterwards.
    fn close(&mut self);
}

/// Why nothing was stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// No room.
    #[error("the disk is full")]
    Full,
    /// Anything else.
    #[error("the store cannot be written: {reason}")]
    Failed {
        /// What the engine says.
        reason: String,
    },
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error("the store {} is held by {holder}", dir.display())]
    Held {
        /// Where it is.
        dir: PathBuf,
        /// Who has it: `process 123`, or another process.
        holder: String,
    },
    /// The directory cannot be used.
    #[error("the directory {} cannot be used", dir.display())]
    Directory {
        /// Which.
        dir: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// There is none.
    #[error("there is no store in {}", dir.display())]
    Absent {
        /// Where.
        dir: PathBuf,
    },
    /// Another program's database, or none.
    #[error("{} is no store of vestibule", file.display())]
    Foreign {
        /// Which file.
        file: PathBuf,
    },
    /// Written by a later release.
    #[error(
        "{} is of form {found}, and this release knows {known} and before", file.display()
    )]
    Newer {
        /// Which file.
        file: PathBuf,
        /// Its form.
        found: i64,
        /// The newest form that is known.
        known: i64,
    },
    /// Something in it is damaged.
    #[error("{} is damaged: {damage}", file.display())]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// What is wrong.
        damage: String,
    },
    /// It cannot be read or written.
    #[error("{} cannot be used", file.display())]
    Engine {
        /// Which file.
        file: PathBuf,
        /// What the engine says.
        source: rusqlite::Error,
    },
    /// The first commit failed.
    #[error("{} cannot be written", dir.display())]
    Commit {
        /// Where the store is.
        dir: PathBuf,
        /// Why not.
        source: CommitError,
    },
    /// What is asked for contradicts what is stored.
    #[error("the store {} was made with {what} {stored}, not {given}", dir.display())]
    Contradiction {
        /// Where the store is.
        dir: PathBuf,
        /// What.
        what: &'static str,
        /// As it is stored.
        stored: String,
        /// As it is asked for.
        given: String,
    },
}
