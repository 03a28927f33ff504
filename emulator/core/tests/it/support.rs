//! What the tests share: a device whose inputs, clock, network and platform are in the test's hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use vestibule_core::behaviour::Behaviour;
use vestibule_core::calls::control::{
    Command, CommandError, Emitted, Flap, Network, Playing, Reply,
};
use vestibule_core::calls::v1;
use vestibule_core::calls::v3::{self, GoingDown};
use vestibule_core::clock::{Mono, Now, Speed, UnixMillis};
use vestibule_core::delivery::{Answer, Attempt, Delivery, Outcome};
use vestibule_core::dest::EventDest;
use vestibule_core::device::{Config, Device, Effect, Effects, Link};
use vestibule_core::event::{Entry, Index, Mode, Reason, RecordId, Seqnum, Verdict};
use vestibule_core::faults::FaultSet;
use vestibule_core::journal::{CAPACITY, Capacity};
use vestibule_core::quirks;
use vestibule_core::seed::Seed;
use vestibule_core::wire::v3::Service;
use vestibule_core::wire::{self, Identity};
use vestibule_core::world::{
    EventName, Profile, ReasonName, Roster, RosterSizes, Setup, Traffic, Wish,
};

/// Tuesday 2024-06-04, 10:00:00.123 in UTC+8: within office hours, and no whole second.
pub(crate) const START: UnixMillis = UnixMillis::new(1_717_466_400_123);

/// Upper-case MD5 of "admin123", the factory password of these tests.
pub(crate) const DIGEST: &str = "0192023A7BBD73250516F069DF18B500";

/// Where the tests' platform takes records.
pub(crate) const RECORDS: &str = "http://10.0.0.9:8080/Record";

/// Where it takes reports.
pub(crate) const REPORTS: &str = "http://10.0.0.9:8080/Report";

/// No traffic of its own.
pub(crate) const SILENCE: Traffic = Traffic { profile: Profile::Steady, events_per_minute: 0.0 };

/// A device without traffic, subscription or reports.
pub(crate) fn config(seed: u64) -> Config {
    let seed = Seed::root(seed);
    Config {
        identity: Arc::new(Identity {
            sn: "VSB0000007".to_owned(),
            device_id: "00vsb00007".to_owned(),
            model: "VST-100".to_owned(),
            ip: "192.168.20.20".to_owned(),
            account: "admin".to_owned(),
        }),
        roster: Arc::new(Roster::new(seed.named("roster"), RosterSizes::default())),
        seed: seed.named("device"),
        setup: Arc::new(Setup::default()),
        behaviour: Behaviour::documented(),
        faults: FaultSet::default(),
        capacity: CAPACITY,
        traffic: SILENCE,
        speed: Speed::REAL,
        accounts: Arc::new(BTreeMap::from([("admin".to_owned(), DIGEST.to_owned())])),
        v1_password: "open sesame".to_owned(),
        push_to: None,
        report_to: None,
        link: Link::Up,
        backfill: 0,
    }
}

/// Sets a quirk as a user would.
pub(crate) fn quirk(behaviour: &mut Arc<Behaviour>, name: &str, value: &str) {
    quirks::set(Arc::make_mut(behaviour), name, value).expect("a quirk of the table");
}

pub(crate) fn dest(text: &str) -> EventDest {
    EventDest::parse(text).expect("an address")
}

pub(crate) fn mono(millis: u64) -> Mono {
    Mono::new(Duration::from_millis(millis))
}

/// The v1 account of these tests.
pub(crate) fn account() -> v1::Credential {
    let (user, password) = ("admin".to_owned(), "open sesame".to_owned());
    v1::Credential::Password(v1::Login { user, password })
}

/// What stands for a token where nobody signs.
fn unsigned(claims: &v1::Claims, _: &v1::TokenKey) -> String {
    claims.account.clone()
}

/// The documented acknowledgement.
pub(crate) fn accepted() -> Outcome {
    answered(200, r#"{"code":200,"msg":"success","message":"success","data":{}}"#)
}

pub(crate) fn answered(status: u16, body: &str) -> Outcome {
    Outcome::Answered(Answer { status, body: body.as_bytes().to_vec() })
}

pub(crate) fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("strict JSON")
}

