//! What the tests of `vestibule conform` share: directories of cases, a device of a few lines, runs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use tempfile::TempDir;

use crate::support::vestibule;

/// A case that logs in, and fails where no token comes.
pub(crate) const LOGIN: &str = r#"{"id": "v3.auth.login", "rev": 1, "title": "a login gives a token",
  "source": ["R-V3-02"], "level": "must", "provenance": "hand-written", "safety": "safe",
  "killed_by": ["v3.login.token-missing"],
  "steps": [{"call": {"v3": {"service": "auth", "action": "auth-login",
    "body": {"user": "${target.v3.user}", "passwd": "${target.v3.digest}"},
    "expect": {"id": "token", "json": {"body": {"token": {"$string": {"min": 1}}}}}}}}]}"#;

/// A case that depends on the login.
pub(crate) const INFO: &str = r#"{"id": "v3.event-info.types", "rev": 1, "title": "both are integers",
  "source": ["R-V3-14"], "level": "must", "provenance": "hand-written", "safety": "safe",
  "depends_on": ["v3.auth.login"], "killed_by": ["v3.info.text"],
  "steps": [{"call": {"v3": {"action": "event-info",
    "expect": {"json": {"body": {"min": {"$integer": {}}, "max": {"$integer": {}}}}}}}}]}"#;

/// A case that subscribes and then waits for a message that never comes.
pub(crate) const WAITING: &str = r#"{"id": "v1.push.waiting", "rev": 1, "title": "a push comes",
  "source": ["R-V1-23"], "level": "must", "provenance": "hand-written", "safety": "mutating",
  "killed_by": ["v1.push.never"],
  "setup": [{"listen": {"as": "platform"}}, {"subscribe": {"at": "platform"}}],
  "steps": [{"expect": {"at": "platform", "message": "push", "within": "redelivery"}}]}"#;

/// A directory with these cases.
pub(crate) fn cases(texts: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().expect("there is room for some files");
    for text in texts {
        let value: serde_json::Value = serde_json::from_str(text).expect("a case is JSON");
        let id = value["id"].as_str().expect("a case has an id");
        write(directory.path(), &format!("{}.json", id.replacen('.', "/", 2)), text);
    }
    directory
}

/// Writes a file of the directory.
pub(crate) fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().expect("it is below the directory"))
        .expect("a directory can be made");
    std::fs::write(path, text).expect("a file can be written");
}

/// The exit code and all output of a run to its end.
pub(crate) fn conform(args: &[&str]) -> (Option<i32>, String) {
    let output = vestibule(&["conform"]).args(args).output().expect("the command runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// A device that answers every request with the same HTTP status and body; its URL.
pub(crate) fn answering(status: &'static str, body: &'static str) -> String {
    answering_in_turn(status, &[], body)
}

/// A device that answers the first requests with these bodies, and all others with the last; its
/// URL.
pub(crate) fn answering_in_turn(
    status: &'static str,
    first: &'static [&'static str],
    last: &'static str,
) -> String {
    serving(status, move |turn, _| (*first.get(turn).unwrap_or(&last)).to_owned())
}

/// A device that answers each request with HTTP 200 and what `answer` makes of its body; its URL.
pub(crate) fn answering_by(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    serving("200 OK", move |_, request| answer(request))
}

/// A device of one connection for each request, which are counted.
fn serving(
    status: &'static str,
    answer: impl Fn(usize, &str) -> String + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    // Ends with the test's process.
    thread::spawn(move || {
        for turn in 0.. {
            let Ok((stream, _)) = listener.accept() else {
                return;
            };
            let mut reader = BufReader::new(stream);
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                    break;
                }
                let line = line.to_lowercase();
                if let Some(given) = line.strip_prefix("content-length:") {
                    length = given.trim().parse().expect("a length is a number");
                }
            }
            let mut request = vec![0; length];
            // A client that went away needs no answer.
            let _ = reader.read_exact(&mut request);
            let body = answer(turn, &String::from_utf8_lossy(&request));
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = reader.get_mut().write_all(answer.as_bytes());
        }
    });
    url
}
