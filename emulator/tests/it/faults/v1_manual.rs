//! The faults of the v1 API's other paths.

use futures_util::StreamExt;
use http::HeaderValue;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::lab::{Lab, face};
use super::rows;
use crate::support::{Reply, Request, bounded};

const INFO: &str = "/v1/device/info";
/// admin:admin
const BASIC: &str = "Basic YWRtaW46YWRtaW4=";
/// Signed by nobody.
const FORGED: &str = "Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.";

async fn login(lab: &Lab, user: &str, password: &str, minutes: f64) -> Value {
    let body = json!({"username": user, "password": password, "validTime": minutes});
    lab.post("/v1/auth/login", None, &body.to_string()).await.json()
}

async fn get(lab: &Lab, path: &str, authorization: Option<&str>) -> Reply {
    let request = Request::get(&lab.running.url, path);
    let request = authorization
        .iter()
        .fold(request, |request, authorization| request.header("authorization", authorization));
    request.send().await
}

/// Whether the device tells what it is.
async fn is_told(lab: &Lab, authorization: Option<&str>) -> bool {
    get(lab, INFO, authorization).await.json()["code"] == 200
}

async fn bearer(lab: &Lab, minutes: f64) -> String {
    let token = login(lab, "admin", "admin", minutes).await["data"]["token"].clone();
    format!("Bearer {}", token.as_str().expect("a token"))
}

/// The `data` of a query for records.
async fn records(lab: &Lab, query: &Value) -> Value {
    let request = Request::post(&lab.running.url, "/v1/event/records", query);
    request.header("authorization", BASIC).send().await.json()["data"].take()
}

/// The newest record.
async fn newest(lab: &Lab) -> Value {
    records(lab, &json!({"sort": 1, "limit": 1})).await["items"][0].take()
}

/// The code of the answer to an order to the door.
async fn order(lab: &Lab, mode: u8) -> Value {
    let request = Request::post(&lab.running.url, "/v1/device/door", &json!({"open_mode": mode}));
    request.header("authorization", BASIC).send().await.json()["code"].take()
}

/// A watcher of the live feed; none where it is not let in.
async fn watch(lab: &Lab) -> Option<WebSocketStream<TcpStream>> {
    let authority = lab.running.url.strip_prefix("http://").expect("a plain URL");
    let request = format!("ws://{authority}/v1/event").into_client_request();
    let mut request = request.expect("a URL");
    request.headers_mut().insert("authorization", HeaderValue::from_static(BASIC));
    let stream = TcpStream::connect(authority).await.expect("the device listens");
    bounded("the handshake", Box::pin(client_async(request, stream))).await.ok().map(|(it, _)| it)
}

/// A watcher, as soon as there is a place.
async fn until_let_in(lab: &Lab) -> WebSocketStream<TcpStream> {
    loop {
        if let Some(socket) = watch(lab).await {
            return socket;
        }
    }
}

/// The first message of a new feed after an alarm and two faces, with what was emitted as these.
async fn carried(lab: &Lab) -> (Value, Value, Value) {
    let mut socket = until_let_in(lab).await;
    lab.emit(&json!({"event": "alarm", "code": 10001, "status": 1})).await;
    let (one, two) = (lab.emit(&face()).await, lab.emit(&face()).await);
    let message = bounded("a message", socket.next()).await.expect("it goes on");
    let text = message.expect("it is a WebSocket").into_text().expect("it is a text");
    (serde_json::from_str(&text).expect("JSON"), one, two)
}

