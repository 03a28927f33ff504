//! The OpenAPI documents: what they say is asked is taken, and what they say is answered is what comes, for every
//! action, route and path there is. One that is added without a row here fails.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vestibule_core::wire;
use vestibule_emulator::control;

use crate::documents::Document;
use crate::support::{Platform, Reply, Request, Running, SN, quiet};

const DIGEST: &str = "9990BC737DD5B17E7A5F01B48B2C08AE";

/// v1's `admin` and `admin`.
const BASIC: &str = "Basic YWRtaW46YWRtaW4=";

/// Every v3 action with a body that is good, in an order in which each has something to show.
fn calls() -> Vec<(&'static str, Value)> {
    let ann = json!({"userid": "ann", "name": "Ann", "desc": "second floor", "effect": 0, "expire": -1,
                     "state": 0, "cards": [{"id": "0xffae0846", "type": 1}], "rules": [{"week": 7}]});
    vec![
        ("auth-login", json!({"user": "admin", "passwd": DIGEST})),
        ("auth-passwd", json!({"user": "admin", "passwd": DIGEST})),
        ("device-info", json!(null)),
        ("config-fetch", json!(null)),
        ("config-set", json!({"configs": [{"key": "tips-duration", "value": "3"}]})),
        ("mqtt-set", json!({"host": "broker.example", "port": 1883, "user": "a", "passwd": "b"})),
        ("mqtt-get", json!(null)),
        ("device-synctime", json!({"timestamp": 1_772_409_700, "timezone": -480})),
        ("device-opendoor", json!({"userid": "ann", "type": "open", "delay": 1})),
        ("user-insert", json!({"users": [ann, {"userid": ""}]})),
        ("user-insert", json!({"users": [{"userid": "0000"}]})),
        ("user-fetch", json!({"offset": 0, "limit": 1000})),
        ("user-lookup", json!({"users": [{"userid": "ann"}, {"userid": "nobody"}]})),
        ("user-remove", json!({"users": [{"userid": "ann"}]})),
        ("device-download", json!({"type": "logr", "seqnum": 2, "size": 65536, "chanel": 0})),
        ("event-info", json!(null)),
        ("event-fetch", json!({"seqnum": 1, "limit": 1000})),
        ("user-clear", json!(null)),
        ("device-reboot", json!(null)),
        ("device-reset", json!(null)),
    ]
}

/// One of everything that can happen, with images.
async fn eventful(running: &Running) {
    let token = log_in(running).await;
    let image = json!({"action": "config-set", "body":
        {"configs": [{"key": "log-mode", "value": "image"}]}});
    ask(running, "/api/v3.x/device", &image, &token).await;
    running.tell("restart", &json!({})).await;
    for event in ["face", "card", "qrcode", "visitor", "therm", "door", "remote", "push", "pin"] {
        running.emit(&json!({"event": event})).await;
    }
    running.emit(&json!({"event": "face", "person": "stranger"})).await;
    for code in [10001, 10002, 10003, 10004, 20003] {
        running.emit(&json!({"event": "alarm", "code": code, "status": 1})).await;
    }
}

async fn log_in(running: &Running) -> String {
    let login = json!({"action": "auth-login", "body": {"user": "admin", "passwd": DIGEST}});
    let answer = Request::post(&running.url, "/api/v3.x/auth", &login).send().await.json();
    answer["body"]["token"].as_str().expect("a token").to_owned()
}

