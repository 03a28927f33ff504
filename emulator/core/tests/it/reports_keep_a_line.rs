//! R-V3-18: a device whose reports leave on a connection keeps one, opens it again when it is time, and takes
//! calls on it without a token. R-V3-16: it reports only while that is open.

use serde_json::{Value, json};
use vestibule_core::calls::control::{Command, Network};
use vestibule_core::calls::v3::Pass;
use vestibule_core::delivery::line::{Dial, LineId, News, Standing};
use vestibule_core::delivery::{Attempt, Destination, NoAnswer, Outcome};
use vestibule_core::dest::ReportTo;
use vestibule_core::device::{Device, Effect, Link};
use vestibule_core::wire::v3::{self, Service};

use crate::support::{REPORTS, Rig, parsed, quirk};

const SOCKET: &str = "ws://10.0.0.9:9000/devices";

/// A device that reports there.
fn reporting_to(address: &str, link: Link) -> Rig {
    let mut rig = Rig::made(|config| {
        config.report_to = Some(ReportTo::parse(address).expect("an address"));
        config.link = link;
        quirk(&mut config.behaviour, "v3.reconnect", "30s");
    });
    rig.wait(0);
    rig
}

/// What it opens since this was asked last.
fn dials(rig: &mut Rig) -> Vec<Dial> {
    let effects = std::mem::take(&mut rig.effects).into_iter();
    let dial = |effect| match effect {
        Effect::Dial(dial) => Some(dial),
        _ => None,
    };
    effects.filter_map(dial).collect()
}

fn dial(rig: &mut Rig) -> Dial {
    let mut dials = dials(rig);
    assert_eq!(dials.len(), 1, "{dials:?}");
    dials.remove(0)
}

fn tell(rig: &mut Rig, id: LineId, news: News) {
    rig.input(|device, mono, effects| device.handle_line(id, news, mono, effects));
}

/// A device with its connection open.
fn connected() -> (Rig, LineId) {
    let mut rig = reporting_to(SOCKET, Link::Up);
    let id = dial(&mut rig).id;
    tell(&mut rig, id, News::Opened);
    (rig, id)
}

fn standing(rig: &Rig) -> Option<Standing> {
    rig.device.status(rig.mono).report_line
}

fn counted(rig: &Rig) -> (u64, u64) {
    let counters = rig.device.status(rig.mono).counters;
    (counters.reported, counters.reports_dropped)
}

fn numbers(attempts: &[Attempt]) -> Vec<u64> {
    attempts.iter().map(|attempt| attempt.entry.seqnum.expect("reported").get()).collect()
}

#[test]
fn r_v3_18_a_report_leaves_on_the_open_connection_and_is_counted_when_it_left() {
    let (mut rig, id) = connected();
    rig.faces(2);
    let first = rig.take_attempt();
    assert!(matches!(&first.destination, Destination::Line(own, _) if *own == id));
    rig.settle(&first, &Outcome::Left);
    let second = rig.take_attempt();
    rig.settle(&second, &Outcome::NoAnswer(NoAnswer::Broken));
    assert_eq!((numbers(&[first, second]), counted(&rig)), (vec![1, 2], (1, 0)));
    assert!(rig.take_attempts().is_empty(), "a report is tried once");
}

#[test]
fn r_v3_18_it_is_opened_at_once_and_again_after_a_while() {
    let mut rig = reporting_to(SOCKET, Link::Up);
    let first = dial(&mut rig);
    assert_eq!((first.to.as_str(), first.number), (SOCKET, 1));
    tell(&mut rig, first.id, News::Ended);
    rig.wait(29_999);
    assert!(dials(&mut rig).is_empty() && standing(&rig) == Some(Standing::Down));
    rig.wait(1);
    let second = dial(&mut rig);
    assert_eq!(second.number, 2);
    tell(&mut rig, second.id, News::Opened);
    tell(&mut rig, first.id, News::Ended);
    assert_eq!(standing(&rig), Some(Standing::Up(second.id)), "news of the first come too late");
    tell(&mut rig, second.id, News::Ended);
    rig.wait(30_000);
    assert_eq!(dial(&mut rig).number, 1, "it had been open");
}

#[test]
fn r_v3_16_reports_wait_for_a_connection_and_are_dropped_without_one() {
    let mut rig = reporting_to(SOCKET, Link::Up);
    let first = dial(&mut rig);
    rig.faces(1);
    assert!(rig.take_attempts().is_empty() && counted(&rig) == (0, 0), "it waits");
    tell(&mut rig, first.id, News::Ended);
    assert_eq!(counted(&rig), (0, 1), "what waited is dropped");
    rig.faces(1);
    assert_eq!(counted(&rig), (0, 2), "nothing waits for a connection that is a while off");
    rig.wait(30_000);
    let second = dial(&mut rig);
    rig.faces(1);
    rig.wait(21_000);
    rig.faces(1);
    tell(&mut rig, second.id, News::Opened);
    assert_eq!(numbers(&rig.take_attempts()), [4], "one was older than 20 s");
    assert_eq!(counted(&rig), (0, 3));
    assert_eq!(rig.numbers(&json!({})).expect("a page"), [1, 2, 3, 4], "all can be fetched");
}

#[test]
fn r_v3_16_a_connection_that_ends_takes_what_waits_with_it() {
    let (mut rig, id) = connected();
    rig.faces(3);
    let first = rig.take_attempt();
    tell(&mut rig, id, News::Ended);
    rig.settle(&first, &Outcome::Left);
    assert_eq!((counted(&rig), rig.take_attempts().len()), ((0, 2), 0));
}

