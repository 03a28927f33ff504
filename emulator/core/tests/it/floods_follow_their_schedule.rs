//! A flood's records and their times follow from its settings alone, however its devices are divided.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::Value;
use vestibule_core::clock::UnixMillis;
use vestibule_core::flood::{
    Api, Length, Pace, Records, Schedule, ScheduleError, Shape, Shard, Site,
};
use vestibule_core::picture::ImageBytes;

const EVERY: Duration = Duration::from_secs(10);

fn open(shape: Shape, rate: f64, records: u64, devices: u32) -> Schedule {
    let length = Length::Records(records);
    Schedule::new(shape, Pace::Open { rate }, length, devices, EVERY).expect("a flood")
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let shape = prop::sample::select(Shape::ALL.to_vec());
    (shape, 0.1_f64..5000.0, 1_u64..400, 1_u32..40)
        .prop_map(|(shape, rate, records, devices)| open(shape, rate, records, devices))
}

fn shards(of: u32) -> impl Iterator<Item = Shard> {
    (0..of).map(move |index| Shard::new(index, of).expect("a shard"))
}

proptest! {
    #[test]
    fn the_shards_together_are_the_whole(schedule in any_schedule(), of in 1_u32..9) {
        let whole: Vec<_> = schedule.order(Shard::WHOLE).collect();
        let mut together: Vec<_> = shards(of).flat_map(|shard| schedule.order(shard)).collect();
        together.sort_unstable();
        let mut sorted = whole.clone();
        sorted.sort_unstable();
        prop_assert_eq!(&together, &sorted);
        let count: u64 = shards(of).map(|shard| schedule.records(shard).expect("an end")).sum();
        prop_assert_eq!(Some(count), schedule.records(Shard::WHOLE));
        prop_assert_eq!(count, whole.len() as u64);
    }

    #[test]
    fn records_are_due_in_their_order(schedule in any_schedule(), of in 1_u32..9) {
        for shard in shards(of) {
            let mut before = Duration::ZERO;
            let mut numbers = BTreeMap::new();
            for (due, device) in schedule.order(shard) {
                prop_assert!(before <= due && shard.takes(device));
                let number = numbers.entry(device).or_insert(0);
                prop_assert_eq!(schedule.due(device, *number), Some(due));
                *number += 1;
                before = due;
            }
            for device in shard.devices(schedule.devices()) {
                let counted = numbers.get(&device).copied().unwrap_or(0);
                prop_assert_eq!(schedule.records_of(device), Some(counted));
            }
        }
    }

    #[test]
    fn what_is_due_by_a_time_is_counted_without_looking(
        schedule in any_schedule(),
        of in 1_u32..5,
        millis in 0_u64..500_000,
    ) {
        let time = Duration::from_millis(millis);
        for shard in shards(of) {
            let seen = schedule.order(shard).filter(|(due, _)| *due < time).count() as u64;
            prop_assert_eq!(schedule.due_before(shard, time), Some(seen));
        }
    }

    #[test]
    fn a_device_has_its_records_whoever_asks(seed in any::<u64>(), device in 0_u32..1000) {
        for api in [Api::V1, Api::V3] {
            let take = || {
                let mut records = Records::new(&Site::new(seed, api), device);
                (0..20).map(|at| records.next(UnixMillis::new(at * 1000))).collect::<Vec<_>>()
            };
            prop_assert_eq!(take(), take());
        }
    }
}

