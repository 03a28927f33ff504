//! Accounts (R-V3-37): who is enrolled takes part in the world from then on, who is removed is a stranger, and
//! entries speak of people as they were.

use serde_json::{Value, json};
use vestibule_core::calls::control::{Command, Playing};
use vestibule_core::wire::v3::Service;
use vestibule_core::world::{EDITS_MAX, Profile, Traffic, Whom, Wish};

use crate::support::{BAD_PARAMETER, BAD_TOKEN, NO_SUCH_OBJECT, Rig, START, retcode, wish};

const NOW: i64 = START.seconds();

/// A user with a card, and one with nothing but a name.
fn ann() -> Value {
    json!({"userid": "E-7", "name": "Ann Example", "desc": "third floor",
        "cards": [{"id": "0xffae0846", "type": "ic"}]})
}

fn bob() -> Value {
    json!({"userid": "77", "name": "Bob Example"})
}

/// The `retcode` of each, and of the whole.
fn codes(answer: &Value) -> (u64, Vec<u64>) {
    let each = answer["body"]["users"].as_array().cloned().unwrap_or_default();
    let code = |one: &Value| one["retcode"].as_u64().expect("a retcode");
    (code(answer), each.iter().map(code).collect())
}

fn person(event: &str, uid: &str) -> Wish {
    let uid = uid.parse::<Whom>().expect("an id");
    Wish { person: Some(uid), ..wish(event) }
}

/// `userid`s of a page.
fn page(rig: &mut Rig, offset: u64, limit: u64) -> Vec<String> {
    let body = json!({"offset": offset, "limit": limit});
    let answer = rig.ask(Service::Accounts, &json!({"action": "user-fetch", "body": body}));
    let users = answer["body"]["users"].as_array().expect("users");
    users.iter().map(|user| user["userid"].as_str().expect("a text").to_owned()).collect()
}

fn total(rig: &mut Rig) -> (u64, u64) {
    let info = rig.ask(Service::Device, &json!({"action": "device-info"}));
    let number = |name: &str| info["body"][name].as_u64().expect("a number");
    (number("total_user"), number("total_face"))
}

#[test]
fn r_v3_37_who_was_inserted_today_walks_in_today() {
    // R-V3-37
    let mut rig = Rig::new();
    assert_eq!(total(&mut rig), (200, 200));
    rig.enrol(&json!([ann(), bob()]));
    assert_eq!(total(&mut rig), (202, 202));
    let (event, records) = rig.both(person("face", "E-7"));
    assert_eq!((&event["uid"], &event["state"]), (&json!("E-7"), &json!(4)));
    let user = &records[0]["data"]["user"];
    assert_eq!(
        (&user["user_id"], &user["name"], &user["ic_number"], &user["remark"]),
        (&json!("E-7"), &json!("Ann Example"), &json!("4289595462"), &json!("third floor"))
    );
    assert_eq!((&user["type"], &records[0]["data"]["pass"]), (&json!(1), &json!(true)));
    let (event, records) = rig.both(person("card", "E-7"));
    assert_eq!((&event["uid"], &event["data"]), (&json!("E-7"), &json!("0xffae0846")));
    assert_eq!(records[0]["data"]["user"]["ic_number"], "4289595462");
    // Whose card it is that somebody holds up.
    let (event, _) = rig.both(wish("card card=0xFFAE0846"));
    assert_eq!((&event["uid"], &event["state"]), (&json!("E-7"), &json!(4)));
    let (event, records) = rig.both(person("face", "77"));
    assert_eq!(event["uid"], "77");
    assert_eq!(records[0]["data"]["user"]["ic_number"], "");
    // The door knows them, too.
    let order = json!({"action": "device-opendoor", "body": {"userid": "E-7", "type": "open"}});
    assert_eq!(rig.ask(Service::Device, &order)["retcode"], 0);
    let (_, records) = rig.both(person("remote", "77"));
    assert!(records.is_empty());
}

