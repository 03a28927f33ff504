//! `exec` runs a command beside a device and ends as the command does.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::support::vestibule;

fn exec(args: &[&str], command: &[&str]) -> (Option<i32>, String, String) {
    let device = ["exec", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--rate", "0"];
    let args = [&device[..], args, &["--"], command].concat();
    let output = vestibule(&args).output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_command_finds_the_device() {
    let script = "echo $VESTIBULE_URL $VESTIBULE_CONTROL $VESTIBULE_SN $VESTIBULE_CONTROL_TOKEN";
    let (code, stdout, stderr) = exec(&["--control-token", "T"], &["sh", "-c", script]);
    assert_eq!(code, Some(0), "{stderr}");
    let words: Vec<&str> = stdout.split_whitespace().collect();
    let [url, control, sn, token] = words[..] else { panic!("{stdout}") };
    assert!(url.starts_with("http://127.0.0.1:") && control.starts_with("http://127.0.0.1:"));
    assert_eq!((sn, token), ("VSB0000001", "T"));
}

#[test]
fn the_device_is_up_while_the_command_runs() {
    let path = "/v1/event/subscribe";
    let script =
        format!("exec 3<>/dev/tcp/${{VESTIBULE_URL#http://127.0.0.1:}} || exit 9; echo {path}");
    let script = script.replace("/dev/tcp/$", "/dev/tcp/127.0.0.1/$");
    let (code, _, stderr) = exec(&[], &["bash", "-c", &script]);
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn it_ends_as_the_command_does() {
    assert_eq!(exec(&[], &["sh", "-c", "exit 42"]).0, Some(42));
    assert_eq!(exec(&[], &["sh", "-c", "kill -9 $$"]).0, Some(137));
    let (code, _, stderr) = exec(&[], &["/nonexistent-command"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("/nonexistent-command"), "{stderr}");
}

/// A Ctrl-C goes to the whole group of a tty: the command ends in its own way, and nothing cuts it short.
#[test]
fn a_ctrl_c_lets_the_command_tidy_up() {
    let command =
        "trap 'sleep 0.3; echo tidied; exit 7' INT; echo up; while :; do sleep 0.05; done";
    let device = "exec --listen 127.0.0.1:0 --control 127.0.0.1:0 --rate 0";
    let binary = env!("CARGO_BIN_EXE_vestibule");
    let mut group = std::process::Command::new("setsid");
    group.arg(binary).args(device.split(' ')).args(["--", "bash", "-c", command]);
    let mut group = group.stdout(Stdio::piped()).spawn().expect("setsid runs");
    let mut stdout = BufReader::new(group.stdout.take().expect("stdout is piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("text");
    assert_eq!(line, "up\n");
    let kill = format!("kill -INT -{}", group.id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().expect("sh").success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("text");
    assert_eq!(rest, "tidied\n");
    assert_eq!(group.wait().expect("it ends").code(), Some(7));
}

/// A pipeline's secret that is not set is an empty text: no token, then.
#[test]
fn an_empty_control_token_is_none() {
    let script = "exec vestibule ctl status --json";
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_vestibule")).parent().expect("a folder");
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let mut command = vestibule(&["exec", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
    command.args(["--", "sh", "-c", script]).env("VESTIBULE_CONTROL_TOKEN", "").env("PATH", path);
    let output = command.output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
