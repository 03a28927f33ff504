//! Plans an access from a wish: by what, who, with what verdict, with what in hand.
//!
//! Each is taken from the wish where it says so, else from what the wish says of the others, else
//! from what is most usual; then tables B and C have the last word.

use super::chosen::{AccessPlan, Chosen, choose};
use super::enrolment::CardNumber;
use super::reason::ReasonName;
use super::refusal::QRCODE_BYTES_MAX;
use super::refusal::Refusal;
use super::roster::Roster;
use super::rules::{self, Who};
use super::setup::{Screening, Setup};
use super::standing::Category;
use super::wish::{EventName, Whom, Wish};
use crate::event::{EXIT_BUTTON_ENTRY_MODE, Method, PersonRef, Presented, Reason, Therm, Verdict};

/// Plans the access that the wish asks for.
pub(super) fn access(wish: &Wish, setup: &Setup, roster: &Roster) -> Result<AccessPlan, Refusal> {
    let therm = temperature(wish, setup)?;
    let method = method(wish, setup)?;
    let held = held(wish, method, roster)?;
    let verdicts = verdicts(wish, therm)?;
    let chosen = chosen(wish, method, &verdicts, held.as_ref(), setup, roster)?;
    let who = chosen.who(roster);
    let verdict = verdict(wish, (method, who), &verdicts, (held.as_ref(), chosen), setup)?;
    check_method_of(verdict, method, who)?;
    check_person(chosen, verdict, (method, who), held.as_ref(), roster)?;
    check_therm(therm, verdict)?;
    let presented = presented(wish, (method, verdict), chosen, held, roster)?;
    if verdict == Some(Verdict::Refused(Reason::TooManyPins)) && wish.event != EventName::Pin {
        return Err(combination(
            Verdict::Refused(Reason::TooManyPins),
            method,
            who,
            "it makes no event of that kind: emit pin",
        ));
    }
    Ok(AccessPlan { chosen, method, verdict, presented, therm })
}

/// Plans the fifth wrong PIN running, which raises alarm 10004.
pub(super) fn pin_attack(
    whom: Whom,
    wish: &Wish,
    setup: &Setup,
    roster: &Roster,
) -> Result<AccessPlan, Refusal> {
    let attack = Wish {
        person: Some(whom),
        reason: Some(ReasonName::Verdict(Verdict::Refused(Reason::TooManyPins))),
        count: wish.count,
        ..Wish::new(EventName::Pin)
    };
    access(&attack, setup, roster)
}

/// The temperature of that many degrees.
pub(super) fn therm(celsius: f64) -> Result<Therm, Refusal> {
    let tenths = (celsius * 10.0).round();
    let range = f64::from(Therm::MIN_TENTHS)..=f64::from(Therm::MAX_TENTHS);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the range")]
    let therm = range.contains(&tenths).then(|| Therm::new(tenths as u16)).flatten();
    therm.ok_or(Refusal::Therm { celsius })
}

fn temperature(wish: &Wish, setup: &Setup) -> Result<Option<Therm>, Refusal> {
    let therm = wish.therm.map(therm).transpose()?;
    if therm.is_some() && setup.screening == Screening::Off {
        return Err(Refusal::ScreeningOff);
    }
    Ok(therm)
}

// By what.

fn methods(setup: &Setup) -> impl Iterator<Item = Method> {
    Method::ALL.into_iter().filter(|method| method.allowed_in(setup.mode, setup.health_codes))
}

fn method(wish: &Wish, setup: &Setup) -> Result<Method, Refusal> {
    let event = wish.event.name();
    let mode = setup.mode.get();
    let makes = |method: &Method| match wish.event {
        EventName::Pin => method.has_pin(),
        event => method.kind() == event.kind(),
    };
    let Some(entry_mode) = wish.entry_mode else {
        return methods(setup).find(makes).ok_or_else(|| Refusal::NotOffered {
            event,
            mode,
            offered: offered(setup),
            hint: "change the mode, or emit what it offers",
        });
    };
    let is_asked = |method: &Method| method.entry_mode() == entry_mode;
    if entry_mode != EXIT_BUTTON_ENTRY_MODE && !methods(setup).any(|method| is_asked(&method)) {
        return Err(Refusal::EntryMode { entry_mode, mode, offered: offered(setup) });
    }
    methods(setup).filter(is_asked).find(makes).ok_or_else(|| Refusal::EntryModeOfEvent {
        entry_mode,
        event,
        fitting: listed(methods(setup).filter(makes)),
    })
}

