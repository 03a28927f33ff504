//! Fills a part: the person, what is held to the reader, what camera and sensor make of it.

use super::dice::Dice;
use super::odds;
use super::roster::{Roster, deserved};
use super::rules::Who;
use super::setup::{MaskDetection, Screening, Setup};
use super::standing::Moment;
use crate::event::{
    Access, FaceQuality, Fraction, Mask, Method, PersonRef, Photo, Presented, Reason, Subject,
    Therm, Verdict,
};

/// An access to be made up.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) subject: Subject,
    pub(super) method: Method,
    pub(super) verdict: Verdict,
    /// What is held to the reader; what fits, if none.
    pub(super) presented: Option<Presented>,
    /// The temperature; one that fits, if none.
    pub(super) therm: Option<Therm>,
}

/// Makes up the access of that part.
pub(super) fn access(part: Part, setup: &Setup, roster: &Roster, dice: &mut Dice) -> Access {
    let Part { subject, method, verdict, presented, therm } = part;
    let therm = match setup.screening {
        Screening::On => Some(therm.unwrap_or_else(|| temperature(verdict, dice))),
        Screening::Off => None,
    };
    Access {
        subject,
        method,
        verdict,
        presented: presented.unwrap_or_else(|| fitting(verdict, subject, roster, dice)),
        face: face(method, subject, dice),
        therm,
        mask: mask(method, setup.mask_detection, dice),
        photo: Photo::None,
    }
}

/// Somebody who fits the verdict; none if nobody of the category is enrolled who can use the method.
pub(super) fn subject(
    (who, method): (Who, Method),
    verdict: Verdict,
    moment: Moment,
    roster: &Roster,
    dice: &mut Dice,
) -> Option<Subject> {
    match who {
        Who::Enrolled(category) => {
            roster.pick((category, method), verdict, moment, dice).map(Subject::Person)
        }
        Who::Stranger => Some(Subject::Stranger(dice.six_bytes())),
        Who::Nobody => Some(Subject::Nobody),
    }
}

/// What the verdict comes to for whoever was found: what a platform said of a person is true of them.
pub(super) fn settled(
    verdict: Verdict,
    subject: Subject,
    moment: Moment,
    roster: &Roster,
) -> Verdict {
    match subject {
        Subject::Person(person) if roster.is_newcomer(person) => {
            let standing = roster.standing(person, moment.at).verdict(moment.hours);
            if standing == deserved(verdict) { verdict } else { standing }
        }
        _ => verdict,
    }
}

/// A temperature that goes with the verdict.
pub(super) fn temperature(verdict: Verdict, dice: &mut Dice) -> Therm {
    let span = if verdict == Verdict::Refused(Reason::Fever) {
        odds::THERM_FEVER
    } else {
        odds::THERM_HEALTHY
    };
    let tenths = u16::try_from(dice.within(span)).expect("temperatures are small");
    Therm::new(tenths).expect("the odds are within what the sensor shows")
}

/// What the camera makes of the face, where the method looks at one.
pub(super) fn face(method: Method, subject: Subject, dice: &mut Dice) -> Option<FaceQuality> {
    let span = match subject {
        Subject::Person(_) => odds::SCORE_KNOWN,
        Subject::Stranger(_) | Subject::Nobody => odds::SCORE_STRANGER,
    };
    let mut fraction =
        |span| Fraction::new(u16::try_from(dice.within(span)).expect("at most 10,000"));
    method
        .has_face()
        .then(|| FaceQuality { score: fraction(span), sharp: fraction(odds::SHARPNESS) })
}

fn mask(method: Method, detection: MaskDetection, dice: &mut Dice) -> Mask {
    match detection {
        MaskDetection::On if method.has_face() => {
            if dice.chance(odds::MASKS_WORN) {
                Mask::Worn
            } else {
                Mask::Bare
            }
        }
        MaskDetection::On | MaskDetection::Off => Mask::Off,
    }
}

fn fitting(verdict: Verdict, subject: Subject, roster: &Roster, dice: &mut Dice) -> Presented {
    match verdict {
        Verdict::Refused(Reason::UnknownCard | Reason::InvalidCode | Reason::InvalidIdCard) => {
            beyond(roster, dice)
        }
        Verdict::Refused(Reason::Mismatch) => {
            another(subject, roster, dice).map_or_else(|| beyond(roster, dice), Presented::Of)
        }
        _ => Presented::Own,
    }
}

/// A place beyond the roster, whose card, code and ID card nobody has.
fn beyond(roster: &Roster, dice: &mut Dice) -> Presented {
    Presented::Unknown(roster.founders() + dice.below(u32::MAX - roster.founders()))
}

/// Anybody else of the roster.
fn another(subject: Subject, roster: &Roster, dice: &mut Dice) -> Option<PersonRef> {
    let own = match subject {
        Subject::Person(person) => Some(person),
        Subject::Stranger(_) | Subject::Nobody => None,
    };
    roster.another(own, dice)
}
