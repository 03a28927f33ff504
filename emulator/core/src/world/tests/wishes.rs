//! What is asked for: granted as asked, or refused with a reason.

use super::*;

fn quiet(mode: u8) -> World {
    world(setup(mode), steady(0.0), 21)
}

fn refusal(world: &World, wish: &Wish) -> String {
    world.prepare(wish).expect_err("refused").to_string()
}

fn reason(reason: Reason) -> Option<ReasonName> {
    Some(ReasonName::Verdict(Verdict::Refused(reason)))
}

fn access_of(world: &mut World, wish: &Wish) -> Access {
    let prepared = world.prepare(wish).expect("granted");
    match world.emit(&prepared, TUESDAY) {
        Fact::Access(access) | Fact::PinAttack(access, _) => access,
        other => panic!("{other:?} is no access"),
    }
}

#[test]
fn every_event_can_be_had_without_another_word() {
    let mut world = quiet(3);
    for event in EventName::ALL.into_iter().filter(|event| *event != EventName::Alarm) {
        let prepared = world.prepare(&Wish::new(event)).expect("granted");
        let fact = world.emit(&prepared, TUESDAY);
        assert_tables(&fact, &Setup::default(), world.roster());
        let name = fact.kind().map(|kind| format!("{kind:?}").to_lowercase());
        let expected = (event != EventName::Pin).then(|| event.name().to_owned());
        assert_eq!(name, expected);
        if let Fact::Access(access) = fact {
            assert_eq!(access.verdict, Verdict::Accepted);
        }
    }
    assert_eq!(world.next_due(), None, "nothing follows");
}

#[test]
fn every_reason_can_be_had_somewhere() {
    for reason in odds::OUTCOMES.map(|row| row.verdict) {
        let wish = |event| Wish { reason: Some(ReasonName::Verdict(reason)), ..Wish::new(event) };
        let modes = [3, 2, 4, 9];
        let events = [
            EventName::Face,
            EventName::Card,
            EventName::Qrcode,
            EventName::Visitor,
            EventName::Pin,
        ];
        let granted = modes.into_iter().find_map(|mode| {
            let mut world = quiet(mode);
            let event = events.into_iter().find(|event| world.prepare(&wish(*event)).is_ok())?;
            Some(access_of(&mut world, &wish(event)))
        });
        let access = granted.unwrap_or_else(|| panic!("{reason:?} nowhere"));
        assert_eq!(access.verdict, reason);
    }
}

#[test]
fn an_entry_mode_outside_the_mode_is_refused() {
    let world = quiet(3);
    let wish = Wish { entry_mode: Some(4), ..Wish::new(EventName::Face) };
    assert_eq!(
        refusal(&world, &wish),
        "entry_mode 4 is not offered in mode 3; it offers 1, 2, 3, 12 (table E)"
    );
    let wish = Wish { entry_mode: Some(3), ..Wish::new(EventName::Face) };
    assert_eq!(refusal(&world, &wish), "entry_mode 3 makes no face; face has 1 (table B)");
    let wish = Wish { entry_mode: Some(11), ..Wish::new(EventName::Push) };
    assert!(world.prepare(&wish).is_ok());
    let wish = Wish { entry_mode: Some(1), ..Wish::new(EventName::Push) };
    assert!(refusal(&world, &wish).contains("push has 11"));
    assert!(refusal(&quiet(2), &Wish::new(EventName::Qrcode)).contains("not offered in mode 2"));
}

