//! A device that is stored: nothing shows before it is stored, nothing that could not be stored ever was,
//! and a power cut between any two batches loses nothing that showed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use vestibule_core::calls::control::{Command, CommandError, Playing};
use vestibule_core::calls::v1;
use vestibule_core::clock::{Mono, Now, UnixMillis};
use vestibule_core::device::{Batch, Config, Device, Effect, Life, Position, Room, State, Stored};
use vestibule_core::event::flat::Flat;
use vestibule_core::event::{Entry, Fact, Index, PersonRef};
use vestibule_core::journal::{Capacity, Place, Recovery, Waiting};
use vestibule_core::wire::v3::Service;
use vestibule_core::world::{Edit, EventName, Profile, Traffic, Wish};

use crate::support::{RECORDS, Rig, START, config, dest, records_of, seqnum, wish};

/// What is stored of one device.
#[derive(Clone, Default)]
struct Disk {
    rows: BTreeMap<u64, (Entry, Waiting)>,
    next_place: u64,
    state: State,
    position: Option<Position>,
    people: BTreeMap<PersonRef, Edit>,
}

impl Disk {
    fn store(&mut self, batch: Batch) -> Option<Place> {
        if batch.life == Life::Begins {
            self.rows.clear();
            self.people.clear();
        }
        self.people.extend(batch.people.edits.into_iter().map(|edit| (edit.person, edit)));
        for person in batch.people.forgotten {
            assert!(self.people.remove(&person).is_some(), "what is forgotten was stored");
        }
        let first = self.next_place + 1;
        let mut stored_at = None;
        for staged in batch.entries {
            self.next_place += 1;
            stored_at = Place::new(first);
            self.rows.insert(self.next_place, (staged.entry, staged.waiting));
        }
        for (place, waiting) in batch.waiting {
            if let Some(row) = self.rows.get_mut(&place.get()) {
                row.1 = waiting;
            }
        }
        for place in batch.dead {
            self.rows.remove(&place.get());
        }
        self.state = batch.state.unwrap_or_else(|| self.state.clone());
        self.position = batch.position.or_else(|| self.position.clone());
        stored_at
    }

    fn stored(&self, capacity: Capacity) -> Stored {
        let position = self.position.clone().expect("a device that began");
        let next = (position.next_index, position.next_seqnum);
        let mut recovery = Recovery::new(capacity, next, position.oldest_seqnum);
        for (place, (entry, waiting)) in &self.rows {
            let place = Place::new(*place).expect("from 1");
            recovery.take(entry.clone(), place, *waiting).expect("rows fit");
        }
        let (journal, _) = recovery.finish().expect("rows fit");
        let people = self.people.values().cloned().collect();
        Stored { state: self.state.clone(), position, journal, people }
    }
}

/// A device, its disk, and everything about it that can be seen from outside.
struct Kept {
    rig: Rig,
    disk: Disk,
    config: Arc<Config>,
}

impl Kept {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut rig = Rig::made(change);
        let config = rig.device.config();
        let mut disk = Disk::default();
        let first = disk.store(rig.device.begin(Life::Begins));
        rig.device.begun(first);
        Self { rig, disk, config }
    }

    /// Stores what waits, until nothing does.
    fn store(&mut self) {
        while let Some(batch) = self.rig.device.take_batch() {
            let first = self.disk.store(batch);
            self.rig.input(|device, mono, effects| device.handle_stored(first, mono, effects));
        }
    }

    /// The power goes and comes back; the clock of the machine shows `wall`.
    fn power_cut(&mut self, wall: UnixMillis) {
        let stored = self.disk.stored(self.config.capacity);
        let now = Now { mono: self.rig.mono, wall };
        let config = Arc::clone(&self.config);
        let device = Device::restored(config, stored, now).expect("a position of ours");
        self.rig.device = device;
        self.rig.forget_token();
        let first = self.disk.store(self.rig.device.begin(Life::GoesOn));
        self.rig.device.begun(first);
    }

    fn power_cut_at_once(&mut self) {
        let now = self.rig.device.now(self.rig.mono);
        self.power_cut(now.wall);
    }

    /// Everything that can be seen from outside, as bytes.
    fn seen(&self) -> String {
        let device = &self.rig.device;
        let status = device.status(self.rig.mono);
        let records: Vec<_> =
            self.rig.entries().iter().map(|entry| records_of(device, entry)).collect();
        let entries = self.rig.entries();
        format!("{:?} {:?} {entries:?} {records:?}", status.bounds, status.backlog)
    }
}

