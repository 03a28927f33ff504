//! The records that are kept, as a platform asks for them over v1 (R-V1-28).

use super::Device;
use crate::behaviour::violations;
use crate::calls::v1::{Found, Listing, RecordOrder, RecordQuery, Whose};
use crate::event::{Access, Entry, Fact, Index, RecordType, Subject};
use crate::wire::View;

/// How many records an answer has where nothing is said of it, and at most (the vendor's manual).
const LIMIT_DEFAULT: u64 = 100;
const LIMIT_MAX: u64 = 200;

impl Device {
    /// What the query finds. Only the page is copied; where a person is meant by a number that must be looked
    /// up, everything of anybody enrolled in that time is: whoever shows it looks, without the device.
    pub(super) fn records(&self, view: &View, query: RecordQuery) -> Listing {
        let violations = &view.behaviour.violations.v1.records;
        let query = misread(violations, query);
        let limit = limit(violations, query.limit);
        let whose = whose(violations, &query);
        let mut entries = self.journal.entries(Index::FIRST, usize::MAX);
        entries.retain(|entry| is_covered(&query, entry) && may_be(view, whose.as_ref(), entry));
        if query.order == RecordOrder::NewestFirst {
            entries.reverse();
        }
        let found = match whose {
            Some(whose @ (Whose::Job(_) | Whose::Card(_))) => {
                Found::Candidates { whose, entries: entries.into_iter().cloned().collect() }
            }
            None | Some(Whose::User(_)) => {
                let total = entries.len();
                let page = Listing::page(query.offset, limit, entries);
                Found::Page { total, entries: page.into_iter().cloned().collect() }
            }
        };
        Listing { offset: query.offset, limit, found }
    }
}

fn limit(violations: &violations::Records, asked: Option<u64>) -> u64 {
    let default = if violations.other_default { LIMIT_DEFAULT / 2 } else { LIMIT_DEFAULT };
    let max = if violations.no_ceiling { u64::MAX } else { LIMIT_MAX };
    asked.unwrap_or(default).min(max)
}

/// Whose records are meant: one number alone counts.
fn whose(violations: &violations::Records, query: &RecordQuery) -> Option<Whose> {
    let user = || query.user.clone().map(Whose::User);
    let job = || query.job.clone().map(Whose::Job);
    let card = || query.card.clone().map(Whose::Card);
    if violations.card_wins {
        return card().or_else(job).or_else(user);
    }
    user().or_else(job).or_else(card)
}

/// Whether an entry has a record of `type` 0, and is of the time asked for, both ends included.
fn is_covered(query: &RecordQuery, entry: &Entry) -> bool {
    let at = u64::try_from(entry.at.seconds()).unwrap_or(0);
    entry.fact.records().contains(&RecordType::Recognition)
        && query.begin.is_none_or(|begin| begin <= at)
        && query.end.is_none_or(|end| at <= end)
}

/// Whether an entry can be of whom is asked for.
fn may_be(view: &View, whose: Option<&Whose>, entry: &Entry) -> bool {
    let subject = match &entry.fact {
        Fact::Access(Access { subject, .. }) | Fact::PinAttack(Access { subject, .. }, _) => {
            Some(*subject)
        }
        _ => None,
    };
    match (whose, subject) {
        (None, _) | (Some(Whose::Job(_) | Whose::Card(_)), Some(Subject::Person(_))) => true,
        (Some(Whose::User(user)), Some(Subject::Person(person))) => {
            view.roster.uid(person).to_string() == *user
        }
        (Some(_), _) => false,
    }
}

/// What a query is taken for by a device that misreads it.
fn misread(violations: &violations::Records, asked: RecordQuery) -> RecordQuery {
    let mut query = asked;
    if violations.time_ignored {
        (query.begin, query.end) = (None, None);
    }
    if violations.person_ignored {
        (query.user, query.job, query.card) = (None, None, None);
    }
    if violations.offset_ignored {
        query.offset = 0;
    }
    if violations.limit_exceeded {
        query.limit = query.limit.map(|limit| limit.saturating_add(1));
    }
    if violations.sort_reversed {
        query.order = match query.order {
            RecordOrder::OldestFirst => RecordOrder::NewestFirst,
            RecordOrder::NewestFirst => RecordOrder::OldestFirst,
        };
    }
    query
}
