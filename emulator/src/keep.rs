//! Devices that are kept in a store: opened, brought up, and given to the store's writer.
//!
//! Promises that nothing is shown of a device before its start is stored. Leaves out what a store is:
//! `storage`.

use std::path::Path;
use std::sync::Arc;

use vestibule_core::clock::Now;
use vestibule_core::device::{Batch, Config, Device, Life, Stored};
use vestibule_core::event::Photo;

use crate::clock::Clock;
use crate::control::feed::Feed;
use crate::emulator::StartError;
use crate::fleet::{Handle, tell};
use crate::storage::writer::{Queue, Stores, UNSTORED_MAX};
use crate::storage::{
    DeviceNumber, Loaded, Meta, Sqlite, Storage, Store, StoreError, Wanted, Writer,
};

/// Devices whose start is stored.
pub(crate) struct Kept {
    devices: Vec<(DeviceNumber, Device)>,
    storage: Sqlite,
}

/// Takes the devices of `configs` from `store`, or begins them there; they stay in that order.
pub(crate) fn open(
    store: Store,
    meta: Meta,
    configs: Vec<Arc<Config>>,
    now: Now,
) -> Result<Kept, StoreError> {
    let dir = store.dir().to_owned();
    let wanted = configs.iter().map(|config| {
        let device_id = config.identity.device_id.clone();
        (config.identity.sn.clone(), Wanted { device_id, capacity: config.capacity })
    });
    let Loaded { mut storage, mut devices, resting } = store.load(meta, &wanted.collect())?;
    if resting > 0 {
        tracing::info!(
            "the store holds {resting} more devices, which rest until they are run again"
        );
    }
    let mut beginning = Beginning { dir: &dir, storage: &mut storage, batches: Vec::new() };
    let mut kept = Vec::with_capacity(configs.len());
    for config in configs {
        let stored = devices.remove(&config.identity.sn);
        let number = beginning.storage.device(&config.identity.sn, &config.identity.device_id);
        let (mut device, life) = restored(&dir, config, stored, now)?;
        let batch = device.begin(life);
        kept.push((number, device));
        beginning.add(number, batch, &mut kept)?;
    }
    beginning.commit(&mut kept)?;
    Ok(Kept { devices: kept, storage })
}

/// The device as it was stored, or a new one.
fn restored(
    dir: &Path,
    config: Arc<Config>,
    stored: Option<Stored>,
    now: Now,
) -> Result<(Device, Life), StoreError> {
    let Some(stored) = stored else {
        return Ok((Device::new(config, now), Life::Begins));
    };
    let sn = config.identity.sn.clone();
    let device = Device::restored(config, stored, now).map_err(|bad| StoreError::Damaged {
        file: dir.join(Store::FILE),
        damage: format!("of device {sn}, {bad}"),
    })?;
    if device.status(now.mono).photo == Photo::Taken {
        tell(&sn, Photo::Taken);
    }
    Ok((device, Life::GoesOn))
}

/// The starts of devices, stored some at a time: the pasts of all at once could be gigabytes. A device
/// whose start was not reached begins at the next one.
struct Beginning<'a> {
    dir: &'a Path,
    storage: &'a mut Sqlite,
    batches: Vec<(DeviceNumber, Batch)>,
}

type Devices = [(DeviceNumber, Device)];

impl Beginning<'_> {
    /// The start of the last of `devices`.
    fn add(
        &mut self,
        number: DeviceNumber,
        batch: Batch,
        devices: &mut Devices,
    ) -> Result<(), StoreError> {
        self.batches.push((number, batch));
        let entries: usize = self.batches.iter().map(|(_, batch)| batch.entries.len()).sum();
        if entries < UNSTORED_MAX { Ok(()) } else { self.commit(devices) }
    }

    /// Stores what was added; those are the last of `devices`.
    fn commit(&mut self, devices: &mut Devices) -> Result<(), StoreError> {
        let batches = std::mem::take(&mut self.batches);
        let committed = self.storage.commit(&batches);
        let places =
            committed.map_err(|source| StoreError::Commit { dir: self.dir.to_owned(), source })?;
        let begun = devices.len() - batches.len();
        for ((_, device), place) in devices[begun..].iter_mut().zip(places) {
            device.begun(place);
        }
        Ok(())
    }
}

impl Kept {
    /// Shares the devices with whoever serves them, and starts the writer of their store.
    pub(crate) fn shared(
        self,
        clock: Clock,
        feed: &Arc<Feed>,
    ) -> Result<(Vec<Arc<Handle>>, Writer), StartError> {
        let Self { devices, storage } = self;
        let queue = Queue::default();
        let mut handles = Vec::with_capacity(devices.len());
        // A store may hold other devices, which do not run.
        let mut storing: Vec<Option<Arc<dyn Stores>>> = Vec::new();
        for (number, device) in devices {
            let handle = Handle::new(device, clock, Arc::clone(feed)).kept(number, queue.clone());
            let handle = Arc::new(handle);
            // What its backlog holds is due now: nothing else would wake a device at whose door nobody is.
            handle.with(|device, mono, effects| device.handle_timer(mono, effects));
            if storing.len() <= number.0 {
                storing.resize_with(number.0 + 1, || None);
            }
            storing[number.0] = Some(Arc::clone(&handle) as Arc<dyn Stores>);
            handles.push(handle);
        }
        let writer =
            Writer::start(Box::new(storage), queue, storing).map_err(StartError::Thread)?;
        Ok((handles, writer))
    }
}