fn subscribed() -> Kept {
    Kept::new(|config| config.push_to = Some(dest(RECORDS)))
}

#[test]
fn nothing_shows_before_it_is_stored() {
    let mut kept = subscribed();
    let before = kept.seen();
    let emitted = kept.rig.emit(wish("face count=2"));
    assert_eq!(emitted.iter().map(seqnum).collect::<Vec<_>>(), [Some(1), Some(2)]);
    assert_eq!(kept.seen(), before);
    assert!(kept.rig.take_attempts().is_empty() && kept.rig.effects.is_empty());
    assert_eq!(kept.rig.device.unstored(), 2);
    kept.store();
    assert_ne!(kept.seen(), before);
    assert_eq!(kept.rig.take_attempt().entry.index.get(), 1);
    let told = kept.rig.effects.iter().filter(|one| matches!(one, Effect::Happened(..))).count();
    assert_eq!((told, kept.rig.device.unstored()), (2, 0));
}

#[test]
fn what_could_not_be_stored_leaves_no_gap() {
    let mut kept = subscribed();
    kept.rig.emit(wish("face"));
    kept.store();
    let before = kept.seen();
    kept.rig.emit(wish("pin"));
    kept.rig.emit(wish("face"));
    assert!(kept.rig.device.take_batch().is_some());
    kept.rig.emit(wish("card"));
    kept.rig.device.handle_not_stored();
    assert_eq!(kept.seen(), before);
    assert_eq!(kept.rig.device.status(kept.rig.mono).counters.refused, 3);
    assert_eq!(kept.rig.device.staged_ticket(), kept.rig.device.stored_ticket());
    let next = kept.rig.emit(wish("card")).remove(0);
    assert_eq!((next.index.get(), seqnum(&next)), (2, Some(2)));
    kept.store();
    kept.power_cut_at_once();
    assert_eq!(kept.rig.entries().len(), 2);
}

#[test]
fn an_acknowledgement_that_could_not_be_stored_is_stored_later() {
    let mut kept = subscribed();
    kept.rig.emit(wish("face"));
    kept.store();
    assert_eq!(kept.rig.drain().len(), 1);
    assert!(kept.rig.device.take_batch().is_some());
    kept.rig.device.handle_not_stored();
    assert!(kept.rig.device.has_unstored());
    kept.store();
    kept.power_cut_at_once();
    assert_eq!(kept.rig.backlog(), 0);
}

#[test]
fn what_is_rare_is_stored_before_it_is_so() {
    let mut kept = Kept::new(|_| {});
    kept.rig.subscribe_to(RECORDS, Some(false));
    assert!(kept.rig.subscription()["data"].is_null());
    kept.store();
    let subscription = kept.rig.subscription();
    assert_eq!(subscription["data"]["enabled"], json!(false));

    let other = "00000000000000000000000000000001";
    let passwd = json!({"action": "auth-passwd", "body": {"user": "admin", "passwd": other}});
    kept.rig.ask(Service::Auth, &passwd);
    kept.rig.set_config("manager-mode", "none");
    assert_eq!(kept.rig.login("admin", other)["retcode"], 101);
    kept.store();
    kept.power_cut_at_once();
    assert_eq!(kept.rig.login("admin", other)["retcode"], 0);
    assert_eq!(kept.rig.subscription(), subscription);
    assert_eq!(kept.disk.state.settings["manager-mode"], "none");
}

#[test]
fn a_subscription_that_a_fault_took_away_does_not_come_back() {
    let mut kept = Kept::new(|config| {
        config.push_to = Some(dest(RECORDS));
        Arc::make_mut(&mut config.behaviour).violations.v1.subscribe.refusal_clears = true;
    });
    assert!(kept.rig.subscription()["data"].is_object());
    let refused = kept.rig.call_v1(Err(v1::Unreadable::Field("it is of no use")));
    assert!(refused.is_err(), "{refused:?}");
    kept.store();
    assert!(kept.rig.subscription()["data"].is_null());
    kept.power_cut_at_once();
    assert!(kept.rig.subscription()["data"].is_null());
}

