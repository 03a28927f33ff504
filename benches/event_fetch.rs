//! What an `event-fetch` costs, by its place in a full journal.
//!
//! The promise: a page costs the same everywhere, the slowest place at most 1.5 times the fastest. Each
//! measurement is the whole of the device's work: the call, the copy of ten events, their JSON.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use vestibule_core::calls::control::{Command, Playing};
use vestibule_core::calls::v3::{Call, Credentials, Fetch, Pass, Reply};
use vestibule_core::clock::{Mono, Now, UnixMillis};
use vestibule_core::device::{Device, Effects};
use vestibule_core::wire::v3::encode;
use vestibule_core::world::{EventName, Wish};
use vestibule_emulator::config::Config;

/// A full journal of the default size.
const EVENTS: u32 = 50_000;

fn by_place(criterion: &mut Criterion) {
    let now = Now { mono: Mono::new(Duration::ZERO), wall: UnixMillis::new(1_772_409_600_000) };
    let mut plan = Config::default().plan(7).expect("the default configuration can be run");
    let only = plan.devices.pop().expect("it is that of one device");
    let mut device = Device::new(Arc::new(only.device), now);
    fill(&mut device, now.mono);
    let token = log_in(&mut device, now.mono);
    let view = device.view();
    let mut effects = Effects::default();
    let mut group = criterion.benchmark_group("event-fetch of 10 among 50,000");
    for place in [1, 10_000, 25_000, 40_000, EVENTS - 9] {
        let by_seqnum = Fetch { seqnum: Some(place.into()), ..Fetch::default() };
        let by_offset = Fetch { offset: Some((place - 1).into()), ..Fetch::default() };
        for (name, fetch) in [("seqnum", by_seqnum), ("offset", by_offset)] {
            group.bench_function(BenchmarkId::new(name, place), |bencher| {
                bencher.iter(|| {
                    let call = Ok(Call::EventFetch(black_box(fetch)));
                    let page =
                        device.handle_v3(&view, call, Pass::Token(&token), now.mono, &mut effects);
                    encode(&page, None, &view)
                });
            });
        }
    }
    group.finish();
}

/// One kind of event throughout, so that pages differ by their place alone.
fn fill(device: &mut Device, mono: Mono) {
    let wish = Wish { count: EVENTS, ..Wish::new(EventName::Face) };
    let emit = Command::Emit(Box::new(wish), Playing::Exactly);
    device.handle_control(emit, mono, &mut Effects::default()).expect("faces can be emitted");
}

fn log_in(device: &mut Device, mono: Mono) -> String {
    let (user, digest) = ("admin".to_owned(), "9990BC737DD5B17E7A5F01B48B2C08AE".to_owned());
    let login = Call::Login(Credentials { user, digest });
    let view = device.view();
    match device.handle_v3(&view, Ok(login), Pass::Nothing, mono, &mut Effects::default()) {
        Ok(Reply::Token { token, .. }) => token,
        other => panic!("the factory account logs in: {other:?}"),
    }
}

criterion_group!(benches, by_place);
criterion_main!(benches);
