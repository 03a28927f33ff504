//! The arguments of `vestibule ctl`.

use std::convert::Infallible;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::values;

/// Drive a running device from a shell, through its control API.
///
/// What is asked for in numbers and lists is shown for people, or with --json as the control API
/// answers it; everything else prints that answer as a JSON line.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct CtlArgs {
    /// Where the control API is
    #[arg(long, global = true, value_name = "URL", env = "VESTIBULE_CONTROL")]
    #[arg(default_value = CONTROL_USUAL, value_parser = control)]
    pub(crate) control: String,

    /// The device's serial number, or all [default: the only device there is]
    #[arg(long, global = true, value_name = "SN|all", env = "VESTIBULE_SN")]
    pub(crate) device: Option<String>,

    /// The token that the control API asks for
    #[arg(long, global = true, value_name = "T")]
    #[arg(env = "VESTIBULE_CONTROL_TOKEN", hide_env_values = true)]
    pub(crate) control_token: Option<String>,

    #[command(subcommand)]
    pub(crate) action: Action,
}

/// Where `vestibule run` opens its control API, unless told otherwise.
const CONTROL_USUAL: &str = "http://127.0.0.1:7900";

const AFTER_HELP: &str = "\
Examples:
  vestibule ctl status
  vestibule ctl emit face --count 3 --person any
  vestibule ctl flap --up 5s --down 10s --times 3
  vestibule ctl --device all offline

Exit codes: 0 done; 1 what was expected did not come; 2 bad usage, or refused by the control API;
3 the control API is unreachable.";

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Action {
    /// Show the devices: journal, backlog, subscription, traffic, clock
    #[command(after_help = "Example:\n  vestibule ctl status --json")]
    Status(Form),
    /// Plug the network in
    #[command(after_help = "Example:\n  vestibule ctl online")]
    Online,
    /// Unplug the network: nothing leaves, connections are reset and refused
    #[command(after_help = "Example:\n  vestibule ctl --device all offline")]
    Offline,
    /// Let the network go down and come up some times; it is up in the end
    #[command(after_help = "Example:\n  vestibule ctl flap --up 5s --down 10s --times 3")]
    #[command(allow_negative_numbers = true)]
    Flap(Flap),
    /// Make events happen: exactly those, or with --episode the whole scene
    #[command(after_help = EMIT_HELP)]
    #[command(allow_negative_numbers = true)]
    Emit(Emit),
    /// Change what happens by itself; without flags, show it
    #[command(after_help = "Example:\n  vestibule ctl traffic --traffic steady --rate 60")]
    #[command(allow_negative_numbers = true)]
    Traffic(Traffic),
    /// Make the device misbehave: arm faults, list or clear those that are armed
    #[command(after_help = FAULTS_HELP)]
    Faults(Faults),
    /// Switch the device off and on; journal and backlog stay
    #[command(after_help = "Example:\n  vestibule ctl restart")]
    Restart,
    /// Reset the device to factory: journal, backlog, numbering and settings go
    #[command(after_help = "Example:\n  vestibule ctl reset")]
    Reset,
    /// Put every device back to its start, with the same seed
    #[command(after_help = "Example:\n  vestibule ctl rewind")]
    Rewind,
    /// Show events as they happen, a line each, until Ctrl-C
    #[command(after_help = "Example:\n  vestibule ctl watch --json | jq .v3")]
    Watch(Form),
    /// Show the events that the device keeps
    #[command(after_help = "Example:\n  vestibule ctl events --from 1 --limit 20")]
    #[command(allow_negative_numbers = true)]
    Events(Page),
    /// Show what was pushed and reported, and what came back
    #[command(after_help = "Example:\n  vestibule ctl deliveries --limit 1000 --json")]
    #[command(allow_negative_numbers = true)]
    Deliveries(Page),
    /// Wait until events happened; exit 1 when they did not
    #[command(after_help = EXPECT_HELP)]
    #[command(allow_negative_numbers = true)]
    Expect(Expect),
}

