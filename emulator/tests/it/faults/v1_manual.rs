//! The faults of the v1 API's other paths.

use serde_json::{Value, json};

use super::lab::Lab;
use super::rows;
use crate::support::{Reply, Request};

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
    "v1.info.field-missing", lab => {
        get(lab, INFO, Some(BASIC)).await.json()["data"].get("device_sn").is_none()
    };
}
