//! What a platform tells a device over v1: the door and a restart do what v3's actions of that kind do
//! (R-V1-29, R-V1-30), and what cannot be understood changes nothing.

use http::Method;
use serde_json::{Value, json};
use vestibule_core::calls::v1::Credential;
use vestibule_core::device::{Effect, Room};

use crate::support::{Rig, account};

const DOOR: &str = "/v1/device/door";
const REBOOT: &str = "/v1/device/reboot";

fn order(rig: &mut Rig, body: &Value) -> Value {
    rig.ask_v1(&Method::POST, DOOR, account(), body.to_string().as_bytes())
}

fn is_cut(rig: &Rig) -> bool {
    rig.effects.iter().any(|effect| matches!(effect, Effect::Cut))
}

#[test]
fn r_v1_29_a_door_is_held_open_until_told_otherwise() {
    // R-V1-29
    let good = json!({"code": 200, "msg": "OK", "data": null});
    for (mode, after) in [(0, "normal"), (2, "held closed")] {
        let mut rig = Rig::new();
        assert_eq!(order(&mut rig, &json!({"open_mode": 1})), good);
        assert_eq!(rig.door_log(), [json!(["remote", 1])]);
        rig.wait(600_000);
        let open = [json!(["remote", 1]), json!(["door", 1])];
        assert_eq!(rig.door_log(), open, "there is no alarm about it");
        assert_eq!(order(&mut rig, &json!({"open_mode": mode})), good, "{after}");
        assert_eq!(rig.door_log()[2..], [json!(["remote", 0]), json!(["door", 0])], "{after}");
        rig.wait(600_000);
        assert_eq!(rig.door_log().len(), 4, "{after}");
    }
}

#[test]
fn r_v1_29_an_order_is_given_by_whose_card_it_names() {
    let mut rig = Rig::new();
    let card =
        rig.device.view().roster.card(vestibule_core::event::PersonRef { number: 0, revision: 0 });
    for (card, expected) in [
        (json!(card.expect("a card").get().to_string()), json!(["remote", 0, "100001"])),
        (json!("no number"), json!(["remote", 0])),
        (json!(""), json!(["remote", 0])),
    ] {
        assert_eq!(order(&mut rig, &json!({"open_mode": 0, "card_number": card}))["code"], 200);
        assert_eq!(rig.door_log().last(), Some(&expected), "{card}");
    }
}

#[test]
fn r_v1_29_what_is_not_understood_moves_nothing() {
    let mut rig = Rig::new();
    for body in [
        json!({}),
        json!([]),
        json!({"open_mode": 3}),
        json!({"open_mode": -1}),
        json!({"open_mode": "1"}),
        json!({"open_mode": 1.5}),
        json!({"open_mode": null}),
        json!({"card_number": "7"}),
        json!({"open_mode": 1, "card_number": 7}),
        json!({"open_mode": 1, "card_number": "7".repeat(33)}),
    ] {
        assert_eq!(order(&mut rig, &body)["code"], 400, "{body}");
    }
    let nobody = rig.ask_v1(&Method::POST, DOOR, Credential::Bad, br#"{"open_mode": 1}"#);
    assert_eq!(nobody["code"], 401);
    rig.device.set_room(Room::Full);
    assert_eq!(order(&mut rig, &json!({"open_mode": 1}))["code"], 507);
    rig.device.set_room(Room::Free);
    rig.wait(600_000);
    assert_eq!(rig.door_log(), [json!(null); 0]);
}

#[test]
fn r_v1_30_a_reboot_waits_until_its_answer_has_left() {
    // R-V1-30
    let mut rig = Rig::new();
    let answer = rig.ask_v1(&Method::GET, REBOOT, account(), b"");
    assert_eq!(answer, json!({"code": 200, "msg": "OK", "data": null}));
    assert!(!is_cut(&rig), "until then it serves on");
    rig.answer_leaves();
    assert!(is_cut(&rig));
    assert_eq!(rig.door_log(), [json!(["reset", null])]);
    let mut rig = Rig::new();
    assert_eq!(rig.ask_v1(&Method::GET, REBOOT, Credential::None, b"")["code"], 401);
    rig.answer_leaves();
    assert!(!is_cut(&rig));
}
