//! The people enrolled on a device.
//!
//! Person k is a function of (roster seed, k) and nothing is stored, so a roster of any size costs
//! nothing and the doors of one site share one. Employees come first, then visitors, then the
//! blocklist. An employee's standing is a stratum of a permutation of the employees: the shares are
//! exact, always the same people, and somebody of a given standing is found without a search.

use std::ops::Range;

use jiff::ToSpan;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::dice::Dice;
use super::numbers::{Affine, Code};
use super::odds;
use super::people::{Group, Particulars, id_number};
use super::standing::{Category, Hours, Standing, timestamp};
use crate::clock::UnixMillis;
use crate::event::{PersonRef, Reason, Verdict};
use crate::seed::Seed;

/// How many people of each category are enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RosterSizes {
    /// Employees.
    pub employees: u32,
    /// Visitors.
    pub visitors: u32,
    /// People who must not pass.
    pub blocklisted: u32,
}

/// The most people of each category: more would give uids of ten digits and more, which some
/// platforms keep as 32-bit numbers.
pub const PEOPLE_MAX: u32 = 10_000_000;

impl Default for RosterSizes {
    fn default() -> Self {
        Self { employees: 170, visitors: 20, blocklisted: 10 }
    }
}

/// Everything the device knows of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The place in the roster.
    pub person: PersonRef,
    /// The id: decimal digits not beginning with 0 (table D).
    pub uid: u32,
    /// What the person is enrolled as.
    pub category: Category,
    /// What the person may do.
    pub standing: Standing,
    /// The name, Chinese or Latin.
    pub name: String,
    /// An employee's number; of others, empty.
    pub job_number: String,
    /// The card.
    pub card: u32,
    /// The number of the ID card, unmistakably synthetic.
    pub id_number: String,
    /// Six digits.
    pub pin: String,
    /// The QR code; a visitor's is the visitor code.
    pub code: Code,
    /// At most [`super::REMARK_BYTES_MAX`] bytes.
    pub remark: String,
    /// One or two groups.
    pub groups: Vec<Group>,
}

/// A stretch of time, from its start up to and including its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub start: UnixMillis,
    /// The last moment.
    pub end: UnixMillis,
}

/// The people enrolled, by their place.
#[derive(Clone, Debug)]
pub struct Roster {
    seed: Seed,
    sizes: RosterSizes,
    strata: [Stratum; odds::STANDINGS.len()],
    order: Affine,
    cards: Affine,
    codes: Affine,
}

/// A run of places in the permuted order of the employees.
type Stratum = (Standing, Range<u32>);

/// The uid of the first person. A five-digit one could be taken for a job number.
const FIRST_UID: u32 = 100_001;
/// The job number of the first employee.
const FIRST_JOB_NUMBER: u32 = 20_001;

impl Roster {
    /// The roster of that seed. A size beyond [`PEOPLE_MAX`] is taken as that.
    #[must_use]
    pub fn new(seed: Seed, sizes: RosterSizes) -> Self {
        let sizes = RosterSizes {
            employees: sizes.employees.min(PEOPLE_MAX),
            visitors: sizes.visitors.min(PEOPLE_MAX),
            blocklisted: sizes.blocklisted.min(PEOPLE_MAX),
        };
        let dice = |purpose: &str| Dice::new(seed.named(purpose));
        Self {
            seed: seed.named("people"),
            sizes,
            strata: strata(sizes.employees),
            order: Affine::draw(u64::from(sizes.employees), &mut dice("standings")),
            cards: Affine::draw(1 << 32, &mut dice("cards")),
            codes: Affine::draw(Code::COUNT, &mut dice("codes")),
        }
    }

