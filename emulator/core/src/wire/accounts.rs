//! The bodies of the v3.x account actions (R-V3-37): JSON to calls, people to JSON.
//!
//! A user object is the same in each action, and how a store keeps what a platform said. Whatever `v3.bad-field`
//! says, a field of another type or out of its range is refused and never taken for one that was left out.

use std::marker::PhantomData;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::fields::{Field, given, read_object};
use super::json;
use crate::calls::v3::{Call, UserAnswer};
use crate::world::{CardNumber, EnrolledCard, Enrolment, UserId};

/// Seconds since 1970 up to the year 2106, or -1 for none.
const SECONDS: RangeInclusive<i64> = -1..=u32::MAX as i64;

/// A card as it is written: with all its fields, and some that we do not know.
const CARD_BYTES_MAX: usize = 256;

#[derive(Deserialize, JsonSchema)]
pub(super) struct PageBody {
    #[serde(default)]
    offset: Field<u64>,
    #[serde(default)]
    limit: Field<u64>,
}

/// `user-fetch`: a body that is left out leaves everything to the defaults.
pub(super) fn fetch(body: Option<&RawValue>) -> Option<Call> {
    let Some(body) = body else {
        return Some(Call::UserFetch { offset: 0, limit: None });
    };
    let body: PageBody = read_object(body.get().as_bytes()).ok()?;
    let offset = given(body.offset)?.unwrap_or(0);
    Some(Call::UserFetch { offset, limit: given(body.limit)? })
}

/// A batch; each of its users is read, or refused, by itself: `U` is what a good one is.
#[derive(Deserialize, JsonSchema)]
#[serde(bound = "")]
#[schemars(rename = "{U}Batch")]
pub(super) struct UsersBody<'a, U> {
    #[serde(borrow)]
    #[schemars(with = "Vec<U>", length(min = 1))]
    users: Vec<&'a RawValue>,
    #[serde(skip)]
    each: PhantomData<U>,
}

/// The users of a batch; none where there is no batch.
fn batch<T>(body: Option<&RawValue>, read: impl Fn(&RawValue) -> T) -> Option<Vec<T>> {
    let body: UsersBody<'_, Named> = read_object(body?.get().as_bytes()).ok()?;
    (!body.users.is_empty()).then(|| body.users.into_iter().map(read).collect())
}

/// `user-insert`.
pub(super) fn insert(body: Option<&RawValue>) -> Option<Call> {
    let read = |raw: &RawValue| {
        let unreadable = || userid(raw).unwrap_or_default();
        enrolment(raw.get()).ok_or_else(unreadable)
    };
    batch(body, read).map(Call::UserInsert)
}

/// `user-remove`.
pub(super) fn remove(body: Option<&RawValue>) -> Option<Call> {
    batch(body, userid).map(Call::UserRemove)
}

/// `user-lookup`.
pub(super) fn lookup(body: Option<&RawValue>) -> Option<Call> {
    batch(body, userid).map(Call::UserLookup)
}

/// Somebody by name.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UserNamed")]
pub(super) struct Named {
    userid: Box<str>,
}

fn userid(raw: &RawValue) -> Option<Box<str>> {
    let named: Named = read_object(raw.get().as_bytes()).ok()?;
    Some(named.userid)
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UserInserted")]
pub(super) struct UserBody<'a> {
    #[schemars(length(min = 1, max = UserId::BYTES_MAX))]
    userid: String,
    #[serde(default)]
    #[schemars(length(max = Enrolment::NAME_BYTES_MAX))]
    name: Field<String>,
    #[serde(default)]
    #[schemars(length(max = Enrolment::DESC_BYTES_MAX))]
    desc: Field<String>,
    /// Since when, in seconds; -1 for always.
    #[serde(default)]
    #[schemars(range(min = *SECONDS.start(), max = *SECONDS.end()))]
    effect: Field<i64>,
    /// Until when, in seconds; -1 for ever.
    #[serde(default)]
    #[schemars(range(min = *SECONDS.start(), max = *SECONDS.end()))]
    expire: Field<i64>,
    /// Negative: on the blocklist.
    #[serde(default)]
    state: Field<i64>,
    #[serde(borrow, default)]
    #[schemars(with = "Option<Vec<CardBody>>", length(max = Enrolment::CARDS_MAX))]
    cards: Option<&'a RawValue>,
    #[serde(borrow, default)]
    #[schemars(with = "Option<Vec<Value>>")]
    rules: Option<&'a RawValue>,
}

