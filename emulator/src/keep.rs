//! A device that is kept in a store: opened, brought up, and given to the store's writer.
//!
//! Promises that nothing is shown of it before its start is stored. Leaves out what a store is: `storage`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use vestibule_core::clock::Now;
use vestibule_core::device::{Config, Device, Life};

use crate::clock::Clock;
use crate::control::feed::Feed;
use crate::emulator::StartError;
use crate::fleet::Handle;
use crate::storage::writer::{Queue, Stores};
use crate::storage::{DeviceNumber, Loaded, Meta, Sqlite, Storage, Store, StoreError, Writer};

/// A device whose start is stored.
pub(crate) struct Kept {
    device: Device,
    number: DeviceNumber,
    storage: Sqlite,
}

/// Takes the device of `config` from `store`, or begins it there.
pub(crate) fn open(
    store: Store,
    meta: Meta,
    config: Arc<Config>,
    now: Now,
) -> Result<Kept, StoreError> {
    let dir: PathBuf = store.dir().to_owned();
    let identity = Arc::clone(&config.identity);
    let wanted = (identity.device_id.clone(), config.capacity);
    let wanted = BTreeMap::from([(identity.sn.clone(), wanted)]);
    let Loaded { mut storage, mut devices } = store.load(meta, &wanted)?;
    let number = storage.device(&identity.sn, &identity.device_id);
    let (mut device, life) = match devices.remove(&identity.sn) {
        Some(stored) => {
            let device = Device::restored(config, stored, now).map_err(|bad| {
                let damage = format!("of device {}, {bad}", identity.sn);
                StoreError::Damaged { file: dir.join(Store::FILE), damage }
            })?;
            (device, Life::GoesOn)
        }
        None => (Device::new(config, now), Life::Begins),
    };
    let begun = storage.commit(&[(number, device.begin(life))]);
    let places = begun.map_err(|source| StoreError::Commit { dir, source })?;
    device.begun(places.into_iter().next().flatten());
    Ok(Kept { device, number, storage })
}

impl Kept {
    /// Shares the device with whoever serves it, and starts the writer of its store.
    pub(crate) fn shared(
        self,
        clock: Clock,
        feed: Arc<Feed>,
    ) -> Result<(Arc<Handle>, Writer), StartError> {
        let Self { device, number, storage } = self;
        let queue = Queue::default();
        let handle = Arc::new(Handle::new(device, clock, feed).kept(number, queue.clone()));
        // What its backlog holds is due now: nothing else would wake a device at whose door nobody is.
        handle.with(|device, mono, effects| device.handle_timer(mono, effects));
        // A store may hold other devices, which do not run.
        let mut devices: Vec<Option<Arc<dyn Stores>>> = vec![None; number.0];
        devices.push(Some(Arc::clone(&handle) as Arc<dyn Stores>));
        let writer =
            Writer::start(Box::new(storage), queue, devices).map_err(StartError::Thread)?;
        Ok((handle, writer))
    }
}
