//! One request to the device, with everything that was said recorded.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use hyper::upgrade::Upgraded;

use crate::clock;
use crate::http::{HttpClient, HttpError, Limits, Spelling};
use crate::outcome::{AnswerDraft, Direction, ExchangeDraft, RequestDraft};
use crate::trust::Trust;

/// A connection to one server.
#[derive(Debug)]
pub struct Wire {
    url: String,
    client: HttpClient,
    origin: Instant,
    met: Met,
}

/// Whom the last request met.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Met {
    /// Nobody, or nobody was asked.
    Nobody,
    /// Somebody whose certificate is not believed.
    Stranger,
    /// The server.
    Server,
}

/// What to ask.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers beyond those that HTTP needs. One in lower case puts all of them in lower case, and
    /// each other begins its words with capitals on the wire.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Wire {
    /// A connection to the server of `url`; nothing is connected yet. Times count from `origin`.
    ///
    /// # Errors
    ///
    /// When `url` is not one that can be asked.
    pub fn new(
        url: &str,
        origin: Instant,
        limits: Limits,
        trust: Option<&Trust>,
    ) -> Result<Self, HttpError> {
        let client = HttpClient::trusting(url, limits, trust)?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { url, client, origin, met: Met::Nobody })
    }

    /// Whom the last request met.
    pub(crate) const fn met(&self) -> Met {
        self.met
    }

    /// What times count from.
    pub(crate) const fn origin(&self) -> Instant {
        self.origin
    }

    /// Asks, and records what was said; `name` is what the case calls it.
    pub async fn ask(&mut self, ask: Ask, name: &str) -> ExchangeDraft {
        let started = clock::mono();
        let answer = match self.prepared(&ask) {
            Ok((method, headers)) => {
                let body = Bytes::from(ask.body.clone());
                let answer = self.client.send(method, &ask.path, headers, body).await;
                self.met_by(answer).map(|answer| drafted(&answer))
            }
            Err(why) => Err(why),
        };
        self.recorded(ask, name, started, answer)
    }

    /// Asks for a connection to become something else, and records what was said; with that
    /// connection, where it did.
    pub(crate) async fn upgrade(
        &mut self,
        ask: Ask,
        name: &str,
    ) -> (ExchangeDraft, Option<Upgraded>) {
        let started = clock::mono();
        let mut upgraded = None;
        let answer = match self.prepared(&ask) {
            Ok((method, headers)) => {
                let answer = self.client.switch(method, &ask.path, headers).await;
                self.met_by(answer).map(|(answer, switched)| {
                    upgraded = switched;
                    drafted(&answer)
                })
            }
            Err(why) => Err(why),
        };
        (self.recorded(ask, name, started, answer), upgraded)
    }

    fn recorded(
        &self,
        ask: Ask,
        name: &str,
        started: Instant,
        answer: Result<AnswerDraft, String>,
    ) -> ExchangeDraft {
        let (answer, failure) = match answer {
            Ok(answer) => (Some(answer), None),
            Err(why) => (None, Some(why)),
        };
        ExchangeDraft {
            direction: Direction::Call,
            name: name.to_owned(),
            at: started.saturating_duration_since(self.origin),
            took: clock::mono().saturating_duration_since(started),
            request: RequestDraft {
                url: format!("{}{}", self.url, ask.path),
                method: ask.method,
                headers: ask.headers,
                body: ask.body,
            },
            answer,
            answered: None,
            failure,
        }
    }

    /// A request's method and headers, which are from now on spelt as it wants.
    fn prepared(&mut self, ask: &Ask) -> Result<(Method, HeaderMap), String> {
        let method =
            Method::from_bytes(ask.method.as_bytes()).map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        for (name, value) in &ask.headers {
            let name: HeaderName = name.parse().map_err(|_| format!("`{name}` is no header"))?;
            let value =
                HeaderValue::try_from(value).map_err(|_| format!("`{value}` is no value"))?;
            headers.insert(name, value);
        }
        let is_lower =
            |(name, _): &(String, String)| name.starts_with(|c: char| c.is_ascii_lowercase());
        let is_lower = ask.headers.iter().any(is_lower);
        self.client.spell(if is_lower { Spelling::Lower } else { Spelling::Title });
        Ok((method, headers))
    }

    /// Notes whom a request met.
    fn met_by<T>(&mut self, answer: Result<T, HttpError>) -> Result<T, String> {
        self.met = match &answer {
            Ok(_) => Met::Server,
            Err(HttpError::Untrusted { .. }) => Met::Stranger,
            Err(_) => Met::Nobody,
        };
        answer.map_err(|error| chain(&error))
    }
}

fn drafted(answer: &Response<Bytes>) -> AnswerDraft {
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    AnswerDraft {
        status: answer.status().as_u16(),
        headers: answer.headers().iter().map(header).collect(),
        body: answer.body().to_vec(),
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// How long an answer may take: what devices allow platforms (R-V1-07).
pub const PATIENCE: Duration = Duration::from_secs(10);
