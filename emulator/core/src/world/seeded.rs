//! The people of a device's configuration.
//!
//! Person k is a function of (roster seed, k) and need not be stored, so a roster of any size costs next to
//! nothing and the doors of one site share one; some of whom somebody asked are kept (`made`). Employees
//! come first, then visitors, then the blocklist. An employee's standing is a stratum of a permutation of
//! the employees: the shares are exact, always the same people, and somebody of a given standing is found
//! without a search.

use std::ops::Range;
use std::sync::Arc;

use super::dice::Dice;
use super::enrolment::{EnrolledCard, Enrolment, UserId};
use super::made::Made;
use super::numbers::{Affine, Code};
use super::odds;
use super::people::{Particulars, cut, id_number};
use super::roster::{Person, RosterSizes, deserved};
use super::standing::{Category, Hours, Standing};
use crate::event::{PersonRef, Verdict};
use crate::seed::Seed;

/// The most people of each category: more would give uids of ten digits and more, which some
/// platforms keep as 32-bit numbers.
pub const PEOPLE_MAX: u32 = 10_000_000;

/// The people of a configuration, by their place.
#[derive(Debug, PartialEq)]
pub(super) struct Seeded {
    seed: Seed,
    sizes: RosterSizes,
    strata: [Stratum; odds::STANDINGS.len()],
    order: Affine,
    cards: Affine,
    codes: Affine,
    /// What was made of them.
    pub(super) made: Made,
}

/// A run of places in the permuted order of the employees.
type Stratum = (Standing, Range<u32>);

/// The uid of the first person. A five-digit one could be taken for a job number.
const FIRST_UID: u32 = 100_001;
/// The job number of the first employee.
const FIRST_JOB_NUMBER: u32 = 20_001;

/// Before and after all that a device may take for the present, in seconds since 1970: the day after that,
/// and the end of the years that have 32 bits.
const EARLY_SECONDS: i64 = 86_400;
const LATE_SECONDS: i64 = 0xffff_ffff;

