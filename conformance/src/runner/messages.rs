//! Being the platform: receivers, their answers and outages, and the messages that come.

use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::calls::mismatch;
use super::stage::{Done, Receiver, Stage, Stop, Taken};
use crate::case::step::{
    Answer as NewAnswers, Code, Expect, ExpectNone, Listen, Message, Outage as OutageStep,
    OutageKind, Per, Plan as PlanStep, Tls, Watch,
};
use crate::clock;
use crate::matcher::{Comparison, Matcher, TemplateError, compare};
use crate::outcome::Skip;
use crate::platform::{Answer, Content, Delivery, Listener, Options, Outage, Plan, Texts};
use crate::stream::{Entry, Identity, Shape, Stream};

/// Which messages a step is about.
struct Wanted<'a> {
    message: Message,
    only: Option<&'a Matcher>,
}

impl Stage<'_> {
    pub(super) async fn listen(&mut self, listen: &Listen) -> Done {
        let plan = self.plan(&listen.answers, listen.per)?;
        let receiver = &self.settings.receiver;
        let tls = match listen.tls {
            Tls::None => None,
            Tls::Trusted => receiver.trusted.clone(),
            Tls::Untrusted => receiver.untrusted.clone(),
        };
        let is_reported_to = self.is_reported_to(&listen.name);
        let reports = self.kept.reports.as_mut().filter(|_| is_reported_to);
        let reports = match reports.map(|reports| (reports.port, reports.resting.take())) {
            Some((_, Some(resting))) if listen.tls == Tls::None => {
                resting.plan(plan);
                resting.heal().await.map_err(|error| Stop::Error(error.to_string()))?;
                self.received_at(&listen.name, resting);
                return Ok(());
            }
            reports => reports.map(|(port, _)| port),
        };
        let port = match reports {
            Some(port) => port,
            None if self.receivers.is_empty() => receiver.port,
            None if receiver.port == 0 => 0,
            None => {
                let why = "it needs two receivers, and --receiver-listen names one port";
                return Err(Stop::Skip(Skip::Excluded(why.to_owned())));
            }
        };
        let options = Options {
            listen: SocketAddr::new(receiver.ip, port),
            public_url: receiver.public_url.clone(),
            tls,
            origin: self.settings.origin,
        };
        let opened = Listener::open(options, plan).await;
        let listener = opened.map_err(|error| {
            Stop::Error(format!("opening a receiver: {}", crate::target::wire::chain(&error)))
        })?;
        self.received_at(&listen.name, listener);
        Ok(())
    }

    fn received_at(&mut self, name: &str, listener: Listener) {
        self.scope.keep(name, json!({"url": listener.url()}));
        let receiver = Receiver { listener, taken: Taken::default() };
        self.receivers.insert(name.to_owned(), receiver);
    }

    pub(super) fn answer(&mut self, answer: &NewAnswers) -> Done {
        let plan = self.plan(&answer.answers, answer.per)?;
        self.receiver(&answer.at)?.listener.plan(plan);
        Ok(())
    }

    fn plan(&mut self, plans: &[PlanStep], per: Per) -> Result<Plan, Stop> {
        let answers = plans.iter().map(|plan| self.one_answer(plan));
        let answers: Result<Vec<Answer>, TemplateError> = answers.collect();
        let answers = answers.map_err(|error| self.nowhere(&error))?;
        Ok(match per {
            Per::Message => Plan::sequence(answers),
            Per::Attempt => Plan::attempts(answers),
        })
    }

    fn one_answer(&self, plan: &PlanStep) -> Result<Answer, TemplateError> {
        Ok(match plan {
            PlanStep::Ok => Answer::OK,
            PlanStep::Empty => Answer::saying(Content::Empty),
            PlanStep::NotJson => Answer::saying(Content::NotJson),
            PlanStep::Hang => Answer::delivered(Delivery::Hang),
            PlanStep::Reset => Answer::delivered(Delivery::Reset),
            PlanStep::ResetMidAnswer => Answer::delivered(Delivery::ResetMidAnswer),
            PlanStep::Half => Answer::delivered(Delivery::Half),
            PlanStep::MsgOnly => Answer::saying(Content::Texts(Texts::Msg)),
            PlanStep::MessageOnly => Answer::saying(Content::Texts(Texts::Message)),
            PlanStep::NoText => Answer::saying(Content::Texts(Texts::Neither)),
            PlanStep::Code(Code::Number(code)) => Answer::saying(Content::Code(*code)),
            PlanStep::Code(Code::Text(code)) => Answer::saying(Content::CodeText(code.clone())),
            PlanStep::Late(span) => {
                Answer::delivered(Delivery::Late(self.settings.spans.length(*span)))
            }
            PlanStep::Slow(span) => {
                Answer::delivered(Delivery::Slow(self.settings.spans.length(*span)))
            }
            PlanStep::Http(http) => {
                let mut headers = Vec::new();
                for (name, value) in &http.headers {
                    headers.push((name.clone(), value.fill_text(&self.scope)?));
                }
                let body = http.json.as_ref().map(|json| json.fill(&self.scope)).transpose()?;
                let body = body.map_or_else(String::new, |body| body.to_string());
                // The schema has the bounds; a status outside of them would be no status.
                let status = StatusCode::from_u16(http.status).unwrap_or(StatusCode::OK);
                Answer::saying(Content::Http { status, headers, body })
            }
        })
    }

    pub(super) async fn outage(&mut self, outage: &OutageStep) -> Done {
        let kind = match outage.kind {
            OutageKind::Refused => Outage::Refused,
            OutageKind::BlackHole => Outage::BlackHole,
            OutageKind::Reset => Outage::Reset,
            OutageKind::Hang => Outage::Hang,
        };
        let listener = &self.receiver(&outage.at)?.listener;
        match outage.after {
            Some(messages) => {
                listener.outage_after(messages, kind);
                Ok(())
            }
            None => listener.outage(kind).await.map_err(|error| Stop::Error(error.to_string())),
        }
    }

    pub(super) async fn heal(&mut self, at: &str) -> Done {
        let listener = &self.receiver(at)?.listener;
        listener.heal().await.map_err(|error| Stop::Error(error.to_string()))
    }

    pub(super) async fn expect(&mut self, expect: &Expect) -> Done {
        let within = self.settings.spans.length(expect.within);
        let wanted = Wanted { message: expect.message, only: expect.only.as_ref() };
        let counted = if expect.distinct { Counted::Distinct } else { Counted::Messages };
        let idle = expect.idle.map_or(within, |idle| self.settings.spans.length(idle));
        let length = Length { within, idle };
        let found = self.wait_for(&expect.at, &wanted, (expect.count, counted), length).await?;
        let title = title(expect.message, &expect.at);
        if found.count < expect.count {
            self.found.timing = true;
            let length = humantime::format_duration(within);
            let expected = format!("{} within {length}", expect.count);
            let missing = mismatch("", &expected, &found.count.to_string());
            self.take_messages(&expect.at, &found.indices)?;
            return self.judge(expect.id.as_deref(), title, vec![missing]).or_stop();
        }
        self.take_messages(&expect.at, &found.indices)?;
        let mut all = Comparison::default();
        let mut bodies = Vec::new();
        for (at, index) in found.indices.iter().enumerate() {
            let message = self.message(&expect.at, *index)?;
            self.compare_message(expect, &message, at, &mut all);
            if expect.keep.is_some() {
                bodies.push(message["json"].clone());
                if at == 0 {
                    self.scope.keep(expect.keep.as_deref().unwrap_or_default(), message);
                }
            }
        }
        if let Some(name) = &expect.keep
            && let Some(Value::Object(first)) = self.scope.get(name)
        {
            let mut first = first.clone();
            first.insert("all".to_owned(), Value::Array(bodies));
            self.scope.keep(name, Value::Object(first));
        }
        self.take(&mut all);
        self.judge(expect.id.as_deref(), title, all.mismatches);
        Ok(())
    }

    fn compare_message(&self, expect: &Expect, message: &Value, at: usize, all: &mut Comparison) {
        let place = if expect.count > 1 { format!("message {}: ", at + 1) } else { String::new() };
        let mut part = |expected: Option<&Matcher>, seen: Option<&Value>, whole: &str| {
            let Some(expected) = expected else {
                return;
            };
            let mut part = compare(expected, seen, self.seen());
            for one in &mut part.mismatches {
                let path = if one.path.is_empty() { whole } else { &one.path };
                one.path = format!("{place}{path}");
            }
            all.mismatches.append(&mut part.mismatches);
            all.kept.append(&mut part.kept);
            // Fifty thousand records say the same.
            add_new(&mut all.readings, part.readings);
            add_new(&mut all.drift, part.drift);
        };
        let json = message.get("json").filter(|json| !json.is_null());
        part(expect.json.as_ref(), json, "");
        part(expect.method.as_ref(), message.get("method"), "method");
        for (name, header) in &expect.headers {
            let seen = message["headers"].get(name.to_lowercase());
            part(Some(header), seen, &format!("header {name}"));
        }
    }

    pub(super) async fn expect_none(&mut self, none: &ExpectNone) -> Done {
        let length = self.settings.spans.length(none.length);
        let wanted = Wanted { message: none.message, only: none.only.as_ref() };
        let found = self.wait_for(&none.at, &wanted, (1, Counted::Messages), length.into()).await?;
        let mut mismatches = Vec::new();
        if let Some(index) = found.indices.first() {
            let message = self.message(&none.at, *index)?;
            let seen: String = message["json"].to_string().chars().take(200).collect();
            let expected = format!("nothing for {}", humantime::format_duration(length));
            mismatches.push(mismatch("", &expected, &seen));
        }
        let title = format!("no {}", title(none.message, &none.at));
        self.judge(none.id.as_deref(), title, mismatches);
        Ok(())
    }

    pub(super) async fn watch(&mut self, watch: &Watch) -> Done {
        let length = self.settings.spans.length(watch.length);
        let wanted = Wanted { message: watch.message, only: watch.only.as_ref() };
        let found =
            self.wait_for(&watch.at, &wanted, (1, Counted::Messages), length.into()).await?;
        self.take_messages(&watch.at, &found.indices)?;
        if let (Some(name), Some(index)) = (&watch.keep, found.indices.first()) {
            let message = self.message(&watch.at, *index)?;
            self.scope.keep(name, message);
        }
        let seen = if found.indices.is_empty() { "none" } else { "seen" };
        self.observe(&watch.observe_as, seen);
        Ok(())
    }

    fn take_messages(&mut self, at: &str, indices: &[usize]) -> Done {
        let receiver = self.receiver(at)?;
        indices.iter().for_each(|index| receiver.taken.take(*index));
        Ok(())
    }

    /// Waits until so many messages are there that no step took, or the time is over.
    async fn wait_for(
        &mut self,
        at: &str,
        wanted: &Wanted<'_>,
        count: (u64, Counted),
        length: Length,
    ) -> Result<Waited, Stop> {
        self.receiver(at)?;
        let Some(receiver) = self.receivers.get(at) else {
            return Err(Stop::Error(format!("no receiver is called {at}")));
        };
        let mut search = Search {
            stage: self,
            receiver,
            wanted,
            next: 0,
            waited: Waited::default(),
            counted: count.1,
        };
        let deadline = clock::mono() + length.within;
        loop {
            let before = receiver.listener.look(|stream| stream.entries().len());
            let left = deadline.saturating_duration_since(clock::mono());
            let look = |stream: &Stream| {
                search.look(stream, count.0);
                let is_more = length.idle < length.within && stream.entries().len() > before;
                (is_more || search.waited.count >= count.0).then_some(())
            };
            let came = receiver.listener.until(left.min(length.idle), look).await;
            if came.is_none() || search.waited.count >= count.0 {
                break;
            }
        }
        Ok(search.waited)
    }

    /// A message as steps refer to it.
    fn message(&mut self, at: &str, index: usize) -> Result<Value, Stop> {
        let lost = |error: String| Stop::Error(format!("reading a message back: {error}"));
        let receiver = self.receiver(at)?;
        let message = receiver.listener.look(|stream| stream.message(index));
        let message = message.map_err(|error| lost(error.to_string()))?;
        let message = message.ok_or_else(|| lost("it was not kept".to_owned()))?;
        let read = crate::json::read(&message.body).ok();
        let headers: serde_json::Map<String, Value> = message
            .headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), Value::from(value)))
            .collect();
        Ok(json!({
            "method": message.method,
            "path": message.path,
            "headers": headers,
            "json": read.map(|read| read.value),
        }))
    }
}

