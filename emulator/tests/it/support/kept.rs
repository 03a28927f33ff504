//! A device and its store, without sockets and threads: every commit is in the test's hand.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use vestibule_core::calls::control::{Command, Emitted, Playing, Reply};
use vestibule_core::clock::{Mono, Now, UnixMillis};
use vestibule_core::device::{Config, Device, Effects, Life};
use vestibule_core::world::{EventName, Wish};
use vestibule_emulator::storage::{
    CommitError, DeviceNumber, Loaded, Meta, Opening, Sqlite, Storage, Store, StoreError, Wanted,
};

/// What these stores are made with.
pub(crate) const META: Meta = Meta { seed: 7, employees: 170, visitors: 20, blocklisted: 10 };

/// 2026-03-02T08:00:00+08:00.
const START: UnixMillis = UnixMillis::new(1_772_409_600_000);

/// A quiet device with so small a journal.
pub(crate) fn device_config(capacity: u32) -> Config {
    let mut config = super::quiet();
    config.capacity = Some(capacity);
    config.plan(META.seed).expect("the configuration is good").devices.remove(0).device
}

/// A device that is kept in a directory.
pub(crate) struct Kept {
    pub(crate) device: Device,
    pub(crate) storage: Sqlite,
    number: DeviceNumber,
    config: Arc<Config>,
    opening: Opening,
    pub(crate) dir: TempDir,
    mono: Mono,
}

/// Opens the store and makes its only device.
fn open(dir: &Path, config: &Arc<Config>, opening: Opening) -> Result<Loading, StoreError> {
    let identity = &config.identity;
    let wanted = Wanted { device_id: identity.device_id.clone(), capacity: config.capacity };
    let wanted = BTreeMap::from([(identity.sn.clone(), wanted)]);
    let loaded = Store::open(dir, opening)?.load(META, &wanted)?;
    let Loaded { mut storage, mut devices, .. } = loaded;
    let now = Now { mono: Mono::default(), wall: START };
    let config = Arc::clone(config);
    let number = storage.device(&identity.sn, &identity.device_id);
    let (mut device, life) = match devices.remove(&identity.sn) {
        Some(stored) => {
            let device = Device::restored(config, stored, now).expect("a position of ours");
            (device, Life::GoesOn)
        }
        None => (Device::new(config, now), Life::Begins),
    };
    let batches = [(number, device.begin(life))];
    let places = storage
        .commit(&batches)
        .map_err(|source| StoreError::Commit { dir: dir.to_owned(), source })?;
    device.begun(places[0]);
    Ok((device, storage, number))
}

type Loading = (Device, Sqlite, DeviceNumber);

/// The store of that directory, read whole; none of it is changed.
pub(crate) fn try_open(dir: &Path, capacity: u32) -> Result<Device, StoreError> {
    let copy = copy(dir);
    let config = Arc::new(device_config(capacity));
    open(copy.path(), &config, Opening::default()).map(|(device, ..)| device)
}

/// The files as they are on the disk now, as if the process had been killed.
pub(crate) fn copy(dir: &Path) -> TempDir {
    let copy = TempDir::new().expect("a directory");
    for name in ["vestibule.db", "vestibule.db-wal"] {
        let from = dir.join(name);
        if from.exists() {
            std::fs::copy(from, copy.path().join(name)).expect("a copy");
        }
    }
    copy
}

impl Kept {
    pub(crate) fn new(capacity: u32) -> Self {
        Self::opened(device_config(capacity), Opening::default())
    }

    pub(crate) fn opened(config: Config, opening: Opening) -> Self {
        let dir = TempDir::new().expect("a directory");
        let config = Arc::new(config);
        let (device, storage, number) = open(dir.path(), &config, opening).expect("a new store");
        Self { device, storage, number, config, opening, dir, mono: Mono::default() }
    }

    /// The process is killed and another one starts.
    pub(crate) fn kill(&mut self) {
        let dir = copy(self.dir.path());
        let opened = open(dir.path(), &self.config, self.opening).expect("a whole store");
        (self.device, self.storage, self.number) = opened;
        self.dir = dir;
    }

    /// Gives the device an input.
    pub(crate) fn input<T>(
        &mut self,
        give: impl FnOnce(&mut Device, Mono, &mut Effects) -> T,
    ) -> T {
        self.mono = self.mono + Duration::from_millis(1);
        give(&mut self.device, self.mono, &mut Effects::default())
    }

    pub(crate) fn emit(&mut self, event: EventName, count: u32) -> Vec<Emitted> {
        let wish = Box::new(Wish { count, ..Wish::new(event) });
        let command = Command::Emit(wish, Playing::Exactly);
        match self.input(|device, mono, effects| device.handle_control(command, mono, effects)) {
            Ok(Reply::Emitted(emitted)) => emitted,
            other => panic!("emit answers what it emitted, not {other:?}"),
        }
    }

    /// Commits what waits, until nothing does.
    pub(crate) fn commit(&mut self) -> Result<(), CommitError> {
        while let Some(batch) = self.device.take_batch() {
            match self.storage.commit(&[(self.number, batch)]) {
                Ok(places) => {
                    let first = places[0];
                    self.input(|device, mono, effects| device.handle_stored(first, mono, effects));
                }
                Err(error) => {
                    self.device.handle_not_stored();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// What waits cannot be stored.
    pub(crate) fn fail(&mut self) {
        if self.device.take_batch().is_some() {
            self.device.handle_not_stored();
        }
    }

    pub(crate) fn emit_and_commit(&mut self, event: EventName, count: u32) {
        self.emit(event, count);
        self.commit().expect("there is room");
    }

    /// Bytes of the database and of its log.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let size = |name: &str| {
            std::fs::metadata(self.dir.path().join(name)).map_or(0, |metadata| metadata.len())
        };
        (size("vestibule.db"), size("vestibule.db-wal"))
    }
}
