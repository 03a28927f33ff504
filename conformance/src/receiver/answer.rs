//! What goes back for a message: the documented answer, or one of the ways to fail.
//!
//! Pure: decides, and leaves hanging and resetting to the server.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use serde_json::Value;

use crate::receiver::message::{Api, Message, Unparsable};

/// How a message is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// As the documents say; what is neither push nor report gets HTTP 400.
    Ok,
    /// HTTP 200 with this `code` (a report: `retcode`).
    Code(i64),
    /// This HTTP status, with the same number as `code`.
    Http(StatusCode),
    /// Nothing, on a connection that stays open.
    Hang,
    /// A TCP reset.
    Reset,
    /// HTTP 200 without a body.
    Empty,
    /// HTTP 200 with a body that is not JSON.
    Garbage,
}

/// Which answer each message gets.
#[derive(Debug)]
pub struct Answers {
    answer: Answer,
    fail_first: u64,
    given: AtomicU64,
}

/// What the server is to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reply {
    /// Send this.
    Send {
        /// The HTTP status.
        status: StatusCode,
        /// The body; its type is JSON, whatever it holds.
        body: String,
    },
    /// Say nothing.
    Hang,
    /// Cut the connection.
    Reset,
}

/// Why a text names no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnswerError {
    /// None of the names.
    #[error("none of ok, code=N, http=N, hang, reset, empty, garbage")]
    Name,
    /// The number of `code=`.
    #[error("code=N takes an integer")]
    Code,
    /// The number of `http=`.
    #[error("http=N takes a status from 200 to 599")]
    Status,
}

/// What `--fail-first` fails with when `--answer` is `ok`: the plainest failure of a server.
const FAILURE: Answer = Answer::Http(StatusCode::INTERNAL_SERVER_ERROR);

/// Text that no reader takes for JSON.
const GARBAGE: &str = "<<< this is not JSON >>>";

impl FromStr for Answer {
    type Err = AnswerError;

    fn from_str(text: &str) -> Result<Self, AnswerError> {
        Ok(match text.split_once('=') {
            Some(("code", code)) => Self::Code(code.parse().map_err(|_| AnswerError::Code)?),
            Some(("http", status)) => Self::Http(final_status(status).ok_or(AnswerError::Status)?),
            None if text == "ok" => Self::Ok,
            None if text == "hang" => Self::Hang,
            None if text == "reset" => Self::Reset,
            None if text == "empty" => Self::Empty,
            None if text == "garbage" => Self::Garbage,
            _ => return Err(AnswerError::Name),
        })
    }
}

/// A status that can end an exchange: 1xx never does, and nothing is defined from 600 on.
fn final_status(text: &str) -> Option<StatusCode> {
    let number = text.parse::<u16>().ok().filter(|number| (200..600).contains(number))?;
    StatusCode::from_u16(number).ok()
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Code(code) => write!(f, "code={code}"),
            Self::Http(status) => write!(f, "http={}", status.as_u16()),
            Self::Hang => f.write_str("hang"),
            Self::Reset => f.write_str("reset"),
            Self::Empty => f.write_str("empty"),
            Self::Garbage => f.write_str("garbage"),
        }
    }
}

impl Answers {
    /// `answer` for every message; or, when `fail_first` is not 0, for that many, and `ok` from
    /// then on. The first ones then fail with HTTP 500 when `answer` is `ok` itself.
    #[must_use]
    pub fn new(answer: Answer, fail_first: u64) -> Self {
        Self { answer, fail_first, given: AtomicU64::new(0) }
    }

    /// The next message's answer.
    pub fn next(&self) -> Answer {
        if self.fail_first == 0 {
            return self.answer;
        }
        match self.given.fetch_add(1, Ordering::Relaxed) {
            earlier if earlier >= self.fail_first => Answer::Ok,
            _ if self.answer == Answer::Ok => FAILURE,
            _ => self.answer,
        }
    }
}

