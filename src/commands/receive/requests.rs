//! The requests that `--request` or the prompt gives, and what came of them.
//!
//! Promises that each is printed with its answer, and that a run whose requests were not all answered does
//! not end well.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::JoinHandle;
use vestibule_conformance::receiver::requests::{Giving, Told};

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// What stands for standard input.
const STDIN: &str = "-";

/// The requests of one run.
#[derive(Debug)]
pub(crate) struct Requests {
    given: Arc<AtomicU64>,
    told: u64,
    unanswered: u64,
    /// Reads what is still to be given.
    feeder: Option<JoinHandle<()>>,
}

/// One line of output.
#[derive(serde::Serialize)]
struct Line<'a> {
    /// The action; null where the request names none.
    request: Option<String>,
    /// The answer: JSON as it came, or a text that is none; null where none came.
    answer: Option<Answer<'a>>,
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    Json(&'a RawValue),
    Text(&'a str),
}

impl Requests {
    /// Those of `--request`; without it those of the prompt, where there is one.
    pub(crate) fn start(source: Option<&Path>, giving: Giving) -> Result<Self, Failure> {
        let given = Arc::new(AtomicU64::new(0));
        let feeder = match source {
            Some(path) if path != Path::new(STDIN) => {
                let lines = read(path)?;
                tokio::spawn(give(lines, giving, Arc::clone(&given)))
            }
            None if !std::io::stdin().is_terminal() => tokio::spawn(async {}),
            Some(_) | None => tokio::spawn(prompt(giving, Arc::clone(&given))),
        };
        Ok(Self { given, told: 0, unanswered: 0, feeder: Some(feeder) })
    }

    /// Waits until all are given; for ever once that is known.
    pub(crate) async fn all_given(&mut self) {
        match &mut self.feeder {
            // It neither panics nor is aborted.
            Some(feeder) => drop(feeder.await),
            None => std::future::pending().await,
        }
        self.feeder = None;
    }

    /// Whether all are given, and of each it is known what came of it.
    pub(crate) fn is_done(&self) -> bool {
        self.feeder.is_none() && self.told == self.given.load(Ordering::Acquire)
    }

    /// Prints what came of one.
    pub(crate) fn note(&mut self, told: &Told, output: &Output) -> Result<(), Failure> {
        self.told += 1;
        let request = told.action();
        if told.answer.is_none() {
            self.unanswered += 1;
            tracing::warn!(request, "a request was not answered");
        }
        let answer = told
            .answer
            .as_deref()
            .map(|text| serde_json::from_str(text).map_or(Answer::Text(text), Answer::Json));
        output.json(&Line { request, answer })
    }

    /// How many were answered.
    pub(crate) const fn answered(&self) -> u64 {
        self.told - self.unanswered
    }

    /// How many were not, also since they never left.
    pub(crate) fn unanswered(&self) -> u64 {
        self.given.load(Ordering::Acquire) - self.answered()
    }
}

/// The requests of a file, one a line.
fn read(path: &Path) -> Result<Vec<String>, Failure> {
    let tried = || format!("reading the requests of {}", path.display());
    let hint = "give --request a file with a JSON message on each line, or - for standard input";
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(Exit::Usage, tried(), error).hint(hint))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    if lines.is_empty() {
        return Err(Failure::new(Exit::Usage, tried(), "it has none").hint(hint));
    }
    for (number, line) in (1..).zip(&lines) {
        if let Err(error) = serde_json::from_str::<&RawValue>(line) {
            // What a device says to that may be what somebody wants to know.
            tracing::warn!(number, %error, "a request is no JSON; it is sent as it is");
        }
    }
    Ok(lines)
}

async fn give(lines: Vec<String>, giving: Giving, given: Arc<AtomicU64>) {
    given.store(lines.len() as u64, Ordering::Release);
    for line in lines {
        // The receiver has stopped: what is left was not answered.
        if giving.send(line).await.is_err() {
            return;
        }
    }
}

async fn prompt(giving: Giving, given: Arc<AtomicU64>) {
    tracing::info!("each line that is typed is sent to the device that connected first");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        given.fetch_add(1, Ordering::AcqRel);
        if giving.send(line.to_owned()).await.is_err() {
            return;
        }
    }
}
