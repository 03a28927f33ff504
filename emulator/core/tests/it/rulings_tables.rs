//! Tables A, B, C and E of the rulings as rows of data, each emitted and read off the wire. Table D is a
//! rule about every entry: see `both_apis_agree`.

use std::sync::Arc;

use serde_json::{Value, json};
use vestibule_core::calls::control::{Command, Playing};
use vestibule_core::event::{HealthCodes, Mode};
use vestibule_core::world::{MaskDetection, Screening, Setup};

use crate::support::{Rig, keys, wish};

/// A subscribed device in that mode, with health codes.
fn rig(mode: u8, screening: Screening, mask_detection: MaskDetection) -> Rig {
    let mut rig = Rig::made(|config| {
        config.setup = Arc::new(Setup {
            mode: Mode::new(mode).expect("a mode"),
            health_codes: HealthCodes::On,
            screening,
            mask_detection,
            ..Setup::default()
        });
    });
    rig.subscribe();
    rig
}

fn plain(mode: u8) -> Rig {
    rig(mode, Screening::On, MaskDetection::Off)
}

/// What v3 shows: the kind, and the `state` if there is one.
fn in_v3(event: &Value) -> String {
    let Some(kind) = event["event"].as_str() else {
        return String::new();
    };
    match event.get("state") {
        Some(state) => format!("{kind} {state}"),
        None => kind.to_owned(),
    }
}

/// What v1 shows: of a recognition `entry_mode`, `recognitionType`, `abnormal_type` and `pass`; of an
/// alarm `code` and `status`.
fn in_v1(records: &[Value]) -> String {
    let shown = |record: &Value| {
        let data = &record["data"];
        let fields: &[&str] = match record["type"].as_u64() {
            Some(0) => &["entry_mode", "recognitionType", "abnormal_type", "pass"],
            _ => &["code", "status"],
        };
        let fields: Vec<String> = fields.iter().map(|field| data[field].to_string()).collect();
        fields.join(" ")
    };
    let records: Vec<String> = records.iter().map(shown).collect();
    records.join(", ")
}

/// Table A: kind, fields that must be there, fields that may; with temperatures taken.
const FIELDS: [(&str, &str, &str); 11] = [
    ("face", "uid score sharp state", "therm"),
    ("face person=stranger", "uid score sharp state", "therm"),
    ("card", "uid data state", ""),
    ("qrcode", "qrcode", ""),
    ("visitor", "", "uid qrcode state"),
    ("therm", "therm", "uid"),
    ("door", "state", ""),
    ("push", "state", ""),
    ("fire", "state", ""),
    ("disa", "state", ""),
    ("remote", "state", "uid"),
];

#[test]
fn table_a_the_fields_of_each_kind() {
    // R-V3-20
    for (text, must, also) in FIELDS {
        for screening in [Screening::On, Screening::Off] {
            if text == "therm" && screening == Screening::Off {
                continue;
            }
            let (event, _) = rig(3, screening, MaskDetection::Off).both(wish(text));
            let everywhere = "seqnum timestamp event device-id ip-addr";
            let mut must: Vec<&str> = must.split_whitespace().collect();
            must.extend(everywhere.split(' '));
            let found = keys(&event);
            let missing = must.iter().find(|field| !found.contains(field));
            assert_eq!(missing, None, "{text}: {event}");
            let stray = found
                .iter()
                .find(|field| !must.contains(field) && !also.split(' ').any(|it| it == **field));
            assert_eq!(stray, None, "{text}: {event}");
            if text.starts_with("face") {
                assert_eq!(event.get("therm").is_some(), screening == Screening::On);
            }
        }
    }
}

#[test]
fn table_a_an_unknown_card_has_an_empty_uid_and_a_reset_no_fields() {
    let mut rig = plain(3);
    assert_eq!(rig.both(wish("card reason=unknown-card")).0["uid"], "");
    assert_eq!(rig.both(wish("therm")).0.get("uid"), None);
    assert!(rig.both(wish("therm person=any")).0["uid"].is_string());
    rig.control(Command::Restart).expect("always");
    let reset = rig.entries().pop().expect("kept").index;
    assert_eq!(keys(&rig.event(reset)), ["device-id", "event", "ip-addr", "seqnum", "timestamp"]);
}

