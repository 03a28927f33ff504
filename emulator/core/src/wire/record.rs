//! The v1 document's records: recognitions (识别事件) and alarms (告警事件), tables B to D.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::picture;
use super::view::{Pictures, View};
use crate::behaviour::{AlarmCode, EmptyImage, TimeUnit, UnknownUser};
use crate::calls::v1::Whose;
use crate::event::{
    Access, Alarm, Cause, EXIT_BUTTON_ENTRY_MODE, Entry, Fact, Mask, PersonRef, Phase, Photo,
    Presented, Reason, RecordId, Subject, Trace, Verdict,
};
use crate::world::{CardNumber, Category, Person};

/// A record as it is pushed.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Record<'a> {
    /// `type` 0; boxed, as it is much the larger one.
    Recognition(Box<Envelope<Recognition<'a, User<'a>>>>),
    /// `type` 1.
    Alarm(Envelope<AlarmRecord>),
}

/// What stands around a record.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Push")]
pub(super) struct Envelope<T> {
    r#type: u8,
    data: T,
}

/// The person of whom an entry's record of `type` 0 speaks, to be kept while that is written; none where it is nobody
/// whom the device knows.
pub(super) fn person(view: &View, entry: &Entry) -> Option<Arc<Person>> {
    let (Fact::Access(access) | Fact::PinAttack(access, _)) = &entry.fact else {
        return None;
    };
    let Subject::Person(person) = access.subject else {
        return None;
    };
    Some(view.roster.person(person))
}

impl<'a> Record<'a> {
    /// One of an entry's records, of which [`person`] is the person; none if it has no such record.
    pub(super) fn new(
        view: &'a View,
        entry: &'a Entry,
        part: u8,
        person: Option<&'a Person>,
    ) -> Option<Self> {
        let id = RecordId { index: entry.index, part };
        let recognition = |data| Some(Self::Recognition(Box::new(Envelope { r#type: 0, data })));
        let alarm = |data| Some(Self::Alarm(Envelope { r#type: 1, data }));
        match (&entry.fact, part) {
            (Fact::Access(access) | Fact::PinAttack(access, _), 0) => {
                let user = user(view, entry, access, person);
                recognition(Recognition::of_access(view, entry, id, access, user))
            }
            (Fact::Button(_), 0) if !entry.fact.records().is_empty() => {
                recognition(Recognition::of_button(view, entry, id, unknown_user(view)))
            }
            (Fact::PinAttack(access, serial), 1) => {
                let trace = Trace { serial: *serial, raised_at: entry.at };
                let (cause, phase) = (Cause::PinAttack, Phase::Raised);
                let (subject, photo) = (access.subject, access.photo);
                let moment = Alarm { cause, phase, trace, subject, photo };
                alarm(AlarmRecord::new(view, entry, &moment))
            }
            (Fact::Alarm(moment), 0) => alarm(AlarmRecord::new(view, entry, moment)),
            _ => None,
        }
    }
}

/// `type` 0: every field, always (R-V1-24). What stands for the person differs between a push and a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RecognitionOf{U}")]
pub(super) struct Recognition<'a, U> {
    #[serde(rename = "deviceSN")]
    device_sn: &'a str,
    #[serde(rename = "recognitionType")]
    recognition_type: u8,
    entry_mode: u8,
    abnormal_type: u32,
    /// The record's, the same each time it is pushed (R-V1-10).
    #[schemars(with = "String", extend("format" = "uuid"))]
    uuid: Uuid,
    #[serde(rename = "recognizeScore")]
    recognize_score: f64,
    mask: u8,
    mode: u8,
    #[serde(skip_serializing_if = "Image::is_absent")]
    rgb_image: Image,
    #[serde(rename = "bodyTemperature")]
    body_temperature: f64,
    pass: bool,
    timestamp: i64,
    user: Option<U>,
}

impl<'a, U> Recognition<'a, U> {
    fn of_access(
        view: &'a View,
        entry: &Entry,
        id: RecordId,
        access: &Access,
        user: Option<U>,
    ) -> Self {
        Self {
            recognition_type: recognition_type(view, access),
            entry_mode: access.method.entry_mode(),
            abnormal_type: access.verdict.abnormal_type(access.method),
            recognize_score: access.face.map_or(0.0, |face| face.score.value()),
            mask: match access.mask {
                Mask::Off => 0,
                Mask::Bare => 1,
                Mask::Worn => 2,
            },
            body_temperature: access.therm.map_or(0.0, |therm| therm.celsius()),
            pass: access.verdict == Verdict::Accepted,
            ..Self::of_button(view, entry, id, user)
        }
    }

    /// Nobody's: the exit button (R-V1-16).
    fn of_button(view: &'a View, entry: &Entry, id: RecordId, user: Option<U>) -> Self {
        let knobs = &view.behaviour.v1;
        Self {
            device_sn: &view.identity.sn,
            recognition_type: knobs.nobody,
            entry_mode: EXIT_BUTTON_ENTRY_MODE,
            abnormal_type: 0,
            uuid: view.record_uuid(id),
            recognize_score: 0.0,
            mask: 0,
            mode: view.setup.mode.get(),
            rgb_image: Image::of(view, entry),
            body_temperature: 0.0,
            pass: true,
            timestamp: match knobs.timestamp_unit {
                TimeUnit::Seconds => entry.at.seconds(),
                TimeUnit::Millis => entry.at.millis(),
            },
            user,
        }
    }
}

/// Table C.
fn recognition_type(view: &View, access: &Access) -> u8 {
    match (access.subject, access.verdict) {
        (_, Verdict::Refused(Reason::NotLive)) => 4,
        (Subject::Stranger(_), _) => 3,
        (Subject::Nobody, _) => view.behaviour.v1.nobody,
        (Subject::Person(person), _) => view.roster.category(person).user_type(),
    }
}

/// The record's `user` object.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "RecordUser")]
pub(super) struct User<'a> {
    name: &'a str,
    #[schemars(with = "String")]
    ic_number: IcNumber,
    id_number: &'a str,
    job_number: &'a str,
    pin: &'a str,
    user_id: &'a str,
    remark: &'a str,
    guest_time_start: i64,
    guest_time_end: i64,
    r#type: u8,
    #[schemars(with = "Vec<Group>")]
    groups: Groups<'a>,
}

/// The groups of somebody.
#[derive(Clone, Copy, Default)]
struct Groups<'a>(&'a [crate::world::Group]);

impl Serialize for Groups<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|group| Group { id: group.id, name: group.name }))
    }
}