#[test]
fn contradictions_are_refused() {
    let world = quiet(3);
    let face = || Wish::new(EventName::Face);
    let accepted = Some(ReasonName::Verdict(Verdict::Accepted));
    let rows = [
        (Wish { therm: Some(39.0), reason: accepted, ..face() }, "contradicts reason accepted"),
        (Wish { therm: Some(36.5), reason: reason(Reason::Fever), ..face() }, "reason fever"),
        (Wish { therm: Some(90.0), ..face() }, "outside 30 to 45"),
        (Wish { therm: Some(f64::NAN), ..face() }, "outside 30 to 45"),
        (Wish { state: Some(4), reason: reason(Reason::Expired), ..face() }, "which has 2"),
        (Wish { state: Some(5), ..face() }, "outside 0 to 4"),
        (Wish { state: Some(2), ..Wish::new(EventName::Door) }, "outside 0 to 1"),
        (Wish { person: Some(Whom::Any), ..Wish::new(EventName::Door) }, "door takes no person"),
        (Wish { person: Some(Whom::Uid(5.into())), ..face() }, "nobody with uid 5"),
        (Wish { reason: reason(Reason::Mismatch), ..face() }, "does not happen"),
        (Wish { reason: reason(Reason::UnknownCard), ..face() }, "does not happen"),
        (Wish { person: Some(Whom::Stranger), reason: accepted, ..face() }, "a stranger"),
        (Wish { state: Some(0), person: Some(Whom::Any), ..face() }, "state"),
        (Wish { count: 0, ..face() }, "outside 1 to 100000"),
        (Wish { card: Some("0xffae0846".into()), ..face() }, "without a card"),
        (Wish { card: Some("ffae0846".into()), ..Wish::new(EventName::Card) }, "R-V3-23"),
        (Wish { card: Some("0xffae084".into()), ..Wish::new(EventName::Card) }, "R-V3-23"),
        (Wish { qrcode: Some(String::new()), ..Wish::new(EventName::Qrcode) }, "0 bytes"),
        (Wish { qrcode: Some("x".repeat(257)), ..Wish::new(EventName::Qrcode) }, "257 bytes"),
        (Wish { person: Some(Whom::Visitor), ..Wish::new(EventName::Qrcode) }, "event visitor"),
        (Wish { state: Some(0), ..Wish::new(EventName::Fire) }, "raise it first"),
        (Wish::new(EventName::Alarm), "needs code"),
        (Wish { code: Some(10001), ..Wish::new(EventName::Alarm) }, "needs status"),
        (Wish { code: Some(7), status: Some(1), ..Wish::new(EventName::Alarm) }, "no alarm 7"),
        (Wish { code: Some(10001), status: Some(3), ..Wish::new(EventName::Alarm) }, "open 0"),
    ];
    for (wish, expected) in rows {
        let refusal = refusal(&world, &wish);
        assert!(refusal.contains(expected), "{refusal:?} lacks {expected:?}");
    }
    let cold = world_without_screening();
    assert!(refusal(&cold, &Wish::new(EventName::Therm)).contains("screening"));
    assert!(
        refusal(&cold, &Wish { reason: reason(Reason::Fever), ..face() }).contains("screening")
    );
}

fn world_without_screening() -> World {
    world(Setup { screening: Screening::Off, ..Setup::default() }, steady(0.0), 1)
}

#[test]
fn a_persons_standing_decides_where_nothing_is_said() {
    let mut world = quiet(3);
    let roster = Arc::clone(world.roster());
    let rows = [
        (Standing::Expired, Verdict::Refused(Reason::Expired)),
        (Standing::Disabled, Verdict::Refused(Reason::Disabled)),
        (Standing::Good, Verdict::Accepted),
        (Standing::DayShift, Verdict::Refused(Reason::OutsideHours)),
        (Standing::Blocklisted, Verdict::Refused(Reason::Blocklisted)),
    ];
    for (standing, expected) in rows {
        let uid = (100_001..)
            .find(|uid| {
                roster
                    .by_uid(&(*uid).into())
                    .is_some_and(|who| roster.standing(who, TUESDAY) == standing)
            })
            .expect("somebody");
        let wish = Wish { person: Some(Whom::Uid(uid.into())), ..Wish::new(EventName::Face) };
        assert_eq!(access_of(&mut world, &wish).verdict, expected, "{standing:?}");
        if standing == Standing::Expired {
            let accepted = Some(ReasonName::Verdict(Verdict::Accepted));
            let wish = Wish { reason: accepted, ..wish };
            assert_eq!(access_of(&mut world, &wish).verdict, Verdict::Accepted);
        }
    }
}

