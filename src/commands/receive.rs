//! `vestibule receive`: a reference platform.
//!
//! Owns the run: what ends it, what is printed and kept, and what the counts mean for the exit
//! code. The receiver, the tally and the fetching are the conformance library's.

mod places;
mod requests;
mod save;
mod verdict;

use std::num::NonZeroU64;

use tokio::task::JoinHandle;
use vestibule_conformance::clock;
use vestibule_conformance::receiver::fetch::{self, FetchError, Fetched};
use vestibule_conformance::receiver::line::Line;
use vestibule_conformance::receiver::server::{Arrival, Heard, Receiver};
use vestibule_conformance::receiver::tally::{Missing, Tally};

use crate::cli::receive::ReceiveArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::ready_file;
use crate::signals::Signals;
use requests::Requests;
use save::Save;

/// Gaps asked for in one go while reports still come; what is beyond is asked for later. More
/// would only lengthen the list of a fleet whose other devices this URL cannot answer for.
const GAPS_A_FETCH_MAX: usize = 10_000;

/// Takes pushes and reports until told to stop.
pub(crate) async fn run(args: ReceiveArgs, output: &Output) -> Result<Exit, Failure> {
    let mut signals = Signals::new().map_err(|error| {
        Failure::new(Exit::Unreachable, "waiting for signals", error).hint("raise `ulimit -n`")
    })?;
    let save = args.save.as_deref().map(Save::create).transpose()?;
    if let Some(path) = &args.ready_file {
        ready_file::clear(path).map_err(ready_failure)?;
    }
    let options = places::options(&args)?;
    let receiver = Receiver::start(options).await.map_err(|e| places::failure(&args, e))?;
    let requests = Requests::start(args.request.as_deref(), receiver.giving())?;
    announce(&args, &receiver, output)?;
    let tally = Tally::new();
    let mut session = Session { args, output, save, tally, requests, fetching: None };
    let fetched = session.receive(receiver, &mut signals).await?;
    session.report(fetched)
}

/// One run.
struct Session<'a> {
    args: ReceiveArgs,
    output: &'a Output,
    save: Option<Save>,
    tally: Tally,
    requests: Requests,
    fetching: Option<JoinHandle<Result<Vec<Fetched>, FetchError>>>,
}

/// What makes the loop turn.
enum Turn {
    Heard(Option<Heard>),
    AllGiven,
    Fetched(Result<Vec<Fetched>, FetchError>),
    Over,
}

