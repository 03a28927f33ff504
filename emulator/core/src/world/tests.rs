//! The promises that concern the world as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::rules::{self, Who};
use super::*;
use crate::clock::UnixMillis;
use crate::event::{
    Access, Cause, Fact, HealthCodes, Kind, Mask, Method, Mode, Phase, Presented, Reason, Subject,
    Switch, Therm, Verdict,
};
use crate::seed::Seed;

/// Tuesday 2024-06-04, 00:00 in UTC+8.
const TUESDAY: UnixMillis = UnixMillis::new(1_717_430_400_000);
const DAY: Duration = Duration::from_secs(86_400);

fn setup(mode: u8) -> Setup {
    Setup { mode: Mode::new(mode).expect("a mode"), ..Setup::default() }
}

fn world(setup: Setup, traffic: Traffic, seed: u64) -> World {
    let seed = Seed::root(seed);
    let roster = Arc::new(Roster::new(seed.named("roster"), RosterSizes::default()));
    World::new(seed, Arc::new(setup), roster, traffic, TUESDAY)
}

fn steady(events_per_minute: f64) -> Traffic {
    Traffic { profile: Profile::Steady, events_per_minute }
}

/// The state of the door that the fact shows.
fn door(fact: &Fact) -> Option<Switch> {
    match fact {
        Fact::Door(switch) => Some(*switch),
        Fact::Alarm(alarm) if alarm.kind() == Some(Kind::Door) => Some(match alarm.phase {
            Phase::Raised => Switch::On,
            Phase::ClearingFailed | Phase::Cleared => Switch::Off,
        }),
        _ => None,
    }
}

/// Tables B, C and E, the fields that go with them, and what the setup switches off.
fn assert_tables(fact: &Fact, setup: &Setup, roster: &Roster) {
    let access = match fact {
        Fact::Access(access) => {
            assert_ne!(access.verdict, Verdict::Refused(Reason::TooManyPins), "{access:?}");
            access
        }
        Fact::PinAttack(access, _) => {
            assert_eq!(access.verdict, Verdict::Refused(Reason::TooManyPins), "{access:?}");
            access
        }
        Fact::Temperature(..) => {
            assert_eq!(setup.screening, Screening::On);
            return;
        }
        Fact::Alarm(alarm) => {
            let raised_attack = alarm.cause == Cause::PinAttack && alarm.phase == Phase::Raised;
            assert!(!raised_attack, "table B has it with the access");
            return;
        }
        _ => return,
    };
    assert_access(access, setup, roster);
}

fn assert_access(access: &Access, setup: &Setup, roster: &Roster) {
    let Access { subject, method, verdict, presented, face, therm, mask, .. } = access;
    let who = match subject {
        Subject::Person(person) => Who::Enrolled(roster.category(*person)),
        Subject::Stranger(_) => Who::Stranger,
        Subject::Nobody => Who::Nobody,
    };
    assert!(rules::allow(*verdict, *method, who, setup.screening), "{access:?}");
    assert!(method.allowed_in(setup.mode, setup.health_codes), "{access:?}");
    assert_eq!(therm.is_some(), setup.screening == Screening::On, "{access:?}");
    if let Some(therm) = therm {
        let fever = *verdict == Verdict::Refused(Reason::Fever);
        assert_eq!(*therm >= Therm::FEVER, fever, "{access:?}");
    }
    assert_eq!(face.is_some(), method.has_face(), "{access:?}");
    let masks = setup.mask_detection == MaskDetection::On && method.has_face();
    assert_eq!(*mask != Mask::Off, masks, "{access:?}");
    match presented {
        Presented::Own => assert_ne!(*verdict, Verdict::Refused(Reason::UnknownCard)),
        Presented::Of(other) => {
            assert_eq!(*verdict, Verdict::Refused(Reason::Mismatch));
            assert_ne!(*subject, Subject::Person(*other));
        }
        Presented::Unknown(number) => assert!(*number >= roster.len()),
        Presented::Text(_) => {}
    }
}

