//! Asking the control API, and what its refusals mean for the exit code.

use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use hyper::body::{Bytes, Incoming};
use serde_json::Value;
use vestibule_conformance::http::{HttpClient, HttpError, Limits};

use crate::exit::{Exit, Failure};

/// The longest answer: 100,000 events have some 15 MB.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// What to try when nobody answers.
const UNREACHABLE: &str =
    "is `vestibule run` running? Name its control API with --control or VESTIBULE_CONTROL";

/// A client of one control API.
pub(super) struct Client {
    http: HttpClient,
    url: String,
    headers: HeaderMap,
}

/// What came back, when it is no refusal.
pub(super) struct Answer {
    pub(super) body: Value,
    /// The same, word for word: its order is the control API's.
    pub(super) text: String,
    /// The failure to end with after the body was printed: what was expected did not come.
    pub(super) unmet: Option<Failure>,
}

impl Client {
    pub(super) fn new(
        url: &str,
        token: Option<String>,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let usage = |error: HttpError| {
            Failure::new(Exit::Usage, "reading --control", error)
                .hint("give a URL such as http://127.0.0.1:7900")
        };
        let limits = Limits { answer: patience, body_bytes: ANSWER_BYTES_MAX, ..Limits::default() };
        let http = HttpClient::new(url, limits).map_err(usage)?;
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(|error| {
                Failure::new(Exit::Usage, "reading --control-token", error)
                    .hint("a token has visible ASCII characters only")
            })?;
            headers.insert(AUTHORIZATION, bearer);
        }
        Ok(Self { http, url: url.to_owned(), headers })
    }

    /// Asks for something to be shown.
    pub(super) async fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        self.ask(Method::GET, path, Value::Null).await
    }

    /// Asks for something to be done.
    pub(super) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Answer, Failure> {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let path = format!("{}{path}", self.http.base_path());
        let answer = self.http.send(method, &path, self.headers.clone(), body).await;
        let answer = answer.map_err(|error| self.unreachable(error))?;
        self.read(&answer)
    }

    /// Opens a stream of events.
    pub(super) async fn stream(&mut self, path: &str) -> Result<Response<Incoming>, Failure> {
        let path = format!("{}{path}", self.http.base_path());
        let mut headers = self.headers.clone();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        let answer = self.http.open(Method::GET, &path, headers, Bytes::new()).await;
        let answer = answer.map_err(|error| self.unreachable(error))?;
        if answer.status() == StatusCode::OK {
            return Ok(answer);
        }
        // The same question, for a refusal that can be read whole.
        let refusal = self.http.send(Method::GET, &path, self.headers.clone(), Bytes::new()).await;
        let refusal = refusal.map_err(|error| self.unreachable(error))?;
        Err(self.refusal(refusal.status(), &json_of(&refusal)))
    }

    /// The failure of a stream that ended.
    pub(super) fn ended(&self) -> Failure {
        let tried = format!("watching {}", self.url);
        Failure::new(Exit::Unreachable, tried, "the emulator ended the stream")
            .hint("it has stopped; start it again with `vestibule run`")
    }

    fn read(&self, answer: &Response<Bytes>) -> Result<Answer, Failure> {
        let body = json_of(answer);
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        match answer.status() {
            status if status.is_success() && !body.is_null() => {
                Ok(Answer { body, text, unmet: None })
            }
            status @ StatusCode::EXPECTATION_FAILED => {
                let unmet = Some(self.refusal(status, &body));
                Ok(Answer { body, text, unmet })
            }
            status => Err(self.refusal(status, &body)),
        }
    }

    fn refusal(&self, status: StatusCode, problem: &Value) -> Failure {
        let tried = format!("asking {}", self.url);
        let Some(detail) = problem.get("detail").and_then(Value::as_str) else {
            let why = format!("it answered {status} and no JSON of a control API");
            return Failure::new(Exit::Unreachable, tried, why)
                .hint("name the control API, not the device's, with --control");
        };
        let (exit, hint) = match status {
            StatusCode::EXPECTATION_FAILED => {
                (Exit::FallsShort, "the answer on stdout has the near misses")
            }
            StatusCode::UNAUTHORIZED => {
                (Exit::Usage, "give the token with --control-token or VESTIBULE_CONTROL_TOKEN")
            }
            StatusCode::NOT_FOUND => (Exit::Usage, "`vestibule ctl status` lists the devices"),
            status if status.is_client_error() => {
                (Exit::Usage, "`vestibule ctl --help` and that of the action have examples")
            }
            StatusCode::INSUFFICIENT_STORAGE => {
                (Exit::Unreachable, "`vestibule ctl status --json` shows its storage")
            }
            _ => (Exit::Unreachable, UNREACHABLE),
        };
        Failure::new(exit, tried, detail.to_owned()).hint(hint)
    }

    fn unreachable(&self, error: HttpError) -> Failure {
        Failure::new(Exit::Unreachable, format!("asking {}", self.url), error).hint(UNREACHABLE)
    }
}

fn json_of(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

/// The path of something of a device.
pub(super) fn device_path(sn: &str, what: &str) -> String {
    let sn = percent_encoded(sn);
    if what.is_empty() { format!("/devices/{sn}") } else { format!("/devices/{sn}/{what}") }
}

/// A serial number may have any visible ASCII character.
pub(super) fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_cannot_leave_its_place_in_the_path() {
        assert_eq!(device_path("VSB-1.a", "events"), "/devices/VSB-1.a/events");
        assert_eq!(device_path("../a?b#c%", ""), "/devices/..%2Fa%3Fb%23c%25");
    }
}
