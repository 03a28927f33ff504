//! What is printed for one message: enough to recognise it, nothing that is private.
//!
//! Promises never to hold a name, a card number, a PIN, a code or an image.

use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use crate::receiver::message::{Api, Identity, Message, Stamp, Unparsable};
use crate::receiver::tally::Finding;

/// One message, as a JSON object.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Line<'a> {
    /// A push or report.
    Message(MessageLine<'a>),
    /// Something else.
    Unparsable {
        /// Why.
        unparsable: String,
    },
}

/// A push or report.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct MessageLine<'a> {
    api: Api,
    sn: &'a str,
    kind: &'a str,
    #[serde(flatten)]
    identity: IdentityLine<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(flatten)]
    finding: Finding,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
enum IdentityLine<'a> {
    Seqnum { seqnum: u64 },
    Record { uuid: &'a str },
    Alarm { trace_id: &'a str, status: i64 },
}

/// The last instant with a year of four digits: beyond it there is no RFC 3339 form.
const LAST_MS: u64 = 253_402_300_799_999;

impl<'a> Line<'a> {
    /// The line of a message about which `finding` was noticed.
    #[must_use]
    pub fn new(message: &'a Result<Message, Unparsable>, finding: Finding) -> Self {
        let message = match message {
            Ok(message) => message,
            Err(unparsable) => {
                return Self::Unparsable { unparsable: unparsable.to_string() };
            }
        };
        Self::Message(MessageLine {
            api: message.api,
            sn: &message.device,
            kind: &message.kind,
            identity: match &message.identity {
                Identity::Seqnum(seqnum) => IdentityLine::Seqnum { seqnum: *seqnum },
                Identity::Record { uuid } => IdentityLine::Record { uuid },
                Identity::Alarm { trace_id, status, .. } => {
                    IdentityLine::Alarm { trace_id, status: *status }
                }
            },
            time: message.stamp.and_then(rfc3339),
            person: message.person.as_deref(),
            verdict: message.verdict,
            finding,
        })
    }
}

fn rfc3339(stamp: Stamp) -> Option<String> {
    if stamp.latest_ms > LAST_MS {
        return None;
    }
    let time = UNIX_EPOCH + Duration::from_millis(stamp.earliest_ms);
    Some(if stamp.earliest_ms == stamp.latest_ms {
        humantime::format_rfc3339_millis(time).to_string()
    } else {
        humantime::format_rfc3339_seconds(time).to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::message;
    use crate::receiver::tally::Tally;

    #[test]
    fn lines_say_which_message_and_nothing_private() {
        let mut tally = Tally::new();
        let bodies = [
            r#"{"type":0,"data":{"deviceSN":"PSC1","uuid":"4d39","pass":true,"timestamp":1685343715,
                "rgb_image":"/9j/","user":{"name":"王五","ic_number":"12345","pin":"99","user_id":"5"}}}"#,
            r#"{"type":1,"data":{"trace_id":"SPX-1","code":10001,"event_time":1684381433398,"status":1}}"#,
            r#"{"action":"event-report","header":{"reqid":"1"},"body":{"device-id":"d","seqnum":6,
                "timestamp":1587985190123,"event":"card","uid":"u","data":"0xffae0846","state":4}}"#,
            r#"{"action":"event-report","header":{"reqid":"2"},"body":{"device-id":"d","seqnum":9,
                "timestamp":18446744073709551615,"event":"qrcode","qrcode":"secret"}}"#,
            r#"{"action":"event-report","header":{"reqid":"2"},"body":{"device-id":"d","seqnum":9}}"#,
            "nonsense",
        ];
        let lines: Vec<String> = bodies
            .iter()
            .map(|body| {
                let message = message::read(None, body.as_bytes());
                let finding = tally.note(&message);
                serde_json::to_string(&Line::new(&message, finding)).unwrap()
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
