//! A device against a model of plain vectors, compared after every input: numbering, windows, backlog,
//! what is in flight, order, counters, the network's schedule. In the end everything heals: what the
//! model says is waiting arrives, once, in order.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use vestibule_core::calls::control::{Command, Counters, Flap, Network};
use vestibule_core::clock::Mono;
use vestibule_core::delivery::{Attempt, Delivery, NoAnswer, Outcome};
use vestibule_core::device::{Device, Effect, Link};
use vestibule_core::journal::Capacity;

use crate::support::{
    RECORDS, REPORTS, Rig, accepted, answered, dest, parsed, quirk, report, sent, wish,
};

const OTHER: &str = "http://10.0.0.8/Record";

/// What can be done to a device.
#[derive(Clone, Debug)]
enum Action {
    Emit(usize, u32),
    Subscribe(&'static str, Option<bool>),
    Network(Network),
    /// The so-manieth attempt in flight ends: acknowledged, failed, or only afterwards.
    Settle(usize, Ending),
    /// An attempt that was cut says something after all.
    Stale(usize, Ending),
    Wait(u64),
    Restart,
    FactoryReset,
    Fetch(Option<u64>, Option<u64>, Option<u64>),
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Accepted,
    Refused,
    NoAnswer,
}

impl Ending {
    fn outcome(self) -> Outcome {
        match self {
            Self::Accepted => accepted(),
            Self::Refused => answered(500, r#"{"code":500}"#),
            Self::NoAnswer => Outcome::NoAnswer(NoAnswer::Broken),
        }
    }
}

/// What is emitted, whether v3 has it, and how many records it has.
const EVENTS: [(&str, bool, u8); 5] = [
    ("face", true, 1),
    ("door", true, 0),
    ("pin", false, 1),
    ("pin reason=too-many-pins", false, 2),
    ("fire", true, 1),
];

type Record = (u64, u8);

/// How the device is made.
#[derive(Clone, Copy)]
struct Make {
    capacity: u32,
    window: usize,
    drop_newest: bool,
    cache_while_disabled: bool,
}

/// The reference: what the rulings say, in vectors.
struct Model {
    make: Make,
    online: bool,
    schedule: Vec<(Mono, Link)>,
    subscription: Option<(&'static str, bool)>,
    reports: bool,
    next_index: u64,
    next_seqnum: u64,
    events: Vec<u64>,
    backlog: Vec<Record>,
    flying: Vec<(u64, Record)>,
    given_up: Vec<Record>,
    failures: u32,
    /// The wait's earliest and latest end.
    wait: Option<(Mono, Mono)>,
    waiting: Vec<(u64, Mono)>,
    reporting: Option<u64>,
    counters: Counters,
    cached: u64,
    bytes: BTreeMap<Record, Vec<u8>>,
}

impl Model {
    fn append(&mut self, in_v3: bool, records: u8, now: Mono) {
        let index = self.next_index;
        self.next_index += 1;
        if in_v3 {
            self.events.push(self.next_seqnum);
            if self.events.len() > self.make.capacity as usize {
                self.events.remove(0);
                self.counters.evicted += 1;
            }
            if self.reports && self.online {
                self.waiting.push((self.next_seqnum, now));
            }
            self.next_seqnum += 1;
        }
        let cached = match self.subscription {
            Some((_, enabled)) => enabled || self.make.cache_while_disabled,
            None => false,
        };
        for part in (0..records).filter(|_| cached) {
            self.cached += 1;
            if self.backlog.len() < self.make.capacity as usize {
                self.backlog.push((index, part));
            } else if self.make.drop_newest {
                self.counters.dropped += 1;
            } else {
                let lost = self.backlog.remove(0);
                self.backlog.push((index, part));
                if self.flying.iter().any(|(_, record)| *record == lost) {
                    self.given_up.push(lost);
                } else {
                    self.counters.dropped += 1;
                }
            }
        }
    }

    fn cut(&mut self) {
        self.flying.clear();
        self.counters.dropped += self.given_up.len() as u64;
        self.given_up.clear();
        self.counters.reports_dropped += self.waiting.len() as u64;
        self.waiting.clear();
        self.reporting = None;
    }

    fn wake(&mut self) {
        (self.failures, self.wait) = (0, None);
    }

    fn set_link(&mut self, link: Link) {
        let online = link == Link::Up;
        if self.online != online {
            self.online = online;
            if online { self.wake() } else { self.cut() }
        }
    }