fn line(happening: &Happening, roster: &Roster) -> String {
    let time = TUESDAY.millis();
    let millis = happening.at.millis() - time;
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let seconds = millis / 1000 % 60;
    let stamp = format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", millis % 1000);
    let who = |subject: &Subject| match subject {
        Subject::Person(person) => roster.uid(*person).to_string(),
        Subject::Stranger(bytes) => format!("0000{}", hex(bytes)),
        Subject::Nobody => "-".to_owned(),
    };
    let access = |access: &Access| {
        let therm = access.therm.map_or(0.0, Therm::celsius);
        let score = access.face.map_or(0.0, |face| face.score.value());
        format!(
            "{:?} {} {:?} {:?} {therm} {score}",
            access.method,
            who(&access.subject),
            access.verdict,
            access.presented
        )
    };
    let what = match &happening.fact {
        Fact::Access(part) => access(part),
        Fact::PinAttack(part, serial) => format!("attack {serial:?} {}", access(part)),
        Fact::Temperature(subject, therm) => format!("therm {} {}", who(subject), therm.celsius()),
        Fact::Alarm(alarm) => {
            format!("alarm {:?} {:?} {:?}", alarm.cause, alarm.phase, alarm.trace.serial)
        }
        other => format!("{other:?}"),
    };
    format!("{stamp} {what}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}

/// The seed's day is what users rely on: a change here is a change for all of them.
#[test]
fn a_tuesday_is_pinned() {
    let mut world = world(Setup::default(), Traffic::default(), 7);
    let roster = Arc::clone(world.roster());
    let end = TUESDAY + DAY - Duration::from_millis(1);
    let mut hours: BTreeMap<i64, BTreeMap<String, u32>> = BTreeMap::new();
    let mut first = String::new();
    let mut lines = 0;
    while let Some(happening) = world.advance(end) {
        let hour = (happening.at.millis() - TUESDAY.millis()) / 3_600_000;
        let kind = happening.fact.kind().map_or("v1".to_owned(), |kind| format!("{kind:?}"));
        *hours.entry(hour).or_default().entry(kind).or_insert(0) += 1;
        if lines < 60 {
            writeln!(first, "{}", line(&happening, &roster)).expect("a string takes everything");
            lines += 1;
        }
    }
    let mut day = String::new();
    for (hour, kinds) in hours {
        let kinds: Vec<String> =
            kinds.into_iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        writeln!(day, "{hour:02}h  {}", kinds.join(", ")).expect("a string takes everything");
    }
    insta::assert_snapshot!(format!("{day}\n{first}"));
}

#[test]
fn the_same_calls_give_the_same_facts() {
    let day = |asked: bool| {
        let mut world = world(Setup::default(), Traffic::default(), 3);
        let wish = world.prepare(&Wish::new(EventName::Face)).expect("a face");
        let mut facts = Vec::new();
        while let Some(happening) = world.advance(TUESDAY + DAY) {
            if asked {
                world.emit(&wish, happening.at);
            }
            facts.push(happening);
        }
        facts
    };
    assert_eq!(day(false), day(false));
    assert_eq!(day(false), day(true), "asking for events changes nobody's day");
}

#[test]
fn the_asked_rate_is_produced() {
    for (mode, screening) in
        [(0, Screening::On), (3, Screening::Off), (3, Screening::On), (9, Screening::On)]
    {
        let setup = Setup { screening, ..setup(mode) };
        let mut world = world(setup, steady(60.0), 11);
        let end = TUESDAY + DAY;
        let mut events = 0;
        while let Some(happening) = world.advance(end) {
            events += u32::from(happening.fact.kind().is_some());
        }
        let rate = f64::from(events) / 1440.0;
        assert!((rate / 60.0 - 1.0).abs() < 0.03, "mode {mode}, {screening:?}: {rate} a minute");
    }
}

#[test]
fn an_office_day_has_its_mean_and_a_weekend_less() {
    let mut world =
        world(Setup::default(), Traffic { profile: Profile::Office, events_per_minute: 60.0 }, 5);
    let mut day = |day: u32| {
        let mut events = 0_u32;
        while let Some(happening) = world.advance(TUESDAY + DAY * day) {
            events += u32::from(happening.fact.kind().is_some());
        }
        f64::from(events) / 1440.0
    };
    let tuesday = day(1);
    assert!((tuesday / 60.0 - 1.0).abs() < 0.05, "{tuesday}");
    let _rest_of_the_week = day(4);
    let saturday = day(5);
    assert!(saturday < 20.0 && saturday > 1.0, "{saturday}");
}

#[test]
fn nothing_comes_at_rate_0() {
    let mut world = world(Setup::default(), steady(0.0), 1);
    assert_eq!(world.next_due(), None);
    assert_eq!(world.advance(UnixMillis::MAX), None);
    world.set_traffic(steady(60.0), TUESDAY + DAY);
    let first = world.advance(TUESDAY + DAY * 2).expect("somebody comes");
    assert!(first.at >= TUESDAY + DAY);
    world.set_traffic(Traffic { profile: Profile::Quiet, events_per_minute: 1e-9 }, first.at);
    while world.advance(TUESDAY + DAY * 30).is_some() {}
    assert!(world.next_due().is_some_and(|due| due > TUESDAY + DAY * 30), "a later look");
    world.set_traffic(steady(6.0), UnixMillis::MAX);
    while world.advance(UnixMillis::MAX).is_some() {}
}

#[test]
fn the_busiest_door_keeps_its_bounds() {
    let mut world = world(Setup::default(), steady(EVENTS_PER_MINUTE_MAX), 1);
    let mut state = Switch::Off;
    let mut events = 0_u32;
    while let Some(happening) = world.advance(TUESDAY + Duration::from_secs(12)) {
        if let Some(now) = door(&happening.fact) {
            assert_ne!(now, state);
            state = now;
        }
        events += u32::from(happening.fact.kind().is_some());
    }
    assert_eq!(world.skipped(), 0);
    let expected = EVENTS_PER_MINUTE_MAX / 5.0;
    assert!((f64::from(events) / expected - 1.0).abs() < 0.1, "{events}");
}

/// What a mode makes of its own accord, and what it must.
#[test]
fn everything_a_mode_has_is_reached() {
    for (mode, codes) in (0..=9).zip([HealthCodes::Off, HealthCodes::On].into_iter().cycle()) {
        reaches_everything(&Setup {
            health_codes: codes,
            mask_detection: MaskDetection::On,
            ..setup(mode)
        });
    }
}

fn reaches_everything(setup: &Setup) {
    let methods: Vec<Method> = Method::ALL
        .into_iter()
        .filter(|method| method.allowed_in(setup.mode, setup.health_codes))
        .collect();
    let has_pin = methods.iter().any(|method| method.has_pin());
    let mut world = world(setup.clone(), steady(30.0), 2);
    let roster = Arc::clone(world.roster());
    let mut seen = Seen::default();
    let mut state = Switch::Off;
    let mut before = TUESDAY;
    while let Some(happening) = world.advance(TUESDAY + DAY * 8) {
        assert!(happening.at >= before, "stamps go back");
        before = happening.at;
        assert_tables(&happening.fact, setup, &roster);
        if let Some(now) = door(&happening.fact) {
            assert_ne!(now, state, "the door moves twice the same way: {happening:?}");
            state = now;
        }
        seen.note(&happening.fact, &roster);
    }
    let mut expected = Seen::default();
    let outcomes = |method: Method| {
        odds::OUTCOMES
            .into_iter()
            .filter(move |row| rules::allow(row.verdict, method, row.who, Screening::On))
    };
    for method in &methods {
        expected.kinds.extend(method.kind());
        expected.entry_modes.insert(method.entry_mode());
        for row in outcomes(*method) {
            expected.abnormal.insert(row.verdict.abnormal_type(*method));
            expected.recognised.insert(recognition(row.who, row.verdict));
        }
    }
    expected.kinds.extend([
        Kind::Therm,
        Kind::Door,
        Kind::Remote,
        Kind::Push,
        Kind::Fire,
        Kind::Disa,
    ]);
    expected.alarms = Cause::ALL
        .into_iter()
        .filter(|cause| has_pin || *cause != Cause::PinAttack)
        .map(Cause::code)
        .collect();
    if has_pin {
        expected.abnormal.insert(70002);
    }
    assert_eq!(seen, expected, "mode {}", setup.mode.get());
}

#[derive(Debug, Default, PartialEq)]
struct Seen {
    kinds: BTreeSet<Kind>,
    entry_modes: BTreeSet<u8>,
    abnormal: BTreeSet<u32>,
    recognised: BTreeSet<u8>,
    alarms: BTreeSet<u32>,
}

impl Seen {
    fn note(&mut self, fact: &Fact, roster: &Roster) {
        self.kinds.extend(fact.kind());
        match fact {
            Fact::Access(access) | Fact::PinAttack(access, _) => {
                self.entry_modes.insert(access.method.entry_mode());
                self.abnormal.insert(access.verdict.abnormal_type(access.method));
                let who = match access.subject {
                    Subject::Person(person) => Who::Enrolled(roster.category(person)),
                    Subject::Stranger(_) => Who::Stranger,
                    Subject::Nobody => Who::Nobody,
                };
                self.recognised.insert(recognition(who, access.verdict));
                if matches!(fact, Fact::PinAttack(..)) {
                    self.alarms.insert(Cause::PinAttack.code());
                }
            }
            Fact::Alarm(alarm) => {
                self.alarms.insert(alarm.cause.code());
            }
            _ => {}
        }
    }
}

fn recognition(who: Who, verdict: Verdict) -> u8 {
    match who {
        Who::Enrolled(category) => category.user_type(),
        Who::Stranger if verdict == Verdict::Refused(Reason::NotLive) => 4,
        Who::Stranger | Who::Nobody => 3,
    }
}

/// Over all modes nothing of the documents is missing.
#[test]
fn all_modes_together_have_all_there_is() {
    let mut abnormal = BTreeSet::new();
    let mut entry_modes = BTreeSet::new();
    for method in Method::ALL {
        entry_modes.insert(method.entry_mode());
        for row in odds::OUTCOMES {
            if rules::allow(row.verdict, method, row.who, Screening::On) {
                abnormal.insert(row.verdict.abnormal_type(method));
            }
        }
    }
    let all = [0, 10001, 10002, 10003, 20001, 20002, 30001, 30002, 30003, 40001, 70001];
    assert_eq!(abnormal, BTreeSet::from(all), "70002 comes with the fifth wrong PIN");
    assert_eq!(entry_modes, BTreeSet::from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]));
}