impl Session<'_> {
    /// Takes messages until the run is over, then fetches what is missing.
    async fn receive(
        &mut self,
        mut receiver: Receiver,
        signals: &mut Signals,
    ) -> Result<Result<(), FetchError>, Failure> {
        let mut timeout = std::pin::pin!(clock::wait(self.args.timeout));
        while !self.complete() {
            let turn = tokio::select! {
                biased;
                _ = signals.recv() => Turn::Over,
                () = &mut timeout => Turn::Over,
                fetched = joined(&mut self.fetching) => Turn::Fetched(fetched),
                heard = receiver.next() => Turn::Heard(heard),
                () = self.requests.all_given() => Turn::AllGiven,
            };
            match turn {
                Turn::Over | Turn::Heard(None) => break,
                Turn::Heard(Some(heard)) => self.hear(&heard)?,
                Turn::AllGiven => {}
                Turn::Fetched(fetched) => {
                    if let Err(error) = self.add(fetched) {
                        tracing::warn!(%error, "cannot fetch now; trying again later");
                    }
                }
            }
        }
        for heard in receiver.stop().await {
            self.hear(&heard)?;
        }
        receiver.finish().await;
        self.output.progress_end();
        tokio::select! {
            fetched = self.fetch_the_rest() => Ok(fetched),
            // A second signal, or one while a device is slow to answer: what is missing stays so.
            _ = signals.recv() => Ok(Ok(())),
        }
    }

    fn complete(&self) -> bool {
        let is_enough = |expected: NonZeroU64| self.tally.distinct() >= expected.get();
        match (&self.args.request, self.args.expect) {
            (None, expected) => expected.is_some_and(is_enough),
            (Some(_), expected) => self.requests.is_done() && expected.is_none_or(is_enough),
        }
    }

    fn hear(&mut self, heard: &Heard) -> Result<(), Failure> {
        match heard {
            Heard::Arrival(arrival) => self.note(arrival),
            Heard::Told(told) => self.requests.note(told, self.output),
        }
    }

    /// Counts, keeps and prints one message.
    fn note(&mut self, arrival: &Arrival) -> Result<(), Failure> {
        if let Some(save) = &mut self.save {
            save.write(arrival)?;
        }
        let finding = self.tally.note(&arrival.message);
        let line = Line::new(&arrival.message, finding);
        self.output.json(&line)?;
        verdict::warn(&arrival.message, finding);
        self.output.progress(|| verdict::count(&self.tally));
        if finding.gap.is_some() && self.fetching.is_none() {
            self.start_fetching();
        }
        Ok(())
    }

    fn start_fetching(&mut self) {
        let Some(url) = self.args.fetch.clone() else {
            return;
        };
        let missing: Vec<Missing> = self.tally.missing().take(GAPS_A_FETCH_MAX).collect();
        self.fetching = Some(tokio::spawn(async move { fetch::fetch(&url, &missing).await }));
    }

    /// Counts what was fetched.
    fn add(&mut self, fetched: Result<Vec<Fetched>, FetchError>) -> Result<(), FetchError> {
        self.fetching = None;
        let fetched = fetched?;
        let new = fetched.iter().filter(|e| self.tally.fetched(&e.device, e.seqnum)).count();
        tracing::info!(events = new, "fetched what reports left out");
        Ok(())
    }

    /// One last time, when anything is missing still.
    async fn fetch_the_rest(&mut self) -> Result<(), FetchError> {
        if self.fetching.is_some() {
            let fetched = joined(&mut self.fetching).await;
            // An early try that failed is made good by the one below.
            let _ = self.add(fetched);
        }
        let Some(url) = &self.args.fetch else {
            return Ok(());
        };
        let missing: Vec<Missing> = self.tally.missing().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let fetched = fetch::fetch(url, &missing).await;
        self.add(fetched)
    }

    /// Prints the counts and says what they mean.
    fn report(&self, fetched: Result<(), FetchError>) -> Result<Exit, Failure> {
        self.output.json(&self.tally.summary())?;
        verdict::warn_missing(&self.tally);
        verdict::judge(&self.args, &self.tally, &self.requests, fetched)
    }
}

/// What the task brought; waits for ever when there is none.
async fn joined(
    task: &mut Option<JoinHandle<Result<Vec<Fetched>, FetchError>>>,
) -> Result<Vec<Fetched>, FetchError> {
    match task {
        // It neither panics nor is aborted; if it did, nothing was fetched.
        Some(task) => task.await.unwrap_or_else(|_| Ok(Vec::new())),
        None => std::future::pending().await,
    }
}

/// The first line, on stdout and in the ready file.
fn announce(args: &ReceiveArgs, receiver: &Receiver, output: &Output) -> Result<(), Failure> {
    let mut line = serde_json::json!({"url": receiver.url()});
    if args.ws {
        line["ws"] = receiver.socket_url().into();
    }
    if let Some(broker) = &args.mqtt {
        line["mqtt"] = broker.to_string().into();
    }
    let line = line.to_string();
    output.line(&line)?;
    match &args.ready_file {
        Some(path) => ready_file::write(path, &format!("{line}\n")).map_err(ready_failure),
        None => Ok(()),
    }
}

fn ready_failure(error: ready_file::ReadyFileError) -> Failure {
    Failure::new(Exit::Usage, "writing the ready file", error)
        .hint("give --ready-file a path in a directory that can be written")
}
