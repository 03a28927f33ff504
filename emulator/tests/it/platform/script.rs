//! What the platform answers, and when.

use std::collections::VecDeque;

/// One way to answer a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// As the document says.
    Ok,
    /// The same, announcing that the connection ends.
    OkAndClose,
    /// The same, and then the connection ends without a word.
    OkThenSilentClose,
    /// HTTP 200 with this `code`.
    Code(u16),
    /// This HTTP status without a body.
    Http(u16),
    /// HTTP 200 without a body.
    Empty,
    /// Not HTTP.
    Garbage,
    /// A redirect to `/elsewhere`.
    Redirect,
    /// Success, in a body of so many bytes.
    Padded(usize),
    /// A body that never ends.
    Endless,
    /// None, until the other side goes.
    Hang,
    /// What the script says once it says something else.
    Hold,
    /// A reset, before any of the answer.
    ResetBefore,
    /// A reset within the status line.
    ResetInHead,
    /// A reset within the body.
    ResetInBody,
}

const SUCCESS: &str = r#"{"code":200,"msg":"success","message":"success","data":{}}"#;

impl Answer {
    /// What is written; nothing for those that write nothing.
    pub(super) fn bytes(self) -> Vec<u8> {
        match self {
            Self::Ok | Self::OkThenSilentClose => http("200 OK", "", SUCCESS),
            Self::OkAndClose => http("200 OK", "Connection: close\r\n", SUCCESS),
            Self::Code(code) => http("200 OK", "", &format!(r#"{{"code":{code},"msg":"no"}}"#)),
            Self::Http(status) => http(&format!("{status} Said So"), "", ""),
            Self::Empty => http("200 OK", "", ""),
            Self::Garbage => b"this is no HTTP, is it?\r\n\r\n".to_vec(),
            Self::Redirect => http("307 Elsewhere", "Location: /elsewhere\r\n", ""),
            Self::Padded(bytes) => http("200 OK", "", &padded(bytes)),
            Self::Endless => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
            Self::Hang | Self::Hold | Self::ResetBefore => Vec::new(),
            Self::ResetInHead => b"HTTP/1.1 20".to_vec(),
            Self::ResetInBody => {
                let mut bytes = http("200 OK", "", SUCCESS);
                bytes.truncate(bytes.len() - 10);
                bytes
            }
        }
    }
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

fn padded(bytes: usize) -> String {
    let rest = bytes.saturating_sub(SUCCESS.len());
    SUCCESS.replacen("success", &format!("success{}", " ".repeat(rest)), 1)
}

/// The answers to come.
pub(super) struct Script {
    next: VecDeque<Answer>,
    then: Answer,
}

impl Default for Script {
    fn default() -> Self {
        Self::always(Answer::Ok)
    }
}

impl Script {
    pub(super) fn always(answer: Answer) -> Self {
        Self::new(&[], answer)
    }

    pub(super) fn new(next: &[Answer], then: Answer) -> Self {
        Self { next: next.iter().copied().collect(), then }
    }

    pub(super) fn take(&mut self) -> Answer {
        self.next.pop_front().unwrap_or(self.then)
    }

    pub(super) fn holds(&self) -> bool {
        self.then == Answer::Hold
    }
}
