//! Asking the person at the door, for `--stimulus manual`.

use std::io::IsTerminal;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;
use vestibule_conformance::stimulus::{Done, Request, Stimulus};

use crate::output::Output;

/// Lines typed before they are asked for: somebody who leans on Enter fills no memory.
const LINES_AHEAD: usize = 64;

/// A stimulus that asks on the terminal: Enter when it is done, `n` when it cannot be done.
pub(super) fn stimulus(output: &Output) -> Stimulus {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(ask(receiver, output.clone()));
    Stimulus::Manual(sender)
}

async fn ask(mut requests: mpsc::Receiver<Request>, output: Output) {
    let mut lines = lines();
    let is_terminal = std::io::stdin().is_terminal();
    while let Some(request) = requests.recv().await {
        // What was typed before the question is no answer to it. A file has all answers at once.
        while is_terminal && lines.try_recv().is_ok() {}
        let text = format!("Please {}, then press Enter (n: cannot be done here)", request.what);
        output.complaint(&text);
        // Without anybody to answer, the request is dropped, which says so.
        let Some(line) = lines.recv().await else {
            return;
        };
        let cannot = line.trim().eq_ignore_ascii_case("n");
        // Fails only when the case has ended meanwhile.
        let _ = request.done.send(if cannot { Done::Cannot } else { Done::Done });
    }
}

/// The lines of standard input as they come.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(LINES_AHEAD);
    tokio::spawn(async move {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if sender.send(line).await.is_err() {
                return;
            }
        }
    });
    receiver
}
