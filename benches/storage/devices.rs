//! Devices as `vestibule run` makes them, kept in a store or in memory only.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use vestibule_core::calls::control::{Command, Playing};
use vestibule_core::world::{EventName, Wish};
use vestibule_emulator::clock::Clock;
use vestibule_emulator::config::{Config, DeviceCount};
use vestibule_emulator::emulator::{Bound, Emulator};
use vestibule_emulator::fleet::Handle;
use vestibule_emulator::storage::{Durability, Opening, Store};

use crate::plain::Plain;

/// The root of every random choice.
pub(crate) const SEED: u64 = 7;

/// So many devices on free ports, at whose doors nobody is.
pub(crate) fn config(devices: u32, backfill: u64) -> Config {
    let free = Some(([127, 0, 0, 1], 0).into());
    let mut config = Config {
        listen: free,
        control: free,
        devices: DeviceCount { all: Some(devices), ..DeviceCount::default() },
        backfill: Some(backfill),
        ..Config::default()
    };
    config.traffic.rate_per_minute = Some(0.0);
    config
}

/// Devices that run.
pub(crate) struct Devices {
    runtime: Arc<Runtime>,
    emulator: Option<Emulator>,
    pub(crate) handles: Vec<Arc<Handle>>,
    dir: Option<PathBuf>,
}

impl Devices {
    /// In memory only.
    pub(crate) fn in_memory(runtime: &Arc<Runtime>, config: &Config) -> Self {
        Self::start(runtime, config, None)
    }

    /// Kept in that directory.
    pub(crate) fn kept(
        runtime: &Arc<Runtime>,
        config: &Config,
        dir: &Path,
        durability: Durability,
    ) -> Self {
        let opening = Opening { durability, ..Opening::default() };
        let store = Store::open(dir, opening).expect("a store");
        let mut devices = Self::start(runtime, config, Some(store));
        devices.dir = Some(dir.to_owned());
        devices
    }

    fn start(runtime: &Arc<Runtime>, config: &Config, store: Option<Store>) -> Self {
        let entered = runtime.enter();
        let plan = config.plan(SEED).expect("the configuration can be run");
        let mut bound = Bound::new(plan, Clock::default()).expect("free ports");
        if let Some(store) = store {
            bound = bound.kept_in(store);
        }
        let emulator = bound.start().expect("it starts");
        drop(entered);
        let handles = emulator.fleet().devices.values().cloned().collect();
        Self { runtime: Arc::clone(runtime), emulator: Some(emulator), handles, dir: None }
    }

    /// Each device makes a face and waits until it is kept, so many times; with `plain` until that has it.
    pub(crate) fn append(&self, turns: u64, plain: Option<&Arc<Plain>>) {
        self.runtime.block_on(async {
            let mut producers = JoinSet::new();
            for handle in &self.handles {
                producers.spawn(produce(Arc::clone(handle), turns, plain.cloned()));
            }
            while let Some(ended) = producers.join_next().await {
                ended.expect("no panic");
            }
        });
    }

    /// Makes as many events as the wish says at a device, and waits until they are kept.
    pub(crate) fn emit(&self, handle: &Handle, wish: Wish) {
        self.runtime.block_on(emit(handle, wish));
    }

    /// Bytes of the store's files.
    pub(crate) fn bytes(&self) -> u64 {
        let files = std::fs::read_dir(self.dir.as_ref().expect("it is kept")).expect("a directory");
        files.map(|file| file.and_then(|file| file.metadata()).expect("a file").len()).sum()
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        self.handles.clear();
        self.runtime.block_on(self.emulator.take().expect("it ends once").stop());
    }
}

async fn produce(handle: Arc<Handle>, turns: u64, plain: Option<Arc<Plain>>) {
    for _ in 0..turns {
        emit(&handle, Wish::new(EventName::Face)).await;
        if let Some(plain) = &plain {
            plain.append().await;
        }
    }
}

async fn emit(handle: &Handle, wish: Wish) {
    let turn = handle.entry_turn().await;
    let emit = Command::Emit(Box::new(wish), Playing::Exactly);
    let (made, receipt) =
        handle.change(|device, mono, effects| device.handle_control(emit, mono, effects));
    made.expect("a face can be emitted");
    receipt.stored().await.expect("the store has room");
    drop(turn);
}