#[test]
fn cards_and_codes_find_their_owners_or_stand_word_for_word() {
    let mut world = quiet(3);
    let roster = Arc::clone(world.roster());
    let owner = roster.by_uid(&100_001.into()).expect("the first");
    let card = |text: String| Wish { card: Some(text), ..Wish::new(EventName::Card) };
    let access = access_of(
        &mut world,
        &card(
            format!("0x{:08x}", roster.card(owner).expect("a card"))
                .to_uppercase()
                .replace('X', "x"),
        ),
    );
    assert_eq!((access.subject, access.presented), (Subject::Person(owner), Presented::Own));
    let access = access_of(&mut world, &card("0x00112233445566778899".to_owned()));
    let text = |text: &str| Presented::Text(Box::new(text.into()));
    assert_eq!(access.verdict, Verdict::Refused(Reason::UnknownCard));
    assert_eq!(
        (access.subject, access.presented),
        (Subject::Nobody, text("0x00112233445566778899"))
    );
    let wish = Wish { person: Some(Whom::Uid(100_001.into())), ..card("0x0011223344".to_owned()) };
    let access = access_of(&mut world, &wish);
    assert_eq!((access.subject, access.presented), (Subject::Person(owner), text("0x0011223344")));
    let code = |event, text: &str| Wish { qrcode: Some(text.to_owned()), ..Wish::new(event) };
    let access = access_of(&mut world, &code(EventName::Qrcode, "健康"));
    assert_eq!(access.verdict, Verdict::Refused(Reason::InvalidCode));
    assert_eq!(access.presented, text("健康"));
    let access = access_of(
        &mut world,
        &code(EventName::Qrcode, &roster.code(owner).expect("a code").to_string()),
    );
    assert_eq!(access.subject, Subject::Person(owner));
    let access = access_of(&mut world, &code(EventName::Visitor, "V-1"));
    assert_eq!((access.verdict, access.presented), (Verdict::Accepted, text("V-1")));
    let enrolled = card(format!("0x{:08x}", roster.card(owner).expect("a card")));
    let wish = Wish { reason: reason(Reason::UnknownCard), ..enrolled };
    assert!(refusal(&world, &wish).contains("unknown-card"));
}

#[test]
fn alarms_are_cleared_oldest_first_and_no_oftener_than_raised() {
    let mut world = quiet(3);
    let emit = |world: &mut World, wish: &Wish, at| {
        let prepared = world.prepare(wish).expect("granted");
        match world.emit(&prepared, at) {
            Fact::Alarm(alarm) => alarm,
            other => panic!("{other:?} is no alarm"),
        }
    };
    let raise = Wish::new(EventName::Fire);
    let first = emit(&mut world, &raise, TUESDAY);
    let second = emit(&mut world, &raise, TUESDAY + Duration::from_secs(1));
    assert_ne!(first.trace, second.trace);
    let alarm = |status| Wish { code: Some(20003), status, ..Wish::new(EventName::Alarm) };
    assert_eq!(emit(&mut world, &alarm(Some(2)), TUESDAY).trace, first.trace);
    let clear = Wish { state: Some(0), ..Wish::new(EventName::Fire) };
    assert!(refusal(&world, &Wish { count: 3, ..clear.clone() }).contains("open 2 times"));
    assert_eq!(emit(&mut world, &clear, TUESDAY).trace, first.trace);
    assert_eq!(emit(&mut world, &alarm(Some(3)), TUESDAY).trace, second.trace);
    assert!(world.prepare(&clear).is_err());
}