/// How long to wait.
#[derive(Clone, Copy)]
struct Length {
    within: Duration,
    /// No longer once nothing came for so long.
    idle: Duration,
}

impl From<Duration> for Length {
    fn from(within: Duration) -> Self {
        Self { within, idle: within }
    }
}

/// What messages are counted by.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Counted {
    Messages,
    Distinct,
}

/// What a wait brought.
#[derive(Debug, Default)]
struct Waited {
    /// The messages, retries too where distinct ones are counted.
    indices: Vec<usize>,
    count: u64,
}

/// Goes through a stream as it grows, each entry once.
struct Search<'a, 'r> {
    stage: &'a Stage<'r>,
    receiver: &'a Receiver,
    wanted: &'a Wanted<'a>,
    next: usize,
    waited: Waited,
    counted: Counted,
}

impl Search<'_, '_> {
    fn look(&mut self, stream: &Stream, count: u64) {
        while let Some(entry) = stream.entries().get(self.next) {
            if self.waited.count >= count {
                return;
            }
            let index = self.next;
            self.next += 1;
            if self.receiver.taken.has(index) || !self.fits(stream, index, entry) {
                continue;
            }
            let is_new = self.counted == Counted::Messages || !self.has(stream, entry);
            self.waited.indices.push(index);
            self.waited.count += u64::from(is_new);
        }
    }

    /// Whether this one was found before. Only what came again is looked for: a set of all identities
    /// would take a good part of what fifty thousand records do.
    fn has(&self, stream: &Stream, entry: &Entry) -> bool {
        let is_it = |index: &usize| {
            stream.entries().get(*index).is_some_and(|found| found.identity == entry.identity)
        };
        let came_again = entry.arrival().is_none_or(|arrival| arrival.again);
        came_again && entry.identity != Identity::Unknown && self.waited.indices.iter().any(is_it)
    }

    fn fits(&self, stream: &Stream, index: usize, entry: &Entry) -> bool {
        let kind = match self.wanted.message {
            Message::Push => entry.facts.shape == Shape::Push,
            Message::Report => entry.facts.shape == Shape::Report,
            Message::Any => true,
        };
        kind && self.wanted.only.is_none_or(|only| {
            let json = stream.json(index).ok().flatten();
            compare(only, json.as_ref(), self.stage.seen()).mismatches.is_empty()
        })
    }
}

/// Adds what is not there yet.
fn add_new<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

fn title(message: Message, at: &str) -> String {
    let kind = match message {
        Message::Push => "push",
        Message::Report => "report",
        Message::Any => "message",
    };
    format!("{kind} to {at}")
}
