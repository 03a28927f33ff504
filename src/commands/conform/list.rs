//! `--list`: the cases, and every write that a run would make.

use vestibule_conformance::case::collection::Filed;
use vestibule_conformance::case::types::Safety;
use vestibule_conformance::runner::{Allowed, order, writes};
use vestibule_conformance::select::{Choice, Selection};

use crate::exit::Failure;
use crate::output::Output;

/// Prints a line for each case, with its writes below it.
pub(super) fn print(
    cases: &[Filed],
    selection: &Selection,
    allowed: &Allowed,
    output: &Output,
) -> Result<usize, Failure> {
    let mut listed = 0;
    for at in order(cases) {
        let filed = &cases[at];
        let left_out = match selection.choice(filed) {
            Choice::Leave => continue,
            Choice::Skip(why) => Some(why),
            Choice::Run => not_allowed(filed, allowed),
        };
        listed += 1;
        let case = &filed.case;
        let kind = format!("{}, {}, {}", case.level.word(), case.safety.word(), case.cost.word());
        let left_out = left_out.map_or_else(String::new, |why| format!("; not run: {why}"));
        output.line(&format!("{}  ({kind}{left_out})", case.id))?;
        output.line(&format!("    {}", case.title))?;
        for write in writes(filed).what {
            output.line(&format!("    writes: {write}"))?;
        }
    }
    Ok(listed)
}

fn not_allowed(filed: &Filed, allowed: &Allowed) -> Option<String> {
    let case = &filed.case;
    let safety = case.safety != Safety::Safe && !allowed.safety.contains(&case.safety);
    let cost = !allowed.cost.contains(&case.cost);
    match (safety, cost) {
        (true, _) => Some(format!("--allow {}", case.safety.word())),
        (_, true) => Some(format!("--allow {}", case.cost.word())),
        _ => None,
    }
}
