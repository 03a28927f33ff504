//! Every probability, weight, share and delay of the world, each row named.
//!
//! Weights of one table are relative to each other. What a mode, a switch or an empty roster rules
//! out is left out and the rest keeps its proportions; the mean number of events an arrival makes is
//! computed from what remains, so that the asked rate holds whatever is changed here.

use super::dice::Span;
use super::rules::Who;
use super::standing::{Category, Standing};
use crate::event::{Method, Reason, Verdict};

const fn span(min: u32, max: u32) -> Span {
    Span { min, max }
}

/// Part of the employees.
#[derive(Clone, Copy, Debug)]
pub(super) enum Share {
    /// Thousandths, rounded up.
    PerMille(u32),
    /// Whoever is left.
    Rest,
}

/// The standings of employees. Whoever may pass at an hour must stand in one run of rows.
pub(super) const STANDINGS: [(Standing, Share); 7] = [
    (Standing::DayShift, Share::PerMille(30)),
    (Standing::Good, Share::Rest),
    (Standing::NightShift, Share::PerMille(20)),
    (Standing::Disabled, Share::PerMille(15)),
    (Standing::Expired, Share::PerMille(20)),
    (Standing::NotYetValid, Share::PerMille(15)),
    (Standing::NoPermission, Share::PerMille(25)),
];

/// With fewer employees all are in good standing: rounding up would leave too few who may pass.
pub(super) const STANDINGS_FROM_EMPLOYEES: u32 = 20;

/// People with a Chinese name; the others' are Latin.
pub(super) const CHINESE_NAMES: f64 = 0.8;
/// People with a remark.
pub(super) const REMARKS: f64 = 0.25;
/// Employees who are in two groups.
pub(super) const SECOND_GROUP: f64 = 0.3;

/// What an arrival is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    /// Somebody presents something at the reader.
    WalkIn,
    /// Somebody leaves by the exit button.
    ExitButton,
    /// Somebody at a desk opens the door over the network.
    RemoteOpening,
    /// The door is forced.
    ForcedDoor,
    /// The case is opened.
    Tamper,
    /// The fire input is triggered.
    Fire,
    /// Somebody guesses a PIN until the device has had enough.
    PinGuessing,
}

/// How often each scene is played.
pub(super) const SCENES: [(Scene, u32); 7] = [
    (Scene::WalkIn, 8600),
    (Scene::ExitButton, 1000),
    (Scene::RemoteOpening, 300),
    (Scene::ForcedDoor, 20),
    (Scene::Tamper, 15),
    (Scene::Fire, 15),
    (Scene::PinGuessing, 50),
];

/// How often each method is used where the mode offers it.
pub(super) const METHODS: [(Method, u32); 12] = [
    (Method::Face, 700),
    (Method::Code, 70),
    (Method::VisitorCode, 40),
    (Method::Card, 150),
    (Method::FaceAndCard, 100),
    (Method::IdCard, 200),
    (Method::FaceAndIdCard, 100),
    (Method::HealthCode, 60),
    (Method::FaceAndPin, 100),
    (Method::CardAndPin, 100),
    (Method::FaceCardAndPin, 100),
    (Method::NumberAndPin, 40),
];

/// One way a walk-in can end: who it is, the verdict, how often.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) who: Who,
    pub(super) verdict: Verdict,
    pub(super) weight: u32,
}

const fn accepted(category: Category, weight: u32) -> Outcome {
    Outcome { who: Who::Enrolled(category), verdict: Verdict::Accepted, weight }
}

const fn refused(who: Who, reason: Reason, weight: u32) -> Outcome {
    Outcome { who, verdict: Verdict::Refused(reason), weight }
}

const EMPLOYEE: Who = Who::Enrolled(Category::Employee);
const VISITOR: Who = Who::Enrolled(Category::Visitor);

/// How walk-ins end; a row counts where the method and the person allow it (tables B, C).
pub(super) const OUTCOMES: [Outcome; 21] = [
    accepted(Category::Employee, 8800),
    accepted(Category::Visitor, 500),
    refused(EMPLOYEE, Reason::NotYetValid, 20),
    refused(EMPLOYEE, Reason::Disabled, 30),
    refused(EMPLOYEE, Reason::Expired, 40),
    refused(EMPLOYEE, Reason::NoPermission, 40),
    refused(VISITOR, Reason::NoPermission, 10),
    refused(EMPLOYEE, Reason::OutsideHours, 40),
    refused(VISITOR, Reason::OutsideHours, 10),
    refused(VISITOR, Reason::VisitorEarly, 20),
    refused(VISITOR, Reason::VisitorLate, 20),
    refused(Who::Enrolled(Category::Blocklisted), Reason::Blocklisted, 20),
    refused(Who::Stranger, Reason::Stranger, 250),
    refused(Who::Stranger, Reason::NotLive, 30),
    refused(EMPLOYEE, Reason::Fever, 15),
    refused(VISITOR, Reason::Fever, 5),
    refused(Who::Nobody, Reason::UnknownCard, 300),
    refused(Who::Nobody, Reason::InvalidCode, 300),
    refused(Who::Nobody, Reason::InvalidIdCard, 150),
    refused(EMPLOYEE, Reason::Mismatch, 80),
    refused(EMPLOYEE, Reason::WrongPin, 250),
];

/// Likeness of an enrolled face, ten-thousandths.
pub(super) const SCORE_KNOWN: Span = span(8000, 9900);
/// Likeness of a stranger's face to the nearest one enrolled.
pub(super) const SCORE_STRANGER: Span = span(1200, 5600);
/// Sharpness of the picture.
pub(super) const SHARPNESS: Span = span(5500, 9800);
/// Faces with a mask, where that is looked for.
pub(super) const MASKS_WORN: f64 = 0.3;
/// Temperatures of the healthy, tenths of a degree; below the threshold of fever.
pub(super) const THERM_HEALTHY: Span = span(359, 369);
/// Temperatures of the feverish; from the threshold on.
pub(super) const THERM_FEVER: Span = span(373, 394);

/// From a temperature to the access of the same walk-in.
pub(super) const THERM_TO_ACCESS: Span = span(300, 900);
/// From a grant to the door opening.
pub(super) const GRANT_TO_OPEN: Span = span(800, 1400);
/// From the door opening to its closing.
pub(super) const OPEN_TO_CLOSE: Span = span(3000, 8000);
/// Doors held open too long.
pub(super) const HELD_OPEN: f64 = 0.006;
/// From the moment a held door alarms to its closing.
pub(super) const HELD_TO_CLOSE: Span = span(5_000, 90_000);
/// From pressing the exit button to releasing it.
pub(super) const PRESS_TO_RELEASE: Span = span(150, 600);
/// From forcing the door to its closing.
pub(super) const FORCED_TO_CLOSE: Span = span(5_000, 120_000);
/// From an alarm to its clearing, or to the next try.
pub(super) const RAISED_TO_CLEARED: Span = span(20_000, 300_000);
/// Alarms whose cause lasts beyond the first try to clear them.
pub(super) const CLEARING_FAILS: f64 = 0.3;
/// How often it is tried in vain then.
pub(super) const FAILED_CLEARINGS: Span = span(1, 2);
/// From one wrong PIN to the next.
pub(super) const BETWEEN_PINS: Span = span(3_000, 8_000);
/// Wrong PINs before the one that raises alarm 10004: "the fifth wrong PIN running" (table B).
pub(super) const WRONG_PINS_BEFORE_ATTACK: u32 = 4;
