//! The rulings on who may ask a device what over v1: accounts, tokens and their lives. Signatures, and
//! what comes in a header, are tested where there are sockets.

use http::Method;
use serde_json::{Value, json};
use vestibule_core::calls::control::Command;
use vestibule_core::calls::v1::{Access, Call, Claims, Credential, Login, Refusal, Reply, Request};
use vestibule_core::wire::v1::ROUTES;

use crate::support::{RECORDS, Rig, account};

const LOGIN: &str = "/v1/auth/login";
const SUBSCRIBE: &str = "/v1/event/subscribe";

fn login(user: &str, password: &str) -> Login {
    Login { user: user.to_owned(), password: password.to_owned() }
}

fn asks(rig: &mut Rig, body: &Value) -> Value {
    rig.ask_v1(&Method::POST, LOGIN, Credential::None, body.to_string().as_bytes())
}

/// What the token of a good login says that is valid for so many minutes.
fn token(rig: &mut Rig, minutes: f64) -> Claims {
    let valid = std::time::Duration::from_secs_f64(minutes * 60.0);
    let call = Ok(Call::Login { login: login("admin", "open sesame"), valid });
    let request = Request { access: Access::Open, credential: Credential::None, call };
    match rig.serve_v1(request) {
        Ok(Reply::Token(claims, _)) => claims,
        other => panic!("a login gives a token, not {other:?}"),
    }
}

/// Whether whoever has that may ask for what only the account may.
fn is_let_in(rig: &mut Rig, credential: Credential) -> bool {
    let request = Request { access: Access::Account, credential, call: Ok(Call::ListCodes) };
    match rig.serve_v1(request) {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal, Refusal::Unauthorized);
            false
        }
    }
}

#[test]
fn r_v1_20_the_subscription_is_anybodys_or_the_accounts() {
    // R-V1-20
    let credentials = || {
        [
            (Credential::None, false),
            (Credential::Bad, false),
            (Credential::Password(login("admin", "admin")), false),
            (account(), true),
        ]
    };
    for (value, is_asked) in [("none", false), ("required", true)] {
        for (credential, is_good) in credentials() {
            let mut rig = Rig::with(&[("v1.auth", value)]);
            let body = json!({"event_dest": RECORDS, "enabled": true}).to_string();
            let expected = if is_asked && !is_good { 401 } else { 200 };
            let get = rig.ask_v1(&Method::GET, SUBSCRIBE, credential.clone(), b"");
            assert_eq!(get["code"], expected, "{value} {credential:?}");
            let post = rig.ask_v1(&Method::POST, SUBSCRIBE, credential, body.as_bytes());
            assert_eq!(post["code"], expected, "{value}");
            let is_set = rig.subscription()["data"] != json!(null);
            assert_eq!(is_set, expected == 200, "what is refused changes nothing");
        }
    }
}

#[test]
fn r_v1_20_what_is_not_let_in_is_not_read() {
    let mut rig = Rig::with(&[("v1.auth", "required")]);
    let answer = rig.ask_v1(&Method::POST, SUBSCRIBE, Credential::None, b"{");
    assert_eq!(answer, json!({"code": 401, "msg": "Unauthorized", "data": null}));
}

#[test]
fn r_v1_25_who_may_ask_for_what() {
    // R-V1-25: what opens a door or shows people is the account's.
    let open: Vec<&str> = ROUTES
        .iter()
        .filter(|route| route.access == Access::Open)
        .map(|route| route.path)
        .collect();
    assert_eq!(open, [LOGIN, "/v1/auth/errors", "/v2/datasync/ping"]);
    let mut rig = Rig::new();
    for (credential, is_good) in [
        (Credential::None, false),
        (Credential::Bad, false),
        (Credential::Password(login("nobody", "open sesame")), false),
        (Credential::Password(login("admin", "")), false),
        (Credential::Password(login("Admin", "open sesame")), false),
        (account(), true),
    ] {
        assert_eq!(is_let_in(&mut rig, credential.clone()), is_good, "{credential:?}");
    }
}

#[test]
fn r_v1_27_what_the_device_is() {
    // R-V1-27
    let mut rig = Rig::new();
    let info = rig.ask_v1(&Method::GET, "/v1/device/info", account(), b"");
    let data = json!({"model": "VST-100", "device_sn": "VSB0000007", "api_ver": "1.3.0",
        "sw_ver": env!("CARGO_PKG_VERSION"), "mac_wired": info["data"]["mac_wired"]});
    assert_eq!(info, json!({"code": 200, "msg": "OK", "data": data}));
    let mac = info["data"]["mac_wired"].as_str().expect("a text").to_owned();
    assert!(mac.starts_with("02:") && mac.len() == 17, "{mac}");
    rig.control(Command::FactoryReset).expect("it can be");
    assert_eq!(rig.ask_v1(&Method::GET, "/v1/device/info", account(), b""), info);
    let ping = rig.ask_v1(&Method::GET, "/v2/datasync/ping", Credential::None, b"");
    assert_eq!(ping, json!({"code": 200, "msg": "OK", "data": null}));
}

