//! Who of those enrolled comes to the door.

use super::Roster;
use crate::event::{Method, PersonRef, Reason, Verdict};
use crate::world::dice::Dice;
use crate::world::standing::{Category, Moment};

impl Roster {
    /// Whether the person can ask to be let in that way.
    #[must_use]
    pub fn can_use(&self, person: PersonRef, method: Method) -> bool {
        let newcomer = self.edits.state(person);
        newcomer.is_none_or(|one| match needs(method) {
            Some(Needs::Nothing) => true,
            Some(Needs::Card) => one.card().is_some(),
            None => false,
        })
    }

    /// Whether somebody of that category can ask to be let in that way.
    pub(in crate::world) fn has(&self, category: Category, method: Method) -> bool {
        let newcomers = self.edits.crowd(category).map_or(0, |crowd| match needs(method) {
            Some(Needs::Nothing) => crowd.numbers.len(),
            Some(Needs::Card) => crowd.with_card,
            None => 0,
        });
        self.founders_of(category) > 0 || newcomers > 0
    }

    /// Somebody of the category who can use the method and to whom such a verdict fits best; none if there is
    /// nobody.
    pub(in crate::world) fn pick(
        &self,
        (category, method): (Category, Method),
        verdict: Verdict,
        moment: Moment,
        dice: &mut Dice,
    ) -> Option<PersonRef> {
        let has_founders = self.founders_of(category) > 0;
        let places = self.founders.places(category, verdict, moment.hours);
        let places = if has_founders { places } else { 0..0 };
        let crowd = self.edits.crowd(category).map_or(&[][..], |crowd| &crowd.numbers);
        let newcomers = u32::try_from(crowd.len()).expect("bounded by the edits");
        let width = places.end - places.start;
        if width + newcomers == 0 {
            return None;
        }
        let drawn = dice.below(width + newcomers);
        let founder = |from: u32| {
            let place = |step: u32| places.start + (from + step) % width;
            let mut all = (0..width).map(|step| self.founders.at(category, place(step)));
            all.find_map(|number| self.founder(number))
        };
        let newcomer = |from: u32, fits: &dyn Fn(PersonRef) -> bool| {
            let (behind, ahead) = crowd.split_at(from as usize);
            let mut all = ahead.iter().chain(behind).filter_map(|number| self.current(*number));
            all.find(|person| self.can_use(*person, method) && fits(*person))
        };
        let deserves = |person: PersonRef| {
            deserved(verdict) == self.standing(person, moment.at).verdict(moment.hours)
        };
        if drawn < width {
            founder(drawn).or_else(|| newcomer(0, &deserves)).or_else(|| newcomer(0, &|_| true))
        } else {
            let from = drawn - width;
            let whoever = || if width > 0 { founder(0) } else { None };
            newcomer(from, &deserves).or_else(whoever).or_else(|| newcomer(from, &|_| true))
        }
    }

    /// Anybody else of the configuration's people.
    pub(in crate::world) fn another(
        &self,
        than: Option<PersonRef>,
        dice: &mut Dice,
    ) -> Option<PersonRef> {
        let others = self.founders().checked_sub(1).filter(|others| *others > 0)?;
        let own = than.map_or(others, |person| person.number);
        let drawn = dice.below(others);
        let drawn = if drawn >= own { drawn + 1 } else { drawn };
        let after = (0..=others).map(|step| (drawn + step) % (others + 1));
        after.filter(|number| *number != own).find_map(|number| self.founder(number))
    }
}

/// What somebody's standing has to imply for the verdict to fit.
pub(in crate::world) const fn deserved(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Accepted
        | Verdict::Refused(
            Reason::Fever | Reason::Mismatch | Reason::WrongPin | Reason::TooManyPins,
        ) => Verdict::Accepted,
        Verdict::Refused(_) => verdict,
    }
}

/// What somebody whom a platform enrolled needs besides a face; none where no such person has it.
const fn needs(method: Method) -> Option<Needs> {
    match method {
        Method::Face => Some(Needs::Nothing),
        Method::Card | Method::FaceAndCard => Some(Needs::Card),
        _ => None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Card,
}