#[test]
fn a_door_follows_its_settings_after_a_power_cut() {
    // R-V3-36
    let therm = |kept: &mut Kept| {
        kept.rig.emit(wish("face"));
        kept.store();
        let entry = kept.rig.entries().pop().expect("a face");
        !kept.rig.event(entry.index)["therm"].is_null()
    };
    let mut kept = Kept::new(|config| {
        config.traffic = Traffic { profile: Profile::Steady, events_per_minute: 10.0 };
    });
    assert!(therm(&mut kept));
    kept.rig.set_config("therm-mode", "disable");
    assert!(therm(&mut kept), "not before it is stored");
    assert!(!therm(&mut kept));
    kept.rig.wait(60_000);
    kept.store();
    kept.power_cut_at_once();
    assert!(!therm(&mut kept));
    let walk_ins = kept.rig.entries();
    let after = walk_ins.iter().skip(4).filter(|entry| matches!(entry.fact, Fact::Temperature(..)));
    assert_eq!(after.count(), 0);
}

#[test]
fn who_is_enrolled_is_stored_before_it_is_so() {
    // R-V3-37
    let face = |uid: &str| Wish { person: uid.parse().ok(), ..wish("face") };
    let mut kept = Kept::new(|_| {});
    kept.rig.enrol(&json!([{"userid": "E-7", "name": "Ann"}, {"userid": "100001", "name": "x"}]));
    assert!(kept.rig.users("user-lookup", &json!([{"userid": "E-7"}]))["retcode"] != 0);
    kept.store();
    kept.rig.emit(face("E-7"));
    kept.rig.emit(face("100001"));
    kept.rig.users("user-remove", &json!([{"userid": "E-7"}, {"userid": "100002"}]));
    kept.store();
    let names = |kept: &Kept| -> Vec<Value> {
        let entries = kept.rig.entries();
        let names = entries.iter().map(|entry| kept.rig.records(entry.index)[0]["data"].clone());
        names.map(|data| data["user"]["name"].clone()).collect()
    };
    let shown = names(&kept);
    assert_eq!(shown, ["Ann", "x"]);
    kept.power_cut_at_once();
    assert_eq!(names(&kept), shown);
    let there = |kept: &mut Kept| -> Vec<Value> {
        let asked = json!([{"userid": "E-7"}, {"userid": "100001"}, {"userid": "100002"}]);
        let answer = kept.rig.users("user-lookup", &asked);
        let each = answer["body"]["users"].as_array().expect("each").iter();
        each.map(|one| one["retcode"].clone()).collect()
    };
    assert_eq!(there(&mut kept), [103, 0, 103]);
    // What cannot be stored is not so, and does not stand in the way.
    kept.rig.enrol(&json!([{"userid": "E-8"}]));
    assert!(kept.rig.device.take_batch().is_some());
    kept.rig.device.handle_not_stored();
    kept.rig.enrol(&json!([{"userid": "E-7", "name": "Ann again"}]));
    kept.store();
    assert_eq!(there(&mut kept), [0, 0, 103]);
    // Two that wait at a time.
    let clear = json!({"action": "user-clear"});
    assert_eq!(kept.rig.ask(Service::Accounts, &clear)["retcode"], 0);
    kept.rig.enrol(&json!([{"userid": "100002"}]));
    kept.store();
    kept.power_cut_at_once();
    assert_eq!(there(&mut kept), [103, 103, 0]);
    assert_eq!(names(&kept), shown);
    // A factory reset brings everybody back.
    assert_eq!(act(&mut kept, "device-reset", &json!(null)), 0);
    kept.rig.answer_leaves();
    kept.store();
    kept.power_cut_at_once();
    assert_eq!(there(&mut kept), [103, 0, 0]);
    assert!(kept.disk.people.is_empty());
}

/// Whatever is done with people, a power cut finds them as they were, and nothing is kept for nobody.
fn edits() -> impl Strategy<Value = Vec<(u8, u8)>> {
    proptest::collection::vec((0..7_u8, 0..6_u8), 1..60)
}