const EMIT_HELP: &str = "\
Events: face, card, qrcode, visitor, therm, door, remote, push, fire, disa, pin, alarm

Examples:
  vestibule ctl emit face --count 3 --person any --reason expired
  vestibule ctl emit card --card 0xffae0846 --at 2026-03-02T08:00:00+08:00
  vestibule ctl emit alarm --code 10002 --status 1
  vestibule ctl emit face --episode";

const FAULTS_HELP: &str = "\
A fault is NAME, or NAME with parameters and a scope behind commas; `vestibule faults` lists them.
Those that are set are armed at once, in place of those that were.

Scopes:
  probability=0.2   at each exchange with this probability
  first=3           at the first three
  every=5           at every fifth
  for=10s           for ten seconds
  (none)            until they are cleared

Examples:
  vestibule ctl faults
  vestibule ctl faults set v3.fetch.limit-short
  vestibule ctl faults set v1.ack.any-code,probability=0.5 v1.cache.small,records=20
  vestibule ctl --device all faults clear";

const EXPECT_HELP: &str = "\
Examples:
  vestibule ctl expect face --count 3 --within 10s
  vestibule ctl expect card --reason unknown-card --from 1

Exit codes: 0 they came; 1 they did not, and the answer on stdout has the near misses; 2 refused;
3 unreachable.";

/// How to show something.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Form {
    /// As the control API answers it
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `flap`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Flap {
    /// How long it is up each time
    #[arg(long, value_name = "D")]
    up: String,
    /// How long it is down each time
    #[arg(long, value_name = "D")]
    down: String,
    /// How many times
    #[arg(long, value_name = "N", default_value_t = 1)]
    times: u32,
}

/// The arguments of `emit`: the control API's names, for it to check.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Emit {
    /// What happens
    event: String,
    /// How often, at most 100,000
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u32,
    #[command(flatten)]
    #[serde(flatten)]
    about: About,
    /// When, as RFC 3339 or milliseconds since 1970 [default: now]
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// The whole scene, not the event alone
    #[arg(long)]
    episode: bool,
}

/// What an event is about.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct About {
    /// A uid, any, stranger, visitor or blocklisted
    #[arg(long, value_name = "WHO")]
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// With what verdict: accepted, expired, no-permission, ...
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The v3 state
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<u8>,
    /// By what, 1 to 12
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_mode: Option<u8>,
    /// Degrees Celsius
    #[arg(long, value_name = "DEGREES")]
    #[serde(skip_serializing_if = "Option::is_none")]
    therm: Option<f64>,
    /// The card held to the reader, like 0xffae0846
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<String>,
    /// The code held to the reader
    #[arg(long, value_name = "TEXT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    qrcode: Option<String>,
    /// The v1 code of an alarm
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    /// The v1 status of an alarm
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u8>,
}

/// The arguments of `traffic`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Traffic {
    /// The shape of a day: office | steady | quiet
    #[arg(long, value_name = "PROFILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    traffic: Option<String>,
    /// Events a minute; 0 for none
    #[arg(long, value_name = "EVENTS_PER_MINUTE")]
    #[serde(rename = "rate_per_minute", skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
    /// How many times as fast as real time the device's clock runs
    #[arg(long, value_name = "X")]
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<f64>,
    #[command(flatten)]
    #[serde(skip)]
    form: Form,
}

impl Traffic {
    /// How to show the answer, if it is asked for and nothing is changed.
    pub(crate) const fn shown(&self) -> Option<Form> {
        match self {
            Self { traffic: None, rate: None, speed: None, form } => Some(*form),
            _ => None,
        }
    }
}

/// The arguments of `faults`.
#[derive(Debug, clap::Args)]
pub(crate) struct Faults {
    #[command(subcommand)]
    action: Option<FaultsAction>,
}

