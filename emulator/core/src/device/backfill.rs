//! A device's past: the events of the days before it came up.
//!
//! They are what the world would have made, counted back from the start: the newest so many of them. None
//! is in the backlog or reported.

use std::sync::Arc;
use std::time::Duration;

use super::config::Config;
use crate::clock::UnixMillis;
use crate::journal::{Caching, Journal};
use crate::seed::Seed;
use crate::world::{Happening, Traffic, World};

/// How often the past is made longer until it holds enough: each time by half, so this reaches several
/// thousand times the first guess, which is off by weekends and nights only.
const TRIES: u32 = 24;

/// The journal and the world of a device that comes up at `now`.
pub(super) fn begin(config: &Config, seed: Seed, now: UnixMillis) -> (Journal, World) {
    let mut journal = Journal::new(config.capacity);
    let world_from = |traffic, from| {
        let (setup, roster) = (Arc::clone(&config.setup), Arc::clone(&config.roster));
        World::new(seed.named("world"), setup, roster, traffic, from)
    };
    if config.backfill == 0 {
        return (journal, world_from(config.traffic, now));
    }
    let traffic = past_traffic(config.traffic);
    let past = |from| until(world_from(traffic, from), now);
    let (from, events) = begin_of_past(config.backfill, traffic, now, |from| {
        past(from).filter(|happening| happening.fact.kind().is_some()).count() as u64
    });
    let mut left_out = events.saturating_sub(config.backfill);
    let mut world = world_from(traffic, from);
    while let Some(happening) = world.advance(just_before(now)) {
        if left_out == 0 {
            journal.append(happening.at, happening.fact, Caching::Off);
        } else if happening.fact.kind().is_some() {
            left_out -= 1;
        }
    }
    if config.traffic.events_per_minute > 0.0 {
        return (journal, world);
    }
    // No traffic of its own: what the past began does not go on.
    let quiet = world_from(config.traffic, now).with_next_alarm(world.next_alarm());
    (journal, quiet)
}

/// What happens by itself, or what would by default where nothing does.
fn past_traffic(traffic: Traffic) -> Traffic {
    if traffic.events_per_minute > 0.0 {
        traffic
    } else {
        Traffic { profile: traffic.profile, ..Traffic::default() }
    }
}

/// When the past begins, and how many events it holds: as many as are wanted, or as the calendar has.
fn begin_of_past(
    wanted: u64,
    traffic: Traffic,
    now: UnixMillis,
    count: impl Fn(UnixMillis) -> u64,
) -> (UnixMillis, u64) {
    #[expect(clippy::cast_precision_loss, reason = "a first guess")]
    let minutes = wanted as f64 / traffic.events_per_minute;
    let mut span = Duration::try_from_secs_f64(minutes * 60.0).unwrap_or(Duration::MAX);
    let mut found = (now, 0);
    for _ in 0..TRIES {
        let from = now - span;
        found = (from, count(from));
        if found.1 >= wanted || from == UnixMillis::new(0) {
            break;
        }
        span = span.saturating_add(span / 2);
    }
    found
}

fn until(mut world: World, now: UnixMillis) -> impl Iterator<Item = Happening> {
    std::iter::from_fn(move || world.advance(just_before(now)))
}

fn just_before(now: UnixMillis) -> UnixMillis {
    UnixMillis::new(now.millis() - 1)
}
