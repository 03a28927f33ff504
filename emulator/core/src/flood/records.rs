//! What one device of a flood sends: the records of a world of its own.
//!
//! A record is a function of (seed, device, number) but for its stamp, which is the schedule's. No two
//! records of a flood are the same: each has a uuid, or a sequence number, or a moment of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::schedule::FIRST_STAMP;
use crate::behaviour::Behaviour;
use crate::clock::UnixMillis;
use crate::event::{AlarmSerial, Entry, Fact, Index, Phase, Photo, RecordId, Seqnum};
use crate::picture::ImageBytes;
use crate::seed::Seed;
use crate::wire::{FaultsArmed, Identity, Pictures, View, v1, v3};
use crate::world::{Roster, RosterSizes, Setup, Traffic, World};

/// In which form records are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// As v1 pushes.
    V1,
    /// As v3 reports.
    V3,
}

impl Api {
    /// The name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V3 => "v3",
        }
    }
}

/// What the devices of a flood have in common.
#[derive(Clone, Debug)]
pub struct Site {
    seed: Seed,
    roster: Arc<Roster>,
    setup: Arc<Setup>,
    api: Api,
    photo: Photo,
}

impl Site {
    /// A site of that seed, whose devices send in that form and take no images.
    #[must_use]
    pub fn new(seed: u64, api: Api) -> Self {
        let seed = Seed::root(seed).named("flood");
        let roster = Roster::new(seed.named("roster"), RosterSizes::default());
        Self {
            seed,
            roster: Arc::new(roster),
            setup: Arc::new(Setup::default()),
            api,
            photo: Photo::None,
        }
    }

    /// The same one, whose devices take images of that size. Nothing else of a record changes with them.
    #[must_use]
    pub fn with_images(mut self, bytes: ImageBytes) -> Self {
        self.setup = Arc::new(Setup { image_bytes: bytes, ..Setup::default() });
        self.photo = Photo::Taken;
        self
    }
}

/// One record, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the device's clock shows.
    pub stamp: UnixMillis,
    /// The message.
    pub body: Vec<u8>,
}

/// The records of one device, one after the other.
#[derive(Debug)]
pub struct Records {
    api: Api,
    photo: Photo,
    view: View,
    world: World,
    /// The entry whose second record is still to come.
    rest: Option<Entry>,
    taken: u64,
    /// The last stamp, which no other record of this device may bear: an alarm's records differ by it.
    last: UnixMillis,
    /// When each open alarm was raised, by the stamps.
    raised: BTreeMap<AlarmSerial, UnixMillis>,
}

impl Records {
    /// Those of the device with that number, from 0.
    #[must_use]
    pub fn new(site: &Site, device: u32) -> Self {
        let seed = site.seed.named("device").numbered(device.into());
        let (setup, roster) = (Arc::clone(&site.setup), Arc::clone(&site.roster));
        // An office's usual day: what the hour has to do with who is let in shows in the records.
        let world = World::new(
            seed.named("world"),
            Arc::clone(&setup),
            Arc::clone(&roster),
            Traffic::default(),
            FIRST_STAMP,
        );
        let view = View {
            identity: Arc::new(identity(device)),
            roster,
            setup,
            behaviour: Behaviour::documented(),
            pictures: Pictures::Shown,
            faults: FaultsArmed::No,
            seed,
        };
        let last = UnixMillis::new(0);
        let (api, photo) = (site.api, site.photo);
        Self { api, photo, view, world, rest: None, taken: 0, last, raised: BTreeMap::new() }
    }

    /// With what the records are shown.
    #[must_use]
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// The next record, made at `at`, or a little later if the one before has that stamp already.
    pub fn next(&mut self, at: UnixMillis) -> Record {
        let (entry, part) = match self.rest.take() {
            Some(entry) => (entry, 1),
            None => (self.happen(at), 0),
        };
        let body = match self.api {
            Api::V1 => {
                let record = RecordId { index: entry.index, part };
                v1::encode_push(&self.view, &entry, record, 1)
            }
            Api::V3 => {
                let reqid = self.view.report_uuid(&entry).to_string();
                v3::encode_report(&self.view, &entry, &reqid)
            }
        };
        let record = Record { stamp: entry.at, body: body.expect("only such entries are taken") };
        if self.api == Api::V1 && part == 0 && entry.fact.records().len() > 1 {
            self.rest = Some(entry);
        }
        record
    }

    /// The next thing that happens at this door and has a record.
    fn happen(&mut self, at: UnixMillis) -> Entry {
        let mut fact = self.fact();
        let next = UnixMillis::new(self.last.millis() + 1);
        self.last = at.max(next);
        self.taken += 1;
        self.restamp(&mut fact);
        Entry {
            index: Index::new(self.taken),
            seqnum: Seqnum::new(self.taken).filter(|_| fact.kind().is_some()),
            at: self.last,
            fact,
        }
    }

    fn fact(&mut self) -> Fact {
        loop {
            let happening = self.world.advance(UnixMillis::MAX);
            let fact = happening.expect("an office has events on every working day").fact;
            let has_record = match self.api {
                Api::V1 => !fact.records().is_empty(),
                Api::V3 => fact.kind().is_some(),
            };
            if has_record {
                return fact.with_photo(self.photo);
            }
        }
    }

    /// An alarm was raised when its record says so, which is not the world's own time.
    fn restamp(&mut self, fact: &mut Fact) {
        match fact {
            Fact::PinAttack(_, serial) => {
                self.raised.insert(*serial, self.last);
            }
            Fact::Alarm(alarm) => {
                let trace = &mut alarm.trace;
                trace.raised_at = *self.raised.entry(trace.serial).or_insert(self.last);
                if alarm.phase == Phase::Cleared {
                    self.raised.remove(&trace.serial);
                }
            }
            _ => {}
        }
    }
}

/// Who the device of that number is: of other names than the devices of `run`, which may push to the same
/// platform.
fn identity(device: u32) -> Identity {
    let number = u64::from(device) + 1;
    Identity {
        sn: format!("VSF{number:07}"),
        device_id: format!("00vsf{number:05}"),
        model: "VST-100".to_owned(),
        ip: "127.0.0.1".to_owned(),
        account: "admin".to_owned(),
    }
}
