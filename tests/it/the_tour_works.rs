//! README's tour, word by word: its own commands, run in its own order, with what it promises of them.
//!
//! Only the ports are others, so that tests run beside each other, and the receiver ends by itself when it
//! has what README says it has.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::running::Running;
use crate::support::Receive;

const README: &str = include_str!("../../README.md");

/// The commands of the tour, whole, without the ones that only build.
fn commands() -> Vec<String> {
    let (_, tour) = README.split_once("## A tour").expect("README has a tour");
    let (tour, _) = tour.split_once("\n## ").expect("something follows the tour");
    let mut commands: Vec<String> = Vec::new();
    let mut open = false;
    for line in tour.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push(command.to_owned());
            open = true;
        } else if line.starts_with("```") {
            open = false;
        } else if open && !line.starts_with('{') {
            let command = commands.last_mut().expect("a command goes on");
            command.push('\n');
            command.push_str(line);
        }
    }
    commands.retain(|command| !command.starts_with("cargo ") && !command.starts_with("export "));
    commands
}

/// Runs commands in one shell, as one terminal does; the output of each.
fn terminal(commands: &[String], device: &Running, receive: &Receive) -> Vec<String> {
    let script: String =
        commands.iter().map(|command| format!("{command}\nprintf '\\f'\n")).collect();
    let port = |url: &str| url.rsplit(':').next().expect("a URL has a port").to_owned();
    let script = script
        .replace("127.0.0.1:8000", &format!("127.0.0.1:{}", port(device.told("url"))))
        .replace("127.0.0.1:9000", &receive.address);
    let binary = Path::new(env!("CARGO_BIN_EXE_vestibule"));
    let folder = binary.parent().expect("a binary is in a folder").display();
    let path = format!("{folder}:/usr/local/bin:/usr/bin:/bin");
    let mut shell = Command::new("bash");
    shell.args(["-c", &script]).env("PATH", path).stdin(Stdio::null());
    let output =
        shell.env("VESTIBULE_CONTROL", device.told("control")).output().expect("bash runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_terminator('\u{c}').map(str::to_owned).collect()
}

#[test]
fn each_step_does_what_it_says() {
    let mut commands = commands();
    assert_eq!(commands.remove(0), "vestibule run --rate 0");
    assert_eq!(commands.remove(0), "vestibule receive");
    let device = Running::start(&["--rate", "0"]);
    let receive = Receive::start(&["--expect", "4"]);

    let said = terminal(&commands, &device, &receive);
    let step = |start: &str| {
        let place = commands.iter().position(|command| command.starts_with(start));
        said[place.unwrap_or_else(|| panic!("README has no `{start}`"))].as_str()
    };
    assert!(README.contains(step("curl -s http://127.0.0.1:8000/v1").trim()), "{said:?}");
    let status = step("vestibule ctl status");
    let row: Vec<&str> = status.lines().last().unwrap_or_default().split_whitespace().collect();
    let [_, network, journal, backlog, ..] = row[..] else { panic!("{status}") };
    assert_eq!((network, journal, backlog), ("offline", "1-4", "3"), "{status}");
    let fetched = step("curl -s http://127.0.0.1:8000/api/v3.x/event");
    let fetched: serde_json::Value = serde_json::from_str(fetched).expect("JSON");
    let seqnums: Vec<_> = fetched["body"]["events"]
        .as_array()
        .expect("events")
        .iter()
        .map(|event| &event["seqnum"])
        .collect();
    assert_eq!(seqnums, [2, 3, 4], "the gap");

    let ended = receive.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let counts = README.lines().find(|line| line.starts_with("{\"received\""));
    let counts: serde_json::Value =
        serde_json::from_str(counts.expect("README shows the counts")).expect("JSON");
    assert_eq!(*ended.summary(), counts);
}
