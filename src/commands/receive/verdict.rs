//! What the counts mean: the words on stderr and the exit code.

use vestibule_conformance::receiver::fetch::FetchError;
use vestibule_conformance::receiver::message::{Api, Identity, Message, Unparsable};
use vestibule_conformance::receiver::tally::{Finding, Summary, Tally};

use super::requests::Requests;
use crate::cli::receive::ReceiveArgs;
use crate::exit::{Exit, Failure};

/// Gaps named at the end; a longer list helps nobody, and stdout has them all.
const GAPS_NAMED_MAX: usize = 20;

/// Says which message is wrong, and how.
pub(crate) fn warn(message: &Result<Message, Unparsable>, finding: Finding) {
    let message = match message {
        Ok(message) => message,
        Err(error) => return tracing::warn!(%error, "neither push nor report"),
    };
    if finding.duplicate {
        tracing::warn!("duplicate: {}", name(message));
    }
    if finding.out_of_order {
        tracing::warn!("out of order: {}", name(message));
    }
    if let Some((from, to)) = finding.gap {
        tracing::warn!("gap before {}: {from} to {to} did not come", name(message));
    }
}

/// Says what is missing in the end.
pub(crate) fn warn_missing(tally: &Tally) {
    for missing in tally.missing().take(GAPS_NAMED_MAX) {
        tracing::warn!("missing from {}: {} to {}", missing.device, missing.from, missing.to);
    }
    match tally.missing().count().saturating_sub(GAPS_NAMED_MAX) {
        0 => {}
        more => tracing::warn!("and {more} more gaps"),
    }
    match tally.untracked() {
        0 => {}
        untracked => tracing::warn!(untracked, "too many devices: order and gaps not followed"),
    }
}

/// The running count.
pub(crate) fn count(tally: &Tally) -> String {
    let counts = tally.counts();
    format!(
        "{} received, {} distinct, {} duplicates, {} out of order, {} unparsable",
        counts.received, counts.distinct, counts.duplicates, counts.out_of_order, counts.unparsable
    )
}

/// The exit code, or the first thing that is wrong.
pub(crate) fn judge(
    args: &ReceiveArgs,
    tally: &Tally,
    requests: &Requests,
    fetched: Result<(), FetchError>,
) -> Result<Exit, Failure> {
    let summary = tally.summary();
    if summary.distinct == 0 && requests.answered() == 0 {
        return Err(nothing_came(&summary));
    }
    if args.request.is_some() && requests.unanswered() > 0 {
        let why = format!("{} were not answered", requests.unanswered());
        return Err(Failure::new(Exit::FallsShort, "asking what --request says", why)
            .hint("see that the device keeps its connection, or give it longer with --timeout"));
    }
    if let Err(error) = fetched {
        return Err(fetch_failure(args, error));
    }
    if let Some(expected) = args.expect.filter(|expected| summary.distinct < expected.get()) {
        let why = format!("{} of {expected} distinct messages came", summary.distinct);
        return Err(Failure::new(Exit::FallsShort, "waiting for what was expected", why)
            .hint("see whether the device still has a backlog, or give it longer with --timeout"));
    }
    if args.fetch.is_some() && !summary.gaps.is_empty() {
        let why = format!("the device does not have {}", gaps(&summary));
        return Err(Failure::new(Exit::FallsShort, "fetching what reports left out", why)
            .hint("see whether --fetch names the right device and its journal is long enough"));
    }
    let faults = faults(&summary, tally.untracked());
    if args.strict && !faults.is_empty() {
        return Err(Failure::new(Exit::FallsShort, "holding the run to --strict", faults)
            .hint("see the lines above for which they are"));
    }
    Ok(Exit::Done)
}

fn nothing_came(summary: &Summary) -> Failure {
    let why = match summary.unparsable {
        0 => "nothing came".to_owned(),
        unparsable => format!("of {unparsable} messages none was a push or report"),
    };
    Failure::new(Exit::NothingExamined, "receiving", why)
        .hint("see that the device is online and sends to the URL of the first line")
}

fn fetch_failure(args: &ReceiveArgs, error: FetchError) -> Failure {
    let url = args.fetch.as_deref().unwrap_or_default();
    Failure::new(Exit::Unreachable, format!("fetching what reports left out from {url}"), error)
        .hint("see that the device is up and has the factory account")
}

/// What `--strict` minds; empty when all is well.
fn faults(summary: &Summary, untracked: u64) -> String {
    let gap_count = u64::try_from(summary.gaps.len()).unwrap_or(u64::MAX);
    let mut faults: Vec<String> = [
        (summary.duplicates, "duplicate"),
        (summary.out_of_order, "out of order"),
        (summary.unparsable, "unparsable"),
        (untracked, "of devices beyond those followed"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    if gap_count > 0 {
        faults.push(format!("missing {}", gaps(summary)));
    }
    faults.join(", ")
}

/// The first gaps, in words.
fn gaps(summary: &Summary) -> String {
    let named = summary.gaps.iter().take(GAPS_NAMED_MAX);
    let mut words: Vec<String> = named
        .map(|(from, to)| if from == to { format!("{from}") } else { format!("{from} to {to}") })
        .collect();
    match summary.gaps.len().saturating_sub(GAPS_NAMED_MAX) {
        0 => {}
        more => words.push(format!("{more} more gaps")),
    }
    words.join(", ")
}

fn name(message: &Message) -> String {
    let api = match message.api {
        Api::V1 => "push",
        Api::V3 => "report",
    };
    let identity = match &message.identity {
        Identity::Seqnum(seqnum) => format!("seqnum {seqnum}"),
        Identity::Record { uuid } => format!("uuid {uuid}"),
        Identity::Alarm { trace_id, status, .. } => format!("alarm {trace_id} status {status}"),
    };
    format!("{api} of {}, {identity}", message.device)
}
