//! Wake-ups: each has something to do, none does too much, time never goes back, and the network flaps to
//! the millisecond.

use std::time::Duration;

use proptest::prelude::*;
use vestibule_core::calls::control::{Command, CommandError, Playing, Reply, TrafficChange};
use vestibule_core::clock::{Now, Speed, UnixMillis};
use vestibule_core::device::{Config, Device, Effect, Link};
use vestibule_core::event::Fact;
use vestibule_core::world::{Profile, Traffic, TrafficError, Wish};

use crate::support::{REPORTS, Rig, START, config, dest, mono, wish};

fn steady(events_per_minute: f64) -> Traffic {
    Traffic { profile: Profile::Steady, events_per_minute }
}

fn fast(times: f64, events_per_minute: f64) -> Rig {
    Rig::made(|config| {
        config.speed = Speed::new(times).expect("in range");
        config.traffic = steady(events_per_minute);
    })
}

/// When the link went where, in milliseconds after now.
fn links(rig: &mut Rig, millis: u64) -> Vec<(u128, Link)> {
    let begin = rig.mono;
    let mut found = Vec::new();
    let mut note = |rig: &mut Rig| {
        for effect in std::mem::take(&mut rig.effects) {
            if let Effect::Link(link) = effect {
                found.push((rig.mono.since(begin).as_millis(), link));
            }
        }
    };
    note(rig);
    let until = rig.mono + Duration::from_millis(millis);
    while let Some(due) = rig.device.next_deadline().filter(|due| *due <= until) {
        rig.mono = due;
        rig.input(Device::handle_timer);
        note(rig);
    }
    found
}

#[test]
fn flapping_is_down_first_so_many_times_and_online_in_the_end() {
    use Link::{Down, Up};
    let mut rig = Rig::new();
    rig.flap(300, 100, 3);
    let found = links(&mut rig, 60_000);
    let expected = [(0, Down), (100, Up), (400, Down), (500, Up), (800, Down), (900, Up)];
    assert_eq!(found, expected);
    assert_eq!(rig.device.next_deadline(), None, "and that is all");
    rig.flap(300, 100, 1);
    assert_eq!(links(&mut rig, 60_000), [(0, Down), (100, Up)]);
    rig.flap(300, 100, 0);
    assert_eq!(links(&mut rig, 60_000), []);
    rig.network(vestibule_core::calls::control::Network::Offline);
    rig.flap(300, 100, 1);
    assert_eq!(links(&mut rig, 60_000), [(0, Down), (100, Up)], "from offline too");
}

#[test]
fn plugging_in_or_out_ends_the_flapping() {
    let mut rig = Rig::new();
    rig.flap(300, 100, 5);
    rig.wait(450);
    rig.network(vestibule_core::calls::control::Network::Online);
    assert_eq!(rig.device.next_deadline(), None);
    assert!(rig.device.status(rig.mono).online);
}

#[test]
fn a_late_wake_up_flaps_as_often() {
    let mut rig = Rig::new();
    rig.flap(300, 100, 2);
    let mut count = 0;
    while let Some(due) = rig.device.next_deadline() {
        rig.mono = due + Duration::from_millis(70);
        rig.input(Device::handle_timer);
        count += 1;
    }
    assert_eq!((count, rig.device.status(rig.mono).online), (3, true));
}

