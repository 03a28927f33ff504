//! `vestibule exec`: a device for as long as another command runs.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::run::{forget, signals, start};
use crate::cli::exec::ExecArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::signals::{Asked, Signals};

/// Runs the command beside a device; ends with the command's exit code.
pub(crate) async fn run(args: ExecArgs, output: &Output) -> Result<Exit, Failure> {
    let mut signals = signals()?;
    let Some(emulator) = start(&args.run, &mut signals, output).await? else {
        return Ok(Exit::Interrupted);
    };
    let result = match spawn(&args, &emulator) {
        Ok(child) => wait(child, &mut signals).await,
        Err(error) => Err(error),
    };
    emulator.stop().await;
    forget(&args.run);
    let tried = format!("running {}", args.command[0].display());
    let status = result.map_err(|error| {
        Failure::new(Exit::Usage, tried, error).hint("give a command that can be run, after `--`")
    })?;
    Ok(code(status))
}

fn spawn(args: &ExecArgs, emulator: &vestibule_emulator::emulator::Emulator) -> io::Result<Child> {
    let mut command = Command::new(&args.command[0]);
    command.args(&args.command[1..]);
    if let [device, ..] = emulator.ready() {
        command.env("VESTIBULE_URL", &device.url);
        command.env("VESTIBULE_CONTROL", &device.control);
        command.env("VESTIBULE_SN", &device.sn);
    }
    if let Some(token) = emulator.control_token() {
        command.env("VESTIBULE_CONTROL_TOKEN", token);
    }
    command.spawn()
}

/// Waits for the command, and passes SIGTERM on to it. A Ctrl-C it has from the tty itself, and ends in its
/// own way and time; a second signal of another kind would cut that short.
async fn wait(mut child: Child, signals: &mut Signals) -> io::Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return status,
            asked = signals.recv() => {
                let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
                if let (Asked::Terminate, Some(pid)) = (asked, pid) {
                    kill_process(pid, Signal::TERM)?;
                }
            }
        }
    }
}

/// The command's own code, as a shell tells it.
fn code(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(0), _) => Exit::Done,
        (Some(code), _) => Exit::Of(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(signal)) => Exit::Of(u8::try_from(128 + signal).unwrap_or(u8::MAX)),
        (None, None) => Exit::FallsShort,
    }
}
