//! The v3.x API's account actions (R-V3-37): who is enrolled, and what a platform changes about that.
//!
//! Leaves out what becomes of people at the door: that is the world's.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Device;
use super::effects::Effects;
use super::storing::Rare;
use super::v3::{Answer, refuse};
use crate::calls::v3::{Reply, Retcode, UserAnswer};
use crate::clock::Mono;
use crate::event::{Index, PersonRef};
use crate::wire::View;
use crate::world::{Changes, Enrolment, NoEdit, Roster, UserId};

/// How many users a fetch without `limit` gives, and the most: as with events (R-V3-11).
const LIMIT_DEFAULT: u64 = 10;
const LIMIT_MAX: usize = 1000;

/// The most users of one batch: more would hold a device for long.
const USERS_MAX: usize = 1000;

impl Device {
    pub(super) fn user_fetch(&self, view: &View, offset: u64, limit: Option<u64>) -> Reply {
        let limit = limit.filter(|_| !view.behaviour.violations.v3.accounts.limit_ignored);
        let limit = usize::try_from(limit.unwrap_or(LIMIT_DEFAULT)).unwrap_or(usize::MAX);
        let roster = self.world.roster();
        let people = roster.page(offset, limit.min(LIMIT_MAX));
        Reply::Users(people.into_iter().map(|person| roster.enrolment(person)).collect())
    }

    pub(super) fn user_lookup(&self, userids: Vec<Option<Box<str>>>) -> Answer {
        if userids.len() > USERS_MAX {
            return refuse(Retcode::OVER_CAPACITY);
        }
        let roster = self.world.roster();
        let one = |userid: Option<Box<str>>| {
            let Some(userid) = userid else {
                return unreadable("");
            };
            let person = UserId::new(&userid).and_then(|userid| roster.by_uid(&userid));
            let user = person.map(|person| roster.enrolment(person));
            let retcode = match user {
                Some(_) => Retcode::SUCCESS,
                None => Retcode::NO_SUCH_OBJECT,
            };
            UserAnswer { userid, retcode, user }
        };
        Ok(Reply::UserBatch(userids.into_iter().map(one).collect()))
    }

    pub(super) fn user_insert(
        &mut self,
        view: &View,
        users: Vec<Result<Enrolment, Box<str>>>,
        mono: Mono,
        effects: &mut Effects,
    ) -> Answer {
        let violations = view.behaviour.violations.v3.accounts.clone();
        if users.len() > USERS_MAX {
            return refuse(Retcode::OVER_CAPACITY);
        }
        self.batch(mono, effects, |roster, changes| {
            let insert = |user: Result<Enrolment, Box<str>>| match user {
                Ok(mut user) => {
                    if violations.cards_outlive {
                        free(roster, &user, changes);
                    }
                    if violations.cards_lost {
                        user.cards.clear();
                    }
                    let userid = user.userid.as_str().into();
                    let done = match violations.insert_ignored {
                        true => Ok(()),
                        false => roster.enrol(user, changes),
                    };
                    answer(userid, done)
                }
                Err(userid) => unreadable(&userid),
            };
            users.into_iter().map(insert).collect()
        })
    }

    pub(super) fn user_remove(
        &mut self,
        view: &View,
        userids: Vec<Option<Box<str>>>,
        mono: Mono,
        effects: &mut Effects,
    ) -> Answer {
        let violations = view.behaviour.violations.v3.accounts.clone();
        if userids.len() > USERS_MAX {
            return refuse(Retcode::OVER_CAPACITY);
        }
        self.batch(mono, effects, |roster, changes| {
            let remove = |userid: Option<Box<str>>| {
                let Some(userid) = userid else {
                    return unreadable("");
                };
                let known = UserId::new(&userid).ok_or(NoEdit::NobodySo);
                let done = known.and_then(|known| match violations.remove_ignored {
                    true => roster.by_uid(&known).map(drop).ok_or(NoEdit::NobodySo),
                    false if violations.cards_outlive => outlive(roster, &known, changes),
                    false => roster.remove(&known, changes),
                });
                answer(userid, done)
            };
            userids.into_iter().map(remove).collect()
        })
    }

    pub(super) fn user_clear(&mut self, mono: Mono, effects: &mut Effects) -> Answer {
        self.batch(mono, effects, |roster, changes| {
            roster.clear(changes);
            vec![UserAnswer { userid: "".into(), retcode: Retcode::SUCCESS, user: None }]
        })
        .map(|_| Reply::Done)
    }

    /// Changes the people, and stores what changed before it is so.
    fn batch(
        &mut self,
        mono: Mono,
        effects: &mut Effects,
        change: impl FnOnce(&mut Roster, &mut Changes) -> Vec<UserAnswer>,
    ) -> Answer {
        if self.is_leaving() {
            return refuse(Retcode::BUSY);
        }
        let now = self.clock.at(mono);
        // Whoever was due before came as they were then.
        self.present(now, effects);
        let mut roster = Roster::clone(self.staged_roster());
        let mut changes = Changes::default();
        if roster.wants_sweep() {
            roster.sweep(&self.spoken_of(), &mut changes);
        }
        let swept = changes.clone();
        let answers = change(&mut roster, &mut changes);
        let has_cleared = roster.cleared_at() != self.staged_roster().cleared_at();
        if changes != swept || has_cleared {
            self.change(Rare::People(Arc::new(roster), changes), mono, effects);
        }
        self.deliver(mono, effects);
        Ok(Reply::UserBatch(answers))
    }

    /// Everybody of whom something still speaks that is kept, or will be.
    fn spoken_of(&self) -> BTreeSet<PersonRef> {
        let mut people = BTreeSet::new();
        self.world.mention(&mut people);
        let kept = self.journal.entries(Index::FIRST, usize::MAX).into_iter();
        let staged = self.journal.staged().map(|staged| &staged.entry);
        let entries = kept.chain(staged).chain(&self.remembered.pins);
        people.extend(entries.flat_map(|entry| entry.fact.people()));
        people
    }
}

/// Removes somebody whose cards stay behind, with an owner whom nobody has heard of.
fn outlive(roster: &mut Roster, userid: &UserId, changes: &mut Changes) -> Result<(), NoEdit> {
    let person = roster.by_uid(userid).ok_or(NoEdit::NobodySo)?;
    let one = Enrolment::clone(&roster.enrolment(person));
    roster.remove(userid, changes)?;
    let nobody = UserId::from(person.number);
    roster.enrol(Enrolment { userid: nobody, ..one }, changes)
}

/// Removes those who have somebody's cards.
fn free(roster: &mut Roster, user: &Enrolment, changes: &mut Changes) {
    for card in &user.cards {
        if let Some(owner) = roster.by_card(card.number) {
            let userid = roster.uid(owner);
            // Whoever was found by a card is there.
            let _ = roster.remove(&userid, changes);
        }
    }
}

/// Of one that could not be understood.
fn unreadable(userid: &str) -> UserAnswer {
    UserAnswer { userid: userid.into(), retcode: Retcode::BAD_PARAMETER, user: None }
}

fn answer(userid: Box<str>, done: Result<(), NoEdit>) -> UserAnswer {
    let retcode = match done {
        Ok(()) => Retcode::SUCCESS,
        Err(NoEdit::Full) => Retcode::OVER_CAPACITY,
        Err(NoEdit::CardTaken) => Retcode::DATABASE,
        Err(NoEdit::NobodySo) => Retcode::NO_SUCH_OBJECT,
    };
    UserAnswer { userid, retcode, user: None }
}