#[test]
fn r_v3_37_people_come_by_themselves() {
    let mut rig = Rig::made(|config| {
        config.traffic = Traffic { profile: Profile::Steady, events_per_minute: 60.0 };
    });
    let users: Vec<Value> =
        (0..200).map(|number| json!({"userid": format!("N{number}")})).collect();
    rig.enrol(&json!(users));
    rig.wait(600_000);
    let uids = |rig: &Rig| -> Vec<String> {
        let events = rig.entries().iter().map(|entry| rig.event(entry.index)).collect::<Vec<_>>();
        let faces = events.iter().filter(|event| event["event"] == "face");
        faces.filter_map(|event| event["uid"].as_str().map(str::to_owned)).collect()
    };
    let new = uids(&rig).iter().filter(|uid| uid.starts_with('N')).count();
    let old = uids(&rig).iter().filter(|uid| uid.starts_with("100")).count();
    assert!(new > 20 && old > 20, "{new} and {old}");
    // Nobody is left but one: whoever comes is that one or a stranger.
    rig.control(Command::FactoryReset).expect("always");
    rig.forget_token();
    let clear = json!({"action": "user-clear"});
    assert_eq!(rig.ask(Service::Accounts, &clear)["retcode"], 0);
    rig.enrol(&json!([bob()]));
    rig.wait(600_000);
    let uids = uids(&rig);
    assert!(uids.iter().any(|uid| uid == "77"), "{uids:?}");
    assert!(uids.iter().all(|uid| uid == "77" || uid.starts_with("0000")), "{uids:?}");
}

#[test]
fn r_v3_37_what_is_said_of_a_person_is_so_at_the_door() {
    let rows = [
        // (effect, expire, state; the v3 state and v1 type, abnormal_type)
        ((0, -1, 0), 4, 1, 0),
        ((NOW - 60, NOW + 60, 0), 4, 1, 0),
        ((NOW + 60, -1, 0), 1, 1, 20_002),
        ((0, NOW, 0), 2, 1, 20_002),
        ((0, NOW - 60, 5), 2, 1, 20_002),
        ((0, -1, 1), 4, 1, 0),
        ((0, -1, -1), 3, 5, 0),
        ((NOW + 60, NOW - 60, -7), 3, 5, 0),
    ];
    for ((effect, expire, state), shown, category, abnormal) in rows {
        let mut rig = Rig::new();
        let user = json!({"userid": "u", "effect": effect, "expire": expire, "state": state});
        rig.enrol(&json!([user]));
        let (event, records) = rig.both(person("face", "u"));
        let data = &records[0]["data"];
        assert_eq!(event["state"], shown, "{user}");
        assert_eq!(data["recognitionType"], category, "{user}");
        assert_eq!(data["user"]["type"], category, "{user}");
        assert_eq!((data["abnormal_type"] == abnormal, data["pass"] == true), (true, shown == 4));
        assert_eq!(rig.both(wish("face person=blocklisted")).0["state"], 3);
    }
}

#[test]
fn r_v3_37_who_was_removed_is_a_stranger() {
    let mut rig = Rig::new();
    rig.enrol(&json!([ann()]));
    for uid in ["E-7", "100005"] {
        let before = rig.both(person("face", uid)).0;
        assert_eq!(before["uid"], uid);
        assert_eq!(codes(&rig.users("user-remove", &json!([{"userid": uid}]))), (0, vec![0]));
        let (event, records) = rig.both(person("face", uid));
        let stranger = event["uid"].as_str().expect("a text").to_owned();
        assert!(stranger.starts_with("0000"), "{stranger}");
        assert_eq!(event["state"], 0);
        assert_eq!(records[0]["data"]["recognitionType"], 3);
        assert_eq!(rig.both(person("face", uid)).0["uid"], stranger, "the same one");
        let card = Command::Emit(Box::new(person("card", uid)), Playing::Exactly);
        assert!(rig.control(card).is_err(), "their card is nobody's");
        // And when they are back, they are known.
        rig.enrol(&json!([{"userid": uid}]));
        assert_eq!(rig.both(person("face", uid)).0["uid"], uid);
    }
    assert_eq!(rig.both(wish("card card=0xffae0846")).0["state"], 0, "nobody's card any more");
}