/// The mode, what is emitted (before it, what it needs), v3, v1.
type Row = (u8, &'static str, &'static str, &'static str);

/// Table B, with table C's verdicts where they belong to a row.
pub(crate) const TABLE_B: &[Row] = &[
    (3, "face", "face 4", "1 1 0 true"),
    (3, "face person=stranger", "face 0", "1 3 0 false"),
    (3, "face reason=not-live", "face 0", "1 4 0 false"),
    (3, "card", "card 4", "3 1 0 true"),
    (3, "card reason=unknown-card", "card 0", "3 3 30002 false"),
    (3, "qrcode", "qrcode", "2 1 0 true"),
    (3, "qrcode reason=invalid-code", "qrcode", "2 3 30003 false"),
    (3, "qrcode reason=mismatch", "qrcode", "2 1 10003 false"),
    (3, "visitor", "visitor 4", "2 2 0 true"),
    (3, "visitor reason=visitor-early", "visitor 1", "2 2 20001 false"),
    (3, "visitor reason=visitor-late", "visitor 2", "2 2 20001 false"),
    (3, "face person=visitor", "face 4", "1 2 0 true"),
    (3, "face person=visitor reason=visitor-early", "face 1", "1 2 20001 false"),
    (3, "face person=visitor reason=visitor-late", "face 2", "1 2 20001 false"),
    (3, "card person=visitor", "card 4", "3 2 0 true"),
    (3, "card person=visitor reason=visitor-late", "card 2", "3 2 20001 false"),
    (3, "therm", "therm", ""),
    (3, "face reason=fever", "face 4", "1 1 40001 false"),
    (3, "card reason=fever", "card 4", "3 1 40001 false"),
    (3, "face person=visitor reason=fever", "face 4", "1 2 40001 false"),
    (3, "qrcode reason=fever", "qrcode", "2 1 40001 false"),
    (2, "face", "face 4", "4 1 0 true"),
    (2, "face reason=mismatch", "face 3", "4 1 10002 false"),
    (4, "card", "card 4", "5 1 0 true"),
    (4, "card reason=invalid-id-card", "card 0", "5 3 30001 false"),
    (6, "face", "face 4", "6 1 0 true"),
    (6, "face reason=mismatch", "face 3", "6 1 10001 false"),
    (3, "qrcode entry_mode=7", "qrcode", "7 1 0 true"),
    (7, "face", "face 4", "8 1 0 true"),
    (7, "face reason=wrong-pin", "face 3", "8 1 70001 false"),
    (9, "card", "card 4", "9 1 0 true"),
    (9, "card reason=wrong-pin", "card 3", "9 1 70001 false"),
    (8, "face", "face 4", "10 1 0 true"),
    (8, "face reason=wrong-pin", "face 3", "10 1 70001 false"),
    (3, "pin", "", "12 1 0 true"),
    (3, "pin reason=wrong-pin", "", "12 1 70001 false"),
    (3, "pin reason=too-many-pins", "", "12 1 70002 false, 10004 1"),
    (7, "pin reason=too-many-pins", "", "8 1 70002 false, 10004 1"),
    (3, "alarm code=10004 status=1", "", "12 1 70002 false, 10004 1"),
    (3, "pin reason=too-many-pins; alarm code=10004 status=3", "", "10004 3"),
    (3, "push", "push 1", "11 3 0 true"),
    (3, "push state=0", "push 0", ""),
    (3, "remote", "remote 1", ""),
    (3, "remote state=0", "remote 0", ""),
    (3, "door", "door 1", ""),
    (3, "door state=0", "door 0", ""),
    (3, "alarm code=10002 status=1", "door 1", "10002 1"),
    (3, "alarm code=10002 status=1; alarm code=10002 status=3", "door 0", "10002 3"),
    (3, "alarm code=10003 status=1", "", "10003 1"),
    (3, "alarm code=10003 status=1; alarm code=10003 status=3", "door 0", "10003 3"),
    (3, "disa", "disa 1", "10001 1"),
    (3, "disa; disa state=0", "disa 0", "10001 3"),
    (3, "fire", "fire 1", "20003 1"),
    (3, "fire; fire state=0", "fire 0", "20003 3"),
    (3, "fire; alarm code=20003 status=2", "", "20003 2"),
    (3, "disa; alarm code=10001 status=2; alarm code=10001 status=2", "", "10001 2"),
    (3, "alarm code=10002 status=1; alarm code=10002 status=2", "", "10002 2"),
    (3, "alarm code=10003 status=1; alarm code=10003 status=2", "", "10003 2"),
];

/// What is left of table C.
const REST_OF_TABLE_C: &[Row] = &[
    (3, "face reason=not-yet-valid", "face 1", "1 1 20002 false"),
    (3, "face reason=disabled", "face 1", "1 1 20002 false"),
    (3, "face reason=expired", "face 2", "1 1 20002 false"),
    (3, "face reason=no-permission", "face 3", "1 1 20002 false"),
    (3, "face reason=outside-hours", "face 3", "1 1 20002 false"),
    (3, "face person=visitor reason=no-permission", "face 3", "1 2 20002 false"),
    (3, "face person=blocklisted", "face 3", "1 5 0 false"),
    (3, "card reason=not-yet-valid", "card 1", "3 1 20002 false"),
    (3, "card reason=disabled", "card 1", "3 1 20002 false"),
    (3, "card reason=expired", "card 2", "3 1 20002 false"),
    (3, "card reason=no-permission", "card 3", "3 1 20002 false"),
    (3, "card person=visitor reason=outside-hours", "card 3", "3 2 20002 false"),
    (3, "card reason=blocklisted", "card 3", "3 5 0 false"),
];

#[test]
fn tables_b_and_c_row_by_row() {
    for (mode, texts, v3, v1) in TABLE_B.iter().chain(REST_OF_TABLE_C) {
        let mut rig = plain(*mode);
        let mut shown = (Value::Null, Vec::new());
        for text in texts.split("; ") {
            shown = rig.both(wish(text));
        }
        let (event, records) = shown;
        assert_eq!((in_v3(&event).as_str(), in_v1(&records).as_str()), (*v3, *v1), "{texts}");
    }
}

#[test]
fn table_b_a_visitor_has_guest_times_that_fit_the_verdict() {
    const DAY: i64 = 86_400_000;
    for (reason, days) in [("accepted", 0), ("visitor-early", 1), ("visitor-late", -1)] {
        for event in ["visitor", "face person=visitor", "card person=visitor"] {
            let mut rig = plain(3);
            let now = rig.device.now(rig.mono).wall.millis();
            let (_, records) = rig.both(wish(&format!("{event} reason={reason}")));
            let user = &records[0]["data"]["user"];
            let time = |field: &str| user[field].as_i64().expect("milliseconds");
            let (start, end) = (time("guest_time_start"), time("guest_time_end"));
            assert_eq!(end - start, DAY - 1, "one local day");
            assert_eq!((now - start).div_euclid(DAY), -days, "{event} {reason}");
        }
    }
    let (_, records) = plain(3).both(wish("face"));
    assert_eq!(records[0]["data"]["user"]["guest_time_start"], 0, "an employee is no guest");
}

/// What v3 and v1 show of everything that follows from a scene.
fn scene(text: &str) -> Vec<(String, String)> {
    let mut rig = plain(3);
    rig.try_emit(wish(text), Playing::Episode).expect("a scene");
    rig.wait(3_600_000);
    let entries = rig.entries();
    assert!(entries.is_sorted_by_key(|entry| entry.at));
    entries
        .iter()
        .map(|entry| (in_v3(&rig.event(entry.index)), in_v1(&rig.records(entry.index))))
        .collect()
}

#[test]
fn table_b_whole_scenes_in_their_order() {
    let v3 = |scene: &[(String, String)]| -> Vec<String> {
        let shown = scene.iter().map(|(v3, _)| v3.clone());
        shown.filter(|v3| !v3.is_empty()).collect()
    };
    assert_eq!(v3(&scene("face")), ["therm", "face 4", "door 1", "door 0"]);
    assert_eq!(v3(&scene("card reason=expired")), ["therm", "card 2"]);
    assert_eq!(v3(&scene("remote")), ["remote 1", "door 1", "door 0"]);
    let exit = v3(&scene("push"));
    assert!(exit[0] == "push 1" && exit.contains(&"push 0".to_owned()), "{exit:?}");
    let guessing = scene("pin reason=too-many-pins");
    let v1: Vec<&str> = guessing.iter().map(|(_, v1)| v1.as_str()).collect();
    assert_eq!(guessing[0].0, "therm");
    assert_eq!(v1[1..5], ["12 1 70001 false"; 4]);
    assert_eq!(v1[5..], ["12 1 70002 false, 10004 1", "10004 3"]);
    let forced = scene("alarm code=10002 status=1");
    assert_eq!(forced[0], ("door 1".to_owned(), "10002 1".to_owned()));
    assert_eq!(forced[1], ("door 0".to_owned(), "10002 3".to_owned()));
    let held = scene("alarm code=10003 status=1");
    let shown: Vec<_> = held.iter().map(|(v3, v1)| format!("{v3}|{v1}")).collect();
    assert_eq!(shown, ["door 1|", "|10003 1", "door 0|10003 3"]);
}

#[test]
fn table_e_each_mode_has_its_entry_modes_and_no_others() {
    let table: [&[u8]; 10] =
        [&[1], &[1, 3], &[4], &[1, 2, 3, 12], &[5], &[1, 5], &[6], &[8], &[10], &[9]];
    for (mode, allowed) in (0..).zip(table) {
        for entry_mode in 1..=12 {
            let event = match entry_mode {
                1 | 4 | 6 | 8 | 10 => "face",
                2 | 7 => "qrcode",
                3 | 5 | 9 => "card",
                11 => "push",
                _ => "pin",
            };
            let mut rig = plain(mode);
            let wish = wish(&format!("{event} entry_mode={entry_mode}"));
            let emitted = rig.try_emit(wish, Playing::Exactly);
            let offered = allowed.contains(&entry_mode) || matches!(entry_mode, 7 | 11);
            assert_eq!(emitted.is_ok(), offered, "mode {mode}, entry_mode {entry_mode}");
            if let Ok(emitted) = emitted {
                let data = rig.records(emitted[0].index)[0]["data"].clone();
                assert_eq!(data["entry_mode"], entry_mode);
                assert_eq!(data["mode"], mode);
            }
        }
    }
}

#[test]
fn table_e_without_health_codes_there_are_none() {
    let mut rig = Rig::in_mode(3);
    let refused = rig.try_emit(wish("qrcode entry_mode=7"), Playing::Exactly);
    assert!(refused.is_err());
}

#[test]
fn table_e_the_mask_is_looked_for_on_faces_alone() {
    let masks = |event: &str, detection| {
        let mut rig = rig(3, Screening::On, detection);
        let mut masks: Vec<u64> = (0..60)
            .map(|_| rig.both(wish(event)).1[0]["data"]["mask"].as_u64().expect("a number"))
            .collect();
        masks.sort_unstable();
        masks.dedup();
        masks
    };
    assert_eq!(masks("face", MaskDetection::On), [1, 2]);
    for event in ["card", "qrcode", "pin", "push"] {
        assert_eq!(masks(event, MaskDetection::On), [0], "{event}");
    }
    assert_eq!(masks("face", MaskDetection::Off), [0]);
}

#[test]
fn table_c_a_fever_shows_its_temperature() {
    let mut rig = plain(3);
    let (event, records) = rig.both(wish("face therm=38.6"));
    assert_eq!((in_v3(&event).as_str(), in_v1(&records).as_str()), ("face 4", "1 1 40001 false"));
    assert_eq!(event["therm"], json!(38.6));
    assert_eq!(records[0]["data"]["bodyTemperature"], json!(38.6));
}