rows! {
    "v1.login.any-password", lab => login(lab, "admin", "x", 5.0).await["code"] == 200;
    "v1.login.any-user", lab => login(lab, "nobody", "admin", 5.0).await["code"] == 200;
    "v1.login.token-missing", lab => {
        login(lab, "admin", "admin", 5.0).await["data"].get("token").is_none()
    };
    "v1.login.token-opaque", lab => {
        let answer = login(lab, "admin", "admin", 5.0).await;
        !answer["data"]["token"].as_str().expect("a text").contains('.')
    };
    "v1.token.useless", lab => {
        let bearer = bearer(lab, 5.0).await;
        !is_told(lab, Some(&bearer)).await
    };
    "v1.token.any", lab => is_told(lab, Some(FORGED)).await;
    "v1.token.never-expires", lab => {
        // 6 ms.
        let bearer = bearer(lab, 0.0001).await;
        for _ in 0..3 {
            lab.time_passes().await;
        }
        is_told(lab, Some(&bearer)).await
    };
    "v1.auth.not-required", lab => is_told(lab, None).await;
    "v1.auth.basic-refused", lab => !is_told(lab, Some(BASIC)).await;
    "v1.auth.nothing-open", lab => get(lab, "/v2/datasync/ping", None).await.status == 401;
    "v1.records.time-ignored", lab => {
        lab.emit(&face()).await;
        records(lab, &json!({"begin_time": 1, "end_time": 2})).await["total"] != 0
    };
    "v1.records.person-ignored", lab => {
        lab.emit(&face()).await;
        records(lab, &json!({"user_id": "nobody"})).await["total"] != 0
    };
    "v1.records.card-wins", lab => {
        lab.emit(&face()).await;
        let item = newest(lab).await;
        let user = &item["user"];
        let query = json!({"user_id": user["user_id"], "ic_number": "no card"});
        records(lab, &query).await["total"] == 0
    };
    "v1.records.offset-ignored", lab => {
        lab.emit(&face()).await;
        records(lab, &json!({"offset": 10_000})).await["count"] != 0
    };
    "v1.records.limit-exceeded", lab => {
        lab.emit(&json!({"event": "face", "count": 2})).await;
        records(lab, &json!({"limit": 1})).await["count"] == 2
    };
    "v1.records.default-limit", lab => records(lab, &json!({})).await["limit"] == 50;
    "v1.records.no-ceiling", lab => records(lab, &json!({"limit": 999})).await["limit"] == 999;
    "v1.records.sort-reversed", lab => {
        let emitted = lab.emit(&face()).await;
        newest(lab).await["uuid"] != emitted["uuid"]
    };
    "v1.records.total-of-page", lab => {
        lab.emit(&json!({"event": "face", "count": 2})).await;
        records(lab, &json!({"limit": 1})).await["total"] == 1
    };
    "v1.records.groups-missing", lab => {
        lab.emit(&face()).await;
        newest(lab).await.get("groups").is_none()
    };
    "v1.records.private", lab => {
        lab.emit(&face()).await;
        newest(lab).await["user"].get("pin").is_some()
    };
    "v1.records.other-uuid", lab => {
        let emitted = lab.emit(&face()).await;
        newest(lab).await["uuid"] != emitted["uuid"]
    };
    "v1.door.hold-refused", lab => {
        let is_refused = order(lab, 1).await != 200;
        order(lab, 0).await;
        is_refused
    };
    "v1.door.takes-any-mode", lab => order(lab, 7).await == 200;
    "v1.feed.loses-first", lab => {
        let (message, _, second) = carried(lab).await;
        message["data"]["uuid"] == second["uuid"]
    };
    "v1.feed.alarms", lab => carried(lab).await.0["type"] == 1;
    "v1.feed.other-uuid", lab => {
        let (message, first, _) = carried(lab).await;
        message["data"]["uuid"] != first["uuid"]
    };
    "v1.feed.fourth-served", lab => {
        let mut watchers = Vec::new();
        for _ in 0..3 {
            watchers.push(until_let_in(lab).await);
        }
        watch(lab).await.is_some()
    };
    "v1.reboot.unanswered", lab => {
        let request = Request::get(&lab.running.url, "/v1/device/reboot");
        request.header("authorization", BASIC).try_send().await.is_none()
    };
    "v1.info.field-missing", lab => {
        get(lab, INFO, Some(BASIC)).await.json()["data"].get("device_sn").is_none()
    };
}