/// What to do with faults.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum FaultsAction {
    /// Show those that are armed, and how often each struck
    List(Form),
    /// Arm these, in place of those that are armed
    #[command(after_help = FAULTS_HELP)]
    Set {
        /// NAME[,PARAMETER=VALUE]...[,SCOPE=VALUE]
        #[arg(required = true, value_name = "FAULT", value_parser = fault)]
        faults: Vec<Value>,
    },
    /// Disarm all
    Clear,
}

impl Faults {
    /// What to do; to show them where nothing is said.
    pub(crate) fn action(self) -> FaultsAction {
        self.action.unwrap_or(FaultsAction::List(Form { json: false }))
    }
}

/// The names of a scope; everything else behind a fault's name is a parameter.
const SCOPES: [&str; 4] = ["probability", "first", "every", "for"];

/// A fault as the control API takes it: names and values are for it to check.
fn fault(text: &str) -> Result<Value, String> {
    let mut parts = text.split(',');
    let name = parts.next().unwrap_or_default();
    let (mut params, mut scope) = (Map::new(), Map::new());
    for part in parts {
        let (key, value) = part.split_once('=').ok_or_else(|| {
            format!("expected NAME=VALUE behind the comma, as in {name},first=3, not {part:?}")
        })?;
        let members = if SCOPES.contains(&key) { &mut scope } else { &mut params };
        members.insert(key.to_owned(), value.into());
    }
    Ok(json!({"name": name, "params": params, "scope": scope}))
}

/// The arguments of `events` and `deliveries`.
#[derive(Debug, clap::Args)]
pub(crate) struct Page {
    /// The first number to show
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    #[arg(value_parser = values::whole)]
    pub(crate) from: u64,
    /// How many to show, at most 1,000
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// The arguments of `expect`.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Expect {
    /// What happens; left out, anything
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u32,
    /// How long to wait
    #[arg(long, value_name = "D", default_value = "5s", value_parser = values::duration)]
    #[serde(serialize_with = "duration")]
    pub(crate) within: Duration,
    /// The first index that counts [default: whatever comes from now on]
    #[arg(long, value_name = "INDEX", value_parser = values::whole)]
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    #[command(flatten)]
    #[serde(flatten)]
    about: About,
    /// Whether the person was let in
    #[arg(long, value_name = "true|false")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<bool>,
    /// The v1 `abnormal_type`
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    abnormal_type: Option<u32>,
    /// The event's number
    #[arg(long, value_name = "N", value_parser = values::whole)]
    #[serde(skip_serializing_if = "Option::is_none")]
    seqnum: Option<u64>,
}

/// A URL; HOST:PORT is one of plain HTTP, and an empty variable is an unset one.
fn control(text: &str) -> Result<String, Infallible> {
    let authority = text.split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    Ok(match port {
        _ if text.is_empty() => CONTROL_USUAL.to_owned(),
        Some(Ok(_)) => format!("http://{text}"),
        _ => text.to_owned(),
    })
}

fn duration<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_a_name_with_parameters_and_a_scope() {
        assert_eq!(fault("a.b"), Ok(json!({"name": "a.b", "params": {}, "scope": {}})));
        let whole = json!({"name": "a", "params": {"kind": "door"}, "scope": {"first": "3"}});
        assert_eq!(fault("a,kind=door,first=3"), Ok(whole));
        assert!(fault("a,first").is_err());
    }

    #[test]
    fn an_address_is_a_url_and_nothing_is_the_usual_one() {
        for (given, url) in [
            ("", CONTROL_USUAL),
            ("127.0.0.1:7900", CONTROL_USUAL),
            ("[::1]:80/base", "http://[::1]:80/base"),
            ("http://localhost:1", "http://localhost:1"),
            ("https://localhost:1", "https://localhost:1"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(control(given), Ok(url.to_owned()), "{given}");
        }
    }
}