    /// How many people are enrolled.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.sizes.employees + self.sizes.visitors + self.sizes.blocklisted
    }

    /// Whether nobody is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many people of each category are enrolled.
    #[must_use]
    pub const fn sizes(&self) -> RosterSizes {
        self.sizes
    }

    /// Everything about a person.
    #[must_use]
    pub fn person(&self, person: PersonRef) -> Person {
        let category = self.category(person);
        let Particulars { name, pin, remark, groups } =
            Particulars::draw(self.seed.numbered(u64::from(person.number)), category);
        let job_number = match category {
            Category::Employee => (FIRST_JOB_NUMBER + person.number).to_string(),
            Category::Visitor | Category::Blocklisted => String::new(),
        };
        Person {
            person,
            uid: self.uid(person),
            category,
            standing: self.standing(person),
            name,
            job_number,
            card: self.card(person),
            id_number: id_number(person.number),
            pin,
            code: self.code(person),
            remark,
            groups,
        }
    }

    /// The person's id.
    #[must_use]
    pub const fn uid(&self, person: PersonRef) -> u32 {
        FIRST_UID.saturating_add(person.number)
    }

    /// The person's card; of a place beyond the roster, a card that nobody has.
    #[must_use]
    pub fn card(&self, person: PersonRef) -> u32 {
        self.card_numbered(person.number)
    }

    /// The card of that place, within the roster or beyond it (`Presented::Unknown`).
    #[must_use]
    pub fn card_numbered(&self, number: u32) -> u32 {
        u32::try_from(self.cards.forth(u64::from(number))).expect("the map is over 32 bits")
    }

    /// The person's QR code.
    #[must_use]
    pub fn code(&self, person: PersonRef) -> Code {
        self.code_numbered(person.number)
    }

    /// The code of that place, within the roster or beyond it (`Presented::Unknown`).
    #[must_use]
    pub fn code_numbered(&self, number: u32) -> Code {
        Code::new(self.codes.forth(u64::from(number)))
    }

    /// The ID card's number of that place, within the roster or beyond it (`Presented::Unknown`).
    #[must_use]
    pub fn id_number_numbered(&self, number: u32) -> String {
        id_number(number)
    }

    /// What the person is enrolled as.
    #[must_use]
    pub const fn category(&self, person: PersonRef) -> Category {
        if person.number < self.sizes.employees {
            Category::Employee
        } else if person.number < self.sizes.employees + self.sizes.visitors {
            Category::Visitor
        } else {
            Category::Blocklisted
        }
    }

    /// What the person may do.
    #[must_use]
    pub fn standing(&self, person: PersonRef) -> Standing {
        match self.category(person) {
            Category::Visitor => Standing::Guest,
            Category::Blocklisted => Standing::Blocklisted,
            Category::Employee => {
                let place = self.order.back(u64::from(person.number));
                self.strata
                    .iter()
                    .find(|(_, places)| places.contains(&narrow(place)))
                    .map_or(Standing::Good, |(standing, _)| *standing)
            }
        }
    }

    /// The person with that uid.
    #[must_use]
    pub fn by_uid(&self, uid: u32) -> Option<PersonRef> {
        self.numbered(u64::from(uid.checked_sub(FIRST_UID)?))
    }

    /// The owner of that card.
    #[must_use]
    pub fn by_card(&self, card: u32) -> Option<PersonRef> {
        self.numbered(self.cards.back(u64::from(card)))
    }

    /// The owner of that code.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<PersonRef> {
        self.numbered(self.codes.back(Code::parse(code)?.number()))
    }

    /// A visitor's agreed local day: the day of `at`; the next one if the visitor came early, the
    /// one before if late (table B).
    #[must_use]
    pub fn visit(&self, time_zone: &TimeZone, at: UnixMillis, verdict: Verdict) -> Window {
        let today = time_zone.to_datetime(timestamp(at)).date();
        // At either end of the calendar the day itself stands in for its missing neighbour.
        let day = match verdict {
            Verdict::Refused(Reason::VisitorEarly) => today.tomorrow().unwrap_or(today),
            Verdict::Refused(Reason::VisitorLate) => today.yesterday().unwrap_or(today),
            _ => today,
        };
        let next = day.checked_add(1.day()).unwrap_or(day);
        let midnight = |date: jiff::civil::Date| {
            let zoned = date.to_datetime(Time::midnight()).to_zoned(time_zone.clone());
            zoned.map_or(at, |zoned| UnixMillis::new(zoned.timestamp().as_millisecond()))
        };
        let start = midnight(day);
        Window { start, end: (midnight(next) - std::time::Duration::from_millis(1)).max(start) }
    }

    /// Somebody of the category to whom such a verdict fits best; none if the category is empty.
    pub(super) fn pick(
        &self,
        category: Category,
        verdict: Verdict,
        hours: Hours,
        dice: &mut Dice,
    ) -> Option<PersonRef> {
        let RosterSizes { employees, visitors, blocklisted } = self.sizes;
        let number = match category {
            Category::Employee if employees > 0 => {
                let places = self.places(verdict, hours);
                let place = places.start + dice.below(places.end - places.start);
                narrow(self.order.forth(u64::from(place)))
            }
            Category::Visitor if visitors > 0 => employees + dice.below(visitors),
            Category::Blocklisted if blocklisted > 0 => {
                employees + visitors + dice.below(blocklisted)
            }
            Category::Employee | Category::Visitor | Category::Blocklisted => return None,
        };
        Some(person_ref(number))
    }

    /// Where in the permuted order those employees stand to whom the verdict applies; all if none.
    fn places(&self, verdict: Verdict, hours: Hours) -> Range<u32> {
        let applies = |standing: Standing| match verdict {
            Verdict::Accepted
            | Verdict::Refused(
                Reason::Fever | Reason::Mismatch | Reason::WrongPin | Reason::TooManyPins,
            ) => standing.verdict(hours) == Verdict::Accepted,
            Verdict::Refused(_) => standing.verdict(hours) == verdict,
        };
        let mut fitting = self.strata.iter().filter(|(standing, _)| applies(*standing));
        let first = fitting.next().map(|(_, places)| places.clone());
        let last = fitting.next_back().map(|(_, places)| places.end);
        first
            .map(|first| first.start..last.unwrap_or(first.end))
            .filter(|places| !places.is_empty())
            .unwrap_or(0..self.sizes.employees)
    }

    fn numbered(&self, number: u64) -> Option<PersonRef> {
        u32::try_from(number).ok().filter(|number| *number < self.len()).map(person_ref)
    }
}

