//! The codes of the v1 API's answers, as a table.

use schemars::JsonSchema;
use serde::Serialize;

use crate::calls::v1::Refusal;

/// A code of an answer, with its meaning.
#[derive(Clone, Copy, Debug, JsonSchema, Serialize)]
pub(super) struct Code {
    pub(super) code: u16,
    #[serde(rename = "msg")]
    meaning: &'static str,
}

const fn code(code: u16, meaning: &'static str) -> Code {
    Code { code, meaning }
}

const UNAUTHORIZED: Code = code(401, "Unauthorized");

/// The vendor's manual has these two beside the statuses of HTTP.
const NO_SUCH_ACCOUNT: Code = code(1000, "no such account");
const WRONG_PASSWORD: Code = code(1001, "wrong password");

/// Every code that an answer can have, but for that of success.
pub(super) const CODES: [Code; 12] = [
    code(400, "Bad Request"),
    UNAUTHORIZED,
    code(404, "Not Found"),
    code(405, "Method Not Allowed"),
    code(408, "Request Timeout"),
    code(413, "Payload Too Large"),
    code(426, "Upgrade Required"),
    code(500, "Internal Server Error"),
    code(503, "Service Unavailable"),
    code(507, "Insufficient Storage"),
    NO_SUCH_ACCOUNT,
    WRONG_PASSWORD,
];

/// The `code` of the answer to a call that did not succeed, and why it did not.
#[must_use]
pub fn refusal(refusal: &Refusal) -> (u16, String) {
    let told = |code: Code| (code.code, code.meaning.to_owned());
    match refusal {
        Refusal::Unreadable(unreadable) => (400, unreadable.to_string()),
        Refusal::Unauthorized => told(UNAUTHORIZED),
        Refusal::NoSuchAccount => told(NO_SUCH_ACCOUNT),
        Refusal::WrongPassword => told(WRONG_PASSWORD),
        Refusal::Busy => (503, "the device is being reset; ask again when that is done".to_owned()),
        Refusal::Full => (507, "there is no room for what would happen".to_owned()),
        // Nobody sees it.
        Refusal::Silence => (500, String::new()),
    }
}