/// The entry_modes that the device offers to people.
fn offered(setup: &Setup) -> String {
    listed(methods(setup))
}

fn listed(methods: impl Iterator<Item = Method>) -> String {
    let mut entry_modes: Vec<u8> = methods.map(Method::entry_mode).collect();
    entry_modes.sort_unstable();
    entry_modes.dedup();
    let entry_modes: Vec<String> = entry_modes.iter().map(u8::to_string).collect();
    if entry_modes.is_empty() { "none here".to_owned() } else { entry_modes.join(", ") }
}

// With what in hand.

/// The card or code that the wish gives.
struct Held {
    field: &'static str,
    text: String,
    owner: Option<PersonRef>,
}

fn held(wish: &Wish, method: Method, roster: &Roster) -> Result<Option<Held>, Refusal> {
    if let Some(card) = &wish.card {
        let number = card_number(card)?;
        if !has_card(method) {
            return Err(Refusal::Presented {
                field: "card",
                given: card.clone(),
                with: "an entry_mode without a card",
                hint: "emit card, or face in a mode with cards",
            });
        }
        let owner = roster.by_card(number);
        return Ok(Some(Held {
            field: "card",
            // As devices write it (R-V3-23).
            text: card.to_ascii_lowercase(),
            owner,
        }));
    }
    let Some(code) = &wish.qrcode else {
        return Ok(None);
    };
    if code.is_empty() || code.len() > QRCODE_BYTES_MAX {
        return Err(Refusal::Qrcode { bytes: code.len() });
    }
    Ok(Some(Held { field: "qrcode", text: code.clone(), owner: roster.by_code(code) }))
}

const fn has_card(method: Method) -> bool {
    matches!(
        method,
        Method::Card
            | Method::IdCard
            | Method::FaceAndCard
            | Method::CardAndPin
            | Method::FaceCardAndPin
    )
}

/// The card's number (R-V3-23).
fn card_number(card: &str) -> Result<CardNumber, Refusal> {
    let refusal = || Refusal::Card { given: card.to_owned() };
    let digits = card.strip_prefix("0x").or_else(|| card.strip_prefix("0X")).ok_or_else(refusal)?;
    let well_formed = (8..=20).contains(&digits.len())
        && digits.len().is_multiple_of(2)
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = u128::from_str_radix(digits, 16).ok().filter(|_| well_formed);
    number.and_then(CardNumber::new).ok_or_else(refusal)
}

// Who, and with what verdict.

/// The verdicts that the wish leaves open, the more usual first; empty if it says nothing of them.
fn verdicts(wish: &Wish, therm: Option<Therm>) -> Result<Vec<Verdict>, Refusal> {
    let event = wish.event.name();
    if let Some(state) = wish.state.filter(|state| *state > 4) {
        return Err(Refusal::State { event, state, state_max: 4 });
    }
    let early = Verdict::Refused(Reason::VisitorEarly);
    let late = Verdict::Refused(Reason::VisitorLate);
    let named = match wish.reason {
        Some(ReasonName::Verdict(verdict)) => Some(verdict),
        Some(ReasonName::OutsideWindow) if wish.state == Some(late.state()) => Some(late),
        Some(ReasonName::OutsideWindow) => Some(early),
        None => None,
    };
    if let (Some(verdict), Some(state)) = (named, wish.state)
        && verdict.state() != state
    {
        let (reason, expected) = (ReasonName::Verdict(verdict).name(), verdict.state());
        return Err(Refusal::StateOfReason { state, reason, expected });
    }
    let hot = therm.is_some_and(|therm| therm >= Therm::FEVER);
    Ok(match (named, wish.state) {
        (Some(verdict), _) => vec![verdict],
        (None, Some(state)) => of_state(state, hot),
        (None, None) if hot => vec![Verdict::Refused(Reason::Fever)],
        (None, None) => Vec::new(),
    })
}

/// Table C read from its `state`.
fn of_state(state: u8, hot: bool) -> Vec<Verdict> {
    let reasons: &[Reason] = match state {
        0 => &[Reason::Stranger, Reason::UnknownCard, Reason::InvalidIdCard],
        1 => &[Reason::NotYetValid, Reason::VisitorEarly],
        2 => &[Reason::Expired, Reason::VisitorLate],
        3 => &[Reason::NoPermission, Reason::Blocklisted],
        _ if hot => &[Reason::Fever],
        _ => return vec![Verdict::Accepted],
    };
    reasons.iter().copied().map(Verdict::Refused).collect()
}

