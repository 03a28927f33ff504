//! `exec` runs a command beside a device and ends as the command does.

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
