//! What a v1 request brings in the header `Authorization`, and what it is let in for (R-V1-20, R-V1-25,
//! R-V1-26), over a real socket: passwords, tokens, and everything that looks like one.

use serde_json::{Value, json};

use crate::support::{Reply, Request, Running, SN, quiet};

const LOGIN: &str = "/v1/auth/login";
const SUBSCRIBE: &str = "/v1/event/subscribe";

/// A device whose subscription asks for the account.
fn guarded() -> Running {
    let mut config = quiet();
    crate::faults::quirk(&mut config, "v1.auth", "required");
    config.accounts.v1.password = Some("open sesame: 7".to_owned());
    Running::start(&config)
}

async fn log_in(device: &Running, valid: Value) -> Reply {
    let body = json!({"username": "admin", "password": "open sesame: 7", "validTime": valid});
    Request::post(&device.url, LOGIN, &body).send().await
}

async fn token(device: &Running) -> String {
    let answer = log_in(device, json!(5)).await.json();
    answer["data"]["token"].as_str().expect("a token").to_owned()
}

/// What the subscription answers to whoever brings that.
async fn asked(device: &Running, authorization: &str) -> (u16, Value) {
    let request = Request::get(&device.url, SUBSCRIBE).header("authorization", authorization);
    let reply = request.send().await;
    assert_eq!(reply.header("sn"), Some(SN));
    (reply.status, reply.json()["code"].clone())
}

#[tokio::test]
async fn r_v1_26_a_login_gives_a_token_that_is_let_in() {
    let device = guarded();
    let reply = log_in(&device, json!(5)).await;
    assert_eq!((reply.status, &reply.json()["code"]), (200, &json!(200)));
    let token = reply.json()["data"]["token"].as_str().expect("a token").to_owned();
    let bare = Request::get(&device.url, SUBSCRIBE).send().await;
    assert_eq!((bare.status, &bare.json()["code"]), (401, &json!(401)));
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(asked(&device, &format!("{scheme} {token}")).await, (200, json!(200)));
    }
    device.stop().await;
}

#[tokio::test]
async fn r_v1_26_what_looks_like_a_token_is_not_let_in() {
    let (device, other) = (guarded(), {
        let mut config = quiet();
        config.seed = Some(8);
        config.accounts.v1.password = Some("open sesame: 7".to_owned());
        Running::start(&config)
    });
    let (good, others) = (token(&device).await, token(&other).await);
    let (head, signature) = good.rsplit_once('.').expect("three parts");
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let claims = head.split_once('.').expect("a header").1;
    let rows = [
        format!("Bearer {others}"),
        format!("Bearer {none}.{claims}."),
        format!("Bearer {none}.{claims}.{signature}"),
        format!("Bearer {head}.{}", "A".repeat(signature.len())),
        format!("Bearer {head}."),
        "Bearer a.b.c".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        good.clone(),
        format!("Token {good}"),
        format!("Basic {good}"),
        "Basic YWRtaW4=".to_owned(),
        // admin:admin
        "Basic YWRtaW46YWRtaW4=".to_owned(),
        "Basic %%%".to_owned(),
        "Basic".to_owned(),
        String::new(),
        format!("Bearer {}", "x".repeat(16_000)),
    ];
    for authorization in rows {
        assert_eq!(asked(&device, &authorization).await, (401, json!(401)), "{authorization}");
    }
    let twice = Request::get(&device.url, SUBSCRIBE)
        .header("authorization", &format!("Bearer {good}"))
        .and_header("authorization", &format!("Bearer {good}"));
    assert_eq!(twice.send().await.status, 401);
    assert_eq!(asked(&device, &format!("Bearer {good}")).await, (200, json!(200)));
    device.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn r_v1_25_a_password_is_as_good_as_a_token() {
    let device = guarded();
    // admin:open sesame: 7
    for scheme in ["Basic", "basic"] {
        let authorization = format!("{scheme} YWRtaW46b3BlbiBzZXNhbWU6IDc=");
        assert_eq!(asked(&device, &authorization).await, (200, json!(200)));
    }
    device.stop().await;
}

#[tokio::test]
async fn r_v1_26_a_token_that_has_ended_is_not_let_in() {
    let device = guarded();
    // 60 ms.
    let answer = log_in(&device, json!(0.001)).await.json();
    let token = answer["data"]["token"].as_str().expect("a token").to_owned();
    let ending = async { while asked(&device, &format!("Bearer {token}")).await.0 == 200 {} };
    crate::support::bounded("the token's end", ending).await;
    device.stop().await;
}

#[tokio::test]
async fn r_v1_26_a_restart_ends_tokens() {
    let device = guarded();
    let token = token(&device).await;
    device.tell("restart", &json!({})).await;
    assert_eq!(asked(&device, &format!("Bearer {token}")).await, (401, json!(401)));
    device.stop().await;
}

#[tokio::test]
async fn r_v1_26_a_refused_login_has_its_code() {
    let device = guarded();
    let rows = [
        (json!({"username": "root", "password": "x"}), 401, 1000),
        (json!({"username": "admin", "password": "x"}), 401, 1001),
        (json!({"username": "admin"}), 400, 400),
        (json!([1]), 400, 400),
    ];
    for (body, status, code) in rows {
        let reply = Request::post(&device.url, LOGIN, &body).send().await;
        assert_eq!((reply.status, &reply.json()["code"]), (status, &json!(code)), "{body}");
        assert_eq!(reply.json()["data"], json!(null));
    }
    let codes = Request::get(&device.url, "/v1/auth/errors").send().await.json();
    let listed: Vec<u64> = codes["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|row| row["code"].as_u64())
        .collect();
    for code in [400, 401, 404, 405, 1000, 1001] {
        assert!(listed.contains(&code), "{code} is not in {listed:?}");
    }
    device.stop().await;
}