proptest! {
    #[test]
    fn people_do_as_their_model(steps in edits()) {
        let mut kept = Kept::new(|config| {
            config.capacity = Capacity::new(20).expect("a capacity");
        });
        let uids = ["100001", "100002", "7", "E-7", "guard 7", "100200"];
        let mut model: BTreeMap<&str, Option<String>> = BTreeMap::new();
        for uid in ["100001", "100002", "100200"] {
            model.insert(uid, None);
        }
        for (at, (what, who)) in steps.into_iter().enumerate() {
            let uid = uids[usize::from(who)];
            let users = json!([{"userid": uid}]);
            match what {
                0 | 1 => {
                    let name = format!("name {at}");
                    kept.rig.enrol(&json!([{"userid": uid, "name": name}]));
                    model.insert(uid, Some(name));
                }
                2 => {
                    let answer = kept.rig.users("user-remove", &users);
                    prop_assert_eq!(answer["retcode"] == 0, model.remove(uid).is_some());
                }
                3 if who == 0 => {
                    kept.rig.ask(Service::Accounts, &json!({"action": "user-clear"}));
                    model.clear();
                }
                4 => kept.power_cut_at_once(),
                _ if model.contains_key(uid) => {
                    kept.rig.emit(Wish { person: uid.parse().ok(), ..wish("face") });
                }
                _ => {}
            }
            kept.store();
            let before = kept.seen();
            if at % 7 == 0 {
                kept.power_cut_at_once();
                prop_assert_eq!(kept.seen(), before);
            }
            for uid in uids {
                let answer = kept.rig.users("user-lookup", &json!([{"userid": uid}]));
                let found = &answer["body"]["users"][0];
                prop_assert_eq!(found["retcode"] == 0, model.contains_key(uid), "{}", uid);
                if let Some(Some(name)) = model.get(uid) {
                    prop_assert_eq!(found["name"].as_str(), Some(name.as_str()));
                }
            }
        }
        // At most twenty entries speak of people, and a sweep waits for some.
        prop_assert!(kept.disk.people.len() <= 20 + 6 + 64 + 128);
    }
}

/// A v3 device action.
fn act(kept: &mut Kept, action: &str, body: &Value) -> u64 {
    let request = json!({"action": action, "header": {"reqid": "1"}, "body": body});
    kept.rig.ask(Service::Device, &request)["retcode"].as_u64().expect("a retcode")
}

#[test]
fn a_door_that_is_held_open_by_order_is_so_after_a_power_cut() {
    // R-V3-34
    let mut kept = Kept::new(|_| {});
    let open = json!({"userid": "guard 7", "type": "open", "delay": -1});
    assert_eq!(act(&mut kept, "device-opendoor", &open), 0);
    assert!(kept.rig.entries().is_empty(), "nothing shows before it is stored");
    kept.store();
    kept.rig.wait(5_000);
    kept.store();
    let before = kept.seen();
    assert_eq!(kept.rig.entries().len(), 2, "remote and door");
    kept.power_cut_at_once();
    assert_eq!(kept.seen(), before);
    assert_eq!(kept.rig.event(Index::FIRST)["uid"], "guard 7");
    kept.rig.wait(600_000);
    kept.store();
    assert_eq!(kept.seen(), before, "it neither closes nor alarms");
    assert_eq!(act(&mut kept, "device-opendoor", &json!({"type": "close"})), 0);
    kept.store();
    assert_eq!(kept.rig.entries().len(), 4, "remote and door, both over");
}

#[test]
fn a_device_that_goes_down_by_its_own_api_stores_that_first() {
    // R-V3-33
    let mut kept = subscribed();
    kept.rig.emit(wish("face count=3"));
    kept.rig.set_config("manager-mode", "none");
    kept.store();
    assert_eq!(act(&mut kept, "device-reset", &json!(null)), 0);
    kept.rig.answer_leaves();
    assert_eq!(kept.rig.entries().len(), 3, "it is not reset before that is stored");
    assert!(kept.rig.device.take_batch().is_some());
    kept.rig.device.handle_not_stored();
    assert_eq!(kept.rig.entries().len(), 3, "what cannot be stored is not done");
    assert_eq!(act(&mut kept, "device-reset", &json!(null)), 0);
    kept.rig.answer_leaves();
    kept.store();
    assert_eq!((kept.rig.entries().len(), kept.disk.rows.len()), (1, 1));
    kept.power_cut_at_once();
    assert_eq!(kept.rig.entries().len(), 1);
    assert!(kept.rig.subscription()["data"].is_null() && kept.disk.state.settings.is_empty());
    assert_eq!(act(&mut kept, "device-reboot", &json!(null)), 0);
    kept.rig.answer_leaves();
    kept.store();
    kept.power_cut_at_once();
    assert_eq!(kept.rig.entries().len(), 2, "two starts that were asked for");
}

