//! Subscriptions, report settings, settings and restarts, and putting all of it back.

use std::time::Duration;

use serde_json::{Value, json};

use super::calls::{lacks, mismatch};
use super::stage::{Done, Ended, Found, Receiver, ReportsKept, Stage, Stop};
use super::{CLEAN_UP_MAX, PUTTING_BACK_MAX, Reports, Settings, V1Restore};
use crate::case::place::Path;
use crate::case::step::{Configure, Restart, RestartBy, Subscribe};
use crate::case::types::Safety;
use crate::clock;
use crate::outcome::{Direction, ExchangeDraft, Exchanges, RequestDraft, Skip};
use crate::platform::{Listener, Plan};
use crate::stream::{Claim, Fate, Shape, Stream};
use crate::target::discover::body;
use crate::target::wire::Ask;
use crate::target::{Target, V3};

/// The two settings that send reports somewhere (R-V3-18).
const MANAGER_MODE: &str = "manager-mode";
const REPORT_SERVER: &str = "report-state-server";

/// Where a subscription points that is off: the discard port of the device itself.
const NOWHERE: &str = "http://127.0.0.1:9/";

/// Arrivals shown from each end of a stream: the report keeps as many.
const SHOWN: usize = 32;

/// A silence after which a device is taken to have delivered all it will: some of its retries.
/// Longer would let each failed case cost a minute.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// A backlog that takes more such silences is no leftover of one case.
const SILENCES: usize = 6;

/// How long the answer to a message may be under way before the message counts as unanswered.
const UNDER_WAY_MAX: Duration = Duration::from_millis(200);

/// A pause between two looks at a device that restarts.
const AGAIN: Duration = Duration::from_millis(50);

/// Whether an emulator has delivered all it keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Delivered {
    All,
    NotAll,
}

