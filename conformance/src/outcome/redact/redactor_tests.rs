//! What goes in with secrets comes out without them, and readable.

use proptest::prelude::*;

use super::*;

fn shown(redactor: &Redactor, text: &str) -> String {
    redactor.text(text).as_str().to_owned()
}

#[test]
fn a_message_stays_the_message_without_its_secrets() {
    let push = r#"{"type":0, "data":{"deviceSN":"PSC1","rgb_image":"/9j/4AAQSkZJRg==","pass":true,
        "user":{"name":"王五","ic_number":"4289595462","pin":"12","user_id":"5","remark":"",
        "groups":[{"id":"3","name":"third floor"}],}}}"#;
    let body = shown(&Redactor::default(), push);
    let read = crate::json::read(body.as_bytes()).unwrap().value;
    assert_eq!(read["data"]["user"]["user_id"], "5");
    assert_eq!(read["data"]["user"]["remark"], "");
    let name = read["data"]["user"]["name"].as_str().unwrap();
    assert!(is_marker(name) && name.contains("6 bytes"), "{name}");
    for secret in ["王五", "4289595462", "\"12\"", "/9j/", "third"] {
        assert!(!body.contains(secret), "{secret} in {body}");
    }
}

#[test]
fn numbers_that_are_secret_become_texts() {
    let read = shown(&Redactor::default(), r#"{"pin": 123456, "state": 4}"#);
    let value: serde_json::Value = serde_json::from_str(&read).unwrap();
    assert!(is_marker(value["pin"].as_str().unwrap()));
    assert_eq!(value["state"], 4);
}

#[test]
fn a_value_is_found_again_under_any_name() {
    let mut redactor = Redactor::new(["hunter2"]);
    redactor
        .learn(r#"{"user": {"name": "Anna \u738b", "ic_number": "4289595462", "pin": "698904"}}"#);
    for text in [
        "the name was Anna 王.",
        r#"{"note": "for Anna \u738b"}"#,
        r#"{"note": "say \"Anna 王\""}"#,
        r#"{"note": "{\"note\": \"Anna 王\"}"}"#,
        "card 0xffae0846",
        "card FFAE0846",
        r#"{"x": 4289595462}"#,
        r#"{"x": 698904}"#,
        "expected 698904, seen 1",
        "command --password hunter2",
    ] {
        let out = shown(&redactor, text).to_lowercase();
        assert!(out.contains("[redacted: "), "{out}");
        for secret in ["anna", "王", "\\u738b", "ffae0846", "4289595462", "698904", "hunter2"] {
            let markerless = out.replace(|one: char| one.is_ascii_hexdigit(), "");
            let found = out.contains(secret) && (secret.len() > 9 || markerless.contains(secret));
            assert!(!found, "{secret} in {out}");
        }
    }
    let value: serde_json::Value =
        serde_json::from_str(&shown(&redactor, r#"{"x": 698904, "y": "a\"b"}"#)).unwrap();
    assert!(is_marker(value["x"].as_str().unwrap()));
    assert_eq!(value["y"], "a\"b");
}

#[test]
fn a_value_at_a_secret_path_is_secret_and_the_words_about_it_are_not() {
    let redactor = Redactor::default();
    for (path, text, keeps) in [
        ("body.events[0].data", "\"0xffae0846\"", ""),
        ("body.events[0].data", "an even number of hex digits, 8 to 20", "8 to 20"),
        ("body.user.pin", "1234", ""),
        ("body.user.pin", "nothing", "nothing"),
        ("body.user.name", "\"\"", "\"\""),
        ("body.user.name", "\"A very long name that was cu... (300 characters)", ""),
        ("body.user.user_id", "\"5\"", "\"5\""),
    ] {
        let out = redactor.text_at(path, text);
        if keeps.is_empty() {
            assert!(out.contains("[redacted: "), "{path} {out}");
            assert!(!out.contains("ffae0846") && !out.contains("1234]") && !out.contains("A very"));
        } else {
            assert!(out.contains(keeps) && !out.contains("[redacted"), "{path} {out}");
        }
    }
}

#[test]
fn headers_and_parameters_are_secret_by_name() {
    let redactor = Redactor::default();
    for (name, value) in
        [("token", "abc"), ("Authorization", "Basic YWRtaW46YWRtaW4="), ("Set-Cookie", "a=b")]
    {
        let (shown_name, shown) = redactor.header(name, value);
        assert_eq!(shown_name.as_str(), name);
        assert!(is_marker(&shown), "{shown}");
    }
    assert_eq!(redactor.header("sn", "VSB1").1.as_str(), "VSB1");
    let url = shown(&redactor, "https://u:p@host/x?token=abc&limit=3&name=Anna#y");
    assert!(!url.contains("u:p") && !url.contains("abc&") && !url.contains("Anna"), "{url}");
    assert!(url.contains("&limit=3&name=["), "{url}");
}

#[test]
fn headers_teach_their_credentials() {
    let mut redactor = Redactor::default();
    let headers = [("Authorization".to_owned(), "Bearer 0123456789abcdef".to_owned())];
    redactor.learn_headers(&headers);
    assert!(!shown(&redactor, "x 0123456789abcdef").contains("0123456789abcdef"));
}

#[test]
fn what_has_no_secret_is_left_alone_to_the_byte() {
    let redactor = Redactor::default();
    for text in [
        "",
        r#"{"retcode": 0,  "header": {"reqid": "1 \u0041"},"body":{"events":[],}}"#,
        "http://127.0.0.1:8000/api/v3.x/event",
        "expected 200, seen 400",
        r#"{"data": null, "code": 200, "msg": "OK"}"#,
        r#"{"rgb_image": " ", "pin": "", "name": ""}"#,
    ] {
        assert_eq!(shown(&redactor, text), text);
    }
}

#[test]
fn what_is_redacted_stays_as_it_is() {
    let redactor = Redactor::default();
    let once = shown(&redactor, r#"{"name": "Anna", "x": "/9j/4AAQSkZJRg=="}"#);
    assert_eq!(shown(&redactor, &once), once);
}

proptest! {
    #[test]
    fn no_text_breaks_the_redactor(text in r#"[a1"\\\[\]{}:,=?@/王 ]{0,60}"#) {
        let mut redactor = Redactor::new(["a1a1"]);
        redactor.learn(&text);
        let once = redactor.text(&text);
        let _ = redactor.text_at("pin", &once);
    }

    #[test]
    fn a_name_never_comes_through(name in "[A-Za-z王\"\\\\]{4,20}", cut in 0_usize..80) {
        let text = format!(r#"{{"user":{{"name":{},"x":1}}}}"#, serde_json::to_string(&name).unwrap());
        let mut cut = cut.min(text.len());
        while !text.is_char_boundary(cut) { cut += 1; }
        let out = shown(&Redactor::default(), &text[..cut]);
        prop_assert!(!out.contains(&name[..]), "{} in {}", name, out);
    }
}
