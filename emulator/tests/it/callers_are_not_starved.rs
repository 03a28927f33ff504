//! However fast a device's world runs and however much it delivers, whoever calls it gets a turn.

use std::time::Duration;

use crate::bench_device::{Bench, Wanted};
use crate::platform::Platform;

/// Far above a wake-up's share of events, and far below what a platform waits.
const TURN_MAX: Duration = Duration::from_secs(2);

async fn slowest_of(calls: u32, device: &Bench) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..calls {
        let began = device.clock.mono();
        assert_eq!(device.ask("GET", "/v1/event/subscribe", "", "").await.status, 200);
        slowest = slowest.max(device.clock.mono().since(began));
    }
    slowest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_a_world_that_cannot_keep_up() {
    let platform = Platform::start();
    let mut wanted = Wanted::quiet().push_to(platform.url());
    wanted.0.clock = Some("2026-03-02T00:00:00Z".into());
    wanted.0.traffic.rate_per_minute = Some(1000.0);
    wanted.0.traffic.profile = Some("steady".to_owned());
    wanted.0.traffic.speed = Some(1_000_000.0);
    let device = wanted.start();
    device.until("it runs", |status| status.next_index.get() > 1000).await;
    let slowest = slowest_of(50, &device).await;
    assert!(slowest < TURN_MAX, "{slowest:?}");
    let pushed = device.status().counters.pushed;
    device.until("deliveries go on, too", |status| status.counters.pushed > pushed + 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_a_replay_at_full_speed() {
    let platform = Platform::start();
    let mut wanted = Wanted::quiet().push_to(platform.url()).report_to(platform.url());
    wanted.0.offline = true;
    let device = wanted.start();
    device.emit(20_000);
    device.online().await;
    let slowest = slowest_of(50, &device).await;
    assert!(slowest < TURN_MAX, "{slowest:?}");
    assert!(device.status().backlog > 0, "the replay went on meanwhile");
}
