//! `vestibule conform device` tells what it found in each form that was asked for, on a real run; an
//! interrupted run tells what it had; and what cannot be written is known before there is traffic.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::conforming::{INFO, LOGIN, WAITING, answering, cases, conform};
use crate::running::{Running, until};
use crate::support::vestibule;

const SCHEMA: &str = include_str!("../../conformance/report.schema.json");

/// A login without a token, which fails one case and blocks the other.
const NO_TOKEN: &str = r#"{"retcode": 0, "header": {}, "body": {}}"#;

/// A directory of reports.
struct Reports(TempDir);

impl Reports {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("there is room for some files"))
    }

    /// The arguments for one of each kind.
    fn args(&self) -> Vec<String> {
        let kinds = ["human", "json", "junit", "html", "github", "clauses"];
        let report = |kind| format!("--report={kind}={}", self.path(kind));
        let transcript = format!("--transcript={}", self.path("har"));
        kinds.into_iter().map(report).chain([transcript]).collect()
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("its name is text").to_owned()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it was written")
    }

    /// The report for programs, which is what its schema says.
    fn json(&self) -> Value {
        valid(&self.read("json"))
    }

    /// Nothing but whole reports is there.
    fn are_whole(&self) {
        let names = fs::read_dir(self.0.path()).expect("it is a directory");
        let mut names: Vec<String> = names
            .map(|entry| entry.expect("it is there").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["clauses", "github", "har", "html", "human", "json", "junit"]);
        self.json();
        roxmltree::Document::parse(&self.read("junit")).expect("it is XML");
        serde_json::from_str::<Value>(&self.read("har")).expect("it is JSON");
        assert!(self.read("html").ends_with("</html>"));
        let human = self.read("human");
        assert!(human.lines().last().is_some_and(|line| line.ends_with("no verdict")), "{human}");
    }
}

fn valid(report: &str) -> Value {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let schema = jsonschema::draft202012::new(&schema).expect("the schema is one");
    let report = serde_json::from_str(report).expect("the report is JSON");
    let errors: Vec<String> = schema.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    report
}

fn path(directory: &TempDir) -> &str {
    directory.path().to_str().expect("its name is text")
}

#[test]
fn each_kind_tells_of_a_failure() {
    let (fixtures, reports) = (cases(&[LOGIN, INFO]), Reports::new());
    let url = answering("200 OK", NO_TOKEN);
    let mut args = vec!["device".to_owned(), url.clone(), "--fixtures".to_owned()];
    args.push(path(&fixtures).to_owned());
    args.extend(["--password".to_owned(), "geheim".to_owned()]);
    args.extend(reports.args());
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (code, text) = conform(&args);
    assert_eq!(code, Some(1), "{text}");
    // Standard output has the report for people where nothing else was asked for.
    let human = reports.read("human");
    assert!(text.starts_with(&human), "{text}\n---\n{human}");
    let alone = format!(
        "vestibule conform device {url} --password \"$VESTIBULE_PASSWORD\" --fixtures {} --only \
         v3.auth.login",
        path(&fixtures)
    );
    for part in ["failed: v3.auth.login", "header.reqid", "expected", "R-V3-02 (must)", &alone] {
        assert!(human.contains(part), "{part} in {human}");
    }
    assert!(human.contains("< {\"retcode\": 0"), "what was said: {human}");

    let json = reports.json();
    assert_eq!(json["summary"]["failed"], 2, "{json}");
    assert_eq!(json["progress"], "complete");
    let login = &json["cases"][0];
    assert_eq!((&login["id"], &login["outcome"]), (&"v3.auth.login".into(), &"failed".into()));
    assert_eq!(login["exchanges"][0]["response"]["status"], 200, "{login}");
    assert_eq!(json["cases"][1]["blocked_by"], "v3.auth.login");

    let junit = reports.read("junit");
    let junit = roxmltree::Document::parse(&junit).expect("it is XML");
    let failed = junit.descendants().filter(|node| node.has_tag_name("failure")).count();
    assert_eq!((junit.root_element().attribute("failures"), failed), (Some("2"), 2));
    let github = reports.read("github");
    let at = format!("::error file={}/v3/auth/login.json,line=4,col=", path(&fixtures));
    assert!(github.lines().count() == 2 && github.starts_with(&at), "{github}");
    assert!(reports.read("html").contains("<summary><span class=\"badge failed\">failed</span>"));
    let clauses = reports.read("clauses");
    assert!(clauses.contains("| R-V3-02 | `v3.auth.login` (failed) |"), "{clauses}");
    let har: Value = serde_json::from_str(&reports.read("har")).expect("it is JSON");
    assert_eq!(har["log"]["entries"][0]["pageref"], "v3.auth.login");

    let diff = |other: &str| conform(&["diff", &reports.path("json"), other]);
    assert_eq!(diff(&reports.path("json")).0, Some(0));
    let after = reports.read("json").replace("\"outcome\": \"failed\"", "\"outcome\": \"passed\"");
    fs::write(reports.path("after"), after).expect("it can be written");
    let (code, text) = diff(&reports.path("after"));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("outcome v3.auth.login: failed -> passed"), "{text}");
}

