//! The steps that need nothing but what was kept, and which step is whose.

use std::time::Duration;

use serde_json::Value;

use super::stage::{Done, Stage, Stop};
use crate::case::step::{Assert, Each, EventName, Observe, Step, Stimulus as Wish};
use crate::clock;
use crate::matcher::compare;
use crate::outcome::Skip;
use crate::stimulus::{Unprovoked, word};

/// How often the log is looked at for what was provoked.
const LOOK: Duration = Duration::from_millis(200);

impl Stage<'_> {
    pub(super) async fn step(&mut self, step: &Step) -> Done {
        match step {
            Step::Call(call) => self.call(call).await,
            Step::Listen(listen) => self.listen(listen).await,
            Step::Answer(answer) => self.answer(answer),
            Step::Outage(outage) => self.outage(outage).await,
            Step::Heal(at) => self.heal(&at.at).await,
            Step::Subscribe(subscribe) => self.subscribe(subscribe).await,
            Step::ReportTo(at) => self.report_to(&at.at).await,
            Step::Configure(configure) => self.configure(configure).await,
            Step::Expect(expect) => self.expect(expect).await,
            Step::ExpectNone(none) => self.expect_none(none).await,
            Step::Watch(watch) => self.watch(watch).await,
            Step::Feed(feed) => self.feed(feed).await,
            Step::Hear(hear) => self.hear(hear).await,
            Step::Stimulus(wish) => self.stimulate(wish).await,
            Step::Restart(restart) => self.restart(restart).await,
            Step::Wait(wait) => {
                clock::wait(Some(self.settings.spans.length(wait.length))).await;
                Ok(())
            }
            Step::FetchAll(fetch) => self.fetch_all(fetch).await,
            Step::Check(check) => self.named_check(check),
            Step::Assert(assert) => self.assert(assert),
            Step::Observe(observe) => {
                self.observe_value(observe);
                Ok(())
            }
            Step::Each(each) => self.each(each).await,
        }
    }

    fn assert(&mut self, assert: &Assert) -> Done {
        let value = assert.value.fill(&self.scope).map_err(|error| self.nowhere(&error))?;
        let mut comparison = compare(&assert.is, Some(&value), self.seen());
        self.take(&mut comparison);
        self.judge(assert.id.as_deref(), "a value that was kept", comparison.mismatches);
        Ok(())
    }

    fn observe_value(&mut self, observe: &Observe) {
        let seen = match observe.value.fill(&self.scope) {
            Ok(Value::String(text)) => text,
            Ok(value) => value.to_string(),
            Err(_) => "absent".to_owned(),
        };
        self.observe(&observe.name, seen);
    }

    async fn each(&mut self, each: &Each) -> Done {
        let (path, number) = (self.at.member("each").member("steps"), self.number.clone());
        for value in &each.of {
            let value = value.fill(&self.scope).map_err(|error| self.nowhere(&error))?;
            self.scope.keep(&each.name, value);
            self.list(&path, &format!("{number}."), &each.steps).await?;
        }
        Ok(())
    }

    async fn stimulate(&mut self, wish: &Wish) -> Done {
        // What came before anything was provoked is what an earlier case left behind.
        if !std::mem::replace(&mut self.provoked, true) {
            self.until_left_over().await;
            for receiver in self.receivers.values_mut() {
                let there = receiver.listener.look(|stream| stream.entries().len());
                (0..there).for_each(|index| receiver.taken.take(index));
            }
        }
        if wish.event == EventName::Network {
            self.undo.offline = wish.state == Some(0);
        }
        let told = self.provoke(wish).await?;
        self.undo.provoked = true;
        if let Some(name) = &wish.keep {
            self.scope.keep(name, told);
        }
        Ok(())
    }

    pub(super) async fn provoke(&mut self, wish: &Wish) -> Result<Value, Stop> {
        let before = match self.stimulus.tells() {
            true => None,
            false if has_v3_form(wish.event) => self.newest().await,
            false => None,
        };
        let provoked = self.stimulus.provoke(self.target, wish).await;
        let told = provoked.map_err(|error| match error {
            Unprovoked::Cannot(why) => Stop::Skip(Skip::Unprovokable(why)),
            Unprovoked::Broken(why) => Stop::Error(why),
            Unprovoked::Refused(why) => {
                let mismatch = crate::matcher::Mismatch {
                    path: String::new(),
                    expected: "the stimulus is carried out".to_owned(),
                    seen: why,
                };
                self.judge(None, format!("`{}` can be provoked", word(wish.event)), vec![mismatch]);
                Stop::Failed
            }
        })?;
        if let Some(before) = before {
            self.until_newest(before + i64::from(wish.count)).await;
        }
        Ok(told)
    }

    /// Waits until the log has come so far, for as long as is prompt: what follows judges.
    async fn until_newest(&mut self, wanted: i64) {
        let deadline = clock::mono() + self.settings.spans.prompt;
        while clock::mono() < deadline {
            if self.newest().await.is_none_or(|newest| newest >= wanted) {
                return;
            }
            clock::wait(Some(LOOK)).await;
        }
    }
}

/// What table B shows in v3.
fn has_v3_form(event: EventName) -> bool {
    !matches!(event, EventName::Pin | EventName::Alarm | EventName::Network)
}