#[test]
fn too_many_pins_raise_the_alarm_in_the_same_fact() {
    let mut world = quiet(3);
    let wish = Wish { reason: reason(Reason::TooManyPins), ..Wish::new(EventName::Pin) };
    let prepared = world.prepare(&wish).expect("granted");
    assert!(matches!(world.emit(&prepared, TUESDAY), Fact::PinAttack(..)));
    let alarm = |status| Wish { code: Some(10004), status, ..Wish::new(EventName::Alarm) };
    let prepared = world.prepare(&alarm(Some(3))).expect("it is open");
    assert!(matches!(world.emit(&prepared, TUESDAY), Fact::Alarm(_)));
    let prepared = world.prepare(&alarm(Some(1))).expect("granted");
    assert!(matches!(world.emit(&prepared, TUESDAY), Fact::PinAttack(..)));
    assert!(refusal(&quiet(1), &alarm(Some(1))).contains("not offered in mode 1"));
}

/// A scene is everything that follows, and then it is over.
#[test]
fn scenes_play_to_their_end() {
    let kinds = |wish: &Wish, mode| {
        let mut world = quiet(mode);
        let prepared = world.prepare(wish).expect("granted");
        world.play(&prepared, TUESDAY);
        let mut kinds = Vec::new();
        while let Some(happening) = world.advance(TUESDAY + DAY) {
            kinds.push(match happening.fact {
                Fact::Alarm(alarm) => format!("{}:{}", alarm.cause.code(), alarm.phase.status()),
                Fact::PinAttack(..) => "attack".to_owned(),
                Fact::Access(access) => {
                    format!("access:{}", access.verdict.abnormal_type(access.method))
                }
                fact => format!("{:?}", fact.kind().expect("a v3 form")).to_lowercase(),
            });
        }
        assert_eq!(world.next_due(), None);
        kinds.join(" ")
    };
    let alarm = |code| Wish { code: Some(code), status: Some(1), ..Wish::new(EventName::Alarm) };
    assert_eq!(kinds(&Wish::new(EventName::Face), 3), "therm access:0 door door");
    assert_eq!(kinds(&Wish::new(EventName::Push), 3), "push push door door");
    assert_eq!(kinds(&Wish::new(EventName::Remote), 3), "remote door door");
    assert_eq!(kinds(&Wish::new(EventName::Door), 3), "door door");
    assert_eq!(kinds(&Wish::new(EventName::Therm), 3), "therm");
    assert_eq!(kinds(&alarm(10002), 3), "10002:1 10002:3");
    assert_eq!(kinds(&alarm(10003), 3), "door 10003:1 10003:3");
    assert_eq!(
        kinds(&alarm(10004), 3),
        "therm access:70001 access:70001 access:70001 access:70001 attack 10004:3"
    );
    assert!(kinds(&Wish::new(EventName::Fire), 3).starts_with("20003:1"));
}

/// Whoever comes while the door is open makes it close and open again; the closing that was planned
/// for the first opening does not cut the second one short.
#[test]
fn an_opening_is_not_ended_by_an_earlier_one() {
    for seed in 0..50 {
        let mut world = world(setup(3), steady(0.0), seed);
        let prepared = world.prepare(&Wish::new(EventName::Door)).expect("granted");
        world.play(&prepared, TUESDAY);
        world.play(&prepared, TUESDAY + Duration::from_secs(2));
        let times: Vec<i64> = std::iter::from_fn(|| world.advance(TUESDAY + DAY))
            .filter(|happening| door(&happening.fact).is_some())
            .map(|happening| happening.at.millis() - TUESDAY.millis())
            .collect();
        assert_eq!(times[..3], [0, 2000, 2000]);
        assert!(times.len() == 4 && times[3] >= 5000, "{times:?}");
    }
}

