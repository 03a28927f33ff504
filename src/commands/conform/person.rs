//! Asking the person at the door, for `--stimulus manual`.

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;
use vestibule_conformance::stimulus::{Done, Request, Stimulus};

use crate::output::Output;

/// A stimulus that asks on the terminal: Enter when it is done, `n` when it cannot be done.
pub(super) fn stimulus(output: &Output) -> Stimulus {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(ask(receiver, output.clone()));
    Stimulus::Manual(sender)
}

async fn ask(mut requests: mpsc::Receiver<Request>, output: Output) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(request) = requests.recv().await {
        let text = format!("Please {}, then press Enter (n: cannot be done here)", request.what);
        output.complaint(&text);
        // Without anybody to answer, the request is dropped, which says so.
        let Ok(Some(line)) = lines.next_line().await else {
            return;
        };
        let cannot = line.trim().eq_ignore_ascii_case("n");
        // Fails only when the case has ended meanwhile.
        let _ = request.done.send(if cannot { Done::Cannot } else { Done::Done });
    }
}
