//! What a platform orders of a door (R-V3-34), and that it goes on where it stood.

use super::*;
use crate::event::{Alarm, Opener};

const NOBODY: Opener = Opener::Known(Subject::Nobody);
const HOUR: Duration = Duration::from_secs(3600);

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn quiet() -> World {
    world(setup(3), steady(0.0), 7)
}

fn open(hold: Hold) -> Order {
    Order::Open(hold)
}

/// What happens within an hour of `from`: when, in seconds, and what.
fn seen(world: &mut World, from: UnixMillis) -> Vec<(f64, String)> {
    let happenings = std::iter::from_fn(|| world.advance(from + HOUR));
    let line = |happening: Happening| {
        let ahead = happening.at.millis() - from.millis();
        #[expect(clippy::cast_precision_loss, reason = "an hour")]
        let seconds = ahead as f64 / 1000.0;
        (seconds, word(&happening.fact))
    };
    happenings.map(line).collect()
}

fn word(fact: &Fact) -> String {
    match fact {
        Fact::Remote(_, switch) => format!("remote {switch:?}"),
        Fact::Door(switch) => format!("door {switch:?}"),
        Fact::Alarm(Alarm { cause, phase, .. }) => format!("{cause:?} {phase:?}"),
        other => format!("{other:?}"),
    }
}

fn words(seen: &[(f64, String)]) -> Vec<&str> {
    seen.iter().map(|(_, word)| word.as_str()).collect()
}

#[test]
fn it_opens_for_as_long_as_was_said() {
    for seconds in [0, 1, 5, 30] {
        let mut world = quiet();
        world.order(NOBODY, open(Hold::For(secs(seconds))), TUESDAY);
        let seen = seen(&mut world, TUESDAY);
        assert_eq!(words(&seen), ["remote On", "door On", "door Off"]);
        assert!(seen[0].0 == 0.0 && (0.8..=1.4).contains(&seen[1].0), "{seen:?}");
        #[expect(clippy::cast_precision_loss, reason = "seconds")]
        let lasted = seen[2].0 - seen[1].0 - seconds as f64;
        assert!(lasted.abs() < 0.0005, "{seen:?}");
    }
}

#[test]
fn a_door_that_is_ordered_open_for_long_is_held_too_long_too() {
    let mut world = quiet();
    world.order(NOBODY, open(Hold::For(secs(60))), TUESDAY);
    let seen = seen(&mut world, TUESDAY);
    assert_eq!(words(&seen), ["remote On", "door On", "HeldOpen Raised", "HeldOpen Cleared"]);
}

#[test]
fn one_that_is_held_open_moves_for_nobody_and_alarms_nobody() {
    let mut world = quiet();
    world.order(NOBODY, open(Hold::UntilTold), TUESDAY);
    assert_eq!(words(&seen(&mut world, TUESDAY)), ["remote On", "door On"]);
    let later = TUESDAY + HOUR;
    for event in [EventName::Door, EventName::Push] {
        let wish = world.prepare(&Wish::new(event)).expect("a wish of table B");
        world.play(&wish, later);
    }
    let forced = Wish { code: Some(10_002), status: Some(1), ..Wish::new(EventName::Alarm) };
    let forced = world.prepare(&forced).expect("a wish of table B");
    world.play(&forced, later);
    let seen = seen(&mut world, later);
    assert!(words(&seen).iter().all(|word| word.starts_with("Button")), "{seen:?}");
}

#[test]
fn a_held_door_closes_when_it_is_told_to_or_after_a_new_while() {
    for (order, expected) in [
        (Order::Close, vec!["remote Off", "door Off"]),
        (open(Hold::For(secs(5))), vec!["remote On", "door Off"]),
        (open(Hold::UntilTold), vec!["remote On"]),
    ] {
        let mut world = quiet();
        world.order(NOBODY, open(Hold::UntilTold), TUESDAY);
        seen(&mut world, TUESDAY);
        let later = TUESDAY + HOUR;
        world.order(NOBODY, order, later);
        assert_eq!(words(&seen(&mut world, later)), expected);
    }
}

