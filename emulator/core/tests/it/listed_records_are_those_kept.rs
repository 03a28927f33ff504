//! What a platform asks for by `/v1/event/records` is what the device keeps, as it was or would be pushed
//! (R-V1-28).

use http::Method;
use serde_json::{Value, json};
use vestibule_core::calls::control::Command;
use vestibule_core::calls::v1::Credential;
use vestibule_core::world::{EventName, Whom, Wish};

use crate::support::{Rig, START, account, alarm, keys, wish};

const RECORDS: &str = "/v1/event/records";

fn ask(rig: &mut Rig, body: &Value) -> Value {
    rig.ask_v1(&Method::POST, RECORDS, account(), body.to_string().as_bytes())
}

/// What is found: the `data` of a good answer.
fn found(rig: &mut Rig, body: &Value) -> Value {
    let answer = ask(rig, body);
    assert_eq!((&answer["code"], &answer["msg"]), (&json!(200), &json!("OK")), "{body}");
    answer["data"].clone()
}

/// The `uuid`s of what is found.
fn uuids(rig: &mut Rig, body: &Value) -> Vec<String> {
    let data = found(rig, body);
    let items = data["items"].as_array().expect("a list");
    assert_eq!(data["count"], items.len(), "{body}");
    items.iter().map(|item| item["uuid"].as_str().expect("a text").to_owned()).collect()
}

/// One face of that person; its record's `uuid`.
fn face(rig: &mut Rig, person: &str) -> String {
    let wish = Wish { person: person.parse().ok(), ..Wish::new(EventName::Face) };
    rig.emit(wish).remove(0).uuid.expect("a face has a record")
}

#[test]
fn r_v1_28_what_is_kept_is_listed_in_its_order() {
    // R-V1-28
    let mut rig = Rig::new();
    let empty = json!({"offset": 0, "limit": 100, "count": 0, "total": 0, "items": []});
    assert_eq!(found(&mut rig, &json!({})), empty);
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(face(&mut rig, "any"));
        rig.wait(1000);
    }
    assert_eq!(uuids(&mut rig, &json!({})), made);
    assert_eq!(uuids(&mut rig, &json!({"sort": 0})), made);
    let newest: Vec<String> = made.iter().rev().cloned().collect();
    assert_eq!(uuids(&mut rig, &json!({"sort": 1})), newest);
    assert_eq!(uuids(&mut rig, &json!({"sort": 1, "offset": 1, "limit": 2})), newest[1..3]);
    let page = found(&mut rig, &json!({"offset": 3, "limit": 10}));
    assert_eq!(
        (&page["offset"], &page["limit"], &page["count"], &page["total"]),
        (&json!(3), &json!(10), &json!(2), &json!(5))
    );
    assert_eq!(found(&mut rig, &json!({"offset": 5}))["total"], 5);
    assert_eq!(found(&mut rig, &json!({"offset": u64::MAX, "limit": u64::MAX}))["count"], 0);
}

#[test]
fn r_v1_28_limits() {
    let mut rig = Rig::new();
    rig.faces(230);
    for (limit, served) in [
        (json!({}), 100),
        (json!({"limit": 0}), 0),
        (json!({"limit": 1}), 1),
        (json!({"limit": 200}), 200),
        (json!({"limit": 201}), 200),
        (json!({"limit": u64::MAX}), 200),
    ] {
        let data = found(&mut rig, &limit);
        let seen = (&data["limit"], &data["count"], &data["total"]);
        assert_eq!(seen, (&json!(served), &json!(served), &json!(230)), "{limit}");
    }
}

#[test]
fn r_v1_28_an_item_is_the_push_but_for_its_user() {
    let mut rig = Rig::new();
    rig.subscribe();
    for text in [
        "face person=any",
        "face person=stranger",
        "card reason=unknown-card",
        "visitor person=visitor",
        "push state=1",
        "face person=blocklisted",
    ] {
        let emitted = rig.emit(wish(text)).remove(0);
        let mut push = rig.records(emitted.index)[0]["data"].take();
        let item = found(&mut rig, &json!({"sort": 1, "limit": 1}))["items"][0].take();
        let mut user = push["user"].take();
        let user = user.as_object_mut().expect("an object");
        let groups = user.remove("groups").expect("groups");
        for private in ["remark", "pin", "guest_time_start", "guest_time_end"] {
            user.remove(private).expect(private);
        }
        push["user"] = json!(user);
        push["groups"] = groups;
        assert_eq!(item, push, "{text}");
    }
    let mut rig = Rig::with(&[("v1.unknown-user", "null")]);
    rig.emit(wish("face person=stranger"));
    let item = found(&mut rig, &json!({}))["items"][0].take();
    assert_eq!((&item["user"], &item["groups"]), (&json!(null), &json!([])));
    assert!(keys(&item).contains(&"uuid"));
}

#[test]
fn r_v1_28_only_recognitions_are_listed() {
    let mut rig = Rig::new();
    for event in EventName::ALL {
        if event != EventName::Alarm {
            rig.emit_one(event);
        }
    }
    rig.emit(alarm(10_001, 1));
    let data = found(&mut rig, &json!({}));
    for item in data["items"].as_array().expect("a list") {
        assert!(item["recognitionType"].is_u64(), "{item}");
    }
    let recognitions = rig
        .entries()
        .iter()
        .flat_map(|entry| rig.records(entry.index))
        .filter(|record| record["type"] == 0)
        .count();
    assert_eq!(data["total"], recognitions);
}

