//! The people enrolled on a device: those of its configuration, and what a platform changed about them.
//!
//! Person k of the configuration is a function of (roster seed, k) and nothing of it is stored (`seeded`); the
//! changes are a layer over that (`edits`). A [`PersonRef`] means one state of one person for good: revision 0
//! the configuration's, any other one a change.

mod picking;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Time;
use jiff::tz::TimeZone;

pub(super) use self::picking::deserved;
use super::edits::{Changes, Edit, Edited, Edits, NoEdit};
use super::enrolment::{CardNumber, Enrolment, UserId, number};
use super::numbers::Code;
use super::people::Group;
use super::seeded::Seeded;
use super::standing::{Category, Standing, timestamp};
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

impl Default for RosterSizes {
    /// As many as a usual office has.
    fn default() -> Self {
        Self { employees: 170, visitors: 20, blocklisted: 10 }
    }
}

impl RosterSizes {
    /// Nobody.
    const NONE: Self = Self { employees: 0, visitors: 0, blocklisted: 0 };

    /// All of them.
    #[must_use]
    pub const fn sum(self) -> u32 {
        self.employees + self.visitors + self.blocklisted
    }

    pub(super) const fn of(self, category: Category) -> u32 {
        match category {
            Category::Employee => self.employees,
            Category::Visitor => self.visitors,
            Category::Blocklisted => self.blocklisted,
        }
    }
}

/// Everything the device knows of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The place in the roster.
    pub person: PersonRef,
    /// The id; that of somebody of the configuration consists of digits and does not begin with 0 (table D).
    pub uid: UserId,
    /// What the person is enrolled as.
    pub category: Category,
    /// The name, Chinese or Latin.
    pub name: String,
    /// An employee's number; of others, empty.
    pub job_number: String,
    /// The card.
    pub card: Option<CardNumber>,
    /// The number of the ID card, unmistakably synthetic; empty where none is known.
    pub id_number: String,
    /// Six digits; empty where none is known.
    pub pin: String,
    /// At most [`super::REMARK_BYTES_MAX`] bytes.
    pub remark: String,
    /// One or two groups; none of somebody whom a platform enrolled.
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

/// A person's id, to be written: in most events there is one, and none is made for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownUid<'a> {
    /// That of somebody of the configuration.
    Number(u32),
    /// That under which a platform enrolled somebody.
    Text(&'a str),
}

impl ShownUid<'_> {
    /// The number that it is, if it is one in the usual form.
    #[must_use]
    pub fn number(self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(number.into()),
            Self::Text(text) => number(text),
        }
    }
}

impl fmt::Display for ShownUid<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Text(text) => text.fmt(formatter),
        }
    }
}

/// The people enrolled, by their place.
#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    founders: Arc<Seeded>,
    /// How many of the configuration's people differ from it.
    gone: RosterSizes,
    edits: Edits,
}

impl Roster {
    /// The roster of that seed. A size beyond [`super::PEOPLE_MAX`] is taken as that.
    #[must_use]
    pub fn new(seed: Seed, sizes: RosterSizes) -> Self {
        let founders = Arc::new(Seeded::new(seed, sizes));
        Self { founders, gone: RosterSizes::NONE, edits: Edits::default() }
    }

    /// The same people with the changes that were stored, in whatever order; everybody was removed at
    /// `cleared_at`, if it is not 0.
    #[must_use]
    pub fn changed(&self, mut edits: Vec<Edit>, cleared_at: u32) -> Self {
        let founders = Arc::clone(&self.founders);
        let mut roster =
            Self { founders, gone: RosterSizes::NONE, edits: Edits::after(cleared_at) };
        edits.sort_by_key(|edit| edit.person.revision);
        let mut swept_later = Changes::default();
        for edit in edits {
            roster.put(edit, &mut swept_later);
        }
        roster
    }

    /// The revision at which everybody was removed; 0 if that never was.
    #[must_use]
    pub const fn cleared_at(&self) -> u32 {
        self.edits.cleared_at
    }

    // Who there is.

