//! Storage in memory: what a test looks into and lets fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use vestibule_core::device::{Batch, Life};
use vestibule_core::event::Entry;
use vestibule_core::journal::{Place, Waiting};

use super::{CommitError, DeviceNumber, Storage};

/// The storage; a clone looks at the same.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    devices: Vec<String>,
    entries: BTreeMap<Place, (DeviceNumber, Entry, Waiting)>,
    next: u64,
    failing: Option<CommitError>,
}

impl Memory {
    /// From now on nothing can be stored, for that reason; or everything, if none.
    pub fn fail(&self, reason: Option<CommitError>) {
        self.contents().failing = reason;
    }

    /// The entries stored of all devices, in the order of their commits.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.contents().entries.values().map(|(_, entry, _)| entry.clone()).collect()
    }

    fn contents(&self) -> std::sync::MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    fn device(&mut self, sn: &str, _device_id: &str) -> DeviceNumber {
        let devices = &mut self.contents().devices;
        let known = devices.iter().position(|known| known == sn);
        DeviceNumber(known.unwrap_or_else(|| {
            devices.push(sn.to_owned());
            devices.len() - 1
        }))
    }

    fn commit(
        &mut self,
        batches: &[(DeviceNumber, Batch)],
    ) -> Result<Vec<Option<Place>>, CommitError> {
        self.probe()?;
        let mut contents = self.contents();
        let mut places = Vec::new();
        for (number, batch) in batches {
            if batch.life == Life::Begins {
                contents.entries.retain(|_, (device, ..)| device != number);
            }
            let first = Place::new(contents.next + 1).filter(|_| !batch.entries.is_empty());
            for staged in &batch.entries {
                contents.next += 1;
                let place = Place::new(contents.next).expect("from 1");
                contents.entries.insert(place, (*number, staged.entry.clone(), staged.waiting));
            }
            for (place, waiting) in &batch.waiting {
                if let Some((.., stored)) = contents.entries.get_mut(place) {
                    *stored = *waiting;
                }
            }
            for place in &batch.dead {
                contents.entries.remove(place);
            }
            places.push(first);
        }
        Ok(places)
    }

    fn probe(&mut self) -> Result<(), CommitError> {
        self.contents().failing.clone().map_or(Ok(()), Err)
    }

    fn close(&mut self) {}
}
