//! Whom a wish chose, and what is left to decide of an access when it is granted.

use super::casting::{self, Part};
use super::dice::Dice;
use super::refusal::Refusal;
use super::roster::Roster;
use super::rules::Who;
use super::standing::{Category, Hours};
use super::wish::Whom;
use crate::event::{Method, PersonRef, Presented, Subject, Therm, Verdict};

/// Whom a wish chose.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chosen {
    Person(PersonRef),
    Any(Who),
}

impl Chosen {
    /// Who the device takes it for.
    pub(super) fn who(self, roster: &Roster) -> Who {
        match self {
            Self::Person(person) => Who::Enrolled(roster.category(person)),
            Self::Any(who) => who,
        }
    }

    /// Somebody whom the verdict fits.
    fn with(self, verdict: Verdict, hours: Hours, roster: &Roster, dice: &mut Dice) -> Subject {
        match self {
            Self::Person(person) => Subject::Person(person),
            Self::Any(who) => {
                casting::subject(who, verdict, hours, roster, dice).unwrap_or(Subject::Nobody)
            }
        }
    }

    /// Somebody who may pass.
    pub(super) fn subject(self, hours: Hours, roster: &Roster, dice: &mut Dice) -> Subject {
        self.with(Verdict::Accepted, hours, roster, dice)
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
    pub(super) fn part(&self, hours: Hours, roster: &Roster, dice: &mut Dice) -> Part {
        let wanted = self.verdict.unwrap_or(Verdict::Accepted);
        let subject = self.chosen.with(wanted, hours, roster, dice);
        let standing = match subject {
            Subject::Person(person) => roster.standing(person).verdict(hours),
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
pub(super) fn choose(whom: Whom, roster: &Roster) -> Result<Chosen, Refusal> {
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
        Whom::Uid(uid) => roster.by_uid(uid).map(Chosen::Person).ok_or_else(|| {
            let first = roster.uid(PersonRef { number: 0, revision: 0 });
            let last = first.saturating_add(roster.len().saturating_sub(1));
            Refusal::NotEnrolled { uid, first, last }
        }),
    }
}
