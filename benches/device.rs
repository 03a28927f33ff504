//! What the device itself does for an event, without sockets or threads: messages to bytes and back, the
//! journal, the world.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use vestibule_core::behaviour::V3;
use vestibule_core::calls::control::{Command, Playing};
use vestibule_core::calls::v1::Operation;
use vestibule_core::clock::{Mono, Now, UnixMillis};
use vestibule_core::device::{Device, Effects};
use vestibule_core::event::{Entry, Fact, Index, RecordId, Seqnum};
use vestibule_core::journal::{CAPACITY, Caching, Journal};
use vestibule_core::seed::Seed;
use vestibule_core::wire::v3::Service;
use vestibule_core::wire::{View, v1, v3};
use vestibule_core::world::{EventName, Traffic, Wish, World};
use vestibule_emulator::config::Config;

const NOW: Now = Now { mono: Mono::new(Duration::ZERO), wall: UnixMillis::new(1_772_409_600_000) };

/// An alarm by its code: a door that was forced.
fn wish(event: EventName) -> Wish {
    let wish = Wish::new(event);
    match event {
        EventName::Alarm => Wish { code: Some(10_002), status: Some(1), ..wish },
        _ => wish,
    }
}

fn device() -> Device {
    let mut plan = Config::default().plan(7).expect("the default configuration can be run");
    let only = plan.devices.pop().expect("it is that of one device");
    Device::new(Arc::new(only.device), NOW)
}

/// What the wish makes, first thing on a device of its own.
fn made(wish: Wish) -> Option<(Arc<View>, Entry)> {
    let mut device = device();
    let emit = Command::Emit(Box::new(wish), Playing::Exactly);
    device.handle_control(emit, NOW.mono, &mut Effects::default()).ok()?;
    let entry = device.entries(Index::FIRST, 1).pop()?;
    Some((device.view(), entry))
}

fn encoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    // By a PIN alone nobody gets in, as a device leaves the factory.
    for event in EventName::ALL.into_iter().filter(|event| *event != EventName::Pin) {
        let Some((view, entry)) = made(wish(event)) else {
            panic!("{} cannot be emitted", event.name());
        };
        if let Some(report) = v3::encode_report(&view, &entry, "reqid") {
            group.throughput(Throughput::Bytes(report.len() as u64));
            group.bench_function(BenchmarkId::new("v3 report", event.name()), |bencher| {
                bencher.iter(|| v3::encode_report(&view, black_box(&entry), "reqid"));
            });
        }
        let record = RecordId { index: entry.index, part: 0 };
        if let Some(push) = v1::encode_push(&view, &entry, record, 1) {
            group.throughput(Throughput::Bytes(push.len() as u64));
            group.bench_function(BenchmarkId::new("v1 push", event.name()), |bencher| {
                bencher.iter(|| v1::encode_push(&view, black_box(&entry), record, 1));
            });
        }
    }
    group.finish();
}

fn decoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    let knobs = V3::default();
    let mut v3 = |name: &str, service, request: &'static [u8]| {
        let call = v3::decode(request, service, &knobs).call;
        assert!(call.is_ok(), "{call:?}");
        group.throughput(Throughput::Bytes(request.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| v3::decode(black_box(request), service, &knobs));
        });
    };
    v3(
        "v3 auth-login",
        Service::Auth,
        br#"{"action":"auth-login","header":{"reqid":"1"},"body":{"user":"admin","passwd":"9990BC737DD5B17E7A5F01B48B2C08AE"}}"#,
    );
    v3(
        "v3 event-fetch",
        Service::Event,
        br#"{"action":"event-fetch","header":{"reqid":"1"},"body":{"seqnum":40000,"limit":10}}"#,
    );
    let subscribe = br#"{"event_dest":"http://127.0.0.1:9000/Record","enabled":true}"#;
    group.throughput(Throughput::Bytes(subscribe.len() as u64));
    group.bench_function("v1 subscribe", |bencher| {
        bencher.iter(|| v1::decode(Operation::Subscribe, black_box(subscribe)));
    });
    let answer = br#"{"code":200,"msg":"success","data":{}}"#;
    group.throughput(Throughput::Bytes(answer.len() as u64));
    group.bench_function("v1 answer to a push", |bencher| {
        bencher.iter(|| v1::answer_code(black_box(answer)));
    });
    group.finish();
}

/// A face that is let in: an event and a record.
fn face() -> Fact {
    made(wish(EventName::Face)).expect("a face can be emitted").1.fact
}

fn full(fact: &Fact) -> Journal {
    let mut journal = Journal::new(CAPACITY);
    for _ in 0..CAPACITY.get() {
        journal.append(NOW.wall, fact.clone(), Caching::DropOldest);
    }
    journal
}

fn journal(criterion: &mut Criterion) {
    let fact = face();
    let mut group = criterion.benchmark_group("journal");
    group.bench_function("append, to an empty one", |bencher| {
        // Until it is half full, so that nothing is evicted.
        let empty = || Journal::new(CAPACITY);
        let fill = |journal: &mut Journal| {
            for _ in 0..CAPACITY.get() / 2 {
                journal.append(NOW.wall, black_box(&fact).clone(), Caching::DropOldest);
            }
        };
        bencher.iter_batched_ref(empty, fill, BatchSize::PerIteration);
    });
    group.throughput(Throughput::Elements(1));
    let mut journal = full(&fact);
    group.bench_function("append, evicting an event and a record", |bencher| {
        bencher.iter(|| journal.append(NOW.wall, black_box(&fact).clone(), Caching::DropOldest));
    });
    pages(&mut group, &journal);
    group.bench_function("acknowledge the oldest record, append another", |bencher| {
        bencher.iter(|| {
            let oldest = journal.unacknowledged(0).expect("the backlog is full").0;
            assert!(journal.acknowledge(oldest));
            journal.append(NOW.wall, fact.clone(), Caching::DropOldest)
        });
    });
    group.finish();
}

fn pages(group: &mut BenchmarkGroup<'_, WallTime>, journal: &Journal) {
    for limit in [10, 100] {
        group.throughput(Throughput::Elements(limit));
        let limit = usize::try_from(limit).expect("it is small");
        group.bench_function(BenchmarkId::new("page, from the middle", limit), |bencher| {
            bencher.iter(|| journal.events(black_box(25_000), limit).cloned().collect::<Vec<_>>());
        });
    }
    let (oldest, _) = journal.bounds().expect("it is full");
    let middle = Seqnum::new(oldest.get() + 25_000).expect("above 0");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one event by its number", |bencher| {
        bencher.iter(|| journal.event(black_box(middle)).cloned());
    });
}

fn world(criterion: &mut Criterion) {
    let device = device();
    let view = device.view();
    let (setup, roster) = (Arc::clone(&view.setup), Arc::clone(&view.roster));
    let fresh = || {
        let (setup, roster) = (Arc::clone(&setup), Arc::clone(&roster));
        World::new(Seed::root(7), setup, roster, Traffic::default(), NOW.wall)
    };
    let mut group = criterion.benchmark_group("world");
    group.throughput(Throughput::Elements(1));
    let mut world = fresh();
    group.bench_function("the next thing that happens in an office", |bencher| {
        bencher.iter(|| world.advance(UnixMillis::MAX).expect("there is always another day"));
    });
    let position = world.position();
    group.bench_function("where it stands, to bytes", |bencher| bencher.iter(|| world.position()));
    group.bench_function("where it stands, from bytes", |bencher| {
        bencher.iter_batched(
            fresh,
            |fresh| fresh.restored(Seed::root(7), &position, NOW.wall),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, encoding, decoding, journal, world);
criterion_main!(benches);