#[test]
fn r_v1_28_times_belong_to_the_span() {
    let mut rig = Rig::new();
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(face(&mut rig, "any"));
        rig.wait(1000);
    }
    let start = START.seconds();
    for (begin, end, expected) in [
        (json!(0), json!(0), 0..4),
        (json!(start), json!(start + 3), 0..4),
        (json!(start + 1), json!(start + 2), 1..3),
        (json!(start + 2), json!(0), 2..4),
        (json!(0), json!(start), 0..1),
        (json!(start + 4), json!(0), 0..0),
        (json!(start + 3), json!(start), 0..0),
        (json!(u64::MAX), json!(u64::MAX), 0..0),
    ] {
        let body = json!({"begin_time": begin, "end_time": end});
        assert_eq!(uuids(&mut rig, &body), made[expected], "{body}");
    }
}

#[test]
fn r_v1_28_one_number_counts() {
    let mut rig = Rig::new();
    let (first, second) = (face(&mut rig, "100001"), face(&mut rig, "100002"));
    let again = face(&mut rig, "100001");
    rig.emit(Wish { person: Some(Whom::Stranger), ..Wish::new(EventName::Face) });
    let both = rig.entries();
    let users: Vec<Value> =
        both.iter().map(|entry| rig.records(entry.index)[0]["data"]["user"].clone()).collect();
    let (one, two) = (&users[0], &users[1]);
    let rows = [
        (json!({"user_id": one["user_id"]}), vec![&first, &again]),
        (json!({"job_number": one["job_number"]}), vec![&first, &again]),
        (json!({"ic_number": one["ic_number"]}), vec![&first, &again]),
        (json!({"user_id": two["user_id"], "job_number": one["job_number"]}), vec![&second]),
        (json!({"job_number": two["job_number"], "ic_number": one["ic_number"]}), vec![&second]),
        (json!({"user_id": "", "job_number": "", "ic_number": two["ic_number"]}), vec![&second]),
        (json!({"user_id": "1"}), vec![]),
        (json!({"user_id": "+100001"}), vec![]),
        (json!({"job_number": "100001"}), vec![]),
        (json!({"ic_number": "0"}), vec![]),
    ];
    for (body, expected) in rows {
        let listed = uuids(&mut rig, &body);
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{body}");
        assert_eq!(found(&mut rig, &body)["total"], expected.len(), "{body}");
        let mut paged = body.clone();
        paged["limit"] = json!(1);
        assert_eq!(found(&mut rig, &paged)["total"], expected.len(), "{paged}");
    }
    let everybody = uuids(&mut rig, &json!({"user_id": ""}));
    assert_eq!(everybody.len(), 4);
}

#[test]
fn r_v1_28_a_record_is_listed_while_either_window_has_it() {
    let mut rig = Rig::small(10, &[]);
    rig.subscribe();
    let old = face(&mut rig, "any");
    // Temperatures have no record: they push the face out of the journal, and not out of the backlog.
    rig.emit(Wish { count: 20, ..Wish::new(EventName::Therm) });
    assert_eq!(uuids(&mut rig, &json!({})), [old]);
    rig.drain();
    assert_eq!(uuids(&mut rig, &json!({})), [""; 0]);
    let new = face(&mut rig, "any");
    rig.drain();
    let kept = [new];
    assert_eq!(uuids(&mut rig, &json!({})), kept, "acknowledged, and an event still");
    rig.control(Command::Restart).expect("it can be");
    assert_eq!(uuids(&mut rig, &json!({})), kept);
    rig.control(Command::FactoryReset).expect("it can be");
    assert_eq!(uuids(&mut rig, &json!({})), [""; 0]);
}

#[test]
fn r_v1_28_bad_fields_are_refused() {
    let mut rig = Rig::new();
    rig.faces(1);
    for field in ["begin_time", "end_time", "offset", "limit", "sort"] {
        for bad in [json!(-1), json!("0"), json!(1.5), json!(null), json!([0]), json!(true)] {
            let answer = ask(&mut rig, &json!({field: bad}));
            assert_eq!((&answer["code"], &answer["data"]), (&json!(400), &json!(null)), "{field}");
            let why = answer["msg"].as_str().expect("a text");
            assert!(why.starts_with(field), "{field} {bad}: {why}");
        }
    }
    for field in ["user_id", "job_number", "ic_number"] {
        for bad in [json!(7), json!(null), json!({}), json!(false)] {
            assert_eq!(ask(&mut rig, &json!({field: bad}))["code"], 400, "{field}");
        }
    }
    for body in [json!({"sort": 2}), json!([]), json!(7)] {
        assert_eq!(ask(&mut rig, &body)["code"], 400, "{body}");
    }
    let nobody = rig.ask_v1(&Method::POST, RECORDS, Credential::None, b"{}");
    assert_eq!(nobody["code"], 401);
}