#[derive(Serialize, JsonSchema)]
struct Group {
    id: &'static str,
    name: &'static str,
}

/// R-V1-16.
fn unknown_user<'a>(view: &View) -> Option<User<'a>> {
    match view.behaviour.v1.unknown_user {
        UnknownUser::Empty => Some(User::default()),
        UnknownUser::Null => None,
    }
}

fn user<'a>(
    view: &View,
    entry: &Entry,
    access: &'a Access,
    person: Option<&'a Person>,
) -> Option<User<'a>> {
    let Some(person) = person else {
        return unknown_user(view);
    };
    let (guest_time_start, guest_time_end) = match person.category {
        Category::Visitor => {
            let window = view.roster.visit(&view.setup.time_zone, entry.at, access.verdict);
            (window.start.millis(), window.end.millis())
        }
        Category::Employee | Category::Blocklisted => (0, 0),
    };
    Some(User {
        name: &person.name,
        ic_number: IcNumber::of(access, person),
        id_number: &person.id_number,
        job_number: &person.job_number,
        pin: &person.pin,
        user_id: person.uid.as_str(),
        remark: &person.remark,
        guest_time_start,
        guest_time_end,
        r#type: person.category.user_type(),
        groups: Groups(&person.groups),
    })
}

/// A record as a list has it (R-V1-28): its groups beside its user, who is shown without what is nobody's
/// business at a desk.
#[derive(Serialize, JsonSchema)]
pub(super) struct Listed<'a> {
    #[serde(flatten)]
    recognition: Recognition<'a, ListedUser<'a>>,
    #[schemars(with = "Vec<Group>")]
    groups: Groups<'a>,
}

#[derive(Serialize, JsonSchema)]
struct ListedUser<'a> {
    name: &'a str,
    #[schemars(with = "String")]
    ic_number: IcNumber,
    id_number: &'a str,
    job_number: &'a str,
    user_id: &'a str,
    r#type: u8,
}

impl<'a> Listed<'a> {
    /// The entry's record of `type` 0, which is its first and of which [`person`] is the person; none if it has none.
    pub(super) fn new(
        view: &'a View,
        entry: &'a Entry,
        person: Option<&'a Person>,
    ) -> Option<Self> {
        let id = RecordId { index: entry.index, part: 0 };
        match &entry.fact {
            Fact::Access(access) | Fact::PinAttack(access, _) => {
                let (user, groups) = user(view, entry, access, person).map(User::listed).unzip();
                let recognition = Recognition::of_access(view, entry, id, access, user);
                Some(Self { recognition, groups: groups.unwrap_or_default() })
            }
            Fact::Button(_) if !entry.fact.records().is_empty() => {
                let user = unknown_user(view).map(|user| user.listed().0);
                let recognition = Recognition::of_button(view, entry, id, user);
                Some(Self { recognition, groups: Groups::default() })
            }
            _ => None,
        }
    }
}

