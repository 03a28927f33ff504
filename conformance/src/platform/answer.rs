//! One answer: what it says, how it is delivered, and what a device must take it for. Pure.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::receiver::answer::{push_body, report_body, text_of};
use crate::stream::{Answered, Claim, Shape};

/// How a message is answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// What is said.
    pub content: Content,
    /// How it reaches the device, or does not.
    pub delivery: Delivery,
}

/// What an answer says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Content {
    /// What the documents ask for: `code` 200, or `retcode` 0 and the report's `header`.
    Ok,
    /// HTTP 200 with this `code`, or `retcode`.
    Code(i64),
    /// HTTP 200 with this text as `code`, or `retcode`.
    CodeText(String),
    /// `code` 200 with only some of the texts that come with it (R-V1-05).
    Texts(Texts),
    /// HTTP 200 without a body.
    Empty,
    /// HTTP 200 with a body that is not JSON.
    NotJson,
    /// This status, these headers and this body, whatever came.
    Http {
        /// From 200 on: an answer with 1xx is not over.
        status: StatusCode,
        /// Names and values.
        headers: Vec<(String, String)>,
        /// The body; 204 and 304 never have one.
        body: String,
    },
}

/// Which of the texts are there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Texts {
    /// `msg`, as in the document's sample.
    Msg,
    /// `message`, as in its table.
    Message,
    /// Neither.
    Neither,
}

/// How an answer reaches the device, or does not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// At once.
    Whole,
    /// After this time.
    Late(Duration),
    /// Byte by byte, with this pause after each.
    Slow(Duration),
    /// The first half of it; then the connection is closed.
    Half,
    /// The first half of it; then the connection is reset.
    ResetMidAnswer,
    /// Not at all: the connection is reset.
    Reset,
    /// Not at all: the connection stays open.
    Hang,
}

/// Text that no reader takes for JSON.
const NOT_JSON: &str = "<<< this is not JSON >>>";

impl Answer {
    /// As the documents say, at once.
    pub const OK: Self = Self { content: Content::Ok, delivery: Delivery::Whole };

    /// Says `content`, at once.
    #[must_use]
    pub fn saying(content: Content) -> Self {
        Self { content, delivery: Delivery::Whole }
    }

    /// As the documents say, delivered so.
    #[must_use]
    pub fn delivered(delivery: Delivery) -> Self {
        Self { content: Content::Ok, delivery }
    }

    /// Redirects to `location`.
    #[must_use]
    pub fn redirect(status: StatusCode, location: &str) -> Self {
        let headers = vec![("location".to_owned(), location.to_owned())];
        Self::saying(Content::Http { status, headers, body: String::new() })
    }

    /// Its name and what it tells the device that sent a message of this shape.
    #[must_use]
    pub(crate) fn answered(&self, shape: Shape) -> Answered {
        Answered { name: self.to_string(), claim: self.claim(shape) }
    }

    /// The bytes that go back for a message of this shape; `reqid` is a report's, as JSON text.
    pub(super) fn bytes(&self, shape: Shape, reqid: Option<&str>) -> Vec<u8> {
        let body = |code: i64| match shape {
            Shape::Report if code == 200 => report_body(0, reqid),
            Shape::Report => report_body(code, reqid),
            _ => push_body(code, text_of(code)),
        };
        let say = |body: String| whole(StatusCode::OK, &[], &body);
        match &self.content {
            Content::Ok => say(body(200)),
            Content::Code(code) => say(body(*code)),
            Content::CodeText(text) => say(code_text(shape, text, reqid)),
            Content::Texts(_) if shape == Shape::Report => say(body(200)),
            Content::Texts(texts) => say(match texts {
                Texts::Msg => r#"{"code":200,"msg":"success","data":{}}"#.to_owned(),
                Texts::Message => r#"{"code":200,"message":"success","data":{}}"#.to_owned(),
                Texts::Neither => r#"{"code":200,"data":{}}"#.to_owned(),
            }),
            Content::Empty => say(String::new()),
            Content::NotJson => say(NOT_JSON.to_owned()),
            Content::Http { status, headers, body } => whole(*status, headers, body),
        }
    }

    fn claim(&self, shape: Shape) -> Claim {
        match self.delivery {
            Delivery::Whole | Delivery::Late(_) | Delivery::Slow(_) => {}
            Delivery::Half | Delivery::ResetMidAnswer | Delivery::Reset | Delivery::Hang => {
                return Claim::Failure;
            }
        }
        if shape == Shape::Report {
            // Whether a device cares at all is only observed (R-V3-17).
            return if self.content == Content::Ok { Claim::Success } else { Claim::Unclear };
        }
        match &self.content {
            Content::Ok | Content::Code(200) => Claim::Success,
            Content::Code(_) => Claim::Failure,
            Content::CodeText(_) | Content::Texts(_) | Content::Empty | Content::NotJson => {
                Claim::Unclear
            }
            Content::Http { status, body, .. } => http_claim(*status, body),
        }
    }
}

