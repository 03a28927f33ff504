//! What keeping a device costs: appends, reopening, bytes on disk and in memory.
//!
//! Beside the store, in the same run, the plainest thing that could do it: the same producers, with devices
//! in memory only, over one append-only file. Ratios are medians of alternated pairs, with their quartiles.

#![expect(clippy::print_stdout, reason = "a bench tells what it measured")]

mod devices;
mod plain;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use tokio::runtime::Runtime;
use vestibule_core::clock::{Mono, Now, UnixMillis};
use vestibule_core::device::Device;
use vestibule_core::world::{EventName, Wish};
use vestibule_emulator::config::Config;
use vestibule_emulator::storage::{Durability, Meta, Opening, Store, Wanted};

use crate::devices::{Devices, SEED, config};
use crate::plain::Plain;

/// A full journal of the default size.
const EVENTS: u32 = 50_000;

const DURABILITIES: [(&str, Durability); 2] =
    [("process", Durability::Process), ("power", Durability::Power)];

/// Pairs that a ratio is the median of.
const PAIRS: usize = 7;

/// In a process of its own: what it measures is that process.
const MEMORY_OF: &str = "VESTIBULE_BENCH_MEMORY_OF";

fn runtime() -> Arc<Runtime> {
    Arc::new(Runtime::new().expect("threads"))
}

fn appends(criterion: &mut Criterion) {
    let runtime = runtime();
    for (name, durability) in DURABILITIES {
        let mut group = criterion.benchmark_group(format!("appends, {name}"));
        group.sample_size(10);
        for count in [1, 64, 1_024] {
            if !is_wanted(&format!("appends, {name}, {count} devices")) {
                continue;
            }
            group.throughput(Throughput::Elements(count.into()));
            let dir = tempfile::tempdir().expect("a directory");
            let kept = Devices::kept(&runtime, &config(count, 0), dir.path(), durability);
            group.bench_function(BenchmarkId::new("store", count), |bencher| {
                bencher.iter_custom(|turns| timed(|| kept.append(turns, None)));
            });
            let plain = Arc::new(Plain::new(durability));
            let in_memory = Devices::in_memory(&runtime, &config(count, 0));
            group.bench_function(BenchmarkId::new("plain file", count), |bencher| {
                bencher.iter_custom(|turns| timed(|| in_memory.append(turns, Some(&plain))));
            });
            // As many as make the plain file take a fifth of a second.
            let turns = (1..).map(|power| 1 << power).find(|turns| {
                timed(|| in_memory.append(*turns, Some(&plain))) > Duration::from_millis(200)
            });
            let turns = turns.expect("there are enough");
            let ratios = (0..PAIRS).map(|_| {
                let store = timed(|| kept.append(turns, None));
                timed(|| in_memory.append(turns, Some(&plain))).div_duration_f64(store)
            });
            tell_ratio(&format!("appends, {name}, {count} devices"), ratios.collect());
        }
        group.finish();
    }
}

/// Whether something of that name was asked for: all is, unless a part of a name is given. Here because
/// criterion leaves out only what it measures itself.
fn is_wanted(name: &str) -> bool {
    let mut parts = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    parts.next().is_none_or(|part| name.contains(&part))
}

