//! `vestibule ctl`: the control API from a shell.
//!
//! Owns what each action asks and prints, and which exit code an answer means. What the control API
//! checks is not checked here, too: its refusals are passed on in its words.

mod client;
mod show;
mod watch;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use self::client::{Answer, Client};
use crate::cli::ctl::{Action, CtlArgs, Expect, FaultsAction, Form, Page, Traffic};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// The name for every device.
const ALL: &str = "all";

/// Devices whose failure is told; the answer itself has all of them, and a longer line is not read.
const FAILED_SHOWN_MAX: usize = 5;

/// How long an answer may take, beyond what it was asked to wait: 100,000 events take a while.
const PATIENCE: Duration = Duration::from_secs(60);

/// Does what was asked.
pub(crate) async fn run(args: CtlArgs, output: &Output) -> Result<Exit, Failure> {
    let patience = match &args.action {
        Action::Expect(expect) => PATIENCE.saturating_add(expect.within),
        _ => PATIENCE,
    };
    // An empty variable is an unset one.
    let token = args.control_token.filter(|token| !token.is_empty());
    let device = args.device.filter(|sn| !sn.is_empty());
    let client = Client::new(&args.control, token, patience)?;
    let mut ctl = Ctl { client, device, output };
    match args.action {
        Action::Status(form) => ctl.status(form).await,
        Action::Online => ctl.post("network", json!({"state": "online"})).await,
        Action::Offline => ctl.post("network", json!({"state": "offline"})).await,
        Action::Flap(flap) => ctl.post("network", json!({"flap": flap})).await,
        Action::Emit(emit) => ctl.post("events", json!(emit)).await,
        Action::Traffic(traffic) => ctl.traffic(&traffic).await,
        Action::Faults(faults) => ctl.faults(faults.action()).await,
        Action::Restart => ctl.post("restart", Value::Null).await,
        Action::Reset => ctl.post("reset", Value::Null).await,
        Action::Rewind => {
            let answer = ctl.client.ask(Method::POST, "/rewind", Value::Null).await?;
            ctl.finish(answer, Exit::Usage)
        }
        Action::Watch(form) => watch::watch(&mut ctl.client, ctl.device, form, output).await,
        Action::Events(page) => ctl.list("events", page, show::entry_line).await,
        Action::Deliveries(page) => ctl.list("deliveries", page, show::delivery_line).await,
        Action::Expect(expect) => ctl.expect(&expect).await,
    }
}

/// One action at one control API.
struct Ctl<'a> {
    client: Client,
    device: Option<String>,
    output: &'a Output,
}