impl Stage<'_> {
    pub(super) async fn subscribe(&mut self, subscribe: &Subscribe) -> Done {
        let url = format!("{}/Record", self.receiver(&subscribe.at)?.listener.url());
        self.keep_subscription().await?;
        let wanted = json!({"event_dest": url, "enabled": subscribe.enabled});
        self.undo.subscribed_to = Some(url);
        let answer = self.post_subscription(&wanted).await?;
        if answer["code"] == json!(200) {
            return Ok(());
        }
        let seen: String = answer.to_string().chars().take(200).collect();
        let wrong = mismatch("code", "200", &seen);
        self.judge(None, "a subscription is taken", vec![wrong]);
        Err(Stop::Failed)
    }

    /// Sees to it that the subscription can be put back, before anything changes it.
    pub(super) async fn keep_subscription(&mut self) -> Done {
        if self.undo.subscription.is_none() {
            self.undo.subscription = Some(self.subscription().await?);
        }
        Ok(())
    }

    async fn subscription(&mut self) -> Result<Value, Stop> {
        let answer = self.ask_v1("GET", None).await?;
        let data = &answer["data"];
        if let (Some(dest), Some(enabled)) =
            (data["event_dest"].as_str(), data["enabled"].as_bool())
        {
            return Ok(json!({"event_dest": dest, "enabled": enabled}));
        }
        match &self.settings.v1_restore {
            Some(V1Restore::Url(url)) => Ok(json!({"event_dest": url, "enabled": true})),
            Some(V1Restore::Disabled) => Ok(json!({"event_dest": NOWHERE, "enabled": false})),
            None => {
                let why = "GET gives no subscription to put back: say with --v1-restore what to";
                Err(Stop::Skip(Skip::Excluded(why.to_owned())))
            }
        }
    }

    /// Whether the device says that its subscription is that one.
    async fn is_subscribed(&mut self, wanted: &Value) -> bool {
        let told = self.ask_v1("GET", None).await;
        told.is_ok_and(|answer| {
            ["event_dest", "enabled"].iter().all(|key| answer["data"][key] == wanted[key])
        })
    }

    async fn post_subscription(&mut self, wanted: &Value) -> Result<Value, Stop> {
        self.ask_v1("POST", Some(wanted)).await
    }

    async fn ask_v1(&mut self, method: &str, sent: Option<&Value>) -> Result<Value, Stop> {
        let Some(v1) = self.target.v1.as_mut() else {
            return Err(Stop::Error("the case asks an API that is not there".to_owned()));
        };
        let ask = Ask {
            method: method.to_owned(),
            path: "/v1/event/subscribe".to_owned(),
            headers: Vec::new(),
            body: sent.map(|sent| sent.to_string().into_bytes()).unwrap_or_default(),
        };
        let exchange = v1.ask(ask, "").await;
        let answer = body(&exchange);
        self.found.calls.push(exchange);
        Ok(answer)
    }

    pub(super) async fn report_to(&mut self, at: &str) -> Done {
        let listener = &self.receiver(at)?.listener;
        let (url, port) = (listener.url().to_owned(), listener.address().port());
        if self.settings.reports == Reports::Configured || self.kept.reports.is_some() {
            return Ok(());
        }
        let before = match v3(self.target) {
            Ok(v3) => v3.configs(&[MANAGER_MODE, REPORT_SERVER]).await,
            Err(why) => Err(why),
        };
        let before = before.map_err(|why| self.refused(&why))?;
        // Kept before anything is changed, so that an interruption finds what to put back.
        self.kept.reports = Some(ReportsKept { port, resting: None, before });
        let report_to = format!("{url}/Report");
        let wanted = [(MANAGER_MODE, "none"), (REPORT_SERVER, report_to.as_str())]
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        let set = configure(self.target, self.settings, &wanted).await;
        self.token = None;
        set.map_err(|why| self.refused(&why))?;
        // A restart is an event itself (R-V3-29), whose report is no case's.
        self.until_silent(UNDER_WAY_MAX).await;
        Ok(())
    }

    pub(super) async fn configure(&mut self, wanted: &Configure) -> Done {
        let mut values = Vec::new();
        for (key, value) in &wanted.configs {
            let value = value.fill_text(&self.scope).map_err(|error| self.nowhere(&error))?;
            values.push((key.clone(), value));
        }
        let keys: Vec<&str> = wanted.configs.keys().map(String::as_str).collect();
        let before = match v3(self.target) {
            Ok(v3) => v3.configs(&keys).await,
            Err(why) => Err(why),
        };
        let before = before.map_err(|why| self.refused(&why))?;
        for (key, value) in before {
            if !self.undo.configs.iter().any(|(known, _)| *known == key) {
                self.undo.configs.push((key, value));
            }
        }
        let set = match v3(self.target) {
            Ok(v3) => v3.set_configs(&values).await,
            Err(why) => Err(why),
        };
        set.map_err(|why| self.refused(&why))
    }

    fn refused(&mut self, why: &str) -> Stop {
        let wrong = mismatch("", "settings that can be read and set", why);
        self.judge(None, "the device's settings", vec![wrong]);
        Stop::Failed
    }

    pub(super) async fn restart(&mut self, asked: &Restart) -> Done {
        let within = self.settings.spans.length(asked.within);
        let restarted = restart(self.target, asked.by, within).await;
        self.token = None;
        if asked.by == RestartBy::DeviceReset {
            // The settings that send reports here are gone, and what they were before is lost with them.
            self.kept.reports = None;
        }
        let wrong = match restarted {
            Err(Unmade::Lacking) if asked.by != RestartBy::Any => {
                return Err(lacks(asked.by.action()));
            }
            Ok(()) if asked.by == RestartBy::Any => return Ok(()),
            Ok(()) => Vec::new(),
            Err(why) => {
                self.found.timing = true;
                let wanted = "an answer, and a device that serves again after it";
                vec![mismatch("", wanted, &why.to_string())]
            }
        };
        self.judge(None, "a restart", wrong).or_stop()
    }

    /// Puts everything back, within bounds, and hands over what was found.
    pub(super) async fn put_back(mut self, ended: Option<&Ended>) -> Found {
        let clean = matches!(ended, Some(Ended::Ran)) && !self.found.failed;
        let checks = self.found.checks.len();
        let failed = (self.found.failed, self.found.timing);
        let mut troubles = Vec::new();
        for feed in std::mem::take(&mut self.feeds).into_values() {
            feed.close().await;
        }
        let steps = self.clean_up(&mut troubles);
        if clock::within(CLEAN_UP_MAX, steps).await.is_none() {
            troubles.push("the clean-up steps took too long".to_owned());
        }
        // Who pressed Ctrl-C does not wait for what the device may still deliver.
        if ended.is_some() && self.undo.subscription.is_some() && self.undo.provoked {
            self.settle(clean).await;
        }
        let undone = self.undo_all(&mut troubles);
        if clock::within(PUTTING_BACK_MAX, undone).await.is_none() {
            troubles.push("putting back took too long".to_owned());
        }
        // What clean-up steps saw is not what the case is about.
        self.found.checks.truncate(checks);
        (self.found.failed, self.found.timing) = failed;
        for trouble in &troubles {
            tracing::warn!(case = self.filed.case.id, trouble, "not put back");
        }
        let mut found = std::mem::take(&mut self.found);
        found.trouble = troubles.into_iter().next().map(|one| format!("not put back: {one}"));
        let mut exchanges = std::mem::take(&mut found.calls).into_vec();
        for (name, receiver) in std::mem::take(&mut self.receivers) {
            let trouble = receiver.listener.trouble();
            found.trouble = found.trouble.or(trouble);
            let url = receiver.listener.url().to_owned();
            let stream = self.end(receiver.listener).await;
            exchanges.extend(arrivals(&name, &url, &stream));
        }
        exchanges.sort_by_key(|exchange| exchange.at);
        found.exchanges = exchanges.into_iter().collect::<Exchanges>();
        found
    }

    /// Ends a listener; one that the device's reports go to rests until the next case wants them.
    async fn end(&mut self, listener: Listener) -> Stream {
        let reports = self.kept.reports.as_mut();
        let reports = reports.filter(|reports| reports.port == listener.address().port());
        match reports {
            None => listener.close().await,
            Some(reports) => match listener.rest().await {
                Ok(stream) => {
                    reports.resting = Some(listener);
                    stream
                }
                Err(_) => listener.close().await,
            },
        }
    }

    async fn clean_up(&mut self, troubles: &mut Vec<String>) {
        if std::mem::take(&mut self.undo.offline)
            && let Err(error) = self.go_online().await
        {
            troubles.push(format!("the network: {error}"));
        }
        // Nobody is asked to end an alarm that was never set off.
        let cleanup = if self.begun { self.filed.case.cleanup.as_slice() } else { &[] };
        // A clean-up step that the device refuses is followed by the others all the same.
        for at in 0..cleanup.len() {
            let path = Path::whole().member("cleanup");
            if let Err(Stop::Error(why)) = self.list(&path, "cleanup-", &cleanup[at..=at]).await {
                troubles.push(why);
            }
        }
    }

    async fn undo_all(&mut self, troubles: &mut Vec<String>) {
        if let Some(before) = self.undo.subscription.take() {
            let mut answer = self.post_subscription(&before).await;
            // A connection of before an outage may have been lost on the way.
            if answer.as_ref().is_ok_and(Value::is_null) {
                answer = self.post_subscription(&before).await;
            }
            match answer {
                Ok(answer) if answer["code"] == json!(200) => {}
                // What another case judges is how it answers; here it is whether it did so.
                Ok(_) if self.is_subscribed(&before).await => {}
                Ok(answer) => troubles.push(format!("the subscription: the answer is {answer}")),
                Err(_) => troubles.push("the subscription: no answer".to_owned()),
            }
        }
        let configs = std::mem::take(&mut self.undo.configs);
        if configs.is_empty() {
            return;
        }
        // Twice: a device that is wrong about the request after a bad one (R-V3-07) may be so here.
        for last in [false, true] {
            match configure(self.target, self.settings, &configs).await {
                Ok(()) => return,
                Err(why) if last => troubles.push(format!("the settings: {why}")),
                Err(_) => {}
            }
        }
    }

    async fn go_online(&mut self) -> Result<(), String> {
        let wish = crate::case::step::Stimulus {
            state: Some(1),
            ..crate::case::step::Stimulus::times(crate::case::step::EventName::Network, 1)
        };
        let done = self.stimulus.provoke(self.target, &wish).await;
        done.map(drop).map_err(|error| error.to_string())
    }

    /// Takes what the device still wants to deliver, so that it does not come to the next case.
    async fn settle(&mut self, clean: bool) {
        let mut paid = true;
        for receiver in self.receivers.values() {
            let listener = &receiver.listener;
            // The answer to the last message may be under way still.
            let all = |stream: &Stream| (!owes(stream)).then_some(());
            paid &= listener.outage_now().is_none();
            paid &= listener.until(UNDER_WAY_MAX, all).await.is_some();
            listener.plan(Plan::default());
            // Fails only where the port is gone, which ends the wait by itself.
            let _ = listener.heal().await;
        }
        let quiet = self.settings.spans.quiet.min(SILENCE_MAX);
        match self.backlog().await {
            Some(0) => return,
            None if clean && paid => return self.until_silent(UNDER_WAY_MAX).await,
            _ => {}
        }
        if let Some(url) = self.undo.subscribed_to.clone() {
            let wanted = json!({"event_dest": url, "enabled": true});
            // Where it is refused nothing comes, and the wait ends by itself.
            let _ = self.post_subscription(&wanted).await;
        }
        if self.until_delivered(quiet).await == Delivered::NotAll {
            self.until_silent(quiet).await;
        }
    }

    /// Waits until the device has delivered what it kept before this case: a new subscription may set
    /// free what happened while there was none (R-V1-04). What cannot arrive is not waited for.
    pub(super) async fn until_left_over(&mut self) {
        let reachable = |receiver: &Receiver| receiver.listener.outage_now().is_none();
        if self.undo.subscribed_to.is_none() || !self.receivers.values().all(reachable) {
            return;
        }
        let quiet = self.settings.spans.quiet.min(SILENCE_MAX);
        match self.backlog().await {
            Some(0) => {}
            Some(_) => drop(self.until_delivered(quiet).await),
            None => self.until_silent(UNDER_WAY_MAX).await,
        }
    }

    /// Waits until an emulator has delivered all it keeps; whether it did.
    async fn until_delivered(&mut self, within: Duration) -> Delivered {
        let deadline = clock::mono() + within;
        while self.target.control.is_some() && clock::mono() < deadline {
            if self.backlog().await == Some(0) {
                return Delivered::All;
            }
            clock::wait(Some(AGAIN)).await;
        }
        Delivered::NotAll
    }

    /// How many records an emulator has not delivered; other devices do not tell.
    async fn backlog(&mut self) -> Option<u64> {
        let status = self.target.control.as_mut()?.status().await.ok()?;
        status["backlog"].as_u64()
    }

    /// Waits until nothing came for a while; a device that never ends is left after some such
    /// whiles.
    async fn until_silent(&self, quiet: Duration) {
        for receiver in self.receivers.values() {
            for _ in 0..SILENCES {
                let before = receiver.listener.look(|stream| stream.entries().len());
                let more = |stream: &Stream| (stream.entries().len() > before).then_some(());
                if receiver.listener.until(quiet, more).await.is_none() {
                    break;
                }
            }
        }
    }
}