/// A device and everything around it.
pub(crate) struct Rig {
    pub(crate) device: Device,
    /// The present, in real time.
    pub(crate) mono: Mono,
    /// Every attempt begun, oldest first.
    pub(crate) attempts: Vec<Attempt>,
    /// Every other effect, oldest first.
    pub(crate) effects: Vec<Effect>,
    token: Option<String>,
    /// What it will do once its last answer has left.
    going_down: Option<GoingDown>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// A device with these quirks.
    pub(crate) fn with(quirks: &[(&str, &str)]) -> Self {
        Self::made(|config| {
            for (name, value) in quirks {
                quirk(&mut config.behaviour, name, value);
            }
        })
    }

    /// A device with these quirks and so small a journal.
    pub(crate) fn small(capacity: u32, quirks: &[(&str, &str)]) -> Self {
        Self::made(|config| {
            config.capacity = Capacity::new(capacity).expect("a capacity");
            for (name, value) in quirks {
                quirk(&mut config.behaviour, name, value);
            }
        })
    }

    /// A device in that mode.
    pub(crate) fn in_mode(mode: u8) -> Self {
        Self::made(|config| {
            config.setup =
                Arc::new(Setup { mode: Mode::new(mode).expect("a mode"), ..Setup::default() });
        })
    }

    pub(crate) fn made(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(7);
        change(&mut config);
        let mono = mono(5_000);
        let now = Now { mono, wall: START };
        Self {
            device: Device::new(Arc::new(config), now),
            mono,
            attempts: Vec::new(),
            effects: Vec::new(),
            token: None,
            going_down: None,
        }
    }

    /// Gives the device an input and takes its effects.
    pub(crate) fn input<T>(
        &mut self,
        give: impl FnOnce(&mut Device, Mono, &mut Effects) -> T,
    ) -> T {
        let mut effects = Effects::new(true);
        let answer = give(&mut self.device, self.mono, &mut effects);
        for effect in effects.into_vec() {
            match effect {
                Effect::Attempt(attempt) => self.attempts.push(attempt),
                other => self.effects.push(other),
            }
        }
        answer
    }

    // The clock.

    /// Lets so many milliseconds pass, with every timer on its time.
    pub(crate) fn wait(&mut self, millis: u64) {
        let until = self.mono + Duration::from_millis(millis);
        while let Some(due) = self.device.next_deadline().filter(|due| *due <= until) {
            self.mono = self.mono.max(due);
            self.input(Device::handle_timer);
        }
        self.mono = until;
    }

    // The control API.

    pub(crate) fn control(&mut self, command: Command) -> Result<Reply, CommandError> {
        self.input(|device, mono, effects| device.handle_control(command, mono, effects))
    }

    pub(crate) fn network(&mut self, network: Network) {
        let done = self.control(Command::Network(network));
        assert_eq!(done, Ok(Reply::Done));
    }

    pub(crate) fn flap(&mut self, up: u64, down: u64, times: u32) {
        self.network(Network::Flap(Flap {
            up: Duration::from_millis(up),
            down: Duration::from_millis(down),
            times,
        }));
    }

    pub(crate) fn try_emit(
        &mut self,
        wish: Wish,
        playing: Playing,
    ) -> Result<Vec<Emitted>, CommandError> {
        match self.control(Command::Emit(Box::new(wish), playing))? {
            Reply::Emitted(emitted) => Ok(emitted),
            other => panic!("emit answers what it emitted, not {other:?}"),
        }
    }

    /// Exactly what is wished for.
    pub(crate) fn emit(&mut self, wish: Wish) -> Vec<Emitted> {
        self.try_emit(wish, Playing::Exactly).expect("a wish of tables B, C and E")
    }

    /// One of that event, everything else left open.
    pub(crate) fn emit_one(&mut self, event: EventName) -> Emitted {
        self.emit(Wish::new(event)).remove(0)
    }

    /// So many faces.
    pub(crate) fn faces(&mut self, count: u32) -> Vec<Emitted> {
        self.emit(Wish { count, ..Wish::new(EventName::Face) })
    }

    // The v3 API.

