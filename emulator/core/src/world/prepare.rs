//! Checks a wish against tables B, C and E, and keeps what is left to decide when it is granted.

use super::alarms::Alarms;
use super::chosen::{AccessPlan, Chosen, choose};
use super::plan;
use super::refusal::COUNT_MAX;
use super::refusal::Refusal;
use super::roster::Roster;
use super::rules::Who;
use super::setup::{Screening, Setup};
use super::wish::{EventName, Whom, Wish};
use crate::clock::UnixMillis;
use crate::event::{Cause, EXIT_BUTTON_ENTRY_MODE, Phase, Switch, Therm};

/// A wish that can be granted.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) act: Act,
    count: u32,
    at: Option<UnixMillis>,
}

impl Prepared {
    /// How often it was asked for.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// When it was asked for; now, if not said.
    #[must_use]
    pub const fn at(&self) -> Option<UnixMillis> {
        self.at
    }
}

/// What is to happen.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Access(AccessPlan),
    Temperature(Chosen, Option<Therm>),
    Door(Switch),
    Remote(Chosen, Switch),
    Button(Switch),
    Raise(Cause, Chosen),
    Settle(Cause, Phase),
}

/// Checks the wish.
pub(super) fn prepare(
    wish: &Wish,
    setup: &Setup,
    roster: &Roster,
    alarms: &Alarms,
) -> Result<Prepared, Refusal> {
    if !(1..=COUNT_MAX).contains(&wish.count) {
        return Err(Refusal::Count { count: wish.count });
    }
    check_fields(wish)?;
    let act = match wish.event {
        EventName::Face
        | EventName::Card
        | EventName::Qrcode
        | EventName::Visitor
        | EventName::Pin => Act::Access(plan::access(wish, setup, roster)?),
        EventName::Therm => temperature(wish, setup, roster)?,
        EventName::Door => Act::Door(switch(wish)?),
        EventName::Push => button(wish)?,
        EventName::Remote => {
            let whom = wish.person.as_ref().unwrap_or(&Whom::Any);
            Act::Remote(enrolled(whom, wish, roster)?, switch(wish)?)
        }
        EventName::Fire => sensor_alarm(wish, Cause::Fire, alarms)?,
        EventName::Disa => sensor_alarm(wish, Cause::Tamper, alarms)?,
        EventName::Alarm => alarm(wish, setup, roster, alarms)?,
    };
    Ok(Prepared { act, count: wish.count, at: wish.at })
}

/// The fields that an event takes besides `count` and `at`.
const fn fields(event: EventName) -> &'static [&'static str] {
    match event {
        EventName::Face | EventName::Card => {
            &["state", "person", "reason", "entry_mode", "therm", "card"]
        }
        EventName::Qrcode => &["person", "reason", "entry_mode", "therm", "qrcode"],
        EventName::Visitor => &["state", "person", "reason", "entry_mode", "therm", "qrcode"],
        EventName::Pin => &["person", "reason", "entry_mode", "therm"],
        EventName::Therm => &["person", "therm"],
        EventName::Door | EventName::Fire | EventName::Disa => &["state"],
        EventName::Remote => &["state", "person"],
        EventName::Push => &["state", "entry_mode"],
        EventName::Alarm => &["code", "status", "person"],
    }
}

fn check_fields(wish: &Wish) -> Result<(), Refusal> {
    let given = [
        ("state", wish.state.is_some(), "only face, card, visitor and what switches have one"),
        ("person", wish.person.is_some(), "nobody is concerned"),
        ("reason", wish.reason.is_some(), "only face, card, qrcode, visitor and pin have verdicts"),
        ("entry_mode", wish.entry_mode.is_some(), "only people at the reader and push have one"),
        ("therm", wish.therm.is_some(), "only people at the reader have a temperature"),
        ("card", wish.card.is_some(), "give it to card, or to face by face and card"),
        ("qrcode", wish.qrcode.is_some(), "give it to qrcode or visitor"),
        ("code", wish.code.is_some(), "only alarm has one"),
        ("status", wish.status.is_some(), "only alarm has one"),
    ];
    let event = wish.event.name();
    let stray =
        given.into_iter().find(|(field, given, _)| *given && !fields(wish.event).contains(field));
    stray.map_or(Ok(()), |(field, _, hint)| Err(Refusal::Field { event, field, hint }))
}

fn switch(wish: &Wish) -> Result<Switch, Refusal> {
    match wish.state {
        None | Some(1) => Ok(Switch::On),
        Some(0) => Ok(Switch::Off),
        Some(state) => Err(Refusal::State { event: wish.event.name(), state, state_max: 1 }),
    }
}