/// Whether the device holds a record that it must push again; reports it sends once.
fn owes(stream: &Stream) -> bool {
    let mut owed = std::collections::BTreeSet::new();
    for entry in stream.entries().iter().filter(|entry| entry.facts.shape == Shape::Push) {
        let claim = stream.answered(entry).map(|answered| answered.claim);
        let fate = entry.arrival().map(|arrival| arrival.fate);
        match (claim, fate) {
            (Some(Claim::Success), Some(Fate::Written)) => {
                owed.remove(&entry.identity);
            }
            _ => {
                owed.insert(entry.identity.clone());
            }
        }
    }
    !owed.is_empty()
}

/// Sets settings, and restarts the device where that is allowed: they may take effect only then.
pub(super) async fn configure(
    target: &mut Target,
    settings: &Settings,
    values: &[(String, String)],
) -> Result<(), String> {
    v3(target)?.set_configs(values).await?;
    if settings.allowed.safety.contains(&Safety::Disruptive) {
        let within = settings.spans.redelivery;
        restart(target, RestartBy::Any, within).await.map_err(|unmade| unmade.to_string())?;
    }
    Ok(())
}

fn v3(target: &mut Target) -> Result<&mut V3, String> {
    target.v3.as_mut().ok_or_else(|| "there is no v3 API".to_owned())
}