fn any_wish() -> impl Strategy<Value = Wish> {
    let whom = prop_oneof![
        Just(Whom::Any),
        Just(Whom::Stranger),
        Just(Whom::Visitor),
        Just(Whom::Blocklisted),
        (100_000_u32..100_203).prop_map(|uid| Whom::Uid(uid.into())),
    ];
    let verdicts = odds::OUTCOMES.map(|row| ReasonName::Verdict(row.verdict));
    let mut reasons = verdicts.to_vec();
    reasons.extend([ReasonName::OutsideWindow].into_iter().chain(reason(Reason::TooManyPins)));
    let card = prop_oneof![
        "0x[0-9a-f]{8}",
        "0x[0-9a-fA-F]{7,22}",
        (0_u32..200).prop_map(|number| {
            let roster = Roster::new(Seed::root(21).named("roster"), RosterSizes::default());
            format!("0x{:08x}", roster.card_numbered(number))
        }),
    ];
    let maybe = proptest::option::weighted::<BoxedStrategy<u8>>;
    (
        proptest::sample::select(EventName::ALL.to_vec()),
        prop_oneof![8 => Just(1_u32), 1 => 0_u32..4],
        maybe(0.3, (0_u8..6).boxed()),
        proptest::option::weighted(0.4, whom),
        proptest::option::weighted(0.4, proptest::sample::select(reasons)),
        maybe(0.2, (0_u8..14).boxed()),
        proptest::option::weighted(0.2, prop_oneof![20.0..50.0, Just(f64::NAN)]),
        proptest::option::weighted(0.2, card),
        proptest::option::weighted(0.2, prop_oneof![".{0,300}", "[a-z]{10}"]),
        (
            proptest::option::weighted(
                0.3,
                proptest::sample::select(vec![10001_u32, 10002, 10003, 10004, 20003, 5]),
            ),
            maybe(0.3, (0_u8..5).boxed()),
        ),
    )
        .prop_map(
            |(event, count, state, person, reason, entry_mode, therm, card, qrcode, alarm)| Wish {
                event,
                count,
                state,
                person,
                reason,
                entry_mode,
                therm,
                card,
                qrcode,
                code: alarm.0,
                status: alarm.1,
                at: None,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// A wish is refused, or what happens obeys the tables; the world goes on either way.
    #[test]
    fn no_wish_breaks_the_tables(
        wishes in proptest::collection::vec(any_wish(), 1..12),
        mode in 0_u8..10,
        screening: bool,
        health_codes: bool,
    ) {
        let setup = Setup {
            screening: if screening { Screening::On } else { Screening::Off },
            health_codes: if health_codes { HealthCodes::On } else { HealthCodes::Off },
            ..setup(mode)
        };
        let mut world = world(setup.clone(), steady(60.0), 21);
        let roster = Arc::clone(world.roster());
        let mut at = TUESDAY;
        for wish in &wishes {
            match world.prepare(wish) {
                Err(refusal) => prop_assert!(!refusal.to_string().is_empty()),
                Ok(prepared) => {
                    for _ in 0..prepared.count() {
                        let fact = world.emit(&prepared, at);
                        assert_tables(&fact, &setup, &roster);
                        if let (Some(kind), Some(made)) = (wish.event.kind(), fact.kind()) {
                            prop_assert_eq!(kind, made);
                        }
                    }
                    world.play(&prepared, at);
                }
            }
            let until = at + Duration::from_secs(7);
            while let Some(happening) = world.advance(until) {
                prop_assert!(happening.at >= at && happening.at <= until);
                at = happening.at;
                assert_tables(&happening.fact, &setup, &roster);
            }
            at = until;
        }
    }

    /// With scenes of every kind on top of its own traffic, the door still opens and closes in turn.
    #[test]
    fn the_door_opens_and_closes_in_turn(
        wishes in proptest::collection::vec(any_wish(), 1..12),
        seed: u64,
    ) {
        let mut world = world(Setup::default(), steady(120.0), seed);
        let mut state = Switch::Off;
        let mut before = TUESDAY;
        for (wish, step) in wishes.iter().zip(1_u32..) {
            if let Ok(prepared) = world.prepare(wish)
                && wish.state != Some(0)
                && wish.status.is_none_or(|status| status == 1)
            {
                world.play(&prepared, before);
            }
            while let Some(happening) = world.advance(TUESDAY + Duration::from_secs(20) * step) {
                prop_assert!(happening.at >= before);
                before = happening.at;
                if let Some(now) = door(&happening.fact) {
                    prop_assert_ne!(now, state);
                    state = now;
                }
            }
        }
    }
}
