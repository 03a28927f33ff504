//! The people of a configuration: found by whatever they carry, with exact shares of standings.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::clock::UnixMillis;
use crate::event::{Method, PersonRef, Reason, Verdict};
use crate::seed::Seed;
use crate::world::dice::Dice;
use crate::world::standing::{Category, Hours, Moment, Standing};
use crate::world::{Roster, RosterSizes, UserId};

const fn person_ref(number: u32) -> PersonRef {
    PersonRef { number, revision: 0 }
}

fn roster() -> Roster {
    Roster::new(Seed::root(7), RosterSizes::default())
}

#[test]
fn everybody_is_found_by_uid_card_and_code() {
    let roster = roster();
    for person in (0..roster.len()).map(person_ref) {
        assert_eq!(roster.by_uid(&roster.uid(person)), Some(person));
        assert_eq!(roster.card(person).and_then(|card| roster.by_card(card)), Some(person));
        let code = roster.code(person).expect("everybody has one");
        assert_eq!(roster.by_code(&code.to_string()), Some(person));
        assert!(!roster.uid(person).to_string().starts_with('0'));
    }
    for uid in ["0", "1", "100000", "100201", "+100001", "0100001", "nobody"] {
        assert_eq!(UserId::new(uid).and_then(|uid| roster.by_uid(&uid)), None, "{uid}");
    }
    assert_eq!(roster.by_card(roster.card_numbered(roster.len())), None);
    assert_eq!(roster.by_code(&roster.code_numbered(u32::MAX).to_string()), None);
}

#[test]
fn the_shares_of_standings_are_exact() {
    let roster = roster();
    let mut counts = BTreeMap::new();
    for person in (0..roster.len()).map(person_ref) {
        *counts.entry(roster.standing(person, UnixMillis::default())).or_insert(0) += 1;
    }
    let counts: Vec<_> = counts.into_iter().collect();
    assert_eq!(
        counts,
        [
            (Standing::DayShift, 6),
            (Standing::Good, 145),
            (Standing::NightShift, 4),
            (Standing::Disabled, 3),
            (Standing::Expired, 4),
            (Standing::NotYetValid, 3),
            (Standing::NoPermission, 5),
            (Standing::Guest, 20),
            (Standing::Blocklisted, 10),
        ]
    );
}

#[test]
fn whoever_is_picked_deserves_the_verdict() {
    let roster = roster();
    let mut dice = Dice::new(Seed::root(1));
    let verdicts = [
        Verdict::Accepted,
        Verdict::Refused(Reason::Disabled),
        Verdict::Refused(Reason::Expired),
        Verdict::Refused(Reason::NotYetValid),
        Verdict::Refused(Reason::NoPermission),
        Verdict::Refused(Reason::OutsideHours),
    ];
    for verdict in verdicts.into_iter().cycle().take(600) {
        for hours in [Hours::Day, Hours::Night] {
            let moment = Moment { at: UnixMillis::default(), hours };
            let whom = (Category::Employee, Method::Face);
            let person = roster.pick(whom, verdict, moment, &mut dice);
            let standing = roster.standing(person.expect("there are employees"), moment.at);
            assert_eq!(standing.verdict(hours), verdict);
        }
    }
}

#[test]
fn rosters_of_any_size_work() {
    for employees in [0, 1, 2, 19, 20, 21, 1000, u32::MAX] {
        let sizes = RosterSizes { employees, visitors: 0, blocklisted: 0 };
        let roster = Roster::new(Seed::root(3), sizes);
        let moment = Moment { at: UnixMillis::default(), hours: Hours::Day };
        let picked = roster.pick(
            (Category::Employee, Method::Face),
            Verdict::Accepted,
            moment,
            &mut Dice::new(Seed::root(1)),
        );
        assert_eq!(picked.is_some(), employees > 0, "{employees}");
    }
}

#[test]
fn a_visit_is_a_local_day_beside_the_one_asked() {
    let zone = TimeZone::fixed(jiff::tz::offset(8));
    // 2024-06-04T00:30 in UTC+8.
    let at = UnixMillis::new(1_717_432_200_000);
    let day = 86_400_000;
    let start = 1_717_430_400_000;
    let roster = roster();
    let rows = [
        (Verdict::Accepted, 0),
        (Verdict::Refused(Reason::VisitorEarly), day),
        (Verdict::Refused(Reason::VisitorLate), -day),
    ];
    for (verdict, shift) in rows {
        let window = roster.visit(&zone, at, verdict);
        assert_eq!(window.start.millis(), start + shift);
        assert_eq!(window.end.millis(), start + shift + day - 1);
    }
    for end in [UnixMillis::default(), UnixMillis::MAX] {
        for (verdict, _) in rows {
            let window = roster.visit(&zone, end, verdict);
            assert!(window.start <= window.end);
        }
    }
}

#[test]
fn a_person_is_pinned() {
    insta::assert_debug_snapshot!(roster().person(person_ref(4)));
}