#[test]
fn r_v3_37_entries_speak_of_people_as_they_were() {
    // R-V1-10: what was pushed once is pushed with the same bytes again.
    let mut rig = Rig::new();
    rig.enrol(&json!([ann()]));
    let seeded = rig.emit(person("face", "100001")).remove(0).index;
    let first = rig.emit(person("card", "E-7")).remove(0).index;
    let shown = |rig: &Rig| [seeded, first].map(|index| (rig.event(index), rig.records(index)));
    let before = shown(&rig);
    for round in 0..200 {
        let name = format!("name {round}");
        rig.enrol(&json!([
            {"userid": "E-7", "name": name, "cards": [{"id": "7"}]},
            {"userid": "100001", "name": name, "state": -1},
        ]));
        assert_eq!(shown(&rig), before, "{round}");
        if round % 50 == 0 {
            rig.emit(person("face", "E-7"));
        }
    }
    rig.users("user-remove", &json!([{"userid": "E-7"}, {"userid": "100001"}]));
    assert_eq!(shown(&rig), before);
    assert_eq!(rig.ask(Service::Accounts, &json!({"action": "user-clear"}))["retcode"], 0);
    assert_eq!((shown(&rig), total(&mut rig)), (before.clone(), (0, 0)));
    rig.enrol(&json!([ann(), {"userid": "100001"}]));
    assert_eq!(shown(&rig), before);
    let names: Vec<Value> = rig
        .entries()
        .iter()
        .map(|entry| rig.records(entry.index)[0]["data"]["user"].clone())
        .collect();
    let names: Vec<&Value> = names.iter().map(|user| &user["name"]).skip(1).collect();
    assert_eq!(names, ["Ann Example", "name 0", "name 50", "name 100", "name 150"]);
}

#[test]
fn r_v3_37_a_factory_reset_brings_the_roster_back() {
    let mut rig = Rig::new();
    let before = (page(&mut rig, 0, 1000), rig.both(person("face", "100001")).1);
    rig.enrol(&json!([ann(), {"userid": "100001", "name": "other"}]));
    rig.users("user-remove", &json!([{"userid": "100002"}]));
    rig.control(Command::FactoryReset).expect("always");
    rig.forget_token();
    assert_eq!(page(&mut rig, 0, 1000), before.0);
    let user = &rig.both(person("face", "100001")).1[0]["data"]["user"];
    assert_eq!(*user, before.1[0]["data"]["user"]);
}

#[test]
fn r_v3_37_pages_tile_the_people() {
    let mut rig = Rig::new();
    rig.enrol(&json!([ann(), bob(), {"userid": "100200"}]));
    let gone = ["100001", "100003", "100150", "77"];
    let gone: Vec<Value> = gone.iter().map(|userid| json!({"userid": userid})).collect();
    assert_eq!(codes(&rig.users("user-remove", &json!(gone))).0, 0);
    let all = page(&mut rig, 0, 1000);
    assert_eq!((all.len(), total(&mut rig)), (198, (198, 198)));
    assert_eq!((&*all[0], &*all[1], &*all[196], &*all[197]), ("100002", "100004", "100200", "E-7"));
    for size in [1, 7, 10, 100, 197, 198] {
        let mut tiled = Vec::new();
        while tiled.len() < all.len() {
            tiled.extend(page(&mut rig, tiled.len() as u64, size));
        }
        assert_eq!(tiled, all, "{size}");
    }
    assert_eq!(page(&mut rig, 198, 10), [""; 0]);
    assert_eq!(page(&mut rig, u64::MAX, 10), [""; 0]);
    let whole = rig.ask(Service::Accounts, &json!({"action": "user-fetch"}));
    assert_eq!(whole["body"]["users"].as_array().map(Vec::len), Some(10), "by itself");
}