/// What `answer` means for `message`.
#[must_use]
pub fn reply(answer: Answer, message: &Result<Message, Unparsable>) -> Reply {
    match (answer, message) {
        (Answer::Ok, Err(unparsable)) => {
            let text = unparsable.to_string();
            send(StatusCode::BAD_REQUEST, push_body(400, &text))
        }
        (Answer::Ok, Ok(message)) => send(StatusCode::OK, body(message, 200, 0)),
        (Answer::Code(code), Ok(message)) => send(StatusCode::OK, body(message, code, code)),
        (Answer::Code(code), Err(_)) => send(StatusCode::OK, push_body(code, text_of(code))),
        (Answer::Http(status), message) => {
            let code = i64::from(status.as_u16());
            let retcode = if status.is_success() { 0 } else { code };
            let text = match message {
                _ if status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED => {
                    String::new()
                }
                Ok(message) => body(message, code, retcode),
                Err(_) => push_body(code, text_of(code)),
            };
            send(status, text)
        }
        (Answer::Empty, _) => send(StatusCode::OK, String::new()),
        (Answer::Garbage, _) => send(StatusCode::OK, GARBAGE.to_owned()),
        (Answer::Hang, _) => Reply::Hang,
        (Answer::Reset, _) => Reply::Reset,
    }
}

fn send(status: StatusCode, body: String) -> Reply {
    Reply::Send { status, body }
}

fn body(message: &Message, code: i64, retcode: i64) -> String {
    match (message.api, &message.reqid) {
        (Api::V1, _) => push_body(code, text_of(code)),
        (Api::V3, reqid) => report_body(retcode, reqid.as_deref()),
    }
}

/// The answer to a report whose `reqid` is this JSON text.
pub(crate) fn report_body(retcode: i64, reqid: Option<&str>) -> String {
    match reqid {
        // Put in as text: the same JSON value, whatever its size or form (R-V3-05).
        Some(reqid) => format!(r#"{{"retcode":{retcode},"header":{{"reqid":{reqid}}}}}"#),
        None => format!(r#"{{"retcode":{retcode},"header":{{}}}}"#),
    }
}

/// Both names of the text, since the document's table and its sample differ (R-V1-05).
pub(crate) fn push_body(code: i64, text: &str) -> String {
    let text = Value::from(text);
    format!(r#"{{"code":{code},"msg":{text},"message":{text},"data":{{}}}}"#)
}

pub(crate) fn text_of(code: i64) -> &'static str {
    if code == 200 { "success" } else { "failure" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::message;

    const PUSH: &[u8] = br#"{"type":0,"data":{"deviceSN":"A","uuid":"u"}}"#;
    const REPORT: &[u8] =
        br#"{"action":"event-report","header":{"reqid":"7"},"body":{"device-id":"d","seqnum":1}}"#;

    #[test]
    fn each_answer_to_each_message() {
        let answers =
            ["ok", "code=500", "http=503", "http=204", "hang", "reset", "empty", "garbage"];
        let mut table = String::new();
        for answer in answers {
            let parsed: Answer = answer.parse().unwrap();
            assert_eq!(parsed.to_string(), answer);
            for (name, body) in [("push", PUSH), ("report", REPORT), ("other", b"x".as_slice())] {
                let reply = match reply(parsed, &message::read(None, body)) {
                    Reply::Send { status, body } => format!("{} {body}", status.as_u16()),
                    other => format!("{other:?}"),
                };
                table.push_str(&format!("{answer} to a {name}: {reply}\n"));
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn unknown_answers_are_refused() {
        for text in ["", "OK", "code", "code=", "code=x", "http=99", "http=199", "http=600", "ok=1"]
        {
            assert!(text.parse::<Answer>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_first_ones_fail_and_the_others_do_not() {
        let given = |answer, fail_first| {
            let answers = Answers::new(answer, fail_first);
            [answers.next(), answers.next(), answers.next()]
        };
        assert_eq!(given(Answer::Ok, 0), [Answer::Ok; 3]);
        assert_eq!(given(Answer::Hang, 0), [Answer::Hang; 3]);
        assert_eq!(given(Answer::Hang, 2), [Answer::Hang, Answer::Hang, Answer::Ok]);
        assert_eq!(given(Answer::Ok, 1), [FAILURE, Answer::Ok, Answer::Ok]);
    }
}
