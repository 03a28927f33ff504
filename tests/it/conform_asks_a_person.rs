//! `--stimulus manual` asks whoever sits at the terminal, one thing at a time, and goes on when it is said to
//! be done; what cannot be done is left out, and nobody is asked to undo what never happened.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::running::Running;
use crate::support::vestibule;

/// A run of the suite, with a person at its terminal.
struct Asking {
    child: Child,
    keys: File,
    questions: BufReader<ChildStderr>,
}

impl Asking {
    fn start(device: &Running, cases: &[&str]) -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
        grantpt(&keys).expect("it is ours");
        unlockpt(&keys).expect("it can be opened");
        let name = ptsname(&keys, Vec::new()).expect("it has a name").into_string();
        let terminal = File::open(Path::new(&name.expect("it is text"))).expect("it opens");
        let mut command = vestibule(&["conform", "device", device.told("url")]);
        command.args(["--stimulus", "manual", "--allow", "mutating", "--v1-restore", "disabled"]);
        command.args(cases.iter().flat_map(|case| ["--only", case]));
        let mut child = command.stdin(terminal).stdout(Stdio::piped()).spawn().expect("it starts");
        let questions = BufReader::new(child.stderr.take().expect("stderr is piped"));
        Self { child, keys: File::from(keys), questions }
    }

    /// The next thing that somebody is to do; none at the end.
    fn question(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.questions.read_line(&mut line).expect("it is text") > 0 {
            if let Some((_, what)) = line.split_once("Please ") {
                return what.split_once(", then press Enter").map(|(what, _)| what.to_owned());
            }
            line.clear();
        }
        None
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it is there");
    }

    /// The exit code and what it said in the end.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        let mut stdout = self.child.stdout.take().expect("stdout is piped");
        stdout.read_to_string(&mut said).expect("it is text");
        (self.child.wait().expect("it ends").code(), said)
    }
}

fn emit(device: &Running, what: &[&str]) {
    let mut command: Command = vestibule(&["ctl", "--control", device.told("control"), "emit"]);
    assert!(command.args(what).status().expect("it runs").success());
}

#[test]
fn what_it_asks_for_is_done_and_seen() {
    let device = Running::start(&["--rate", "0"]);
    let mut asking = Asking::start(&device, &["v3.object.disa"]);
    let mut asked = Vec::new();
    while let Some(what) = asking.question() {
        match what.as_str() {
            "set off the tamper alarm" => emit(&device, &["disa", "--state", "1"]),
            "end the tamper alarm" => emit(&device, &["disa", "--state", "0"]),
            _ => emit(&device, &["face"]),
        }
        // Who is impatient presses it twice.
        asking.press("\n\n");
        asked.push(what);
    }
    let (code, said) = asking.end();
    assert_eq!(code, Some(0), "{asked:?}: {said}");
    assert!(said.contains("1 passed"), "{said}");
    // An event that the log must have before, then what the case is about.
    let wanted = ["show a face", "set off the tamper alarm", "end the tamper alarm"];
    assert_eq!(asked[..3], wanted, "{asked:?}");
}

#[test]
fn what_cannot_be_done_is_left_out_and_nothing_undone() {
    let device = Running::start(&["--rate", "0"]);
    let mut asking = Asking::start(&device, &["v3.object.disa", "v3.object.face"]);
    let mut asked = Vec::new();
    while let Some(what) = asking.question() {
        asking.press("n\n");
        asked.push(what);
    }
    let (code, said) = asking.end();
    assert_eq!(code, Some(4), "nothing was examined: {said}");
    assert!(said.contains("2 skipped"), "{said}");
    assert_eq!(asked, ["show a face", "show a face"], "{said}");
}