const fn person_ref(number: u32) -> PersonRef {
    PersonRef { number, revision: 0 }
}

fn narrow(place: u64) -> u32 {
    u32::try_from(place).expect("a place among at most ten million employees")
}

/// Cuts the employees' places into one run for each standing, in the table's order: the two shifts
/// lie on either side of those in good standing, so that whoever may pass at an hour is one run.
fn strata(employees: u32) -> [Stratum; odds::STANDINGS.len()] {
    let share = |share: odds::Share| match share {
        odds::Share::PerMille(_) if employees < odds::STANDINGS_FROM_EMPLOYEES => Some(0),
        odds::Share::PerMille(share) => Some((employees * share).div_ceil(1000)),
        odds::Share::Rest => None,
    };
    let others: u32 = odds::STANDINGS.iter().filter_map(|(_, row)| share(*row)).sum();
    let mut from = 0;
    odds::STANDINGS.map(|(standing, row)| {
        let places = from..from + share(row).unwrap_or(employees - others);
        from = places.end;
        (standing, places)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn roster() -> Roster {
        Roster::new(Seed::root(7), RosterSizes::default())
    }

    #[test]
    fn everybody_is_found_by_uid_card_and_code() {
        let roster = roster();
        for person in (0..roster.len()).map(person_ref) {
            assert_eq!(roster.by_uid(roster.uid(person)), Some(person));
            assert_eq!(roster.by_card(roster.card(person)), Some(person));
            assert_eq!(roster.by_code(&roster.code(person).to_string()), Some(person));
            assert!(!roster.uid(person).to_string().starts_with('0'));
        }
        assert_eq!(roster.by_uid(0), None);
        assert_eq!(roster.by_uid(FIRST_UID + roster.len()), None);
        assert_eq!(roster.by_card(roster.card_numbered(roster.len())), None);
        assert_eq!(roster.by_code(&roster.code_numbered(u32::MAX).to_string()), None);
    }

    #[test]
    fn the_shares_of_standings_are_exact() {
        let roster = roster();
        let mut counts = BTreeMap::new();
        for person in (0..roster.len()).map(person_ref) {
            *counts.entry(roster.standing(person)).or_insert(0) += 1;
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
                let person = roster.pick(Category::Employee, verdict, hours, &mut dice);
                let standing = roster.standing(person.expect("there are employees"));
                assert_eq!(standing.verdict(hours), verdict);
            }
        }
    }

    #[test]
    fn rosters_of_any_size_work() {
        for employees in [0, 1, 2, 19, 20, 21, 1000, u32::MAX] {
            let sizes = RosterSizes { employees, visitors: 0, blocklisted: 0 };
            let roster = Roster::new(Seed::root(3), sizes);
            let picked = roster.pick(
                Category::Employee,
                Verdict::Accepted,
                Hours::Day,
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
}