/// Why a device was not restarted.
#[derive(Debug, thiserror::Error)]
enum Unmade {
    /// It does not have the action.
    #[error("the device does not know how to restart")]
    Lacking,
    /// Something else.
    #[error("{0}")]
    Failed(String),
}

/// Restarts the device and waits until it answers again.
async fn restart(target: &mut Target, by: RestartBy, within: Duration) -> Result<(), Unmade> {
    let deadline = clock::mono() + within;
    let v3 = v3(target).map_err(Unmade::Failed)?;
    let asked = v3.ask_device(by.action(), None).await;
    let is_lacking = v3.is_unknown("device", &asked).await;
    match (V3::done(by.action(), asked), by, target.control.as_mut()) {
        (Ok(_), ..) => until_down(target, within).await,
        (Err(_), RestartBy::Any, Some(control)) => {
            control.restart().await.map_err(|error| Unmade::Failed(error.line()))?;
        }
        (Err(_), ..) if is_lacking => return Err(Unmade::Lacking),
        (Err(why), ..) => return Err(Unmade::Failed(why)),
    }
    loop {
        let Some(v3) = target.v3.as_mut() else {
            return Ok(());
        };
        v3.login("restarted").await;
        if v3.token.is_some() {
            return Ok(());
        }
        if clock::mono() >= deadline {
            let within = humantime::format_duration(within);
            return Err(Unmade::Failed(format!("no login within {within}")));
        }
        clock::wait(Some(AGAIN)).await;
    }
}

