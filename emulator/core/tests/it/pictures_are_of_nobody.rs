//! Images (R-V3-26, R-V3-38): off as shipped, turned on by a setting and a restart, the same in both APIs and on
//! every retry, and fetched by slices.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vestibule_core::calls::control::Command;
use vestibule_core::event::{Index, Photo};
use vestibule_core::picture::ImageBytes;
use vestibule_core::wire::v3::Service;
use vestibule_core::world::Setup;

use crate::support::{
    BAD_PARAMETER, BAD_TOKEN, NO_SUCH_OBJECT, Rig, START, answered, retcode, sent, wish,
};

const FILE: u64 = 109;

/// A device whose platform turned images on.
fn on() -> Rig {
    let mut rig = Rig::new();
    turn(&mut rig, "image");
    rig
}

fn turn(rig: &mut Rig, mode: &str) {
    assert_eq!(rig.set_config("log-mode", mode)["retcode"], 0);
    rig.control(Command::Restart).expect("always");
    rig.forget_token();
}

fn photo(rig: &Rig) -> Photo {
    rig.device.status(rig.mono).photo
}

fn download(rig: &mut Rig, body: &Value) -> Value {
    let request = json!({"action": "device-download", "header": {"reqid": "1"}, "body": body});
    rig.ask(Service::Device, &request)
}

/// The answer to asking for the whole picture of that event.
fn whole(rig: &mut Rig, seqnum: u64) -> Value {
    download(
        rig,
        &json!({"type": "logr", "chanel": 0, "offset": 0, "size": 65_536, "seqnum": seqnum}),
    )
}

fn bytes(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().expect("a text")).expect("base64")
}

fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.ends_with(&[0xff, 0xd9])
}

/// One such event: its index, its number, and its first record's data.
fn one(rig: &mut Rig, what: &str) -> (Index, u64, Value) {
    let index = rig.emit(wish(what)).remove(0).index;
    let seqnum = rig.event(index)["seqnum"].as_u64().unwrap_or(0);
    let data = rig.records(index).first().map_or(Value::Null, |record| record["data"].clone());
    (index, seqnum, data)
}

#[test]
fn r_v3_26_images_are_turned_on_by_a_setting_and_a_restart() {
    // R-V3-26
    let mut rig = Rig::new();
    let (before, number, data) = one(&mut rig, "face");
    assert_eq!((photo(&rig), &data["rgb_image"]), (Photo::None, &json!(" ")));
    assert_eq!(whole(&mut rig, number)["retcode"], FILE);
    rig.set_config("log-mode", "image");
    let (_, number, data) = one(&mut rig, "face");
    assert_eq!((&data["rgb_image"], photo(&rig)), (&json!(" "), Photo::None), "not yet");
    assert_eq!(whole(&mut rig, number)["retcode"], FILE);
    rig.control(Command::Restart).expect("always");
    rig.forget_token();
    let (index, number, data) = one(&mut rig, "face");
    let picture = bytes(&data["rgb_image"]);
    assert!(is_jpeg(&picture));
    let answer = whole(&mut rig, number);
    assert_eq!((&answer["retcode"], &answer["body"]["filesize"]), (&json!(0), &json!(30_000)));
    assert_eq!(bytes(&answer["body"]["data"]), picture, "the same in both APIs");
    assert_eq!(rig.records(before)[0]["data"]["rgb_image"], " ", "what had none has none");
    // And off again: what has one keeps it.
    turn(&mut rig, "none");
    let (_, number, data) = one(&mut rig, "face");
    assert_eq!(data["rgb_image"], " ");
    assert_eq!(whole(&mut rig, number)["retcode"], FILE);
    assert_eq!(bytes(&rig.records(index)[0]["data"]["rgb_image"]), picture);
    // A factory reset turns them off.
    turn(&mut rig, "image");
    rig.control(Command::FactoryReset).expect("always");
    rig.forget_token();
    assert_eq!(one(&mut rig, "face").2["rgb_image"], " ");
}

