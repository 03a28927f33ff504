//! Whom a wish chose, and what is left to decide of an access when it is granted.

use super::casting::{self, Part};
use super::dice::Dice;
use super::refusal::Refusal;
use super::roster::Roster;
use super::rules::Who;
use super::standing::{Category, Moment};
use super::wish::Whom;
use crate::event::{Method, PersonRef, Presented, Subject, Therm, Verdict};

/// Whom a wish chose.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chosen {
    Person(PersonRef),
    /// Somebody who was enrolled and is not any more.
    Departed([u8; 6]),
    Any(Who),
}

impl Chosen {
    /// Who the device takes it for.
    pub(super) fn who(self, roster: &Roster) -> Who {
        match self {
            Self::Person(person) => Who::Enrolled(roster.category(person)),
            Self::Departed(_) => Who::Stranger,
            Self::Any(who) => who,
        }
    }

    /// Somebody whom the verdict fits.
    fn with(
        self,
        (method, verdict): (Method, Verdict),
        moment: Moment,
        roster: &Roster,
        dice: &mut Dice,
    ) -> Subject {
        match self {
            Self::Person(person) => Subject::Person(person),
            Self::Departed(stranger) => Subject::Stranger(stranger),
            Self::Any(who) => casting::subject((who, method), verdict, moment, roster, dice)
                .unwrap_or(Subject::Nobody),
        }
    }

    /// Somebody who may pass.
    pub(super) fn subject(self, moment: Moment, roster: &Roster, dice: &mut Dice) -> Subject {
        self.with((Method::Face, Verdict::Accepted), moment, roster, dice)
    }
}

/// An access that tables B, C and E have.
#[derive(Clone, Debug)]
pub(super) struct AccessPlan {
    pub(super) chosen: Chosen,
    pub(super) method: Method,
    /// None: whatever the person's standing implies at the time.
    pub(super) verdict: Option<Verdict>,
    pub(super) presented: Option<Presented>,
    pub(super) therm: Option<Therm>,
}

impl AccessPlan {
    /// The part to be cast, at that time of day.
    pub(super) fn part(&self, moment: Moment, roster: &Roster, dice: &mut Dice) -> Part {
        let wanted = self.verdict.unwrap_or(Verdict::Accepted);
        let subject = self.chosen.with((self.method, wanted), moment, roster, dice);
        let standing = match subject {
            Subject::Person(person) => roster.standing(person, moment.at).verdict(moment.hours),
            Subject::Stranger(_) | Subject::Nobody => wanted,
        };
        Part {
            subject,
            method: self.method,
            verdict: self.verdict.unwrap_or(standing),
            presented: self.presented.clone(),
            therm: self.therm,
        }
    }
}

/// Whom the wish names.
pub(super) fn choose(whom: &Whom, roster: &Roster) -> Result<Chosen, Refusal> {
    let sizes = roster.sizes();
    let any = |category, number: u32, who| {
        let chosen = Chosen::Any(Who::Enrolled(category));
        if number > 0 { Ok(chosen) } else { Err(Refusal::Nobody { who }) }
    };
    match whom {
        Whom::Any => any(Category::Employee, sizes.employees, "employee"),
        Whom::Visitor => any(Category::Visitor, sizes.visitors, "visitor"),
        Whom::Blocklisted => any(Category::Blocklisted, sizes.blocklisted, "blocklisted person"),
        Whom::Stranger => Ok(Chosen::Any(Who::Stranger)),
        Whom::Uid(uid) => {
            let departed = || roster.departed(uid).map(Chosen::Departed);
            roster.by_uid(uid).map(Chosen::Person).or_else(departed).ok_or_else(|| {
                let place = |number| roster.uid(PersonRef { number, revision: 0 });
                let last = place(roster.founders().saturating_sub(1));
                Refusal::NotEnrolled { uid: uid.clone(), first: place(0), last }
            })
        }
    }
}