#[test]
fn each_shape_has_its_times() {
    let dues = |shape| {
        let schedule = open(shape, 2.0, 40, 3);
        let dues = schedule.order(Shard::WHOLE).map(|(due, _)| due.as_secs_f64());
        dues.collect::<Vec<f64>>()
    };
    let steady = dues(Shape::Steady);
    assert_eq!((steady[0], steady[1], steady[39]), (0.0, 0.5, 19.5));
    let burst = dues(Shape::Burst);
    assert_eq!((burst[0], burst[19], burst[20], burst[39]), (0.0, 0.0, 10.0, 10.0));
    assert!(dues(Shape::Storm).iter().all(|due| *due == 0.0));
    let rush = dues(Shape::Rush);
    let within = |from: f64, to: f64| rush.iter().filter(|due| (from..to).contains(*due)).count();
    assert_eq!(rush.len(), within(0.0, 20.0));
    assert!(within(8.0, 12.0) > 3 * within(0.0, 4.0), "{rush:?}");
    assert_eq!(within(0.0, 10.0), within(10.0, 20.0), "{rush:?}");
}

#[test]
fn a_storm_brings_what_was_made_before_it() {
    let schedule = open(Shape::Storm, 2.0, 40, 4);
    let stamps = |device| (0..10).map(move |number| (device, number));
    let first = schedule.stamp(0, 0);
    for (device, number) in stamps(0).chain(stamps(3)) {
        let after = schedule.stamp(device, number).millis() - first.millis();
        let place = i64::try_from(number * 4).expect("small") + i64::from(device);
        assert_eq!(after, place * 500);
    }
}

#[test]
fn a_closed_loop_has_records_and_no_times() {
    let closed = |length| Schedule::new(Shape::Steady, Pace::Closed, length, 3, EVERY);
    let counted = closed(Length::Records(7)).expect("a flood");
    assert_eq!([0, 1, 2].map(|device| counted.records_of(device)), [Some(3), Some(2), Some(2)]);
    assert_eq!((counted.due(0, 1), counted.order(Shard::WHOLE).count()), (None, 0));
    let timed = closed(Length::Time(EVERY)).expect("a flood");
    assert_eq!((timed.records(Shard::WHOLE), timed.records_of(1)), (None, None));
    assert_eq!(timed.stamp(2, 5).millis() - timed.stamp(2, 0).millis(), 5000);
}

#[test]
fn what_cannot_be_is_refused_and_says_why() {
    let rate = |rate: f64| Pace::Open { rate };
    let time = |hours: u64| Length::Time(Duration::from_secs(hours * 3600));
    let new = |shape, pace, length, devices| Schedule::new(shape, pace, length, devices, EVERY);
    let steady = |pace, length| new(Shape::Steady, pace, length, 1);
    for (schedule, why) in [
        (steady(rate(0.0), time(1)), "0 records a second"),
        (steady(rate(-1.0), time(1)), "-1 records a second"),
        (steady(rate(f64::NAN), time(1)), "NaN records a second"),
        (steady(rate(1e9), time(1)), "at most 10000000"),
        (steady(rate(1.0), time(0)), "the duration must be more than 0"),
        (steady(rate(1.0), Length::Records(0)), "the number of records must be more than 0"),
        (steady(rate(1.0), Length::Records(360_000)), "would take 100h, and may take 24h"),
        (steady(Pace::Closed, time(25)), "would take 25h"),
        (steady(Pace::Closed, Length::Records(u64::MAX)), "are more than"),
        (new(Shape::Steady, rate(1.0), time(1), 0), "the number of devices"),
        (new(Shape::Storm, Pace::Closed, time(1), 1), "storm is a schedule"),
    ] {
        let error: ScheduleError = schedule.expect_err(why);
        assert!(error.to_string().contains(why), "{error}");
    }
}

/// What a platform tells records apart by (R-V1-10, R-V1-14, R-V3-15).
fn identity(record: &Value) -> String {
    let data = &record["data"];
    let parts = match record["type"].as_u64() {
        Some(0) => [&data["deviceSN"], &data["uuid"], &Value::Null],
        Some(_) => [&data["trace_id"], &data["status"], &data["event_time"]],
        None => [&record["body"]["device-id"], &record["body"]["seqnum"], &Value::Null],
    };
    format!("{parts:?}")
}