    fn network(&mut self, network: Network, now: Mono) {
        self.schedule.clear();
        match network {
            Network::Online => self.set_link(Link::Up),
            Network::Offline => self.set_link(Link::Down),
            Network::Flap(Flap { up, down, times }) => {
                let mut at = now;
                for _ in 0..times {
                    self.schedule.push((at, Link::Down));
                    self.schedule.push((at + down, Link::Up));
                    at = at + down + up;
                }
                self.tick(now);
            }
        }
    }

    fn tick(&mut self, now: Mono) {
        while self.schedule.first().is_some_and(|(at, _)| *at <= now) {
            let (_, link) = self.schedule.remove(0);
            self.set_link(link);
        }
    }

    fn settle(&mut self, id: u64, ending: Ending, now: Mono) {
        if self.reporting == Some(id) {
            self.reporting = None;
            if !matches!(ending, Ending::NoAnswer) {
                self.counters.reported += 1;
            }
        }
        let Some(place) = self.flying.iter().position(|(flying, _)| *flying == id) else {
            return;
        };
        let (_, record) = self.flying.remove(place);
        let given_up = self.given_up.contains(&record);
        self.given_up.retain(|other| *other != record);
        if matches!(ending, Ending::Accepted) {
            self.wake();
            self.counters.pushed += 1;
            self.backlog.retain(|other| *other != record);
        } else {
            self.counters.dropped += u64::from(given_up);
            if self.wait.is_none() {
                let full = Duration::from_secs(30.min(1 << self.failures.min(5)));
                self.wait = Some((now + full * 4 / 5, now + full));
                self.failures += 1;
            }
        }
    }

    fn restart(&mut self, now: Mono) {
        self.cut();
        self.wake();
        self.append(true, 0, now);
    }

    fn factory_reset(&mut self, now: Mono) {
        *self = Self {
            online: self.online,
            schedule: std::mem::take(&mut self.schedule),
            ..Self::new(self.make)
        };
        self.reports = false;
        self.append(true, 0, now);
    }

    fn new(make: Make) -> Self {
        Self {
            make,
            online: true,
            schedule: Vec::new(),
            subscription: None,
            reports: true,
            next_index: 1,
            next_seqnum: 1,
            events: Vec::new(),
            backlog: Vec::new(),
            flying: Vec::new(),
            given_up: Vec::new(),
            failures: 0,
            wait: None,
            waiting: Vec::new(),
            reporting: None,
            counters: Counters::default(),
            cached: 0,
            bytes: BTreeMap::new(),
        }
    }

    /// The record whose push may start now, were there no wait.
    fn candidate(&self) -> Option<Record> {
        let enabled = matches!(self.subscription, Some((_, true)));
        let window = if self.failures > 0 { 1 } else { self.make.window };
        if !self.online || !enabled || self.flying.len() >= window {
            return None;
        }
        let mut oldest = self.backlog.iter().take(window);
        oldest.find(|record| self.flying.iter().all(|(_, flying)| flying != *record)).copied()
    }

    /// The event whose report starts now.
    fn next_report(&mut self, now: Mono) -> Option<u64> {
        while self.online && self.reporting.is_none() && !self.waiting.is_empty() {
            let (seqnum, happened) = self.waiting.remove(0);
            let is_young = now.since(happened) <= Duration::from_secs(20);
            if is_young && self.events.contains(&seqnum) {
                return Some(seqnum);
            }
            self.counters.reports_dropped += 1;
        }
        None
    }

    /// Checks the attempts that began, each against what may begin now, and that none is missing.
    fn began(&mut self, attempts: &[Attempt], now: Mono) {
        for attempt in attempts {
            match &attempt.delivery {
                Delivery::Push(record) => {
                    let record = (record.index.get(), record.part);
                    assert_eq!(Some(record), self.candidate(), "the oldest that may go");
                    assert!(self.wait.is_none_or(|(earliest, _)| earliest <= now), "too early");
                    let destination = self.subscription.map(|(to, _)| to);
                    assert_eq!(Some(attempt.destination.as_str()), destination);
                    let bytes = sent(attempt);
                    let first = self.bytes.entry(record).or_insert_with(|| bytes.clone());
                    assert_eq!(*first, bytes, "the same to the byte on every retry");
                    self.wait = None;
                    self.flying.push((attempt.id.0, record));
                }
                Delivery::Report(_) => {
                    let expected = self.next_report(now);
                    let shown = report(attempt)["body"]["seqnum"].as_u64();
                    assert_eq!(shown, expected, "in order, young, and kept");
                    self.reporting = Some(attempt.id.0);
                }
            }
        }
        let waits = self.wait.is_some_and(|(_, latest)| now < latest);
        assert!(waits || self.candidate().is_none(), "a push that may start has started");
        assert_eq!(self.next_report(now), None, "a report that may start has started");
    }