    /// Serves bytes with that token; none where the device stays silent.
    pub(crate) fn serve(
        &mut self,
        service: Service,
        bytes: &[u8],
        token: Option<&str>,
    ) -> Option<Vec<u8>> {
        let view = self.device.exchange(wire::v3::site(bytes), self.mono);
        let request = wire::v3::decode(bytes, service, &view.behaviour.v3);
        let result = self.input(|device, mono, effects| {
            device.handle_v3(&view, request.call, token.into(), mono, effects)
        });
        if let Ok(v3::Reply::GoingDown(going)) = &result {
            self.going_down = Some(*going);
        }
        let result = wire::v3::made(result, &view);
        wire::v3::encode(&result, request.reqid.as_deref(), &view)
    }

    /// The last answer leaves, and the device goes down if it said so.
    pub(crate) fn answer_leaves(&mut self) {
        if let Some(going) = self.going_down.take() {
            self.input(|device, mono, effects| device.handle_going_down(going, mono, effects));
            self.forget_token();
        }
    }

    /// Asks with a token that is good.
    pub(crate) fn ask(&mut self, service: Service, request: &Value) -> Value {
        let token = match self.token.take() {
            Some(token) => token,
            None => self.login("admin", DIGEST)["body"]["token"]
                .as_str()
                .expect("the factory account logs in")
                .to_owned(),
        };
        let bytes = self.serve(service, request.to_string().as_bytes(), Some(&token));
        self.token = Some(token);
        parsed(&bytes.expect("an answer"))
    }

    /// Whatever was logged in is not any more.
    pub(crate) fn forget_token(&mut self) {
        self.token = None;
    }

    pub(crate) fn login(&mut self, user: &str, digest: &str) -> Value {
        let request = json!({"action": "auth-login", "body": {"user": user, "passwd": digest}});
        let bytes = self.serve(Service::Auth, request.to_string().as_bytes(), None);
        parsed(&bytes.expect("an answer"))
    }

    /// A good token.
    pub(crate) fn token(&mut self) -> String {
        let answer = self.login("admin", DIGEST);
        answer["body"]["token"].as_str().expect("a token").to_owned()
    }

    /// `event-fetch` with that body.
    pub(crate) fn fetch(&mut self, body: &Value) -> Value {
        self.ask(
            Service::Event,
            &json!({"action": "event-fetch", "header": {"reqid": "1"}, "body": body}),
        )
    }

    /// What the log shows of the door: the kind of event, its `state`, and its `uid` where there is one.
    pub(crate) fn door_log(&mut self) -> Vec<Value> {
        let answer = self.fetch(&json!({"limit": 1000}));
        let events = answer["body"]["events"].as_array().expect("events");
        let shown = |event: &Value| match event.get("uid") {
            None => json!([event["event"], event["state"]]),
            Some(uid) => json!([event["event"], event["state"], uid]),
        };
        events.iter().map(shown).collect()
    }

    /// The numbers of the events that `event-fetch` gives; its `retcode` if that is not 0.
    pub(crate) fn numbers(&mut self, body: &Value) -> Result<Vec<u64>, u64> {
        let answer = self.fetch(body);
        match answer["retcode"].as_u64().expect("a retcode") {
            0 => Ok(answer["body"]["events"]
                .as_array()
                .expect("events")
                .iter()
                .map(|event| event["seqnum"].as_u64().expect("a number"))
                .collect()),
            retcode => Err(retcode),
        }
    }

    pub(crate) fn info(&mut self) -> Value {
        self.ask(Service::Event, &json!({"action": "event-info"}))
    }

    /// Sets a setting.
    pub(crate) fn set_config(&mut self, key: &str, value: &str) -> Value {
        let configs = json!([{"key": key, "value": value}]);
        self.ask(Service::Device, &json!({"action": "config-set", "body": {"configs": configs}}))
    }

    /// A v3 account action with these users; the whole answer.
    pub(crate) fn users(&mut self, action: &str, users: &Value) -> Value {
        let request = json!({"action": action, "header": {"reqid": "1"}, "body": {"users": users}});
        self.ask(Service::Accounts, &request)
    }