#[test]
fn r_v3_37_what_was_inserted_is_looked_up() {
    let mut rig = Rig::new();
    let whole = json!({"userid": "1avsoHu2EeqZmH943F8eUg==", "name": "名".repeat(10), "desc": "",
        "effect": 1, "expire": 4_294_967_295_u32, "state": -3,
        "cards": [{"id": "ff00000001", "type": 2, "hex": 1}, {"id": 12, "more": [null]}],
        "rules": [{"week": [1, 2]}]});
    rig.enrol(&json!([whole]));
    let asked =
        json!([{"userid": "1avsoHu2EeqZmH943F8eUg=="}, {"userid": "nobody"}, {"userid": "100001"}]);
    let answer = rig.users("user-lookup", &asked);
    assert_eq!(codes(&answer), (0, vec![0, NO_SUCH_OBJECT, 0]));
    let mut shown = answer["body"]["users"][0].clone();
    shown.as_object_mut().expect("an object").remove("retcode");
    assert_eq!(shown, whole);
    assert_eq!(answer["body"]["users"][1], json!({"userid": "nobody", "retcode": 103}));
    assert!(answer["body"]["users"][2]["cards"][0]["id"].is_string());
    // Whatever is looked up can be inserted again.
    let mut known = answer["body"]["users"][2].clone();
    known.as_object_mut().expect("an object").remove("retcode");
    rig.enrol(&json!([known]));
    // R-V3-23: an even number of digits, as many as the card has.
    let (event, records) = rig.both(person("card", "1avsoHu2EeqZmH943F8eUg=="));
    assert_eq!(event["data"], "0xff00000001");
    assert_eq!(records[0]["data"]["user"]["ic_number"], "1095216660481");
    assert_eq!(rig.both(wish("card card=0x0000000c")).0["uid"], "1avsoHu2EeqZmH943F8eUg==");
}

#[test]
fn what_is_no_user_is_not_inserted_and_the_others_are() {
    let long = "é".repeat(17);
    let bad = [
        json!(null),
        json!([]),
        json!("E-7"),
        json!({}),
        json!({"userid": 7}),
        json!({"userid": ""}),
        json!({"userid": "0000"}),
        json!({"userid": "0000abcdef"}),
        json!({"userid": long}),
        json!({"userid": "a\u{0}b"}),
        json!({"userid": "a", "name": 7}),
        json!({"userid": "a", "name": null}),
        json!({"userid": "a", "name": long}),
        json!({"userid": "a", "desc": "é".repeat(33)}),
        json!({"userid": "a", "effect": "now"}),
        json!({"userid": "a", "effect": -2}),
        json!({"userid": "a", "expire": 1.5}),
        json!({"userid": "a", "expire": 4_294_967_296_i64}),
        json!({"userid": "a", "state": "-1"}),
        json!({"userid": "a", "state": 1e30}),
        json!({"userid": "a", "cards": {}}),
        json!({"userid": "a", "cards": ["0x7"]}),
        json!({"userid": "a", "cards": [{}]}),
        json!({"userid": "a", "cards": [{"id": ""}]}),
        json!({"userid": "a", "cards": [{"id": "0x"}]}),
        json!({"userid": "a", "cards": [{"id": "ff"}]}),
        json!({"userid": "a", "cards": [{"id": "+7"}]}),
        json!({"userid": "a", "cards": [{"id": -7}]}),
        json!({"userid": "a", "cards": [{"id": "0xg"}]}),
        json!({"userid": "a", "cards": [{"id": "0x100000000000000000000"}]}),
        json!({"userid": "a", "cards": [{"id": "7", "hex": "yes"}]}),
        json!({"userid": "a", "cards": vec![json!({"id": "7"}); 9]}),
        json!({"userid": "a", "cards": [{"id": "7", "more": "x".repeat(300)}]}),
        json!({"userid": "a", "rules": {}}),
        json!({"userid": "a", "rules": ["x".repeat(1100)]}),
    ];
    for quirks in [&[][..], &[("v3.bad-field", "default")]] {
        let mut rig = Rig::with(quirks);
        for user in &bad {
            let answer = rig.users("user-insert", &json!([user]));
            assert_eq!(codes(&answer), (BAD_PARAMETER, vec![BAD_PARAMETER]), "{user}");
        }
        assert_eq!(total(&mut rig), (200, 200));
        let mixed = json!([bad[4], ann(), bad[11]]);
        assert_eq!(codes(&rig.users("user-insert", &mixed)), (0, vec![101, 0, 101]));
        assert_eq!(total(&mut rig), (201, 201));
    }
}

