//! The live feed of v1 in a case: opening it, being refused, hearing what it says.

use std::time::{Duration, Instant};

use serde_json::json;

use super::calls::{lacks_path, mismatch};
use super::stage::{Done, Stage, Stop};
use crate::case::step::{Auth, Feed, FeedIs, Hear};
use crate::clock;
use crate::json::read;
use crate::matcher::{Comparison, Matcher, compare};
use crate::outcome::ExchangeDraft;
use crate::target::feed::PATH;
use crate::target::wire::Ask;

/// How long a place that a client has just left may still be taken: the device must notice first.
const PLACE_FREE_MAX: Duration = Duration::from_secs(5);

/// A pause between two tries, so that waiting for a place is no flood.
const AGAIN: Duration = Duration::from_millis(100);

impl Stage<'_> {
    pub(super) async fn feed(&mut self, wanted: &Feed) -> Done {
        let until = clock::mono() + PLACE_FREE_MAX;
        loop {
            let Some(v1) = self.target.v1.as_mut() else {
                return Err(Stop::Error("the case asks an API that is not there".to_owned()));
            };
            let ask = match wanted.auth {
                Auth::Account => v1.with_account(Ask::default()),
                Auth::None => Ask::default(),
            };
            let (exchange, feed) = v1.feed(ask, &wanted.name).await;
            self.found.calls.push(exchange.clone());
            lacks_path("GET", PATH, &exchange)?;
            let told = told(&exchange);
            let wrong = match (wanted.is, &feed, &exchange.answer) {
                (FeedIs::Open, Some(_), _) | (FeedIs::Refused, None, Some(_)) => Vec::new(),
                (FeedIs::Open, None, Some(_)) if clock::mono() < until => {
                    clock::wait(Some(AGAIN)).await;
                    continue;
                }
                (FeedIs::Open, None, _) => vec![mismatch("", "a WebSocket", &told)],
                (FeedIs::Refused, ..) => vec![mismatch("", "a refusal", &told)],
            };
            if let Some(feed) = feed {
                self.feeds.insert(wanted.name.clone(), feed);
            }
            let title = format!("the answer to GET {PATH}");
            return self.judge(wanted.id.as_deref(), title, wrong).or_stop();
        }
    }

    pub(super) async fn hear(&mut self, hear: &Hear) -> Done {
        let within = self.settings.spans.length(hear.within);
        let title = format!("a message of {}", hear.at);
        let heard = self.next_heard(&hear.at, hear.only.as_ref(), clock::mono() + within).await?;
        let json = match heard {
            Ok(exchange) => read(&exchange.request.body).ok().map(|read| read.value),
            Err(why) => {
                self.found.timing = true;
                let expected = format!("one within {}", humantime::format_duration(within));
                let missing = vec![mismatch("", &expected, &why)];
                return self.judge(hear.id.as_deref(), title, missing).or_stop();
            }
        };
        let mut all = match &hear.json {
            Some(expected) => compare(expected, json.as_ref(), self.seen()),
            None => Comparison::default(),
        };
        if let Some(name) = &hear.keep {
            self.scope.keep(name, json!({ "json": json }));
        }
        self.take(&mut all);
        self.judge(hear.id.as_deref(), title, all.mismatches);
        Ok(())
    }

    /// The next message that is like `only`; or why there is none.
    async fn next_heard(
        &mut self,
        at: &str,
        only: Option<&Matcher>,
        deadline: Instant,
    ) -> Result<Result<ExchangeDraft, String>, Stop> {
        loop {
            let gone = || Stop::Error(format!("no feed is called {at}"));
            let exchange = match self.feeds.get_mut(at).ok_or_else(gone)?.next(deadline).await {
                Ok(exchange) => exchange,
                Err(why) => return Ok(Err(why)),
            };
            self.found.calls.push(exchange.clone());
            let json = read(&exchange.request.body).ok().map(|read| read.value);
            let fits = |only| compare(only, json.as_ref(), self.seen()).mismatches.is_empty();
            if only.is_none_or(fits) {
                return Ok(Ok(exchange));
            }
        }
    }
}

/// What an exchange came to, in words.
fn told(exchange: &ExchangeDraft) -> String {
    match (&exchange.failure, &exchange.answer) {
        (Some(failure), _) => failure.clone(),
        (None, Some(answer)) => format!("HTTP {}", answer.status),
        (None, None) => "no answer".to_owned(),
    }
}