#[test]
fn r_v1_26_what_a_login_answers() {
    // R-V1-26
    let mut rig = Rig::new();
    let rows = [
        (json!({"username": "admin", "password": "open sesame"}), 200, "OK"),
        (json!({"username": "admin", "password": "open sesame", "validTime": 1440}), 200, "OK"),
        (json!({"username": "admin", "password": "open sesame", "validTime": 0.01}), 200, "OK"),
        (json!({"username": "root", "password": "open sesame"}), 1000, "no such account"),
        (json!({"username": "admin", "password": "admin"}), 1001, "wrong password"),
        (json!({"username": "admin", "password": ""}), 1001, "wrong password"),
    ];
    for (body, code, message) in rows {
        let answer = asks(&mut rig, &body);
        assert_eq!((&answer["code"], &answer["msg"]), (&json!(code), &json!(message)), "{body}");
        assert_eq!(answer["data"]["token"].is_string(), code == 200, "{body}");
    }
}

#[test]
fn r_v1_26_what_is_no_login() {
    let mut rig = Rig::new();
    let with_time =
        |time: Value| json!({"username": "admin", "password": "open sesame", "validTime": time});
    let mut rows = vec![
        json!({}),
        json!([]),
        json!({"username": "admin"}),
        json!({"username": "admin", "password": null}),
        json!({"username": 7, "password": "open sesame"}),
        json!({"user": "admin", "password": "open sesame"}),
    ];
    let times = [json!(0), json!(-5), json!(1441), json!("5"), json!(null), json!(1e300)];
    rows.extend(times.map(with_time));
    for body in rows {
        let answer = asks(&mut rig, &body);
        assert_eq!((&answer["code"], &answer["data"]), (&json!(400), &json!(null)), "{body}");
        assert!(answer["msg"].as_str().is_some_and(|message| message.len() > 10), "{answer}");
    }
}

#[test]
fn r_v1_26_a_token_lives_as_long_as_was_asked_for_in_real_time() {
    let mut rig = Rig::made(|config| {
        config.speed = vestibule_core::clock::Speed::new(60.0).expect("a speed");
    });
    let claims = token(&mut rig, 5.0);
    assert_eq!(claims.expires - claims.issued, 300);
    assert_eq!((claims.account.as_str(), claims.issuer.as_str()), ("admin", "VSB0000007"));
    rig.wait(5 * 60_000 - 1);
    assert!(is_let_in(&mut rig, Credential::Token(claims.clone())), "use does not matter");
    rig.wait(1);
    assert!(!is_let_in(&mut rig, Credential::Token(claims)));
    let short = token(&mut rig, 0.01);
    rig.wait(599);
    assert!(is_let_in(&mut rig, Credential::Token(short.clone())));
    rig.wait(1);
    assert!(!is_let_in(&mut rig, Credential::Token(short)));
}

#[test]
fn r_v1_26_a_token_is_what_the_device_gave() {
    let mut rig = Rig::new();
    let claims = token(&mut rig, 5.0);
    let other = Claims { expires: claims.expires + 1, ..claims.clone() };
    assert!(!is_let_in(&mut rig, Credential::Token(other)), "its key signs nothing else");
    let longer = token(&mut rig, 10.0);
    for claims in [claims, longer] {
        assert!(is_let_in(&mut rig, Credential::Token(claims)), "several at once are good");
    }
}

#[test]
fn r_v1_26_a_restart_ends_tokens_and_changes_the_key() {
    // R-V1-26, R-V3-29
    for command in [Command::Restart, Command::FactoryReset] {
        let mut rig = Rig::new();
        let (claims, key) = (token(&mut rig, 5.0), rig.device.token_key());
        rig.control(command).expect("it can be");
        assert!(!is_let_in(&mut rig, Credential::Token(claims.clone())));
        assert_ne!(rig.device.token_key(), key);
        // In the same second a login says the same; the key tells its token from the one before.
        assert_eq!(token(&mut rig, 5.0), claims);
    }
}

#[test]
fn r_v1_26_devices_have_keys_of_their_own() {
    let other = Rig::made(|config| config.seed = config.seed.named("another"));
    assert_ne!(other.device.token_key(), Rig::new().device.token_key());
}

#[test]
fn tokens_of_a_platform_that_always_logs_in_are_bounded() {
    let mut rig = Rig::new();
    let first = token(&mut rig, 1440.0);
    let claims: Vec<Claims> = (0..1000)
        .map(|_| {
            rig.wait(1000);
            token(&mut rig, 1440.0)
        })
        .collect();
    assert!(!is_let_in(&mut rig, Credential::Token(first)), "the first to end goes");
    for claims in claims {
        assert!(is_let_in(&mut rig, Credential::Token(claims)));
    }
}