#[test]
fn a_closed_door_does_not_close_and_an_alarm_ends_with_its_door() {
    let mut world = quiet();
    world.order(NOBODY, Order::Close, TUESDAY);
    assert_eq!(words(&seen(&mut world, TUESDAY)), ["remote Off"]);
    let later = TUESDAY + HOUR;
    let forced = Wish { code: Some(10_002), status: Some(1), ..Wish::new(EventName::Alarm) };
    let forced = world.prepare(&forced).expect("a wish of table B");
    world.play(&forced, later);
    world.order(NOBODY, Order::Close, later);
    let expected = ["ForcedOpen Raised", "remote Off", "ForcedOpen Cleared"];
    assert_eq!(words(&seen(&mut world, later)), expected);
}

#[test]
fn the_newest_order_counts() {
    // Before anybody has come through, another order is given.
    let mut world = quiet();
    world.order(NOBODY, open(Hold::UntilTold), TUESDAY);
    world.order(NOBODY, Order::Close, TUESDAY + Duration::from_millis(1));
    assert_eq!(words(&seen(&mut world, TUESDAY)), ["remote On", "remote Off"]);
    let mut world = quiet();
    world.order(NOBODY, open(Hold::UntilTold), TUESDAY);
    world.order(NOBODY, open(Hold::For(secs(5))), TUESDAY);
    let expected = ["remote On", "remote On", "door On", "door Off"];
    assert_eq!(words(&seen(&mut world, TUESDAY)), expected);
}

proptest! {
    /// However orders and restarts follow one another, a door opens and closes in turn, and one that was
    /// restored goes on as the other does.
    #[test]
    fn a_door_under_orders_goes_on_where_it_stood(
        orders in prop::collection::vec((0_u8..5, 0_u64..40_000), 1..12),
    ) {
        let (mut one, mut other) = (quiet(), quiet());
        let (mut now, mut leaf) = (TUESDAY, Switch::Off);
        for (order, wait) in orders {
            let order = match order {
                0 => Order::Close,
                1 => open(Hold::UntilTold),
                seconds => open(Hold::For(secs(u64::from(seconds) * 11))),
            };
            one.order(NOBODY, order, now);
            other.order(NOBODY, order, now);
            now = now + Duration::from_millis(wait);
            while let Some(happening) = one.advance(now) {
                prop_assert_eq!(other.advance(now), Some(happening.clone()));
                let moved = door(&happening.fact);
                // A held door's moment is no movement.
                if let Some(moved) = moved.filter(|_| !is_held(&happening.fact)) {
                    prop_assert_ne!(moved, leaf);
                    leaf = moved;
                }
            }
            prop_assert_eq!(other.advance(now), None);
            let position = other.position();
            other = quiet().restored(Seed::root(7), &position, now).expect("a position");
            prop_assert_eq!(other.position(), position);
        }
    }
}

/// Whether it is the moment at which a door has been open for too long.
fn is_held(fact: &Fact) -> bool {
    matches!(fact, Fact::Alarm(alarm)
        if alarm.cause == Cause::HeldOpen && alarm.phase == Phase::Raised)
}

/// Where a world of version 1 stood, its door open.
const VERSION_1: [u8; 60] = [
    1, 246, 149, 204, 143, 252, 99, 0, 0, 2, 1, 128, 148, 204, 143, 252, 99, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 192, 94, 64, 251, 88, 100, 126, 233, 204, 241, 63, 0, 1, 1, 1, 0, 0, 1, 0, 2,
    1, 164, 251, 204, 143, 252, 99, 1, 5, 1,
];

#[test]
fn a_position_of_the_first_version_is_read_and_one_of_none_is_not() {
    let mut bytes = VERSION_1.to_vec();
    let from = UnixMillis::new(1_717_466_400_123);
    let mut world = quiet().restored(Seed::root(7), &bytes, from).expect("a position");
    let seen = seen(&mut world, from);
    assert_eq!(seen, [(6.487, "door Off".to_owned())]);
    for version in [0, 3, 127] {
        bytes[0] = version;
        assert!(quiet().restored(Seed::root(7), &bytes, from).is_err(), "{version}");
    }
    // One that says it is of the second version lacks what that has.
    bytes[0] = 2;
    assert!(quiet().restored(Seed::root(7), &bytes, from).is_err());
}