#[test]
fn standard_output_gets_the_one_that_has_no_file() {
    let fixtures = cases(&[LOGIN]);
    let url = answering("200 OK", NO_TOKEN);
    let reports = Reports::new();
    let summary = reports.path("summary.md");
    fs::write(&summary, "an earlier step\n").expect("it can be written");
    let stdout = |kind: &str| {
        let mut command = vestibule(&["conform", "device", &url, "--report", kind]);
        command.args(["--fixtures", path(&fixtures)]).env("GITHUB_WORKSPACE", path(&fixtures));
        let output = command.env("GITHUB_STEP_SUMMARY", &summary).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).expect("it is text")
    };
    assert_eq!(valid(&stdout("json"))["summary"]["failed"], 1);
    let junit = stdout("junit");
    assert!(roxmltree::Document::parse(&junit).is_ok(), "{junit}");
    assert!(stdout("html").starts_with("<!DOCTYPE html>"));
    assert_eq!(fs::read_to_string(&summary).expect("it is there"), "an earlier step\n");
    let github = stdout("github");
    assert!(github.starts_with("::error file=v3/auth/login.json,line=4,"), "{github}");
    let summary = fs::read_to_string(&summary).expect("it is there");
    assert!(summary.starts_with("an earlier step\n## Conformance of"), "{summary}");
    assert!(summary.contains("### Failures"), "{summary}");
}

/// A run that waits for a push that never comes; where it is told to wait, until it was seen to.
fn waiting(device: &Running, reports: &Reports, more: &[&str]) -> Running {
    let before = subscription(device);
    let after = "\"depends_on\": [\"v3.auth.login\"], \"setup\"";
    let fixtures = cases(&[LOGIN, &WAITING.replacen("\"setup\"", after, 1)]);
    let mut command = vestibule(&["conform", "device", device.told("url")]);
    command.args([
        "--fixtures",
        path(&fixtures),
        "--allow",
        "mutating",
        "--v1-restore",
        "disabled",
    ]);
    command.args(reports.args()).args(more);
    let run = Running::spawn_talking(command);
    until(|| subscription(device) != before);
    run
}

fn subscription(device: &Running) -> String {
    let status = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["ctl", "status", "--json", "--control", device.told("control")])
        .output();
    let status = status.expect("the command runs").stdout;
    let status: Value = serde_json::from_slice(&status).expect("the status is JSON");
    status.pointer("/devices/0/subscription").expect("it has one").to_string()
}

#[test]
fn an_interrupted_run_tells_what_it_had() {
    let (device, reports) = (Running::start(&["--rate", "0"]), Reports::new());
    let run = waiting(&device, &reports, &[]);
    run.signal("INT");
    let (code, text) = run.end();
    assert_eq!(code, Some(130), "{text}");
    reports.are_whole();
    let json = reports.json();
    assert_eq!(json["progress"], "interrupted");
    assert_eq!(json["summary"]["passed"], 1, "{json}");
    assert_eq!(json["missing"], serde_json::json!(["v1.push.waiting"]));
}

#[test]
fn a_run_that_was_given_up_tells_what_it_had() {
    let (device, reports) = (Running::start(&["--rate", "0"]), Reports::new());
    let mut run = waiting(&device, &reports, &[]);
    // It cannot put anything back at a device that does not answer.
    device.signal("STOP");
    run.signal("INT");
    run.until_logged("a second Ctrl-C ends that too");
    run.signal("INT");
    assert_eq!(run.end().0, Some(130));
    reports.are_whole();
    let json = reports.json();
    assert_eq!(
        (&json["progress"], &json["missing"][0]),
        (&"interrupted".into(), &"v1.push.waiting".into())
    );
}

#[test]
fn a_killed_run_leaves_whole_reports() {
    let (device, reports) = (Running::start(&["--rate", "0"]), Reports::new());
    let run = waiting(&device, &reports, &[]);
    // What has ended is told while the next case waits.
    until(|| reports.json()["summary"]["passed"] == 1);
    run.signal("KILL");
    run.end();
    reports.are_whole();
    let json = reports.json();
    assert_eq!(
        (&json["progress"], &json["missing"][0]),
        (&"running".into(), &"v1.push.waiting".into())
    );
}

#[test]
fn a_device_that_dies_is_told_of() {
    let (device, reports) = (Running::start(&["--rate", "0"]), Reports::new());
    let run = waiting(&device, &reports, &["--redelivery-timeout", "2s"]);
    device.signal("KILL");
    let (code, text) = run.end();
    // What was changed could not be put back, and that is said.
    assert_eq!(code, Some(4), "{text}");
    let json = reports.json();
    assert_eq!((&json["progress"], &json["summary"]["passed"]), (&"complete".into(), &1.into()));
    assert_eq!(json["missing"], serde_json::json!([]), "{json}");
}

#[test]
fn what_cannot_be_written_is_refused_before_any_traffic() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("it can be asked without waiting");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (directory, fixtures) = (Reports::new(), cases(&[LOGIN]));
    let here = directory.0.path().to_str().expect("its name is text");
    let (gone, twice) = (directory.path("gone/a"), directory.path("a"));
    fs::write(directory.path("kept"), "kept").expect("it can be written");
    for args in [
        &[format!("--report=json={gone}")][..],
        &[format!("--report=html={here}")],
        &[format!("--transcript={gone}")],
        &[format!("--write-known-failures={gone}")],
        &[format!("--report=json={twice}"), format!("--transcript={here}/./a")],
        &[format!("--report=json={}", directory.path("kept")), "--report=pdf".to_owned()],
        &["--report=json".to_owned(), "--report=junit".to_owned()],
    ] {
        let mut all = vec!["device", url.as_str(), "--fixtures", path(&fixtures)];
        all.extend(args.iter().map(String::as_str));
        let (code, text) = conform(&all);
        assert_eq!(code, Some(2), "{args:?}: {text}");
    }
    let nobody = listener.accept().expect_err("nobody asked the device");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(directory.read("kept"), "kept");
    assert!(!Path::new(&twice).exists());
}

#[test]
fn the_schema_can_be_had() {
    let (code, text) = conform(&["diff", "--schema"]);
    assert_eq!((code, text.as_str()), (Some(0), SCHEMA));
}
