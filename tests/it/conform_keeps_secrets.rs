//! No report of a real run holds a secret: not the passwords that were typed, nor a token, nor what
//! a device says of people.

use std::collections::BTreeSet;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::conforming::conform;
use crate::running::Running;
use crate::support::vestibule;

/// The password, and the digest by which the device knows it.
const PASSWORD: &str = "kanarienvogel";
const DIGEST: &str = "2819FA454C7EDD9B1CC5BB0827A3A4B7";
const V1_PASSWORD: &str = "zeisig-und-stieglitz";

/// A device with that password whose records and events are wrong, so that reports show them.
fn device() -> Running {
    let directory = tempfile::tempdir().expect("there is room for a file");
    let config = directory.path().join("device.toml");
    let quirks = include_str!("../../src/commands/conform/own.toml");
    let more = format!(
        "[accounts.v3]\ndigest = \"{DIGEST}\"\n[[faults]]\nname = \"v1.record.user-nonsense\"\n\
         [[faults]]\nname = \"v3.login.any-password\"\n[[faults]]\nname = \"v1.record.uuid-repeats\"\n"
    );
    fs::write(&config, format!("{quirks}\n{more}")).expect("it can be written");
    Running::start(&["--rate", "0", "--config", config.to_str().expect("its name is text")])
}

/// What the device knows of people, as both its APIs show it, and what else must not be told.
fn secrets(device: &Running) -> BTreeSet<String> {
    let output = vestibule(&["ctl", "events", "--json", "--limit", "1000"])
        .args(["--control", device.told("control")])
        .output()
        .expect("the command runs");
    let mut found = BTreeSet::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        collect(&serde_json::from_str(line).expect("a line is JSON"), &mut found);
    }
    assert!(found.len() > 10, "the run made people come: {found:?}");
    let basic = STANDARD.encode(format!("admin:{V1_PASSWORD}"));
    found.extend([PASSWORD.to_owned(), DIGEST.to_lowercase(), V1_PASSWORD.to_owned(), basic]);
    found
}

/// The values of the members that say who it was. Below six characters they may be any number.
fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let secret = ["name", "ic_number", "pin", "rgb_image", "remark", "qrcode"];
                match value.as_str() {
                    Some(text) if secret.contains(&name.as_str()) => {
                        let short = text.is_ascii() && text.len() < 6 || text.chars().count() < 2;
                        found.extend((!short).then(|| text.to_owned()));
                    }
                    _ => collect(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

#[test]
fn a_run_with_passwords_tells_none_and_nobodys_name() {
    let device = device();
    let directory = tempfile::tempdir().expect("there is room for some files");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let mut args = vec!["device".to_owned(), device.told("url").to_owned()];
    for kind in ["human", "json", "junit", "html", "github", "clauses"] {
        args.push(format!("--report={kind}={}", path(kind)));
    }
    args.extend(["--transcript".to_owned(), path("har")]);
    args.extend(["--control".to_owned(), device.told("control").to_owned()]);
    args.extend([format!("--password={PASSWORD}"), format!("--v1-password={V1_PASSWORD}")]);
    args.push("--allow=mutating".to_owned());
    for only in ["v3.auth.*", "v1.record.*", "v3.object.*", "v1.push.headers"] {
        args.push(format!("--only={only}"));
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (code, text) = conform(&args);
    assert_eq!(code, Some(1), "{text}");
    let json: Value = serde_json::from_str(&fs::read_to_string(path("json")).expect("it is there"))
        .expect("it is JSON");
    assert!(json["summary"]["passed"].as_u64() > Some(10), "{text}");
    let mut reports = vec![("standard output", text)];
    for name in ["human", "json", "junit", "html", "github", "clauses", "har"] {
        let report = fs::read_to_string(path(name)).expect("it was written");
        assert!(
            report.contains("[redacted: ") || ["github", "clauses"].contains(&name),
            "{name} shows nothing"
        );
        reports.push((name, report));
    }
    for secret in secrets(&device) {
        for (name, report) in &reports {
            let shown = report.to_lowercase().contains(&secret.to_lowercase());
            assert!(!shown, "{name} shows {secret}");
        }
    }
    tokens_are_marked(&json);
}

/// A token is in the headers of nearly every request of v3.
fn tokens_are_marked(json: &Value) {
    let mut seen = 0;
    let cases = json["cases"].as_array().expect("they are a list");
    for exchange in cases.iter().flat_map(|case| case["exchanges"].as_array().into_iter().flatten())
    {
        for header in exchange["request"]["headers"].as_array().into_iter().flatten() {
            let is_token =
                header[0].as_str().is_some_and(|name| name.eq_ignore_ascii_case("token"));
            if is_token && header[1] != "" {
                seen += 1;
                let marked =
                    header[1].as_str().is_some_and(|value| value.starts_with("[redacted: "));
                assert!(marked, "{header}");
            }
        }
    }
    assert!(seen > 10, "tokens were sent");
}