#[test]
fn the_network_and_a_restart_cut_it_and_it_is_opened_at_once_after_them() {
    let (mut rig, first) = connected();
    rig.network(Network::Offline);
    rig.wait(60_000);
    assert!(dials(&mut rig).is_empty() && standing(&rig) == Some(Standing::Down));
    rig.faces(1);
    rig.network(Network::Online);
    let second = dial(&mut rig);
    assert!(second.id > first && rig.take_attempts().is_empty());
    tell(&mut rig, second.id, News::Opened);
    rig.control(Command::Restart).expect("it restarts");
    let third = dial(&mut rig);
    tell(&mut rig, third.id, News::Opened);
    assert_eq!(numbers(&rig.take_attempts()), [2], "the reset that the platform may know");
    rig.control(Command::FactoryReset).expect("it resets");
    assert!(dials(&mut rig).is_empty() && standing(&rig).is_none(), "the settings are gone");
}

#[test]
fn offline_from_the_start_it_opens_nothing() {
    let mut rig = reporting_to(SOCKET, Link::Down);
    assert!(dials(&mut rig).is_empty() && rig.device.next_deadline().is_none());
    rig.network(Network::Online);
    assert_eq!(dials(&mut rig).len(), 1);
}

#[test]
fn r_v3_18_other_settings_take_effect_with_a_restart() {
    let (mut rig, _) = connected();
    rig.set_config("report-state-server", "wss://10.0.0.9/other");
    rig.faces(1);
    assert_eq!(rig.take_attempt().destination.as_str(), SOCKET, "not before a restart");
    rig.control(Command::Restart).expect("it restarts");
    assert_eq!(dial(&mut rig).to.as_str(), "wss://10.0.0.9/other");
    rig.forget_token();
    rig.set_config("report-state-server", REPORTS);
    rig.control(Command::Restart).expect("it restarts");
    rig.faces(1);
    assert!(dials(&mut rig).is_empty());
    assert_eq!(rig.take_attempts()[0].destination.as_str(), REPORTS);
}

fn asked(rig: &mut Rig, pass: Pass<'_>) -> Option<Value> {
    let request = json!({"action": "event-info", "header": {"reqid": "a"}}).to_string();
    let view = rig.device.view();
    let request = v3::decode(request.as_bytes(), Service::Any, &view.behaviour.v3);
    let result = rig.input(|device: &mut Device, mono, effects| {
        device.handle_v3(&view, request.call, pass, mono, effects)
    });
    v3::encode(&result, request.reqid.as_deref(), &view).map(|bytes| parsed(&bytes))
}

/// What it asks by itself since this was asked last.
fn questions(rig: &mut Rig) -> Vec<Value> {
    let effects = std::mem::take(&mut rig.effects).into_iter();
    let question = |effect| match effect {
        Effect::Say(_, bytes) => Some(parsed(&bytes)),
        _ => None,
    };
    effects.filter_map(question).collect()
}

#[test]
fn r_v3_18_through_a_broker_it_waits_to_be_let_in() {
    let mut rig = reporting_to("mqtt://10.0.0.9", Link::Up);
    let id = dial(&mut rig).id;
    tell(&mut rig, id, News::Opened);
    rig.faces(1);
    let sync = questions(&mut rig).remove(0);
    assert_eq!((&sync["action"], standing(&rig)), (&json!("sync-time"), Some(Standing::Coming)));
    assert_eq!(asked(&mut rig, Pass::Line(id)).expect("an answer")["retcode"], 114);
    let reqid = sync["header"]["reqid"].as_str().expect("a text").to_owned();
    tell(&mut rig, id, News::Answered { reqid, retcode: 0 });
    assert_eq!(numbers(&rig.take_attempts()), [1], "it had waited");
    assert_eq!(asked(&mut rig, Pass::Line(id)).expect("an answer")["retcode"], 0);
}

#[test]
fn r_v3_18_through_a_broker_it_gives_up_what_does_not_answer_its_pings() {
    let mut rig = reporting_to("mqtt://10.0.0.9", Link::Up);
    let id = dial(&mut rig).id;
    tell(&mut rig, id, News::Opened);
    let reqid = "sync-time-1".to_owned();
    tell(&mut rig, id, News::Answered { reqid, retcode: 0 });
    rig.wait(39_000);
    let asked = questions(&mut rig);
    let pings = asked.iter().filter(|question| question["action"] == "ping").count();
    assert_eq!((pings, standing(&rig)), (3, Some(Standing::Up(id))));
    rig.wait(1_000);
    assert!(matches!(rig.effects[..], [Effect::HangUp]), "{:?}", rig.effects);
    rig.wait(30_000);
    assert_eq!(dials(&mut rig).len(), 1);
}

#[test]
fn r_v3_18_calls_on_it_need_no_token_while_it_is_open() {
    let (mut rig, id) = connected();
    assert_eq!(asked(&mut rig, Pass::Line(id)).expect("an answer")["retcode"], 0);
    assert_eq!(asked(&mut rig, Pass::Nothing).expect("an answer")["retcode"], 105);
    rig.control(Command::Restart).expect("it restarts");
    assert_eq!(asked(&mut rig, Pass::Line(id)), None, "nobody is there any more");
}
