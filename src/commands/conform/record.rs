//! `vestibule conform record`: how a device answers, written down as cases.

use std::path::Path;

use serde_json::{Value, json};
use vestibule_conformance::clock;
use vestibule_conformance::json::read;
use vestibule_conformance::outcome::ExchangeDraft;
use vestibule_conformance::record::{Provenance, QUESTIONS, Question, case};
use vestibule_conformance::target::Target;
use vestibule_conformance::target::discover::discover;
use vestibule_conformance::target::wire::Ask;

use super::bench::unreachable;
use super::device::today;
use super::settings;
use crate::cli::conform::RecordArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Asks a device and writes the cases.
pub(crate) async fn run(args: RecordArgs, output: &Output) -> Result<Exit, Failure> {
    let Some(url) = &args.target.url else {
        return Err(Failure::new(Exit::Usage, "recording", "there is no URL")
            .hint("give the URL of the device to record"));
    };
    let mut wanted = settings::wanted(&args.target, None);
    wanted.trust = settings::trust(&args.target)?;
    let target = discover(&wanted, clock::mono()).await;
    let mut target = target.map_err(|error| unreachable(url, error))?;
    let from = Provenance {
        device: named(&target),
        on: today().to_string(),
        by: format!("vestibule {}", env!("CARGO_PKG_VERSION")),
    };
    let mut written = 0;
    for question in &QUESTIONS {
        let Some(exchange) = ask(&mut target, question).await else {
            continue;
        };
        let answer = exchange.answer.as_ref();
        let recorded = answer.and_then(|answer| {
            let body = read(&answer.body).ok()?.value;
            case(question, answer.status, &body, &from)
        });
        let Some(recorded) = recorded else {
            tracing::warn!(case = question.id, "it answered with no JSON, so nothing is recorded");
            continue;
        };
        write(&args.out, question.id, &recorded)?;
        output.line(question.id)?;
        written += 1;
    }
    match written {
        0 => Err(Failure::new(Exit::NothingExamined, format!("recording {url}"), "no JSON came")
            .hint("is that a device of this kind?")),
        _ => Ok(Exit::Done),
    }
}

/// The device and its firmware, as it names them itself.
fn named(target: &Target) -> String {
    let facts: Vec<String> =
        target.facts.iter().map(|(name, fact)| format!("{name} {fact}")).collect();
    if facts.is_empty() { "an unnamed device".to_owned() } else { facts.join(", ") }
}

/// Asks one of the questions; none where the device lacks the API.
async fn ask(target: &mut Target, question: &Question) -> Option<ExchangeDraft> {
    let call: Value = serde_json::from_str(question.call).ok()?;
    if call.get("v1").is_some() {
        let path = "/v1/event/subscribe".to_owned();
        let ask = Ask { method: "GET".to_owned(), path, ..Ask::default() };
        return Some(target.v1.as_mut()?.ask(ask, question.id).await);
    }
    let v3 = target.v3.as_mut()?;
    let call = &call["v3"];
    if call["service"] == json!("auth") {
        return Some(v3.login(question.id).await);
    }
    v3.login(question.id).await;
    let mut message = json!({"action": call["action"], "header": {"reqid": question.id}});
    if let Some(body) = call.get("body") {
        message["body"] = body.clone();
    }
    let token = v3.token.clone().filter(|_| call["token"] != json!("none"));
    Some(v3.post("event", &message, token.as_deref(), question.id).await)
}

fn write(out: &Path, id: &str, recorded: &Value) -> Result<(), Failure> {
    let path = out.join(format!("{}.json", id.replacen('.', "/", 2)));
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Usage, format!("writing {}", path.display()), error)
            .hint("name a directory that can be written with --out")
    };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    let text = format!("{recorded:#}\n");
    std::fs::write(&path, text).map_err(failed)
}
