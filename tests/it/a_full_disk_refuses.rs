//! On a full disk nothing is promised that cannot be kept: what would be stored is refused and counted,
//! what was told stays, and the device goes on by itself once there is room.
//!
//! The disk is a tmpfs of 2 MiB in a mount namespace of its own. Where the system allows no such namespace the
//! test says so and sees nothing; the emulator's own tests fill a database up to its page limit everywhere.

#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::running::Running;
use crate::support::{post, vestibule};

/// A small disk at a directory, seen by its own processes alone.
struct Disk {
    holder: Child,
    dir: tempfile::TempDir,
}

impl Disk {
    /// None where there can be none.
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().expect("a directory");
        let mount = "mount -t tmpfs -o size=2m tmpfs \"$0\" && echo mounted && exec sleep 600";
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", mount])
            .arg(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut said = String::new();
        let stdout = holder.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut said).expect("stdout is text");
        // Its end is waited for when this is dropped.
        let disk = Self { holder, dir };
        (said == "mounted\n").then_some(disk)
    }

    /// The command there.
    fn run(&self, args: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--user", "--mount", "--preserve-credentials", "--target"]);
        command.arg(self.holder.id().to_string()).arg("--").arg(env!("CARGO_BIN_EXE_vestibule"));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A device that is kept there.
    fn device(&self) -> Running {
        let data = self.dir.path().join("door");
        let data = data.to_str().expect("a path in UTF-8");
        let args = ["run", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--rate", "0"];
        let command = self.run(&[&args[..], &["--data", data]].concat());
        Running::spawn(command, 1).expect("it becomes ready")
    }

    /// What takes the room, as this process reaches it.
    fn filler(&self) -> PathBuf {
        let inside = self.dir.path().join("filler");
        let inside = inside.strip_prefix("/").expect("absolute");
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(inside)
    }

    fn fill(&self) {
        let mut file = std::fs::File::create(self.filler()).expect("a file");
        while file.write_all(&[0; 4096]).is_ok() {}
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn status(device: &Running) -> Value {
    let args = ["ctl", "--control", device.told("control"), "status", "--json"];
    let output = vestibule(&args).output().expect("it ends");
    let mut all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    all["devices"][0].take()
}

fn address<'a>(device: &'a Running, key: &str) -> &'a str {
    device.told(key).strip_prefix("http://").expect("plain")
}

#[test]
#[expect(clippy::print_stdout, reason = "what was not seen is said")]
fn what_cannot_be_stored_is_refused_and_nothing_changes() {
    let Some(disk) = Disk::new() else {
        println!("not seen: this system allows no mount namespace of one's own");
        return;
    };
    let device = disk.device();
    let path = format!("/devices/{}/events", device.told("sn"));
    let emit = |device: &Running, count: u32| {
        let wish = format!(r#"{{"event":"face","count":{count}}}"#);
        post(address(device, "control"), &path, &wish).expect("an answer")
    };
    assert_eq!(emit(&device, 10).0, 200);
    disk.fill();
    let (code, said) = emit(&device, 500);
    assert_eq!(code, 507, "{said}");
    assert!(said.contains("the disk is full; make room"), "{said}");
    let output = vestibule(&["ctl", "--control", device.told("control"), "emit", "face"]).output();
    let output = output.expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("the disk is full") && told.contains("shows its storage"), "{told}");
    let shown = status(&device);
    assert_eq!(shown["refused"], 501, "{shown}");
    assert_eq!(shown["storage"]["state"], "full", "{shown}");
    assert_eq!(shown["journal"]["max"], 10, "{shown}");
    let wish = r#"{"enabled":true,"event_dest":"http://127.0.0.1:9/x"}"#;
    let refused = post(address(&device, "url"), "/v1/event/subscribe", wish).expect("an answer");
    assert_eq!(refused.0, 507, "{}", refused.1);
    assert_eq!(status(&device)["subscription"], Value::Null);

    std::fs::remove_file(disk.filler()).expect("there is room again");
    while status(&device)["storage"]["state"] != "ok" {
        std::thread::yield_now();
    }
    let (code, said) = emit(&device, 1);
    assert_eq!(code, 200, "{said}");
    assert!(said.contains(r#""seqnum":11"#), "no number was used up: {said}");
    device.signal("KILL");
    assert_eq!(device.end().0, None);
    let device = disk.device();
    assert_eq!(status(&device)["journal"]["max"], 11);
    device.signal("TERM");
    assert_eq!(device.end().0, Some(0));
}