    /// Enrols those users.
    pub(crate) fn enrol(&mut self, users: &Value) {
        let answer = self.users("user-insert", users);
        let each = answer["body"]["users"].as_array().expect("an outcome each");
        assert!(each.iter().all(|one| one["retcode"] == 0), "{answer}");
    }

    // The v1 API.

    pub(crate) fn subscribe_to(&mut self, destination: &str, enabled: Option<bool>) {
        let call = v1::Call::Subscribe { destination: dest(destination), enabled };
        assert_eq!(self.call_v1(Ok(call)), Ok(v1::Reply::Done));
    }

    pub(crate) fn subscribe(&mut self) {
        self.subscribe_to(RECORDS, Some(true));
    }

    pub(crate) fn subscription(&mut self) -> Value {
        let reply = self.call_v1(Ok(v1::Call::GetSubscription)).expect("GET is never refused");
        parsed(&wire::v1::encode(reply, &self.device.view(), unsigned))
    }

    /// Serves a call with the account.
    pub(crate) fn call_v1(
        &mut self,
        call: Result<v1::Call, v1::Unreadable>,
    ) -> Result<v1::Reply, v1::Refusal> {
        let (access, credential) = (v1::Access::Account, account());
        self.serve_v1(v1::Request { access, credential, call })
    }

    pub(crate) fn serve_v1(&mut self, request: v1::Request) -> Result<v1::Reply, v1::Refusal> {
        let view = self.device.view();
        self.input(|device, mono, effects| device.handle_v1(&view, request, mono, effects))
    }

    /// Serves a request as it comes in; the answer.
    pub(crate) fn ask_v1(
        &mut self,
        method: &Method,
        path: &str,
        credential: v1::Credential,
        body: &[u8],
    ) -> Value {
        let (operation, access) = wire::v1::route(method, path).expect("a path of the table");
        let view = self.device.exchange(wire::v1::site(operation), self.mono);
        let call = wire::v1::decode(operation, body);
        let request = v1::Request { access, credential, call };
        let result =
            self.input(|device, mono, effects| device.handle_v1(&view, request, mono, effects));
        if let Ok(v1::Reply::GoingDown(going)) = &result {
            self.going_down = Some(*going);
        }
        parsed(&match result {
            Ok(reply) => wire::v1::encode(reply, &view, unsigned),
            Err(refusal) => {
                let (code, message) = wire::v1::refusal(&refusal);
                wire::v1::encode_error(code, &message, &view)
            }
        })
    }

    // The platform.

    /// Attempts begun since last taken.
    pub(crate) fn take_attempts(&mut self) -> Vec<Attempt> {
        std::mem::take(&mut self.attempts)
    }

    /// The one attempt begun since last taken.
    pub(crate) fn take_attempt(&mut self) -> Attempt {
        let mut attempts = self.take_attempts();
        assert_eq!(attempts.len(), 1, "{attempts:?}");
        attempts.remove(0)
    }

    pub(crate) fn settle(&mut self, attempt: &Attempt, outcome: &Outcome) {
        self.input(|device, mono, effects| {
            device.handle_outcome(attempt.id, outcome, mono, effects);
        });
    }

    /// Answers every push with an acknowledgement until none comes; the records in their order.
    pub(crate) fn drain(&mut self) -> Vec<RecordId> {
        let mut records = Vec::new();
        while !self.attempts.is_empty() {
            for attempt in self.take_attempts() {
                if let Delivery::Push(record) = attempt.delivery {
                    records.push(record);
                }
                self.settle(&attempt, &accepted());
            }
        }
        records
    }

    // What is kept and how it is shown.

    pub(crate) fn entry(&self, index: Index) -> Entry {
        let mut entries = self.device.entries(index, 1);
        let entry = entries.pop().expect("an entry that is kept");
        assert_eq!(entry.index, index, "an entry that is kept");
        entry
    }

    /// The v3 event of an entry, as fetched; null without a v3 form.
    pub(crate) fn event(&self, index: Index) -> Value {
        let bytes = wire::v3::encode_event(&self.device.view(), &self.entry(index));
        bytes.map_or(Value::Null, |bytes| parsed(&bytes))
    }