/// Everybody there is, the more usual first.
const ANYBODY: [Who; 5] = [
    Who::Enrolled(Category::Employee),
    Who::Enrolled(Category::Visitor),
    Who::Enrolled(Category::Blocklisted),
    Who::Stranger,
    Who::Nobody,
];

fn chosen(
    wish: &Wish,
    method: Method,
    verdicts: &[Verdict],
    held: Option<&Held>,
    setup: &Setup,
    roster: &Roster,
) -> Result<Chosen, Refusal> {
    match (&wish.person, held) {
        (Some(whom), _) if *whom != Whom::Any => return choose(whom, roster),
        (None, Some(Held { owner: Some(owner), .. })) if !verdicts.contains(&MISMATCH) => {
            return Ok(Chosen::Person(*owner));
        }
        // (A visitor's code has no such verdict: an unknown one is then some visitor's.)
        (None, Some(_)) if verdicts.is_empty() && rules::method_of(method, Who::Nobody) => {
            return Ok(Chosen::Any(Who::Nobody));
        }
        _ => {}
    }
    let enrolled = wish.person == Some(Whom::Any);
    let usual: &[Verdict] = if verdicts.is_empty() { &[Verdict::Accepted] } else { verdicts };
    let who = ANYBODY
        .into_iter()
        .filter(|who| !enrolled || matches!(who, Who::Enrolled(_)))
        .find(|who| usual.iter().any(|verdict| goes(*verdict, method, *who, setup)));
    match who {
        Some(Who::Enrolled(Category::Employee)) => choose(&Whom::Any, roster),
        Some(Who::Enrolled(Category::Visitor)) => choose(&Whom::Visitor, roster),
        Some(Who::Enrolled(Category::Blocklisted)) => choose(&Whom::Blocklisted, roster),
        Some(other) => Ok(Chosen::Any(other)),
        None => Err(no_reason(wish, method, usual, ANYBODY[0], setup)),
    }
}

const MISMATCH: Verdict = Verdict::Refused(Reason::Mismatch);

/// The verdict, if it is settled; none if it depends on the person's standing at the time. What is
/// `held` and not the `chosen` person's own makes a mismatch where a face is looked at, too.
fn verdict(
    wish: &Wish,
    (method, who): (Method, Who),
    verdicts: &[Verdict],
    (held, chosen): (Option<&Held>, Chosen),
    setup: &Setup,
) -> Result<Option<Verdict>, Refusal> {
    if !verdicts.is_empty() {
        let mut fitting = verdicts.iter().copied();
        return match fitting.find(|verdict| goes(*verdict, method, who, setup)) {
            Some(verdict) => Ok(Some(verdict)),
            None => Err(no_reason(wish, method, verdicts, who, setup)),
        };
    }
    let is_mismatch = goes(MISMATCH, method, who, setup)
        && method.has_face()
        && held.is_some_and(|held| !is_own(held, chosen));
    Ok(match who {
        Who::Enrolled(_) => is_mismatch.then_some(MISMATCH),
        Who::Stranger => Some(Verdict::Refused(Reason::Stranger)),
        Who::Nobody => Some(Verdict::Refused(match method {
            Method::IdCard => Reason::InvalidIdCard,
            Method::Card | Method::CardAndPin => Reason::UnknownCard,
            _ => Reason::InvalidCode,
        })),
    })
}

fn is_own(held: &Held, chosen: Chosen) -> bool {
    matches!((held.owner, chosen), (Some(owner), Chosen::Person(person)) if owner == person)
}

/// Whether what is held is what stands for its owner.
fn is_shown(owner: PersonRef, held: &Held, roster: &Roster) -> bool {
    held.field != "card" || card_number(&held.text).ok() == roster.card(owner)
}

fn goes(verdict: Verdict, method: Method, who: Who, setup: &Setup) -> bool {
    rules::allow(verdict, method, who, setup.screening)
}

fn check_method_of(verdict: Option<Verdict>, method: Method, who: Who) -> Result<(), Refusal> {
    let verdict = verdict.unwrap_or(match who {
        Who::Enrolled(Category::Blocklisted) => Verdict::Refused(Reason::Blocklisted),
        _ => Verdict::Accepted,
    });
    if rules::method_of(method, who) && rules::verdict_by(verdict, method) {
        return Ok(());
    }
    let hint = match (who, method) {
        (Who::Enrolled(Category::Visitor), Method::Code) => "a visitor's code is event visitor",
        (Who::Enrolled(_), Method::VisitorCode) => "other people's codes are event qrcode",
        _ => "table B has no such row: choose another person or entry_mode",
    };
    Err(combination(verdict, method, who, hint))
}