#[test]
fn r_v3_26_a_device_may_turn_them_on_at_once() {
    let mut rig = Rig::with(&[("v3.log-mode-applies", "at-once")]);
    rig.set_config("log-mode", "image");
    assert!(is_jpeg(&bytes(&one(&mut rig, "face").2["rgb_image"])));
    rig.set_config("log-mode", "none");
    assert_eq!(one(&mut rig, "face").2["rgb_image"], " ");
}

#[test]
fn whoever_comes_is_drawn_and_so_is_what_raises_an_alarm() {
    let mut rig = on();
    rig.subscribe();
    for what in ["face", "face person=stranger", "card", "qrcode", "card card=0x00000001", "pin"] {
        let (_, _, data) = one(&mut rig, what);
        assert!(is_jpeg(&bytes(&data["rgb_image"])), "{what}");
    }
    for what in ["disa", "fire", "alarm code=10003 status=1", "alarm code=10002 status=1"] {
        let (_, _, data) = one(&mut rig, what);
        assert!(is_jpeg(&bytes(&data["alarm_photo"])), "{what}");
    }
    let index = rig.emit(wish("pin reason=too-many-pins")).remove(0).index;
    let [recognition, alarm] = &rig.records(index)[..] else { panic!("two records") };
    assert_eq!(recognition["data"]["rgb_image"], alarm["data"]["alarm_photo"]);
    // Nobody is at the button, the sensor, and where an alarm is over.
    assert_eq!(one(&mut rig, "push").2["rgb_image"], " ");
    assert_eq!(one(&mut rig, "disa state=0").2["alarm_photo"], " ");
    let (_, door, _) = one(&mut rig, "door");
    assert_eq!(whole(&mut rig, door)["retcode"], FILE);
}

#[test]
fn r_v1_10_a_picture_is_the_same_on_every_retry() {
    let mut rig = on();
    rig.subscribe();
    rig.faces(1);
    let first = rig.take_attempt();
    rig.settle(&first, &answered(500, "{}"));
    rig.wait(5_000);
    let again = rig.take_attempt();
    assert_eq!(sent(&first), sent(&again));
    // Whatever happens meanwhile to settings and people.
    turn(&mut rig, "none");
    rig.ask(Service::Accounts, &json!({"action": "user-clear"}));
    rig.wait(60_000);
    let last = rig.take_attempts().pop().expect("it is tried again");
    assert_eq!(sent(&first), sent(&last));
}

#[test]
fn a_person_looks_alike_and_no_two_pictures_are_the_same() {
    let mut rig = on();
    let picture = |rig: &mut Rig| bytes(&one(rig, "face person=100001").2["rgb_image"]);
    assert_ne!(picture(&mut rig), picture(&mut rig));
    let mut other = on();
    assert_eq!(picture(&mut other).len(), 30_000);
}

#[test]
fn r_v3_38_slices_make_up_the_picture() {
    for size in [ImageBytes::MIN, 30_000, 65_537, 200_000] {
        let mut rig = Rig::made(|config| {
            let image_bytes = ImageBytes::new(size).expect("within the bounds");
            config.setup = std::sync::Arc::new(Setup { image_bytes, ..Setup::default() });
        });
        turn(&mut rig, "image");
        let (_, seqnum, data) = one(&mut rig, "face");
        let picture = bytes(&data["rgb_image"]);
        for slice in [4_096, 32_000, 65_536] {
            let mut joined = Vec::new();
            while joined.len() < picture.len() {
                let asked = json!({"type": "logr", "offset": joined.len(), "size": slice, "seqnum": seqnum});
                let answer = download(&mut rig, &asked);
                let body = &answer["body"];
                assert_eq!(
                    (&body["type"], &body["offset"]),
                    (&json!("logr"), &json!(joined.len()))
                );
                assert_eq!(body["filesize"], picture.len());
                let data = bytes(&body["data"]);
                assert_eq!(
                    (body["size"].as_u64(), data.is_empty()),
                    (Some(data.len() as u64), false)
                );
                joined.extend(data);
            }
            assert!(joined == picture, "{size} by {slice}");
        }
    }
}