/// Somebody as a platform, or a store, wrote them; none if that says nobody.
#[must_use]
pub fn enrolment(text: &str) -> Option<Enrolment> {
    let body: UserBody<'_> = read_object(text.as_bytes()).ok()?;
    let text = |field: Field<String>, bytes_max: usize| {
        let text = given(field)?.unwrap_or_default();
        (text.len() <= bytes_max).then(|| text.into())
    };
    let seconds = |field: Field<i64>, usual: i64| {
        given(field)?.or(Some(usual)).filter(|seconds| SECONDS.contains(seconds))
    };
    Some(Enrolment {
        userid: UserId::new(&body.userid)?,
        name: text(body.name, Enrolment::NAME_BYTES_MAX)?,
        desc: text(body.desc, Enrolment::DESC_BYTES_MAX)?,
        effect: seconds(body.effect, 0)?,
        expire: seconds(body.expire, Enrolment::NEVER)?,
        state: given(body.state)?.unwrap_or(0),
        cards: cards(body.cards)?,
        rules: rules(body.rules)?,
    })
}

fn cards(raw: Option<&RawValue>) -> Option<Vec<EnrolledCard>> {
    let Some(raw) = raw else {
        return Some(Vec::new());
    };
    let cards: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    if cards.len() > Enrolment::CARDS_MAX {
        return None;
    }
    cards.into_iter().map(card).collect()
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Card")]
struct CardBody {
    id: CardId,
    #[serde(default)]
    hex: Field<Flag>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum CardId {
    Number(u64),
    Text(String),
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Flag {
    Word(bool),
    Number(#[schemars(range(max = 1))] u8),
}

/// A card: `0x` and hex digits, or hex digits where `hex` says so, else a decimal number.
fn card(raw: &RawValue) -> Option<EnrolledCard> {
    let body: CardBody = read_object(raw.get().as_bytes()).ok()?;
    let is_hex = match given(body.hex)? {
        None | Some(Flag::Word(false) | Flag::Number(0)) => false,
        Some(Flag::Word(true) | Flag::Number(1)) => true,
        Some(Flag::Number(_)) => return None,
    };
    let number = match body.id {
        CardId::Number(number) if !is_hex => number.into(),
        CardId::Number(number) => digits(&number.to_string(), 16)?,
        CardId::Text(text) => match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(hex) => digits(hex, 16)?,
            None => digits(&text, if is_hex { 16 } else { 10 })?,
        },
    };
    let written = raw.get();
    let number = CardNumber::new(number).filter(|_| written.len() <= CARD_BYTES_MAX)?;
    Some(EnrolledCard { number, written: written.into() })
}

fn digits(text: &str, radix: u32) -> Option<u128> {
    // Without the sign that a number may otherwise have.
    let are_digits = text.chars().all(|digit| digit.is_digit(radix));
    u128::from_str_radix(text, radix).ok().filter(|_| are_digits)
}

fn rules(raw: Option<&RawValue>) -> Option<std::sync::Arc<str>> {
    let text = raw.map_or("[]", RawValue::get);
    let is_list = text.starts_with('[') && text.len() <= Enrolment::RULES_BYTES_MAX;
    is_list.then(|| text.into())
}

/// A user object.
#[derive(Serialize, JsonSchema)]
pub(super) struct User<'a> {
    userid: &'a str,
    name: &'a str,
    desc: &'a str,
    effect: i64,
    expire: i64,
    state: i64,
    /// As they came.
    #[schemars(with = "Vec<Map<String, Value>>")]
    cards: Vec<&'a RawValue>,
    #[schemars(with = "Vec<Value>")]
    rules: &'a RawValue,
}

impl<'a> User<'a> {
    pub(super) fn new(one: &'a Enrolment) -> Self {
        let raw = |text: &'a str| serde_json::from_str(text).expect("JSON, as it was read");
        Self {
            userid: one.userid.as_str(),
            name: &one.name,
            desc: &one.desc,
            effect: one.effect,
            expire: one.expire,
            state: one.state,
            cards: one.cards.iter().map(|card| raw(&card.written)).collect(),
            rules: raw(&one.rules),
        }
    }
}

/// What came of one user of a batch.
#[derive(Serialize, JsonSchema)]
pub(super) struct Outcome<'a> {
    #[serde(flatten)]
    who: Who<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retcode: Option<u16>,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Who<'a> {
    User(User<'a>),
    Named { userid: &'a str },
}

impl<'a> Outcome<'a> {
    pub(super) fn new(answer: &'a UserAnswer, telling: Telling) -> Self {
        let who = match &answer.user {
            Some(user) => Who::User(User::new(user)),
            None => Who::Named { userid: &answer.userid },
        };
        Self { who, retcode: (telling == Telling::Each).then_some(answer.retcode.0) }
    }
}

/// Whether the parts of a batch have a `retcode`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// Each has one.
    Each,
    /// None has.
    None,
}

/// Somebody as a store keeps them.
#[must_use]
pub fn stored(one: &Enrolment) -> String {
    String::from_utf8(json::compact(&User::new(one))).expect("our JSON is UTF-8")
}