/// A temperature is followed by the access of the same walk-in, whoever else arrives.
#[test]
fn a_temperature_comes_before_its_own_access() {
    // Mode 1 has no PINs: while one person guesses, others may pass.
    let mut world = world(setup(1), steady(600.0), 4);
    let mut taken: Option<Therm> = None;
    while let Some(happening) = world.advance(TUESDAY + Duration::from_secs(3600)) {
        match happening.fact {
            Fact::Temperature(_, therm) => {
                assert_eq!(taken.replace(therm), None, "two temperatures in a row");
            }
            Fact::Access(access) => assert_eq!(taken.take(), access.therm),
            _ => {}
        }
    }
}

/// Each alarm that is raised is cleared once, after it, with its own trace.
#[test]
fn alarms_end_with_the_trace_they_began_with() {
    let mut world = world(Setup::default(), steady(60.0), 8);
    let mut open = BTreeMap::new();
    let mut failed = 0;
    while let Some(happening) = world.advance(TUESDAY + DAY) {
        match happening.fact {
            Fact::PinAttack(_, serial) => {
                open.insert(serial, happening.at);
            }
            Fact::Alarm(alarm) => match alarm.phase {
                Phase::Raised => {
                    assert_eq!(alarm.trace.raised_at, happening.at);
                    assert_eq!(open.insert(alarm.trace.serial, happening.at), None);
                }
                Phase::ClearingFailed => {
                    failed += 1;
                    assert_eq!(open.get(&alarm.trace.serial), Some(&alarm.trace.raised_at));
                }
                Phase::Cleared => {
                    assert_eq!(open.remove(&alarm.trace.serial), Some(alarm.trace.raised_at));
                }
            },
            _ => {}
        }
    }
    assert!(failed > 0 && open.len() < 10, "{failed} failed, open: {open:?}");
}