    /// Compares with what the device says of itself.
    fn compare(&self, rig: &Rig) {
        let status = rig.device.status(rig.mono);
        let bounds = status.bounds.map(|(min, max)| (min.get(), max.get()));
        let own = self.events.first().copied().zip(self.events.last().copied());
        assert_eq!(bounds, own, "bounds");
        assert_eq!(status.events, self.events.len());
        assert_eq!(status.next_index.get(), self.next_index);
        assert_eq!(status.backlog, self.backlog.len(), "backlog");
        assert_eq!(status.counters, self.counters);
        assert_eq!(status.online, self.online, "online");
        let subscription = status.subscription.map(|it| (it.destination, it.enabled));
        assert_eq!(subscription, self.subscription.map(|(to, on)| (dest(to), on)));
        let kept = self.counters.pushed + self.counters.dropped + self.backlog.len() as u64;
        assert_eq!(kept + self.given_up.len() as u64, self.cached, "every record is accounted for");
    }

    /// Which page of the journal the device should give.
    fn page(&self, seqnum: Option<u64>, offset: Option<u64>, limit: Option<u64>) -> Vec<u64> {
        let skip = match seqnum {
            Some(seqnum) => self.events.iter().filter(|event| **event < seqnum).count(),
            None => usize::try_from(offset.unwrap_or(0)).unwrap_or(usize::MAX),
        };
        let limit = usize::try_from(limit.unwrap_or(10).min(1_000)).expect("small");
        self.events.iter().copied().skip(skip).take(limit).collect()
    }
}

/// A device, its model, and the attempts whose outcome nobody has told yet.
struct Pair {
    rig: Rig,
    model: Model,
    open: Vec<Attempt>,
}

impl Pair {
    fn new(make: Make) -> Self {
        let rig = Rig::made(|config| {
            config.capacity = Capacity::new(make.capacity).expect("from 1");
            config.report_to = Some(dest(REPORTS).into());
            let behaviour = &mut config.behaviour;
            quirk(behaviour, "v1.window", &make.window.to_string());
            if make.drop_newest {
                quirk(behaviour, "v1.overflow", "drop-newest");
            }
            let cache = make.cache_while_disabled.to_string();
            quirk(behaviour, "v1.cache-while-disabled", &cache);
        });
        Self { rig, model: Model::new(make), open: Vec::new() }
    }

    /// After an input: the effects against the model, then the two of them.
    fn check(&mut self) {
        let attempts = self.rig.take_attempts();
        self.model.began(&attempts, self.rig.mono);
        self.open.extend(attempts);
        self.model.compare(&self.rig);
    }

    fn act(&mut self, action: &Action) {
        let now = self.rig.mono;
        match action {
            Action::Emit(which, count) => {
                let (text, in_v3, records) = EVENTS[*which];
                self.rig.emit(wish(&format!("{text} count={count}")));
                for _ in 0..*count {
                    self.model.append(in_v3, records, now);
                }
            }
            Action::Subscribe(to, enabled) => {
                self.rig.subscribe_to(to, *enabled);
                self.model.subscription = Some((to, enabled.unwrap_or(true)));
                self.model.wake();
            }
            Action::Network(network) => {
                self.rig.network(*network);
                self.model.network(*network, now);
            }
            Action::Settle(which, ending) => {
                let flying: Vec<u64> = self.model.flying.iter().map(|(id, _)| *id).collect();
                let is_open = |attempt: &Attempt| {
                    flying.contains(&attempt.id.0) || self.model.reporting == Some(attempt.id.0)
                };
                let open: Vec<_> = self.open.iter().filter(|it| is_open(it)).cloned().collect();
                if open.is_empty() {
                    return;
                }
                self.settle(&open[which % open.len()], *ending);
            }
            Action::Stale(which, ending) if !self.open.is_empty() => {
                let attempt = self.open[which % self.open.len()].clone();
                self.settle(&attempt, *ending);
            }
            Action::Stale(..) => return,
            Action::Wait(millis) => return self.wait(*millis),
            Action::Restart => {
                self.rig.control(Command::Restart).expect("always");
                self.model.restart(now);
                self.rig.forget_token();
            }
            Action::FactoryReset => {
                self.rig.control(Command::FactoryReset).expect("always");
                self.model.factory_reset(now);
                self.rig.forget_token();
            }
            Action::Fetch(seqnum, offset, limit) => {
                let mut body = json!({});
                for (key, value) in [("seqnum", seqnum), ("offset", offset), ("limit", limit)] {
                    if let Some(value) = value {
                        body[key] = json!(value);
                    }
                }
                let page = self.model.page(*seqnum, *offset, *limit);
                assert_eq!(self.rig.numbers(&body), Ok(page), "{body}");
            }
        }
        self.check();
    }

