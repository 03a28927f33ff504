//! The device's log: reading it into streams, and what cases need it to be like.

use serde_json::{Value, json};

use super::calls::{Bears, Spent, mismatch};
use super::stage::{Done, Stage, Stop};
use crate::case::step::{EventName, FetchAll, NamedCheck, Stimulus as Wish};
use crate::case::types::Safety;
use crate::checks;
use crate::outcome::Skip;
use crate::stimulus::Stimulus;
use crate::stream::Stream;
use crate::target::discover::body;

/// The longest log read: twice the documented one, so that a device that never ends does not keep
/// the suite for ever.
const EVENTS_MAX: usize = 200_000;

/// Events that later steps can refer to; a longer log is for the named checks, and would fill the
/// memory as JSON.
const REFERRED_MAX: usize = 1_000;

/// The most events provoked so that the log loses its oldest: a thousand are made in a second.
const FILL_MAX: u64 = 1_000;

/// The most events that a person is asked for only so that the log has some.
const ASKED_FOR_MAX: u32 = 3;

/// The case that judges whether `event-info` tells the log's extent.
const EXTENT: &str = "v3.event-info.types";

/// The lowest and the highest number kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Extent {
    Empty,
    Kept { min: i64, max: i64 },
    Unknown,
}

impl Stage<'_> {
    pub(super) async fn fetch_all(&mut self, fetch: &FetchAll) -> Done {
        let from = fetch.from.as_ref().map(|from| from.fill(&self.scope)).transpose();
        let from = from.map_err(|error| self.nowhere(&error))?;
        let first = from.as_ref().map(|from| from.as_u64().unwrap_or_default());
        let mut stream = Stream::default();
        let (mut events, mut read) = (Vec::new(), 0);
        let mut next = first;
        loop {
            let asked = match next {
                Some(seqnum) => json!({"seqnum": seqnum, "limit": fetch.page}),
                None => json!({"offset": read, "limit": fetch.page}),
            };
            let (at, answer) = self.ask("event-fetch", Some(&asked)).await?;
            let page = answer["body"]["events"].as_array().cloned();
            let Some(page) = page.filter(|_| answer["retcode"] == json!(0)) else {
                let past_end = answer["retcode"].as_i64().is_some_and(|code| code != 0);
                if past_end && read > 0 {
                    break;
                }
                let seen: String = answer.to_string().chars().take(200).collect();
                let wrong = mismatch("body.events", "an array of events", &seen);
                return self.judge(None, "the log can be read", vec![wrong]).or_stop();
            };
            let number = |key: &str| asked[key].as_u64();
            let keys = [number("seqnum"), number("offset"), number("limit")];
            let kept = stream.add_page(at, keys, &page);
            kept.map_err(|error| Stop::Error(format!("keeping the log: {error}")))?;
            let last = page.last().and_then(|event| event["seqnum"].as_u64());
            let full = page.len() as u64 >= fetch.page;
            read += page.len();
            if read <= REFERRED_MAX {
                events.extend(page);
            }
            // A number that does not grow would ask for the same page for ever.
            let grows = next.is_none() || last.is_some_and(|last| Some(last) >= next);
            if !full || !grows || read > EVENTS_MAX {
                break;
            }
            next = next.and(last).map(|last| last + 1);
        }
        let mut kept = json!({"count": read, "pages": stream.pages().len()});
        if read <= REFERRED_MAX {
            kept["events"] = Value::Array(events);
        }
        self.scope.keep(&fetch.name, kept);
        self.streams.insert(fetch.name.clone(), stream);
        Ok(())
    }

    /// Asks the event service with a valid token; when, and the answer's body.
    async fn ask(
        &mut self,
        action: &str,
        body_sent: Option<&Value>,
    ) -> Result<(std::time::Duration, Value), Stop> {
        let mut message = json!({"action": action, "header": {"reqid": self.settings.run_id}});
        if let Some(body) = body_sent {
            message["body"] = body.clone();
        }
        let mut spent = Spent::No;
        loop {
            let token = self.valid_token().await;
            let Some(v3) = self.target.v3.as_mut() else {
                return Err(Stop::Error("the case asks an API that is not there".to_owned()));
            };
            let exchange = v3.post("event", &message, token.as_deref(), "").await;
            let answer = body(&exchange);
            let at = exchange.at;
            self.found.calls.push(exchange);
            if answer["retcode"].as_i64().is_none_or(|code| code == 0) || spent == Spent::Yes {
                return Ok((at, answer));
            }
            spent = self.forget_spent_token(Bears::Valid);
            if spent == Spent::No {
                return Ok((at, answer));
            }
        }
    }

    async fn extent(&mut self) -> Result<Extent, Stop> {
        let (_, answer) = self.ask("event-info", None).await?;
        let (min, max) = (&answer["body"]["min"], &answer["body"]["max"]);
        Ok(match (min.as_i64(), max.as_i64()) {
            (Some(_), Some(0)) => Extent::Empty,
            (Some(min), Some(max)) => Extent::Kept { min, max },
            // R-V3-14: null, or an error, is how an empty log may be told.
            _ if min.is_null() && max.is_null() && answer["retcode"].is_i64() => Extent::Empty,
            _ => Extent::Unknown,
        })
    }

    /// The highest number; none where it cannot be told.
    pub(super) async fn newest(&mut self) -> Option<i64> {
        self.target.v3.as_ref()?;
        match self.extent().await.ok()? {
            Extent::Kept { max, .. } => Some(max),
            Extent::Empty => Some(0),
            Extent::Unknown => None,
        }
    }

    pub(super) async fn need_events(&mut self, count: u32) -> Done {
        let there = match self.extent().await? {
            Extent::Kept { min, max } => max - min + 1,
            Extent::Empty => 0,
            Extent::Unknown if self.filed.case.id == EXTENT => return Ok(()),
            Extent::Unknown => return Err(Stop::Blocked(EXTENT)),
        };
        let missing = i64::from(count) - there;
        if missing <= 0 {
            return Ok(());
        }
        if !self.settings.allowed.safety.contains(&Safety::Mutating) {
            let why = format!(
                "it needs {count} events in the log; there are {there}, and provoking more needs \
                 --allow mutating"
            );
            return Err(Stop::Skip(Skip::Excluded(why)));
        }
        self.fill(u32::try_from(missing).unwrap_or(u32::MAX), count).await
    }

    async fn fill(&mut self, missing: u32, count: u32) -> Done {
        let event = match self.stimulus {
            Stimulus::OpenDoor => EventName::Remote,
            _ => EventName::Face,
        };
        if missing > ASKED_FOR_MAX && matches!(self.stimulus, Stimulus::Manual(_)) {
            let why = format!(
                "it needs {count} events in the log, and {missing} more are too many to ask a person for"
            );
            return Err(Stop::Skip(Skip::Unprovokable(why)));
        }
        let wish = Wish::times(event, missing);
        self.provoke(&wish).await.map(drop)
    }

    pub(super) async fn need_empty(&mut self) -> Done {
        match self.extent().await? {
            Extent::Empty => Ok(()),
            _ => {
                let why = "its log has events already, and is emptied by a factory reset alone";
                Err(Stop::Skip(Skip::Absent(why.to_owned())))
            }
        }
    }

    /// Only an emulator tells how many events fit, so only its log is filled.
    pub(super) async fn need_evicted(&mut self) -> Done {
        if matches!(self.extent().await?, Extent::Kept { min, .. } if min > 1) {
            return Ok(());
        }
        let room = match &mut self.target.control {
            Some(control) => {
                let status = control.status().await;
                let journal = status.map_err(|error| Stop::Error(error.line()))?;
                let number = |key: &str| journal["journal"][key].as_u64().unwrap_or_default();
                Some(number("capacity").saturating_sub(number("len")) + 1)
            }
            None => None,
        };
        match room.filter(|room| *room <= FILL_MAX) {
            Some(room) => {
                let room = u32::try_from(room).unwrap_or(u32::MAX);
                self.fill(room, room).await
            }
            None => {
                let why = "its log has lost no event yet, and filling it is too long";
                Err(Stop::Skip(Skip::Absent(why.to_owned())))
            }
        }
    }

    pub(super) fn named_check(&mut self, check: &NamedCheck) -> Done {
        let mut params = checks::Params::new();
        for (name, param) in &check.params {
            let filled = param.fill(&self.scope).map_err(|error| self.nowhere(&error))?;
            params.insert(name.clone(), filled);
        }
        let mut result = None;
        self.gather(&check.over, &[], &mut |streams| {
            result = Some(checks::run(&check.name, streams, &params));
        })?;
        let found = result.unwrap_or(Ok(checks::Found::default()));
        let found = found.map_err(|error| Stop::Error(error.to_string()))?;
        self.found.observations.extend(found.observations);
        let id = check.id.as_deref().unwrap_or(&check.name);
        self.judge(
            Some(id),
            format!("{} over {}", check.name, check.over.join(", ")),
            found.mismatches,
        )
        .or_stop()
    }

    /// Hands over the streams of these names, in this order.
    fn gather(
        &self,
        names: &[String],
        held: &[&Stream],
        run: &mut dyn FnMut(&[&Stream]),
    ) -> Result<(), Stop> {
        let Some((name, rest)) = names.split_first() else {
            run(held);
            return Ok(());
        };
        // A receiver is locked while it is looked at, so none can be looked at twice.
        if rest.contains(name) {
            return Err(Stop::Error(format!("{name} is named twice")));
        }
        let mut more = held.to_vec();
        if let Some(stream) = self.streams.get(name) {
            more.push(stream);
            return self.gather(rest, &more, run);
        }
        match self.receivers.get(name) {
            Some(receiver) => receiver.listener.look(|stream| {
                let mut more = held.to_vec();
                more.push(stream);
                self.gather(rest, &more, run)
            }),
            None => Err(Stop::Error(format!("there is no stream {name}"))),
        }
    }
}