#[test]
fn at_most_1000_due_events_are_handled_at_one_wake_up() {
    let mut rig = fast(1_000.0, 6_000.0);
    rig.mono = mono(5_300);
    let mut before = 0;
    let mut wake_ups = 0;
    while rig.device.next_deadline().is_some_and(|due| due <= rig.mono) {
        rig.input(Device::handle_timer);
        let next = rig.device.status(rig.mono).next_index.get();
        assert!(next - before <= 1_001, "{}", next - before);
        before = next;
        wake_ups += 1;
        assert!(wake_ups < 10_000, "it catches up");
    }
    assert!(wake_ups > 20, "five minutes at that rate are 30,000 events: {wake_ups}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A driver that calls at each deadline never spins: each call does something.
    #[test]
    fn every_wake_up_has_something_to_do(
        exponent in -3.0..6.0_f64,
        rate in 0.01..600.0_f64,
        start in 0..86_400_000_i64,
        changes in proptest::collection::vec((-3.0..6.0_f64, 1..50_usize), 0..4),
    ) {
        let speed = |exponent: f64| Speed::new(10_f64.powf(exponent)).expect("in range");
        let mut given = config(7);
        given.speed = speed(exponent);
        given.traffic = steady(rate);
        given.report_to = Some(dest(REPORTS).into());
        let now = Now { mono: mono(5_000), wall: UnixMillis::new(START.millis() + start) };
        let mut rig = Rig::made(|config| *config = given);
        rig.input(|device, mono, effects| device.rewind(Device::new(device.config(), now), mono, effects));
        let mut calls = 0;
        for (exponent, steps) in changes.into_iter().chain([(exponent, 200)]) {
            for _ in 0..steps {
                let due = rig.device.next_deadline().expect("there is traffic");
                rig.mono = rig.mono.max(due);
                let before = rig.device.next_deadline();
                rig.input(Device::handle_timer);
                calls += 1;
                prop_assert!(rig.device.next_deadline() > before, "{} calls", calls);
                rig.attempts.clear();
            }
            let change = TrafficChange { speed: Some(speed(exponent)), ..TrafficChange::default() };
            rig.control(Command::SetTraffic(change)).expect("in range");
        }
        prop_assert!(rig.entries().is_sorted_by_key(|entry| entry.at));
    }
}

#[test]
fn the_clock_s_last_hour_ends_quietly() {
    let mut rig = Rig::made(|config| {
        config.speed = Speed::new(1_000.0).expect("in range");
        config.traffic = steady(60.0);
    });
    let now = Now { mono: rig.mono, wall: UnixMillis::new(UnixMillis::MAX.millis() - 3_600_000) };
    rig.input(|device, mono, effects| {
        device.rewind(Device::new(device.config(), now), mono, effects);
    });
    let mut calls = 0;
    while let Some(due) = rig.device.next_deadline() {
        rig.mono = rig.mono.max(due);
        rig.input(Device::handle_timer);
        calls += 1;
        assert!(calls < 100_000, "it spins");
    }
    assert!(rig.entries().len() > 1_000);
}

#[test]
fn a_scene_on_a_device_that_lags_is_the_scene_alone() {
    let mut rig = fast(100_000.0, 600.0);
    rig.mono = mono(65_000);
    let emitted = rig.try_emit(wish("remote"), Playing::Episode).expect("a scene");
    assert!(emitted.len() <= 2, "{} entries for one opening", emitted.len());
    let made = rig.device.status(rig.mono).next_index.get();
    assert!(made <= 1_010, "a wake-up's share and the scene: {made}");
}

#[test]
fn what_is_asked_of_a_device_that_lags_does_not_turn_time_back() {
    for command in ["restart", "exactly", "episode"] {
        let mut rig = fast(100_000.0, 600.0);
        rig.mono = mono(65_000);
        match command {
            "restart" => drop(rig.control(Command::Restart)),
            "exactly" => drop(rig.emit(wish("remote"))),
            _ => drop(rig.try_emit(wish("remote"), Playing::Episode)),
        }
        for _ in 0..10 {
            rig.input(Device::handle_timer);
        }
        let entries = rig.entries();
        assert!(entries.len() > 5_000, "{}", entries.len());
        assert!(entries.is_sorted_by_key(|entry| entry.at), "{command}");
    }
}

#[test]
fn a_restart_comes_after_what_was_due_before_it() {
    let mut rig = Rig::made(|config| config.traffic = steady(600.0));
    rig.mono = mono(15_000);
    rig.control(Command::Restart).expect("always");
    let entries = rig.entries();
    assert_eq!(entries.last().map(|entry| &entry.fact), Some(&Fact::Reset));
    assert!(entries.len() > 50 && entries.is_sorted_by_key(|entry| entry.at));
}

#[test]
fn a_wish_for_another_time_has_that_stamp() {
    for offset in [-3_600_000, 3_600_000] {
        let mut rig = Rig::new();
        rig.subscribe();
        let at = UnixMillis::new(START.millis() + offset);
        let wish = Wish { at: Some(at), ..wish("face") };
        let emitted = rig.emit(wish.clone()).remove(0);
        assert_eq!(rig.entry(emitted.index).at, at, "exactly, at once");
        assert_eq!(rig.take_attempts().len(), 1);
        let scene = rig.try_emit(wish, Playing::Episode).expect("a scene");
        // A scene's stamps never go back: at the earliest it begins now.
        let begins = at.max(START);
        assert_eq!(scene.len(), usize::from(offset < 0), "what is yet to come is not told");
        rig.wait(3_600_000 + 60_000);
        let entries = rig.entries();
        assert_eq!(entries.len(), 5, "face; therm, face, door, door");
        assert_eq!(entries[1].at, begins);
    }
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut rig = fast(1.0, 60.0);
    rig.wait(10_000);
    rig.mono = rig.mono + Duration::from_secs(3);
    let before = format!("{:?}", rig.device);
    for text in
        ["face reason=unknown-card", "fire state=0", "face count=0", "alarm code=7 status=1"]
    {
        for playing in [Playing::Exactly, Playing::Episode] {
            assert!(rig.try_emit(wish(text), playing).is_err(), "{text}");
        }
    }
    let change = TrafficChange {
        events_per_minute: Some(-1.0),
        speed: Speed::new(9.0),
        profile: Some(Profile::Quiet),
    };
    let refused = rig.control(Command::SetTraffic(change));
    let rate = TrafficError::Rate { events_per_minute: -1.0 };
    assert_eq!(refused, Err(CommandError::Traffic(rate)));
    assert_eq!(format!("{:?}", rig.device), before);
}

#[test]
fn traffic_changes_by_its_parts() {
    let mut rig = fast(1.0, 60.0);
    let change = TrafficChange { profile: Some(Profile::Quiet), ..TrafficChange::default() };
    let reply = rig.control(Command::SetTraffic(change));
    let traffic = Traffic { profile: Profile::Quiet, events_per_minute: 60.0 };
    assert_eq!(reply, Ok(Reply::Traffic(traffic, Speed::REAL)));
    let none = TrafficChange { events_per_minute: Some(0.0), ..TrafficChange::default() };
    rig.control(Command::SetTraffic(none)).expect("in range");
    rig.wait(600_000);
    assert_eq!(rig.device.next_deadline(), None, "an idle device has none");
}

#[test]
fn an_idle_device_has_no_deadline() {
    let mut idle: Vec<fn(&mut Config)> = vec![|_| {}];
    idle.push(|config| config.link = Link::Down);
    idle.push(|config| config.report_to = Some(dest(REPORTS).into()));
    for change in idle {
        let mut rig = Rig::made(change);
        assert_eq!(rig.device.next_deadline(), None);
        rig.faces(3);
        rig.token();
        assert_eq!(rig.device.next_deadline(), None, "answers are the network's to tell");
        rig.subscribe();
        assert_eq!(rig.device.next_deadline(), None);
    }
}