/// How much of the plain file's rate the store reaches.
fn tell_ratio(what: &str, mut ratios: Vec<f64>) {
    ratios.sort_by(f64::total_cmp);
    let [low, median, high] = [1, 2, 3].map(|quarter| ratios[ratios.len() * quarter / 4]);
    println!("{what}: {median:.2} of the plain file's rate ({low:.2} to {high:.2})");
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn reopening(criterion: &mut Criterion) {
    const NAME: &str = "reopening 50,000";
    if !is_wanted(NAME) {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(1, EVENTS.into());
    drop(Devices::kept(&runtime(), &config, dir.path(), Durability::Process));
    let file = dir.path().join(Store::FILE);
    let bytes = std::fs::metadata(&file).expect("a file").len();
    println!("bytes on disk a record: {}", bytes / u64::from(EVENTS));
    let mut group = criterion.benchmark_group(NAME);
    group.sample_size(20);
    group.bench_function("store", |bencher| bencher.iter(|| reopen(dir.path(), &config)));
    group.bench_function("reading its bytes", |bencher| {
        bencher.iter(|| std::fs::read(&file).expect("a file").len());
    });
    group.finish();
}

/// From the directory to a device that could serve.
fn reopen(dir: &Path, config: &Config) -> Device {
    let mut plan = config.plan(SEED).expect("the configuration can be run");
    let config = Arc::new(plan.devices.remove(0).device);
    let meta = Meta {
        seed: SEED,
        employees: plan.roster.employees,
        visitors: plan.roster.visitors,
        blocklisted: plan.roster.blocklisted,
    };
    let identity = &config.identity;
    let wanted = Wanted { device_id: identity.device_id.clone(), capacity: config.capacity };
    let wanted = [(identity.sn.clone(), wanted)].into();
    let store = Store::open(dir, Opening::default()).expect("a store");
    let mut loaded = store.load(meta, &wanted).expect("it is whole");
    let stored = loaded.devices.remove(&identity.sn).expect("it is there");
    let now = Now { mono: Mono::default(), wall: UnixMillis::new(1_772_409_600_000) };
    Device::restored(config, stored, now).expect("it goes on")
}

/// The files stay small, however much has gone through them.
fn bounded() {
    const APPENDS: u32 = 3_000_000;
    const AT_ONCE: u32 = 1_000;
    let runtime = runtime();
    let dir = tempfile::tempdir().expect("a directory");
    let devices = Devices::kept(&runtime, &config(1, 0), dir.path(), Durability::Process);
    let faces = || Wish { count: AT_ONCE, ..Wish::new(EventName::Face) };
    let mut live = 0;
    let mut largest = 0;
    for made in (AT_ONCE..=APPENDS).step_by(AT_ONCE as usize) {
        devices.emit(&devices.handles[0], faces());
        largest = largest.max(devices.bytes());
        if made == EVENTS {
            live = devices.bytes();
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let ratio = largest as f64 / live as f64;
    println!("files after {APPENDS} appends: at most {ratio:.1} of those of {EVENTS} records");
}

/// Resident memory that grew for each record of full journals: in memory only, and in a directory where
/// the devices go on.
fn memory() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(Devices::kept(&runtime(), &journals(), dir.path(), Durability::Process));
    for (name, place) in [("memory", Path::new("")), ("store", dir.path())] {
        let this = std::env::current_exe().expect("this");
        let told = Command::new(this).env(MEMORY_OF, place).output().expect("it runs");
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        print!("bytes in memory a record, {name}: {}", String::from_utf8_lossy(&told.stdout));
    }
}

/// Journals that are full but for what is forced.
fn journals() -> Config {
    config(10, (EVENTS - FORCED).into())
}

/// One in twenty of the office's mix: a card that nobody has.
const FORCED: u32 = EVENTS / 20;

/// What [`memory`] measures, for a directory or none.
fn memory_of(dir: &Path) {
    let runtime = runtime();
    let before = resident();
    let devices = if dir.as_os_str().is_empty() {
        Devices::in_memory(&runtime, &journals())
    } else {
        Devices::kept(&runtime, &journals(), dir, Durability::Process)
    };
    for handle in &devices.handles {
        for number in 0..FORCED {
            let card = Some(format!("0x1{number:09X}"));
            devices.emit(handle, Wish { card, ..Wish::new(EventName::Card) });
        }
    }
    let after = resident();
    let kept = |handle: &Arc<_>| {
        let handle: &vestibule_emulator::fleet::Handle = handle;
        handle.read(|device, mono| device.status(mono).events as u64)
    };
    let records: u64 = devices.handles.iter().map(kept).sum();
    println!("{} ({records} records)", (after - before) / records);
}

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux tells it");
    let pages = statm.split(' ').nth(1).expect("it has two fields");
    pages.parse::<u64>().expect("a number") * 4096
}

criterion_group!(benches, appends, reopening);

#[expect(clippy::disallowed_methods, reason = "a bench has no arguments of its own")]
fn main() {
    if let Some(dir) = std::env::var_os(MEMORY_OF) {
        return memory_of(Path::new(&dir));
    }
    if is_wanted("memory") {
        memory();
    }
    if is_wanted("files") {
        bounded();
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
