//! What a flood's counts mean for the exit code.

use vestibule_emulator::flood::report::{Document, Progress};

use crate::exit::{Exit, Failure};

const MORE: &str = "see its `seconds` and `errors`, with --report json or html";

/// The exit code; anything but 0 says why.
pub(in crate::commands) fn judge(document: &Document) -> Result<Exit, Failure> {
    let tried = || format!("flooding {}", document.target);
    let fail = |exit, why: String, hint: &str| Err(Failure::new(exit, tried(), why).hint(hint));
    let Document { sent, acknowledged, failed, in_flight, unsent, .. } = document;
    if document.progress == Progress::Interrupted {
        let why = format!("interrupted; {acknowledged} of {sent} sent records were acknowledged");
        return fail(Exit::Interrupted, why, "run it again for all of them");
    }
    if *sent == 0 {
        return fail(Exit::NothingExamined, "nothing was sent".to_owned(), "give it more time");
    }
    if document.is_green() {
        return Ok(Exit::Done);
    }
    let counted = [(failed, "failed"), (in_flight, "not answered"), (unsent, "not sent")];
    let counted = counted.into_iter().filter(|(count, _)| **count > 0);
    let counted: Vec<String> = counted.map(|(count, what)| format!("{count} {what}")).collect();
    let why = format!("{acknowledged} acknowledged, {}", counted.join(", "));
    fail(Exit::FallsShort, why, MORE)
}