fn button(wish: &Wish) -> Result<Act, Refusal> {
    match wish.entry_mode {
        None | Some(EXIT_BUTTON_ENTRY_MODE) => Ok(Act::Button(switch(wish)?)),
        Some(entry_mode) => Err(Refusal::EntryModeOfEvent {
            entry_mode,
            event: wish.event.name(),
            fitting: EXIT_BUTTON_ENTRY_MODE.to_string(),
        }),
    }
}

fn temperature(wish: &Wish, setup: &Setup, roster: &Roster) -> Result<Act, Refusal> {
    if setup.screening == Screening::Off {
        return Err(Refusal::ScreeningOff);
    }
    let chosen = wish.person.as_ref();
    let chosen = chosen.map_or(Ok(Chosen::Any(Who::Nobody)), |whom| choose(whom, roster))?;
    Ok(Act::Temperature(chosen, wish.therm.map(plan::therm).transpose()?))
}

fn sensor_alarm(wish: &Wish, cause: Cause, alarms: &Alarms) -> Result<Act, Refusal> {
    match switch(wish)? {
        Switch::On => Ok(Act::Raise(cause, Chosen::Any(Who::Nobody))),
        Switch::Off => settle(wish, cause, Phase::Cleared, alarms),
    }
}

fn alarm(wish: &Wish, setup: &Setup, roster: &Roster, alarms: &Alarms) -> Result<Act, Refusal> {
    let event = wish.event.name();
    let hint = "the codes are 10001, 10002, 10003, 10004, 20003";
    let code = wish.code.ok_or(Refusal::Missing { event, field: "code", hint })?;
    let cause = Cause::from_code(code).ok_or(Refusal::AlarmCode { code })?;
    let hint = "1 raised, 2 clearing failed, 3 cleared";
    let status = wish.status.ok_or(Refusal::Missing { event, field: "status", hint })?;
    let phase = [Phase::Raised, Phase::ClearingFailed, Phase::Cleared]
        .into_iter()
        .find(|phase| phase.status() == status)
        .ok_or(Refusal::AlarmStatus { status })?;
    let field = "person";
    match (phase, cause, &wish.person) {
        (Phase::ClearingFailed | Phase::Cleared, _, Some(_)) => {
            let hint = "an alarm keeps the person it was raised with";
            Err(Refusal::Field { event, field, hint })
        }
        (Phase::ClearingFailed | Phase::Cleared, _, None) => settle(wish, cause, phase, alarms),
        // Table B: the alarm is one of two records of the fifth wrong PIN.
        (Phase::Raised, Cause::PinAttack, whom) => {
            let whom = whom.clone().unwrap_or(Whom::Any);
            Ok(Act::Access(plan::pin_attack(whom, wish, setup, roster)?))
        }
        (Phase::Raised, Cause::HeldOpen, Some(whom)) => {
            Ok(Act::Raise(cause, enrolled(whom, wish, roster)?))
        }
        (Phase::Raised, _, Some(_)) => {
            let hint = "only alarms 10003 and 10004 concern somebody";
            Err(Refusal::Field { event, field, hint })
        }
        (Phase::Raised, _, None) => Ok(Act::Raise(cause, Chosen::Any(Who::Nobody))),
    }
}

fn settle(wish: &Wish, cause: Cause, phase: Phase, alarms: &Alarms) -> Result<Act, Refusal> {
    // A clearing that fails leaves its alarm open: one is enough for any number of them.
    let asked = if phase == Phase::Cleared { wish.count } else { 1 };
    let open = alarms.count(cause);
    if usize::try_from(asked).is_ok_and(|asked| asked <= open) {
        Ok(Act::Settle(cause, phase))
    } else {
        Err(Refusal::NotOpen { code: cause.code(), open, asked })
    }
}

/// Whom the wish names, if that is somebody enrolled.
fn enrolled(whom: &Whom, wish: &Wish, roster: &Roster) -> Result<Chosen, Refusal> {
    if *whom == Whom::Stranger {
        let hint = "name somebody enrolled";
        return Err(Refusal::Field { event: wish.event.name(), field: "stranger", hint });
    }
    let chosen = choose(whom, roster)?;
    if matches!(chosen, Chosen::Departed(_)) {
        let hint = "the person was removed and is a stranger: name somebody enrolled";
        return Err(Refusal::Field { event: wish.event.name(), field: "person", hint });
    }
    Ok(chosen)
}