#[test]
fn a_clock_that_was_set_back_does_not_come_up_ahead() {
    // R-V3-35
    let mut kept = Kept::new(|_| {});
    let hour = Duration::from_secs(3600);
    let ahead = UnixMillis::new((START + hour).seconds() * 1000);
    let to = |time: UnixMillis| json!({"timestamp": time.seconds()});
    assert_eq!(act(&mut kept, "device-synctime", &to(ahead)), 0);
    kept.rig.emit(wish("face"));
    kept.store();
    kept.power_cut(START);
    let shown = |kept: &Kept| kept.rig.device.now(kept.rig.mono).wall;
    assert_eq!(shown(&kept), ahead, "no stamp goes back by itself");
    assert_eq!(act(&mut kept, "device-synctime", &to(START)), 0);
    kept.store();
    kept.power_cut(START);
    assert_eq!(shown(&kept), START);
}

#[test]
fn a_token_is_never_given_out_twice() {
    let mut kept = Kept::new(|_| {});
    let first = kept.rig.token();
    kept.power_cut_at_once();
    assert_ne!(kept.rig.token(), first);
}

#[test]
fn a_reset_and_a_rewind_void_what_was_stored() {
    let mut kept = subscribed();
    kept.rig.emit(wish("face count=3"));
    kept.store();
    kept.rig.control(Command::FactoryReset).expect("a reset");
    let again = Wish::new(EventName::Face);
    let refused = kept.rig.try_emit(again, Playing::Exactly);
    assert_eq!(refused, Err(CommandError::Leaving), "another device is about to be here");
    assert_eq!(kept.rig.entries().len(), 3, "it is not reset before that is stored");
    kept.store();
    kept.rig.emit(wish("door"));
    kept.store();
    kept.power_cut_at_once();
    let numbers: Vec<_> = kept.rig.entries().iter().map(|entry| entry.index.get()).collect();
    assert_eq!(numbers, [1, 2], "the reset and the door");
    assert_eq!(kept.disk.state.factory_resets, 1);
    assert_eq!(kept.disk.rows.len(), 2);

    let now = kept.rig.device.now(kept.rig.mono);
    let mut past = (*kept.config).clone();
    past.backfill = 5;
    let fresh = Device::new(Arc::new(past), now);
    kept.rig.input(|device, mono, effects| device.rewind(fresh, mono, effects));
    kept.store();
    kept.power_cut_at_once();
    assert_eq!(kept.rig.entries().len(), 5, "the past is stored, too");
    assert_eq!(kept.disk.state.factory_resets, 0);
}

#[test]
fn a_reset_that_could_not_be_stored_has_not_been() {
    let mut kept = subscribed();
    kept.rig.emit(wish("face"));
    kept.store();
    let before = kept.seen();
    kept.rig.control(Command::FactoryReset).expect("a reset");
    assert!(kept.rig.device.take_batch().is_some());
    kept.rig.device.handle_not_stored();
    assert_eq!(kept.seen(), before);
    kept.rig.emit(wish("face"));
    kept.store();
    assert_eq!(kept.rig.entries().len(), 2);
}

#[test]
fn an_address_that_was_taken_over_is_not_taken_over_again() {
    let mut kept = subscribed();
    kept.rig.subscribe_to("http://10.0.0.1/elsewhere", Some(true));
    kept.store();
    kept.power_cut_at_once();
    assert_eq!(kept.rig.subscription()["data"]["event_dest"], "http://10.0.0.1/elsewhere");
    let mut config = (*kept.config).clone();
    config.push_to = None;
    kept.config = Arc::new(config.clone());
    kept.power_cut_at_once();
    assert_eq!(kept.rig.subscription()["data"]["event_dest"], "http://10.0.0.1/elsewhere");
    config.push_to = Some(dest("http://10.0.0.2/"));
    kept.config = Arc::new(config);
    kept.power_cut_at_once();
    assert_eq!(kept.rig.subscription()["data"]["event_dest"], "http://10.0.0.2/");
}

#[test]
fn a_full_device_refuses_and_counts() {
    let mut rig = Rig::new();
    rig.device.set_room(Room::Full);
    let refused = rig.try_emit(wish("face count=2"), Playing::Exactly);
    assert_eq!(refused, Err(CommandError::Full));
    assert_eq!(rig.device.status(rig.mono).counters.refused, 2);
    rig.device.set_room(Room::Free);
    assert_eq!(rig.emit_one(EventName::Face).index.get(), 1);
}