impl Seeded {
    /// The roster of that seed. A size beyond [`PEOPLE_MAX`] is taken as that.
    pub(super) fn new(seed: Seed, sizes: RosterSizes) -> Self {
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
            made: Made::default(),
        }
    }

    /// How many people of each category there are.
    pub(super) const fn sizes(&self) -> RosterSizes {
        self.sizes
    }

    /// Everything about a person.
    pub(super) fn person(&self, person: PersonRef) -> Arc<Person> {
        self.made.person(person.number, self.sizes.sum(), || self.draw(person.number))
    }

    fn draw(&self, number: u32) -> Person {
        let person = PersonRef { number, revision: 0 };
        let category = self.category(number);
        let Particulars { name, pin, remark, groups } =
            Particulars::draw(self.seed.numbered(u64::from(number)), category);
        let job_number = match category {
            Category::Employee => (FIRST_JOB_NUMBER + number).to_string(),
            Category::Visitor | Category::Blocklisted => String::new(),
        };
        Person {
            person,
            uid: self.uid(person),
            category,
            name,
            job_number,
            card: Some(self.card_numbered(number).into()),
            id_number: id_number(number),
            pin,
            remark,
            groups,
        }
    }

    /// The person as a platform would have enrolled it: the standing shows in `effect`, `expire` and `state`
    /// as far as it can.
    pub(super) fn enrolment(&self, person: PersonRef) -> Enrolment {
        let Person { uid, name, remark, .. } = self.draw(person.number);
        let card = self.card_numbered(person.number);
        let standing = self.standing(person.number);
        Enrolment {
            userid: uid,
            name: cut(&name, Enrolment::NAME_BYTES_MAX).into(),
            desc: cut(&remark, Enrolment::DESC_BYTES_MAX).into(),
            effect: if standing == Standing::NotYetValid { LATE_SECONDS } else { 0 },
            expire: if standing == Standing::Expired { EARLY_SECONDS } else { Enrolment::NEVER },
            state: if standing == Standing::Blocklisted { -1 } else { 0 },
            cards: vec![EnrolledCard {
                number: card.into(),
                written: format!(r#"{{"id":"0x{card:08x}"}}"#).into(),
            }],
            rules: "[]".into(),
        }
    }

    /// The person's id.
    pub(super) fn uid(&self, person: PersonRef) -> UserId {
        self.uid_number(person.number).into()
    }

    /// The id of that place, which is a number.
    #[expect(clippy::unused_self, reason = "whose place it is")]
    pub(super) const fn uid_number(&self, number: u32) -> u32 {
        FIRST_UID.saturating_add(number)
    }

    /// The card of that place, within the roster or beyond it.
    pub(super) fn card_numbered(&self, number: u32) -> u32 {
        u32::try_from(self.cards.forth(u64::from(number))).expect("the map is over 32 bits")
    }

    /// The code of that place, within the roster or beyond it.
    pub(super) fn code_numbered(&self, number: u32) -> Code {
        Code::new(self.codes.forth(u64::from(number)))
    }

    /// What the person is enrolled as.
    pub(super) const fn category(&self, number: u32) -> Category {
        if number < self.sizes.employees {
            Category::Employee
        } else if number < self.sizes.employees + self.sizes.visitors {
            Category::Visitor
        } else {
            Category::Blocklisted
        }
    }

    /// What the person may do.
    pub(super) fn standing(&self, number: u32) -> Standing {
        match self.category(number) {
            Category::Visitor => Standing::Guest,
            Category::Blocklisted => Standing::Blocklisted,
            Category::Employee => {
                let place = self.order.back(u64::from(number));
                self.strata
                    .iter()
                    .find(|(_, places)| places.contains(&narrow(place)))
                    .map_or(Standing::Good, |(standing, _)| *standing)
            }
        }
    }

    /// The place of the person with that id.
    pub(super) fn by_uid(&self, uid: u64) -> Option<u32> {
        self.within(uid.checked_sub(u64::from(FIRST_UID))?)
    }

    /// The place of that card's owner.
    pub(super) fn by_card(&self, card: u32) -> Option<u32> {
        self.within(self.cards.back(u64::from(card)))
    }

    /// The place of that code's owner.
    pub(super) fn by_code(&self, code: &str) -> Option<u32> {
        self.within(self.codes.back(Code::parse(code)?.number()))
    }

    /// The stranger's number of whoever had that id.
    pub(super) fn face_of(&self, userid: &UserId) -> [u8; 6] {
        let bytes = self.seed.named("departed").named(userid.as_str()).bits().to_be_bytes();
        std::array::from_fn(|at| bytes[at])
    }

    /// The places of those of the category to whom such a verdict fits best, all of them if to none: in the
    /// order of [`Seeded::at`].
    pub(super) fn places(&self, category: Category, verdict: Verdict, hours: Hours) -> Range<u32> {
        match category {
            Category::Employee => self.employees(verdict, hours),
            Category::Visitor => 0..self.sizes.visitors,
            Category::Blocklisted => 0..self.sizes.blocklisted,
        }
    }

    /// Who stands in that place of the category.
    pub(super) fn at(&self, category: Category, place: u32) -> u32 {
        match category {
            Category::Employee => narrow(self.order.forth(u64::from(place))),
            Category::Visitor => self.sizes.employees + place,
            Category::Blocklisted => self.sizes.employees + self.sizes.visitors + place,
        }
    }

    /// Where in the permuted order those employees stand to whom the verdict applies; all if none.
    fn employees(&self, verdict: Verdict, hours: Hours) -> Range<u32> {
        let applies = |standing: Standing| standing.verdict(hours) == deserved(verdict);
        let mut fitting = self.strata.iter().filter(|(standing, _)| applies(*standing));
        let first = fitting.next().map(|(_, places)| places.clone());
        let last = fitting.next_back().map(|(_, places)| places.end);
        first
            .map(|first| first.start..last.unwrap_or(first.end))
            .filter(|places| !places.is_empty())
            .unwrap_or(0..self.sizes.employees)
    }

    fn within(&self, number: u64) -> Option<u32> {
        u32::try_from(number).ok().filter(|number| *number < self.sizes.sum())
    }
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