/// A device with nobody enrolled, or only a few, still has a day.
#[test]
fn small_rosters_have_their_day() {
    for (mode, employees) in (0..=9).flat_map(|mode| [(mode, 0), (mode, 1)]) {
        let sizes = RosterSizes { employees, visitors: 0, blocklisted: 0 };
        let roster = Arc::new(Roster::new(Seed::root(1), sizes));
        let setup = Arc::new(setup(mode));
        let mut world =
            World::new(Seed::root(2), Arc::clone(&setup), roster, steady(600.0), TUESDAY);
        let roster = Arc::clone(world.roster());
        let mut events = 0_u32;
        while let Some(happening) = world.advance(TUESDAY + Duration::from_secs(3600)) {
            assert_tables(&happening.fact, &setup, &roster);
            events += u32::from(happening.fact.kind().is_some());
        }
        let rate = f64::from(events) / 36_000.0;
        assert!((rate - 1.0).abs() < 0.06, "mode {mode}, {employees}: {rate}");
        for event in EventName::ALL {
            if let Ok(prepared) = world.prepare(&Wish::new(event)) {
                assert_tables(&world.emit(&prepared, TUESDAY), &setup, &roster);
            }
        }
    }
}

/// A change of the setup is felt by whoever comes next.
#[test]
fn a_new_setup_holds_from_then_on() {
    let mut world = world(setup(0), steady(600.0), 6);
    let change = TUESDAY + Duration::from_secs(600);
    while world.advance(change).is_some() {}
    world.set_setup(Arc::new(setup(9)), change);
    let mut methods = BTreeSet::new();
    let settled = change + Duration::from_secs(1);
    while let Some(happening) = world.advance(change + Duration::from_secs(600)) {
        match happening.fact {
            Fact::Access(access) if happening.at > settled => {
                methods.insert(access.method);
            }
            _ => {}
        }
    }
    assert_eq!(methods, BTreeSet::from([Method::CardAndPin]));
}

mod orders;
mod rosters;
mod wishes;