impl Ctl<'_> {
    async fn status(&mut self, form: Form) -> Result<Exit, Failure> {
        let one = self.device.as_deref().filter(|sn| *sn != ALL);
        let path = one.map_or_else(|| "/devices".to_owned(), |sn| client::device_path(sn, ""));
        let answer = self.client.get(&path).await?;
        if form.json {
            self.output.line(&answer.text)?;
            return Ok(Exit::Done);
        }
        for line in show::status_table(&each_device(answer.body)) {
            self.output.line(&line)?;
        }
        Ok(Exit::Done)
    }

    async fn list(
        &mut self,
        what: &str,
        page: Page,
        line: fn(&str, &Value) -> String,
    ) -> Result<Exit, Failure> {
        let sn = self.target().await?;
        let Page { from, limit, form } = page;
        let path = client::device_path(&sn, &format!("{what}?from={from}&limit={limit}"));
        let answer = self.client.get(&path).await?;
        if form.json {
            self.output.line(&answer.text)?;
            return Ok(Exit::Done);
        }
        for each in &each_device(answer.body) {
            let sn = each.get("sn").and_then(Value::as_str).unwrap_or(&sn);
            for item in each.get(what).and_then(Value::as_array).into_iter().flatten() {
                self.output.line(&line(sn, item))?;
            }
        }
        Ok(Exit::Done)
    }

    /// Changes the traffic, or shows it when nothing is to change.
    async fn traffic(&mut self, traffic: &Traffic) -> Result<Exit, Failure> {
        let sn = self.target().await?;
        let path = client::device_path(&sn, "traffic");
        let answer = self.client.ask(Method::PUT, &path, json!(traffic)).await?;
        if traffic.shown().is_none_or(|form| form.json) {
            return self.finish(answer, Exit::Usage);
        }
        for each in &each_device(answer.body) {
            let sn = each.get("sn").and_then(Value::as_str).unwrap_or(&sn);
            self.output.line(&show::traffic_line(sn, each))?;
        }
        Ok(Exit::Done)
    }

    /// Arms, shows or clears faults.
    async fn faults(&mut self, action: FaultsAction) -> Result<Exit, Failure> {
        let form = match action {
            FaultsAction::Set { faults } => {
                let answer = self.ask(Method::PUT, "faults", json!({"faults": faults})).await?;
                return self.finish(answer, Exit::Usage);
            }
            FaultsAction::Clear => {
                let answer = self.ask(Method::DELETE, "faults", Value::Null).await?;
                return self.finish(answer, Exit::Usage);
            }
            FaultsAction::List(form) => form,
        };
        let sn = self.target().await?;
        let answer = self.client.get(&client::device_path(&sn, "faults")).await?;
        if form.json {
            self.output.line(&answer.text)?;
            return Ok(Exit::Done);
        }
        for each in &each_device(answer.body) {
            let sn = each.get("sn").and_then(Value::as_str).unwrap_or(&sn);
            for fault in each.get("faults").and_then(Value::as_array).into_iter().flatten() {
                self.output.line(&show::fault_line(sn, fault))?;
            }
        }
        Ok(Exit::Done)
    }

    async fn post(&mut self, what: &str, body: Value) -> Result<Exit, Failure> {
        let answer = self.ask(Method::POST, what, body).await?;
        self.finish(answer, Exit::Usage)
    }

    /// Waits; what did not come is no failure of the command, but of what was examined.
    async fn expect(&mut self, expect: &Expect) -> Result<Exit, Failure> {
        let answer = self.ask(Method::POST, "expect", json!(expect)).await?;
        self.finish(answer, Exit::FallsShort)
    }

    async fn ask(&mut self, method: Method, what: &str, body: Value) -> Result<Answer, Failure> {
        let sn = self.target().await?;
        self.client.ask(method, &client::device_path(&sn, what), body).await
    }

    /// Prints the answer. `exit` is for a device of `all` that could not do it.
    fn finish(&self, answer: Answer, exit: Exit) -> Result<Exit, Failure> {
        self.output.line(&answer.text)?;
        if let Some(refusal) = answer.unmet {
            return Err(refusal);
        }
        let lines = answer.body.get("devices").and_then(Value::as_array).into_iter().flatten();
        let failed = lines.filter(|line| line.get("ok") == Some(&Value::Bool(false)));
        let mut failed: Vec<String> = failed.map(show::failed_line).collect();
        let more = failed.len().saturating_sub(FAILED_SHOWN_MAX);
        failed.truncate(FAILED_SHOWN_MAX);
        if failed.is_empty() {
            return Ok(Exit::Done);
        }
        if more > 0 {
            failed.push(format!("and {more} more"));
        }
        let hint = "the answer on stdout has a line for each device";
        Err(Failure::new(exit, "asking every device", failed.join("; ")).hint(hint))
    }

    /// The device to ask: the one that was named, or the only one there is.
    async fn target(&mut self) -> Result<String, Failure> {
        if let Some(sn) = &self.device {
            return Ok(sn.clone());
        }
        let answer = self.client.get("/devices").await?;
        let devices = answer.body.get("devices").and_then(Value::as_array).into_iter().flatten();
        let names = devices.filter_map(|device| device.get("sn")?.as_str());
        match names.collect::<Vec<_>>()[..] {
            [only] => Ok(only.to_owned()),
            [] => Err(Failure::new(Exit::Usage, "choosing the device", "there is none")
                .hint("give the control API of an emulator with --control")),
            ref many => {
                let listed = many.iter().take(5).copied().collect::<Vec<_>>().join(", ");
                let why = format!("there are {}: {listed}", many.len());
                Err(Failure::new(Exit::Usage, "choosing the device", why)
                    .hint("name one, or all, with --device"))
            }
        }
    }
}

/// What each device answered: all of them a line each, one of them alone.
fn each_device(mut answer: Value) -> Vec<Value> {
    match answer.get_mut("devices").map(Value::take) {
        Some(Value::Array(lines)) => lines,
        _ => vec![answer],
    }
}
