//! The OpenAPI document of the v3.x API, made of the table of actions.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::actions::{ACTIONS, Action, Outcome};
use super::answers::AnswerHeader;
use super::own::Report;
use super::{Header, Service};
use crate::behaviour::V3;
use crate::calls::v3::Retcode;
use crate::wire::event_object::EventObject;
use crate::wire::openapi::{Document, Schemas, content};

/// What a request is, but for its `action`.
#[derive(JsonSchema)]
#[expect(
    dead_code,
    reason = "it only describes: the envelope is read before its body's type is known"
)]
pub(super) struct RequestOf<B> {
    header: Option<Header>,
    body: B,
}

/// The body of a request that is not looked at.
pub(super) type Ignored = Option<Value>;

/// An answer that has no body.
pub(super) struct NoBody;

impl JsonSchema for NoBody {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NoBody".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        false.into()
    }
}

const DESCRIPTION: &str = "What a device answers to a platform over v3.x, as the documented device has it; rulings \
                  (R-V3-..) are explained in docs/rulings.md. Every request is a POST of an action; the \
                  service in its path and its `action` decide what it is. OpenAPI cannot tie an answer to an \
                  action of the same path: `x-actions` does, with the schemas of both and whether a token is \
                  needed.";

/// The document.
#[must_use]
pub fn openapi() -> Value {
    let mut schemas = Schemas::new();
    let refused = refused(&mut schemas);
    let path = |service: Service| {
        let name = service.name().expect("these have paths");
        (
            format!("/api/v3.x/{name}"),
            json!({"post": operation(service, name, &refused, &mut schemas)}),
        )
    };
    let paths: Map<String, Value> = Service::WITH_PATHS.into_iter().map(path).collect();
    let report = schemas.written::<Report<'_, EventObject<'_>>>();
    let webhooks = json!({"event-report": {"post": {
        "summary": "Each event, once, while the platform can be reached (R-V3-16 to R-V3-18)",
        "requestBody": {"required": true, "content": content(&report)},
        "responses": {"default": {"description": "whatever comes is taken (R-V3-17)"}},
    }}});
    let token = json!({"token": {
        "type": "apiKey", "in": "header", "name": "Token", "description": "what `auth-login` answered",
    }});
    let document = Document {
        title: "Event management (v3.x)",
        description: DESCRIPTION,
        security_schemes: token,
        paths,
        webhooks,
    };
    document.with(schemas)
}

/// An answer with a `retcode` other than 0.
fn refused(schemas: &mut Schemas) -> Value {
    let mut codes: Vec<u16> = Retcode::REFUSALS.iter().map(|retcode| retcode.0).collect();
    codes.push(V3::default().bad_token);
    codes.sort_unstable();
    let header = schemas.written::<AnswerHeader<'_>>();
    let schema = json!({
        "type": "object",
        "required": ["retcode", "header"],
        "properties": {"retcode": {"type": "integer", "enum": codes}, "header": header},
    });
    schemas.name("Refused", schema)
}

fn operation(service: Service, name: &str, refused: &Value, schemas: &mut Schemas) -> Value {
    let mut requests = Vec::new();
    let mut answers = Vec::new();
    let mut mapping = Map::new();
    let mut actions = Map::new();
    for action in ACTIONS.iter().filter(|action| action.home == service) {
        let (request, answer) = messages(action, schemas);
        mapping.insert(action.name.to_owned(), request["$ref"].clone());
        let token = if action.is_open() { "not needed" } else { "needed" };
        let about = json!({
            "summary": action.about.summary, "request": request, "answer": answer, "token": token,
        });
        actions.insert(action.name.to_owned(), about);
        requests.push(request);
        answers.push(answer);
    }
    answers.push(refused.clone());
    let request = json!({
        "oneOf": requests,
        "discriminator": {"propertyName": "action", "mapping": mapping},
    });
    let unserved = |what: &str| json!({"description": what, "content": content(refused)});
    json!({
        "operationId": name,
        "summary": format!("The actions of the service `{name}`"),
        "security": [{"token": []}, {}],
        "requestBody": {"required": true, "content": content(&request)},
        "responses": {
            "200": {
                "description": "the answer, good or not (R-V3-03)",
                "content": content(&json!({"anyOf": answers})),
            },
            "408": unserved("the body did not come in time, or broke off"),
            "413": unserved("the body is larger than 1 MiB"),
        },
        "x-actions": actions,
    })
}

/// An action's request and its answer.
fn messages(action: &Action, schemas: &mut Schemas) -> (Value, Value) {
    let mut request = (action.about.request)(&mut schemas.read).to_value();
    request["properties"]["action"] = json!({"const": action.name});
    let mut required = vec![json!("action")];
    required.extend(request["required"].as_array().into_iter().flatten().cloned());
    request["required"] = Value::Array(required);
    request["title"] = json!(action.name);
    request["description"] = json!(action.about.summary);
    let body = (action.about.answer)(&mut schemas.written).to_value();
    let header = schemas.written::<AnswerHeader<'_>>();
    let retcode = match action.about.outcome {
        Outcome::Whole => json!({"const": 0}),
        Outcome::Each => json!({"type": "integer", "description": "0 when any of them succeeded"}),
    };
    let mut answer = json!({
        "title": format!("answer to {}", action.name),
        "type": "object",
        "required": ["retcode", "header"],
        "properties": {"retcode": retcode, "header": header},
    });
    if body != json!(false) {
        answer["required"] = json!(["retcode", "header", "body"]);
        answer["properties"]["body"] = body;
    }
    let name = action.name;
    (
        schemas.name(&format!("{name}.request"), request),
        schemas.name(&format!("{name}.answer"), answer),
    )
}
