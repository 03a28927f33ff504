//! What is bad about a v3 request besides its body: each action in turn, within an envelope that is no good.

use vestibule_core::wire;

use super::before_and_after::Watched;
use crate::documents::Document;
use crate::support::Request;

const BAD_PARAMETER: u64 = 101;
const BAD_TOKEN: u64 = 105;
const OVER_CAPACITY: u64 = 106;
const UNSUPPORTED: u64 = 111;

const MIB: usize = 1024 * 1024;

/// Envelopes of that action, each with the `retcode` that it gets.
fn envelopes(action: &str) -> Vec<(String, u64)> {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    vec![
        (String::new(), BAD_PARAMETER),
        ("\u{0}".to_owned(), BAD_PARAMETER),
        (action.to_owned(), BAD_PARAMETER),
        (format!("{action:?}"), BAD_PARAMETER),
        (format!("[{{\"action\": {action:?}}}]"), BAD_PARAMETER),
        (format!("{{\"action\": {action:?}"), BAD_PARAMETER),
        (format!("{{\"action\": {action:?}}}}}"), BAD_PARAMETER),
        (format!("{{\"action\": {action:?},}}"), BAD_PARAMETER),
        (format!("{{'action': '{action}'}}"), BAD_PARAMETER),
        (format!("action={action}"), BAD_PARAMETER),
        (format!("<action>{action}</action>"), BAD_PARAMETER),
        (format!("{{\"action\": [{action:?}]}}"), BAD_PARAMETER),
        (format!("{{\"action\": {{\"name\": {action:?}}}}}"), BAD_PARAMETER),
        ("{\"action\": null}".to_owned(), BAD_PARAMETER),
        ("{\"action\": 7}".to_owned(), BAD_PARAMETER),
        ("{}".to_owned(), BAD_PARAMETER),
        (format!("{{\"Action\": {action:?}}}"), BAD_PARAMETER),
        (format!("{{\"action\": {action:?}, \"action\": {action:?}}}"), BAD_PARAMETER),
        (format!("{{\"action\": {action:?}, \"body\": {{}}, \"body\": {{}}}}"), BAD_PARAMETER),
        (format!("{{\"action\": {action:?}, \"header\": 7}}"), BAD_PARAMETER),
        (format!("{{\"action\": {action:?}, \"header\": [\"7\"]}}"), BAD_PARAMETER),
        (format!("{{\"action\": {action:?}, \"header\": {deep}}}"), BAD_PARAMETER),
        (deep, BAD_PARAMETER),
        (format!("{{\"action\": {:?}}}", action.to_uppercase()), UNSUPPORTED),
        (format!("{{\"action\": {:?}}}", format!("{action} ")), UNSUPPORTED),
        (format!("{{\"action\": \"{action}\\u0000\"}}"), UNSUPPORTED),
        (format!("{{\"action\": {:?}}}", action.repeat(10_000)), UNSUPPORTED),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_action_is_taken_from_a_bad_envelope() {
    let watched = Watched::start().await;
    for (path, action, _) in Document::new(wire::v3::openapi()).actions() {
        for (request, expected) in envelopes(&action) {
            let reply = watched.post(&path, request.as_bytes()).await;
            let shown: String = request.chars().take(80).collect();
            assert_eq!(reply.status, 200, "{action}: {shown}");
            assert_eq!(reply.json()["retcode"], expected, "{action}: {shown}: {}", reply.text());
        }
        let not_text = [b"{\"action\": \"", action.as_bytes(), b"\xff\"}"].concat();
        assert_eq!(watched.post(&path, &not_text).await.json()["retcode"], BAD_PARAMETER);
        watched.is_as_before(&action).await;
    }
    watched.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_action_is_taken_where_and_how_it_is_not_served() {
    let watched = Watched::start().await;
    let actions = Document::new(wire::v3::openapi()).actions();
    for (home, action, about) in &actions {
        let request = format!("{{\"action\": {action:?}, \"header\": {{\"reqid\": \"7\"}}}}");
        for other in ["/api/v3.x/auth", "/api/v3.x/device", "/api/v3.x/acm", "/api/v3.x/event"] {
            if other != home {
                let answer = watched.post(other, request.as_bytes()).await.json();
                assert_eq!(answer["retcode"], UNSUPPORTED, "{action} at {other}");
                assert_eq!(answer["header"]["reqid"], "7", "{action} at {other}");
            }
        }
        for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let method = method.parse().expect("a method");
            let asked = Request::new(method, &watched.running.url, home).body(request.clone());
            let reply = asked.header("token", &watched.token).send().await;
            assert_eq!(reply.status, 405, "{action}");
            assert_eq!(reply.header("allow"), Some("POST"), "{action}");
            assert_eq!(reply.json()["retcode"], UNSUPPORTED, "{action}");
        }
        let reply = watched.post("/api/v3.x/nothing", request.as_bytes()).await;
        assert_eq!((reply.status, reply.json()["retcode"].as_u64()), (404, Some(UNSUPPORTED)));
        let huge = format!("{request}{}", " ".repeat(MIB));
        let reply = watched.post(home, huge.as_bytes()).await;
        assert_eq!((reply.status, reply.json()["retcode"].as_u64()), (413, Some(OVER_CAPACITY)));
        if about["token"] == "needed" {
            for token in ["", " ", "0123456789abcdef0123456789abcdef", &watched.token[1..]] {
                let asked = Request::new(http::Method::POST, &watched.running.url, home);
                let reply = asked.header("token", token).body(request.clone()).send().await;
                assert_eq!(reply.json()["retcode"], BAD_TOKEN, "{action} with {token:?}");
            }
        }
        watched.is_as_before(action).await;
    }
    watched.stop().await;
}