fn code_text(shape: Shape, code: &str, reqid: Option<&str>) -> String {
    let code = Value::from(code);
    match (shape, reqid) {
        (Shape::Report, Some(reqid)) => {
            format!(r#"{{"retcode":{code},"header":{{"reqid":{reqid}}}}}"#)
        }
        (Shape::Report, None) => format!(r#"{{"retcode":{code},"header":{{}}}}"#),
        _ => format!(r#"{{"code":{code},"msg":"success","message":"success","data":{{}}}}"#),
    }
}

/// R-V1-06.
fn http_claim(status: StatusCode, body: &str) -> Claim {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let code = json.as_ref().and_then(|json| json.get("code"));
    let number = code.and_then(Value::as_i64);
    match (status.as_u16(), number) {
        (204, _) => Claim::Unclear,
        (200..300, Some(200)) => Claim::Success,
        (200, Some(_)) => Claim::Failure,
        (400..600, Some(200)) => Claim::Unclear,
        (400..600, _) if code.is_some_and(|code| code == "200") => Claim::Unclear,
        (400..600, _) => Claim::Failure,
        _ => Claim::Unclear,
    }
}

fn whole(status: StatusCode, headers: &[(String, String)], body: &str) -> Vec<u8> {
    let reason = status.canonical_reason().unwrap_or("Unnamed");
    let mut text = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
        text.push_str("\r\n");
    } else {
        let named = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if !named && !body.is_empty() {
            text.push_str("Content-Type: application/json\r\n");
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    }
    text.into_bytes()
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.delivery {
            Delivery::Whole => {}
            Delivery::Late(delay) => write!(f, "{} late: ", humantime::format_duration(delay))?,
            Delivery::Slow(pause) => {
                write!(f, "a byte each {}: ", humantime::format_duration(pause))?;
            }
            Delivery::Half => f.write_str("half of: ")?,
            Delivery::ResetMidAnswer => f.write_str("a reset in the middle of: ")?,
            Delivery::Reset => return f.write_str("a reset"),
            Delivery::Hang => return f.write_str("none, on an open connection"),
        }
        match &self.content {
            Content::Ok => f.write_str("ok"),
            Content::Code(code) => write!(f, "code {code}"),
            Content::CodeText(text) => write!(f, "code {}", Value::from(text.as_str())),
            Content::Texts(Texts::Msg) => f.write_str("code 200 with msg alone"),
            Content::Texts(Texts::Message) => f.write_str("code 200 with message alone"),
            Content::Texts(Texts::Neither) => f.write_str("code 200 without text"),
            Content::Empty => f.write_str("HTTP 200 without a body"),
            Content::NotJson => f.write_str("HTTP 200 with a body that is not JSON"),
            Content::Http { status, body, .. } if body.is_empty() => {
                write!(f, "HTTP {}", status.as_u16())
            }
            Content::Http { status, body, .. } => {
                let start: String = body.chars().take(60).collect();
                write!(f, "HTTP {} with {start}", status.as_u16())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(status: u16, body: &str) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer::saying(Content::Http { status, headers: Vec::new(), body: body.to_owned() })
    }

    #[test]
    fn what_each_answer_tells_a_device() {
        let code = |code| Answer::saying(Content::Code(code));
        let ok = r#"{"code":200}"#;
        for (answer, claim) in [
            (Answer::OK, Claim::Success),
            (code(200), Claim::Success),
            (code(500), Claim::Failure),
            (Answer::saying(Content::CodeText("200".to_owned())), Claim::Unclear),
            (Answer::saying(Content::Texts(Texts::Neither)), Claim::Unclear),
            (Answer::saying(Content::Empty), Claim::Unclear),
            (Answer::saying(Content::NotJson), Claim::Unclear),
            (http(200, ok), Claim::Success),
            (http(201, ok), Claim::Success),
            (http(200, r#"{"code":1}"#), Claim::Failure),
            (http(201, r#"{"code":1}"#), Claim::Unclear),
            (http(204, ""), Claim::Unclear),
            (http(503, ok), Claim::Unclear),
            (http(503, r#"{"code":"200"}"#), Claim::Unclear),
            (http(503, r#"{"code":503}"#), Claim::Failure),
            (http(404, ""), Claim::Failure),
            (Answer::redirect(StatusCode::FOUND, "http://a/"), Claim::Unclear),
            (Answer::delivered(Delivery::Late(Duration::ZERO)), Claim::Success),
            (Answer::delivered(Delivery::Slow(Duration::ZERO)), Claim::Success),
            (Answer::delivered(Delivery::Half), Claim::Failure),
            (Answer::delivered(Delivery::ResetMidAnswer), Claim::Failure),
            (Answer::delivered(Delivery::Reset), Claim::Failure),
            (Answer::delivered(Delivery::Hang), Claim::Failure),
        ] {
            assert_eq!(answer.claim(Shape::Push), claim, "{answer}");
        }
    }

    #[test]
    fn the_bytes_of_each_answer() {
        let mut table = String::new();
        for answer in [
            Answer::OK,
            Answer::saying(Content::Code(500)),
            Answer::saying(Content::CodeText("200".to_owned())),
            Answer::saying(Content::Texts(Texts::Msg)),
            Answer::saying(Content::Empty),
            Answer::saying(Content::NotJson),
            Answer::redirect(StatusCode::FOUND, "http://a/"),
            http(204, ""),
            http(503, r#"{"code":503}"#),
        ] {
            for (name, shape) in [("push", Shape::Push), ("report", Shape::Report)] {
                let bytes = answer.bytes(shape, Some("7"));
                let text = String::from_utf8(bytes).unwrap().replace("\r\n", "\\r\\n");
                table.push_str(&format!("{answer}, to a {name}: {text}\n"));
            }
        }
        insta::assert_snapshot!(table);
    }
}