#[test]
fn no_record_comes_twice_even_when_all_are_made_at_once() {
    for api in [Api::V1, Api::V3] {
        let site = Site::new(7, api);
        let mut identities = BTreeSet::new();
        let mut bodies = BTreeSet::new();
        for device in 0..4 {
            let mut records = Records::new(&site, device);
            for _ in 0..1500 {
                let record = records.next(UnixMillis::new(1_000_000));
                let json = serde_json::from_slice(&record.body).expect("a record is JSON");
                assert!(identities.insert((device, identity(&json))), "{json}");
                assert!(bodies.insert(record.body));
            }
        }
    }
}

/// Takes a record's images out of it.
fn take_images(record: &mut Value) -> Vec<String> {
    let data = if record["data"].is_object() { "data" } else { "body" };
    let members = ["rgb_image", "alarm_photo"].into_iter();
    let taken = members.filter_map(|name| record[data].get_mut(name).map(Value::take));
    taken.filter_map(|image| image.as_str().map(str::to_owned)).collect()
}

#[test]
fn with_images_a_record_differs_by_its_image_alone() {
    let bytes = ImageBytes::new(6_000).expect("the least");
    for api in [Api::V1, Api::V3] {
        let site = Site::new(7, api);
        let mut without = Records::new(&site, 0);
        let mut with = Records::new(&site.with_images(bytes), 0);
        let mut pictures = BTreeSet::new();
        for at in (0..200).map(|at| UnixMillis::new(at * 1000)) {
            let [mut plain, mut seen] = [&mut without, &mut with].map(|records| {
                let record = records.next(at);
                serde_json::from_slice::<Value>(&record.body).expect("a record is JSON")
            });
            let none = take_images(&mut plain);
            assert!(none.iter().all(|image| image.trim().is_empty()), "{none:?}");
            for image in take_images(&mut seen).iter().filter(|image| !image.trim().is_empty()) {
                let picture = STANDARD.decode(image).expect("base64");
                assert!(picture.starts_with(&[0xff, 0xd8]) && picture.ends_with(&[0xff, 0xd9]));
                assert!((5_997..=6_000).contains(&picture.len()), "{}", picture.len());
                assert!(pictures.insert(picture), "the same picture twice");
            }
            assert_eq!(plain, seen);
        }
        // A report tells of an image by its number alone.
        assert_eq!(pictures.len() > 50, api == Api::V1, "{}", pictures.len());
    }
}

#[test]
fn v3_reports_are_numbered_without_a_gap() {
    let mut records = Records::new(&Site::new(7, Api::V3), 3);
    for number in 1..200_u64 {
        let record = records.next(UnixMillis::new(0));
        let json: Value = serde_json::from_slice(&record.body).expect("a report is JSON");
        assert_eq!(json["body"]["seqnum"], number);
        assert_eq!(json["body"]["device-id"], "00vsf00004");
    }
}

#[test]
fn an_alarm_is_raised_when_its_record_says_so() {
    let mut records = Records::new(&Site::new(11, Api::V1), 0);
    let mut open = BTreeMap::new();
    let mut ended = 0;
    for at in 0..4000 {
        let record = records.next(UnixMillis::new(1_800_000_000_000 + at * 60_000));
        let json: Value = serde_json::from_slice(&record.body).expect("a record is JSON");
        if json["type"] != 1 {
            continue;
        }
        let data = &json["data"];
        let trace = data["trace_id"].as_str().expect("an alarm has one").to_owned();
        let time = data["event_time"].as_i64().expect("an alarm has one");
        if data["status"] == 1 {
            assert!(trace.contains(&format!("-{time}-")), "{json}");
            open.insert(trace, time);
        } else {
            let raised = open[&trace];
            assert!(raised < time, "{json}");
            ended += i32::from(data["status"] == 3);
        }
    }
    assert!(ended > 10, "{ended} alarms are too few to tell");
}