    fn settle(&mut self, attempt: &Attempt, ending: Ending) {
        self.rig.settle(attempt, &ending.outcome());
        self.model.settle(attempt.id.0, ending, self.rig.mono);
    }

    /// Lets time pass, with every timer on its time.
    fn wait(&mut self, millis: u64) {
        let until = self.rig.mono + Duration::from_millis(millis);
        while let Some(due) = self.rig.device.next_deadline().filter(|due| *due <= until) {
            assert!(due > self.rig.mono, "a deadline that has passed leads nowhere");
            self.rig.mono = due;
            self.rig.input(Device::handle_timer);
            self.model.tick(due);
            self.check();
        }
        self.rig.mono = until;
        self.model.compare(&self.rig);
    }

    /// Everything heals: what waits arrives, once, in order.
    fn heal(&mut self) {
        self.act(&Action::Network(Network::Online));
        if self.model.subscription.is_none() {
            assert_eq!(self.rig.backlog(), 0);
            return;
        }
        self.act(&Action::Subscribe(RECORDS, Some(true)));
        let waiting = self.model.backlog.clone();
        let mut arrived = Vec::new();
        while let Some((id, _)) = self.model.flying.first().copied() {
            let attempt = self.open.iter().find(|attempt| attempt.id.0 == id);
            let attempt = attempt.expect("what flies was begun").clone();
            let bytes = parsed(&sent(&attempt));
            assert!(bytes["data"].is_object());
            if let Delivery::Push(record) = attempt.delivery {
                arrived.push((record.index.get(), record.part));
            }
            self.settle(&attempt, Ending::Accepted);
            self.check();
        }
        arrived.retain(|record| waiting.contains(record));
        if self.model.make.window == 1 {
            assert_eq!(arrived, waiting, "in order");
        }
        arrived.sort_unstable();
        assert_eq!(arrived, waiting, "each once");
        assert_eq!(self.rig.backlog(), 0);
    }
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        4 => Just(Ending::Accepted),
        2 => Just(Ending::Refused),
        2 => Just(Ending::NoAnswer),
    ]
}

fn network() -> impl Strategy<Value = Network> {
    let millis = || (1..5_000_u64).prop_map(Duration::from_millis);
    let flap = (millis(), millis(), 1..4_u32);
    prop_oneof![
        2 => Just(Network::Online),
        2 => Just(Network::Offline),
        1 => flap.prop_map(|(up, down, times)| Network::Flap(Flap { up, down, times })),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let enabled = prop_oneof![Just(None), Just(Some(true)), Just(Some(true)), Just(Some(false))];
    let number = || proptest::option::of(0..12_u64);
    prop_oneof![
        8 => (0..EVENTS.len(), 1..4_u32).prop_map(|(which, count)| Action::Emit(which, count)),
        3 => (prop_oneof![Just(RECORDS), Just(OTHER)], enabled)
            .prop_map(|(to, enabled)| Action::Subscribe(to, enabled)),
        3 => network().prop_map(Action::Network),
        8 => (0..8_usize, ending()).prop_map(|(which, ending)| Action::Settle(which, ending)),
        1 => (0..8_usize, ending()).prop_map(|(which, ending)| Action::Stale(which, ending)),
        4 => prop_oneof![1..1_000_u64, 1..40_000_u64].prop_map(Action::Wait),
        1 => Just(Action::Restart),
        1 => Just(Action::FactoryReset),
        2 => (number(), number(), number())
            .prop_map(|(seqnum, offset, limit)| Action::Fetch(seqnum, offset, limit)),
    ]
}

proptest! {
    /// R-V1-04, R-V1-07 to R-V1-10, R-V1-15, R-V1-17; R-V3-08 to R-V3-13, R-V3-15, R-V3-16, R-V3-29.
    #[test]
    fn a_device_does_as_its_model(
        capacity in 1..6_u32,
        window in 1..4_usize,
        drop_newest: bool,
        cache_while_disabled: bool,
        actions in proptest::collection::vec(action(), 1..60),
    ) {
        let mut pair = Pair::new(Make { capacity, window, drop_newest, cache_while_disabled });
        pair.act(&Action::Subscribe(RECORDS, Some(true)));
        for action in &actions {
            pair.act(action);
        }
        pair.heal();
        let cuts = pair.rig.effects.iter().filter(|it| matches!(it, Effect::Cut)).count();
        let asked = |it: &&Action| matches!(it, Action::Restart | Action::FactoryReset);
        prop_assert_eq!(cuts, actions.iter().filter(asked).count());
    }
}