/// Waits until the device is down, or has forgotten the token: either shows that it restarted.
async fn until_down(target: &mut Target, within: Duration) {
    let deadline = clock::mono() + within.min(Duration::from_secs(30));
    while let Some(v3) = target.v3.as_mut() {
        let message = json!({"action": "event-info", "header": {"reqid": "restarting"}});
        let token = v3.token.clone();
        let exchange = v3.post("event", &message, token.as_deref(), "").await;
        if body(&exchange)["retcode"] != json!(0) || clock::mono() >= deadline {
            return;
        }
        clock::wait(Some(AGAIN)).await;
    }
}

fn arrivals(name: &str, url: &str, stream: &Stream) -> Vec<ExchangeDraft> {
    let count = stream.entries().len();
    let shown = (0..count).filter(|at| *at < SHOWN || at + SHOWN >= count);
    shown.filter_map(|at| arrival(name, url, stream, at)).collect()
}

fn arrival(name: &str, url: &str, stream: &Stream, at: usize) -> Option<ExchangeDraft> {
    let entry = stream.entries().get(at)?;
    let message = stream.message(at).ok()??;
    let answered = stream.answered(entry).map(|answered| answered.name.clone());
    let headers = message.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let done = entry.arrival().and_then(|arrival| arrival.done()).unwrap_or(entry.at());
    Some(ExchangeDraft {
        direction: Direction::Arrival,
        name: name.to_owned(),
        at: entry.at(),
        took: done.saturating_sub(entry.at()),
        request: RequestDraft {
            method: message.method,
            url: format!("{url}{}", message.path),
            headers,
            body: message.body.to_vec(),
        },
        answer: None,
        answered,
        failure: entry.arrival().and_then(|arrival| gone(arrival.fate)),
    })
}

/// What went wrong with an answer.
fn gone(fate: Fate) -> Option<String> {
    let why = match fate {
        Fate::Pending => "not answered yet",
        Fate::Doubtful => "whether the device read the answer is unknown",
        Fate::Cut => "the device went away before the answer was written",
        Fate::Written | Fate::Withheld => return None,
    };
    Some(why.to_owned())
}