    /// How many people are enrolled.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.sizes().sum()
    }

    /// Whether nobody is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many people of each category are enrolled.
    #[must_use]
    pub fn sizes(&self) -> RosterSizes {
        let of = |category| self.founders_of(category) + self.newcomers_of(category);
        RosterSizes {
            employees: of(Category::Employee),
            visitors: of(Category::Visitor),
            blocklisted: of(Category::Blocklisted),
        }
    }

    /// How many people the configuration has.
    #[must_use]
    pub fn founders(&self) -> u32 {
        self.founders.sizes().sum()
    }

    /// At most `limit` of those enrolled, the first `offset` left out: those of the configuration in its order,
    /// then the others in the order in which they came.
    #[must_use]
    pub fn page(&self, offset: u64, limit: usize) -> Vec<PersonRef> {
        let founders = if self.edits.cleared_at > 0 { 0 } else { self.founders() };
        let mut number = offset;
        for removed in self.edits.removed_below(founders) {
            if u64::from(removed) <= number {
                number = number.saturating_add(1);
            }
        }
        let kept = u64::from(founders) - self.edits.removed_below(founders).count() as u64;
        let beyond = usize::try_from(offset.saturating_sub(kept)).unwrap_or(usize::MAX);
        let of_configuration = u32::try_from(number).unwrap_or(u32::MAX)..founders;
        let others = self.edits.from(founders).skip(beyond);
        of_configuration
            .filter_map(|number| self.current(number))
            .chain(others)
            .take(limit)
            .collect()
    }

    /// Everything about a person.
    #[must_use]
    pub fn person(&self, person: PersonRef) -> Arc<Person> {
        let Some(one) = self.edits.state(person) else {
            return self.founders.person(person);
        };
        Arc::new(Person {
            person,
            uid: one.userid.clone(),
            category: one.category(),
            name: one.name.to_string(),
            job_number: String::new(),
            card: one.card(),
            id_number: String::new(),
            pin: String::new(),
            remark: one.desc.to_string(),
            groups: Vec::new(),
        })
    }

    /// The person as a platform enrolled it, or as it would have enrolled somebody of the configuration.
    #[must_use]
    pub fn enrolment(&self, person: PersonRef) -> Arc<Enrolment> {
        match self.edits.state(person) {
            Some(one) => Arc::clone(one),
            None => Arc::new(self.founders.enrolment(person)),
        }
    }

    /// The person's id, to be written.
    #[must_use]
    pub fn shown_uid(&self, person: PersonRef) -> ShownUid<'_> {
        match self.edits.state(person) {
            Some(one) => ShownUid::Text(one.userid.as_str()),
            None => ShownUid::Number(self.founders.uid_number(person.number)),
        }
    }

    /// The person's id.
    #[must_use]
    pub fn uid(&self, person: PersonRef) -> UserId {
        match self.edits.state(person) {
            Some(one) => one.userid.clone(),
            None => self.founders.uid(person),
        }
    }

    /// The person's card.
    #[must_use]
    pub fn card(&self, person: PersonRef) -> Option<CardNumber> {
        match self.edits.state(person) {
            Some(one) => one.card(),
            None => Some(self.card_numbered(person.number)),
        }
    }

    /// The card of that place, within the configuration's roster or beyond it (`Presented::Unknown`).
    #[must_use]
    pub fn card_numbered(&self, number: u32) -> CardNumber {
        self.founders.card_numbered(number).into()
    }

    /// The person's QR code; one whom a platform enrolled has none.
    #[must_use]
    pub fn code(&self, person: PersonRef) -> Option<Code> {
        let is_founder = self.edits.state(person).is_none();
        is_founder.then(|| self.founders.code_numbered(person.number))
    }

    /// The code of that place, within the configuration's roster or beyond it (`Presented::Unknown`).
    #[must_use]
    pub fn code_numbered(&self, number: u32) -> Code {
        self.founders.code_numbered(number)
    }

    /// What the person is enrolled as.
    #[must_use]
    pub fn category(&self, person: PersonRef) -> Category {
        match self.edits.state(person) {
            Some(one) => one.category(),
            None => self.founders.category(person.number),
        }
    }

    /// What the person may do at that time.
    #[must_use]
    pub fn standing(&self, person: PersonRef, at: UnixMillis) -> Standing {
        match self.edits.state(person) {
            Some(one) => one.standing(at),
            None => self.founders.standing(person.number),
        }
    }

    /// Whether the person was enrolled by a platform, and has nothing but a face and cards.
    #[must_use]
    pub fn is_newcomer(&self, person: PersonRef) -> bool {
        self.edits.state(person).is_some()
    }

    /// The person with that id.
    #[must_use]
    pub fn by_uid(&self, userid: &UserId) -> Option<PersonRef> {
        self.current(self.number_of(userid)?)
    }

    /// The stranger that somebody became who was enrolled under that id and is not any more.
    #[must_use]
    pub fn departed(&self, userid: &UserId) -> Option<[u8; 6]> {
        let number = self.number_of(userid)?;
        self.current(number).is_none().then(|| self.founders.face_of(userid))
    }

    /// The owner of that card.
    #[must_use]
    pub fn by_card(&self, card: CardNumber) -> Option<PersonRef> {
        match self.edits.owner(card) {
            Some(number) => self.current(number),
            None => self.founder(self.founders.by_card(u32::try_from(card.get()).ok()?)?),
        }
    }

    /// The owner of that code.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<PersonRef> {
        self.founder(self.founders.by_code(code)?)
    }

    // Visits.

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

    fn number_of(&self, userid: &UserId) -> Option<u32> {
        self.edits.number(userid).or_else(|| self.founders.by_uid(userid.number()?))
    }

    /// Who is enrolled under that number.
    fn current(&self, number: u32) -> Option<PersonRef> {
        let newcomer = self.edits.enrolled(number).map(|(person, _)| person);
        newcomer.or_else(|| self.founder(number))
    }

    /// The configuration's people, where nobody differs from them.
    pub(super) fn as_configured(&self) -> Option<&Seeded> {
        self.edits.is_empty().then_some(&*self.founders)
    }

    /// Somebody of the configuration, as it has them.
    fn founder(&self, number: u32) -> Option<PersonRef> {
        let is_so = number < self.founders()
            && self.edits.cleared_at == 0
            && self.edits.of(number).is_none();
        is_so.then_some(PersonRef { number, revision: 0 })
    }

    fn founders_of(&self, category: Category) -> u32 {
        if self.edits.cleared_at > 0 {
            return 0;
        }
        self.founders.sizes().of(category) - self.gone.of(category)
    }

    fn newcomers_of(&self, category: Category) -> u32 {
        let crowd = self.edits.crowd(category).map_or(0, |crowd| crowd.numbers.len());
        u32::try_from(crowd).expect("bounded by the edits")
    }

    // What changes.

    /// Enrols somebody, or enrols them otherwise.
    ///
    /// # Errors
    /// When there is no room, or one of the cards is somebody else's.
    pub fn enrol(&mut self, one: Enrolment, changes: &mut Changes) -> Result<(), NoEdit> {
        let number = match self.number_of(&one.userid) {
            Some(number) => number,
            None => self.edits.fresh_number(self.founders()).ok_or(NoEdit::Full)?,
        };
        if !self.edits.has_room_for(number) {
            return Err(NoEdit::Full);
        }
        let is_free =
            |card: CardNumber| self.by_card(card).is_none_or(|owner| owner.number == number);
        if !one.cards.iter().all(|card| is_free(card.number)) {
            return Err(NoEdit::CardTaken);
        }
        let person = PersonRef { number, revision: self.edits.revise() };
        self.change(Edit { person, what: Edited::Enrolled(Arc::new(one)) }, changes);
        Ok(())
    }

    /// Somebody becomes a stranger.
    ///
    /// # Errors
    /// When nobody is enrolled under that id, or too many people differ from those of the configuration.
    pub fn remove(&mut self, userid: &UserId, changes: &mut Changes) -> Result<(), NoEdit> {
        let person = self.by_uid(userid).ok_or(NoEdit::NobodySo)?;
        if !self.edits.has_room_for(person.number) {
            return Err(NoEdit::Full);
        }
        let person = PersonRef { revision: self.edits.revise(), ..person };
        self.change(Edit { person, what: Edited::Removed(userid.clone()) }, changes);
        Ok(())
    }

    /// Everybody becomes a stranger.
    pub fn clear(&mut self, changes: &mut Changes) {
        self.edits.clear(changes);
    }

    /// Whether so many earlier states are kept that it is worth to [`Roster::sweep`].
    #[must_use]
    pub fn wants_sweep(&self) -> bool {
        self.edits.wants_sweep()
    }

    /// Drops the earlier states that are not needed.
    pub fn sweep(&mut self, needed: &BTreeSet<PersonRef>, changes: &mut Changes) {
        self.edits.sweep(needed, changes);
    }

    fn change(&mut self, edit: Edit, changes: &mut Changes) {
        changes.edits.push(edit.clone());
        self.put(edit, changes);
    }

    fn put(&mut self, edit: Edit, changes: &mut Changes) {
        let number = edit.person.number;
        if self.founder(number).is_some() {
            match self.founders.category(number) {
                Category::Employee => self.gone.employees += 1,
                Category::Visitor => self.gone.visitors += 1,
                Category::Blocklisted => self.gone.blocklisted += 1,
            }
        }
        self.edits.put(edit, self.founders(), changes);
    }
}
