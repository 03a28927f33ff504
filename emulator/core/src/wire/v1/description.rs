//! The OpenAPI document of the v1 API, made of the table of routes.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::codes::{CODES, Code};
use super::records::{RecordsBody, RecordsData};
use super::requests::{DoorBody, LoginBody, SubscribeBody};
use super::routes::ROUTES;
use super::{Answer, InfoData, SubscriptionData, TokenData};
use crate::calls::v1::{Access, Operation};
use crate::wire::openapi::{Document, Schemas, content};
use crate::wire::record::Record;

const DESCRIPTION: &str = "What a device answers to a platform over v1, and what it pushes, as the documented device \
                  has it; rulings (R-V1-..) are explained in docs/rulings.md. Every answer has the headers \
                  `model`, `sn`, `timestamp` and `account` (R-V1-19).";

/// The document.
#[must_use]
pub fn openapi() -> Value {
    let mut schemas = Schemas::new();
    let refused = refused(&mut schemas);
    let mut paths = Map::new();
    for route in &ROUTES {
        let operation = |(method, operation): (&str, Operation)| {
            let described = described(operation, &mut schemas);
            (method.to_owned(), described.write(operation, route.access, &refused))
        };
        let methods: Map<String, Value> = route.methods().map(operation).collect();
        paths.insert(route.path.to_owned(), Value::Object(methods));
    }
    let record = schemas.written::<Record<'_>>();
    let acknowledged = json!({
        "type": "object", "required": ["code"], "properties": {"code": {"const": 200}},
    });
    let webhooks = json!({"push": {"post": {
        "summary": "Each record, to the subscription's `event_dest`, until it is acknowledged",
        "requestBody": {"required": true, "content": content(&record)},
        "responses": {"2XX": {
            "description": "acknowledged (R-V1-06); anything else is not", "content": content(&acknowledged),
        }},
    }}});
    let schemes = json!({
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "basic": {"type": "http", "scheme": "basic"},
    });
    let document = Document {
        title: "Third-party push (v1)",
        description: DESCRIPTION,
        security_schemes: schemes,
        paths,
        webhooks,
    };
    document.with(schemas)
}

/// An answer that is not success.
fn refused(schemas: &mut Schemas) -> Value {
    let codes: Vec<u16> = CODES.iter().map(|code| code.code).collect();
    let schema = json!({
        "type": "object",
        "required": ["code", "data", "msg"],
        "properties": {
            "code": {"type": "integer", "enum": codes},
            "data": {"type": "null"},
            "msg": {"type": "string", "description": "what is wrong"},
        },
    });
    schemas.name("Refused", schema)
}

/// What is said of an operation.
struct Described {
    summary: &'static str,
    /// What it reads, if it reads anything.
    asked: Option<Value>,
    /// A good answer; none of what ends in another protocol.
    answered: Option<Value>,
    /// Whether it makes something happen that needs room.
    needs: Needs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Room,
}

/// Describes an operation: there is none that is not.
fn described(operation: Operation, schemas: &mut Schemas) -> Described {
    let plain = |summary, answered| Described {
        summary,
        asked: None,
        answered: Some(answered),
        needs: Needs::Nothing,
    };
    match operation {
        Operation::GetSubscription => {
            let answered = answered::<Option<SubscriptionData<'_>>>(schemas);
            plain("Tells where records are pushed to (R-V1-01)", answered)
        }
        Operation::Subscribe => Described {
            asked: Some(schemas.read::<SubscribeBody>()),
            needs: Needs::Room,
            ..plain("Says where records are pushed to", answered::<()>(schemas))
        },
        Operation::Login => Described {
            asked: Some(schemas.read::<LoginBody>()),
            ..plain("Gives a token (R-V1-26)", answered::<TokenData>(schemas))
        },
        Operation::ListCodes => {
            plain("Lists the codes of answers (R-V1-27)", answered::<Vec<Code>>(schemas))
        }
        Operation::DeviceInfo => {
            plain("Tells what the device is (R-V1-27)", answered::<InfoData<'_>>(schemas))
        }
        Operation::Ping => plain("Tells that the device is there", answered::<()>(schemas)),
        Operation::Records => Described {
            asked: Some(schemas.read::<RecordsBody>()),
            ..plain("Lists recognitions (R-V1-28)", answered::<RecordsData<'_>>(schemas))
        },
        Operation::Door => Described {
            asked: Some(schemas.read::<DoorBody>()),
            needs: Needs::Room,
            ..plain("Opens the door, or holds it (R-V1-29)", answered::<()>(schemas))
        },
        Operation::Reboot => plain(
            "Restarts the device, once the answer has left (R-V1-30)",
            answered::<()>(schemas),
        ),
        Operation::Watch => Described {
            summary: "The live feed: a WebSocket that carries each recognition as it is pushed (R-V1-31)",
            asked: None,
            answered: None,
            needs: Needs::Nothing,
        },
    }
}

/// Success with that `data`.
fn answered<D: JsonSchema>(schemas: &mut Schemas) -> Value {
    let mut schema = schemas.written::<Answer<'_, D>>();
    schema["properties"]["code"] = json!({"const": 200});
    schema
}

impl Described {
    fn write(self, operation: Operation, access: Access, refused: &Value) -> Value {
        let failed = |what: &str| json!({"description": what, "content": content(refused)});
        let mut responses = Map::new();
        let mut respond = |status: &str, what: Value| responses.insert(status.to_owned(), what);
        match &self.answered {
            Some(good) => {
                respond("200", json!({"description": "success", "content": content(good)}))
            }
            None => respond("101", json!({"description": "the connection is the live feed"})),
        };
        if self.asked.is_some() {
            respond("400", failed("the body cannot be understood; nothing has changed"));
        }
        if access != Access::Open || operation == Operation::Login {
            respond("401", failed("not by somebody who may"));
        }
        respond("408", failed("the body did not come in time, or broke off"));
        respond("413", failed("the body is larger than 1 MiB"));
        if self.answered.is_none() {
            respond("426", failed("not asked as a WebSocket is"));
        }
        respond("503", failed("the device is being reset, or as many watch as may"));
        if self.needs == Needs::Room {
            respond("507", failed("there is no room for it"));
        }
        let security = match access {
            Access::Open => json!([]),
            Access::AsConfigured => json!([{}, {"bearer": []}, {"basic": []}]),
            Access::Account => json!([{"bearer": []}, {"basic": []}]),
        };
        let mut object = json!({
            "operationId": format!("{operation:?}"),
            "summary": self.summary,
            "security": security,
            "responses": responses,
        });
        if let Some(asked) = self.asked {
            object["requestBody"] = json!({"required": true, "content": content(&asked)});
        }
        object
    }
}