/// Whether there is somebody who can use the method: one whom a platform enrolled has a face, perhaps a card.
fn check_person(
    chosen: Chosen,
    verdict: Option<Verdict>,
    (method, who): (Method, Who),
    held: Option<&Held>,
    roster: &Roster,
) -> Result<(), Refusal> {
    let can = match (chosen, who) {
        (Chosen::Person(person), _) => roster.can_use(person, method) || held.is_some(),
        (Chosen::Any(_), Who::Enrolled(category)) => roster.has(category, method),
        _ => true,
    };
    let hint = "whoever a platform enrolled has a face and the cards it named: try entry_mode 1";
    if can {
        Ok(())
    } else {
        Err(combination(verdict.unwrap_or(Verdict::Accepted), method, who, hint))
    }
}

fn check_therm(therm: Option<Therm>, verdict: Option<Verdict>) -> Result<(), Refusal> {
    let (Some(therm), Some(verdict)) = (therm, verdict) else {
        return Ok(());
    };
    let hot = therm >= Therm::FEVER;
    let fever = verdict == Verdict::Refused(Reason::Fever);
    if hot == fever {
        return Ok(());
    }
    let reason = ReasonName::Verdict(verdict).name();
    Err(Refusal::ThermOfReason { celsius: therm.celsius(), reason })
}

/// What is held to the reader; none if what fits is to be made up.
fn presented(
    wish: &Wish,
    (method, verdict): (Method, Option<Verdict>),
    chosen: Chosen,
    held: Option<Held>,
    roster: &Roster,
) -> Result<Option<Presented>, Refusal> {
    let Some(held) = held else {
        return Ok(None);
    };
    let own = is_own(&held, chosen);
    let refuse = |held: Held, with, hint| {
        Err(Refusal::Presented { field: held.field, given: held.text, with, hint })
    };
    let nobody = matches!(chosen, Chosen::Any(Who::Nobody));
    if nobody && held.owner.is_some() {
        return refuse(held, "the reason: it is enrolled", "leave the reason out, or give another");
    }
    if verdict == Some(MISMATCH) && own {
        return refuse(held, "reason mismatch: it is the person's own", "give another person's");
    }
    // Face and card are compared (10002), so a verdict that was asked for must agree.
    let compared =
        method.has_face() && !matches!(chosen, Chosen::Any(Who::Stranger) | Chosen::Departed(_));
    let asked = wish.person.is_some() && verdict.is_some_and(|verdict| verdict != MISMATCH);
    if compared && asked && !own {
        return refuse(held, "the reason: it is not the person's", "use reason mismatch");
    }
    let person = matches!(chosen, Chosen::Person(_));
    Ok(Some(match held.owner {
        // A second card is shown as it was held up: the first is the one that stands for the person.
        Some(owner) if own && is_shown(owner, &held, roster) => Presented::Own,
        Some(owner) if person && verdict == Some(MISMATCH) => Presented::Of(owner),
        _ => Presented::Text(Box::new(held.text.into_boxed_str())),
    }))
}

// Refusals.

fn combination(verdict: Verdict, method: Method, who: Who, hint: &'static str) -> Refusal {
    Refusal::Combination {
        reason: ReasonName::Verdict(verdict).name(),
        who: who_name(who),
        entry_mode: method.entry_mode(),
        hint,
    }
}

const fn who_name(who: Who) -> &'static str {
    match who {
        Who::Enrolled(Category::Employee) => "an employee",
        Who::Enrolled(Category::Visitor) => "a visitor",
        Who::Enrolled(Category::Blocklisted) => "a blocklisted person",
        Who::Stranger => "a stranger",
        Who::Nobody => "nobody known",
    }
}

/// Why none of the verdicts goes with that method and person.
fn no_reason(
    wish: &Wish,
    method: Method,
    verdicts: &[Verdict],
    who: Who,
    setup: &Setup,
) -> Refusal {
    let fever = Verdict::Refused(Reason::Fever);
    if verdicts == [fever] && setup.screening == Screening::Off {
        return Refusal::ScreeningOff;
    }
    match (wish.state, verdicts) {
        (Some(state), [_, ..]) if wish.reason.is_none() => {
            Refusal::NoReasonForState { event: wish.event.name(), who: who_name(who), state }
        }
        (_, [verdict, ..]) => {
            combination(*verdict, method, who, "table B has no such row: leave one of them out")
        }
        (_, []) => combination(Verdict::Accepted, method, who, "name somebody else"),
    }
}
