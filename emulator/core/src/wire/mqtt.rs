//! The bodies of `mqtt-set` and `mqtt-get`, and what a device asks through a broker.
//!
//! What a device would act upon must be understood: a field of another type is refused, whatever `v3.bad-field`
//! says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::fields::{Field, read_object};
use super::json;
use super::view::View;
use crate::calls::v3::{Call, MqttFields};
use crate::delivery::mqtt::Question;
use crate::dest::BrokerFields;

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "BrokerSet", extend("minProperties" = 1))]
pub(super) struct SetBody {
    #[serde(default)]
    host: Field<String>,
    #[serde(default)]
    port: Field<Port>,
    #[serde(default)]
    client_id: Field<String>,
    #[serde(default)]
    user: Field<String>,
    #[serde(default)]
    passwd: Field<String>,
    #[serde(default)]
    topic_pub: Field<String>,
    #[serde(default)]
    topic_sub: Field<String>,
}

/// A number, or a text as all other values are.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Port {
    Number(u16),
    Text(String),
}

/// The fields that are to be set; none where one is bad.
pub(super) fn set(body: Option<&RawValue>) -> Option<Call> {
    let SetBody { host, port, client_id, user, passwd, topic_pub, topic_sub } =
        read_object(body?.get().as_bytes()).ok()?;
    let port = match port {
        Field::Absent => Field::Absent,
        Field::Good(Port::Number(port)) => Field::Good(port.to_string()),
        Field::Good(Port::Text(port)) => Field::Good(port),
        Field::Bad => Field::Bad,
    };
    let fields = [
        ("host", host),
        ("port", port),
        ("client_id", client_id),
        ("user", user),
        ("passwd", passwd),
        ("topic_pub", topic_pub),
        ("topic_sub", topic_sub),
    ];
    let mut given = Vec::new();
    for (name, field) in fields {
        match field {
            Field::Absent => {}
            Field::Good(value) => given.push((name, value)),
            Field::Bad => return None,
        }
    }
    (!given.is_empty()).then_some(Call::MqttSet(MqttFields(given)))
}

/// What `mqtt-get` answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Broker")]
pub(super) struct Body<'a> {
    host: &'a str,
    /// 0 while none is set.
    port: u16,
    client_id: &'a str,
    user: &'a str,
    passwd: &'a str,
    topic_pub: &'a str,
    topic_sub: &'a str,
}

impl<'a> Body<'a> {
    pub(super) fn new(fields: &'a BrokerFields) -> Self {
        Self {
            host: &fields.host,
            port: fields.port.parse().unwrap_or(0),
            client_id: &fields.client_id,
            user: &fields.user,
            passwd: &fields.passwd,
            topic_pub: &fields.topic_pub,
            topic_sub: &fields.topic_sub,
        }
    }
}

#[derive(Serialize)]
struct Asked<'a> {
    action: &'static str,
    header: AskedHeader<'a>,
}

#[derive(Serialize)]
struct AskedHeader<'a> {
    reqid: &'a str,
    /// Many devices may share a topic.
    devid: &'a str,
}

/// Writes a question of the device's own.
pub(super) fn encode(view: &View, question: &Question) -> Vec<u8> {
    let header = AskedHeader { reqid: &question.reqid, devid: &view.identity.device_id };
    json::compact(&Asked { action: question.action, header })
}