async fn ask(running: &Running, path: &str, request: &Value, token: &str) -> Reply {
    Request::post(&running.url, path, request).header("token", token).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_v3_action_answers_as_its_document_says() {
    let document = Document::new(wire::v3::openapi());
    let running = Running::quiet();
    eventful(&running).await;
    let actions = document.actions();
    let mut asked = BTreeSet::new();
    for (name, body) in calls() {
        let described = actions.iter().find(|(_, described, _)| described == name);
        let (path, _, about) = described.unwrap_or_else(|| panic!("{name} is described"));
        let request = json!({"action": name, "header": {"reqid": "7"}, "body": body});
        let token = log_in(&running).await;
        let reply = ask(&running, path, &request, &token).await;
        let answer = reply.json();
        let fits = document.fits(&about["answer"], &answer);
        assert_eq!(fits, Ok(()), "{request}: {answer}");
        let operation = document.get(&format!("/paths/{}/post", path.replace('/', "~1")));
        document.judge(operation, reply.status, "application/json", &answer);
        // The one user who is no user is there to be refused.
        if !body.to_string().contains(r#""userid":"""#) {
            assert!(document.may_be(&about["request"], &request), "{request}");
        }
        asked.insert(name.to_owned());
        // What goes down comes up, and its connection with it.
        running.status_when(|status| status["online"] == true).await;
    }
    let known: BTreeSet<String> = actions.into_iter().map(|(_, name, _)| name).collect();
    assert_eq!(asked, known, "each action is asked, and each is described");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_as_its_document_says() {
    let document = Document::new(wire::v3::openapi());
    let running = Running::quiet();
    for (path, name, about) in document.actions() {
        let operation = document.get(&format!("/paths/{}/post", path.replace('/', "~1")));
        let request = json!({"action": name, "header": {"reqid": 7}, "body": 7});
        let reply = ask(&running, &path, &request, "no token").await;
        document.judge(operation, reply.status, "application/json", &reply.json());
        let is_guarded = reply.json()["retcode"] == 105;
        assert_eq!(is_guarded, about["token"] == "needed", "{name}: {}", reply.text());
    }
    running.stop().await;
}

/// The v1 routes: method, path, body, and the statuses that come with an account and without.
fn asks() -> Vec<(&'static str, &'static str, Value, u16, u16)> {
    vec![
        ("GET", "/v1/event/subscribe", json!(null), 200, 200),
        (
            "POST",
            "/v1/event/subscribe",
            json!({"event_dest": "http://127.0.0.1:9/", "enabled": false}),
            200,
            200,
        ),
        ("GET", "/v1/event/subscribe", json!(null), 200, 200),
        (
            "POST",
            "/v1/auth/login",
            json!({"username": "admin", "password": "admin", "validTime": 5}),
            200,
            200,
        ),
        ("POST", "/v1/auth/login", json!({"username": "admin", "password": "?"}), 401, 401),
        ("GET", "/v1/auth/errors", json!(null), 200, 200),
        ("GET", "/v1/event", json!(null), 426, 401),
        ("POST", "/v1/event/records", json!({"limit": 200, "sort": 1}), 200, 401),
        ("GET", "/v1/device/info", json!(null), 200, 401),
        ("POST", "/v1/device/door", json!({"open_mode": 0, "card_number": "7"}), 200, 401),
        ("GET", "/v2/datasync/ping", json!(null), 200, 200),
        ("GET", "/v1/device/reboot", json!(null), 200, 401),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_v1_route_answers_as_its_document_says() {
    let document = Document::new(wire::v1::openapi());
    let running = Running::quiet();
    eventful(&running).await;
    let operations = document.operations();
    let mut asked = BTreeSet::new();
    for (method, path, body, known, unknown) in asks() {
        let operation = operations.iter().find(|(one, verb, _)| one == path && verb == method);
        let (_, _, operation) = operation.unwrap_or_else(|| panic!("{method} {path} is described"));
        if let Some(asked) = operation.pointer("/requestBody/content/application~1json/schema") {
            assert!(document.may_be(asked, &body), "{method} {path} {body}");
        }
        for (authorization, expected) in [(None, unknown), (Some(BASIC), known)] {
            let mut request = Request::new(method.parse().expect("a method"), &running.url, path)
                .body(if body.is_null() { String::new() } else { body.to_string() });
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            let reply = request.send().await;
            assert_eq!(reply.status, expected, "{method} {path}: {}", reply.text());
            document.judge(operation, reply.status, "application/json", &reply.json());
        }
        asked.insert((path.to_owned(), method.to_owned()));
    }
    let known: BTreeSet<_> = operations.into_iter().map(|(path, verb, _)| (path, verb)).collect();
    assert_eq!(asked, known, "each route is asked, and each is described");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_device_sends_is_as_the_documents_say() {
    let (v1, v3) = (Document::new(wire::v1::openapi()), Document::new(wire::v3::openapi()));
    let (pushes, reports) = (Platform::start([]).await, Platform::start([]).await);
    let mut config = quiet();
    config.push.to = Some(pushes.url.clone());
    config.report.to = Some(reports.url.clone());
    let running = Running::start(&config);
    eventful(&running).await;
    let body = "/post/requestBody/content/application~1json/schema";
    let push = v1.get(&format!("/webhooks/push{body}"));
    for message in pushes.messages(12).await {
        assert_eq!(v1.fits(push, &message.json()), Ok(()), "{}", message.json());
    }
    let report = v3.get(&format!("/webhooks/event-report{body}"));
    for message in reports.messages(12).await {
        assert_eq!(v3.fits(report, &message.json()), Ok(()), "{}", message.json());
    }
    running.stop().await;
}

/// The control API's paths: method, path, body, and the status that comes.
fn commands() -> Vec<(&'static str, &'static str, &'static str, Value, u16)> {
    let one = "/devices/{sn}";
    vec![
        ("GET", "/devices", "", json!(null), 200),
        ("GET", one, "", json!(null), 200),
        ("POST", "/devices/{sn}/events", "", json!({"event": "face", "count": 2}), 200),
        ("POST", "/devices/{sn}/events", "", json!({"event": "door", "episode": true}), 200),
        ("POST", "/devices/{sn}/events", "", json!({"event": "nothing"}), 422),
        ("GET", "/devices/{sn}/events", "?from=1&limit=5", json!(null), 200),
        ("POST", "/devices/{sn}/expect", "", json!({"event": "face", "from": 1}), 200),
        (
            "POST",
            "/devices/{sn}/expect",
            "",
            json!({"event": "fire", "from": 1, "within": "1ms"}),
            417,
        ),
        ("GET", "/devices/{sn}/deliveries", "", json!(null), 200),
        (
            "PUT",
            "/devices/{sn}/faults",
            "",
            json!({"faults": [{"name": "v3.answer.not-json", "scope": {"first": 1}}]}),
            200,
        ),
        ("GET", "/devices/{sn}/faults", "", json!(null), 200),
        ("GET", one, "", json!(null), 200),
        ("DELETE", "/devices/{sn}/faults", "", json!(null), 200),
        (
            "PUT",
            "/devices/{sn}/traffic",
            "",
            json!({"traffic": "quiet", "rate_per_minute": 0}),
            200,
        ),
        (
            "POST",
            "/devices/{sn}/network",
            "",
            json!({"flap": {"up": "10ms", "down": "10ms", "times": 1}}),
            200,
        ),
        ("POST", "/devices/{sn}/network", "", json!({"state": "online"}), 200),
        ("POST", "/devices/{sn}/restart", "", json!({}), 200),
        ("POST", "/devices/{sn}/reset", "", json!({}), 200),
        ("POST", "/rewind", "", json!({}), 200),
        ("GET", "/metrics", "?by=device", json!(null), 200),
        ("GET", "/healthz", "", json!(null), 200),
        ("GET", "/openapi.json", "", json!(null), 200),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_path_of_the_control_api_answers_as_its_document_says() {
    let document = Document::new(control::openapi());
    let platform = Platform::start([]).await;
    let mut config = quiet();
    config.push.to = Some(platform.url.clone());
    let running = Running::start(&config);
    let operations = document.operations();
    // Its own test is that of the feed: it never ends.
    let mut asked = BTreeSet::from([("/events".to_owned(), "GET".to_owned())]);
    for (method, path, query, body, expected) in commands() {
        let operation = operations.iter().find(|(one, verb, _)| one == path && verb == method);
        let (_, _, operation) = operation.unwrap_or_else(|| panic!("{method} {path} is described"));
        for sn in [SN, "all", "nobody"] {
            let at = format!("{}{query}", path.replace("{sn}", sn));
            let request = Request::new(method.parse().expect("a method"), &running.control, &at);
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let reply = request.body(body).send().await;
            let is_named = path.contains("{sn}");
            match (sn, expected) {
                ("nobody", _) if is_named => assert!(reply.status >= 400, "{method} {at}"),
                // Of all, each says of itself what is wrong with it.
                ("all", 417) => assert_eq!(reply.status, 200, "{method} {at}"),
                _ => assert_eq!(reply.status, expected, "{method} {at}: {}", reply.text()),
            }
            let kind = reply.header("content-type").expect("a type").split(';').next();
            let kind = kind.expect("a type").to_owned();
            let answer = if kind.ends_with("json") { reply.json() } else { json!(reply.text()) };
            document.judge(operation, reply.status, &kind, &answer);
        }
        asked.insert((path.to_owned(), method.to_owned()));
    }
    let known: BTreeSet<_> = operations.into_iter().map(|(path, verb, _)| (path, verb)).collect();
    assert_eq!(asked, known, "each path is asked, and each is described");
    let served = running.get("/openapi.json").await.json();
    assert_eq!(served, control::openapi());
    running.stop().await;
}
