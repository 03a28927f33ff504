//! What a platform's answer says of a record.
//!
//! A push is acknowledged as R-V1-06 has it: HTTP 2xx and a body whose `code` is the number 200. Of a
//! report's answer a device takes no notice (R-V3-17), but a platform under load that answers 503 has not
//! taken it: here a report is acknowledged by HTTP 2xx, unless the body names a `retcode` other than 0.

use serde::Deserialize;
use serde_json::Value;
use vestibule_core::flood::Api;
use vestibule_core::wire::v1::{AnswerCode, answer_code};

use super::kind::Kind;

/// Whether it acknowledges the record.
pub(super) fn judge(api: Api, status: u16, body: &[u8]) -> Result<(), Kind> {
    if !(200..300).contains(&status) {
        return Err(Kind::Http(status));
    }
    match api {
        Api::V1 => match answer_code(body) {
            AnswerCode::Number200 => Ok(()),
            _ => Err(number(body, |answer| answer.code).map_or(Kind::NoCode, Kind::Code)),
        },
        Api::V3 => match number(body, |answer| answer.retcode) {
            None | Some(0) => Ok(()),
            Some(code) => Err(Kind::Retcode(code)),
        },
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    code: Value,
    #[serde(default)]
    retcode: Value,
}

fn number(body: &[u8], member: fn(Answer) -> Value) -> Option<i64> {
    member(serde_json::from_slice(body).ok()?).as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_so_acknowledges() {
        for (api, status, body, expected) in [
            (Api::V1, 200, r#"{"code":200}"#, Ok(())),
            (Api::V1, 201, r#"{"code":2e2,"msg":"success"}"#, Ok(())),
            (Api::V1, 200, r#"{"code":500}"#, Err(Kind::Code(500))),
            (Api::V1, 200, r#"{"code":"200"}"#, Err(Kind::NoCode)),
            (Api::V1, 200, "", Err(Kind::NoCode)),
            (Api::V1, 503, r#"{"code":200}"#, Err(Kind::Http(503))),
            (Api::V1, 302, "", Err(Kind::Http(302))),
            (Api::V3, 200, "", Ok(())),
            (Api::V3, 204, "nonsense", Ok(())),
            (Api::V3, 200, r#"{"retcode":0}"#, Ok(())),
            (Api::V3, 200, r#"{"retcode":105}"#, Err(Kind::Retcode(105))),
            (Api::V3, 500, r#"{"retcode":0}"#, Err(Kind::Http(500))),
        ] {
            assert_eq!(judge(api, status, body.as_bytes()), expected, "{api:?} {status} {body}");
        }
    }
}