/// A clock never goes back over a power cut, and a stamp that was asked for does not drag it along.
#[test]
fn the_clock_does_not_go_back() {
    let mut kept = Kept::new(|_| {});
    kept.rig.wait(60_000);
    kept.rig.emit(wish("face"));
    kept.rig.emit(Wish { at: Some(UnixMillis::MAX), ..wish("face") });
    kept.store();
    kept.power_cut(START);
    let now = kept.rig.device.now(kept.rig.mono);
    assert_eq!(now.wall.millis(), START.millis() + 60_000);
}

/// A busy door with alarms, guessed PINs and doors held open.
fn busy(seed: u64) -> Kept {
    Kept::new(|given| {
        *given = config(seed);
        given.traffic = Traffic { profile: Profile::Steady, events_per_minute: 600.0 };
        given.capacity = Capacity::new(2_000).expect("a capacity");
    })
}

/// Lets the day go on to `until`, storing after every so many wake-ups.
fn go_on(kept: &mut Kept, until: Mono, every: usize) {
    let mut wake_ups = 0_usize;
    while let Some(due) = kept.rig.device.next_deadline().filter(|due| *due <= until) {
        kept.rig.mono = kept.rig.mono.max(due);
        kept.rig.input(Device::handle_timer);
        wake_ups += 1;
        if wake_ups.is_multiple_of(every) {
            kept.store();
        }
    }
    kept.rig.mono = until;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A day that is cut goes on as one that is not: the same entries, to the byte.
    #[test]
    fn a_cut_day_goes_on(seed: u64, cuts in proptest::collection::vec((1..200_000_u64, 1..9_usize), 1..5)) {
        let (mut whole, mut cut) = (busy(seed), busy(seed));
        let begin = whole.rig.mono;
        let mut wanted = Duration::ZERO;
        for (millis, every) in cuts {
            wanted += Duration::from_millis(millis);
            go_on(&mut cut, begin + wanted, every);
            // What was not stored is lost with the power: the clock goes back to the last thing that was.
            let latest = cut.disk.position.as_ref().map(|position| position.latest);
            let lost = latest.map_or(START, |latest| latest.max(START));
            cut.rig.mono = begin + Duration::from_millis(u64::try_from(lost.millis() - START.millis()).unwrap_or(0));
            cut.power_cut(START);
        }
        go_on(&mut cut, begin + wanted, 1);
        go_on(&mut whole, begin + wanted, 1);
        cut.store();
        whole.store();
        prop_assert_eq!(cut.seen(), whole.seen());
        prop_assert!(whole.rig.entries().len() > 3 || wanted < Duration::from_secs(5));
    }
}

/// Every fact has a flat form and comes back from it.
#[test]
fn every_fact_reads_back_from_its_flat_form() {
    let mut kept = busy(3);
    let until = kept.rig.mono + Duration::from_secs(150);
    go_on(&mut kept, until, 1);
    for given in [
        "card card=0xffae0846",
        "visitor reason=expired",
        "qrcode qrcode=ä",
        "pin reason=wrong-pin",
    ] {
        kept.rig.try_emit(wish(given), Playing::Exactly).ok();
    }
    kept.store();
    let facts: Vec<_> = kept.rig.entries().into_iter().map(|entry| entry.fact).collect();
    assert!(facts.iter().any(|fact| matches!(fact, Fact::Alarm(_))));
    for fact in facts {
        assert_eq!(Flat::from(&fact).fact(), Ok(fact));
    }
}

/// The power was away for an hour: nobody came meanwhile, and what had begun goes on.
#[test]
fn nobody_comes_while_the_power_is_away() {
    let mut kept = busy(11);
    let until = kept.rig.mono + Duration::from_secs(120);
    go_on(&mut kept, until, 1);
    kept.store();
    let before = kept.rig.entries();
    let last = before.last().expect("a busy door").at;
    let back = last + Duration::from_secs(3600);
    kept.power_cut(back);
    let until = kept.rig.mono + Duration::from_secs(60);
    go_on(&mut kept, until, 1);
    kept.store();
    let entries = kept.rig.entries();
    let since = &entries[before.len()..];
    assert!(since.len() > 10, "{}", since.len());
    assert!(since.iter().all(|entry| entry.at >= back), "{:?}", since.first());
}