    /// The v1 records of an entry, as pushed.
    pub(crate) fn records(&self, index: Index) -> Vec<Value> {
        records_of(&self.device, &self.entry(index))
    }

    /// One of that event: as v3 shows it, and its v1 records.
    pub(crate) fn both(&mut self, wish: Wish) -> (Value, Vec<Value>) {
        let index = self.emit(wish).remove(0).index;
        (self.event(index), self.records(index))
    }

    /// Everything kept, oldest first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.device.entries(Index::FIRST, usize::MAX)
    }

    pub(crate) fn backlog(&self) -> usize {
        self.device.status(self.mono).backlog
    }
}

/// The v1 records of an entry, as that device pushes them.
pub(crate) fn records_of(device: &Device, entry: &Entry) -> Vec<Value> {
    (0..2)
        .filter_map(|part| {
            let record = RecordId { index: entry.index, part };
            wire::v1::encode_push(&device.view(), entry, record, 1)
        })
        .map(|bytes| parsed(&bytes))
        .collect()
}

/// What an attempt sends.
pub(crate) fn sent(attempt: &Attempt) -> Vec<u8> {
    let Attempt { view, entry, number, .. } = attempt;
    match &attempt.delivery {
        Delivery::Push(record) => wire::v1::encode_push(view, entry, *record, *number),
        Delivery::Report(reqid) => wire::v3::encode_report(view, entry, &reqid.0),
    }
    .expect("what is sent has that form")
}

pub(crate) fn seqnum(emitted: &Emitted) -> Option<u64> {
    emitted.seqnum.map(Seqnum::get)
}

/// The names of an object's members, sorted.
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> =
        object.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// That event, refused for that reason.
pub(crate) fn refused(event: EventName, reason: Reason) -> Wish {
    Wish { reason: Some(ReasonName::Verdict(Verdict::Refused(reason))), ..Wish::new(event) }
}

// The v3 API in short.

pub(crate) const BAD_TOKEN: u64 = 105;
pub(crate) const BAD_PARAMETER: u64 = 101;
pub(crate) const NO_SUCH_OBJECT: u64 = 103;
pub(crate) const NO_FILE: u64 = 109;

/// A device that reports from the start, with these quirks.
pub(crate) fn reporting(quirks: &[(&str, &str)]) -> Rig {
    Rig::made(|config| {
        config.report_to = Some(dest(REPORTS).into());
        for (name, value) in quirks {
            quirk(&mut config.behaviour, name, value);
        }
    })
}

pub(crate) fn report(attempt: &Attempt) -> Value {
    parsed(&sent(attempt))
}

/// The `retcode` of a request with that token.
pub(crate) fn retcode(rig: &mut Rig, service: Service, request: &str, token: Option<&str>) -> u64 {
    let bytes = rig.serve(service, request.as_bytes(), token);
    let answer = parsed(&bytes.expect("an answer"));
    answer["retcode"].as_u64().expect("an integer")
}

pub(crate) const INFO: &str = r#"{"action":"event-info"}"#;

/// That alarm in that status.
pub(crate) fn alarm(code: u32, status: u8) -> Wish {
    Wish { code: Some(code), status: Some(status), ..Wish::new(EventName::Alarm) }
}

/// A wish in words: the event, then `field=value`.
pub(crate) fn wish(text: &str) -> Wish {
    let mut words = text.split(' ');
    let event = words.next().and_then(|word| word.parse().ok());
    let mut wish = Wish::new(event.expect("an event comes first"));
    for word in words {
        let (field, value) = word.split_once('=').expect("field=value");
        match field {
            "state" => wish.state = value.parse().ok(),
            "person" => wish.person = value.parse().ok(),
            "reason" => wish.reason = value.parse().ok(),
            "entry_mode" => wish.entry_mode = value.parse().ok(),
            "therm" => wish.therm = value.parse().ok(),
            "card" => wish.card = Some(value.to_owned()),
            "qrcode" => wish.qrcode = Some(value.to_owned()),
            "code" => wish.code = value.parse().ok(),
            "status" => wish.status = value.parse().ok(),
            "count" => wish.count = value.parse().expect("a number"),
            _ => panic!("{field} is no field of a wish"),
        }
    }
    wish
}