#[test]
fn what_is_no_batch_changes_nobody() {
    let bad = [
        json!(null),
        json!([]),
        json!("all"),
        json!({}),
        json!({"users": null}),
        json!({"users": {}}),
        json!({"users": "E-7"}),
        json!({"users": []}),
        json!({"userid": "100001"}),
    ];
    let mut rig = Rig::new();
    for action in ["user-insert", "user-remove", "user-lookup"] {
        for body in &bad {
            let request = json!({"action": action, "body": body});
            let answer = rig.ask(Service::Accounts, &request);
            assert_eq!(answer["retcode"], BAD_PARAMETER, "{request}");
        }
        let many = vec![json!({"userid": "100001"}); 1001];
        assert_eq!(rig.users(action, &json!(many))["retcode"], 106);
        let good = json!({"action": action, "body": {"users": [{"userid": "100001"}]}}).to_string();
        assert_eq!(retcode(&mut rig, Service::Accounts, &good, None), BAD_TOKEN);
        let token = rig.token();
        assert_eq!(retcode(&mut rig, Service::Device, &good, Some(&token)), 111);
    }
    for body in [json!({"offset": -1}), json!({"limit": "ten"}), json!({"limit": 1.5}), json!([])] {
        let request = json!({"action": "user-fetch", "body": body});
        assert_eq!(rig.ask(Service::Accounts, &request)["retcode"], BAD_PARAMETER, "{request}");
    }
    let clear = r#"{"action": "user-clear"}"#;
    assert_eq!(retcode(&mut rig, Service::Accounts, clear, None), BAD_TOKEN);
    let gone = json!([{"userid": "nobody"}, {"userid": "0000"}, {"userid": "x".repeat(40)}]);
    assert_eq!(codes(&rig.users("user-remove", &gone)), (103, vec![103; 3]));
    let unreadable = json!([7, {"userid": null}]);
    assert_eq!(codes(&rig.users("user-remove", &unreadable)), (101, vec![101; 2]));
    assert_eq!(total(&mut rig), (200, 200));
}

#[test]
fn r_v3_37_a_card_has_one_owner() {
    let mut rig = Rig::new();
    rig.enrol(&json!([ann()]));
    let taken = json!([{"userid": "other", "cards": [{"id": "4289595462"}]}]);
    assert_eq!(codes(&rig.users("user-insert", &taken)), (102, vec![102]));
    let seeded = rig.users("user-lookup", &json!([{"userid": "100003"}]));
    let card = seeded["body"]["users"][0]["cards"].clone();
    let taken = json!([{"userid": "other", "cards": card}]);
    assert_eq!(codes(&rig.users("user-insert", &taken)), (102, vec![102]));
    // It is free again when its owner has another, or is gone.
    rig.enrol(&json!([{"userid": "E-7", "cards": [{"id": "8"}]}]));
    rig.users("user-remove", &json!([{"userid": "100003"}]));
    rig.enrol(&json!([{"userid": "other", "cards": [{"id": "4289595462"}, card[0]]}]));
}

#[test]
fn r_v3_37_there_is_room_for_so_many() {
    let mut rig = Rig::new();
    let mut left = EDITS_MAX;
    while left > 0 {
        let some = left.min(1000);
        let users: Vec<Value> =
            (left - some..left).map(|number| json!({"userid": format!("N{number}")})).collect();
        rig.enrol(&json!(users));
        left -= some;
    }
    let answer = rig.users("user-insert", &json!([ann(), {"userid": "N7", "name": "x"}]));
    assert_eq!(codes(&answer), (0, vec![106, 0]), "whoever is there can be changed");
    assert_eq!(codes(&rig.users("user-remove", &json!([{"userid": "100001"}]))), (106, vec![106]));
    assert_eq!(codes(&rig.users("user-remove", &json!([{"userid": "N8"}]))), (0, vec![0]));
    rig.enrol(&json!([ann()]));
}

#[test]
fn whoever_a_platform_enrolled_has_a_face_and_cards() {
    let mut rig = Rig::new();
    rig.enrol(&json!([ann(), bob()]));
    let mut refused = |wish: Wish| {
        let emit = Command::Emit(Box::new(wish), Playing::Exactly);
        rig.control(emit).expect_err("refused").to_string()
    };
    for (event, uid) in [("card", "77"), ("qrcode", "77"), ("qrcode", "E-7"), ("pin", "E-7")] {
        let why = refused(person(event, uid));
        assert!(why.contains("a face and the cards"), "{event} {uid}: {why}");
    }
    let why = refused(person("face", "nobody"));
    assert!(why.contains("nobody with uid nobody"), "{why}");
}