#[test]
fn r_v3_38_by_number_or_by_time_and_the_number_wins() {
    let mut rig = on();
    let first = one(&mut rig, "face");
    rig.wait(1_500);
    let second = one(&mut rig, "face");
    let stamp = |rig: &Rig, index| rig.event(index)["timestamp"].clone();
    let by = |rig: &mut Rig, more: Value| {
        let mut body = json!({"type": "logr", "offset": 0, "size": 65_536});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
        download(rig, &body)["body"]["data"].clone()
    };
    let (early, late) = (stamp(&rig, first.0), stamp(&rig, second.0));
    assert_eq!(by(&mut rig, json!({"timestamp": early})), first.2["rgb_image"]);
    assert_eq!(by(&mut rig, json!({"timestamp": late})), second.2["rgb_image"]);
    let both = json!({"timestamp": late, "seqnum": first.1});
    assert_eq!(by(&mut rig, both), first.2["rgb_image"], "the number wins");
    let answer = whole(&mut rig, first.1);
    assert_eq!(answer["body"]["filename"], format!("LOGR0-{early}.jpg"));
    assert!(early.as_i64() >= Some(START.millis()));
}

#[test]
fn what_names_no_slice_gives_none() {
    let mut rig = on();
    let (_, seqnum, _) = one(&mut rig, "face");
    let good = json!({"type": "logr", "chanel": 0, "offset": 0, "size": 100, "seqnum": seqnum});
    assert_eq!(download(&mut rig, &good)["retcode"], 0);
    let rows = [
        (json!({"type": "snapshot"}), BAD_PARAMETER),
        (json!({"type": null}), BAD_PARAMETER),
        (json!({"type": 7}), BAD_PARAMETER),
        (json!({"chanel": 1}), BAD_PARAMETER),
        (json!({"chanel": "0"}), BAD_PARAMETER),
        (json!({"size": 0}), BAD_PARAMETER),
        (json!({"size": 65_537}), BAD_PARAMETER),
        (json!({"size": -1}), BAD_PARAMETER),
        (json!({"size": "100"}), BAD_PARAMETER),
        (json!({"size": null}), BAD_PARAMETER),
        (json!({"offset": -1}), BAD_PARAMETER),
        (json!({"offset": 30_000}), BAD_PARAMETER),
        (json!({"offset": u64::MAX}), BAD_PARAMETER),
        (json!({"offset": "0"}), BAD_PARAMETER),
        (json!({"seqnum": null}), BAD_PARAMETER),
        (json!({"seqnum": "1"}), BAD_PARAMETER),
        (json!({"seqnum": -1}), BAD_PARAMETER),
        (json!({"timestamp": "now"}), BAD_PARAMETER),
        (json!({"seqnum": 0}), NO_SUCH_OBJECT),
        (json!({"seqnum": seqnum + 1}), NO_SUCH_OBJECT),
        (json!({"seqnum": u64::MAX}), NO_SUCH_OBJECT),
    ];
    for (change, expected) in rows {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").extend(change.as_object().expect("one").clone());
        assert_eq!(download(&mut rig, &body)["retcode"], expected, "{body}");
    }
    let none = json!({"type": "logr", "offset": 0, "size": 100});
    assert_eq!(download(&mut rig, &none)["retcode"], BAD_PARAMETER, "neither number nor time");
    let never = json!({"type": "logr", "offset": 0, "size": 100, "timestamp": 5});
    assert_eq!(download(&mut rig, &never)["retcode"], NO_SUCH_OBJECT);
    for body in [json!(null), json!([]), json!("logr"), json!({})] {
        assert_eq!(download(&mut rig, &body)["retcode"], BAD_PARAMETER, "{body}");
    }
    let request = json!({"action": "device-download", "body": good}).to_string();
    assert_eq!(retcode(&mut rig, Service::Device, &request, None), BAD_TOKEN);
}