impl<'a> User<'a> {
    const fn listed(self) -> (ListedUser<'a>, Groups<'a>) {
        let Self { name, ic_number, id_number, job_number, user_id, r#type, groups, .. } = self;
        (ListedUser { name, ic_number, id_number, job_number, user_id, r#type }, groups)
    }
}

/// Whether a record shows that person, or that card. `people` remembers who was looked up.
pub(super) fn is_whose(
    view: &View,
    entry: &Entry,
    whose: &Whose,
    people: &mut BTreeMap<PersonRef, Arc<Person>>,
) -> bool {
    let (Fact::Access(access) | Fact::PinAttack(access, _)) = &entry.fact else {
        return false;
    };
    let Subject::Person(person) = access.subject else {
        return false;
    };
    let person = people.entry(person).or_insert_with(|| view.roster.person(person));
    match whose {
        Whose::User(user) => person.uid.as_str() == user,
        Whose::Job(job) => person.job_number == *job,
        Whose::Card(card) => IcNumber::of(access, person).to_string() == *card,
    }
}

/// The card as a decimal number; nothing where there is none.
#[derive(Clone, Copy, Default)]
struct IcNumber(Option<u128>);

impl IcNumber {
    /// That of the card that was held to the reader, where v3 shows it as `data` (table D), else of the person's own.
    fn of(access: &Access, person: &Person) -> Self {
        if access.method.kind() == Some(crate::event::Kind::Card)
            && let Presented::Text(text) = &access.presented
            && let Some(digits) = text.strip_prefix("0x")
            && let Ok(number) = u128::from_str_radix(digits, 16)
        {
            return Self(Some(number));
        }
        Self(person.card.map(CardNumber::get))
    }
}

impl fmt::Display for IcNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |number| number.fmt(formatter))
    }
}

impl Serialize for IcNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `type` 1.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Alarm")]
pub(super) struct AlarmRecord {
    trace_id: String,
    description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<u64>,
    event_time: i64,
    status: u8,
    #[serde(skip_serializing_if = "Image::is_absent")]
    alarm_photo: Image,
}

impl AlarmRecord {
    fn new(view: &View, entry: &Entry, alarm: &Alarm) -> Self {
        let knobs = &view.behaviour.v1;
        let has_code = knobs.alarm_code == AlarmCode::Always || alarm.phase == Phase::Raised;
        Self {
            trace_id: view.trace_id(alarm.trace),
            description: description(alarm.cause),
            code: has_code.then_some(alarm.cause.code()),
            user_id: match alarm.subject {
                Subject::Person(person) => view.roster.shown_uid(person).number(),
                Subject::Nobody | Subject::Stranger(_) => None,
            },
            event_time: entry.at.millis(),
            status: alarm.phase.status(),
            alarm_photo: Image::of(view, entry),
        }
    }
}

const fn description(cause: Cause) -> &'static str {
    match cause {
        Cause::Tamper => "tamper",
        Cause::ForcedOpen => "door forced open",
        Cause::HeldOpen => "door held open too long",
        Cause::PinAttack => "too many wrong PINs",
        Cause::Fire => "fire",
    }
}

/// What stands for a picture that is left out.
const LEFT_OUT: &str = "left out";

/// An image field: the picture that was taken, in base64, or what stands for none (R-V1-12).
#[derive(JsonSchema)]
#[schemars(with = "String")]
enum Image {
    Taken(String),
    LeftOut,
    None(EmptyImage),
}

impl Image {
    fn of(view: &View, entry: &Entry) -> Self {
        if view.pictures == Pictures::LeftOut && entry.fact.photo() == Photo::Taken {
            return Self::LeftOut;
        }
        match picture::of(view, entry) {
            Some(picture) => Self::Taken(picture::text(&picture)),
            None => Self::None(view.behaviour.v1.empty_image),
        }
    }

    const fn is_absent(&self) -> bool {
        matches!(self, Self::None(EmptyImage::Absent))
    }
}

impl Serialize for Image {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Taken(text) => serializer.serialize_str(text),
            Self::LeftOut => serializer.serialize_str(LEFT_OUT),
            Self::None(EmptyImage::Space) => serializer.serialize_str(" "),
            Self::None(EmptyImage::Empty) => serializer.serialize_str(""),
            Self::None(EmptyImage::Null | EmptyImage::Absent) => serializer.serialize_none(),
        }
    }
}
